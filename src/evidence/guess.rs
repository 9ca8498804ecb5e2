//! Texts of instructions whose digests are those of a record: from the Dockerfile that was given, else from what
//! Dockerfiles usually say. A guess that has the digest is no guess any more.

use super::operation::Place;
use crate::model::Digest;

/// Directories that images are made in.
const DIRECTORIES: [&str; 16] = [
    "/app",
    "/src",
    "/usr/src/app",
    "/work",
    "/workspace",
    "/build",
    "/code",
    "/srv",
    "/srv/app",
    "/opt/app",
    "/web",
    "/api",
    "/home/node/app",
    "/go/src/app",
    "/var/www/html",
    "/usr/app",
];

/// Files and folders that are copied.
const SOURCES: [&str; 38] = [
    ".",
    "package.json",
    "package*.json",
    "package.json package-lock.json",
    "package-lock.json",
    "package.json yarn.lock",
    "yarn.lock",
    "pnpm-lock.yaml",
    "package.json pnpm-lock.yaml",
    "tsconfig.json",
    "src",
    "public",
    "lib",
    "app",
    "cmd",
    "internal",
    "pkg",
    "web",
    "config",
    "scripts",
    "assets",
    "static",
    "go.mod",
    "go.sum",
    "go.mod go.sum",
    "Cargo.toml",
    "Cargo.lock",
    "Cargo.toml Cargo.lock",
    "requirements.txt",
    "pyproject.toml",
    "pyproject.toml poetry.lock",
    "Gemfile Gemfile.lock",
    "composer.json composer.lock",
    "pom.xml",
    "gradle",
    "nginx.conf",
    "main.go",
    "dist",
];

/// Guesses along one stage.
pub(super) struct Guesses<'a> {
    hints: &'a [String],
    place: Place,
}

impl<'a> Guesses<'a> {
    pub(super) fn new(hints: &'a [String]) -> Self {
        Self { hints, place: Place::default() }
    }

    /// The text whose operation has this digest.
    pub(super) fn text(&mut self, kind: &str, digest: Digest) -> Option<String> {
        let hint = self.hints.iter().find(|hint| self.is(hint, digest)).cloned();
        let text = hint.or_else(|| match kind {
            "WORKDIR" => self.first(digest, DIRECTORIES.iter().map(|path| format!("WORKDIR {path}"))),
            "COPY" => self.first(digest, SOURCES.iter().flat_map(|source| copies(source))),
            _ => None,
        })?;
        let instruction = text.split(' ').next().unwrap_or_default();
        self.place.of_text(instruction, &text);
        Some(text)
    }

    fn first(&self, digest: Digest, mut texts: impl Iterator<Item = String>) -> Option<String> {
        texts.find(|text| self.is(text, digest))
    }

    fn is(&self, text: &str, digest: Digest) -> bool {
        let instruction = text.split(' ').next().unwrap_or_default();
        self.place.clone().of_text(instruction, text) == Some(digest)
    }
}

/// To the working directory, or under its own name.
fn copies(source: &str) -> Vec<String> {
    let mut copies = vec![format!("COPY {source} ./")];
    if !source.contains([' ', '*', '.']) {
        copies.push(format!("COPY {source} {source}"));
    }
    copies
}

//! Texts of instructions whose digests are those of a record: from the Dockerfile that was given,
//! else from what Dockerfiles usually say. A guess that has the digest is no guess any more.

use std::collections::HashMap;

use super::operation::WorkDir;
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

/// Guesses along the stages of a build.
pub(super) struct Guesses<'a> {
    hints: &'a [String],
    place: WorkDir,
    /// What the guesses are called, by the working directory.
    known: HashMap<String, HashMap<Digest, String>>,
}

impl<'a> Guesses<'a> {
    pub(super) fn new(hints: &'a [String]) -> Self {
        Self { hints, place: WorkDir::default(), known: HashMap::new() }
    }

    /// Goes on with the first step of a stage, in the directory where it begins.
    pub(super) fn begin(&mut self, place: WorkDir) {
        self.place = place;
    }

    /// Where the last step left off.
    pub(super) fn place(&self) -> &WorkDir {
        &self.place
    }

    /// The text whose operation has this digest.
    pub(super) fn text(&mut self, kind: &str, digest: Digest) -> Option<String> {
        if kind == "RUN" {
            return None;
        }
        if !self.known.contains_key(self.place.directory()) {
            let names = names(self.hints, &self.place);
            self.known.insert(self.place.directory().to_owned(), names);
        }
        let text = self.known.get(self.place.directory())?.get(&digest)?.clone();
        self.follow(&text);
        Some(text)
    }

    /// Goes on behind a step whose text is known.
    pub(super) fn follow(&mut self, text: &str) {
        self.place.of_text(instruction(text), text);
    }
}

/// What all guesses are called here; what was given comes first.
fn names(hints: &[String], place: &WorkDir) -> HashMap<Digest, String> {
    let directories = DIRECTORIES.iter().map(|path| format!("WORKDIR {path}"));
    let guesses = hints
        .iter()
        .cloned()
        .chain(directories)
        .chain(SOURCES.iter().flat_map(|source| copies(source)));
    let mut names = HashMap::new();
    for text in guesses {
        if let Some(digest) = place.clone().of_text(instruction(&text), &text) {
            names.entry(digest).or_insert(text);
        }
    }
    names
}

fn instruction(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// To the working directory, or under its own name.
fn copies(source: &str) -> Vec<String> {
    let mut copies = vec![format!("COPY {source} ./")];
    if !source.contains([' ', '*', '.']) {
        copies.push(format!("COPY {source} {source}"));
    }
    copies
}

//! Errors of a build that are about a layer of its cache: it was promised, and could not be
//! fetched.
//!
//! `BuildKit` fetches layers of an imported cache when something needs them, long after the import
//! ended well (`moby/buildkit` issue 2836). Who needs it then fails: a step, or the image's export.

use super::super::remedy::reference::{in_token_url, in_url, same_repository};
use crate::model::{
    Build, CacheKind, Dialect, Outcome, Step, Transfer, is_broken_off, is_cut_short, is_of_layer,
};

/// Whether the error of a step or of a build is about a layer of the cache, and not about a base
/// image.
pub(super) fn is_unreadable(text: &str, build: &Build) -> bool {
    let command =
        text.contains("did not complete successfully") || text.contains("executor failed running");
    !command
        && (is_of_layer(text)
            || is_of_step(text, build)
            || is_of_import(text, build)
            || is_altered(text, build)
            || is_of_kaniko(text, build))
}

/// `error building image: error building stage: failed to execute command: extracting fs from
/// image: open /a: not a directory`: kaniko says so of layers of its cache alone; a base image is
/// `filesystem from image` (`pkg/commands/run.go`, `copy.go`, `pkg/executor/build.go`).
fn is_of_kaniko(text: &str, build: &Build) -> bool {
    build.dialect == Dialect::Kaniko && text.contains(": extracting fs from image: ")
}

/// `could not fetch content descriptor sha256:… (…) from remote: not found`, of a layer that the
/// log lists under a step.
fn is_of_step(text: &str, build: &Build) -> bool {
    if is_cut_short(text) || is_broken_off(text) {
        return build.gone.is_some();
    }
    let digest = text
        .split_once("could not fetch content descriptor ")
        .and_then(|(_, rest)| rest.split(' ').next());
    digest.zip(build.gone.as_ref()).is_some_and(|(digest, listed)| listed.text.contains(digest))
}

/// `failed commit on ref "layer-sha256:2525…": unexpected commit digest sha256:ba85…, expected
/// sha256:2525…: failed precondition` (containerd `plugins/content/local/writer.go`) where a cache
/// was imported that is no registry's: what came is not what the cache names. With a base image
/// FROM fails, and no step.
fn is_altered(text: &str, build: &Build) -> bool {
    let import = |import: &Transfer| import.ok() && is_store(import.kind);
    let fails = |step: &Step| {
        let said = step.verdict.as_ref().is_some_and(|quote| is_other_digest(&quote.text));
        step.outcome == Outcome::Failed && said
    };
    is_other_digest(text) && build.imports.iter().any(import) && build.steps.iter().any(fails)
}

/// What was fetched is not what it is called.
pub(in crate::rules) fn is_other_digest(text: &str) -> bool {
    text.contains("unexpected commit digest sha256:")
}

fn is_store(kind: CacheKind) -> bool {
    matches!(kind, CacheKind::Gha | CacheKind::S3 | CacheKind::Azblob)
}

/// `failed to copy: httpReadSeeker: failed open: … https://r/v2/team/app/blobs/sha256:…`
/// (containerd): the repository tells a layer of the cache from one of a base image.
fn is_of_import(text: &str, build: &Build) -> bool {
    if !text.contains("failed to copy: httpReadSeeker: failed open: ") {
        return false;
    }
    let Some(name) = in_url(text).or_else(|| in_token_url(text)) else { return false };
    let mut imports =
        build.imports.iter().filter(|i| i.ok()).filter_map(|i| i.reference.as_deref());
    let imported = imports.any(|import| same_repository(import, &name));
    imported && !build.bases.iter().any(|base| same_repository(&base.image, &name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Base, CacheKind, Transfer};

    fn build(base: &str) -> Build {
        let import = Transfer {
            reference: Some("r.example.com/team/app:buildcache".into()),
            kind: CacheKind::Registry,
            ended: true,
            ..Transfer::default()
        };
        let base = Base { image: base.into(), ..Base::default() };
        Build { imports: vec![import], bases: vec![base], ..Build::default() }
    }

    #[test]
    fn knows_layers_of_a_cache() {
        let seeker = "failed to copy: httpReadSeeker: failed open: unexpected status code \
            https://r.example.com/v2/team/app/blobs/sha256:00: 404 Not Found";
        for text in [
            "#18 ERROR: blob not found",
            "ERROR: failed to solve: failed to compute cache key: blob sha256:043e not found",
            "#7 ERROR: blob sha256:*** not found",
            "ERROR: failed to solve: failed to push r/a:1: failed to copy: GET \
                https://p.blob.core.windows.net/actions-cache/366-1",
            "error: failed to solve: failed to compute cache key: failed to copy: invalid status \
                response 416 The range",
            "failed to solve: rpc error: code = Unknown desc = failed to load cache: ref x locked: \
                unavailable",
            seeker,
        ] {
            assert!(is_unreadable(text, &build("node:20")), "{text}");
        }
        assert!(
            !is_unreadable(seeker, &build("r.example.com/team/app:base")),
            "may be the base image's"
        );
    }

    #[test]
    fn leaves_other_errors() {
        for text in [
            "#9 ERROR: process \"/bin/sh -c echo blob not found\" did not complete successfully: \
                exit code: 1",
            "failed to solve: failed to compute cache key: failed to calculate checksum of ref x: \
                \"/a\": not found",
            "failed to solve: failed to load cache key: r.example.com/team/app:1: not found",
            "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor \
                sha256:00 (m) from remote: not found",
            "failed to copy: httpReadSeeker: failed open: unexpected status code \
                https://r.example.com/v2/team/base/blobs/sha256:00: 404 Not Found",
        ] {
            assert!(!is_unreadable(text, &build("node:20")), "{text}");
        }
    }
}

//! Errors of a transfer that are the builder's or the client's own: an old one, one that lost its
//! records, one that may not write.

use super::super::backend::{Refusal, Side};
use super::known::optional;
use crate::finding::Fix;
use crate::rules::remedy::builder::CREATE_NEWEST;

/// `error: mkdir /cache/ingest: permission denied` (containerd `plugins/content/local`)
pub(super) fn is_unwritable(refusal: &Refusal) -> bool {
    let text = refusal.text.trim_end();
    let refused = text.ends_with("permission denied") || text.ends_with("read-only file system");
    refused && text.contains("mkdir ") && text.contains("/ingest: ")
}

/// `invalid incomplete links` (`cache/remotecache/v1`, until `moby/buildkit` pull request 1659)
pub(super) fn is_looped(refusal: &Refusal) -> bool {
    refusal.text.contains("invalid incomplete links")
}

/// `invalid build cache from {MediaType:application/vnd.docker.distribution.manifest.v2+json …}`,
/// `invalid build cache from docker.io/library/nginx:alpine` (`cache/remotecache/import.go` before
/// inline caches)
pub(super) fn is_an_image(refusal: &Refusal) -> bool {
    refusal.text.contains("invalid build cache from ")
}

/// `content digest sha256:…: not found` (containerd) of an export: `moby/buildkit` issue 2631
pub(super) fn is_not_stored(refusal: &Refusal) -> bool {
    let text = refusal.text.trim_end();
    refusal.side != Side::Import
        && text.contains("content digest sha256:")
        && text.ends_with("not found")
}

/// `Error: failed generating tagged reference for "r/c": invalid tag format` (`imagebuildah`
/// `cacheImageReferences`) of such a RUN: `containers/buildah` issue 4647
pub(super) fn is_without_key(refusal: &Refusal) -> bool {
    let refused = refusal.text.contains("failed generating tagged reference for ")
        && refusal.text.trim_end().ends_with("invalid tag format");
    refused && refusal.build.steps.last().is_some_and(|step| mounts_from(&step.text))
}

fn mounts_from(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace().skip(1);
    words.any(|word| word.starts_with("--mount=type=cache,") && word.contains(",from="))
}

pub(super) fn another_buildah(_: &[Refusal]) -> Fix {
    Fix {
        summary: "use a newer buildah, or a cache mount without `from=`".to_owned(),
        steps: vec![
            "Running again does not help. 1.29 is the first buildah that fails so \
                (`containers/buildah` issue 4647): use a newer one, or 1.28."
                .to_owned(),
            "Where the buildah cannot be changed: copy what the mount takes from there with `COPY \
                --from`, or build without `--cache-to`."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

pub(super) fn a_directory_of_ones_own(group: &[Refusal]) -> Fix {
    let named = group.iter().find_map(|r| directory(r.text));
    let name = named.unwrap_or("DIR");
    Fix {
        summary: "let the user that builds write the directory".to_owned(),
        steps: vec![
            format!(
                "Check who owns it (`ls -ld {name}`; `id` for the user of the job) and give it to \
                    that user: a volume or a directory that root created before is the usual \
                    reason."
            ),
            "A rootless BuildKit runs as user 1000: `fsGroup: 1000` is enough for a pod's volume \
                only if that kind of volume supports it."
                .to_owned(),
            "Or use `type=registry`: the builder writes it without a directory.".to_owned(),
        ],
        snippet: Some(format!("sudo chown -R \"$(id -u):$(id -g)\" {name}")),
        ..Fix::default()
    }
}

fn directory(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("mkdir ")?;
    rest.split_once("/ingest: ").map(|(name, _)| name)
}

pub(super) fn a_newer_builder(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Running again does not help. BuildKit 0.8 and newer leave such links out (`moby/buildkit` \
            pull request 1659): recreate the builder from a current image."
            .to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "use BuildKit 0.8 or newer".to_owned(),
        steps,
        snippet: Some(CREATE_NEWEST.to_owned()),
        ..Fix::default()
    }
}

pub(super) fn a_newer_engine(_: &[Refusal]) -> Fix {
    Fix {
        summary: "use Docker Engine 19.03 or newer, and build the image with an inline cache"
            .to_owned(),
        steps: vec![
            "Update the engine: 19.03 is the first that reads inline caches, and all that are \
                maintained do."
                .to_owned(),
            "Build the image that is imported with `--build-arg BUILDKIT_INLINE_CACHE=1`: without \
                it no engine finds a cache in it."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

pub(super) fn an_empty_builder(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Run again once; where it comes back, remove the builder's records (`docker buildx prune \
            --all --force`) or recreate the builder: the next build is cold and exports a complete \
            cache."
            .to_owned(),
        "Use a current BuildKit, and let only its own garbage collection clean its store."
            .to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "run again; if that fails too, start with an empty builder".to_owned(),
        steps,
        ..Fix::default()
    }
}

//! A registry that does not take `BuildKit`'s older form of cache manifest.

use super::backend::{self, Cause, Draft, Refusal};
use super::manifest_refused::immutable;
use super::remedy::{self, Site};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, ruled_out, to_decide};

pub(super) struct ExportManifestRejected;

static META: RuleMeta = RuleMeta {
    id: "export-manifest-rejected",
    title: "the registry does not accept the cache manifest",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "The layers of a registry cache are uploaded, and the last request, `PUT \
        …/manifests/TAG`, is answered with 400, 404, 405 or 415, or with `manifest invalid` or \
        `unsupported` (BuildKit 0.30 and newer print the registry's code).",
    why: "Before 0.21 BuildKit described a cache with an image index that lists layers. Amazon ECR \
        and other registries refuse that format. No cache is stored: without `ignore-error=true` \
        the build fails, with it every run is cold.",
    fix: "Add `image-manifest=true,oci-mediatypes=true` to `--cache-to` (BuildKit 0.12 or newer), \
        or use BuildKit 0.21 or newer, where it is the default.",
    rules_out: "A tag that may not be overwritten is refused in the same way: when an earlier run \
        wrote to it, `cache-tag-immutable` is reported instead. 401 and 403 are \
        `cache-access-denied`.",
    limits: "It knows the registry's answer, not which registry it is. A proxy that changes \
        requests looks the same. If the cache is already written as an image, it knows only that \
        the registry refuses it.",
    example: include_str!("examples/export-manifest-rejected.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/registry/",
        "https://github.com/moby/buildkit/pull/3724",
        "https://aws.amazon.com/blogs/containers/announcing-remote-cache-support-in-amazon-ecr-for-buildkit-clients/",
    ],
    since: "0.1.0",
};

impl Rule for ExportManifestRejected {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::ManifestRejected, |_, group| {
            let first = group.first().filter(|first| immutable(study, first).is_none())?;
            let image = group.iter().any(|r| r.transfer.and_then(|t| t.as_image) == Some(true));
            Some(if image { of_an_image(first) } else { draft(study, first) })
        })
    }
}

fn draft(study: &Study, refusal: &Refusal) -> Draft {
    let place = refusal.reference().unwrap_or_else(|| "the registry".to_owned());
    let asked = asked_for_image_manifest(refusal);
    // An import of a cache that the registry took before may be in the part that a cut log lacks.
    let unsure = asked || refusal.build.headless;
    Draft {
        severity: Severity::Error,
        confidence: if unsure { Confidence::Suspected } else { Confidence::Likely },
        title: title(&place),
        cause: format!(
            "All layers were uploaded, then the registry refused the manifest ({}). {}",
            answer(refusal),
            index(refusal)
        ),
        fix: fix(study, refusal),
        rules_out: vec![
            not_ruled_out(
                "a tag that may not be overwritten (no earlier run in the input wrote to this \
                    reference)",
            ),
            to_decide("look at the registry's settings"),
            ruled_out(
                "missing rights (those are answered with 401 or 403, and not after all layers were \
                    taken)",
            ),
        ],
    }
}

fn title(place: &str) -> String {
    let repository = remedy::reference::repository(place);
    format!("the registry does not accept the cache manifest: no cache is stored in {repository}")
}

/// `writing cache image manifest`: what the other drafts would mend is so already.
fn of_an_image(refusal: &Refusal) -> Draft {
    let place = refusal.reference().unwrap_or_else(|| "the registry".to_owned());
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Suspected,
        title: title(&place),
        cause: format!(
            "All layers were uploaded, then the registry refused the manifest ({}). The cache is \
                already described as an ordinary image, so its format is not the problem; the log \
                does not give the reason.",
            answer(refusal)
        ),
        fix: Fix {
            summary: "find out why the registry refuses the manifest".to_owned(),
            steps: vec![
                "Look at the log and at the settings of the registry: a tag that may not be \
                    overwritten, types of artifact or of layer (zstd) that are not allowed, a \
                    limit of layers or of size."
                    .to_owned(),
                "Try a new tag in a repository of its own: if that works, the tag or the \
                    repository is what is protected."
                    .to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: vec![ruled_out(
            "missing rights (those are answered with 401 or 403, and not \
            after all layers were taken)",
        )],
    }
}

/// The status, else the code and message that newer builders print in its place.
fn answer(refusal: &Refusal) -> String {
    let code = || {
        refusal
            .text
            .rsplit_once("error writing manifest blob: ")
            .map(|(_, code)| format!("`{code}`"))
    };
    match backend::status(refusal.text) {
        Some(status) => format!("status {status}"),
        None => code().unwrap_or_else(|| "an error".to_owned()),
    }
}

/// A builder that prints the registry's code writes an image unless it is asked not to.
fn is_new(refusal: &Refusal) -> bool {
    backend::status(refusal.text).is_none()
        && refusal.text.contains("error writing manifest blob: ")
}

fn index(refusal: &Refusal) -> &'static str {
    if is_new(refusal) {
        return "This builder describes a cache as an image unless `image-manifest=false` or \
            `oci-mediatypes=false` is set; Amazon ECR and others refuse the index that it writes \
            then.";
    }
    "BuildKit before 0.21 describes a cache with an image index, which Amazon ECR and others \
        refuse."
}

fn asked_for_image_manifest(refusal: &Refusal) -> bool {
    let specs = refusal.run.commands.iter().flat_map(|c| &c.cache_to);
    specs.filter_map(|s| s.get("image-manifest")).any(|value| value == "true")
}

fn fix(study: &Study, refusal: &Refusal) -> Fix {
    let site = Site::of(study, refusal.run, refusal.build);
    let cache = refusal.reference().filter(|name| remedy::reference::tag(name).is_some());
    let site = Site { cache: cache.unwrap_or(site.cache.clone()), ..site };
    if is_new(refusal) {
        return Fix {
            summary: "remove `image-manifest=false` and `oci-mediatypes=false` from the cache \
                export"
                .to_owned(),
            steps: vec![
                "Take `image-manifest=false` and `oci-mediatypes=false` out of \
                `--cache-to`, or write `image-manifest=true,oci-mediatypes=true`: the cache is \
                then described as an ordinary image."
                    .to_owned(),
            ],
            ..remedy::registry_max(&site)
        };
    }
    Fix {
        summary: "add image-manifest=true,oci-mediatypes=true to the cache export".to_owned(),
        steps: vec![
            "Add `image-manifest=true,oci-mediatypes=true` to `--cache-to`: the cache is then \
                described as an ordinary image. It needs BuildKit 0.12 or newer (Engine 25.0)."
                .to_owned(),
            "Or use BuildKit 0.21 or newer, where it is the default.".to_owned(),
            "`ignore-error=true` keeps a build green when the cache cannot be written; alone it \
                hides that every run is cold."
                .to_owned(),
        ],
        ..remedy::registry_max(&site)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of, study};
    use super::*;
    use crate::model::CacheKind;

    const PUT: &str = "error writing manifest blob: failed commit on ref \"sha256:0\": unexpected \
        status from PUT request to \
        https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/app/manifests/cache: 400 Bad Request";

    #[test]
    fn fires_with_and_without_a_failed_build() {
        let failed = made()
            .export(CacheKind::Registry, Some(PUT))
            .error(&format!("ERROR: failed to solve: {PUT}"));
        let ignored = made()
            .absent("1.dkr.ecr.eu-west-1.amazonaws.com/app:cache")
            .miss("RUN a")
            .export(CacheKind::Registry, Some(PUT));
        let found = ExportManifestRejected.check(&of(vec![failed, ignored]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].evidence.iter().count(), found[0].impact.steps), (2, 1));
    }

    #[test]
    fn the_final_error_is_enough() {
        let text = "ERROR: failed to solve: error writing manifest blob: failed commit on ref \
            \"sha256:0\": unexpected status: 400 Bad Request";
        assert_eq!(ExportManifestRejected.check(&of(vec![made().error(text)])).len(), 1);
    }

    #[test]
    fn a_log_that_begins_inside_the_build_leaves_doubt() {
        let mut run = made().export(CacheKind::Registry, Some(PUT)).run();
        run.builds[0].headless = true;
        assert_eq!(
            ExportManifestRejected.check(&study(vec![run]))[0].confidence,
            Confidence::Suspected
        );
    }

    #[test]
    fn leaves_the_push_of_the_image() {
        let push = "ERROR: failed to solve: failed to push r/a:1: unexpected status from PUT \
            request to https://r/v2/a/manifests/1: 400 Bad Request";
        assert!(ExportManifestRejected.check(&of(vec![made().error(push)])).is_empty());
    }
}

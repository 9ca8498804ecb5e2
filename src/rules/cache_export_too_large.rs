//! An upload the registry, or a proxy before it, finds too large, or has no room for.

use super::backend::{self, Cause, Draft, Refusal};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, ruled_out};
use crate::model::Dialect;

pub(super) struct CacheExportTooLarge;

static META: RuleMeta = RuleMeta {
    id: "cache-export-too-large",
    title: "the cache is too large for the registry",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A cache export ends with 413 Request Entity Too Large, or with the registry's words for \
        a storage quota that is used up.",
    why: "Usually a proxy in front of the registry limits the size of a request; a quota limits \
        what a project stores. mode=max exports layers the image itself does not have (build \
        stages), so the image can be pushed while the cache cannot.",
    fix: "Raise the limit of the proxy (nginx: `client_max_body_size 0`), or make the layer \
        smaller; raise the quota, or remove old caches and images.",
    rules_out: "A quota on requests is `cache-rate-limited`. `blob … is too large (… > 1048576)` \
        is about the cache's manifest: `cache-manifest-too-large`.",
    limits: "The limit is the registry's, or that of a proxy in front of it; the log does not say \
        whose.",
    example: include_str!("examples/cache-export-too-large.txt"),
    references: &["https://distribution.github.io/distribution/recipes/nginx/"],
    since: "0.1.0",
};

impl Rule for CacheExportTooLarge {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let mut found = backend::findings(study, &META, Cause::UploadTooLarge, |repo, group| {
            let dialect = group.first()?.build.dialect;
            Some(draft(repo, backend::manifest_only(group), dialect))
        });
        found.extend(backend::findings(study, &META, Cause::QuotaUsedUp, |repo, group| {
            let counted = group.iter().all(is_of_repositories);
            let dialect = group.first()?.build.dialect;
            Some(if counted { no_repository_left(repo) } else { no_room(repo, dialect) })
        }));
        found
    }
}

fn draft(repo: &str, of_manifest: bool, dialect: Dialect) -> Draft {
    let host = backend::place(repo);
    let upload = if of_manifest { "the manifest" } else { "a layer" };
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: format!("{upload} of the cache is too large for {host}"),
        cause: format!(
            "{host}, or a proxy in front of it, refused an upload because of its size (413)."
        ),
        fix: Fix {
            summary: format!("raise the limit for uploads to {host}"),
            steps: std::iter::once(format!(
                "Raise the limit for request bodies on the proxy in front of {host} (the snippet \
                    is nginx's; Cloudflare and others have fixed limits)."
            ))
            .chain(smaller(of_manifest, dialect).iter().map(|step| (*step).to_owned()))
            .collect(),
            snippet: Some("client_max_body_size 0;".to_owned()),
            ..Fix::default()
        },
        rules_out: Vec::new(),
    }
}

/// What makes the upload smaller. A manifest lists the layers, however large these are.
fn smaller(of_manifest: bool, dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        // kaniko has no mounts: `cmd/executor/cmd/root.go`
        Dialect::Kaniko => &[
            "Or make the layer smaller: split the step, and remove package caches in it.",
            "`--compression=zstd` makes layers smaller.",
        ],
        Dialect::Buildah => &["Or make the layer smaller: split the step, or keep package caches \
            out of it with `RUN --mount=type=cache`."],
        _ if of_manifest => {
            &["Or store fewer layers: `mode=min` leaves those of the other stages out."]
        }
        _ => &[
            "Or make the layer smaller: split the step, or keep package caches out of it with \
                `RUN --mount=type=cache`.",
            "`compression=zstd` in `--cache-to` makes layers smaller.",
        ],
    }
}

/// Harbor answers with 403, and Quay with `denied`, as if it were a matter of rights.
fn no_room(repo: &str, dialect: Dialect) -> Draft {
    let host = backend::place(repo);
    let each_layer = matches!(dialect, Dialect::Kaniko | Dialect::Buildah);
    let of_tool = if each_layer {
        [
            "Each layer has a tag of its own there, and nothing removes old ones: let a rule of \
                the registry delete tags that are some weeks old.",
            "Cache fewer layers: only what costs time is worth a place.",
        ]
    } else {
        [
            "A cache reference per branch takes more room with each branch: write one for the main \
                branch, and import that.",
            "`compression=zstd` in `--cache-to` makes layers smaller; mode=max stores every stage.",
        ]
    };
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: format!("the storage quota at {host} is used up, so the cache is not stored"),
        cause: format!(
            "{host} refused an upload of the cache because its project has no room \
            left. The account has the right to write; the project is full."
        ),
        fix: Fix {
            summary: format!("raise the storage quota at {host}, or make room there"),
            steps: vec![
                "Raise the quota of the project, or keep the cache in a project of its own."
                    .to_owned(),
                "Remove old tags, and run the registry's garbage collection: until then, deleted \
                    tags still count. A retention rule for cache tags keeps space free."
                    .to_owned(),
            ]
            .into_iter()
            .chain(of_tool.map(str::to_owned))
            .collect(),
            ..Fix::default()
        },
        rules_out: vec![ruled_out("missing rights of the account (the registry names the quota)")],
    }
}

/// `denied: registry contains 1 repositories, limit is 1` (`DigitalOcean`)
fn is_of_repositories(refusal: &Refusal) -> bool {
    refusal.text.contains(" repositories, limit is ")
}

fn no_repository_left(repo: &str) -> Draft {
    let host = backend::place(repo);
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: format!("{host} allows no more repositories, so the cache is not stored"),
        cause: format!(
            "The plan at {host} limits the number of repositories, and the cache would be one \
                more. The account has the right to write."
        ),
        fix: Fix {
            summary: "keep the cache in the image's repository, under another tag".to_owned(),
            steps: vec![
                "Write `ref=REGISTRY/IMAGE:buildcache` in `--cache-to` and `--cache-from`: a tag \
                    beside the image's takes no repository of its own."
                    .to_owned(),
                "Or delete repositories that nobody needs, or take a larger plan.".to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: vec![ruled_out("missing rights of the account (the registry names the limit)")],
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    #[test]
    fn a_used_up_quota_is_no_matter_of_rights() {
        for error in [
            "error writing layer blob: denied: adding 12.3 MiB of storage resource, which when \
                updated to current usage of 9.9 GiB will exceed the configured upper limit of 10.0 \
                GiB.",
            "error writing layer blob: unexpected status from POST request to \
                https://r.example.com/v2/a/blobs/uploads/: 403 Forbidden: Quota exceeded when \
                processing the request of adding 1.2 GiB",
            "error writing layer blob: denied: Quota has been exceeded on namespace",
        ] {
            let found = CacheExportTooLarge
                .check(&of(vec![made().export(CacheKind::Registry, Some(error))]));
            assert!(found[0].title.contains("quota"), "{error}");
        }
    }
}

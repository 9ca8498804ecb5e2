//! A cache of the CI that could not be saved, and no sharing of it is shown.

use super::cache_saves::{self, FailedSave};
use super::ci_caches::named;
use super::remedy::builder::CREATE;
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out, ruled_out,
    to_decide,
};
use crate::model::CacheReason;

pub(super) struct CiCacheUploadFailed;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-upload-failed",
    title: "the CI could not save a cache",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "The CI says that saving a cache failed, and nothing shows that several steps save into \
        the same one: it does not say why, or the archive could not be packed (nothing at the \
        path, files of another user, a full disk), or CircleCI's layer cache was not stored \
        (`Error saving DLC`).",
    why: "The step stays green and the next run starts without what should have been stored: it is \
        slow, and nobody notices.",
    fix: "Keep the cache below the CI's limit, give it a name that no other step saves, and run \
        again: a fault of the storage goes away by itself.",
    rules_out: "Steps that share the cache: then `parallel-steps-share-cache` says so. A cache \
        that exists already (`Skipping upload for existing cache`) is no failure. Reasons that the \
        CI prints (size, rights, limits, the service) have rules of their own. Caches that build \
        actions keep for their own tools are left out.",
    limits: "If neither the CI nor tar says why, the finding says only that it failed.",
    example: include_str!("examples/ci-cache-upload-failed.txt"),
    references: &[
        "https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/",
        "https://jira.atlassian.com/browse/BCLOUD-15634",
    ],
    since: "0.1.0",
};

/// Keys of images and binaries that setup-qemu-action and setup-buildx-action keep: jobs always
/// race for them, at no cost.
const TOOL_CACHES: &[&str] = &["docker.io--", "buildx-dl-", "setup-"];

impl Rule for CiCacheUploadFailed {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("parallel-steps-share-cache")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let failed = cache_saves::failed(study);
        let open = failed.iter().filter(|save| cache_saves::sharing(study, save).is_none());
        open.filter(|save| !TOOL_CACHES.iter().any(|tool| save.cache.starts_with(tool)))
            .filter_map(|save| finding(study, save))
            .collect()
    }
}

fn finding(study: &Study, failed: &FailedSave) -> Option<Finding> {
    let cache = failed.cache;
    let why = UploadFault::of(failed);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Proven,
        title: format!("{} was not saved: {}", named(cache), why.title()),
        cause: format!(
            "The CI tried to save {} at the end of the step and failed; {}. The image is built all \
                the same, but the next run starts without it.",
            named(cache),
            why.cause()
        ),
        evidence: Proof::from_lines(failed.evidence("the cache was not saved"))?,
        fix: match why {
            UploadFault::NothingThere => nothing_fix(cache),
            UploadFault::Unreadable => unreadable_fix(),
            UploadFault::DiskFull => full_fix(),
            UploadFault::KeyMoved => moved_fix(),
            UploadFault::Layers => layers_fix(),
            UploadFault::Bitbucket => bitbucket_fix(cache),
            UploadFault::Other => other_fix(cache),
        },
        impact: Impact { runs: failed.runs().len(), ..Impact::default() },
        rules_out: if why == UploadFault::Bitbucket {
            candidates(study, cache)
        } else {
            Vec::new()
        },
        subject: cache.to_owned(),
    })
}

/// What the log shows of the reason.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UploadFault {
    NothingThere,
    Unreadable,
    DiskFull,
    KeyMoved,
    /// `CircleCI`'s volume of layers.
    Layers,
    /// Bitbucket prints none.
    Bitbucket,
    Other,
}

impl UploadFault {
    fn of(failed: &FailedSave) -> Self {
        let all = |reason| failed.failures().all(|save| save.entry.reason == Some(reason));
        let said = [
            (CacheReason::NothingThere, Self::NothingThere),
            (CacheReason::Unreadable, Self::Unreadable),
            (CacheReason::DiskFull, Self::DiskFull),
            (CacheReason::KeyMoved, Self::KeyMoved),
        ];
        if let Some((_, why)) = said.into_iter().find(|(reason, _)| all(*reason)) {
            return why;
        }
        let circle = failed.failures().all(|save| save.run.ci == Some("circleci"));
        if circle && failed.cache == "DLC" {
            return Self::Layers;
        }
        if failed.says_no_reason() { Self::Bitbucket } else { Self::Other }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "one of its files cannot be read",
            Self::DiskFull => "the disk is full",
            Self::KeyMoved => "its key changed while the job ran",
            Self::Layers => "its teardown failed",
            _ => "its upload failed",
        }
    }

    fn cause(self) -> &'static str {
        match self {
            Self::NothingThere => "there is nothing at its path",
            Self::Unreadable => {
                "the CI's own user packs it, and some of its files belong to another user (root, \
                    if a container or `sudo` wrote them)"
            }
            Self::DiskFull => "there was no room for the archive",
            Self::KeyMoved => {
                "the key is built from files that the job itself changes, and what it restored \
                    under one key is not saved under another"
            }
            Self::Layers => {
                "the layers of this job are not in the volume that CircleCI keeps for docker \
                    layer caching"
            }
            Self::Bitbucket => "Bitbucket prints no reason",
            Self::Other => "the line quoted is all the CI says about the reason",
        }
    }
}

/// Files of root are no mistake where the path is the daemon's own store: it cannot be carried to
/// another machine anyway.
fn unreadable_fix() -> Fix {
    Fix {
        summary: "save a directory that the CI's user owns, not the daemon's store".to_owned(),
        steps: vec![
            "/var/lib/docker and BuildKit's own state cannot be saved: they belong to root, and a \
                running daemon changes them. Export the cache instead: `--cache-to \
                type=local,dest=DIR,mode=max` writes as the user who calls buildx, or use \
                `type=registry`, which needs no cache of the CI."
                .to_owned(),
            "For another directory that a container fills, give it back to the job's user before \
                the job ends (`sudo chown -R \"$(id -u):$(id -g)\" DIR`), or run the container as \
                that user."
                .to_owned(),
        ],
        snippet: Some(format!(
            "{CREATE}\ndocker buildx build --cache-from type=local,src=DIR \\\n  \
                --cache-to type=local,dest=DIR-new,mode=max .\nrm -rf DIR && mv DIR-new DIR"
        )),
        ..Fix::default()
    }
}

fn full_fix() -> Fix {
    Fix {
        summary: "make room on the disk before the cache is saved".to_owned(),
        steps: vec![
            "The archive is written next to what it packs: the disk has to hold both. Remove \
                images and tools that the job no longer needs (`docker system prune --force`), or \
                use a larger machine."
                .to_owned(),
            "A local cache only grows: export it to a second directory, and move that into the \
                place of the first."
                .to_owned(),
            "A registry cache (`type=registry`) is written to no disk of the machine.".to_owned(),
        ],
        ..Fix::default()
    }
}

fn moved_fix() -> Fix {
    Fix {
        summary: "build the key from files that the job does not change".to_owned(),
        steps: vec![
            "Name files as they are checked out: a pattern such as `**/package-lock.json` also \
                matches what the build writes (node_modules, dist), and an installation that \
                updates its lock file changes it."
                .to_owned(),
            "Install with the lock file as it is (`npm ci`, `--frozen-lockfile`, `--locked`), or \
                name the one file in the root."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

/// `Error saving DLC after 18.1s: exit status 1`, below what failed: `fstrim: /var/lib/docker:
/// FITRIM ioctl failed: Structure needs cleaning`. The volume is mended by nothing the job can do.
fn layers_fix() -> Fix {
    Fix {
        summary: "purge the project's layer cache, and keep the layers in a registry".to_owned(),
        steps: vec![
            "Look at the command that failed above the line: `Structure needs cleaning` is a \
                damaged file system, and comes back in every run that gets this volume."
                .to_owned(),
            "Purge the volumes of the project (`circleci dlc purge`, or the project's settings): \
                the next run starts with an empty one. Unused ones go away after three days."
                .to_owned(),
            "A registry cache (`--cache-to type=registry,ref=…,mode=max`) depends on no volume, \
                and the jobs of a workflow that run side by side see it too."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

fn bitbucket_fix(cache: &str) -> Fix {
    Fix {
        summary: "find out which of three reasons it is, cheapest check first".to_owned(),
        steps: vec![
            "Run the step again: a fault of the storage does not come back.".to_owned(),
            format!(
                "Look at the size of what \"{cache}\" stores: Bitbucket does not save a cache over \
                    1 GB compressed. `du -sh` of its directory at the end of the script shows it; \
                    for the docker cache `docker system df`."
            ),
            format!(
                "Look in bitbucket-pipelines.yml whether other steps that run at the same time \
                    name \"{cache}\": only one of them can save it. Give each a name of its own."
            ),
        ],
        ..Fix::default()
    }
}

fn nothing_fix(cache: &str) -> Fix {
    Fix {
        summary: "save a path that exists at the end of the job".to_owned(),
        steps: vec![
            format!(
                "Compare the path of \"{cache}\" with what the build writes: `--cache-to \
                    type=local,dest=PATH` is a path of the build host, relative to the working \
                    directory of the command."
            ),
            "A build that fails writes no cache: then this is a consequence of its failure."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

fn other_fix(cache: &str) -> Fix {
    Fix {
        summary: "keep the cache small and its name its own, then run again".to_owned(),
        steps: vec![
            "Run the job again: a fault of the cache service does not come back.".to_owned(),
            format!(
                "Where it does: compare the size of {} with the CI's limit, and see whether \
                    another job saves the same key at the same time.",
                named(cache)
            ),
        ],
        ..Fix::default()
    }
}

/// What it can be, and what the input says of each.
fn candidates(study: &Study, cache: &str) -> Vec<Alternative> {
    let size = not_ruled_out(
        "a cache over 1 GB compressed, or a fault of Bitbucket's storage (neither is in the log)",
    );
    let Some((config, _)) = cache_saves::files(study).next() else {
        return vec![
            not_ruled_out("parallel steps that share it"),
            to_decide(
                "give bitbucket-pipelines.yml (--config), or the logs of the other steps of the \
                    commit",
            ),
            size,
        ];
    };
    let why = format!("in {} no two of a parallel group name \"{cache}\"", config.path);
    vec![ruled_out(format!("parallel steps that share it ({why})")), size]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::model::{CacheOperation, CacheOutcome, CiCache, Quote, Run};

    fn study(
        ci: Option<&'static str>,
        name: &str,
        outcome: CacheOutcome,
        file: Option<&str>,
    ) -> Study {
        let quote = Quote { line: 9, text: format!("Cache \"{name}\": Upload failed").into() };
        let entry = CiCache {
            name: name.into(),
            operation: CacheOperation::Save,
            outcome,
            reason: None,
            restored: None,
            quote,
        };
        let run = Run { source: "a.log".into(), ci, ci_caches: [entry].into(), ..Run::default() };
        let configs =
            file.map(|text| Config::read("bitbucket-pipelines.yml", text).unwrap().unwrap());
        Study { runs: vec![run], configs: configs.into_iter().collect(), ..Study::default() }
    }

    #[test]
    fn fires_for_a_custom_cache_of_any_ci() {
        for ci in [Some("bitbucket"), Some("github-actions"), None] {
            let found = CiCacheUploadFailed.check(&study(ci, "gradle", CacheOutcome::Failed, None));
            assert_eq!(found[0].subject, "gradle");
        }
    }

    #[test]
    fn fires_where_the_file_excludes_sharing() {
        let file = "pipelines:\n  default:\n    - step:\n        caches: [docker]\n        script: \
            [make]\n";
        let found = CiCacheUploadFailed.check(&study(
            Some("bitbucket"),
            "docker: docker.tar",
            CacheOutcome::Failed,
            Some(file),
        ));
        assert!(found[0].rules_out[0].text.contains("bitbucket-pipelines.yml"));
    }

    #[test]
    fn quiet_for_the_docker_cache_existing_caches_and_tools() {
        let quiet = |ci, name, outcome| {
            CiCacheUploadFailed.check(&study(ci, name, outcome, None)).is_empty()
        };
        assert!(quiet(Some("bitbucket"), "docker: docker.tar", CacheOutcome::Failed));
        assert!(quiet(Some("bitbucket"), "gradle", CacheOutcome::Exists));
        assert!(quiet(
            Some("github-actions"),
            "docker.io--tonistiigi--binfmt-latest",
            CacheOutcome::Failed
        ));
    }
}

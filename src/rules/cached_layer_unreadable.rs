//! A layer that the imported cache names cannot be fetched, and the build fails.

mod imported;
mod kaniko;

use super::backend::{self, Cause, Draft, Refusal, Side};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::{Dialect, is_broken_off, is_gone, is_of_record};

pub(super) struct CachedLayerUnreadable;

static META: RuleMeta = RuleMeta {
    id: "cached-layer-unreadable",
    title: "a part of the cache cannot be fetched",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A step or the image's export ends with `blob sha256:… not found`, `failed to load \
        cache: …`, or with `failed to copy: …` of a layer that can only be the cache's, though the \
        import ended well. kaniko ends with `extracting fs from image: …`. Or an import itself ends \
        with `could not fetch content descriptor … from remote: not found`: its manifest was found.",
    why: "BuildKit imports the list of what is cached, and fetches a layer only when something \
        needs it. If that fails it does not go back and run the step: the build fails, and does so \
        again until the cache is rewritten. kaniko fetches the layer and may fail to unpack it. \
        Where it is the configuration that is gone, the build goes on without the cache.",
    fix: "Build once without the import, so that the export rewrites the cache; keep the cache \
        where layers are not evicted one by one.",
    rules_out: "A layer of a base image: it is in a different repository. A missing COPY source or \
        a failing command: those errors have different texts.",
    limits: "An error without a URL (`could not fetch content descriptor … from remote: not \
        found`) may be about a base image: it is reported where the log lists the same layer under \
        a step.",
    example: include_str!("examples/cached-layer-unreadable.txt"),
    references: &[
        "https://github.com/moby/buildkit/issues/2836",
        "https://github.com/moby/buildkit/pull/6053",
        "https://github.com/moby/buildkit/pull/4771",
        "moby/buildkit cache/remotecache/gha/gha.go",
        "GoogleContainerTools/kaniko pkg/commands/run.go",
    ],
    since: "0.1.0",
};

impl Rule for CachedLayerUnreadable {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::LayerUnreadable, |_, group| {
            let first = group.first()?;
            if first.build.dialect == Dialect::Kaniko {
                return Some(kaniko::draft(first));
            }
            // Layers that cannot be fetched fail the build: that is told first.
            let late = group.iter().find(|refusal| !is_import(refusal));
            Some(late.map_or_else(|| imported::draft(first), draft))
        })
    }
}

/// The import itself failed: its configuration is gone, or GitHub's index.
fn is_import(refusal: &Refusal) -> bool {
    refusal.side == Side::Import && refusal.transfer.is_some_and(|import| import.error.is_some())
}

/// Why it cannot be fetched, as far as the error says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unfetched {
    /// GitHub evicted it.
    Evicted,
    /// GitHub's link to it is too old, or leads nowhere: Azure's client says which in the lines
    /// below.
    Link,
    /// GitHub's link to it is too old.
    Expired,
    /// GitHub's storage answered with another error.
    Refused,
    /// The registry has it no more.
    Removed,
    /// Other bytes came than the cache names.
    Altered,
    /// The line says.
    Quoted,
    /// It is a record of the builder's own.
    Own,
}

fn why(refusal: &Refusal) -> Unfetched {
    let text = refusal.text;
    if is_gone(text) {
        return Unfetched::Evicted;
    }
    if backend::is_other_digest(text) {
        return Unfetched::Altered;
    }
    if is_of_record(text) {
        return Unfetched::Own;
    }
    if text.contains("/actions-cache/") || text.contains("invalid status response ") {
        return of_storage(refusal);
    }
    let removed = backend::status(text) == Some(404) || text.contains("from remote: not found");
    if removed {
        return Unfetched::Removed;
    }
    if imports(refusal) { Unfetched::Quoted } else { Unfetched::Own }
}

/// What GitHub's storage answered: in the error, or two lines below it (`RESPONSE 503: 503 The
/// server is busy.`).
fn of_storage(refusal: &Refusal) -> Unfetched {
    match backend::status(&refusal.said()) {
        Some(403) => Unfetched::Expired,
        Some(404) => Unfetched::Evicted,
        Some(_) => Unfetched::Refused,
        None => Unfetched::Link,
    }
}

/// A log that begins below the imports may have had one.
fn imports(refusal: &Refusal) -> bool {
    let (run, build) = (refusal.run, refusal.build);
    let asked = run.commands_of(build).iter().any(|command| !command.cache_from.is_empty());
    asked || !build.imports.is_empty() || build.headless
}

fn draft(refusal: &Refusal) -> Draft {
    let why = why(refusal);
    Draft {
        severity: Severity::Error,
        confidence: if why == Unfetched::Altered || is_broken_off(refusal.text) {
            Confidence::Likely
        } else {
            Confidence::Proven
        },
        title: "the build fails because a cached layer cannot be fetched".to_owned(),
        cause: format!("{} {}", reason(why), LATE),
        fix: fix(why),
        rules_out: Vec::new(),
    }
}

const LATE: &str = "BuildKit fetches a cached layer only when something needs it, and then cannot \
    run its step instead.";

fn reason(why: Unfetched) -> &'static str {
    match why {
        Unfetched::Evicted => {
            "GitHub evicted a layer and kept the index that names it: each is an entry of its own, \
                removed when the repository's caches pass their limit or the entry was unused for \
                a week."
        }
        Unfetched::Link => {
            "GitHub's link to the layer did not work. Below the line quoted the log says why: with \
                403 the link was over ten minutes old, with 404 (BlobNotFound) the layer was \
                evicted."
        }
        Unfetched::Expired => {
            "GitHub's link to the layer had expired: the build took longer than the link is valid."
        }
        Unfetched::Refused => {
            "GitHub's storage did not hand out the layer; what it answered is quoted."
        }
        Unfetched::Removed => {
            "A layer was removed and the manifest that names it was kept: garbage collection, a \
                retention rule or a lifecycle rule may do so."
        }
        Unfetched::Altered => {
            "What the cache's store returned for the layer is something else than the cache names: \
                the stored layer is damaged, or a cache server or proxy mixes layers up."
        }
        Unfetched::Quoted => "The line quoted says why the layer could not be fetched.",
        Unfetched::Own => {
            "The builder answered a step from its own records and no longer has what they name: it \
                was stopped while it worked, its disk was full or cleaned by hand, or its garbage \
                collection ran during the build."
        }
    }
}

fn fix(why: Unfetched) -> Fix {
    let newer = "Use BuildKit 0.24 or newer: it asks for a new link when the old one has expired.";
    let checks = "Use a BuildKit newer than 0.13.0: that version uses evicted layers without \
        checking, later ones check first. A layer that is evicted during the build still fails it.";
    let retry = "Run the job again: a temporary fault does not come back.";
    let again = "Build once without `--cache-from` and with `--cache-to`: the export writes what \
        is missing, and a new index. A job may do so by itself when its build fails.";
    let room = "Stay below the limit of the repository's caches (10 GB by default), or keep the \
        cache in a registry, which keeps the layers of a manifest.";
    let prune = "Remove the builder's records: `docker buildx prune --all --force`, of the engine's \
        own builder `docker builder prune --all --force`. The next build is a cold one.";
    let newest = "Use a newer BuildKit: before 0.23 its garbage collection could delete records \
        that a build was using.";
    let stored = "If it comes back, delete the cache's entries. Where a server of your own stands \
        in for the store, use its newest version, or a cache without it (`type=registry`).";
    let rules = "Let such rules delete whole caches, manifest and layers, or nothing of them.";
    let steps = match why {
        Unfetched::Evicted => vec![again, checks, room],
        Unfetched::Link => vec![newer, again, room],
        Unfetched::Expired => vec![newer, again],
        Unfetched::Removed => vec![again, rules],
        Unfetched::Altered => vec![again, stored],
        Unfetched::Quoted | Unfetched::Refused => vec![retry, again],
        Unfetched::Own => vec![retry, prune, newest],
    };
    let no_use =
        "`ignore-error=true` does not help: it is for exports, an import has no such option.";
    let no_use = (why != Unfetched::Own).then_some(no_use);
    Fix {
        summary: summary(why).to_owned(),
        steps: steps.into_iter().chain(no_use).map(str::to_owned).collect(),
        ..Fix::default()
    }
}

fn summary(why: Unfetched) -> &'static str {
    match why {
        Unfetched::Evicted | Unfetched::Removed | Unfetched::Altered => {
            "build once without the import, so that the cache is rewritten"
        }
        Unfetched::Quoted | Unfetched::Refused => {
            "run again; if that fails too, build once without the import"
        }
        Unfetched::Own => "run again; if that fails too, prune the builder's cache",
        Unfetched::Link => {
            "use a newer BuildKit; where the layer was evicted, build once without the import"
        }
        Unfetched::Expired => "use BuildKit 0.24 or newer, which renews such links",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    fn found(error: &str) -> Vec<Finding> {
        CachedLayerUnreadable.check(&of(vec![made().import("gha:153", None).error(error)]))
    }

    #[test]
    fn says_what_the_error_tells() {
        let evicted = found(
            "ERROR: failed to solve: failed to compute cache key: blob sha256:043e not found",
        );
        assert!(evicted[0].cause.starts_with("GitHub evicted"));
        let link = found(
            "ERROR: failed to solve: failed to push r/a:1: failed to copy: GET \
                https://p.blob.core.windows.net/actions-cache/366-1",
        );
        assert!(
            link[0].cause.contains("404 (BlobNotFound)") && link[0].fix.steps[0].contains("0.24")
        );
        for (status, begin) in [
            ("403 Server failed to authenticate", "GitHub's link to the layer had expired"),
            ("404 The specified blob does not exist.", "GitHub evicted"),
            ("416 The range specified is invalid", "GitHub's storage did not"),
        ] {
            let error = format!(
                "failed to solve: failed to compute cache key: failed to copy: invalid status \
                    response {status} for https://x.blob.core.windows.net/16/35"
            );
            assert!(found(&error)[0].cause.starts_with(begin), "{status}");
        }
        let own = made().error("error: failed to solve: failed to load cache: not found");
        let own = CachedLayerUnreadable.check(&of(vec![own])).remove(0);
        assert!(own.fix.summary.ends_with("prune the builder's cache"), "{}", own.fix.summary);
        let locked = found(
            "failed to solve: rpc error: code = Unknown desc = failed to load cache: ref x locked",
        );
        assert!(locked[0].cause.starts_with("The line quoted"));
    }

    #[test]
    fn an_export_that_lists_it_is_told_once() {
        let error = "blob sha256:043e not found";
        let run = made()
            .export(CacheKind::Unknown, Some(error))
            .error(&format!("ERROR: failed to solve: {error}"));
        assert_eq!(CachedLayerUnreadable.check(&of(vec![run])).len(), 1);
    }

    #[test]
    fn kaniko_does_not_run_the_step_instead() {
        let failed = |error: &str| {
            let run = made().error(error).with(|build| build.dialect = Dialect::Kaniko);
            CachedLayerUnreadable.check(&of(vec![run]))
        };
        let start = "error building image: error building stage: failed to execute command: ";
        let whiteout = failed(&format!(
            "{start}extracting fs from image: removing whiteout .wh.dev: unlinkat //dev/shm: busy"
        ));
        assert!(whiteout[0].cause.contains("deletes a path"));
        let folder =
            failed(&format!("{start}extracting fs from image: open /usr/bin/a: not a directory"));
        assert!(folder[0].cause.contains("over the files"));
        assert!(failed(&format!("{start}failed to get filesystem from image: EOF")).is_empty());
        assert!(failed(&format!("{start}waiting for process to exit: exit status 1")).is_empty());
    }

    #[test]
    fn leaves_other_failures() {
        for error in [
            "ERROR: failed to solve: failed to compute cache key: \"/a\": not found",
            "ERROR: failed to solve: x",
        ] {
            assert!(found(error).is_empty(), "{error}");
        }
    }
}

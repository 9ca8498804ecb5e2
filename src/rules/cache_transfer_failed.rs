//! A cache import or export that failed with words that no other rule knows.

mod builders;
mod known;
mod silent;
mod solver;
mod stores;
mod unended;

use super::backend::{self, Cause, Draft, Refusal, Side};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, ruled_out};

pub(super) struct CacheTransferFailed;

static META: RuleMeta = RuleMeta {
    id: "cache-transfer-failed",
    title: "a cache import or export fails for a reason that no other rule knows",
    group: "The cache backend refuses",
    severity: Severity::Warning,
    what: "A cache import or export ends with an error that none of the other rules knows; or all \
        steps and the export succeed, and the build ends with an error that belongs to none of \
        them (`ERROR: failed to solve: Internal: not found`). Or the builder loses \
        track of a step that builds share (`failed to get state for index`, `inconsistent graph \
        state`). As a note: the log ends in an import, and no step was begun.",
    why: "A failed import makes the run cold, a failed export the next one. Both stay green where \
        the error is ignored.",
    fix: "Read the line that is quoted; give the export `ignore-error=true` if it should not fail \
        the build.",
    rules_out: "Errors with a known cause have rules of their own. An export that was stopped \
        because the build failed is a consequence. A reference that is not there yet is how every \
        cache begins.",
    limits: "It knows that the transfer failed, not why.",
    example: include_str!("examples/cache-transfer-failed.txt"),
    references: &["https://docs.docker.com/build/cache/backends/"],
    since: "0.1.0",
};

impl Rule for CacheTransferFailed {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let other = |_: &str, group: &[Refusal]| group.iter().any(tells).then(|| draft(group));
        let mut found = backend::findings(study, &META, Cause::Other, other);
        found.extend(backend::findings(study, &META, Cause::BehindExport, |_, group| {
            Some(behind(group))
        }));
        found.extend(silent::findings(study));
        found.extend(unended::findings(study));
        found.extend(solver::findings(study));
        found
    }
}

/// A terminal shows of an import that it failed and not why: most often the reference is not there
/// yet.
fn tells(refusal: &Refusal) -> bool {
    refusal.side != Side::Import || !refusal.text.trim().is_empty()
}

fn draft(group: &[Refusal]) -> Draft {
    let exports = group.iter().any(|r| r.side == Side::Export);
    let imports = group.iter().any(|r| r.side == Side::Import);
    let (what, so) = match (imports, exports) {
        (true, true) => ("import and export fail", "The runs start without a cache and leave none"),
        (true, false) => ("import fails", "The runs start without this cache"),
        (false, _) => ("export fails", "The next run finds no cache of this one"),
    };
    let known = known::of(group);
    let silent = group.iter().all(|r| r.text.trim().is_empty());
    let why = match known {
        Some(known) => format!(": {}", known.cause),
        None if silent => ", and the log does not say why.".to_owned(),
        None => "; the line quoted says why.".to_owned(),
    };
    Draft {
        severity: severity(group),
        confidence: known.map_or(Confidence::Proven, |known| known.confidence),
        title: format!("the cache {what}{}", known.map_or("", |known| known.title)),
        cause: format!("{so}{why}"),
        fix: known.map_or_else(|| fix(group, exports), |known| (known.fix)(group)),
        rules_out: known
            .filter(|known| known.confidence == Confidence::Suspected)
            .map_or_else(Vec::new, |_| {
                vec![not_ruled_out("a registry that could not store what it got (its log says)")]
            }),
    }
}

/// What the end of a build reads besides the cache export is its provenance
/// (`solver/llbsolver/solver.go`).
fn behind(group: &[Refusal]) -> Draft {
    if group.iter().all(|refusal| is_builder_gone(refusal.text)) {
        return builder_gone(group);
    }
    let optional =
        "Add `ignore-error=true` to the export: it helps if the export is what failed.".to_owned();
    let mut steps = vec![
        "Run again: the record is created again.".to_owned(),
        "Use a newer builder: before BuildKit 0.23 its garbage collection could delete records \
            that a build was using."
            .to_owned(),
    ];
    steps.extend((!backend::ignored(group)).then_some(optional));
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Likely,
        title:
            "the build fails at the very end, although every step and the cache export succeeded"
                .to_owned(),
        cause:
            "No step and no export printed the final error: what failed is the work after them: \
                the end of the cache export, or the provenance. Both read the builder's cache \
                records, and one of them was gone or could not be read."
                .to_owned(),
        fix: Fix { summary: "run again with a newer builder".to_owned(), steps, ..Fix::default() },
        rules_out: vec![ruled_out(
            "the cache's service or registry (its answers have a URL or a \
            name in them)",
        )],
    }
}

/// `failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF`,
/// `Unavailable: closing transport due to: connection error: … received prior goaway: … debug data:
/// "graceful_stop"` (google.golang.org/grpc)
fn is_builder_gone(text: &str) -> bool {
    ["failed to receive status", "closing transport due to", "error reading from server"]
        .iter()
        .any(|words| text.contains(words))
}

fn builder_gone(group: &[Refusal]) -> Draft {
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: "the builder is gone at the very end, after every step and the cache export"
            .to_owned(),
        cause:
            "The connection between client and builder was lost while the client waited for the \
            result: the builder was stopped, it ran out of memory, or something between them cut \
            the connection. What was exported before is stored."
                .to_owned(),
        fix: known::keep_the_builder(group),
        rules_out: vec![ruled_out("the cache's service or registry (its export was well)")],
    }
}

/// Nothing is lost where another import of the build is well; a build that stops is worse than a
/// cold one.
fn severity(group: &[Refusal]) -> Severity {
    if group.iter().all(Refusal::harmless) {
        return Severity::Note;
    }
    if group.iter().any(|r| r.side != Side::Import && !r.build.errors.is_empty()) {
        return Severity::Error;
    }
    META.severity
}

/// `operation error S3: HeadObject, https response error StatusCode: 400, … api error BadRequest:
/// Bad Request`. Who takes the parts of a layer, and not the whole, knows the credentials.
fn is_refused_by_bucket(refusal: &Refusal) -> bool {
    let has = |words: &str| refusal.text.contains(words);
    has("operation error S3") && has("StatusCode: 4") && !has("CompleteMultipartUpload")
}

fn fix(group: &[Refusal], exports: bool) -> Fix {
    // `failed to configure azblob cache exporter: …` comes before anything is sent
    // (control/control.go). An answer of a server, whose status a page cut off, is none.
    let option = group
        .iter()
        .all(|r| r.text.contains("failed to configure ") && !r.text.contains("unexpected status"));
    let bucket = group.iter().all(is_refused_by_bucket);
    let (summary, first) = if bucket {
        (
            "correct the region, the endpoint or the credentials of the bucket",
            "Running again does not help: the same request is refused again. Check `region` and \
                `endpoint_url` (S3-compatible servers usually need `use_path_style=true`), and \
                that the key, its secret and the session token belong together: `access_key_id`, \
                `secret_access_key`, `session_token`, or the environment of the builder.",
        )
    } else if option {
        (
            "correct the option that the error names",
            "The backend could not be set up: correct what the error names in `--cache-to` or \
                `--cache-from`, or in the environment that it reads.",
        )
    } else {
        (
            "read the error that is quoted",
            "Run again once: a temporary fault does not come back. If it does, the fault is in \
                what the error names, and running again does not help.",
        )
    };
    let mut steps = vec![first];
    if exports && !option && !bucket && !backend::ignored(group) {
        steps.push("Add `ignore-error=true` to the export where it must not fail the build.");
    }
    steps.push("Look the error up in https://github.com/moby/buildkit/issues.");
    Fix {
        summary: summary.to_owned(),
        steps: steps.into_iter().map(str::to_owned).collect(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    #[test]
    fn fires_on_words_that_are_not_known() {
        let found = CacheTransferFailed.check(&of(vec![
            made().export(CacheKind::Registry, Some("number of layers does not match")),
        ]));
        assert_eq!(
            (found.len(), found[0].severity, found[0].title.as_str()),
            (1, Severity::Warning, "the cache export fails")
        );
        let failing =
            made().export(CacheKind::Registry, Some("x")).error("ERROR: failed to solve: x");
        assert_eq!(CacheTransferFailed.check(&of(vec![failing]))[0].severity, Severity::Error);
    }

    #[test]
    fn a_client_that_serves_no_directory_is_named() {
        let text = "error writing layer blob: unknown service \
            containerd.services.content.v1.Content: not implemented";
        let found =
            CacheTransferFailed.check(&of(vec![made().export(CacheKind::Local, Some(text))]));
        assert!(found[0].fix.summary.starts_with("build with buildx"));
    }

    #[test]
    fn an_option_that_cannot_be_used_is_not_tried_again() {
        let error = "failed to configure azblob cache exporter: failed to create container client: \
            x";
        let found = CacheTransferFailed
            .check(&of(vec![made().error(&format!("ERROR: failed to solve: {error}"))]));
        assert_eq!(found[0].fix.summary, "correct the option that the error names");
    }

    #[test]
    fn leaves_known_causes_and_consequences() {
        for error in [
            "",
            "error writing layer blob: context canceled",
            "r.example.com/a:c: not found",
            "401 Unauthorized: denied",
        ] {
            let run = made().import("r.example.com/a:c", Some(error));
            assert!(CacheTransferFailed.check(&of(vec![run])).is_empty(), "{error}");
        }
        // A terminal: ` => ERROR exporting cache`, and at the end why.
        let silent = || made().export(CacheKind::Registry, Some(""));
        let end = "ERROR: failed to solve: error writing manifest blob: failed commit on ref \
            \"sha256:1\": unexpected status: 400 Bad Request";
        assert!(CacheTransferFailed.check(&of(vec![silent().error(end)])).is_empty());
        assert_eq!(CacheTransferFailed.check(&of(vec![silent()])).len(), 1);
    }
}

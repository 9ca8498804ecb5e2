//! A cache import or export that failed with words that no other rule knows.

use super::backend::{self, Cause, Draft, Refusal, Side};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, ruled_out};
use crate::model::CacheKind;

pub(super) struct CacheTransferFailed;

static META: RuleMeta = RuleMeta {
    id: "cache-transfer-failed",
    title: "a cache import or export fails, and why is in the log only",
    group: "The cache backend refuses",
    severity: Severity::Warning,
    what: "A cache import or export ends with an error that none of the other rules knows; or all \
        steps and the export are well, and the build ends with an error that belongs to none of \
        them (`ERROR: failed to solve: Internal: not found`).",
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
    let client = group.iter().all(|r| r.text.contains("unknown service containerd.services"));
    let silent = group.iter().all(|r| r.text.trim().is_empty());
    let full = group.iter().all(|r| r.text.contains("no space left on device"));
    let why = match (silent, full) {
        _ if client => {
            ": a `type=local` cache is read and written by the client, which hands the builder a \
                store of its directory; this client does not (img, envd and \
                other programs that call BuildKit through its library)."
        }
        _ if group.iter().all(is_locked) => {
            ": the builder is sending this very layer for another build already, and an upload \
                takes one at a time."
        }
        _ if group.iter().all(is_cut_off) => {
            ": the builder was gone while it exported: it was stopped, it ran out of memory, or \
                the connection to it was cut. All steps were done."
        }
        _ if group.iter().all(is_expired) => {
            ": the bucket refused the request without saying why, and the same build had read from \
                it before. What changes in between is the age of the credentials: a session token \
                lives for an hour, and BuildKit keeps those it was given at the start."
        }
        (true, _) => ", and the log does not say why.",
        (false, true) => {
            ": a disk is full, the builder's or that of the directory that is written."
        }
        (false, false) => "; the line quoted says why.",
    };
    let guessed = group.iter().all(is_expired);
    Draft {
        severity: severity(group),
        confidence: if guessed { Confidence::Likely } else { Confidence::Proven },
        title: format!("the cache {what}{}", if full { ": no space is left" } else { "" }),
        cause: format!("{so}{why}"),
        fix: match (client, full) {
            (true, _) => another_client(),
            (_, true) => make_room(),
            _ if group.iter().all(is_locked) => one_at_a_time(),
            _ if group.iter().all(is_expired) => fresh_credentials(),
            _ if group.iter().all(is_cut_off) => keep_the_builder(group),
            _ => fix(group, exports),
        },
        rules_out: Vec::new(),
    }
}

/// What the end of a build reads besides the cache export is its provenance
/// (`solver/llbsolver/solver.go`).
fn behind(group: &[Refusal]) -> Draft {
    let optional =
        "Add `ignore-error=true` to the export: it helps where the export is what failed."
            .to_owned();
    let mut steps = vec![
        "Run again: the record is created again.".to_owned(),
        "Use a newer builder: before BuildKit 0.23 its own clean-up could take records away while \
            a build used them."
            .to_owned(),
    ];
    steps.extend((!backend::ignored(group)).then_some(optional));
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Likely,
        title: "the build fails at its end, though all steps and the cache export were well"
            .to_owned(),
        cause: "No step and no export printed the final error: what failed is the work behind \
            them, the end of the cache export or the provenance. Both read the builder's cache \
            records, and one of them was gone or could not be read."
            .to_owned(),
        fix: Fix { summary: "run again with a newer builder".to_owned(), steps, ..Fix::default() },
        rules_out: vec![ruled_out(
            "the cache's service or registry (its answers have a URL or a \
            name in them)",
        )],
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

fn fix(group: &[Refusal], exports: bool) -> Fix {
    // `failed to configure azblob cache exporter: …` comes before anything is sent
    // (control/control.go).
    let option = group.iter().all(|r| r.text.contains("failed to configure "));
    // `operation error S3: HeadObject, https response error StatusCode: 400, … api error BadRequest: Bad Request`
    let bucket = group
        .iter()
        .all(|r| r.text.contains("operation error S3") && r.text.contains("StatusCode: 4"));
    let (summary, first) = if bucket {
        (
            "correct the region, the endpoint or the credentials of the bucket",
            "A request that is refused is refused again. Check `region` and `endpoint_url` (S3 of \
                other makers mostly wants `use_path_style=true`), and that the key, its secret and \
                the session token belong together: `access_key_id`, `secret_access_key`, \
                `session_token`, or the environment of the builder.",
        )
    } else if option {
        (
            "correct the option that the error names",
            "The backend could not be set up: correct what the error names in `--cache-to` or \
                `--cache-from`, or in the environment that it reads.",
        )
    } else {
        ("read the error, and run again", "Run again: a fault that passes does not come back.")
    };
    let optional =
        "Add `ignore-error=true` to the export where it must not fail the build.".to_owned();
    Fix {
        summary: summary.to_owned(),
        steps: std::iter::once(first.to_owned())
            .chain(
                exports
                    .then_some(optional)
                    .filter(|_| !option && !bucket && !backend::ignored(group)),
            )
            .chain(["Look the error up in https://github.com/moby/buildkit/issues.".to_owned()])
            .collect(),
        ..Fix::default()
    }
}

/// `ref layer-sha256:… locked for 30.1s (since …): unavailable` (containerd
/// `remotes/docker/pusher.go`)
fn is_locked(refusal: &Refusal) -> bool {
    refusal.text.contains(" locked for ") && refusal.text.contains("unavailable")
}

fn one_at_a_time() -> Fix {
    Fix {
        summary: "run again; let builds that share a builder export one after the other".to_owned(),
        steps: vec![
            "Run again: the other upload is over by then.".to_owned(),
            "Where it comes back: build the targets one after the other, or give the jobs that \
                share this builder a builder each."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

/// `failed to receive status: rpc error: …`
fn is_cut_off(refusal: &Refusal) -> bool {
    refusal.text.contains("failed to receive status")
}

fn keep_the_builder(group: &[Refusal]) -> Fix {
    let optional = "Add `ignore-error=true` to the export: it helps where the backend is what is \
        slow, not where the builder itself ends."
        .to_owned();
    let mut steps = vec![
        "Look at the end of the builder's own log (`docker logs buildx_buildkit_ci0`, or \
            `kubectl logs`): was it killed for its memory, or asked to stop?"
            .to_owned(),
        "Export less: `mode=min`, fewer exports at once, or a backend nearby.".to_owned(),
    ];
    steps.extend((!backend::ignored(group)).then_some(optional));
    Fix {
        summary: "find out why the builder ends during the export".to_owned(),
        steps,
        ..Fix::default()
    }
}

/// An answer to HEAD has no body, so S3 cannot say `ExpiredToken` (`moby/buildkit` issue 3903).
fn is_expired(refusal: &Refusal) -> bool {
    let refused = refusal.text.contains("HeadObject") && refusal.text.contains("StatusCode: 400");
    let read = refusal.build.imports.iter().any(|t| t.kind == CacheKind::S3 && t.ok());
    refusal.side == Side::Export && refused && read
}

fn fresh_credentials() -> Fix {
    Fix {
        summary: "give the builder credentials that live longer than the build".to_owned(),
        steps: vec![
            "Give the role a longer session (`role-duration-seconds`, up to 12 hours), or the \
                builder a role of its own (an instance profile, a web identity), which BuildKit \
                renews itself."
                .to_owned(),
            "Or split the build: `--target` stages that are built and exported before the hour is \
                over."
                .to_owned(),
            "Where it fails in short builds too, check `region` and `endpoint_url`.".to_owned(),
        ],
        ..Fix::default()
    }
}

/// `unknown service containerd.services.content.v1.Content`: the builder asks the client's session
/// for the content store of the directory (`session/content/caller.go`), and a client that has none
/// answers so in every run. (`client/solve.go` adds it where the client reads the option itself.)
fn another_client() -> Fix {
    Fix {
        summary: "build with buildx or buildctl, or keep the cache in a registry".to_owned(),
        steps: vec![
            "Running again does not help: this client cannot serve a local directory.".to_owned(),
            "Build with `docker buildx build` and a docker-container builder, or with `buildctl`: \
                their sessions serve `type=local`."
                .to_owned(),
            "Or use `type=registry`: the builder reads and writes it without the client."
                .to_owned(),
        ],
        snippet: Some(
            "docker buildx create --name ci --driver docker-container --use\n\
                docker buildx build --cache-from type=local,src=DIR \\\n  \
                --cache-to type=local,dest=DIR,mode=max ."
                .to_owned(),
        ),
        ..Fix::default()
    }
}

fn make_room() -> Fix {
    Fix {
        summary: "make room on the disk before the build".to_owned(),
        steps: vec![
            "A builder that is kept: limit its cache (`docker buildx prune --max-used-space \
                20GB`), and take old images away."
                .to_owned(),
            "A directory (`type=local`) only grows: export to a second one and move it into the \
                place of the first."
                .to_owned(),
            "A runner of its own for each job: remove tools that the job does not need, or use a \
                larger one."
                .to_owned(),
        ],
        snippet: Some(
            "docker buildx prune --force --max-used-space 20GB\ndocker image prune \
            --force"
                .to_owned(),
        ),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    #[test]
    fn fires_on_words_that_are_not_known() {
        let found = CacheTransferFailed
            .check(&of(vec![made().export(CacheKind::Registry, Some("invalid incomplete links"))]));
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
            no Host in request URL";
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

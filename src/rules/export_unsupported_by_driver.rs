//! `--cache-to` with a builder that cannot export a cache.

use super::backend::{self, Cause, Draft, Refusal};
use super::gha_tokens_missing;
use super::planned::{self, bake};
use super::remedy::builder::CREATE;
use super::remedy::{self, At, Form, Site, patch};
use super::{Rule, RuleMeta, Study};
use crate::config::{CacheSettings, Change};
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::{CacheKind, CacheSpec};

pub(super) struct ExportUnsupportedByDriver;

static META: RuleMeta = RuleMeta {
    id: "export-unsupported-by-driver",
    title: "the builder in use cannot export a cache",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "The build stops before its first step with `Cache export is not supported for the \
        docker driver.` (buildx 0.12 and newer) or `cache export feature is currently not \
        supported for docker driver` (older). Without a log: an export in the configuration, in a \
        job where nothing creates a builder that can.",
    why: "The default `docker` driver builds inside dockerd, whose classic image store can write \
        inline cache only. Nothing is built.",
    fix: "Create a builder with the docker-container driver in the job, or turn on the containerd \
        image store of the engine. `--cache-to type=inline` works with every driver.",
    rules_out: "`Multi-platform build is not supported for the docker driver` stops the build too, \
        but is not about the cache.",
    limits: "The build stops before it says anything else: what the cache would have done is not \
        known.",
    example: include_str!("examples/export-unsupported-by-driver.txt"),
    references: &["https://docs.docker.com/go/build-cache-backends/", "docker/buildx build/opt.go"],
    since: "0.1.0",
};

impl Rule for ExportUnsupportedByDriver {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = backend::findings(study, &META, Cause::DriverUnsupported, |_, group| {
            Some(draft(study, group.first()?))
        });
        planned::with_undecided(
            study,
            seen,
            |past| past.builds.iter().any(|build| build.driver.is_some()),
            |at| written(study, at),
        )
    }
}

const LOAD: &str = "The image is then in the builder, not in dockerd: --push it, or --load it if \
    later commands use it.";

fn draft(study: &Study, refusal: &Refusal) -> Draft {
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: "the docker driver cannot export a cache: the build stops before its first step"
            .to_owned(),
        cause: "`--cache-to` asks for a cache export, and the builder in use is dockerd itself \
            (driver `docker`) with its classic image store (overlay2), which writes \
            inline cache only."
            .to_owned(),
        fix: fix(study, refusal),
        rules_out: Vec::new(),
    }
}

/// The configuration alone: a cache is exported and no builder is made that can.
fn written(study: &Study, at: At) -> Option<Finding> {
    let command = &at.place.command;
    let export = command.cache_to.iter().find(|spec| asks_driver(at, spec))?;
    if at.driver() != Some("docker") {
        return None;
    }
    let words = planned::Words {
        title: format!(
            "the docker driver cannot export `{}`: the build will stop before its first \
            step",
            export.raw
        ),
        cause: format!(
            "A cache export is asked for, and {}: dockerd itself then builds (driver `docker`), \
                which writes inline cache only unless it runs with the containerd image store.",
            if at.place.machine.passed_over.is_some() {
                "`docker build` does not use the builder that the job has"
            } else {
                "nothing in the job creates a builder"
            }
        ),
        fix: builder_of(study, at),
        rules_out: vec![
            not_ruled_out(
                "an engine with the containerd image store (it exports every \
            kind of cache)",
            ),
            to_decide("give a log: it shows which image store the engine has"),
        ],
        subject: at.place.job.clone(),
    };
    let lines = at.evidence("a cache is exported with the default builder");
    planned::finding(
        &META,
        META.severity,
        lines.into_iter().chain(at.call("runs it without another builder")).collect(),
        words,
    )
}

/// A GitHub cache without a token is dropped when the option is read (buildx
/// `util/buildflags/cache.go`): the driver is never asked whether it can export.
fn asks_driver(at: At, spec: &CacheSpec) -> bool {
    let dropped = spec.kind() == CacheKind::Gha
        && spec.get("token").is_none()
        && gha_tokens_missing::lacks_token(at);
    spec.kind() != CacheKind::Inline && !spec.raw.starts_with('$') && !dropped
}

fn fix(study: &Study, refusal: &Refusal) -> Fix {
    let site = Site { capable: false, ..Site::of(study, refusal.run, refusal.build) };
    let commands = refusal.run.commands.iter().filter(|c| c.quote.line <= refusal.quote.line);
    let registry =
        commands.flat_map(|c| &c.cache_to).any(|spec| spec.kind() == CacheKind::Registry);
    let fix = if registry || site.form == Form::ComposePlugin {
        remedy::registry_max(&site)
    } else {
        patch::with_builder(builder_only(&site), &site)
    };
    let other = [
        "Or turn on the containerd image store of the engine (\"features\": \
            {\"containerd-snapshotter\": true} in daemon.json; the default of new installations \
            since Engine 29).",
        "Or write the cache into the image (`--cache-to type=inline`): it works with the docker \
            driver, and covers the final stage only.",
    ];
    Fix { steps: fix.steps.into_iter().chain(other.map(str::to_owned)).collect(), ..fix }
}

/// The job has one, and `docker build` keeps to the engine's own (docker/cli
/// `cmd/docker/builder.go`).
fn builder_there_is() -> Fix {
    Fix {
        summary:
            "build with `docker buildx build`: `docker build` does not use the builder of the \
            job"
            .to_owned(),
        steps: vec![
            "Write `docker buildx build` in place of `docker build`: only that takes the builder \
                that is selected. `docker buildx install` (`install: true` of \
                docker/setup-buildx-action) makes both the same."
                .to_owned(),
            LOAD.to_owned(),
        ],
        ..Fix::default()
    }
}

/// The kind of cache is not in the log: the options stay as they are.
fn builder_only(site: &Site) -> Fix {
    let snippet = match site.form {
        Form::BuildPushAction => "- uses: docker/setup-buildx-action@v3",
        _ => CREATE,
    };
    Fix {
        summary: "build with a docker-container builder".to_owned(),
        steps: vec![
            "Create a docker-container builder before the build; `--cache-to` stays as it is."
                .to_owned(),
            LOAD.to_owned(),
        ],
        snippet: Some(snippet.to_owned()),
        cost: remedy::COLD.to_owned(),
        ..Fix::default()
    }
}

/// The builder of a target of bake or a service of Compose is made where that is called.
fn builder_of(study: &Study, at: At) -> Fix {
    let site = Site::written(at);
    let mut calls: Vec<At> = bake::calls_of(study, at).collect();
    calls.retain(|call| call.driver() == Some("docker"));
    calls.dedup_by_key(|call| (&call.config.path, call.index));
    let Some(first) = calls.first() else {
        let there_is = at.place.machine.passed_over.is_some();
        let fix = if there_is { builder_there_is() } else { builder_only(&site) };
        return patch::with_builder(fix, &site);
    };
    let form = Site::written(*first).form;
    let fix = builder_only(&Site { form, ..site });
    calls.chunk_by(|a, b| a.config.path == b.config.path).fold(fix, |fix, calls| {
        let changes: Vec<Change> = calls.iter().map(with_builder).collect();
        patch::with_all(fix, calls, &changes)
    })
}

fn with_builder(call: &At) -> Change {
    let settings = CacheSettings { builder: true, ..patch::kept(&call.place.command) };
    Change::Caches { place: call.index, settings }
}

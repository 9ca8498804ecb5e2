//! Buildkite's docker-compose plugin before version 5, which pulls images instead of importing a
//! cache.

use std::collections::BTreeSet;

use super::backend::cost_of;
use super::planned;
use super::remedy::{self, At, Form, Site};
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, LogPlace, Proof, Severity, not_ruled_out,
};
use crate::model::{CiNote, NoteKind, Run};

pub(super) struct BuildkiteComposePluginV4;

static META: RuleMeta = RuleMeta {
    id: "buildkite-compose-plugin-v4",
    title: "the docker-compose plugin pulls images instead of importing a cache",
    group: "Multi-stage and inline",
    severity: Severity::Warning,
    what: "The log shows, or the pipeline file asks for, version 4 or older of Buildkite's \
        docker-compose plugin, or its `Pulling cache image for …` lines.",
    why: "Version 4 pulls each `cache-from` image before the build and hands it to the builder: \
        the whole image is downloaded each time, only the first one that can be pulled is used for \
        a service, and there is no `cache-to`. Build stages are cached only if they are images of \
        their own.",
    fix: "Move to version 5.5 or newer with `builder:`, `cache-from:` and `cache-to:`. Version 5 \
        alone is not enough: it does not pull, so the image needs inline cache metadata or a \
        registry cache.",
    rules_out: "Version 5 imports the cache by itself and does not print these lines.",
    limits: "Without the plugin's own lines in the log, its version is unknown. The steps show \
        whether the pulled images helped; this rule does not say.",
    example: include_str!("examples/buildkite-compose-plugin-v4.txt"),
    references: &[
        "https://github.com/buildkite-plugins/docker-compose-buildkite-plugin",
        "buildkite-plugins/docker-compose-buildkite-plugin commands/build.sh@v4.16.0",
    ],
    since: "0.1.0",
};

impl Rule for BuildkiteComposePluginV4 {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let runs: Vec<&Run> =
            study.runs.iter().filter(|run| run.notes.iter().any(is_old)).collect();
        let seen = finding(study, &runs);
        let written = planned::places(study).filter_map(|at| written(study, at));
        // A note of the logs and what the files tell are two views of one thing.
        let written: Vec<Finding> = written.collect();
        if written.is_empty() { seen.into_iter().collect() } else { with_logs(written, seen) }
    }
}

/// What the files tell, with the lines of the logs that show it.
fn with_logs(mut written: Vec<Finding>, seen: Option<Finding>) -> Vec<Finding> {
    if let (Some(first), Some(seen)) = (written.first_mut(), seen) {
        first.confidence = seen.confidence;
        first.evidence.extend(seen.evidence.iter().cloned());
        first.impact = seen.impact;
    }
    written
}

/// The configuration: version 4 pulls an image of a build with stages that are not in the image.
fn written(study: &Study, at: At) -> Option<Finding> {
    let command = &at.place.command;
    let old = at.place.plugin.is_some_and(|(major, _)| major < 5) && at.place.target.is_some();
    if !old || command.cache_from.is_empty() {
        return None;
    }
    let inner = planned::inner(study, at)?;
    let (names, one) = (inner.names(), inner.stages.len() == 1);
    let (is, are) = if one { ("is", "is") } else { ("are", "are") };
    let site = Site { form: Form::ComposePlugin, capable: false, ..Site::written(at) };
    let words = planned::Words {
        title: format!(
            "version 4 of the docker-compose plugin caches the final image only: {names} {is} \
                built from the start each time"
        ),
        cause: format!(
            "Version 4 of the plugin has no cache importer and no cache-to: it pulls the image of \
                cache-from, which holds the layers of its last stage. {names} {are} not part of it \
                and run from their first step on every new agent."
        ),
        fix: fix(&[], &site),
        rules_out: vec![not_ruled_out(
            "an agent that is kept between builds (it has the layers of the build before; the file \
                does not say which kind it is)",
        )],
        subject: format!(
            "docker-compose plugin {}",
            at.place.target.as_deref().unwrap_or_default()
        ),
    };
    let version =
        at.place.plugin.map(|(major, _)| format!("docker-compose#v{major}")).unwrap_or_default();
    let plugin = above(at, &version, "version of the plugin");
    let lines = plugin
        .into_iter()
        .chain(at.evidence_of("cache-from", "is pulled, not imported"))
        .chain(inner.evidence());
    planned::finding(&META, META.severity, lines.collect(), words)
}

/// The line nearest above the place that holds these words.
fn above(at: At, words: &str, shows: &str) -> Option<Evidence> {
    let last = at.place.command.quote.line;
    let first = last.saturating_sub(40).max(1);
    let held = (first..=last)
        .rev()
        .filter_map(|line| at.config.quote(line))
        .find(|quote| quote.text.contains(words))?;
    Some(Evidence::of(&at.config.path, &held, shows))
}

/// Version 5 never pulls for the cache, so such a line is enough where the version is not printed.
fn is_old(note: &CiNote) -> bool {
    match note.kind {
        NoteKind::ComposePluginVersion => major(&note.value).is_some_and(|major| major < 5),
        NoteKind::ComposePluginPullsCache | NoteKind::ComposePluginPullFailed => true,
        _ => false,
    }
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split(['.', '-']).next()?.parse().ok()
}

fn pull_failed(run: &Run) -> bool {
    run.notes.iter().any(|n| n.kind == NoteKind::ComposePluginPullFailed)
}

fn finding(study: &Study, runs: &[&Run]) -> Option<Finding> {
    let last = runs.last()?;
    // In the first build the image is not there yet; where the newest run pulls it, nothing failed
    // for long.
    let failed = pull_failed(last);
    let site = last.builds.last().map(|build| Site::of(study, last, build)).unwrap_or_default();
    let title = if failed {
        "the docker-compose plugin could not pull its cache image: the build has no cache"
    } else {
        META.title
    };
    let first_build = not_ruled_out("the first build of a branch (the image may not be there yet)");
    Some(Finding {
        rule: META.id,
        severity: if failed { Severity::Warning } else { Severity::Note },
        confidence: Confidence::Proven,
        title: title.to_owned(),
        cause:
            "Version 4 of the plugin has no cache importer: it pulls the images of `cache-from` \
            and lets the builder find them locally."
                .to_owned(),
        evidence: Proof::from_lines(runs.iter().flat_map(|run| lines(run)).take(12).collect())?
            .seen_in(
                runs.iter().flat_map(|run| run.builds.iter().map(|build| LogPlace::of(run, build))),
            ),
        fix: fix(&others(last, &site), &Site { form: Form::ComposePlugin, capable: false, ..site }),
        impact: cost_of(
            runs.iter().filter(|run| failed && pull_failed(run)).flat_map(|run| &run.builds),
        ),
        rules_out: failed.then_some(first_build).into_iter().collect(),
        subject: "docker-compose plugin".to_owned(),
    })
}

fn lines(run: &Run) -> Vec<Evidence> {
    run.notes
        .iter()
        .filter(|n| is_old(n))
        .take(3)
        .map(|n| Study::quote(run, &n.quote, shows(n.kind)))
        .collect()
}

fn shows(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::ComposePluginPullFailed => "this image is not used as a cache",
        NoteKind::ComposePluginPullsCache => "the plugin pulls an image to use it as cache",
        _ => "version of the plugin",
    }
}

/// Services of the step that the block to paste does not name.
fn others(run: &Run, site: &Site) -> Vec<String> {
    let named = run.builds.iter().filter_map(|build| build.target.as_deref());
    let all: BTreeSet<&str> = named.filter(|name| Some(*name) != site.target.as_deref()).collect();
    all.into_iter().map(|name| format!("`{name}`")).collect()
}

fn fix(others: &[String], site: &Site) -> Fix {
    let base = remedy::registry_max(site);
    let moved = [
        "`image-repository` and `image-name` are gone in version 5: name the image in `push:`.",
        "Groups and separators in `cache-from` are gone too; list the references, BuildKit looks \
            in all of them.",
    ];
    let more = (!others.is_empty()).then(|| {
        format!(
            "The block names one service; add the others to each of its lists: {}.",
            others.join(", ")
        )
    });
    Fix {
        summary: "move to version 5 of the plugin, with a builder and a registry cache".to_owned(),
        steps: base.steps.into_iter().chain(moved.map(str::to_owned)).chain(more).collect(),
        ..base
    }
}

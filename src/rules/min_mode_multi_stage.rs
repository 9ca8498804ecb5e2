//! A cache of its own in `mode=min`: it holds the final stage only, as an inline cache does.

use super::past::Past;
use super::planned;
use super::remedy::{self, At, Site, reference};
use super::unstored_stage::{self, StageWords};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Severity, not_ruled_out, to_decide};
use crate::model::{Build, CacheKind, CacheSpec, Command, Found, Run, Transfer};

pub(super) struct MinModeMultiStage;

static META: RuleMeta = RuleMeta {
    id: "min-mode-multi-stage",
    title: "the cache is exported in mode=min and stores the final stage only",
    group: "Multi-stage and inline",
    severity: Severity::Warning,
    what: "A build of several stages exports a registry, gha, local, S3 or Azure cache; a change \
        in a build stage reruns all its steps, including those before the change, while steps of \
        the final stage come from the cache; or, where the final stage begins with a copy out of \
        that stage, such a run takes nothing from the cache. In the configuration, where no log \
        tells more: an export without `mode=max`, and a Dockerfile with stages that are no part of \
        the image.",
    why: "mode=min is the default and stores only the layers of the final image. Nothing of the \
        build stages can be found again. The mode is never printed, and a misspelt one silently \
        means min.",
    fix: "Write `mode=max` in `--cache-to`.",
    rules_out: "Changed base images and instructions of the stage, failed imports, stages that are \
        sometimes partly cached (then they are stored), `--no-cache`, a `mode=max` on the command \
        line. If no step of the final stage can be found, several such runs are needed, with a \
        command line or configuration that names the mode; without those, a fully cached run in \
        between makes it suspected. A single log is a note: the mode is not printed, and a changed \
        base image of the stage looks the same. A Dockerfile given with --config makes it proven \
        as it does for inline-cache-multi-stage.",
    limits: "The mode is never printed; unless the command line shows it, it follows from which \
        steps are missing.",
    example: include_str!("examples/min-mode-multi-stage.txt"),
    references: &["https://docs.docker.com/build/cache/backends/#cache-mode"],
    since: "0.1.0",
};

impl Rule for MinModeMultiStage {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        unstored_stage::check(study, finding, written)
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let mut seen = unstored_stage::rebuilt(past);
    seen.retain(|r| past.get(r.at).is_some_and(|(run, build)| may_be_min(run, build)));
    seen.retain(|r| !holds_stages(past, r.at));
    let last = seen.last()?;
    let (run, build) = past.get(last.at)?;
    let site = Site::of(past.study, run, build);
    let export = build.exports.iter().find(|e| own_cache(e))?;
    let asked = site.at.map(|at| &at.place.command);
    let other = past.all_commands().any(reads_another) || asked.is_some_and(|c| says_max([c]));
    if other && unstored_stage::is_blind(&seen) {
        return None;
    }
    let words = StageWords {
        meta: &META,
        severity: if seen.iter().any(|r| r.compared) { META.severity } else { Severity::Note },
        store: "the exported cache",
        fix: remedy::max_mode(&site),
        subject: site.cache.clone(),
        written: Some(Study::quote(run, &export.header, "the cache is exported")),
        certain: seen.iter().filter_map(|r| past.get(r.at)).all(|(run, build)| {
            asks_for_min(run.commands_of(build)) || asked.is_some_and(|c| asks_for_min([c]))
        }),
    };
    let certain = words.certain;
    let found = unstored_stage::finding(past, &seen, words)?;
    let shared = !certain && past.study.reads.are_shared(past.at);
    Some(if shared { doubted(found) } else { found })
}

/// What another build replaced looks like what was not stored.
fn doubted(found: Finding) -> Finding {
    let rival = "another build of these logs that writes its cache to the same reference";
    let rules_out = found.rules_out.into_iter().chain([not_ruled_out(rival)]).collect();
    Finding { confidence: Confidence::Suspected, rules_out, ..found }
}

/// The build exports a cache whose mode is not known to be `max`, and had one; what its command
/// line says of the mode needs no hit to show it.
fn may_be_min(run: &Run, build: &Build) -> bool {
    let commands = run.commands_of(build);
    let had_one = build.imports.is_empty() || build.found() == Found::Yes;
    let shown = had_one || asks_for_min(commands);
    shown && build.exports.iter().any(own_cache) && !says_max(commands)
}

/// Another build finds its stages in the cache that this one imports.
fn holds_stages(past: &Past, i: usize) -> bool {
    let imports = past.imports(i).into_iter();
    let mut names = imports.filter_map(|import| import.reference.as_deref());
    names.any(|name| past.study.reads.holds_stages(past.study, past.at, name))
}

/// The configuration alone: the export names no `mode=max`, and the Dockerfile has inner stages.
fn written(study: &Study, at: At) -> Option<Finding> {
    let mut exports = own(&at.place.command.cache_to);
    let export = exports.next()?;
    if exports.next().is_some() || !says_min(export) {
        return None;
    }
    let inner = planned::inner(study, at)?;
    let site = Site::written(at);
    let words = planned::Words {
        title: format!(
            "the cache is exported in mode=min and will never hold {}",
            inner.described()
        ),
        cause: format!(
            "`{}` {} stores the layers of the image only; {} {} not part of it, {}.",
            export.raw,
            match export.get("mode") {
                Some("min") => "exports in mode=min, which",
                _ => "names no mode=max. The default, mode=min,",
            },
            inner.names(),
            if inner.stages.len() == 1 { "is" } else { "are" },
            inner.effect()
        ),
        fix: remedy::max_mode(&site),
        rules_out: vec![to_decide(planned::COSTS)],
        subject: site.cache,
    };
    let lines = at.evidence("the cache is exported").into_iter().chain(inner.evidence());
    planned::finding(&META, inner.severity(META.severity), lines.collect(), words)
}

/// A mode or a whole specification in a variable is not known.
fn says_min(spec: &CacheSpec) -> bool {
    match spec.get("mode") {
        Some(mode) => mode != "max" && !mode.contains('$'),
        None => !spec.is_hidden() && !spec.raw.starts_with('$'),
    }
}

fn own_cache(export: &Transfer) -> bool {
    export.kind != CacheKind::Inline && export.error.is_none()
}

/// The exports are written down, and no mode but `min`: that is the default.
fn asks_for_min<'a>(commands: impl IntoIterator<Item = &'a Command>) -> bool {
    let mut exports = commands.into_iter().flat_map(|c| own(&c.cache_to)).peekable();
    exports.peek().is_some() && exports.all(says_min)
}

/// References are imported, and others exported: what is imported need not be what was stored.
fn reads_another(command: &Command) -> bool {
    let names = |specs: &'_ [CacheSpec]| {
        own(specs).filter_map(|spec| spec.get("ref")).map(str::to_owned).collect()
    };
    let (from, to): (Vec<String>, Vec<String>) =
        (names(&command.cache_from), names(&command.cache_to));
    let read = |name: &String| from.iter().any(|from| reference::same(from, name));
    !from.is_empty() && !to.is_empty() && !to.iter().any(read)
}

fn own(specs: &[CacheSpec]) -> impl Iterator<Item = &CacheSpec> {
    specs.iter().filter(|spec| spec.kind() != CacheKind::Inline)
}

fn says_max<'a>(commands: impl IntoIterator<Item = &'a Command>) -> bool {
    commands.into_iter().flat_map(|c| &c.cache_to).any(|spec| spec.get("mode") == Some("max"))
}

//! A `type=local` cache directory that is not there.

mod damaged;
mod silent;
mod unsaved;
mod written;

use foldhash::HashMap;

use super::backend::cost_of;
use super::{Cause, Effect, Rule, RuleMeta, Study};
use super::{past, planned};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, LogPlace, Proof, Severity, not_ruled_out,
};
use crate::model::{
    Build, BuildOutcome, CacheKind, CacheOperation, CacheOutcome, Outcome, Quote, Run,
};
use crate::series::Series;

pub(super) struct LocalCacheMissing;

static META: RuleMeta = RuleMeta {
    id: "local-cache-missing",
    title: "the directory of the local cache is missing",
    group: "No cache in use",
    severity: Severity::Error,
    what: "The client warns `local cache import at DIR skipped` or `not found`: there is no cache \
        in that directory, or it may not be read, or a file of it was deleted. JSON status holds no \
        such warning: there each run stores a local cache, and none imports one. Without a log: a local cache on a machine that is new in each run, \
        whose directory nothing else in the file names; or a cache that is written beside the \
        directory that the CI's cache keeps (`dest=DIR-new`) and never moved there; or a cache of \
        GitLab that stores nothing of the directory.",
    why: "The build goes on without a cache, and the warning comes after its output. On a CI agent \
        the directory is empty in each run unless something restores it.",
    fix: "Persist the directory with the CI's own cache between runs, or use a registry cache.",
    rules_out: "The directory cannot exist before a run has stored a cache in it: if runs store \
        one, only later runs are reported.",
    limits: "The directory is the client's; a build log does not say what clears it between runs.",
    example: include_str!("examples/local-cache-missing.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/local/",
        "moby/buildkit client/solve.go",
    ],
    since: "0.1.0",
};

impl Rule for LocalCacheMissing {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Of(Effect::LostCiCache), Cause::Rule("ci-cache-never-restored")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let saved = Saved::of(study);
        let mut seen: Vec<Finding> =
            study.series.iter().flat_map(|series| of_series(study, series, &saved)).collect();
        seen.extend(past::judge(study, silent::finding));
        let written = |at| unsaved::finding(at).or_else(|| written::finding(at));
        let mut found = planned::with_undecided(study, seen, |past| past.len() > 1, written);
        found.extend(damaged::findings(study));
        found
    }
}

/// The newest runs that found the cache, where whatever kept it from being kept is mended.
const OVER: usize = 3;

/// One run of a series that warned.
struct Missed<'a> {
    run: &'a Run,
    build: &'a Build,
    quote: &'a Quote,
    /// A build before it stored a cache in a directory.
    stored: bool,
}

impl Missed<'_> {
    /// buildctl prints nothing behind the last step of a build without an output, and its warnings
    /// before the first (`time="…" level=warning msg="local cache import at …`).
    fn shows_all(&self) -> bool {
        let silent = self.quote.text.starts_with("time=\"") && self.quote.line < self.build.line;
        let ended = self.build.steps.iter().all(|s| s.outcome != Outcome::Unknown);
        self.build.whole() || silent && ended && !self.build.headless
    }
}

/// The first run that saved each of the CI's caches.
struct Saved<'a>(HashMap<&'a str, usize>);

impl<'a> Saved<'a> {
    fn of(study: &'a Study) -> Self {
        let mut first = HashMap::default();
        for (at, run) in study.runs.iter().enumerate() {
            for entry in &run.ci_caches {
                if entry.operation == CacheOperation::Save && entry.outcome == CacheOutcome::Saved {
                    first.entry(entry.name.as_str()).or_insert(at);
                }
            }
        }
        Self(first)
    }

    /// The run asked the CI for a cache that no run before it had saved. `GitLab` has one for
    /// protected branches and one for the others (`docker-protected`, `docker-non_protected`).
    fn lacks_what_was_asked(&self, at: usize, run: &Run) -> bool {
        run.ci_caches.iter().any(|entry| {
            entry.operation == CacheOperation::Restore
                && entry.outcome == CacheOutcome::Miss
                && self.0.get(entry.name.as_str()).is_none_or(|first| *first >= at)
        })
    }
}

fn of_series(study: &Study, series: &Series, saved: &Saved) -> Vec<Finding> {
    let mut directories: Vec<(&str, Vec<Missed>)> = Vec::new();
    let mut stored = false;
    for &at in &series.builds {
        let Some((run, build)) = study.run_of(at).zip(study.build(at)) else { continue };
        let (before, new_key) = (stored, saved.lacks_what_was_asked(at.run, run));
        stored |= writes(build);
        if build.imported() {
            continue; // Another cache of the list is well.
        }
        for quote in build.warnings.iter().filter(|quote| !damaged::is_damaged(&quote.text)) {
            let Some(directory) = directory(&quote.text) else { continue };
            let mut missed = Missed { run, build, quote, stored: before };
            missed.stored &= !new_key || other_directory(&missed, directory).is_some();
            match directories.iter_mut().find(|(name, _)| *name == directory) {
                Some((_, all)) => all.push(missed),
                None => directories.push((directory, vec![missed])),
            }
        }
    }
    let found = study.members(series).any(|(_, build)| finds(build));
    let builds: Vec<&Build> = study.members(series).map(|(_, build)| build).collect();
    if builds.len() > OVER && builds.iter().rev().take(OVER).all(|build| finds(build)) {
        return Vec::new();
    }
    // A build that is cut or cancelled may be no part of the series that it belongs to.
    directories.retain(|(name, missed)| stored || !is_written_elsewhere(study, name, missed));
    // Gone once and found in other runs: one more machine, or a cleanup. The newest run is what is
    // asked about.
    let newest = builds.last().copied();
    let is_newest = |missed: &Missed| newest.is_some_and(|build| std::ptr::eq(build, missed.build));
    directories.retain(|(_, missed)| {
        let stored = || missed.iter().filter(|m| m.stored);
        !found || stored().count() > 1 || stored().any(is_newest)
    });
    directories.iter().filter_map(|(directory, missed)| finding(directory, missed, found)).collect()
}

/// `WARNING: local cache import at /cache skipped due to err: could not read /cache/index.json: …`,
/// `… at /cache not found due to err: …` (client/solve.go).
fn directory(warning: &str) -> Option<&str> {
    let (_, rest) = warning.split_once("local cache import at ")?;
    rest.split_once(" skipped")
        .or_else(|| rest.split_once(" not found"))
        .map(|(directory, _)| directory)
}

/// The directories that the command lines export to, where none of them is this one: the first.
fn other_directory<'a>(missed: &Missed<'a>, directory: &str) -> Option<&'a str> {
    let commands = missed.run.commands_of(missed.build);
    let exports = commands.iter().flat_map(|command| &command.cache_to);
    let local = exports.filter(|spec| spec.kind() == CacheKind::Local);
    let mut directories = local.filter_map(|spec| spec.get("dest"));
    let first = directories.clone().next()?;
    let same = |dest: &str| is_same_directory(dest, directory);
    (!directories.any(same)).then_some(first)
}

/// The command line exports to this directory.
fn exports_to(missed: &Missed, directory: &str) -> bool {
    let commands = missed.run.commands_of(missed.build);
    let mut exports = commands.iter().flat_map(|command| &command.cache_to);
    exports.any(|spec| spec.get("dest").is_some_and(|dest| is_same_directory(dest, directory)))
}

/// The command line of another run exports to the directory.
fn is_written_elsewhere(study: &Study, directory: &str, missed: &[Missed]) -> bool {
    let own = |run: &Run| missed.iter().any(|m| std::ptr::eq(m.run, run));
    let others = study.runs.iter().filter(|run| !own(run));
    let mut specs = others.flat_map(|run| &run.commands).flat_map(|command| &command.cache_to);
    specs.any(|spec| spec.get("dest").is_some_and(|dest| is_same_directory(dest, directory)))
}

fn is_same_directory(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn writes(build: &Build) -> bool {
    build.exports.iter().any(|e| e.kind == CacheKind::Local && e.ok())
}

fn finds(build: &Build) -> bool {
    build.imports.iter().any(|i| i.kind == CacheKind::Local && i.ok())
}

fn finding(directory: &str, missed: &[Missed], found: bool) -> Option<Finding> {
    let written = missed.iter().any(|m| m.stored);
    // The build that makes the directory cannot find it; and the export may be what a cut log
    // lacks.
    if !written && missed.iter().any(|m| writes(m.build) || !m.shows_all()) {
        return None;
    }
    // A cache is exported behind the last step: a build that ends before stores none, wherever.
    let stopped = |build: &Build| {
        let ended = matches!(build.outcome, BuildOutcome::Failed | BuildOutcome::Canceled);
        ended && build.exports.iter().all(|e| e.kind == CacheKind::Inline)
    };
    if !written && missed.iter().all(|m| stopped(m.build)) {
        return None;
    }
    let Judged { confidence, title, cause, doubt } = judge(directory, missed, written, found);
    let lines: Vec<Evidence> = missed
        .iter()
        .rev()
        .take(12)
        .rev()
        .map(|m| Study::quote(m.run, m.quote, "no cache in the directory"))
        .collect();
    Some(Finding {
        rule: META.id,
        severity: if !found && (written || missed.len() > 1) {
            Severity::Error
        } else {
            Severity::Warning
        },
        confidence,
        title,
        cause: cause.to_owned(),
        evidence: Proof::from_lines(lines)?
            .seen_in(missed.iter().map(|one| LogPlace::of(one.run, one.build))),
        fix: fix(directory),
        impact: cost_of(missed.iter().filter(|m| m.stored == written).map(|m| m.build)),
        rules_out: doubt.into_iter().collect(),
        subject: directory.to_owned(),
    })
}

/// How sure it is, and what is said of it.
struct Judged {
    confidence: Confidence,
    title: String,
    cause: &'static str,
    doubt: Option<Alternative>,
}

fn judge(directory: &str, missed: &[Missed], written: bool, found: bool) -> Judged {
    let elsewhere = missed.iter().rev().find_map(|m| other_directory(m, directory));
    match (written, found, elsewhere) {
        (true, false, Some(elsewhere)) => Judged {
            confidence: Confidence::Likely,
            title: format!(
                "the cache is written to {elsewhere}, and there is none in {directory}, where it \
                    is imported from"
            ),
            cause: "Runs store their cache in one directory and look for it in another. Either \
                nothing moves it there, or that directory is not kept between runs.",
            doubt: Some(not_ruled_out("a command that moves it and is not in the logs")),
        },
        (true, false, None) if !missed.iter().any(|m| exports_to(m, directory)) => Judged {
            confidence: Confidence::Likely,
            title: format!(
                "each run stores a local cache, and there is none in {directory}, where it is \
                    imported from"
            ),
            cause: "Runs store a cache in a directory that the logs do not name, and the next run \
                finds none where it looks: the directory is not kept between runs, or the export \
                goes to another one that nothing moves there.",
            doubt: None,
        },
        (true, false, None) => Judged {
            confidence: Confidence::Proven,
            title: format!("the cache in {directory} is written by each run and gone in the next"),
            cause: "Runs store their cache in this directory, and the next run does not find it: \
                the directory is not kept between runs.",
            doubt: None,
        },
        (true, true, _) => Judged {
            confidence: Confidence::Suspected,
            title: format!("the cache in {directory} is there in some runs only"),
            cause: "Runs store their cache in this directory, and some of the later runs find it, \
                others do not.",
            doubt: Some(not_ruled_out(
                "several machines that keep a directory each, or several jobs",
            )),
        },
        (false, _, _) => Judged {
            confidence: Confidence::Likely,
            title: format!("there is no cache in {directory}"),
            cause: "The build imports a cache from this directory, and no run in the input writes \
                one there.",
            doubt: Some(not_ruled_out(
                "another job that writes the directory (its log would show it)",
            )),
        },
    }
}

fn fix(directory: &str) -> Fix {
    Fix {
        summary: format!("keep {directory} between runs, or use a registry cache"),
        steps: vec![
            format!(
                "Restore {directory} with the CI's own cache before the build and save it \
                after; export to a second directory and move it into place, as the cache otherwise \
                only grows."
            ),
            "The path is the client's, not the builder's: import and export have to name the same \
                directory of the build host."
                .to_owned(),
            "A registry cache (`type=registry`) needs no directory and no CI cache.".to_owned(),
        ],
        snippet: Some(format!(
            "docker buildx build \\\n  --cache-from type=local,src={directory} \
            \\\n  --cache-to type=local,dest={directory}-new,mode=max …\nrm -rf {directory} && mv \
            {directory}-new {directory}"
        )),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    const WARNING: &str = "WARNING: local cache import at /cache skipped due to err: could not \
        read /cache/index.json: open /cache/index.json: no such file or directory";

    #[test]
    fn a_directory_that_is_there_in_some_runs_is_suspected_when_it_is_gone_twice() {
        let missed = || made().miss("RUN a").export(CacheKind::Local, None).warning(WARNING);
        let found = || made().import("local:1", None).export(CacheKind::Local, None);
        assert!(
            LocalCacheMissing.check(&of(vec![missed(), found(), missed(), found()])).is_empty()
        );
        let twice =
            LocalCacheMissing.check(&of(vec![missed(), found(), missed(), found(), missed()]));
        assert_eq!((twice.len(), twice[0].confidence), (1, Confidence::Suspected));
    }

    #[test]
    fn fires_when_nothing_writes_it() {
        let old = "WARNING: local cache import at /cache not found due to err: could not read \
            /cache/index.json";
        assert_eq!(LocalCacheMissing.check(&of(vec![made().warning(old)])).len(), 1);
    }

    #[test]
    fn leaves_the_run_that_makes_the_directory() {
        let first = || made().export(CacheKind::Local, None).warning(WARNING);
        assert!(LocalCacheMissing.check(&of(vec![first()])).is_empty());
        assert!(
            LocalCacheMissing.check(&of(vec![first(), made().import("local:1", None)])).is_empty()
        );
        // Another build of the job came before, with another cache.
        assert!(LocalCacheMissing.check(&of(vec![made().miss("RUN a"), first()])).is_empty());
    }
}

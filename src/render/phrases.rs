//! What several formats say in the same words: what a cause cost, what was found, what was read.
//!
//! Knows no layout. The words are ours or numbers; nothing here comes from a log.

use std::borrow::Cow;

use super::Report;
use super::units::{count, duration, grouped};
use crate::finding::{Finding, Impact, Severity};
use crate::model::{Build, Outcome, Step};
use crate::rules;
use crate::triage::{Assessment, Unknown, Verdict, Wanted, rebuilt};

/// `15 steps ran again in 3 runs: up to 2 min 30 s per run, 7 min 30 s in total`; empty where
/// nothing was measured.
pub(super) fn costs(impact: Impact) -> String {
    let ran = (impact.steps > 0).then(|| format!("{} ran again", count(impact.steps, "step")));
    let place = (impact.runs > 0).then(|| format!("in {}", count(impact.runs, "run")));
    // Below a tenth of a second nothing can be said to be lost.
    let time = (impact.seconds >= 0.05).then(|| time(impact));
    if ran.is_none() && time.is_none() {
        return String::new();
    }
    let start: Vec<_> = ran.into_iter().chain(place).collect();
    let parts: Vec<_> =
        Some(start.join(" ")).filter(|s| !s.is_empty()).into_iter().chain(time).collect();
    parts.join(": ")
}

fn time(impact: Impact) -> String {
    let all = duration(impact.seconds);
    match u32::try_from(impact.runs) {
        Ok(runs @ 2..) => {
            format!("up to {} per run, {all} in total", duration(impact.seconds / f64::from(runs)))
        }
        _ => format!("up to {all}"),
    }
}

/// The page that documents the fix.
pub(super) fn source(finding: &Finding) -> Option<&'static str> {
    rules::by_id(finding.rule)?.meta().source()
}

/// The report in one line.
pub(super) fn headline(report: &Report) -> String {
    if report.study.runs.is_empty() {
        return without_logs(report);
    }
    let assessment = report.assessment();
    let found = || format!("{} in {} · {}", counted(report), runs(report), inputs(report));
    match (assessment.verdict, report.findings.is_empty()) {
        (Verdict::TooLittleToTell, true) if not_understood(report) && decided(report) == 0 => {
            healthy(report)
        }
        (Verdict::TooLittleToTell, true) => too_little(report, &assessment),
        (Verdict::TooLittleToTell, false) => {
            format!("{}. {}", found(), too_little(report, &assessment))
        }
        (Verdict::NothingRead, true) => no_build(report),
        (Verdict::Healthy, true) => healthy(report),
        (_, _) => found(),
    }
}

/// Only the configuration was judged, or there was nothing at all.
fn without_logs(report: &Report) -> String {
    let files = count(report.study.configs.len(), "configuration file");
    match (report.study.configs.is_empty(), report.findings.is_empty()) {
        (true, _) => "Nothing could be read.".to_owned(),
        (false, true) => {
            format!("Nothing wrong found in {files}. No log was given: a log shows more.")
        }
        (false, false) => format!("{} in {files} · no log was given", counted(report)),
    }
}

/// What to say where a log holds no build.
pub(super) fn no_build(report: &Report) -> String {
    if not_understood(report) {
        return format!(
            "No build could be read in {}, though there is something like one.",
            inputs(report)
        );
    }
    format!(
        "No Docker build found in {}. Is this the log of the step that builds the image?",
        inputs(report)
    )
}

/// Something in a log looks like a build and could not be read: the problems say what.
pub(super) fn not_understood(report: &Report) -> bool {
    report.study.runs.iter().any(|run| run.earlier.is_none() && !run.problems.is_empty())
}

/// Builds in the background of one job: `docker build a & docker build b & wait`, `make -j2`.
const TANGLED: &str = "several builds print into one log at the same time, and their steps cannot \
    be told apart; give each a log of its own, or keep their lines together (`make -O`)";

/// What to say where nothing is wrong.
pub(super) fn healthy(report: &Report) -> String {
    let builds = || report.study.runs.iter().flat_map(|run| &run.builds);
    let hits: usize = builds().map(Build::hits).sum();
    let total = decided(report);
    let steps = if total == 0 {
        "no step that a cache could serve".to_owned()
    } else {
        format!("{} of {} from the cache", grouped(hits), count(total, "step"))
    };
    match (not_understood(report), total) {
        (true, 0) => {
            let why = if builds().any(|build| build.tangled) {
                TANGLED
            } else if builds().flat_map(|build| &build.steps).any(has_failed) {
                "of its steps the log has only what failed"
            } else {
                "no line says what became of a step"
            };
            return format!("Not understood: {}: {why}.", runs(report));
        }
        (true, _) => {
            return format!(
                "Not everything could be read: no trouble in the rest, {}, {steps}.",
                runs(report)
            );
        }
        _ => {}
    }
    format!("No cache trouble found: {}, {steps}.", runs(report))
}

fn has_failed(step: &Step) -> bool {
    step.outcome == Outcome::Failed
}

/// Steps of which it is known what became of them.
fn decided(report: &Report) -> usize {
    report.study.runs.iter().flat_map(|run| &run.builds).map(Build::total).sum()
}

/// What to say where steps ran for a reason that nothing tells, and what would tell it.
pub(super) fn too_little(report: &Report, assessment: &Assessment) -> String {
    let series = assessment.open.iter().filter_map(|at| report.study.series.get(*at));
    let newest: Vec<&Build> =
        series.filter_map(|series| report.study.build(*series.builds.last()?)).collect();
    let ran: usize = newest.iter().map(|build| rebuilt(build).count()).sum();
    let total: usize = newest.iter().map(|build| build.total()).sum();
    let where_ = match (report.study.series.len(), assessment.open.len()) {
        (1, _) => String::new(),
        (all, open) if all == open => format!(" of {}", count(all, "build")),
        (all, open) => format!(" of {} of {}", grouped(open), count(all, "build")),
    };
    let why = match assessment.unknown(&report.study) {
        Unknown::ProvenLost => ", and nothing shows why results of an earlier run were not found",
        Unknown::NothingToImport => ", and no cache was there to import, as in a first run",
        Unknown::Reason if report.findings.is_empty() => ", and the logs do not show why",
        Unknown::Reason => ", and no finding explains that",
    };
    let seen = match total {
        0 if newest.iter().any(|build| build.tangled) => {
            return format!("Too little to tell: {TANGLED}.");
        }
        0 if newest.iter().all(|build| build.headless && build.steps.is_empty()) => {
            format!("the log{where_} begins inside the build, and none of its steps is in it")
        }
        0 => format!("no step{where_} was reached that a cache could serve"),
        _ => format!("{} of {}{where_} ran{why}", grouped(ran), count(total, "step")),
    };
    format!("Too little to tell: {seen}. To find out, give {}.", wanted(&assessment.wanted))
}

/// `earlier logs of the same job (or use --history FILE.db), and the Dockerfile (--config DIR)`.
fn wanted(wanted: &[Wanted]) -> String {
    let words = wanted.iter().map(|wanted| match wanted {
        Wanted::EarlierRuns => "earlier logs of the same job (or keep them with --history FILE.db)",
        Wanted::SameCommit => "logs of two runs of the same commit",
        Wanted::Dockerfile => "the Dockerfile (--config DIR)",
    });
    words.collect::<Vec<_>>().join(", and ")
}

/// The title of a finding, and whether it is in the baseline.
pub(super) fn title<'a>(report: &Report, finding: &'a Finding) -> Cow<'a, str> {
    if report.is_known(finding) {
        format!("known: {}", finding.title).into()
    } else {
        Cow::Borrowed(&finding.title)
    }
}

/// `1 error, 2 warnings`, with a baseline also how many of them are new.
pub(super) fn counted(report: &Report) -> String {
    let kinds = kinds(report);
    if report.baseline.is_none() && report.against.is_none() {
        return kinds;
    }
    format!("{kinds} ({} new)", grouped(report.fresh().count()))
}

fn kinds(report: &Report) -> String {
    let kinds =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let words = kinds.iter().filter_map(|&(severity, word)| {
        let number = report.findings.iter().filter(|f| f.severity == severity).count();
        (number > 0).then(|| count(number, word))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `6 runs of 1 build`: a log may hold several runs of a build, one after another.
pub(super) fn runs(report: &Report) -> String {
    let runs = report.study.runs.iter().map(|run| run.builds.len()).sum::<usize>();
    match report.study.series.len() {
        0 => count(runs.max(report.study.runs.len()), "run"),
        builds => format!("{} of {}", count(runs, "run"), count(builds, "build")),
    }
}

/// `6 logs, 312 lines`; a log with several jobs is one log.
pub(super) fn inputs(report: &Report) -> String {
    let mut sources: Vec<&str> = report.study.runs.iter().map(|run| run.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let lines: u64 = report.study.runs.iter().map(|run| run.lines).sum();
    format!(
        "{}, {}",
        count(sources.len(), "log"),
        count(usize::try_from(lines).unwrap_or(usize::MAX), "line")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn configuration_alone_is_something() {
        let config = Config::read("bitbucket-pipelines.yml", "pipelines: {}\n").unwrap().unwrap();
        let mut report = Report::default();
        assert_eq!(headline(&report), "Nothing could be read.");
        report.study.configs.push(config);
        assert!(headline(&report).starts_with("Nothing wrong found in 1 configuration file."));
        report.findings = crate::render::samples::multi_stage().findings;
        assert!(headline(&report).ends_with("in 1 configuration file · no log was given"));
    }

    #[test]
    fn costs_say_what_was_measured_only() {
        let say = |steps, seconds, runs| costs(Impact { steps, seconds, runs });
        assert_eq!(
            say(15, 450.0, 3),
            "15 steps ran again in 3 runs: up to 2 min 30 s per run, 7 min 30 s in total"
        );
        assert_eq!(say(0, 450.0, 1), "in 1 run: up to 7 min 30 s");
        assert_eq!(say(1, 0.0, 0), "1 step ran again");
        assert_eq!((say(0, 0.0, 0), say(0, 0.0, 2)), (String::new(), String::new()));
    }
}

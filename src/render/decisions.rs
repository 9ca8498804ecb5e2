//! What a project decided, in the words of all formats: gates, the baseline, what is hidden.
//!
//! Names, reasons and steps are the project's words or a log's: they are still to be escaped.

use super::units::{count, grouped};
use super::{Against, Report};
use crate::finding::Finding;
use crate::triage::{Gate, Ignore, Judged, Known};

/// One gate: `--min-hit-rate 60`, and why it is not passed, a build a line.
pub(super) struct GateSaid {
    pub(super) passed: bool,
    pub(super) asked: String,
    /// How many builds are good: `, in 3 builds`; empty where it is not passed.
    pub(super) of: String,
    pub(super) lines: Vec<String>,
}

/// All gates, in the order asked.
pub(super) fn gates(report: &Report) -> Vec<GateSaid> {
    report.gates.iter().map(gate).collect()
}

fn gate(gate: &Gate) -> GateSaid {
    let quote = if gate.asked.contains(' ') { "'" } else { "" };
    let asked = format!("--{} {quote}{}{quote}", gate.name, gate.asked);
    let builds = |good: Option<bool>| gate.builds.iter().filter(move |build| build.good == good);
    let line = |build: &Judged| format!("{}: {}", build.build, build.says);
    let unmeasured = (!gate.unmeasured.is_empty()).then(|| gate.unmeasured.clone());
    let good = builds(Some(true)).count();
    let of = if gate.passed { format!(", in {}", count(good, "build")) } else { String::new() };
    GateSaid {
        passed: gate.passed,
        asked,
        of,
        lines: unmeasured
            .into_iter()
            .chain(builds(Some(false)).map(line))
            .chain(builds(None).map(line))
            .collect(),
    }
}

/// What the baseline says, and the branch that it is held against, a line each; nothing where
/// there is neither. Names and subjects are still to be escaped.
pub(super) fn baseline(report: &Report) -> Vec<String> {
    let mut lines = kept(report);
    lines.extend(report.against.as_ref().map(|there| against(report, there)));
    lines
}

fn against(report: &Report, there: &Against) -> String {
    let branch = &there.branch;
    let Some(run) = &there.run else {
        return format!("no run of branch {branch} is remembered: every finding counts");
    };
    let (new, known) = (grouped(report.fresh().count()), grouped(there.known.len()));
    format!("branch {branch}, {run}: {new} new, {known} known")
}

fn kept(report: &Report) -> Vec<String> {
    let Some(baseline) = &report.baseline else { return Vec::new() };
    let (new, gone) = (report.fresh().count(), report.gone());
    let known = report.findings.len() - new;
    let first = format!(
        "{}: {} new, {} known, {} gone",
        baseline.name,
        grouped(new),
        grouped(known),
        grouped(gone.len())
    );
    std::iter::once(first).chain(gone.into_iter().map(no_more)).collect()
}

fn no_more(gone: &Known) -> String {
    let Known { rule, subject, build } = gone;
    if build.is_empty() || subject.contains(build) {
        return format!("gone: {rule} of {subject}");
    }
    format!("gone: {rule} of {subject} in {build}")
}

/// What is new since the job ran last, a line each; nothing where no runs are remembered. Titles
/// are still to be escaped.
pub(super) fn news(report: &Report) -> Vec<String> {
    let Some(news) = &report.news else { return Vec::new() };
    let known = report.findings.len().saturating_sub(news.new.len());
    let first = format!(
        "{} looked at; since the last one {} new, {} known, {} gone",
        count(news.runs, "earlier run"),
        grouped(news.new.len()),
        grouped(known),
        grouped(news.gone.len())
    );
    let is_new = |finding: &&Finding| report.is_new(finding) == Some(true);
    let new = report
        .findings
        .iter()
        .filter(is_new)
        .map(|finding| format!("new: {} of {}", finding.rule, finding.subject));
    let gone = news.gone.iter().map(|gone| format!("gone: {}, {}", gone.rule, gone.title));
    std::iter::once(first).chain(new).chain(gone).collect()
}

/// What hides how many findings, a line each:
/// `2 findings of cache-lost: nightly jobs start cold (cachediag.toml:3)`.
///
/// Reasons and places are the project's words, and still to be escaped.
pub(super) fn hidden(report: &Report) -> Vec<String> {
    let mut by: Vec<(&Ignore, usize)> = Vec::new();
    for hidden in &report.hidden {
        match by.iter_mut().find(|(known, _)| *known == &hidden.by) {
            Some((_, number)) => *number += 1,
            None => by.push((&hidden.by, 1)),
        }
    }
    let line = |(by, number): &(&Ignore, usize)| {
        format!("{} of {}: {} ({})", count(*number, "finding"), by.rule, by.reason.trim(), by.place)
    };
    by.iter().map(line).collect()
}

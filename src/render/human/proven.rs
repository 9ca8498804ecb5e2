//! Why steps of the newest run of each build ran, where files beside the logs prove it.

use unicode_width::UnicodeWidthStr;

use crate::finding::Confidence;
use crate::model::{EvidenceKind, Run};
use crate::render::page::{BOLD, DIM, TextPage, blanks};
use crate::render::units::count;
use crate::render::{Report, escape, names};
use crate::series::{Because, Difference, Miss, Misses, Proved, Series};

/// Builds that are told of, and steps of each.
const BUILDS: usize = 8;
const STEPS: usize = 8;
/// Widest text of a step.
const TEXT: usize = 40;

/// The newest run of one build.
pub(in crate::render) struct Proven {
    /// `why steps of run-2 ran: proven`
    pub(in crate::render) heading: String,
    /// Steps, each with the reason, and how many more there are.
    pub(in crate::render) steps: Vec<(String, String)>,
    pub(in crate::render) more: usize,
}

/// Of each build that files beside the logs tell something of.
pub(in crate::render) fn proven(report: &Report) -> Vec<Proven> {
    let each = report.study.series.iter().zip(&report.study.misses);
    each.filter_map(|(series, misses)| of_series(report, series, misses)).take(BUILDS).collect()
}

fn of_series(report: &Report, series: &Series, misses: &Misses) -> Option<Proven> {
    let (run, newest) = report.study.members(series).next_back()?;
    let last = series.builds.len().checked_sub(1)?;
    let mut steps: Vec<(String, String)> =
        misses.in_build(last, newest).filter_map(|found| step(&found)).collect();
    if steps.is_empty() {
        return None;
    }
    let more = steps.len().saturating_sub(STEPS);
    steps.truncate(STEPS);
    Some(Proven { heading: heading(report, series, run), steps, more })
}

pub(super) fn all(page: &TextPage, report: &Report) -> Vec<Vec<String>> {
    proven(report).iter().map(|build| lines(page, build)).collect()
}

fn lines(page: &TextPage, build: &Proven) -> Vec<String> {
    let mut lines = vec![page.paint(BOLD, &format!("  {}", build.heading))];
    let widest = build.steps.iter().map(|(text, _)| text.width()).max().unwrap_or(0);
    for (text, why) in &build.steps {
        let first = format!("  {text}{}  ", blanks(widest - text.width()));
        lines.extend(page.wrap(&first, &blanks(widest + 4), why));
    }
    if build.more > 0 {
        lines.push(page.paint(DIM, &format!("  … and {}", count(build.more, "more step"))));
    }
    lines
}

fn heading(report: &Report, series: &Series, run: &Run) -> String {
    let run = escape::line(&run.label);
    if report.study.series.len() > 1 {
        return format!("why steps of {} ran in {run}: proven", escape::line(&series.key));
    }
    format!("why steps of {run} ran: proven")
}

/// The step, and why it ran.
fn step(found: &Miss) -> Option<(String, String)> {
    let proved = found.proved.filter(|_| found.confidence == Confidence::Proven)?;
    let by: Vec<&str> = proved.told.iter().map(|kind| file(*kind)).collect();
    let why = format!("{} ({})", why(found, proved)?, by.join(", "));
    Some((escape::cut(&escape::line(&found.step.text), TEXT), why))
}

fn why(found: &Miss, proved: &Proved) -> Option<String> {
    let named: Vec<String> = proved.inputs.iter().map(|name| escape::line(name)).collect();
    let named = named.join(", ");
    Some(match found.because {
        Because::InputsChanged if named.is_empty() => "its files changed".to_owned(),
        Because::InputsChanged => format!("{named} changed"),
        Because::ArgumentChanged if named.is_empty() => operation(found),
        Because::ArgumentChanged => format!("the build argument {named} changed"),
        Because::InstructionChanged if proved.differs == Difference::Above => {
            "an ENV, USER, SHELL or ARG above it changed".to_owned()
        }
        Because::InstructionChanged => "the instruction changed".to_owned(),
        Because::OptionChanged => "an option of the build changed".to_owned(),
        Because::BaseChanged => "the base image changed".to_owned(),
        Because::NotStored => "nothing changed, and its result was not stored".to_owned(),
        Because::RecordLost => {
            "nothing changed, and its result, which an earlier run stored, was not found".to_owned()
        }
        Because::NotImported => "nothing changed, and the cache was not imported".to_owned(),
        Because::ImportFailed => "nothing changed, and the import failed".to_owned(),
        Because::CacheDisabled => "the cache was turned off".to_owned(),
        Because::FirstRun | Because::Unknown => return None,
    })
}

/// A digest tells that the operation is another one, and not which part of it.
fn operation(found: &Miss) -> String {
    let open: Vec<&str> = found.hidden.iter().map(names::key_part).collect();
    if open.is_empty() {
        return "the value of a build argument changed".to_owned();
    }
    format!("its operation changed: the value of a build argument, or {}", open.join(", or "))
}

/// What people call the file.
fn file(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::CacheConfig => "exported cache",
        EvidenceKind::DockerBuild => "build record",
        EvidenceKind::Provenance => "provenance",
        EvidenceKind::Metadata => "metadata file",
        EvidenceKind::Inspect => "inspected record",
        EvidenceKind::Metrics => "cache metrics",
        EvidenceKind::Store => "cache store",
        EvidenceKind::Checkout => "checkout",
    }
}

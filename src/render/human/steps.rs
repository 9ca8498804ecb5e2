//! The steps of a log that is alone: those that were rebuilt, the slowest first.
//!
//! One run does not show why a step ran. It does show which of them cost the time.

use unicode_width::UnicodeWidthStr;

use crate::model::{Build, Step};
use crate::render::page::{BOLD, DIM, TextPage, blanks};
use crate::render::units::{count, duration};
use crate::render::{Report, escape};
use crate::series::Series;
use crate::triage::rebuilt;

/// Builds of one log that get a table: with more, one row a build is what one can read.
const BUILDS: usize = 3;
/// Rows of one table.
const ROWS: usize = 12;
/// Width of what stands around a build's name.
const HEADING: usize = 36;
/// Widest name of a stage.
const STAGE: usize = 20;

pub(super) fn all(page: &TextPage, report: &Report) -> Vec<Vec<String>> {
    let built = report.study.runs.iter().filter(|run| !run.builds.is_empty()).count();
    if built > 1 || report.study.series.len() > BUILDS {
        return Vec::new();
    }
    let once = report.study.series.iter().filter(|series| series.builds.len() == 1);
    once.map(|series| of_series(page, report, series)).collect()
}

fn of_series(page: &TextPage, report: &Report, series: &Series) -> Vec<String> {
    let Some((_, build)) = report.study.members(series).next() else { return Vec::new() };
    let mut steps: Vec<&Step> = rebuilt(build).collect();
    if steps.is_empty() {
        return Vec::new();
    }
    // Of equally long ones the first in the log comes first.
    steps.sort_by(|a, b| seconds(b).total_cmp(&seconds(a)));
    let name = escape::cut(&escape::line(&series.key), page.width.saturating_sub(HEADING));
    let mut lines = vec![page.paint(BOLD, &format!("  steps of {name} that ran, slowest first"))];
    lines.extend(rows(page, steps.get(..ROWS).unwrap_or(&steps)));
    let rest = rest(build, steps.len().saturating_sub(ROWS));
    lines.extend(rest.map(|text| page.paint(DIM, &format!("  {text}"))));
    lines
}

fn seconds(step: &Step) -> f64 {
    step.seconds.unwrap_or_default()
}

fn rows(page: &TextPage, steps: &[&Step]) -> Vec<String> {
    let cells = steps.iter().map(|step| (time(step), stage(step), escape::line(&step.text)));
    let cells: Vec<(String, String, String)> = cells.collect();
    let time = cells.iter().map(|(time, ..)| time.width()).max().unwrap_or(0);
    let stage = cells.iter().map(|(_, stage, _)| stage.width()).max().unwrap_or(0);
    let lines = cells.iter().map(|(seconds, name, text)| {
        let start = format!("  {}{seconds}  ", blanks(time.saturating_sub(seconds.width())));
        let gap =
            if stage > 0 { blanks(stage.saturating_sub(name.width()) + 2) } else { String::new() };
        let room = page.width.saturating_sub(start.width() + name.width() + gap.width());
        format!("{start}{name}{gap}{}", escape::cut(text, room))
    });
    lines.collect()
}

/// The classic builder does not tell how long a step took.
fn time(step: &Step) -> String {
    step.seconds.map(duration).unwrap_or_default()
}

fn stage(step: &Step) -> String {
    let words = [&step.platform, &step.stage];
    let words: Vec<String> =
        words.iter().filter(|word| !word.is_empty()).map(|word| escape::line(word)).collect();
    escape::cut(&words.join(" "), STAGE)
}

/// What the rows leave out.
fn rest(build: &Build, hidden: usize) -> Option<String> {
    let more = (hidden > 0).then(|| format!("… and {}", count(hidden, "faster step")));
    let hits =
        (build.hits() > 0).then(|| format!("{} came from the cache", count(build.hits(), "step")));
    let parts: Vec<String> = more.into_iter().chain(hits).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

//! Steps against runs, for few builds: which step was answered from the cache, and when.

use unicode_width::UnicodeWidthStr;

use super::strip;
use crate::model::{Build, StepKind};
use crate::render::page::{BOLD, DIM, TextPage, blanks};
use crate::render::{Report, escape, units};
use crate::series::{self, Series, StepRow};

/// Series that get a matrix: with more, the table is what one can read.
const SERIES: usize = 3;
/// Rows of one matrix.
const ROWS: usize = 24;
/// Rows of a first look.
const FEW: usize = 10;
/// Width of what stands around a build's name.
const HEADING: usize = 24;
/// Widest names that are still laid out in full.
const STAGE: usize = 20;

pub(super) fn all(page: &TextPage, report: &Report) -> Vec<Vec<String>> {
    if report.study.series.len() > SERIES {
        return Vec::new();
    }
    let compared = report.study.series.iter().filter(|s| s.builds.len() > 1);
    compared.map(|s| of_series(page, report, s)).collect()
}

/// The only build of the input, where there is something to compare.
pub(super) fn only(report: &Report) -> Option<&Series> {
    let [series] = report.study.series.as_slice() else { return None };
    (series.builds.len() > 1 && !rows(report, series).is_empty()).then_some(series)
}

/// Its steps, with the figures that its line in the table would have.
pub(super) fn summed(page: &TextPage, report: &Report, series: &Series) -> Vec<String> {
    let builds = || report.study.members(series).map(|(_, build)| build);
    let (hits, total) = (builds().map(Build::hits).sum(), builds().map(Build::total).sum());
    let seconds: f64 = builds().map(Build::seconds_executed).sum();
    let figures = format!(
        "{} from the cache, {} executed",
        units::share(hits, total),
        units::duration(seconds)
    );
    let name = escape::cut(&escape::line(&series.key), page.width.saturating_sub(HEADING));
    let heading = format!("  steps of {name}, old → new");
    let in_one_line = heading.width() + 3 + figures.width() <= page.width;
    let heading = page.paint(BOLD, &heading);
    let mut lines = if in_one_line {
        vec![format!("{heading}   {figures}")]
    } else {
        vec![heading, format!("  {figures}")]
    };
    lines.extend(some(page, report, series, FEW));
    lines.push(page.paint(DIM, &format!("  {}", strip::STEP_MEANING)));
    lines
}

fn of_series(page: &TextPage, report: &Report, series: &Series) -> Vec<String> {
    let body = some(page, report, series, ROWS);
    if body.is_empty() { body } else { [heading(page, &series.key), body].concat() }
}

fn rows<'a>(report: &'a Report, series: &'a Series) -> Vec<StepRow<'a>> {
    let builds: Vec<&Build> = report.study.members(series).map(|(_, build)| build).collect();
    let mut rows = series::rows(&builds);
    rows.retain(|row| row.cells.iter().flatten().any(|s| s.kind == StepKind::Counted));
    rows
}

fn some(page: &TextPage, report: &Report, series: &Series, most: usize) -> Vec<String> {
    let mut rows = rows(report, series);
    let hidden = rows.len().saturating_sub(most);
    rows.truncate(most);
    let mut lines = body(page, &rows);
    if hidden > 0 {
        lines.push(page.paint(DIM, &format!("  … and {}", units::count(hidden, "more step"))));
    }
    lines
}

fn heading(page: &TextPage, key: &str) -> Vec<String> {
    const LEGEND: &str = strip::STEP_MEANING;
    let name = escape::line(key);
    let in_one_line = "  steps of ".width() + name.width() + 3 + LEGEND.width() <= page.width;
    let name = if in_one_line { name } else { escape::cut(&name, page.width.saturating_sub(12)) };
    let name = page.paint(BOLD, &format!("  steps of {name}"));
    let legend = page.paint(DIM, LEGEND);
    if in_one_line { vec![format!("{name}   {legend}")] } else { vec![name, format!("  {legend}")] }
}

fn body(page: &TextPage, rows: &[StepRow]) -> Vec<String> {
    let stages: Vec<String> = rows.iter().map(|row| escape::cut(&stage(row), STAGE)).collect();
    let stage = stages.iter().map(|s| s.width()).max().unwrap_or(0);
    let margin = 2 + stage + usize::from(stage > 0) * 2;
    let runs = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    // The marks may take two fifths of the page; the text of a step gets the rest.
    let marks = runs.min(page.width * 2 / 5);
    let text = page.width.saturating_sub(margin + 2 + marks);
    let texts: Vec<String> =
        rows.iter().map(|row| escape::cut(&escape::line(row.text), text)).collect();
    let text = texts.iter().map(|t| t.width()).max().unwrap_or(0);
    let lines = rows.iter().zip(&stages).zip(&texts).map(|((row, stage_name), step)| {
        let cells: Vec<char> = row.cells.iter().map(|cell| strip::of_step(*cell)).collect();
        let start = format!("  {}", padded(stage_name, margin.saturating_sub(2)));
        format!("{start}{}  {}", padded(step, text), strip::newest(&cells, marks))
            .trim_end()
            .to_owned()
    });
    lines.collect()
}

fn stage(row: &StepRow) -> String {
    let words = [row.platform, row.stage];
    let words: Vec<_> =
        words.iter().filter(|word| !word.is_empty()).map(|word| escape::line(word)).collect();
    words.join(" ")
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", blanks(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, Step};
    use crate::render::samples;

    #[test]
    fn one_row_per_step_one_mark_per_run() {
        let step = |outcome| Step { outcome, ..Step::default() };
        let steps = [Outcome::Hit, Outcome::Miss, Outcome::Failed, Outcome::Unknown].map(step);
        let [hit, miss, failed, unknown] = &steps;
        let rows = [
            StepRow {
                stage: "build",
                platform: "",
                text: "COPY . .",
                cells: vec![Some(hit), Some(miss), Some(hit)],
            },
            StepRow {
                stage: "build",
                platform: "linux/arm64",
                text: "RUN make \u{1b}[2J",
                cells: vec![Some(failed), None, Some(miss)],
            },
            StepRow {
                stage: "",
                platform: "",
                text: &"RUN long ".repeat(20),
                cells: vec![Some(unknown), Some(hit), None],
            },
        ];
        insta::assert_snapshot!(body(&TextPage::new(samples::NARROW), &rows).join("\n"));
    }
}

//! One job in full, for people: its runs and steps, when they changed, and what else changed then.

use unicode_width::UnicodeWidthStr;

use super::{then, words};
use crate::render::page::{BOLD, DIM, GREEN, INDENT, RED, TextPage, blanks};
use crate::render::units::{count, duration, grouped};
use crate::render::{escape, human};
use crate::trend::{self, Branch, Change, Moved, RememberedJob, StepRuns, StepTrend, Trend};

pub(super) fn of(page: &TextPage, job: &RememberedJob) -> Vec<String> {
    let mut lines = Vec::new();
    let Some((first, others)) = job.branches.split_first() else { return lines };
    let trends = trend::trends(first);
    for trend in &trends {
        lines.extend(build(page, job, first, trend));
        lines.push(String::new());
    }
    if trends.is_empty() {
        lines.push(format!("{}: no build in its logs", escape::line(&job.title)));
    }
    lines.extend(other_branches(page, others));
    lines
}

/// The title of a build's part.
pub(super) fn title(
    page: &TextPage,
    job: &RememberedJob,
    branch: &Branch,
    trend: &Trend,
) -> String {
    escape::cut(&page.parted(&words::title(job, branch, trend)), page.width)
}

fn build(page: &TextPage, job: &RememberedJob, branch: &Branch, trend: &Trend) -> Vec<String> {
    let mut lines = vec![page.paint(BOLD, &title(page, job, branch, trend))];
    lines.extend(page.wrap("  ", "  ", &page.parted(&words::summary(trend))));
    lines.extend(words::follows(trend).iter().flat_map(|text| page.wrap("  ", "  ", text)));
    lines.push(String::new());
    lines.extend(matrix(page, trend));
    let (broke, turns) = (!trend.changes.is_empty(), words::turns(trend));
    for change in trend.changes.iter().rev() {
        lines.push(String::new());
        lines.extend(self::change(page, trend, change));
    }
    if let Some(turns) = &turns {
        lines.push(String::new());
        lines.extend(page.wrap("  ", "    ", turns).iter().map(|line| page.paint(RED, line)));
    }
    if !broke && turns.is_none() {
        lines.push(String::new());
        lines.push(page.paint(DIM, &format!("  {}", words::steady(trend))));
    }
    lines
}

/// Steps that are shown.
const STEPS: usize = 40;
/// Widest stage.
const STAGE: usize = 20;
/// `  12 of 50   12 min 34 s`
const FIGURES: usize = 25;

/// How wide the columns of the matrix are.
struct MatrixWidths {
    /// With the indent before it and the gap behind it.
    stage: usize,
    text: usize,
    /// A mark a run.
    marks: usize,
    /// Widest text there is room for.
    room: usize,
}

impl MatrixWidths {
    fn of(page: &TextPage, trend: &Trend) -> Self {
        let steps = || trend.steps.iter().take(STEPS);
        let stage = steps().map(|step| stage(step).width()).max().unwrap_or(0);
        let stage = 2 + stage + usize::from(stage > 0) * 2;
        let marks = trend.members.len().min(page.width * 2 / 5);
        let room = page.width.saturating_sub(stage + marks + FIGURES + 4);
        let widest = steps().map(|step| text(step, room).width()).max().unwrap_or(0);
        Self { stage, text: widest.max(RUNS.width().min(room)), marks, room }
    }

    fn heading(&self, trend: &Trend) -> String {
        if self.marks < trend.members.len() {
            return format!("the newest {}", self.marks);
        }
        RUNS.to_owned()
    }

    fn start(&self, stage: &str, text: &str) -> String {
        format!("  {}{}  ", padded(stage, self.stage.saturating_sub(2)), padded(text, self.text))
    }

    fn line(&self, step: &StepTrend) -> String {
        let start = self.start(&stage(step), &text(step, self.room));
        let cells = padded(&human::strip_of_steps(&step.row.cells, self.marks), self.marks);
        let hits = match step.total {
            0 => String::new(),
            total => format!("{} of {total}", step.hits),
        };
        let took = step.seconds.map(duration).unwrap_or_default();
        format!("{start}{cells}  {hits:>10}  {took:>11}").trim_end().to_owned()
    }
}

const RUNS: &str = "runs, old → new";

fn stage(step: &StepTrend) -> String {
    escape::cut(&words::stage(step), STAGE)
}

fn text(step: &StepTrend, room: usize) -> String {
    escape::cut(&escape::line(step.row.text), room)
}

/// Runs, and steps against runs, under one another.
fn matrix(page: &TextPage, trend: &Trend) -> Vec<String> {
    let columns = MatrixWidths::of(page, trend);
    let label = columns.start("", &escape::cut(&columns.heading(trend), columns.text));
    let strip = padded(&human::strip_of(words::builds(trend), columns.marks), columns.marks);
    let mut lines =
        vec![format!("{}{strip}  {:>10}  {:>11}", page.paint(DIM, &label), "hits", "median")];
    lines.extend(
        words::pointer(trend, columns.marks)
            .map(|points| format!("{}{points}", blanks(label.width()))),
    );
    lines.extend(trend.steps.iter().take(STEPS).map(|step| columns.line(step)));
    let hidden = trend.steps.len().saturating_sub(STEPS);
    if hidden > 0 {
        lines.push(page.paint(DIM, &format!("  … and {}", count(hidden, "more step"))));
    }
    lines.push(page.paint(DIM, &format!("  {}", human::meaning())));
    lines.push(
        page.paint(DIM, &format!("  {}; median of a step: when it ran", human::STEP_MEANING)),
    );
    lines
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", blanks(width.saturating_sub(text.width())))
}

/// When, what, and what else changed then.
pub(super) fn change(page: &TextPage, trend: &Trend, change: &Change) -> Vec<String> {
    let style = if change.better { GREEN } else { RED };
    let when = words::when(trend, change);
    let heading = page.wrap("  ", "  ", &format!("{when}: {}", words::steps(trend, change)));
    let painted = |line: String| match line.strip_prefix(&format!("  {when}")) {
        Some(rest) => format!("  {}{rest}", page.paint(style, &when)),
        None => line,
    };
    let mut lines: Vec<String> = heading.into_iter().map(painted).collect();
    lines.extend(page.labelled("before", &words::figures(&change.before)));
    lines.extend(page.labelled("since", &words::figures(&change.after)));
    lines.extend(page.labelled(
        "steps",
        "from the cache in these runs before → since, how long it takes where it runs",
    ));
    let steps = change.steps.iter();
    let steps = steps.filter_map(|step| Some(moved(page, trend.steps.get(step.step)?, step)));
    lines.extend(rows(page, &steps.collect::<Vec<_>>()));
    lines.extend(page.labelled("changed", &format!("{}:", then::heading(change))));
    lines.extend(listed(page, "", &then::lines(trend, change)));
    lines.extend(listed(page, "found", &words::findings(&change.came)));
    lines.extend(listed(page, "gone", &words::findings(&change.gone)));
    lines
}

/// Lines of one kind.
const MOST: usize = 12;

/// The label stands before the first of them.
fn listed(page: &TextPage, label: &str, texts: &[String]) -> Vec<String> {
    let hidden = texts.len().saturating_sub(MOST);
    let more = (hidden > 0).then(|| format!("… and {hidden} more"));
    let texts = texts.iter().take(MOST).cloned().chain(more).enumerate();
    texts
        .flat_map(|(index, text)| page.labelled(if index == 0 { label } else { "" }, &text))
        .collect()
}

/// Lines that are laid out already.
fn rows(page: &TextPage, rows: &[String]) -> Vec<String> {
    let hidden = rows.len().saturating_sub(MOST);
    let more =
        (hidden > 0).then(|| page.paint(DIM, &format!("… and {}", count(hidden, "more step"))));
    let shown = rows.iter().take(MOST).cloned().chain(more);
    shown.map(|row| format!("{}{row}", blanks(INDENT))).collect()
}

/// `6 of 6 runs → 0 of 4   41 s  [build] RUN npm ci`
fn moved(page: &TextPage, step: &StepTrend, moved: &Moved) -> String {
    let hits = |counted: StepRuns| format!("{} of {}", counted.hits, counted.total);
    let took = step.seconds.map(duration).unwrap_or_default();
    let stage = words::stage(step);
    let stage = if stage.is_empty() { stage } else { format!("[{stage}] ") };
    let figures = format!("{:>9} → {:<9} {took:>11}  ", hits(moved.before), hits(moved.after));
    let room = page.width.saturating_sub(INDENT + figures.width());
    let text = escape::cut(&format!("{stage}{}", escape::line(step.row.text)), room);
    format!("{figures}{text}")
}

/// Branches that are listed.
const BRANCHES: usize = 20;

/// The branches that ran less: a line a build.
fn other_branches(page: &TextPage, others: &[Branch]) -> Vec<String> {
    if others.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![page.paint(BOLD, "  other branches, each by itself")];
    for branch in others.iter().take(BRANCHES) {
        for trend in trend::trends(branch) {
            lines.push(other_branch(page, branch, &trend));
        }
    }
    if others.len() > BRANCHES {
        lines.push(page.paint(DIM, &format!("  … and {}", grouped(others.len() - BRANCHES))));
    }
    lines.push(page.paint(DIM, "  one in full: --branch NAME"));
    lines
}

fn other_branch(page: &TextPage, branch: &Branch, trend: &Trend) -> String {
    let name =
        branch.name.as_deref().map_or_else(|| "(branch not printed)".to_owned(), escape::line);
    let name = padded(&escape::cut(&name, page.width / 3), page.width / 3);
    let strip = padded(&human::strip_of(words::builds(trend), page.width / 4), page.width / 4);
    let when = trend.changes.last().map(|change| words::when(trend, change)).unwrap_or_default();
    escape::cut(&format!("  {name}  {strip}  {when}"), page.width).trim_end().to_owned()
}

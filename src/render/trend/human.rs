//! The trend for people: a line a build, then what broke or got better.

use std::io;

use chrono::{DateTime, Utc};
use unicode_width::UnicodeWidthStr;

use super::{Question, TrendFormat, detail, words};
use crate::render::page::{BOLD, DIM, GREEN, RED, TextPage, blanks};
use crate::render::units::{count, duration};
use crate::render::{Screen, escape, human};
use crate::trend::{self, Branch, Change, RememberedJob, Trend};

/// `--format human`.
#[derive(Debug)]
pub(super) struct Human;

impl TrendFormat for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn write(
        &self,
        jobs: &mut dyn Iterator<Item = RememberedJob>,
        question: Question,
        screen: Screen,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let page = TextPage::new(screen);
        if question.in_full {
            for job in jobs {
                out.write_all(page.print(&detail::of(&page, &job)).as_bytes())?;
            }
            return Ok(());
        }
        overview(&page, jobs, question, out)
    }
}

/// Changes that are shown in full below the list, those of jobs that broke last.
const IN_FULL: usize = 10;

fn overview(
    page: &TextPage,
    jobs: &mut dyn Iterator<Item = RememberedJob>,
    question: Question,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let columns = ListWidths::new(page, question);
    out.write_all(page.print(&[page.paint(BOLD, &columns.heading())]).as_bytes())?;
    // The newest change of each job that broke, and what is said of it.
    let mut broken: Vec<(DateTime<Utc>, Vec<String>)> = Vec::new();
    let (mut number, mut sick) = (0, 0);
    let mut rows: Vec<(f64, Vec<String>)> = Vec::new();
    for job in jobs {
        number += 1;
        let Some(branch) = job.branches.first() else { continue };
        let trends = trend::trends(branch);
        rows.push((trend::seconds(&trends), columns.job(page, &job, &trends)));
        if let Some((when, lines)) = broke(page, &job, branch, &trends) {
            sick += 1;
            broken.push((when, lines));
            broken.sort_by_key(|(when, _)| std::cmp::Reverse(*when));
            broken.truncate(IN_FULL);
        }
    }
    // The jobs that cost most first, and as they are called where none does.
    rows.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    out.write_all(
        page.print(&rows.into_iter().flat_map(|(_, lines)| lines).collect::<Vec<_>>()).as_bytes(),
    )?;
    let mut lines = vec![page.paint(DIM, &format!("  {}", human::meaning()))];
    lines.extend(
        broken.into_iter().flat_map(|(_, lines)| std::iter::once(String::new()).chain(lines)),
    );
    lines.extend([
        String::new(),
        page.paint(BOLD, &page.parted(&last_line(number, sick, question))),
    ]);
    out.write_all(page.print(&lines).as_bytes())
}

fn last_line(number: usize, sick: usize, question: Question) -> String {
    let broke = match sick {
        0 => "none broke".to_owned(),
        _ => format!("{sick} broke"),
    };
    let more = if sick > IN_FULL { format!(", the newest {IN_FULL} shown") } else { String::new() };
    format!(
        "{}, {broke}{more} · of each the newest {} · one in full: cachediag trend JOB",
        count(number, "job"),
        count(question.last, "run")
    )
}

/// What broke last in a job and has not been mended, and when.
fn broke(
    page: &TextPage,
    job: &RememberedJob,
    branch: &Branch,
    trends: &[Trend],
) -> Option<(DateTime<Utc>, Vec<String>)> {
    let newest = trends.iter().filter_map(|trend| {
        let change = trend.changes.last().filter(|change| !change.better)?;
        let earlier = trend.members.get(change.between.1)?.run.earlier.as_ref()?;
        Some((earlier.recorded, trend, change))
    });
    let (when, trend, change) = newest.max_by_key(|(when, ..)| *when)?;
    let mut lines = vec![page.paint(BOLD, &detail::title(page, job, branch, trend))];
    lines.extend(detail::change(page, trend, change));
    Some((when, lines))
}

/// Widths of the list.
struct ListWidths {
    name: usize,
    strip: usize,
    /// There is room for dates.
    dated: bool,
}

const RATE: usize = 5;
const TIME: usize = 11;
/// `better since run 4711`
const WHEN: usize = 24;
/// `better since run 4711 (2026-03-04)`
const DATED: usize = 36;
/// Blanks between the columns.
const GAPS: usize = 10;
/// On a narrower page dates give way to names.
const ROOMY: usize = 110;
/// Width of the names.
const LEAST: usize = 20;

impl ListWidths {
    fn new(page: &TextPage, question: Question) -> Self {
        let strip = (page.width / 5).min(question.last).max(4);
        let room = |when: usize| page.width.saturating_sub(strip + RATE + TIME + GAPS + when);
        let longest = question.longest.max(LEAST);
        let dated = longest <= room(DATED) || page.width >= ROOMY;
        Self { name: longest.min(room(if dated { DATED } else { WHEN })).max(LEAST), strip, dated }
    }

    fn heading(&self) -> String {
        self.line("job", "runs", "hits", "median", "").trim_end().to_owned()
    }

    fn line(&self, name: &str, strip: &str, rate: &str, time: &str, when: &str) -> String {
        let padded = |text: &str, width: usize| {
            format!("{text}{}", blanks(width.saturating_sub(text.width())))
        };
        let right = |text: &str, width: usize| {
            format!("{}{text}", blanks(width.saturating_sub(text.width())))
        };
        let name = padded(name, self.name);
        format!(
            "  {name}  {}  {}  {}  {when}",
            padded(strip, self.strip),
            right(rate, RATE),
            right(time, TIME)
        )
    }

    /// A line a build.
    fn job(&self, page: &TextPage, job: &RememberedJob, trends: &[Trend]) -> Vec<String> {
        if trends.is_empty() {
            let name = escape::cut_start(&escape::line(&job.title), self.name);
            return vec![
                self.line(&name, "", "", "", "no build in its logs").trim_end().to_owned(),
            ];
        }
        let several = trends.len() > 1;
        trends.iter().map(|trend| self.build(page, job, trend, several)).collect()
    }

    fn build(&self, page: &TextPage, job: &RememberedJob, trend: &Trend, several: bool) -> String {
        let title = if several { words::of_several(job, trend) } else { job.title.clone() };
        let name = escape::cut_start(&escape::line(&title), self.name);
        let strip = human::strip_of(words::builds(trend), self.strip);
        let rate = (trend.whole.hits * 100).checked_div(trend.whole.total);
        let rate = rate.map(|percent| format!("{percent} %")).unwrap_or_default();
        let time = trend.whole.seconds.map(duration).unwrap_or_default();
        let line = self.line(&name, &strip, &rate, &time, "");
        let room = page.width.saturating_sub(line.width());
        let (when, style) =
            match (trend.changes.last(), words::turns(trend), words::follows_in_short(trend)) {
                (Some(change), ..) => {
                    (self.when(trend, change), if change.better { GREEN } else { RED })
                }
                (None, Some(_), _) => ("alternates".to_owned(), RED),
                (None, None, Some(follows)) => (follows, DIM),
                (None, None, None) => return line.trim_end().to_owned(),
            };
        format!("{line}{}", page.paint(style, &escape::cut(&when, room.max(16))))
    }

    fn when(&self, trend: &Trend, change: &Change) -> String {
        if self.dated { words::when(trend, change) } else { words::when_in_short(trend, change) }
    }
}

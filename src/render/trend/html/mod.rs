//! The trend as one page that loads nothing and needs no script: what broke, then every job.
//!
//! Text reaches the page through maud, which escapes it, and through `words`, which takes out
//! secrets and what no page should show.

mod job;

use std::io;

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Question, TrendFormat, words};
use crate::render::html::policy;
use crate::render::units::{count, duration};
use crate::render::{Screen, escape, human};
use crate::trend::{self, Branch, RememberedJob, Trend};

/// `--format html`.
#[derive(Debug)]
pub(super) struct TrendHtml;

/// Runs of a strip in the list of jobs.
const STRIP: usize = 50;
/// Jobs that are shown in full below the list, where all are asked for: those that broke last.
const IN_FULL: usize = 50;

impl TrendFormat for TrendHtml {
    fn name(&self) -> &'static str {
        "html"
    }

    fn write(
        &self,
        jobs: &mut dyn Iterator<Item = RememberedJob>,
        question: Question,
        _screen: Screen,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut seen = JobRows::default();
        for job in jobs {
            seen.add(&job, question);
        }
        seen.rows.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        out.write_all(document(&seen, question).into_string().as_bytes())?;
        out.write_all(b"\n")
    }
}

/// What is kept of the jobs when they are let go: a row each with what the job costs, and the
/// newest that broke.
#[derive(Default)]
struct JobRows {
    rows: Vec<(f64, Markup)>,
    full: Vec<(Option<DateTime<Utc>>, Markup)>,
    jobs: usize,
    broke: usize,
    /// What is said of the last one.
    last: String,
}

impl JobRows {
    fn add(&mut self, job: &RememberedJob, question: Question) {
        self.jobs += 1;
        let Some(branch) = job.branches.first() else { return };
        let trends = trend::trends(branch);
        let newest = trends.iter().filter_map(broke).max();
        self.broke += usize::from(newest.is_some());
        self.last = sentence(job, &trends);
        let shown = newest.is_some() || question.in_full;
        let anchor = shown.then(|| format!("job-{}", self.jobs));
        let seconds = trend::seconds(&trends);
        for trend in &trends {
            self.rows.push((seconds, row(job, branch, trend, trends.len() > 1, anchor.as_deref())));
        }
        if let Some(anchor) = anchor {
            self.full.push((newest, job::full(job, &anchor, question)));
        }
        if !question.in_full {
            self.full.sort_by_key(|(when, _)| std::cmp::Reverse(*when));
            self.full.truncate(IN_FULL);
        }
    }

    fn title(&self) -> String {
        match self.broke {
            _ if self.jobs == 1 => self.last.clone(),
            0 => format!("None of {} broke", count(self.jobs, "job")),
            broke => format!("{broke} of {} broke", count(self.jobs, "job")),
        }
    }
}

/// A job in one sentence.
fn sentence(job: &RememberedJob, trends: &[Trend]) -> String {
    let title = escape::line(&job.title);
    let changed = trends.iter().find_map(|trend| Some(words::when(trend, trend.changes.last()?)));
    changed.map_or_else(
        || format!("{title} did not change for good"),
        |when| format!("{title} {when}"),
    )
}

/// When a build broke that has not got better since.
fn broke(trend: &Trend) -> Option<DateTime<Utc>> {
    let change = trend.changes.last().filter(|change| !change.better)?;
    trend.members.get(change.between.1)?.run.earlier.as_ref().map(|earlier| earlier.recorded)
}

fn document(seen: &JobRows, question: Question) -> Markup {
    const STYLE: &str =
        concat!(include_str!("../../html/page/page.css"), include_str!("trend.css"));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy::of(STYLE, ""));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("cachediag ", env!("CARGO_PKG_VERSION")));
                title { (seen.title()) " · cachediag" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the trends" }
                (head(seen, question))
                main #main { (body(seen)) }
                footer { p { "cachediag " (env!("CARGO_PKG_VERSION")) " · " (human::meaning()) } }
            }
        }
    }
}

fn head(seen: &JobRows, question: Question) -> Markup {
    let kind = if seen.broke > 0 { "error" } else { "healthy" };
    html! {
        header.top.(kind) {
            p.brand { span.tool { "cachediag" } " trends" }
            h1 { span.sign aria-hidden="true" {} (seen.title()) }
            p.answer { "Of each job the newest " (count(question.last, "run")) " on the branch \
                that ran most." }
        }
    }
}

fn body(seen: &JobRows) -> Markup {
    html! {
        section #jobs aria-labelledby="jobs-title" {
            h2 #jobs-title { "Jobs" }
            div.scroll tabindex="0" role="region" aria-label="List of jobs" {
                table.trends {
                    thead { tr { th scope="col" { "job" } th scope="col" { "runs, old → new" } th.figure scope="col" { "hits" } th.figure scope="col" { "median" } th scope="col" { "when" } } }
                    tbody { @for (_, row) in &seen.rows { (row) } }
                }
            }
        }
        @if !seen.full.is_empty() {
            section #changes aria-labelledby="changes-title" {
                h2 #changes-title { "Step by step" }
                @for (_, job) in &seen.full { (job) }
            }
        }
    }
}

fn row(
    job: &RememberedJob,
    branch: &Branch,
    trend: &Trend,
    several: bool,
    anchor: Option<&str>,
) -> Markup {
    let title =
        escape::line(&if several { words::of_several(job, trend) } else { job.title.clone() });
    let branch = branch
        .name
        .as_deref()
        .map(|name| format!(" branch {}", escape::line(name)))
        .unwrap_or_default();
    let rate = (trend.whole.hits * 100)
        .checked_div(trend.whole.total)
        .map(|percent| format!("{percent} %"));
    html! {
        tr {
            th scope="row" { @if let Some(anchor) = anchor { a href=(format!("#{anchor}")) { (title) } } @else { (title) } span.number { (branch) } }
            td { (job::signs(&human::strip_of(words::builds(trend), STRIP), &words::runs(trend))) }
            td.figure { (rate.unwrap_or_default()) }
            td.figure { (trend.whole.seconds.map(duration).unwrap_or_default()) }
            td { (when(trend)) }
        }
    }
}

fn when(trend: &Trend) -> Markup {
    match (trend.changes.last(), words::turns(trend)) {
        (Some(change), _) => html! { span.(job::kind(change)) { (words::when(trend, change)) } },
        (None, Some(_)) => html! { span.worse { "alternates" } },
        (None, None) => html! { (words::follows_in_short(trend).unwrap_or_default()) },
    }
}

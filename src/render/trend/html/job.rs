//! One job on the page: its steps against its runs, and each change with what else changed then.

use maud::{Markup, html};

use crate::render::trend::{Question, then, words};
use crate::render::units::duration;
use crate::render::{escape, human, names};
use crate::trend::{self, Branch, Change, RememberedJob, StepTrend, Trend};

/// Steps that are shown of a build.
const STEPS: usize = 60;
/// Runs whose signs are shown.
const RUNS: usize = 200;
/// Branches in full, where one job is asked for.
const BRANCHES: usize = 10;

pub(super) fn full(job: &RememberedJob, anchor: &str, question: Question) -> Markup {
    let branches = if question.in_full { BRANCHES } else { 1 };
    html! {
        div id=(anchor) {
            @for branch in job.branches.iter().take(branches) {
                @for trend in &trend::trends(branch) { (build(job, branch, trend, question.in_full)) }
            }
            @if job.branches.len() > branches { p.legend { (job.branches.len() - branches) " more \
                branches: cachediag trend JOB --branch NAME" } }
        }
    }
}

fn build(job: &RememberedJob, branch: &Branch, trend: &Trend, runs: bool) -> Markup {
    let title = words::title(job, branch, trend);
    html! {
        article.job {
            h2 { (title) }
            p { (words::summary(trend)) }
            @if let Some(text) = words::follows(trend) { p { (text) } }
            (steps(&title, trend))
            @for change in trend.changes.iter().rev() { (changed(trend, change)) }
            @if let Some(turns) = words::turns(trend) { p.worse { (turns) } }
            @if trend.changes.is_empty() && words::turns(trend).is_none() { p.legend { (words::steady(trend)) } }
            @if runs { (all_runs(&title, trend)) }
        }
    }
}

fn steps(title: &str, trend: &Trend) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(format!("Steps of {title}")) {
            table.steps-table {
                thead { tr { th scope="col" { "step" } th scope="col" { "runs, old → new" } th.figure scope="col" { "hits" } th.figure scope="col" { "median" } } }
                tbody {
                    tr {
                        th scope="row" { "all steps" }
                        td { (signs(&human::strip_of(words::builds(trend), RUNS), &words::runs(trend))) (pointer(trend)) }
                        td.figure { (of(trend.whole.hits, trend.whole.total)) }
                        td.figure { (trend.whole.seconds.map(duration).unwrap_or_default()) }
                    }
                    @for step in trend.steps.iter().take(STEPS) { (one_step(step)) }
                }
            }
            @if trend.steps.len() > STEPS { p.legend { "… and " (trend.steps.len() - STEPS) " more" } }
        }
        p.legend { (human::STEP_MEANING) "; median of a step: when it ran" }
    }
}

/// Points at the first run after each change.
fn pointer(trend: &Trend) -> Markup {
    html! { @if let Some(points) = words::pointer(trend, RUNS) { br; span.signs aria-hidden="true" { span.point { (points) } } } }
}

fn one_step(step: &StepTrend) -> Markup {
    let stage = words::stage(step);
    let says = format!("from the cache in {} of {} runs", step.hits, step.total);
    html! {
        tr {
            th scope="row" { @if !stage.is_empty() { span.number { (stage) } " " } code { (escape::shorten(&escape::line(step.row.text), 120)) } }
            td { (signs(&human::strip_of_steps(&step.row.cells, RUNS), &says)) }
            td.figure { (of(step.hits, step.total)) }
            td.figure { (step.seconds.map(duration).unwrap_or_default()) }
        }
    }
}

fn of(part: usize, whole: usize) -> String {
    if whole == 0 { String::new() } else { format!("{part} of {whole}") }
}

/// A strip: signs of a kind together, each kind with its colour.
pub(super) fn signs(strip: &str, says: &str) -> Markup {
    let marks: Vec<char> = strip.chars().collect();
    let groups = marks.chunk_by(|a, b| class(*a) == class(*b));
    html! {
        span.signs role="img" aria-label=(says) {
            @for group in groups { span.(group.first().map_or("", |mark| class(*mark))) { (group.iter().collect::<String>()) } }
        }
    }
}

fn class(mark: char) -> &'static str {
    match mark {
        '█' | '●' => "hit",
        '·' | '○' => "ran",
        '✕' => "failed",
        _ => "some",
    }
}

/// Colour of a change.
pub(super) fn kind(change: &Change) -> &'static str {
    if change.better { "better" } else { "worse" }
}

fn changed(trend: &Trend, change: &Change) -> Markup {
    html! {
        h3 { span.(kind(change)) { (words::when(trend, change)) } ": " (words::steps(trend, change)) }
        p { "Before: " (words::figures(&change.before)) }
        p { "Since: " (words::figures(&change.after)) }
        (moved(trend, change))
        (listed(&format!("Changed {}", then::heading(change)), &then::lines(trend, change)))
        (listed("Found since", &words::findings(&change.came)))
        (listed("Gone since", &words::findings(&change.gone)))
    }
}

fn moved(trend: &Trend, change: &Change) -> Markup {
    let steps = change.steps.iter().filter_map(|moved| Some((moved, trend.steps.get(moved.step)?)));
    html! {
        h4 { "Steps, and how many runs had them from the cache before → since" }
        ul { @for (moved, step) in steps {
            li { (of(moved.before.hits, moved.before.total)) " → " (of(moved.after.hits, moved.after.total)) " \
                "
                @let stage = words::stage(step);
                @if !stage.is_empty() { span.number { (stage) } " " } code { (escape::shorten(&escape::line(step.row.text), 160)) } }
        } }
    }
}

fn listed(title: &str, lines: &[String]) -> Markup {
    html! { @if !lines.is_empty() { h4 { (title) } ul { @for line in lines { li { (line) } } } } }
}

fn all_runs(title: &str, trend: &Trend) -> Markup {
    html! {
        details {
            summary { "The runs" }
            div.scroll tabindex="0" role="region" aria-label=(format!("Runs of {title}")) {
                table.trends {
                    thead { tr { th scope="col" { "run" } th scope="col" { "commit" } th scope="col" { "ended" } th.figure scope="col" { "hits" } th.figure scope="col" { "seconds" } } }
                    tbody { @for member in &trend.members {
                        tr {
                            th scope="row" { (words::run(member)) }
                            td { (member.run.commit.as_deref().map(then::short).unwrap_or_default()) }
                            td { (names::build_outcome(member.build.outcome)) }
                            td.figure { (of(member.build.hits(), member.build.total())) }
                            td.figure { (duration(member.build.seconds_executed())) }
                        }
                    } }
                }
            }
        }
    }
}

//! When the builds of a report broke or got better, where a history remembers their earlier runs.

use super::{then, words};
use crate::render::{Report, escape};
use crate::series::Series;
use crate::trend::{self, Trend};

/// A line a change, and one with what else changed then.
pub(in crate::render) fn lines(report: &Report) -> Vec<String> {
    let runs = &report.study.runs;
    if runs.iter().all(|run| run.earlier.is_none()) {
        return Vec::new();
    }
    let series = report.study.series.iter().filter_map(|series| on_its_branch(report, series));
    series.flat_map(|series| said(&trend::trend(runs, &[], &series))).collect()
}

fn said(trend: &Trend) -> Vec<String> {
    let Some(change) = trend.changes.last() else { return Vec::new() };
    let first = format!(
        "{}: {}: {}",
        escape::line(&trend.key),
        words::when(trend, change),
        words::steps(trend, change)
    );
    let then = then::lines(trend, change).join("; ");
    let then = format!("{}: changed {}: {then}", escape::line(&trend.key), then::heading(change));
    vec![first, then]
}

/// The builds of a series on the branch of the log that was just read; `None` for jobs beside it.
fn on_its_branch(report: &Report, series: &Series) -> Option<Series> {
    let run = |at| report.study.run_of(at);
    let fresh =
        series.builds.iter().rev().filter_map(|at| run(*at)).find(|run| run.earlier.is_none())?;
    let builds = series
        .builds
        .iter()
        .copied()
        .filter(|at| run(*at).is_some_and(|run| run.branch == fresh.branch));
    Some(Series { key: series.key.clone(), builds: builds.collect() })
}

//! Runs that lie in folders of their own: `logs/4711/build.log`, `logs/4712/build.log`.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::Series;
use super::matching::{Index, look, same};
use crate::evidence::layout;
use crate::model::Run;

/// Merges series of one build each whose folders hold one run each, under one file name: there the
/// folders are the runs. Folders with several runs are jobs, and jobs are never merged.
pub(super) fn merge(runs: &[Run], series: Vec<Series>) -> Vec<Series> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *sizes.entry(folder(&run.source)).or_default() += 1;
    }
    let mut merged: Vec<Series> = Vec::new();
    // Series whose builds are alone in their folders, by what their logs are called.
    let mut homes: HashMap<(&str, Option<&str>), Index> = HashMap::default();
    for one in series {
        let first = one.builds.first().and_then(|&at| look(runs, at));
        let Some((run, build)) = first.filter(|_| alone(runs, &sizes, &one)) else {
            merged.push(one);
            continue;
        };
        let here = homes.entry((file(&run.source), run.job.as_deref())).or_default();
        let fitting = here.candidates(run, build).into_iter();
        let home =
            fitting.filter(|at| merged.get(*at).is_some_and(|home| fits(runs, home, &one))).min();
        let home = home.unwrap_or(merged.len());
        if let Some((run, build)) = one.builds.last().and_then(|&at| look(runs, at)) {
            here.add(home, run, build);
        }
        match merged.get_mut(home) {
            Some(home) => home.builds.extend(one.builds),
            None => merged.push(one),
        }
    }
    merged
}

/// The folder of a source, empty for the working directory and standard input.
pub(super) fn folder(source: &str) -> &str {
    layout(source).rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

fn file(source: &str) -> &str {
    let source = layout(source);
    source.rsplit(['/', '\\']).next().unwrap_or(source)
}

/// Every build of the series is in a folder that holds one run.
fn alone(runs: &[Run], sizes: &BTreeMap<&str, usize>, series: &Series) -> bool {
    let mut builds = series.builds.iter().filter_map(|&at| look(runs, at));
    builds.all(|(run, _)| sizes.get(folder(&run.source)) == Some(&1))
}

fn fits(runs: &[Run], home: &Series, one: &Series) -> bool {
    let last = home.builds.last().and_then(|&at| look(runs, at));
    let next = one.builds.first().and_then(|&at| look(runs, at));
    let (Some((before, a)), Some((run, b))) = (last, next) else { return false };
    before.source != run.source && same(a, b)
}

//! Runs that lie in folders of their own: `logs/4711/build.log`, `logs/4712/build.log`.

use std::collections::BTreeMap;

use super::Series;
use super::matching::{look, same};
use crate::model::Run;

/// Merges series of one build each whose folders hold one run each, under one file name: there the
/// folders are the runs. Folders with several runs are jobs, and jobs are never merged.
pub(super) fn merge(runs: &[Run], series: Vec<Series>) -> Vec<Series> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *sizes.entry(folder(&run.source)).or_default() += 1;
    }
    // Each series, and whether all of its builds are alone in their folders.
    let mut merged: Vec<(Series, bool)> = Vec::new();
    for one in series {
        let alone = alone(runs, &sizes, &one);
        let home = merged.iter_mut().find(|(home, open)| alone && *open && fits(runs, home, &one));
        match home {
            Some((home, _)) => home.builds.extend(one.builds),
            None => merged.push((one, alone)),
        }
    }
    merged.into_iter().map(|(series, _)| series).collect()
}

/// The folder of a source, empty for the working directory and standard input.
pub(super) fn folder(source: &str) -> &str {
    source.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

fn file(source: &str) -> &str {
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
    let named_alike = file(&before.source) == file(&run.source) && before.source != run.source && before.job == run.job;
    named_alike && same(a, b)
}

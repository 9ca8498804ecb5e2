//! `--max-drop`: by how many percentage points the share of steps from the cache may be less than
//! in the newest run of another branch.

use super::{Gate, Judged};
use crate::model::{Build, Run};
use crate::rules::Study;
use crate::series::{Series, same_build};
use crate::triage::builds::of_build;
use crate::triage::compare::Figures;

/// The newest run of the branch that is asked about.
pub struct Base<'a> {
    /// The branch.
    pub branch: &'a str,
    /// What was read of its newest run.
    pub runs: &'a [Run],
}

/// Answers it for the newest run of each build.
#[must_use]
pub fn max_drop(study: &Study, base: &Base, points: u8) -> Gate {
    let builds = study.just_read();
    let builds = builds.iter().map(|series| judged(study, series, base, points)).collect();
    let unmeasured =
        format!("no build of these logs can be compared with the newest run of {}", base.branch);
    Gate::of("max-drop", points.to_string(), builds, unmeasured)
}

fn judged(study: &Study, series: &Series, base: &Base, points: u8) -> Judged {
    let newest = study.members(series).rfind(|(_, build)| measured(build).is_some());
    let build = series.key.clone();
    let Some((run, now)) = newest else {
        let says = "not measured: no RUN, COPY, ADD or WORKDIR step in a successful run".to_owned();
        return Judged { build, good: None, says };
    };
    let (Some(now), Some(then)) = (measured(now), counterpart(run, now, base)) else {
        let says = format!("not measured: the newest run of {} has no such build", base.branch);
        return Judged { build, good: None, says };
    };
    let good = share(&then) - share(&now) <= f64::from(points);
    let says = format!(
        "{} of {} RUN, COPY, ADD and WORKDIR steps from the cache, {} of {} in the newest run of {}",
        now.hits, now.total, then.hits, then.total, base.branch
    );
    Judged { build, good: Some(good), says }
}

/// The build there that has its name, else one that is like it.
fn counterpart(run: &Run, build: &Build, base: &Base) -> Option<Figures> {
    let name = of_build(run, build);
    let all = base.runs.iter().flat_map(|run| run.builds.iter().map(move |build| (run, build)));
    let like: Vec<_> = all.filter(|(_, other)| same_build(other, build)).collect();
    let named = like.iter().rfind(|(run, other)| of_build(run, other) == name);
    measured(named.or(like.last())?.1)
}

fn measured(build: &Build) -> Option<Figures> {
    Some(Figures::of([build])).filter(|figures| figures.total > 0)
}

/// In per cent.
#[expect(clippy::cast_precision_loss, reason = "no build has 2^52 steps")]
fn share(figures: &Figures) -> f64 {
    figures.hits as f64 * 100.0 / figures.total as f64
}

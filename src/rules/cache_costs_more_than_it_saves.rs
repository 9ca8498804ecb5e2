//! Importing and exporting the cache takes longer than the steps it saves.

use super::past::{self, Past, end};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out};
use crate::model::{Outcome, Transfer};
use crate::series::rows;

pub(super) struct CacheCostsMoreThanItSaves;

static META: RuleMeta = RuleMeta {
    id: "cache-costs-more-than-it-saves",
    title: "importing and exporting the cache takes longer than it saves",
    group: "Cost",
    severity: Severity::Note,
    what: "Over five or more runs, importing and exporting the cache took longer than the cached \
        steps would have. How long those take is known from the runs that executed them.",
    why: "A cache with large layers, or compressed at the highest level, can take longer to move \
        than the steps take to run.",
    fix: "Store less: mode=min where the build stages are cheap, zstd instead of gzip, and export \
        on the main branch only.",
    rules_out: "Fewer than five runs, steps whose duration no run shows, differences too small to \
        matter. Steps run in parallel, so the time saved is an upper bound: the true loss is \
        larger, never smaller. It is a warning only if the cache costs twice what it saves and \
        half a minute per run.",
    limits: "Times are those the builder printed; steps that ran in parallel are added up. What a \
        step would have cost is taken from other runs, perhaps on a slower machine.",
    example: include_str!("examples/cache-costs-more-than-it-saves.txt"),
    references: &["https://docs.docker.com/build/cache/backends/"],
    since: "0.1.0",
};

/// Seconds a run that are worth a note, and a warning.
const NOTE: f64 = 5.0;
const WARN: f64 = 30.0;

impl Rule for CacheCostsMoreThanItSaves {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding)
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let moving = |i: &usize| {
        past.builds.get(*i).is_some_and(|b| b.imports.iter().chain(&b.exports).any(Transfer::ok))
    };
    let runs: Vec<usize> = (0..past.len()).filter(moving).collect();
    if runs.len() < 5 {
        return None;
    }
    let transfers = || {
        runs.iter()
            .filter_map(|&i| past.builds.get(i))
            .flat_map(|b| b.imports.iter().chain(&b.exports))
    };
    let spent: f64 = transfers().filter_map(|t| t.seconds).sum();
    let saved = saved(past)?;
    let lost = (spent - saved) / count(runs.len());
    if lost < NOTE {
        return None;
    }
    let clear = spent > 2.0 * saved && lost > WARN;
    Some(Finding {
        rule: META.id,
        severity: if clear { Severity::Warning } else { META.severity },
        confidence: Confidence::Likely,
        title: format!(
            "the cache takes {spent:.0} s to move over {} runs and saves at most \
            {saved:.0} s",
            runs.len()
        ),
        cause: "The imports and exports of these runs took longer than running the steps they \
            saved would have."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &runs))?.seen_in(past.places(runs.iter().copied())),
        fix: fix(),
        impact: Impact { steps: 0, seconds: spent - saved, runs: runs.len() },
        rules_out: vec![not_ruled_out(
            "a larger loss: fetching layers for a hit and pushing the image are not counted",
        )],
        subject: transfers().find_map(|t| t.reference.as_deref()).unwrap_or_default().to_owned(),
    })
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(1.0, f64::from).max(1.0)
}

/// Seconds of all hits, each as long as the step took where it ran; `None` where no run shows it.
fn saved(past: &Past) -> Option<f64> {
    rows(&past.builds).iter().try_fold(0.0, |sum, row| {
        let cells = || row.cells.iter().flatten();
        let hits = cells().filter(|s| s.outcome == Outcome::Hit).count();
        let ran = cells().filter(|s| s.outcome == Outcome::Miss).filter_map(|s| s.seconds);
        let longest = ran.fold(None, |most: Option<f64>, s| Some(most.map_or(s, |m| m.max(s))));
        if hits == 0 { Some(sum) } else { longest.map(|seconds| sum + seconds * count(hits)) }
    })
}

fn lines(past: &Past, runs: &[usize]) -> Vec<Evidence> {
    let slowest = |&i: &usize| {
        let (run, build) = past.get(i)?;
        let all = build.imports.iter().chain(&build.exports).filter(|t| t.ok());
        let most =
            all.max_by(|a, b| a.seconds.unwrap_or(0.0).total_cmp(&b.seconds.unwrap_or(0.0)))?;
        Some(end(run, most, "time to move the cache"))
    };
    runs.iter().rev().filter_map(slowest).take(3).collect()
}

fn fix() -> Fix {
    Fix {
        summary: "store less, less often, or faster".to_owned(),
        steps: vec![
            "Export on the main branch only and import everywhere.".to_owned(),
            "Use mode=min where the build stages are cheap to run: it stores the final stage only."
                .to_owned(),
            "Use compression=zstd with a low level for type=registry and type=local; gha, s3 and \
                azblob ignore it."
                .to_owned(),
            "Keep large artefacts out of layers that change with every commit.".to_owned(),
        ],
        snippet: Some(
            "--cache-to \
            type=registry,ref=…,mode=min,compression=zstd,compression-level=3"
                .to_owned(),
        ),
        cost: "mode=min loses the build stages as soon as one of their inputs changes".to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::CacheKind;

    fn run(seconds: f64) -> Made {
        made()
            .import("r.example.com/a:c", None)
            .export(CacheKind::Registry, None)
            .with(|b| b.exports[0].seconds = Some(seconds))
    }

    fn series(seconds: f64, runs: usize) -> Vec<Finding> {
        let warm = (1..runs).map(|_| run(seconds).hit("RUN a"));
        CacheCostsMoreThanItSaves
            .check(&of(std::iter::once(run(seconds).miss("RUN a")).chain(warm).collect()))
    }

    #[test]
    fn compares_what_is_spent_with_what_is_saved() {
        assert_eq!(series(20.0, 6)[0].severity, Severity::Note);
        assert_eq!(series(60.0, 6)[0].severity, Severity::Warning);
    }

    #[test]
    fn leaves_short_series_small_differences_and_unknown_durations() {
        assert!(series(60.0, 4).is_empty());
        assert!(series(3.0, 6).is_empty());
        let warm = || run(60.0).hit("RUN a");
        assert!(
            CacheCostsMoreThanItSaves
                .check(&of(vec![warm(), warm(), warm(), warm(), warm()]))
                .is_empty()
        );
    }
}

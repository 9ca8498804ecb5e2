//! `--min-hit-rate`: of each build, over all runs given, the share of steps that came from the
//! cache.
//!
//! Counted are RUN, COPY, ADD and WORKDIR steps of builds that succeeded: a build that failed early
//! would look better than it is. The newest of them has to have the share too: good runs of the
//! past would hide what was broken today.

use super::{Gate, Judged};
use crate::rules::Study;
use crate::series::Series;
use crate::triage::compare::{Figures, figures};

pub(super) fn gate(study: &Study, series: &[Series], percent: u8) -> Gate {
    let builds = series.iter().map(|series| judged(study, series, percent)).collect();
    let unmeasured =
        "no build in these logs succeeded and has a RUN, COPY, ADD or WORKDIR step".to_owned();
    Gate::of("min-hit-rate", percent.to_string(), builds, unmeasured)
}

fn judged(study: &Study, series: &Series, percent: u8) -> Judged {
    let Figures { runs, hits, total, .. } = figures(study, series);
    let enough = |hits: usize, total: usize| hits * 100 >= usize::from(percent) * total;
    let newest =
        study.members(series).map(|(_, build)| Figures::of([build])).rfind(|one| one.total > 0);
    let newest = newest.filter(|one| runs > 1 && !enough(one.hits, one.total));
    let good = (total > 0).then(|| enough(hits, total) && newest.is_none());
    let says = match (runs, (hits * 100).checked_div(total)) {
        (0, _) => "not measured: no run succeeded".to_owned(),
        (_, None) => {
            "not measured: no RUN, COPY, ADD or WORKDIR step in a successful run".to_owned()
        }
        (runs, Some(share)) => {
            let runs = if runs == 1 {
                "1 successful run".to_owned()
            } else {
                format!("{runs} successful runs")
            };
            format!(
                "{share} %: {hits} of {total} RUN, COPY, ADD and WORKDIR steps from the cache in \
                    {runs}{}",
                behind(newest.as_ref())
            )
        }
    };
    Judged { build: series.key.clone(), good, says }
}

fn behind(newest: Option<&Figures>) -> String {
    newest.map_or_else(String::new, |one| format!(", {} of {} in the newest", one.hits, one.total))
}

//! The newest run took steps from an image that its engine had, and wrote the inline cache of the
//! next one.

use super::META;
use crate::finding::{
    Confidence, Evidence, Finding, Impact, Proof, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{Build, Outcome, Run};
use crate::rules::Study;
use crate::rules::lost_by::OwnImage;
use crate::rules::past::{Past, graphdriver, verdict};
use crate::rules::remedy::{self, Site};
use crate::series::chain;

pub(super) fn finding(past: &Past) -> Option<Finding> {
    let (run, build) = past.last()?;
    let own = OwnImage::of(run, build, &past.imports(past.len().checked_sub(1)?))?;
    // What several stages lack has a finding of its own.
    let several = build.decided().any(|step| Some(&*step.stage) != chain::final_stage(build));
    if !graphdriver(build) || !build.succeeded() || several {
        return None;
    }
    // Docker Engine 20.10 stores again what it takes from an image that was pulled.
    if (1..past.len()).any(|i| super::is_refuted(past, i)) {
        return None;
    }
    let site = Site::of(past.study, run, build);
    let this = if past.len() > 1 { run.label.as_str() } else { "this run" };
    Some(Finding {
        rule: META.id,
        severity: Severity::Warning,
        confidence: Confidence::Suspected,
        title: format!(
            "{this} may have damaged the inline cache: the next one that changes something then \
                runs cold"
        ),
        cause: format!(
            "{} {} took {} of {} steps from it, and the inline cache that it wrote lacks \
                them: the next run in which something changes rebuilds every step.",
            own.lost_by.bug(),
            run.label,
            build.hits(),
            build.total()
        ),
        evidence: Proof::from_lines(lines(run, build, &own)?)?,
        fix: own.avoided(remedy::engine_upgrade(&site)),
        impact: Impact::default(),
        rules_out: vec![
            ruled_out("the containerd image store (dockerd's own wrote the image)"),
            not_ruled_out("a machine that keeps its builder, which then has these steps itself"),
            not_ruled_out("Docker Engine 20.10, which stores them again (see `docker version`)"),
            to_decide("give the log of the next run in which something changed"),
        ],
        subject: site.imports.first().cloned().unwrap_or(site.image),
    })
}

/// Where the log shows how the image came, a hit, and the inline cache that was written.
fn lines(run: &Run, build: &Build, own: &OwnImage) -> Option<Vec<Evidence>> {
    let hit = build.decided().find(|step| step.outcome == Outcome::Hit)?;
    Some(vec![
        Study::quote(run, &own.came?.quote, "the image is on the machine"),
        Study::quote(run, &own.import.header, "and the cache is read from it"),
        verdict(run, hit, "came from the cache"),
        Study::quote(run, build.inline.as_ref()?, "wrote an inline cache, incomplete"),
    ])
}

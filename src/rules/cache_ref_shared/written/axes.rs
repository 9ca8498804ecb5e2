//! A matrix of several axes, and a cache that is named after some of them only.

use super::super::META;
use crate::finding::{Finding, Fix, not_ruled_out, to_decide};
use crate::model::CacheKind;
use crate::rules::Study;
use crate::rules::planned::flow::{self, CacheName};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, patch};

/// One finding for each build.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let several = |at: &At| at.place.crossed.len() > 1 && flow::is_buildkit(*at);
    planned::places(study).filter(several).filter_map(finding).collect()
}

fn finding(at: At) -> Option<Finding> {
    let (name, axis) = flow::exported(at).find_map(|(_, name)| {
        let axis = missing(at, &name)?;
        Some((name, axis))
    })?;
    let shown = name.shown();
    let fix = Fix {
        summary: format!("name `{axis}` in the cache as well"),
        steps: vec![format!(
            "Write the value of `{axis}` into the reference (or `scope=` of a gha cache) too, in \
                the export and in the import."
        )],
        cost: "one more cache for each".to_owned(),
        ..Fix::default()
    };
    let words = Words {
        title: format!(
            "legs of the matrix that differ in `{axis}` will write their caches to {shown}, and \
                each replaces the other's"
        ),
        cause: format!(
            "`{axis}` decides what is built, and {shown} does not name it. An export replaces what \
                was there, so only the leg that finishes last finds its cache in the next run."
        ),
        fix: patch::refused(fix, at, "how the name is put together is your decision"),
        rules_out: vec![
            not_ruled_out("legs of which only one runs in a pipeline"),
            to_decide("give logs: they show that, and what it costs"),
        ],
        subject: name.text.clone(),
    };
    let line = at.evidence("exports to it");
    planned::finding(&META, META.severity, line.into_iter().collect(), words)
}

/// The axis that decides which folder or Dockerfile is built, and that the cache is not named after,
/// though it is after another one. Stages of one Dockerfile may have most steps in common.
fn missing<'a>(at: At<'a>, name: &CacheName) -> Option<&'a str> {
    let named = at.place.axes_of(&name.text);
    if named.is_empty() || !at.place.holds_axes_alone(&name.text) || name.kind == CacheKind::Local {
        return None;
    }
    let command = &at.place.command;
    let built = [&at.place.context, &command.file].into_iter().flatten();
    let mut axes = built.flat_map(|text| at.place.axes_of(text));
    axes.find(|axis| !named.contains(axis))
}

//! The configuration: the classic builder is given the image it makes, and the Dockerfile has build
//! stages.

use super::{META, fix};
use crate::finding::{Finding, not_ruled_out, to_decide};
use crate::model::Tool;
use crate::rules::Study;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, Site, reference};

/// On machines that are new in each run: others have the layers of the stages themselves.
pub(super) fn finding(study: &Study, at: At) -> Option<Finding> {
    let command = &at.place.command;
    let [spec] = command.cache_from.as_slice() else { return None };
    let image = spec.get("ref")?;
    let own = at.place.names().any(|name| reference::same(name, image));
    let pulled = at.place.pulls_of(image).next().is_some();
    let older = command.tool == Tool::DockerBuild && planned::may_be_older(at);
    if !own || !pulled || !older || command.no_cache || !at.place.machine.fresh {
        return None;
    }
    let inner = planned::inner(study, at)?;
    let stages = inner.stages.iter().map(|stage| stage.name.as_str());
    let names: Vec<&str> = stages.filter(|name| !name.is_empty()).collect();
    let words = Words {
        title: format!(
            "{image}, the only image in --cache-from, holds no layer of {}",
            inner.names()
        ),
        cause: format!(
            "The classic builder looks for each step in the image that it is given, and an image \
                holds the layers of its final stage. {} {} not part of it, {}.",
            inner.names(),
            if inner.stages.len() == 1 { "is" } else { "are" },
            inner.effect()
        ),
        fix: fix(&Site::written(at), &names),
        rules_out: vec![
            not_ruled_out("BuildKit, where something outside of the file asks for it"),
            to_decide(planned::COSTS),
        ],
        subject: image.to_owned(),
    };
    let lines = at.evidence("names the pulled image alone").into_iter().chain(inner.evidence());
    planned::finding(&META, inner.severity(META.severity), lines.collect(), words)
}

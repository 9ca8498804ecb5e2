//! The configuration: a cache is imported, and nothing that was given writes it.

use super::META;
use crate::config::Side;
use crate::finding::{Finding, Fix, not_ruled_out};
use crate::model::CacheKind;
use crate::rules::Study;
use crate::rules::planned::flow::{self, CacheName, CacheNames};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{self, At, Site, reference};

/// One finding for each build.
pub(super) fn findings<'a>(study: &'a Study) -> impl Fn(At<'a>) -> Option<Finding> {
    let written = flow::all_written(study);
    let hides = flow::hides_an_export(study);
    move |at| if hides { None } else { finding(at, &written) }
}

fn finding(at: At, written: &CacheNames) -> Option<Finding> {
    let command = &at.place.command;
    if !command.cache_to.is_empty() || command.inline() || !flow::is_buildkit(at) {
        return None;
    }
    let all: Vec<CacheName> = flow::read(at).map(|(_, name)| name).collect();
    let unwritten = |name: &CacheName| !written.holds(name) && is_own(at, name);
    if all.len() != command.cache_from.len() || !all.iter().all(unwritten) {
        return None;
    }
    let (spec, name) = flow::read(at).next()?;
    let base = remedy::registry_max(&Site::written(at));
    let words = Words {
        title: format!("{} is imported, and nothing in this configuration writes it", name.shown()),
        cause: format!(
            "`{}` is looked for in each run. The build exports no cache, and no other build of \
                these files writes that one: the import finds nothing, and each run on a new \
                machine starts cold. A gha cache that does not exist gives no error.",
            spec.raw
        ),
        fix: Fix {
            steps: std::iter::once(
                "Export the cache in this build, or import one that another build writes."
                    .to_owned(),
            )
            .chain(base.steps)
            .collect(),
            ..base
        },
        rules_out: vec![not_ruled_out(
            "another repository or a file that was not given may write it",
        )],
        subject: name.text.clone(),
    };
    let line = at.evidence_of_spec(spec, Side::From, "is imported");
    planned::finding(&META, META.severity, line.into_iter().collect(), words)
}

/// A cache of this repository: GitHub's are, and what stands beside the image that is built.
fn is_own(at: At, name: &CacheName) -> bool {
    let repository = reference::repository(&name.text);
    let own_tag = reference::tag(&name.text).is_some_and(|tag| tag != "latest");
    let beside = |image: &str| {
        let image = at.place.expanded(image);
        let below = repository.strip_prefix(reference::repository(&image));
        below.is_some_and(|rest| (rest.is_empty() && own_tag) || is_named_after_it(rest))
    };
    name.kind != CacheKind::Registry || at.place.names().any(beside)
}

/// `registry.example/web/cache`, `registry.example/web-cache` of the image `registry.example/web`.
fn is_named_after_it(rest: &str) -> bool {
    rest.starts_with(['/', '-', '_', '.']) && rest.contains("cache")
}

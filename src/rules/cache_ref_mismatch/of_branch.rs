//! The configuration: a cache that has the name of the branch in its own, and no other import: each
//! new branch starts without one.

use super::META;
use crate::config::{CacheSettings, Side};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::model::CacheSpec;
use crate::rules::branch_value::branch;
use crate::rules::planned::flow::{self, CacheName};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, patch};

/// The finding of a build.
pub(super) fn finding(at: At) -> Option<Finding> {
    let command = &at.place.command;
    // Runs of one named branch have one name.
    if !at.place.slashes || !flow::is_buildkit(at) {
        return None;
    }
    let read: Vec<(&CacheSpec, CacheName)> = flow::read(at).collect();
    let own =
        |(_, name): &(&CacheSpec, CacheName)| branch(&name.text).is_some() && stores(at, name);
    if read.len() != command.cache_from.len() || !read.iter().all(own) {
        return None;
    }
    let (spec, name) = read.first()?;
    let words = Words {
        title: "each new branch starts cold: only the cache of its own branch is imported"
            .to_owned(),
        cause: format!(
            "{} holds the name of the branch, and no other cache is imported: the first run of a \
                branch finds nothing, though the main branch has stored what would serve it.",
            name.shown()
        ),
        fix: fix(at, spec),
        rules_out: vec![not_ruled_out("branches that live long: only their first run is cold")],
        // Jobs of one template have one line.
        subject: format!("{}:{}:branch", at.config.path, spec.raw),
    };
    let line = at.evidence_of_spec(spec, Side::From, "is all that is imported");
    planned::finding(&META, Severity::Note, line.into_iter().collect(), words)
}

/// The build exports its cache under the same name, or pushes its image with the cache in it.
fn stores(at: At, name: &CacheName) -> bool {
    let command = &at.place.command;
    let is_it = |image: &str| at.place.expanded(image) == name.text;
    flow::exported(at).any(|(_, written)| written == *name)
        || (command.inline() && at.place.names().any(is_it))
}

fn fix(at: At, spec: &CacheSpec) -> Fix {
    let fix = Fix {
        summary: "import the cache of the main branch as well".to_owned(),
        steps: vec![
            "Import two: the cache of the branch, then that of the main branch. `BuildKit` looks \
                in both; a reference that does not exist costs a second."
                .to_owned(),
        ],
        cost: "one more look-up in each run".to_owned(),
        ..Fix::default()
    };
    let Some(named) = branch(&spec.raw) else {
        return patch::refused(fix, at, "the name of the branch comes from a variable");
    };
    let main = match at.ci() {
        Some("gitlab") => "$CI_DEFAULT_BRANCH",
        Some("github-actions") => "${{ github.event.repository.default_branch }}",
        _ => return patch::refused(fix, at, "the name of the main branch is not written there"),
    };
    let mut settings = patch::kept(&at.place.command);
    settings.from.push(spec.raw.replace(named, main));
    let settings = CacheSettings { builder: false, ..settings };
    patch::with_change(fix, at, crate::config::Change::Caches { place: at.index, settings })
}

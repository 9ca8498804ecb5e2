//! The configuration: a cache is exported, and nothing that was given reads it.

use super::META;
use crate::config::pattern::tells_nothing;
use crate::config::{CacheSettings, Change, Side};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::model::CacheSpec;
use crate::rules::Study;
use crate::rules::cache_ref_mismatch::written::import_of;
use crate::rules::planned::flow::{self, CacheName, CacheNames};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, patch};

/// One finding for each build.
pub(super) fn findings<'a>(study: &'a Study) -> impl Fn(At<'a>) -> Option<Finding> {
    let read = flow::all_read(study);
    let hidden =
        planned::places(study).any(|at| at.place.command.cache_from.iter().any(patch::is_variable));
    move |at| if hidden { None } else { finding(at, &read) }
}

fn finding(at: At, read: &CacheNames) -> Option<Finding> {
    let command = &at.place.command;
    let (spec, name) = flow::exported(at).next()?;
    let unread = flow::exported(at).all(|(_, name)| !read.holds(&name));
    // One that is made anew is made for others.
    if command.no_cache || tells_nothing(&name.text) {
        return None;
    }
    if !unread
        || !command.cache_from.is_empty()
        || command.cache_to.len() > 1
        || !flow::is_buildkit(at)
    {
        return None;
    }
    let words = Words {
        title: format!(
            "the cache is written to {}, and nothing in this configuration reads it",
            name.shown()
        ),
        cause: format!(
            "`{}` is stored in each run. The build imports no cache, and no other build of these \
                files imports that one: each run pays for the export and starts cold.",
            spec.raw
        ),
        fix: fix(at, spec, &name),
        rules_out: vec![not_ruled_out("another repository, or a developer's machine, may read it")],
        subject: name.text.clone(),
    };
    let line = at.evidence_of_spec(spec, Side::To, "is exported");
    // Who builds a service or target, and on which machine, stands in no such file.
    let severity = if at.ci().is_some() { META.severity } else { Severity::Note };
    planned::finding(&META, severity, line.into_iter().collect(), words)
}

fn fix(at: At, spec: &CacheSpec, name: &CacheName) -> Fix {
    let import = import_of(spec);
    let fix = Fix {
        summary: format!("import the cache from {}", name.shown()),
        steps: vec![format!(
            "Add `{import}` to what the build imports, or leave the export out: it costs time in \
                each run."
        )],
        snippet: Some(import.clone()),
        ..Fix::default()
    };
    if patch::is_variable(spec) {
        return fix;
    }
    let settings = CacheSettings {
        from: vec![import],
        to: Some(spec.raw.clone()),
        inline: at.place.command.inline(),
        builder: false,
    };
    patch::with_change(fix, at, Change::Caches { place: at.index, settings })
}

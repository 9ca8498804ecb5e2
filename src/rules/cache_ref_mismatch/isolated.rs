//! The configuration: a GitHub cache that is written by runs of tags or of pull requests alone.
//!
//! A run finds the caches of its own branch, tag or pull request and those of the default branch
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching#restrictions-for-accessing-a-cache>):
//! what a tag or a pull request stores, no other one finds.

use super::META;
use crate::config::{Refs, Side};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::model::CacheKind;
use crate::rules::planned::flow::{self, CacheNames};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, patch};

/// The finding of a build; `of_branches` are the names that runs of branches write.
pub(super) fn finding(at: At, of_branches: &CacheNames) -> Option<Finding> {
    if at.forge() != Some(".github") || !flow::is_buildkit(at) {
        return None;
    }
    let (spec, name) = flow::exported(at).next()?;
    let alone = at.place.command.cache_to.len() == 1
        && name.kind == CacheKind::Gha
        && !of_branches.holds(&name);
    let others = at.place.command.cache_from.iter().any(|from| from.kind() != CacheKind::Gha);
    let found = flow::read(at).any(|(_, read)| of_branches.holds(&read));
    let reads = flow::read(at).any(|(_, read)| flow::may_be_one(&read, &name));
    if !alone || others || found || !reads {
        return None;
    }
    let of = writers(at.place.refs)?;
    let words = Words {
        title: format!(
            "only {} write {}, and none finds what another stored",
            of.many,
            name.shown()
        ),
        cause: format!(
            "GitHub keeps caches apart by branch, tag and pull request, and a run finds its own \
                and those of the default branch. No run of a branch writes this one: {}.",
            of.effect
        ),
        fix: patch::refused(
            fix(of.single),
            at,
            "which workflow should build on the default branch is your decision",
        ),
        rules_out: vec![not_ruled_out(
            "a workflow of the default branch that was not given, or a run that is started by \
                hand there, may write it",
        )],
        subject: format!("{}:{}", at.config.path, name.text),
    };
    let lines = at.evidence_of_spec(spec, Side::To, "is exported").into_iter();
    planned::finding(&META, of.severity, lines.collect(), words)
}

fn fix(run: &str) -> Fix {
    Fix {
        summary: "write the cache on the default branch as well".to_owned(),
        steps: vec![
            format!(
                "Build on pushes to the default branch too, with the same `cache-to`: each {run} \
                    then finds what that build stored."
            ),
            "Or keep this cache in a registry (`type=registry`), which is not split by branch, if \
                the run may push to one."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

/// Words for runs that no branch has.
struct Writers {
    many: &'static str,
    single: &'static str,
    effect: &'static str,
    severity: Severity,
}

fn writers(refs: Refs) -> Option<Writers> {
    match (refs.branches, refs.tags, refs.requests) {
        (false, true, false) => Some(Writers {
            many: "runs of tags",
            single: "tag",
            effect: "the run of each new tag is cold",
            severity: Severity::Warning,
        }),
        (false, false, true) => Some(Writers {
            many: "pull requests",
            single: "pull request",
            effect: "the first run of each pull request is cold, only later pushes to it find the \
                cache",
            severity: Severity::Note,
        }),
        _ => None,
    }
}

//! The configuration: the CI's cache names the directory of a local cache and does not store it.

use super::{META, fix};
use crate::config::{Fate, Side};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::rules::planned::{self, Words, local};
use crate::rules::remedy::At;

/// The finding of a build.
pub(super) fn finding(at: At) -> Option<Finding> {
    let local = local::only(at)?;
    let kept = at.place.kept.iter().find(|kept| local.is_held_by(kept))?;
    let source = local.source;
    let (title, cause, shows, doubt, steps) = match kept.fate {
        Fate::Outside => (
            format!("{source} is outside of the project's directory, where GitLab stores nothing"),
            "`cache:paths` are taken below the project's directory ($CI_PROJECT_DIR); what lies \
                outside of it is not stored. Each job that gets another machine or container \
                builds without a cache.",
            "is not stored",
            "a runner that mounts the directory into its jobs (`volumes` in its config.toml)",
            vec![format!(
                "Put the directory into the project: `.buildx-cache` in `cache:paths`, and in \
                    `src=` and `dest=` instead of {source}; name it in .dockerignore."
            )],
        ),
        Fate::NeverSaved => (
            format!(
                "{source} is restored and never saved: the cache is `policy: pull` in all jobs"
            ),
            "A cache with `policy: pull` is restored and not stored, and no job of the file stores \
                this one: there is nothing to restore.",
            "restores, and does not save",
            "a job of another project that stores it, in a cache that both share",
            vec![
                "Leave `policy` out in the job that builds on the main branch, or write \
                    `policy: pull-push`."
                    .to_owned(),
            ],
        ),
        Fate::Found | Fate::Frozen => return None,
    };
    let key = at.key_of(kept, shows)?;
    let words = Words {
        title,
        cause: cause.to_owned(),
        fix: Fix { steps, snippet: None, ..fix(source) },
        rules_out: vec![not_ruled_out(doubt)],
        subject: source.to_owned(),
    };
    let mut lines = vec![key];
    lines.extend(at.evidence_of_spec(local.from, Side::From, "is imported"));
    planned::finding(&META, Severity::Warning, lines, words)
}

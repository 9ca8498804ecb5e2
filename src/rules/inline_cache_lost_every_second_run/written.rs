//! The configuration has an inline cache that its engine will lose.

use super::META;
use crate::finding::{Alternative, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::rules::Study;
use crate::rules::lost_by::{LostBy, pull_removed};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{self, At, Site, patch};

pub(super) fn finding(study: &Study, at: At) -> Option<Finding> {
    let (name, lost) = planned::lost_inline(study, at)?;
    let words = Words {
        title: title(lost.by, name)?,
        cause: format!(
            "{} After a run that uses the cache, the next one in which something changes rebuilds \
                every step.",
            lost.by.bug()
        ),
        fix: fix(at, name, lost.by),
        rules_out: rules_out(lost.by),
        subject: name.to_owned(),
    };
    let asked = at.evidence("reads and writes an inline cache");
    planned::finding(&META, Severity::Warning, lost.line.into_iter().chain(asked).collect(), words)
}

/// `None` where another rule tells it.
fn title(by: LostBy, name: &str) -> Option<String> {
    match by {
        LostBy::Engine(version) => {
            Some(format!("Docker Engine {version} loses the inline cache of {name}"))
        }
        LostBy::Pull | LostBy::Load | LostBy::OwnImage => {
            Some(format!("{name} is pulled before the build, which damages its inline cache"))
        }
        LostBy::EmptyExport(..) => None,
    }
}

/// Without the pull, where a patch can take it out.
fn fix(at: At, name: &str, by: LostBy) -> Fix {
    let upgrade = remedy::engine_upgrade(&Site::written(at));
    if by == LostBy::Pull
        && let Some(change) = remedy::unpulled(at, name)
    {
        let unpulled = patch::with_change(pull_removed(name), at, change);
        if !unpulled.edits.is_empty() {
            return unpulled;
        }
    }
    by.avoided(name, upgrade)
}

fn rules_out(by: LostBy) -> Vec<Alternative> {
    if let LostBy::Engine(_) = by {
        return vec![not_ruled_out("the containerd image store, where the engine is set to it")];
    }
    vec![
        not_ruled_out(
            "the containerd image store, the default of Docker Engine 29, which keeps the cache",
        ),
        to_decide(
            "run `docker info` in the job: the storage driver `overlay2` has the bug, `overlayfs` \
                has not",
        ),
    ]
}

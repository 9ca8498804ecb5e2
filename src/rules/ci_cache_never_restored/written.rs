//! The configuration: the directory of a local cache is kept under a key that no other run asks for.

use super::{Key, META, fix};
use crate::config::{Fate, Kept};
use crate::finding::{Confidence, Evidence, Finding, Severity, not_ruled_out};
use crate::rules::changing_value::changing;
use crate::rules::planned::{self, Words, local};
use crate::rules::remedy::At;

/// The finding of a build.
pub(super) fn finding(at: At) -> Option<Finding> {
    let local = local::only(at)?;
    let kept = at.place.kept.iter().find(|kept| local.is_held_by(kept))?;
    let part = new_in_each_run(at, kept)?;
    let key = at.config.quote(kept.line)?;
    let words = Words {
        title: format!("each run saves its local cache under another key, `{}`", kept.key),
        cause: format!(
            "The key holds `{part}`, which is new in each run or commit, and no older key is \
                asked for. Each run saves a cache, and the next one looks for another key, finds \
                nothing and builds every step."
        ),
        fix: fix(&Key::Unique("", Confidence::Likely), &kept.key, at.config.kind.ci()),
        rules_out: vec![not_ruled_out("runs that are only ever repeated for one commit")],
        subject: kept.key.clone(),
    };
    let mut lines = vec![Evidence::of(&at.config.path, &key, "new in each run")];
    lines.extend(at.evidence_of(&local.from.raw, "is looked for here"));
    planned::finding(&META, Severity::Warning, lines, words)
}

/// The part of the key that no other run has, where nothing that is asked for instead can fit.
fn new_in_each_run(at: At, kept: &Kept) -> Option<String> {
    let part = changing(&at.place.expanded(&kept.key))?.to_owned();
    let older = kept.older.as_ref()?;
    let fits = |key: &String| changing(&at.place.expanded(key)).is_none();
    (kept.fate == Fate::Found && !older.iter().any(fits)).then_some(part)
}

//! The configuration: the directory of a local cache is kept under a key that never changes.

use super::{META, fix_of};
use crate::config::Kept;
use crate::finding::{Evidence, Finding, Severity, not_ruled_out};
use crate::model::CacheKind;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::At;

/// The finding of a build.
pub(super) fn finding(at: At) -> Option<Finding> {
    let command = &at.place.command;
    let other = |kind| !matches!(kind, CacheKind::Local | CacheKind::Unknown);
    if command.cache_from.iter().any(|spec| other(spec.kind())) {
        return None;
    }
    let to = command.cache_to.iter().find(|spec| spec.kind() == CacheKind::Local)?;
    let from = command.cache_from.iter().find(|spec| spec.kind() == CacheKind::Local)?;
    let directories = [from.get("src")?, to.get("dest")?];
    let holds = |kept: &&Kept| directories.iter().any(|directory| kept.holds(directory));
    let kept = at.place.kept.iter().find(holds).filter(|kept| kept.fixed)?;
    let key = at.config.quote(kept.line)?;
    let words = Words {
        title: format!(
            "the local cache is saved once, under the key `{}`, and never again",
            kept.key
        ),
        cause: "The key is the same in each run, and what is stored under a key is never \
            overwritten: the first run saves its cache, and every later one restores that, writes \
            a newer one and throws it away. What changed since the first run is built again in \
            each."
            .to_owned(),
        fix: fix_of(&kept.key, at.config.kind.ci()),
        rules_out: vec![not_ruled_out(
            "somebody or something that deletes the stored cache now and then",
        )],
        subject: kept.key.clone(),
    };
    let mut lines = vec![Evidence::of(&at.config.path, &key, "nothing in it changes")];
    lines.extend(at.evidence_of(&to.raw, "a cache is written in each run"));
    planned::finding(&META, Severity::Warning, lines, words)
}

//! A build whose only cache is a directory of the machine.

use crate::config::Kept;
use crate::model::{CacheKind, CacheSpec};
use crate::rules::remedy::At;

/// Where it looks for the cache, and where it writes one.
pub(in crate::rules) struct Local<'a> {
    pub(in crate::rules) from: &'a CacheSpec,
    pub(in crate::rules) to: &'a CacheSpec,
    pub(in crate::rules) source: &'a str,
    pub(in crate::rules) target: &'a str,
}

impl Local<'_> {
    /// The CI's cache carries one of the directories.
    pub(in crate::rules) fn is_held_by(&self, kept: &Kept) -> bool {
        kept.holds(self.source) || kept.holds(self.target)
    }
}

/// `None` where it imports another cache as well, or does not both read and write one.
pub(in crate::rules) fn only(at: At<'_>) -> Option<Local<'_>> {
    let command = &at.place.command;
    let other = |kind| !matches!(kind, CacheKind::Local | CacheKind::Unknown);
    if command.cache_from.iter().any(|spec| other(spec.kind())) {
        return None;
    }
    let is_local = |spec: &&CacheSpec| spec.kind() == CacheKind::Local;
    let (from, to) =
        (command.cache_from.iter().find(is_local)?, command.cache_to.iter().find(is_local)?);
    Some(Local { from, to, source: from.get("src")?, target: to.get("dest")? })
}

//! What the CI's own caches did: lines of one operation are put together.
//!
//! Several systems say more than one thing of an operation, and some claim success after a failure:
//! Azure prints `Saved item.` right after `Failed to cache item.` (`PipelineCacheServer.cs`), older
//! versions of actions/cache `Cache saved with key` after `Failed to save`. So of one operation a
//! failure counts, whatever is said later; knows no CI by name.

use crate::envelope::{CacheOperation, CacheOutcome, CacheReason, cache_reason};
use crate::model::{CiCache, Quote};

/// The operation under way.
#[derive(Debug, Default)]
pub(super) struct Caches {
    key: String,
    operation: Option<CacheOperation>,
    /// Nothing was said of it yet.
    fresh: bool,
}

/// A line without a name belongs to a named one if no more than so many lines lie between.
const NEAR: u64 = 5;

impl Caches {
    /// An operation begins.
    pub(super) fn begins(&mut self, key: String, operation: CacheOperation) {
        *self = Self { key, operation: Some(operation), fresh: true };
    }

    /// The operation under way failed; without one it was a restore, which comes first in a job.
    pub(super) fn fails(&mut self, caches: &mut Vec<CiCache>, quote: Quote) {
        let operation = self.operation.unwrap_or(CacheOperation::Restore);
        self.ends(caches, String::new(), operation, CacheOutcome::Failed, quote);
    }

    /// An operation ended.
    pub(super) fn ends(
        &mut self,
        caches: &mut Vec<CiCache>,
        name: String,
        operation: CacheOperation,
        outcome: CacheOutcome,
        quote: Quote,
    ) {
        let under_way = self.operation.is_none_or(|o| o == operation) || !self.key.is_empty();
        let name = if name.is_empty() && under_way { self.key.clone() } else { name };
        let bad = matches!(outcome, CacheOutcome::Failed | CacheOutcome::Skipped);
        let reason = bad.then(|| cache_reason(quote.text.as_bytes())).flatten();
        let now = CiCache { name: name.into(), operation, outcome, reason, quote };
        let fresh = std::mem::take(&mut self.fresh);
        match caches.last_mut().filter(|before| !fresh && same(before, &now)) {
            Some(before) => settle(before, now),
            None => caches.push(now),
        }
    }
}

/// Whether both are about one operation.
fn same(before: &CiCache, now: &CiCache) -> bool {
    let unnamed = before.name.is_empty() || now.name.is_empty();
    let near = now.quote.line.saturating_sub(before.quote.line) <= NEAR;
    before.operation == now.operation && (before.name == now.name || (unnamed && near))
}

/// What is worse counts; of two bad ends the first, which is the cause of the other. Only a conflict
/// is a guess of the client's (`another job may be creating this cache`) and yields to an answer.
fn settle(before: &mut CiCache, now: CiCache) {
    let good = |outcome| matches!(outcome, CacheOutcome::Hit | CacheOutcome::Saved);
    let guess = matches!(before.reason, None | Some(CacheReason::Conflict));
    if !good(now.outcome) && (good(before.outcome) || (guess && now.reason.is_some_and(|r| r != CacheReason::Conflict)))
    {
        (before.outcome, before.reason, before.quote) = (now.outcome, now.reason, now.quote);
    }
    if before.name.is_empty() {
        before.name = now.name;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CacheOperation::{Restore, Save};
    use CacheOutcome::{Exists, Failed, Hit, Miss, Partial, Saved};

    fn heard(lines: &[(&str, CacheOperation, CacheOutcome)]) -> Vec<(String, CacheOutcome)> {
        let (mut caches, mut all) = (Caches::default(), Vec::new());
        for ((name, operation, outcome), line) in lines.iter().zip(1..) {
            caches.ends(&mut all, (*name).to_owned(), *operation, *outcome, Quote::new(line, b""));
        }
        all.into_iter().map(|c| (c.name.to_string(), c.outcome)).collect()
    }

    #[test]
    fn success_after_failure_is_failure() {
        assert_eq!(heard(&[("", Save, Failed), ("", Save, Saved)]), [(String::new(), Failed)]);
        assert_eq!(heard(&[("k", Save, Failed), ("k", Save, Saved)]), [("k".to_owned(), Failed)]);
        assert_eq!(heard(&[("", Save, Failed), ("k", Save, Saved)]), [("k".to_owned(), Failed)]);
        assert_eq!(heard(&[("k", Save, Saved), ("k", Save, Failed)]), [("k".to_owned(), Failed)]);
    }

    #[test]
    fn the_cause_counts_not_what_follows() {
        assert_eq!(heard(&[("", Restore, Failed), ("k", Restore, Miss)]), [("k".to_owned(), Failed)]);
        assert_eq!(heard(&[("k", Restore, Partial), ("k", Restore, Hit)]), [("k".to_owned(), Partial)]);
    }

    #[test]
    fn an_answer_of_the_service_counts_more_than_a_guess() {
        let taken = "Unable to reserve cache with key k, another job may be creating this cache.";
        let denied = "Cache reservation failed: cache write denied: token has no writable scopes";
        for lines in [[taken, denied], [denied, taken]] {
            let (mut caches, mut all) = (Caches::default(), Vec::new());
            for (text, line) in lines.iter().zip(1..) {
                caches.ends(&mut all, String::new(), Save, Failed, Quote::new(line, text.as_bytes()));
            }
            assert_eq!((all.len(), all[0].reason, &*all[0].quote.text), (1, Some(CacheReason::Denied), denied));
        }
    }

    #[test]
    fn two_caches_stay_two() {
        let both = heard(&[("a", Save, Exists), ("b", Save, Saved), ("b", Restore, Hit)]);
        assert_eq!(both, [("a".to_owned(), Exists), ("b".to_owned(), Saved), ("b".to_owned(), Hit)]);
        let (mut caches, mut all) = (Caches::default(), Vec::new());
        for line in 1..3 {
            caches.begins("k".into(), Save);
            caches.ends(&mut all, String::new(), Save, Saved, Quote::new(line, b""));
        }
        assert_eq!(all.len(), 2);
    }
}

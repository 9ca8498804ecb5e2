//! What the CI's own caches did: lines of one operation are put together.
//!
//! Several systems say more than one thing of an operation, and some claim success after a failure:
//! Azure prints `Saved item.` right after `Failed to cache item.` (`PipelineCacheServer.cs`), older
//! versions of actions/cache `Cache saved with key` after `Failed to save`. So of one operation a
//! failure counts, whatever is said later; knows no CI by name.

use crate::envelope::{CacheOperation, CacheOutcome, CacheReason, Mark, cache_reason};
use crate::model::{CiCache, Few, Quote, lossy};

/// The operation under way.
#[derive(Debug, Default)]
pub(super) struct Caches {
    key: String,
    operation: Option<CacheOperation>,
    /// Nothing was said of it yet.
    fresh: bool,
    /// The next key is not the one asked for.
    aside: bool,
    /// The key is of this step's inputs: the next step has its own.
    of_step: bool,
    /// Line of the last key that was tried and not found.
    tried: u64,
    /// What the archiver said last.
    clue: Option<Quote>,
}

/// A line without a name belongs to a named one if no more than so many lines lie between.
const NEAR: u64 = 5;

impl Caches {
    /// Takes one mark of a cache.
    pub(super) fn hear(&mut self, caches: &mut Few<CiCache>, quote: Quote, mark: Mark) {
        let text = |bytes: &[u8]| lossy(bytes).into_owned();
        match mark {
            Mark::CacheKey(key, operation) => self.begins(text(key), operation),
            Mark::CacheAside => self.aside = true,
            Mark::CacheTried(key) => self.tried(caches, text(key), quote),
            Mark::CacheFound(key) => self.found(caches, text(key), quote),
            Mark::CacheClue => self.clue = Some(quote),
            Mark::CacheTrouble => self.fails(caches, quote),
            Mark::Cache { name, operation, outcome } => {
                self.ends(caches, text(name), operation, outcome, quote);
            }
            _ => {}
        }
    }

    /// An operation begins.
    fn begins(&mut self, key: String, operation: CacheOperation) {
        if !std::mem::take(&mut self.aside) {
            *self = Self { key, operation: Some(operation), fresh: true, ..Self::default() };
        }
    }

    /// The inputs of a step name the key that it asks for.
    pub(super) fn asks(&mut self, key: String) {
        self.begins(key, CacheOperation::Restore);
        self.of_step = true;
    }

    /// Another step begins.
    pub(super) fn next_step(&mut self) {
        if self.of_step {
            *self = Self::default();
        }
    }

    /// Keys are tried in turn, a line each.
    fn tried(&mut self, caches: &mut Few<CiCache>, key: String, quote: Quote) {
        let again = std::mem::replace(&mut self.tried, quote.line) + 1 == quote.line;
        if !again || caches.is_empty() {
            caches.push(restore(key, CacheOutcome::Miss, quote));
        }
    }

    /// A cache was found; where the line before tried another key, that one was asked for.
    fn found(&mut self, caches: &mut Few<CiCache>, key: String, quote: Quote) {
        match caches.last_mut() {
            Some(asked) if self.tried > 0 && self.tried + 1 == quote.line => {
                (asked.outcome, asked.restored, asked.quote) =
                    (CacheOutcome::Partial, Some(key.into()), quote);
            }
            _ => caches.push(restore(key, CacheOutcome::Hit, quote)),
        }
    }

    /// The operation under way failed; without one it was a restore, which comes first in a job.
    ///
    /// Azure looks whether the cache is there before it saves it, in words of a restore: what is
    /// not there can only fail to be saved.
    fn fails(&mut self, caches: &mut Few<CiCache>, quote: Quote) {
        let mut operation = self.operation.unwrap_or(CacheOperation::Restore);
        let looked = caches.last().is_some_and(|last| {
            !self.fresh && last.outcome == CacheOutcome::Miss && *last.name == *self.key
        });
        if looked && operation == CacheOperation::Restore && !self.key.is_empty() {
            caches.pop();
            operation = CacheOperation::Save;
        }
        self.ends(caches, String::new(), operation, CacheOutcome::Failed, quote);
    }

    /// An operation ended.
    fn ends(
        &mut self,
        caches: &mut Few<CiCache>,
        name: String,
        operation: CacheOperation,
        outcome: CacheOutcome,
        quote: Quote,
    ) {
        let under_way = self.operation.is_none_or(|o| o == operation) || !self.key.is_empty();
        let name = if name.is_empty() && under_way { self.key.clone() } else { name };
        let bad = matches!(outcome, CacheOutcome::Failed | CacheOutcome::Skipped);
        let said = bad.then(|| cache_reason(quote.text.as_bytes())).flatten();
        let (reason, quote) = match self.clue.take() {
            Some(clue)
                if bad
                    && quote.line.saturating_sub(clue.line) <= NEAR
                    && matches!(said, None | Some(CacheReason::Broken)) =>
            {
                (cache_reason(clue.text.as_bytes()), clue)
            }
            _ => (said, quote),
        };
        let now = self.partial_under_another_key(CiCache {
            name: name.into(),
            operation,
            outcome,
            reason,
            restored: None,
            quote,
        });
        let fresh = std::mem::take(&mut self.fresh);
        match caches.last_mut().filter(|before| !fresh && same(before, &now)) {
            Some(before) => settle(before, now),
            None => caches.push(now),
        }
    }

    /// A cache that is found under another key than the one asked for is found in part.
    fn partial_under_another_key(&self, found: CiCache) -> CiCache {
        let restored = matches!(found.outcome, CacheOutcome::Hit | CacheOutcome::Partial);
        let other = self.operation == Some(found.operation)
            && !self.key.is_empty()
            && *found.name != *self.key;
        match found.outcome {
            _ if restored && other => CiCache {
                name: self.key.as_str().into(),
                outcome: CacheOutcome::Partial,
                restored: Some(found.name),
                ..found
            },
            CacheOutcome::Partial if !found.name.is_empty() => {
                CiCache { restored: Some(found.name.clone()), ..found }
            }
            _ => found,
        }
    }
}

fn restore(name: String, outcome: CacheOutcome, quote: Quote) -> CiCache {
    CiCache {
        name: name.into(),
        operation: CacheOperation::Restore,
        outcome,
        reason: None,
        restored: None,
        quote,
    }
}

/// Whether both are about one operation.
fn same(before: &CiCache, now: &CiCache) -> bool {
    let unnamed = before.name.is_empty() || now.name.is_empty();
    let near = now.quote.line.saturating_sub(before.quote.line) <= NEAR;
    before.operation == now.operation && (bare(before) == bare(now) || (unnamed && near))
}

/// Bitbucket calls its cache `docker: docker.tar`, and `docker` where it exists already.
fn bare(cache: &CiCache) -> &str {
    cache.name.split_once(": ").map_or(&*cache.name, |(name, _)| name)
}

/// What is worse counts; of two bad ends the first, which is the cause of the other. Only a
/// conflict is a guess of the client's (`another job may be creating this cache`) and yields to an
/// answer.
fn settle(before: &mut CiCache, now: CiCache) {
    let good = |outcome| matches!(outcome, CacheOutcome::Hit | CacheOutcome::Saved);
    let guess = matches!(before.reason, None | Some(CacheReason::Conflict));
    if !good(now.outcome)
        && (good(before.outcome)
            || (guess && now.reason.is_some_and(|r| r != CacheReason::Conflict)))
    {
        (before.outcome, before.reason, before.quote) = (now.outcome, now.reason, now.quote);
    }
    if before.name.is_empty() {
        before.name = now.name;
    }
    before.restored = before.restored.take().or(now.restored);
}

#[cfg(test)]
mod tests {
    use super::*;
    use CacheOperation::{Restore, Save};
    use CacheOutcome::{Exists, Failed, Hit, Miss, Partial, Saved};

    fn heard(lines: &[(&str, CacheOperation, CacheOutcome)]) -> Vec<(String, CacheOutcome)> {
        let (mut caches, mut all) = (Caches::default(), Few::new());
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
        assert_eq!(
            heard(&[("", Restore, Failed), ("k", Restore, Miss)]),
            [("k".to_owned(), Failed)]
        );
        assert_eq!(
            heard(&[("k", Restore, Partial), ("k", Restore, Hit)]),
            [("k".to_owned(), Partial)]
        );
        assert_eq!(
            heard(&[("d: d.tar", Save, Exists), ("d", Save, Exists)]),
            [("d: d.tar".to_owned(), Exists)]
        );
    }

    #[test]
    fn an_answer_of_the_service_counts_more_than_a_guess() {
        let taken = "Unable to reserve cache with key k, another job may be creating this cache.";
        let denied = "Cache reservation failed: cache write denied: token has no writable scopes";
        for lines in [[taken, denied], [denied, taken]] {
            let (mut caches, mut all) = (Caches::default(), Few::new());
            for (text, line) in lines.iter().zip(1..) {
                caches.ends(
                    &mut all,
                    String::new(),
                    Save,
                    Failed,
                    Quote::new(line, text.as_bytes()),
                );
            }
            assert_eq!(
                (all.len(), all[0].reason, &*all[0].quote.text),
                (1, Some(CacheReason::Denied), denied)
            );
        }
    }

    #[test]
    fn two_caches_stay_two() {
        let both = heard(&[("a", Save, Exists), ("b", Save, Saved), ("b", Restore, Hit)]);
        assert_eq!(
            both,
            [("a".to_owned(), Exists), ("b".to_owned(), Saved), ("b".to_owned(), Hit)]
        );
        let (mut caches, mut all) = (Caches::default(), Few::new());
        for line in 1..3 {
            caches.begins("k".into(), Save);
            caches.ends(&mut all, String::new(), Save, Saved, Quote::new(line, b""));
        }
        assert_eq!(all.len(), 2);
    }
}

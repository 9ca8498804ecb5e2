//! Targets of one bake that write one directory: whichever comes second finds files moved or
//! locked.

use foldhash::HashSet;

use super::{Cause, Refusal, Side};
use crate::model::{CacheKind, Run};

/// Only several targets can crowd a directory, and the export of one that it breaks can break with
/// other words.
pub(super) fn settle(run: &Run, all: &mut [Refusal]) {
    for refusal in all.iter_mut().filter(|r| r.cause == Cause::Crowded) {
        // `/var/lib/buildkit/runc-overlayfs/content/ingest/0a/data` is the builder's own store.
        if run.together(refusal.build).len() < 2 || refusal.text.contains("/content/ingest/") {
            refusal.cause = Cause::Other;
        }
    }
    let crowded: HashSet<usize> =
        all.iter().filter(|r| r.cause == Cause::Crowded).map(|r| r.build.invocation).collect();
    let follows = |r: &&mut Refusal| {
        let local = r.side == Side::Export && r.kind == CacheKind::Local;
        local && r.cause == Cause::Other && crowded.contains(&r.build.invocation)
    };
    all.iter_mut().filter(follows).for_each(|refusal| refusal.cause = Cause::Crowded);
}

//! The configuration: the directory of a local cache is kept under a key that never changes.

use super::{META, fix_of};
use crate::config::{Fate, Kept, Side};
use crate::finding::{Finding, Severity, not_ruled_out};
use crate::rules::planned::local::{self, Local};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::At;

/// What the cache holds.
enum Holds<'a> {
    Layers(Local<'a>),
    /// A file of images, for the classic builder or with their inline cache.
    Images,
}

/// The finding of a build.
pub(super) fn finding(at: At) -> Option<Finding> {
    let holds = match local::only(at) {
        Some(local) => Holds::Layers(local),
        None if reads_images(at) => Holds::Images,
        None => return None,
    };
    let held = |kept: &&Kept| match &holds {
        Holds::Layers(local) => local.is_held_by(kept),
        Holds::Images => kept.paths.iter().any(|path| is_loaded(at, path)),
    };
    let kept = at.place.kept.iter().find(held)?;
    if kept.fate != Fate::Frozen {
        return None;
    }
    let key = at.key_of(kept, "nothing in it changes")?;
    let words = Words {
        title: format!(
            "{} saved once, under the key `{}`, and never again",
            if matches!(holds, Holds::Images) { "the images are" } else { "the local cache is" },
            kept.key
        ),
        cause: "The key is the same in each run, and what is stored under a key is never \
            overwritten: the first run saves its cache, and every later one restores that, writes \
            a newer one and throws it away. What changed since the first run is built again in \
            each."
            .to_owned(),
        fix: fix_of(&kept.key, at.ci()),
        rules_out: vec![not_ruled_out(
            "somebody or something that deletes the stored cache now and then",
        )],
        subject: kept.key.clone(),
    };
    let mut lines = vec![key];
    lines.extend(match holds {
        Holds::Layers(local) => {
            at.evidence_of_spec(local.to, Side::To, "a cache is written in each run")
        }
        Holds::Images => at.evidence("builds with the images that were loaded"),
    });
    planned::finding(&META, Severity::Warning, lines, words)
}

/// It builds with the images that its job loaded.
fn reads_images(at: At) -> bool {
    let inline = at.place.command.inline() && !at.place.command.cache_from.is_empty();
    at.place.images.reloaded && (inline || planned::may_be_older(at))
}

/// A line of the file loads or saves images there.
fn is_loaded(at: At, path: &str) -> bool {
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let name = parts.next().unwrap_or(path);
    let moves = |line: &&str| line.contains("docker load") || line.contains("docker save");
    at.texts().flat_map(str::lines).filter(moves).any(|line| line.contains(name))
}

//! What a build of kaniko takes from its cache and gives to it, and the push of its image.
//!
//! kaniko moves one layer at a time: all lookups of one repository are one import, all pushes one
//! export.

use super::KanikoSegment;
use crate::model::{CacheKind, Quote, Text, Transfer};

impl KanikoSegment {
    /// All lookups of one repository are one import.
    pub(super) fn asks(&mut self, reference: String, quote: Quote) {
        let repo = repository(&reference);
        if !self.build.imports.iter().any(|i| i.reference.as_deref() == repo) {
            self.build.imports.push(transfer(repo, quote));
        }
        self.asked = Some(reference);
    }

    pub(super) fn refused(&mut self, error: String, quote: Quote) {
        let absent =
            ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "404"].iter().any(|known| error.contains(known));
        if absent || is_cut(&error) {
            return;
        }
        if let Some(import) = self.build.imports.last_mut() {
            (import.error, import.ended, import.verdict) = (Some(error.into()), true, Some(quote));
        }
    }

    pub(super) fn stores(&mut self, reference: String, quote: Quote) {
        let repo = repository(&reference);
        if !self.build.exports.iter().any(|e| e.reference.as_deref() == repo) {
            self.build.exports.push(transfer(repo, quote.clone()));
        }
        if let Some(at) = self.build.steps.len().checked_sub(1) {
            self.build.pushed.push((at, quote));
        }
        self.storing.insert(reference);
    }

    /// `failed to push to destination REPO:KEY: …`: of several layers the first error is printed.
    /// Where the log begins below `Pushing layer`, it names the cache.
    pub(super) fn not_stored(&mut self, error: String, quote: Quote) {
        let fits = |t: &&mut Transfer| t.reference.as_ref().is_some_and(|r| error.contains(&**r));
        if self.build.exports.is_empty()
            && let Some(reference) = error
                .strip_prefix("failed to push to destination ")
                .and_then(|e| e.split(": ").next())
        {
            self.stores(reference.to_owned(), quote.clone());
        }
        // `getting tag for destination: repository can only contain the characters …: app:24h`:
        // what it names is a part of the reference.
        let several = self.build.exports.len() > 1;
        let at = match self.build.exports.iter_mut().position(|mut export| fits(&mut export)) {
            None if several => None,
            found => self.build.exports.get_mut(found.unwrap_or(0)),
        };
        if let Some(export) = at {
            (export.error, export.ended, export.verdict) = (Some(error.into()), true, Some(quote));
        }
    }

    pub(super) fn pushes(&mut self, image: String, clock: &[u8]) {
        if self.storing.iter().any(|known| image.ends_with(known.as_str())) {
            return;
        }
        self.rest(clock);
        self.last_push = true;
        if !is_hidden(&image) {
            self.build.images.push(image.into());
        }
    }

    pub(super) fn pushed(&mut self, image: &str, quote: Quote) {
        let repo = image.split('@').next().unwrap_or(image);
        let export = self
            .build
            .exports
            .iter_mut()
            .find(|e| e.reference.as_deref() == Some(repo) && e.error.is_none());
        match export {
            Some(export) if !self.last_push => (export.ended, export.verdict) = (true, Some(quote)),
            _ => self.done |= self.last_push,
        }
    }
}

fn transfer(repo: Option<&str>, header: Quote) -> Transfer {
    Transfer {
        reference: repo.map(Text::from),
        kind: CacheKind::Registry,
        header,
        ..Transfer::default()
    }
}

/// `registry:5000/team/app/cache` of `registry:5000/team/app/cache:4606…`
fn repository(reference: &str) -> Option<&str> {
    if is_hidden(reference) {
        return None;
    }
    Some(reference.rsplit_once(':').map_or(reference, |(repo, _)| repo))
}

/// `Checking for cached layer <registry-uri-1>`: a hosting service counts the addresses in place of
/// printing them, so that the number tells nothing.
fn is_hidden(reference: &str) -> bool {
    reference.starts_with('<')
}

/// `GET https://r/v2/c/manifests/0a1b: MANIFEST_UNK`: a terminal wrapped the line, and the rest of it
/// is in the next one.
fn is_cut(error: &str) -> bool {
    let Some((_, said)) = error.strip_prefix("GET ").and_then(|rest| rest.split_once(": ")) else {
        return error.starts_with("GET ");
    };
    !said.contains([' ', ':'])
}

//! Which of two defects a refused `PUT …/manifests/TAG` is: the registry does not take this form of
//! manifest, or the tag is there already and may not be moved. The status is the same.
//!
//! A helper of two rules.

use super::Study;
use super::backend::{Cause, Refusal};
use super::remedy::reference;
use crate::model::{CacheKind, Quote, Run, Transfer};

/// Why the tag is taken to be immutable.
pub(super) enum Immutable<'a> {
    /// The error says so.
    Said,
    /// An earlier run wrote to it: where.
    WrittenBefore(&'a Run, &'a Quote),
    /// The same build read a cache of the same form from it: where.
    ReadNow(&'a Run, &'a Quote),
}

/// `None` where nothing shows that the tag was ever written.
pub(super) fn immutable<'a>(study: &'a Study, refusal: &Refusal<'a>) -> Option<Immutable<'a>> {
    if refusal.cause == Cause::TagImmutable {
        return Some(Immutable::Said);
    }
    let target = refusal.reference().filter(|name| reference::tag(name).is_some())?;
    written_before(study, refusal, &target).or_else(|| read_now(refusal, &target))
}

fn written_before<'a>(
    study: &'a Study,
    refusal: &Refusal<'a>,
    target: &str,
) -> Option<Immutable<'a>> {
    let earlier = study.runs.iter().take(refusal.at.run);
    let builds = earlier.flat_map(|run| run.builds.iter().map(move |build| (run, build)));
    let named = |run: &Run, imports: &[Transfer]| {
        let asked = run.commands.iter().flat_map(|c| &c.cache_to).filter_map(|s| s.get("ref"));
        let looked = imports.iter().filter_map(|i| i.reference.as_deref());
        asked.chain(looked).any(|name| reference::same(name, target))
    };
    builds.filter(|(run, build)| named(run, &build.imports)).find_map(|(run, build)| {
        let export = build.exports.iter().find(|e| e.ok() && e.kind == CacheKind::Registry)?;
        Some(Immutable::WrittenBefore(run, &export.header))
    })
}

/// An index at the reference means that the registry once took the very form it now refuses.
fn read_now<'a>(refusal: &Refusal<'a>, target: &str) -> Option<Immutable<'a>> {
    let index = |i: &Transfer| {
        i.manifest_type.as_deref().is_some_and(|t| t.contains("index") || t.contains("list"))
    };
    let mut imports = refusal.build.imports.iter().filter(|i| i.ok() && index(i));
    let import = imports
        .find(|i| i.reference.as_deref().is_some_and(|name| reference::same(name, target)))?;
    Some(Immutable::ReadNow(refusal.run, &import.header))
}

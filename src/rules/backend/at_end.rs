//! A final error that names a cache: `ERROR: failed to build: failed to solve: failed to configure
//! registry cache exporter: unsupported compression type ztsd`.
//!
//! Errors of the image or of steps can have the same ending, so the words are asked for. Those of
//! cache exporters are said by nothing else; logs that begin in the middle have no more of the
//! export.

use super::cause::classify_export;
use super::refusal::whole;
use super::{Cause, Refusal, Side, classify};
use crate::model::{
    About, Build, CacheKind, Dialect, Outcome, Quote, Run, Step, Transfer, cache_error, configured,
};
use crate::rules::remedy::reference;
use crate::series::BuildRef;

pub(super) fn refusal<'a>(
    at: BuildRef,
    run: &'a Run,
    build: &'a Build,
    quote: &'a Quote,
) -> Option<Refusal<'a>> {
    let text: &str = &quote.text;
    let said = whole(text, build, quote);
    if checks_cache(run, build, text) {
        let (side, kind, cause) =
            (Side::Export, CacheKind::Registry, classify_export(&said, CacheKind::Registry));
        return Some(Refusal { at, run, build, side, kind, transfer: None, text, quote, cause });
    }
    if let Some(transfer) = cut_off(build, text) {
        let (side, kind, cause) = (Side::Export, transfer.kind, Cause::Other);
        let transfer = Some(transfer);
        return Some(Refusal { at, run, build, side, kind, transfer, text, quote, cause });
    }
    let set_up = configured(text);
    let (writing, kind) = match cache_error(text) {
        Some(About::Export(kind)) if set_up.is_none() => (true, kind),
        _ => (false, set_up.unwrap_or_default()),
    };
    let cause = if writing { classify_export(&said, kind) } else { classify(&said, kind) };
    if !(writing || cause == Cause::Crowded || stops(text, cause)) {
        return None;
    }
    let side = match (writing || cause == Cause::Crowded, queried(text)) {
        (true, _) => Side::Export,
        (false, true) => Side::Import,
        (false, false) => Side::Start,
    };
    Some(Refusal { at, run, build, side, kind, transfer: None, text, quote, cause })
}

/// The export that was under way when the builder was gone: `failed to receive status: rpc error:
/// code = Unavailable desc = closing transport due to: connection error: … "graceful_stop"`. All
/// steps are done by then.
fn cut_off<'a>(build: &'a Build, text: &str) -> Option<&'a Transfer> {
    if !text.contains("failed to receive status") {
        return None;
    }
    let open = |step: &Step| matches!(step.outcome, Outcome::Failed | Outcome::Canceled);
    let steps = !build.steps.is_empty() && !build.steps.iter().any(open);
    let exports = || build.exports.iter().filter(|export| export.kind != CacheKind::Inline);
    exports().find(|export| steps && !export.ended && export.error.is_none())
}

/// A terminal shows that an export failed, ` => ERROR exporting cache`, and why in the last line
/// alone: `error: failed to solve: server message: insufficient_scope: authorization failed`. The
/// image is written before the cache, so nothing else can have ended the build.
pub(super) fn tell<'a>(run: &'a Run, build: &'a Build, all: &mut [Refusal<'a>]) {
    let Some(quote) = build.errors.last().filter(|last| last.text.contains("failed to solve: "))
    else {
        return;
    };
    let together = run.together(build);
    let steps = || together.iter().flat_map(|build| &build.steps);
    let exports = together.iter().flat_map(|build| &build.exports);
    let failed = exports.filter(|export| export.error.is_some()).count();
    if failed != 1 || steps().any(|step| step.outcome == Outcome::Failed) {
        return;
    }
    let silent = |refusal: &&mut Refusal| refusal.side == Side::Export && refusal.text.is_empty();
    if let Some(refusal) = all.iter_mut().find(silent) {
        refusal.cause = classify_export(&whole(&quote.text, build, quote), refusal.kind);
        (refusal.text, refusal.quote) = (&quote.text, quote);
    }
}

/// Said before the first step, of a cache that cannot be set up.
fn stops(text: &str, cause: Cause) -> bool {
    let text = text.to_ascii_lowercase();
    let has = |words: &str| text.contains(words);
    let named =
        has(" cache") || has("type required for \"") || has("--cache-from") || has("--cache-to");
    let refused = matches!(cause, Cause::OptionInvalid | Cause::DriverUnsupported);
    has("failed to configure") && has(" cache") || queried(&text) || refused && named
}

/// Before 0.4 the first import that failed ended the build (`moby/buildkit` issue 569).
fn queried(text: &str) -> bool {
    text.contains("error on cache query: ")
}

/// kaniko checks before it builds that it may push: to the destination, and with `--no-push` to the
/// cache alone.
fn checks_cache(run: &Run, build: &Build, text: &str) -> bool {
    if build.dialect != Dialect::Kaniko {
        return false;
    }
    let Some(name) = reference::checked(text) else { return false };
    let commands = || run.commands_of(build).iter();
    if commands().flat_map(|c| &c.tags).any(|image| reference::same(image, name)) {
        return false;
    }
    let named = commands()
        .flat_map(|c| c.cache_to.iter().chain(&c.cache_from))
        .filter_map(|spec| spec.get("ref"));
    let usual = commands()
        .flat_map(|c| &c.tags)
        .map(|image| format!("{}/cache", reference::repository(image)));
    let caches: Vec<String> = named.map(str::to_owned).collect();
    let caches = if caches.is_empty() { usual.collect() } else { caches };
    caches.iter().any(|cache| reference::same_repository(cache, name))
}

//! One refused cache operation, and what the log shows of its place.

use std::borrow::Cow;

use super::Cause;
use crate::model::{Build, CacheKind, CacheSpec, Quote, Run, Tool, Transfer};
use crate::rules::remedy::reference;
use crate::series::BuildRef;

/// Which way the cache was going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::rules) enum Side {
    /// Read.
    Import,
    /// Written.
    Export,
    /// Never begun: the build stopped before its first step.
    Start,
}

/// One refused cache operation.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Refusal<'a> {
    pub(in crate::rules) at: BuildRef,
    pub(in crate::rules) run: &'a Run,
    pub(in crate::rules) build: &'a Build,
    pub(in crate::rules) side: Side,
    pub(in crate::rules) kind: CacheKind,
    pub(in crate::rules) transfer: Option<&'a Transfer>,
    /// First line of the error.
    pub(in crate::rules) text: &'a str,
    pub(in crate::rules) quote: &'a Quote,
    pub(in crate::rules) cause: Cause,
}

impl<'a> Refusal<'a> {
    /// What was refused, as far as the log says: the reference in the error's URL, the import's
    /// own, the one on the command line. Buckets and services have none.
    pub(in crate::rules) fn reference(&self) -> Option<String> {
        if matches!(
            self.kind,
            CacheKind::S3 | CacheKind::Azblob | CacheKind::Gha | CacheKind::Local
        ) {
            return None;
        }
        let own = self.transfer.and_then(|t| t.reference.as_deref()).map(str::to_owned);
        let named = reference::in_url(self.text)
            .or_else(|| reference::in_token_url(self.text))
            .or_else(|| reference::checked(self.text).map(str::to_owned));
        named.or(own).or_else(|| self.written()).or_else(|| self.imported())
    }

    /// Another import of the same build is well, and nothing was refused but reading.
    pub(in crate::rules) fn harmless(&self) -> bool {
        self.side == Side::Import && self.build.imported()
    }

    /// The error with the lines that go on with it.
    pub(in crate::rules) fn said(&self) -> Cow<'a, str> {
        whole(self.text, self.build, self.quote)
    }

    /// The lines that go on with the error.
    pub(super) fn answers(&self) -> impl Iterator<Item = &'a Quote> {
        answers(self.build, self.quote)
    }

    /// The cache as the command line asks for it, in either direction: `type=gha,scope=web`.
    pub(in crate::rules) fn asked(&self, kind: CacheKind) -> Option<&'a CacheSpec> {
        let commands = || self.run.commands.iter().filter(|c| c.quote.line <= self.quote.line);
        let exports = commands().flat_map(|c| &c.cache_to).rfind(|spec| spec.kind() == kind);
        exports.or_else(|| commands().flat_map(|c| &c.cache_from).rfind(|spec| spec.kind() == kind))
    }

    fn written(&self) -> Option<String> {
        let commands = self
            .run
            .commands
            .iter()
            .filter(|c| c.tool != Tool::BuildxCreate && c.quote.line <= self.quote.line);
        commands
            .flat_map(|c| &c.cache_to)
            .filter_map(|s| s.get("ref"))
            .next_back()
            .map(str::to_owned)
    }

    fn imported(&self) -> Option<String> {
        self.build
            .imports
            .iter()
            .filter_map(|i| i.reference.as_deref())
            .next_back()
            .map(str::to_owned)
    }
}

/// An error with the lines that go on with it: Azure's client prints the status two lines below.
pub(super) fn whole<'a>(text: &'a str, build: &Build, quote: &Quote) -> Cow<'a, str> {
    let more: Vec<&str> = answers(build, quote).map(|answer| answer.text.as_str()).collect();
    if more.is_empty() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{text}\n{}", more.join("\n")))
    }
}

fn answers<'a>(build: &'a Build, quote: &Quote) -> impl Iterator<Item = &'a Quote> {
    let (from, to) = (quote.line, quote.line + Build::ANSWERS);
    build.answers.iter().filter(move |answer| from < answer.line && answer.line <= to)
}

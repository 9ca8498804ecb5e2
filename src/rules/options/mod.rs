//! `--cache-from` and `--cache-to` as `BuildKit` and buildx read them: what is valid, and what is
//! not.
//!
//! Knows specifications, not runs: the rule decides what to report.

mod errors;
mod inline;
mod lint;
mod slash;
mod valid;
pub(super) mod words;

pub(super) use errors::{
    bad_reference, capital_letters, from_error, hidden, no_repository, unusable,
};
pub(super) use inline::inline;
pub(super) use lint::{bare_type, is_bare_type, joined, lint, lint_buildah};
pub(super) use slash::slash;

/// One mistake in a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// What is wrong, as written: `compression=ztsd`, `type=registri`, `ref`.
    pub(super) token: String,
    /// What was meant, where something valid is near.
    pub(super) nearest: Option<String>,
    /// What is wrong with it.
    pub(super) kind: Kind,
    /// Valid values or names, to list in the fix.
    pub(super) valid: Vec<&'static str>,
}

/// Kinds of mistakes, by what they lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value the attribute does not take, and the build stops.
    BadValue,
    /// A value the attribute does not take, silently replaced by the default.
    IgnoredValue,
    /// No such attribute: silently ignored.
    UnknownAttribute,
    /// No such attribute of a bake target: silently ignored.
    UnknownName,
    /// A blank after the comma makes it another attribute: silently ignored.
    Blank,
    /// It ends behind a comma: in a shell the blank after it ends the word.
    Cut,
    /// Another option begins inside of it: the blank before that one is missing.
    Joined,
    /// Its comma is inside quotation marks, so that all of it is taken for the type.
    Quoted,
    /// The name of a backend alone: it is read as a reference in a registry.
    BareType,
    /// A reference that is none.
    BadReference,
    /// A reference that is none, for a reason that is not printed.
    Hidden,
    /// `type=registry,ref=…` that the client reads as names with a comma between.
    Names,
    /// A specification of `BuildKit`'s, where buildah takes the name of a repository.
    Repository,
    /// An option that the client does not have.
    Flag,
    /// An argument that is nearly the one that asks for an inline cache: the Dockerfile gets it.
    Argument,
    /// A name of a branch in the tag: it may hold a slash.
    Slash,
    /// No such backend.
    UnknownType,
    /// The backend is valid, this builder does not have it.
    TypeUnsupported,
    /// A required attribute is missing.
    Missing,
    /// A part that is no `key=value`.
    Loose,
    /// A value that was taken and cannot be used.
    Unusable,
    /// Another error of the configuration, told by the builder.
    Verbatim,
}

impl Kind {
    /// The build stops, and does not go on with less.
    pub(super) fn stops(self) -> bool {
        !matches!(
            self,
            Self::IgnoredValue
                | Self::UnknownAttribute
                | Self::UnknownName
                | Self::Blank
                | Self::BareType
                | Self::Argument
        )
    }
}

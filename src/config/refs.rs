//! Kinds of references whose runs come to a place.
//!
//! Knows no CI: the kinds of files say which events lead to which references.

/// Which there are. Without knowledge all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refs {
    /// Runs of branches.
    pub branches: bool,
    /// Runs of tags.
    pub tags: bool,
    /// Runs of pull requests, before they are merged.
    pub requests: bool,
}

impl Default for Refs {
    fn default() -> Self {
        Self { branches: true, tags: true, requests: true }
    }
}

impl Refs {
    pub(super) const NONE: Self = Self { branches: false, tags: false, requests: false };
    pub(super) const BRANCHES: Self = Self { branches: true, ..Self::NONE };
    pub(super) const TAGS: Self = Self { tags: true, ..Self::NONE };
    pub(super) const REQUESTS: Self = Self { requests: true, ..Self::NONE };

    /// Those of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            branches: self.branches || other.branches,
            tags: self.tags || other.tags,
            requests: self.requests || other.requests,
        }
    }

    /// Those of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            branches: self.branches && other.branches,
            tags: self.tags && other.tags,
            requests: self.requests && other.requests,
        }
    }

    /// All others.
    pub(super) fn not(self) -> Self {
        Self { branches: !self.branches, tags: !self.tags, requests: !self.requests }
    }

    /// Runs of both may have the same reference, and later runs too: a tag is run once.
    #[must_use]
    pub fn meet(self, other: Self) -> bool {
        !matches!(self.and(other), Self::NONE | Self::TAGS)
    }
}

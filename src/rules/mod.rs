//! The rules: each looks at a whole [`Study`] and says the causes it can prove.
//!
//! A rule does no I/O and knows no CI system, builder or format. To add one: one new file, its
//! `mod` line and its row in [`RULES`].

mod study;

pub use study::Study;

use crate::finding::{Finding, Severity};

/// What a rule is: everything `explain`, `rules`, the README table and other formats print.
#[derive(Debug)]
pub struct RuleMeta {
    /// Names the defect, never the remedy.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// Group in listings.
    pub group: &'static str,
    /// The severity it usually has.
    pub severity: Severity,
    /// What it looks for.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// How to mend it.
    pub fix: &'static str,
    /// What else looks like it, and how the rule tells them apart.
    pub rules_out: &'static str,
    /// Where the facts come from.
    pub references: &'static [&'static str],
    /// Version that introduced it.
    pub since: &'static str,
}

/// One rule.
pub trait Rule: Sync {
    /// What it is.
    fn meta(&self) -> &'static RuleMeta;
    /// The causes it finds, none where there is nothing to say.
    fn check(&self, study: &Study) -> Vec<Finding>;
}

/// All rules, in the order of listings.
pub static RULES: &[&dyn Rule] = &[];

/// The rule with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|r| r.meta().id == id)
}

//! Which file proves what, and how to get it: what `cachediag explain --evidence` shows.

use super::EVIDENCE;

/// One kind of file, as the user reads of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// What it is called.
    pub name: &'static str,
    /// What two of them prove, each of one run.
    pub proves: &'static str,
    /// Where, and the one line that gets it there.
    pub get: &'static [(&'static str, &'static str)],
}

/// A page for each kind of file that is worth keeping, the most telling first.
pub fn pages() -> impl Iterator<Item = Page> {
    EVIDENCE.iter().filter_map(|kind| kind.page()).chain([CHECKOUT])
}

/// No file, but it proves as much.
const CHECKOUT: Page = Page {
    name: "checkout, beside caches of two runs",
    proves: "which files of a COPY changed: a commit's files are hashed the way BuildKit does, and \
        compared with what the caches recorded",
    get: &[
        ("any CI", "git fetch --depth=50 && cachediag --checkout . build.log cache.json"),
        ("GitHub Actions", "actions/checkout with `fetch-depth: 50`"),
        ("GitLab", "variables: {GIT_DEPTH: 50}"),
    ],
};

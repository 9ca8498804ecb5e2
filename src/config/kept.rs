//! Directories that the CI carries from run to run, as the file says it.

use crate::model::Quote;

/// A cache of the CI that a job restores and saves.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Paths, as written.
    pub paths: Vec<String>,
    /// Key, as written.
    pub key: String,
    /// The key is made of the contents of files as well, which are not in what is written.
    pub of_files: bool,
    /// Keys that are asked for where there is none of it; `None` where the file does not tell.
    pub older: Option<Vec<String>>,
    /// Whether a later run finds what a run stores.
    pub fate: Fate,
    /// Line of the key.
    pub line: u64,
    /// The key as written, where another file has it than the one that builds.
    pub written: Option<Quote>,
}

/// What becomes of a cache that a run stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// A later run finds it; or the file does not tell.
    #[default]
    Found,
    /// What is stored under a key stays as it is, and nothing in the key changes from run to run of
    /// a branch.
    Frozen,
    /// The CI stores nothing of this place.
    Outside,
    /// All jobs that name it restore it, and none saves it.
    NeverSaved,
}

impl Kept {
    /// A cache with these paths, one a line.
    pub(super) fn of(paths: &str, key: String, fate: Fate) -> Self {
        let paths = paths.lines().map(str::trim).filter(|path| !path.is_empty());
        Self { paths: paths.map(str::to_owned).collect(), key, fate, ..Self::default() }
    }

    /// It holds this directory, or one that the directory is in.
    #[must_use]
    pub fn holds(&self, directory: &str) -> bool {
        let plain = |path: &str| path.trim_start_matches("./").trim_end_matches('/').to_owned();
        let inside = plain(directory);
        let mut paths = self.paths.iter().map(|path| plain(path)).filter(|path| !path.is_empty());
        paths.any(|path| {
            let below = inside.strip_prefix(&path);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// It may bring layers or images along: not all that it holds is of a package manager.
    pub(super) fn may_hold_layers(&self) -> bool {
        const PACKAGES: [&str; 19] = [
            "node_modules",
            ".npm",
            ".yarn",
            ".pnpm-store",
            "pnpm",
            ".m2",
            ".gradle",
            "pip",
            ".venv",
            "venv",
            "poetry",
            "uv",
            "bundle",
            ".composer",
            "composer",
            ".cargo",
            ".nuget",
            "mod",
            "go-build",
        ];
        let known = |path: &String| path.split('/').any(|part| PACKAGES.contains(&part));
        !self.paths.iter().all(known)
    }
}

impl Fate {
    /// Of a cache that is stored once under each key.
    pub(super) fn once(fixed: bool) -> Self {
        if fixed { Self::Frozen } else { Self::Found }
    }
}

//! Directories that the CI carries from run to run, as the file says it.

/// A cache of the CI that a job restores and saves; what is stored under a key stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Paths, as written.
    pub paths: Vec<String>,
    /// Key, as written.
    pub key: String,
    /// Nothing in the key changes from run to run of a branch.
    pub fixed: bool,
    /// Line of the key.
    pub line: u64,
}

impl Kept {
    /// A cache with these paths, one a line.
    pub(super) fn of(paths: &str, key: String, fixed: bool) -> Self {
        let paths = paths.lines().map(str::trim).filter(|path| !path.is_empty());
        Self { paths: paths.map(str::to_owned).collect(), key, fixed, line: 0 }
    }

    /// It holds this directory.
    #[must_use]
    pub fn holds(&self, directory: &str) -> bool {
        let plain = |path: &str| path.trim_start_matches("./").trim_end_matches('/').to_owned();
        self.paths.iter().any(|path| plain(path) == plain(directory))
    }
}

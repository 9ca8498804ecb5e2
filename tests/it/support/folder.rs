//! What lies in a folder, in the order of names.

use std::path::{Path, PathBuf};

/// Files and folders in it; none where there is no such folder.
pub(crate) fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

//! Real logs of this repository, and random damage to them.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::invariants::mangle::Edit;

/// Folders with the logs of one case each.
pub(crate) fn cases() -> Vec<PathBuf> {
    let folders =
        |of: &Path| fs::read_dir(of).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir());
    let mut cases: Vec<PathBuf> =
        folders(Path::new("sample-logs")).chain(folders(Path::new("tests/envelopes"))).collect();
    for rule in folders(Path::new("tests/rules")) {
        cases.extend(folders(&rule).flat_map(|kind| folders(&kind).collect::<Vec<_>>()));
    }
    cases.sort();
    assert!(cases.len() > 50);
    cases
}

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (any::<u8>(), any::<u32>(), any::<u32>()).prop_map(|(how, at, with)| Edit {
        how,
        at,
        with,
    });
    proptest::collection::vec(edit, 0..40)
}

//! What several tests need.

pub(crate) mod cases;
pub(crate) mod folder;
pub(crate) mod git;
pub(crate) mod logs;
pub(crate) mod trends;

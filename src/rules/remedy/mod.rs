//! Fixes written for the tool, references and names found in the input; used by many rules.
//!
//! [`Site`] says what was found, the functions write a [`Fix`](crate::finding::Fix) for it. Decides
//! nothing about causes, and invents no host name: what is not in the log is a placeholder.

mod advice;
mod plain;
pub(crate) mod reference;
mod site;
mod snippet;

pub use advice::{add_import, engine_upgrade, inline_args, own_refs, registry_max};
pub use site::{Form, Site};

/// Stands for the image's name where the log has none.
pub const PLACEHOLDER: &str = "REGISTRY/IMAGE";

#[cfg(test)]
mod tests;

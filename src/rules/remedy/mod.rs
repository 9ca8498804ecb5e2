//! Fixes written for the tool, references and names found in the input; used by many rules.
//!
//! [`Site`] says what was found, the functions write a [`Fix`](crate::finding::Fix) for it. Decides
//! nothing about causes, and invents no host name: what is not in the log is a placeholder.

mod advice;
pub(in crate::rules) mod builder;
mod gha;
mod home;
mod login;
mod own_refs;
mod pasted;
pub(in crate::rules) mod patch;
pub(in crate::rules) mod place;
mod plain;
pub(crate) mod reference;
pub(in crate::rules) mod scopes;
mod site;
mod snippet;
pub(in crate::rules) mod tags;

pub(in crate::rules) use advice::{ATTRIBUTES, COLD, inline_together, together, unpulled};
pub use advice::{
    add_import, bitbucket_runtime, engine_upgrade, inline_args, max_mode, registry_max,
};
pub(in crate::rules) use login::login;
pub use own_refs::own_refs;
pub(in crate::rules) use own_refs::{own_caches, short_name};
pub(in crate::rules) use pasted::command_line;
pub use place::At;
pub use site::{Form, Site};

/// Stands for the image's name where the log has none.
pub const PLACEHOLDER: &str = "REGISTRY/IMAGE";

#[cfg(test)]
mod tests;

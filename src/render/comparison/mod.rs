//! What `cachediag compare` prints: builds before and after, and what became of the findings.

mod human;
mod json;

pub use human::comparison;
pub use json::comparison_json;

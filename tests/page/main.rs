//! The page in a real, headless Chromium: what it shows, what it does, whom it reaches.
//!
//! Skipped, aloud, where there is no Chromium.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod access;
mod behaviour;
mod browser;
mod limits;
mod reports;
mod safety;
mod trend;
#[path = "../support/trends.rs"]
mod trends;

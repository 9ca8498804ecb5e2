//! The page in a real, headless Chromium: what it shows, what it does, whom it reaches.
//!
//! Skipped, aloud, where there is no Chromium.

mod access;
mod behaviour;
mod browser;
mod keyboard;
mod limits;
mod reports;
mod safety;
mod trend;

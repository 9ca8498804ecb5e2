//! The program and its library from outside: one binary, because each costs a link of all they are
//! made of.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in its helpers"
)]

mod architecture;
mod bad_input;
mod bitbucket_fix;
mod checkouts;
mod ci_caches;
mod cli;
mod coin;
mod compare;
mod configs;
mod dialects;
mod docs;
mod envelopes;
mod evidence;
mod explain;
mod first_screen;
#[cfg(unix)]
mod fix_write;
mod fixes;
mod formats;
mod growth;
mod history;
#[cfg(unix)]
mod integrations;
mod invariants;
mod look_alikes;
mod nets;
mod one_result_in_every_frame;
#[cfg(unix)]
mod packaging;
mod page;
mod patches;
mod reports;
mod rules;
mod safe_output;
mod same_result;
mod samples;
mod secrets;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
mod total;
mod trend;
mod words;

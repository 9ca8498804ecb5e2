//! Reads the logs of Docker builds and says why their cache did not help.
//!
//! One straight pipe, each module importing only from those before it: [`source`] → [`envelope`] →
//! [`dialect`] → [`model`] → [`evidence`] → [`series`] → [`config`] → [`finding`] → [`rules`] →
//! [`triage`] → [`trend`] → [`render`] → [`history`] → [`pipeline`] → [`cli`]. `ARCHITECTURE.md`
//! says what each of them does and must not know.
//!
//! ```
//! use cachediag::pipeline::{Options, run};
//!
//! let of = |path: &str| run(&Options { paths: vec![path.into()], ..Options::default() });
//!
//! assert!(of("sample-logs/registry-mode-max-healthy").findings.is_empty());
//!
//! let sick = of("sample-logs/every-second-run");
//! assert_eq!(sick.findings[0].rule, "inline-cache-lost-every-second-run");
//! ```
//!
//! Logs may be in memory too:
//!
//! ```
//! use cachediag::pipeline::{Options, run_in_memory};
//! use cachediag::source::Entry;
//!
//! let text = *b"#1 [1/2] FROM node:20\n#1 CACHED\n\n#2 [2/2] RUN npm ci\n#2 CACHED\n";
//! let log = Entry::in_memory("build.log", text);
//! let report = run_in_memory([log], &Options::default());
//! assert_eq!(report.study.runs[0].builds[0].hits(), 1);
//! ```

pub mod source;

pub mod envelope;

pub mod dialect;

pub mod model;

pub mod evidence;

pub mod series;

pub mod config;

pub mod finding;

pub mod rules;

pub mod triage;

pub mod trend;

pub mod render;

pub mod history;

pub mod pipeline;

pub mod cli;

//! Command line: arguments, streams, exit status.
//!
//! Decides nothing about logs. The only place that prints, and that ends the process.

mod args;
mod auto;
mod catalog;
mod compare;
mod fix;
mod judge;
mod manual;
mod progress;
mod screen;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Cli, Command};

/// Exit status: usage error, or nothing could be read.
const TROUBLE: u8 = 2;

/// Runs the program with the arguments of the process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Some(Command::Rules(rules)) => catalog::list(rules, cli.color),
        Some(Command::Compare(compare)) => compare::run(compare, cli.color),
        Some(Command::Fix(fix)) => fix::run(fix),
        Some(Command::Explain(explain)) => catalog::explain(explain, cli.color),
        Some(Command::Completions(completions)) => manual::completions(completions.shell),
        Some(Command::Man) => manual::page(),
        None => judge::run(&cli.judge, cli.color),
    };
    done.unwrap_or_else(|error| {
        screen::complain(&format!("error: {error:#}"));
        ExitCode::from(TROUBLE)
    })
}

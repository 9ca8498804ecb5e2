//! Command line: arguments, streams, exit status.
//!
//! Decides nothing about logs. The only place that prints, and that ends the process.

mod args;
mod auto;
mod baseline;
mod catalog;
mod check;
mod compare;
mod diagnosis;
mod fix;
mod fleet;
mod history;
mod judge;
mod manual;
mod mcp;
mod mistyped;
mod progress;
mod replace;
mod run;
mod screen;
mod settings;
mod trend;

use std::process::ExitCode;

use self::args::{Cli, Command};

/// Exit status: usage error, or nothing could be read.
const TROUBLE: u8 = 2;

/// Runs the program with the arguments of the process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::from_environment();
    let look = cli.look;
    let done = match &cli.command {
        Some(Command::Run(build)) => run::run(build, look),
        Some(Command::Rules(rules)) => catalog::list(rules, look),
        Some(Command::Check(check)) => check::run(check, look),
        Some(Command::Compare(compare)) => compare::run(compare, look),
        Some(Command::Fix(fix)) => fix::run(fix),
        Some(Command::Explain(explain)) => catalog::explain(explain, look),
        Some(Command::History(remembered)) => history::run(remembered, look),
        Some(Command::Records(records)) => fleet::records(records),
        Some(Command::Judge(groups)) => fleet::judge(groups),
        Some(Command::Trend(trend)) => trend::run(trend, look),
        Some(Command::Mcp) => mcp::run(),
        Some(Command::Completions(completions)) => manual::completions(completions.shell),
        Some(Command::Man(man)) => manual::page(man.command.as_deref()),
        None => judge::run(&cli.judge, look),
    };
    done.unwrap_or_else(|error| {
        screen::complain(&format!("error: {error:#}"));
        ExitCode::from(TROUBLE)
    })
}

//! `cachediag completions` and `cachediag man`, from the description of the command line itself.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use super::screen;

pub(super) fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut text);
    print(text)
}

pub(super) fn page() -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    print(text)
}

fn print(text: Vec<u8>) -> anyhow::Result<ExitCode> {
    screen::print(&String::from_utf8(text)?, screen::FILE)?;
    Ok(ExitCode::SUCCESS)
}

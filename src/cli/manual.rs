//! `cachediag completions` and `cachediag man`, from the description of the command line itself.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Generator, Shell as Complete, generate};
use clap_complete_nushell::Nushell;

use super::args::{Cli, Shell};
use super::screen;

pub(super) fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    print(match shell {
        Shell::Bash => written(Complete::Bash),
        Shell::Elvish => written(Complete::Elvish),
        Shell::Fish => written(Complete::Fish),
        Shell::Nushell => written(Nushell),
        Shell::Powershell => written(Complete::PowerShell),
        Shell::Zsh => written(Complete::Zsh),
    })
}

fn written(shell: impl Generator) -> Vec<u8> {
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut text);
    text
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

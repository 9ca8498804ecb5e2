//! `cachediag completions` and `cachediag man`, from the description of the command line itself.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::{Generator, Shell as Complete, generate};
use clap_complete_nushell::Nushell;

use super::args::{Cli, Shell, nearest};
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

pub(super) fn page(of: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut all = Cli::command();
    // Gives its commands the names that `man` looks for: `cachediag-run`.
    all.build();
    let command = match of {
        None => all,
        Some(name) => of_command(&all, name)?.clone(),
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    print(text)
}

fn of_command<'c>(all: &'c Command, name: &str) -> anyhow::Result<&'c Command> {
    let names: Vec<&str> = all.get_subcommands().map(Command::get_name).collect();
    all.find_subcommand(name).with_context(|| match nearest(name, &names) {
        Some(near) => format!("no such command, did you mean {near}?"),
        None => format!("no such command; there are {}", names.join(", ")),
    })
}

fn print(text: Vec<u8>) -> anyhow::Result<ExitCode> {
    screen::print(&String::from_utf8(text)?, screen::FILE)?;
    Ok(ExitCode::SUCCESS)
}

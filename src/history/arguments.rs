//! Values of build arguments: taken out of what is kept, so that only *whether they changed*
//! remains.
//!
//! A value becomes a mark, `<arg:0293847561>`: 32 bits of the SHA-256 of the argument's name and
//! value, in decimal. The name in the hash keeps a table of common values from serving for all
//! arguments, and tells nothing by two arguments having one value. So few bits cannot lead back to
//! a long value, since a million commits share a mark by chance; a value that can be guessed from a
//! short list can be guessed from any hash, so what is called a secret has no mark at all, only
//! `***`. Two values in a row have one mark by chance once in four billion runs. Decimal because
//! rules take a word with a digit in it for a value.
//!
//! Where the log that was just read has the same value, the mark in an earlier record reads as that
//! value again: equal texts stay equal, and nothing is shown that is not in the log at hand.

mod shell;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::model::{Digest, Run, secret_name};
use crate::render::redact::redact;

/// Stands for a value of a secret.
const SECRET: &str = "***";

/// Values of fewer bytes are taken out only where they are written as arguments: `RUN sleep 5`
/// would lose its `5` to `JOBS=5`.
const SHORT: usize = 4;

/// The arguments that command lines give, with their values.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// Names, also of arguments whose value is not in the log.
    names: Vec<String>,
    /// Values and their marks, the longest first.
    values: Vec<(String, String)>,
}

impl Arguments {
    /// Of the command lines of these runs, and of instructions that are printed with their
    /// arguments.
    pub(super) fn of<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Self {
        let mut known = Self::default();
        for run in runs {
            let given = run
                .commands
                .iter()
                .flat_map(|command| &command.build_args)
                .flat_map(|text| text.lines());
            given.for_each(|argument| known.add(argument.trim()));
            let steps = run.builds.iter().flat_map(|build| &build.steps);
            steps.flat_map(|step| printed(&step.text)).for_each(|argument| known.add(argument));
        }
        known.values.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        known.values.dedup();
        known
    }

    fn add(&mut self, argument: &str) {
        let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
        if is_switch(name) || name.is_empty() {
            return;
        }
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        let written = shell::parts(value)
            .into_iter()
            .filter(|(literal, part)| *literal && says_something(part));
        self.values.extend(written.map(|(_, part)| (part.to_owned(), mark(name, part))));
    }

    /// A text of the log as it may be kept.
    pub(super) fn hidden(&self, text: &str) -> String {
        match text {
            _ if text.contains("build-arg") => {
                self.without_values(&shell::assigned(text, &[], &hidden_value))
            }
            _ if text.contains("RUN |") => self.command(text),
            _ => self.without_values(text),
        }
    }

    /// A command line as it may be kept: what it assigns to the names of arguments is their value.
    pub(super) fn command(&self, text: &str) -> String {
        self.without_values(&shell::assigned(text, &self.names, &hidden_value))
    }

    fn without_values(&self, text: &str) -> String {
        redact(&self.replaced(text, |_| true)).into_owned()
    }

    /// A text as a report may show it: only what is called a secret is taken out, as in a record.
    pub(super) fn shown(&self, text: &str) -> String {
        redact(&self.replaced(text, |mark| mark == SECRET)).into_owned()
    }

    fn replaced(&self, text: &str, which: impl Fn(&str) -> bool) -> String {
        let wanted = self.values.iter().filter(|(value, mark)| {
            let switch = matches!(value.as_str(), "true" | "false");
            which(mark) && value.len() >= SHORT && !switch && text.contains(value.as_str())
        });
        wanted.fold(text.to_owned(), |text, (value, mark)| shell::replace_word(&text, value, mark))
    }

    /// A text of a record, with the values that are known here in place of their marks.
    pub(super) fn recalled(&self, text: &str) -> String {
        if !text.contains("<arg:") {
            return text.to_owned();
        }
        self.values.iter().fold(text.to_owned(), |text, (value, mark)| match mark.as_str() {
            SECRET => text,
            mark => text.replace(mark, value),
        })
    }
}

/// `NAME=value` as it may be kept, one a line.
pub(super) fn hidden_argument(argument: &str) -> String {
    let hidden = |line: &str| match line.split_once('=') {
        Some((name, value)) => format!("{name}={}", hidden_value(name.trim(), value)),
        None => line.to_owned(),
    };
    argument.split('\n').map(hidden).collect::<Vec<_>>().join("\n")
}

/// A value as it may be kept: expressions of the shell say nothing of it, and rules read them.
fn hidden_value(name: &str, value: &str) -> String {
    if is_switch(name) {
        return value.to_owned();
    }
    let mut hidden = String::new();
    for (literal, text) in shell::parts(value) {
        let plain = !literal || !says_something(text);
        let _ = if plain { hidden.write_str(text) } else { hidden.write_str(&mark(name, text)) };
    }
    hidden
}

fn says_something(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// `RUN |2 SHA=0f3c9a7 N=1 npm ci`: how the classic builder and `docker history` print a RUN and
/// its arguments.
fn printed(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split_once("RUN |").map_or("", |(_, behind)| behind);
    let count = behind.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
    behind.split(' ').skip(1).take(count).filter(|word| word.contains('='))
}

/// `BUILDKIT_INLINE_CACHE=1` and its like: the builder reads them, the image does not.
fn is_switch(name: &str) -> bool {
    name.starts_with("BUILDKIT_")
}

/// What is kept of the digest of a value that a file beside the log tells, by the name of what it is
/// the value of: `argument V`. As much as of other values, and nothing of a secret.
pub(super) fn short_mark(name: &str, digest: Digest) -> Option<String> {
    let own = name.rsplit(' ').next().unwrap_or(name);
    secret_name::name(own).is_none().then(|| {
        digest.bytes().iter().take(4).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    })
}

fn mark(name: &str, value: &str) -> String {
    if redact(&format!("{name}={value}")).contains(SECRET) {
        return SECRET.to_owned();
    }
    let hash = Sha256::digest(format!("cachediag argument\0{name}\0{value}").as_bytes());
    let bits = hash.iter().take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    format!("<arg:{bits:010}>")
}

#[cfg(test)]
mod tests;

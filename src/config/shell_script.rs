//! Shell scripts that a CI calls: read only where one names them.

use yaml_serde::Value;

use super::excerpt::Parts;
use super::jobs::{self, Job, JobStep};
use super::script::{self, Builders, Item};
use super::yaml::{Route, key, text};
use super::{Change, Content, Kind, Place};

/// The kind of file.
#[derive(Debug)]
pub(super) struct ShellScript;

impl Kind for ShellScript {
    fn name(&self) -> &'static str {
        "shell-script"
    }

    fn is_script(&self) -> bool {
        true
    }

    fn variable(&self, name: &str) -> Option<String> {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        plain.then(|| format!("${name}"))
    }

    fn looks(&self, text: &str) -> bool {
        let first = text.lines().next().unwrap_or_default();
        first.starts_with("#!") && first.trim_end().ends_with("sh")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        let mut content = jobs::content(&wrapped(text), all)?;
        content.places.iter_mut().chain(&mut content.runs).for_each(unwrap);
        Ok(content)
    }

    fn called(&self, text: &str, by: &Place) -> Vec<(usize, Place)> {
        let mut by = by.clone();
        if !moves_arguments(text)
            && let Some(call) = &by.call
        {
            let arguments = call.words.iter().zip(1_u32..);
            let named = arguments.map(|(word, number)| (number.to_string(), word.clone()));
            by.variables.extend(named);
            by.variables.push(("@".to_owned(), call.words.join(" ")));
        }
        let mut found = jobs::called(&wrapped(text), |root| of_job(root, Job::called(&by)));
        for (_, place) in &mut found {
            unwrap(place);
        }
        found
    }

    fn parts(&self, text: &str, places: &[Place]) -> Option<Parts> {
        Parts::of_lines(text, script::parts(text), places)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        if text.contains('\r') {
            return Err("its lines end with CRLF".to_owned());
        }
        let new = jobs::correct(&wrapped(text), all, changes)?;
        let lines = new.strip_prefix(HEAD).ok_or("the script is written in an unusual way")?;
        Ok(lines
            .split_inclusive('\n')
            .map(|line| line.strip_prefix(INDENT).unwrap_or(line))
            .collect())
    }
}

/// What stands before the script; the command that does nothing says how far its lines are
/// indented.
const HEAD: &str = "script: |\n  :\n";
/// Lines of it.
const LINES: u64 = 2;
const INDENT: &str = "  ";

/// The script as the only one of a file that is read like those of CIs.
fn wrapped(text: &str) -> String {
    let indented = |line: &str| {
        if line.trim().is_empty() { line.to_owned() } else { format!("{INDENT}{line}") }
    };
    let lines: String = text.split_inclusive('\n').map(indented).collect();
    format!("{HEAD}{lines}")
}

/// Where it is in the script itself.
fn unwrap(place: &mut Place) {
    let quote = &mut place.command.quote;
    quote.line = quote.line.saturating_sub(LINES);
    quote.text = quote.text.strip_prefix(INDENT).unwrap_or(&quote.text).into();
}

/// `$1` is not always what the script was given: functions have arguments of their own.
fn moves_arguments(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        line.contains("()") || ["function ", "shift", "set -- "].iter().any(|w| line.starts_with(w))
    })
}

fn all(root: &Value) -> Vec<Job> {
    of_job(root, Job { slashes: true, builders: Builders::unknown(), ..Job::default() })
}

fn of_job(root: &Value, job: Job) -> Vec<Job> {
    let script = root.get("script").and_then(text).unwrap_or_default();
    let item = Item { route: key(&Route::default(), "script"), value: script.into() };
    vec![Job { steps: vec![JobStep::Script(item)], ..job }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Side;

    const SCRIPT: &str = "  # begins with blanks\n\nif true; then\n\tdocker buildx build \
        --cache-from type=registry,ref=r/a:x .\nfi\n";

    #[test]
    fn a_script_is_read_and_corrected_as_it_stands() {
        let content = ShellScript.read(SCRIPT).unwrap();
        assert_eq!(content.places[0].command.quote.line, 4);
        let (old, new) =
            ("type=registry,ref=r/a:x".to_owned(), "type=registry,ref=r/a:y".to_owned());
        let change = Change::Spec { place: 0, side: Side::From, old, new };
        assert_eq!(ShellScript.correct(SCRIPT, &[change]).unwrap(), SCRIPT.replace(":x", ":y"));
    }
}

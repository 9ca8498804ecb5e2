//! Lines listed as strings of JSON, one a line: `        "#5 CACHED",`; and the results of Ansible's
//! tasks that stand in one line: `changed: [ci] => {"stderr_lines": ["#5 CACHED"], …}`.
//!
//! Ansible prints what a command printed as `stdout_lines` and `stderr_lines` (`ansible/ansible`
//! `lib/ansible/plugins/callback/__init__.py`), `aws logs get-log-events --query 'events[].message'`
//! the lines of `CloudWatch`. Knows no CI.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Envelope, Head, Mark, builder_line, echo};
use crate::source::find;

/// Strings between lines that have no form.
pub(super) struct JsonStrings;

/// What a command printed; on which of the two comes first, Ansible is silent.
#[derive(Deserialize)]
struct Printed {
    #[serde(default)]
    stdout_lines: Vec<String>,
    #[serde(default)]
    stderr_lines: Vec<String>,
}

impl Envelope for JsonStrings {
    fn name(&self) -> &'static str {
        "json-strings"
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b' ' | b'\t' | b'"' | b'[' | b'c' | b'o' | b'f')
    }

    /// Where a builder's line stands bare, strings are what a program prints.
    fn recognise(&self, head: &Head) -> bool {
        let listed = |line: &[u8]| {
            string(line).is_some_and(|text| builder_line::begins(text.as_bytes()))
                || printed(line).is_some_and(|printed| printed.lines().any(told_in))
        };
        head.any(self, listed) && !head.lines.iter().any(|line| builder_line::begins(line))
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        if let Some(text) = string(line) {
            return Cow::Owned(text.trim_end_matches(['\n', '\r']).as_bytes().to_owned());
        }
        match printed(line) {
            Some(printed) => {
                Cow::Owned(printed.lines().collect::<Vec<_>>().join("\n").into_bytes())
            }
            None => Cow::Borrowed(line),
        }
    }

    /// `    "cmd": "docker build .",`
    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        let rest = text.trim_ascii().strip_prefix(b"\"cmd\": \"")?;
        let command = rest.strip_suffix(b"\",").or_else(|| rest.strip_suffix(b"\""))?;
        let plain = !command.contains(&b'\\');
        (plain && echo::builds(command)).then_some(Mark::Command(command))
    }
}

impl Printed {
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.stdout_lines.iter().chain(&self.stderr_lines).map(String::as_str)
    }
}

fn told_in(line: &str) -> bool {
    builder_line::begins(line.as_bytes())
}

/// `    "text",`; the last of a list has no comma.
fn string(line: &[u8]) -> Option<Cow<'_, str>> {
    let text = line.trim_ascii();
    let text = text.strip_suffix(b",").unwrap_or(text);
    if !text.starts_with(b"\"") {
        return None;
    }
    serde_json::from_slice(text).ok()
}

/// `changed: [ci] => (item=web) => {…}`, `fatal: [ci]: FAILED! => {…}`
fn printed(line: &[u8]) -> Option<Printed> {
    let at = find(line, b" => {")?;
    let object = line.get(at + 4..)?.trim_ascii_end();
    let printed: Printed = serde_json::from_slice(object).ok()?;
    let some = !printed.stdout_lines.is_empty() || !printed.stderr_lines.is_empty();
    some.then_some(printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn unpacks_lists_and_results_of_one_line() {
        let line = br##"        "#5 [2/3] RUN echo \"a\"","##;
        assert_eq!(&*JsonStrings.unpack(line), br#"#5 [2/3] RUN echo "a""#);
        assert_eq!(&*JsonStrings.unpack(b"  \"Step 1/2 : FROM a\\n\""), b"Step 1/2 : FROM a");
        assert!(recognises(&JsonStrings, &[b"ok: [ci] => {", b"    \"stderr_lines\": [", line]));
        let whole = br##"changed: [ci] => {"cmd": "x", "stderr_lines": ["#5 [2/3] RUN a", "#5 CACHED"], "stdout_lines": []}"##;
        assert_eq!(&*JsonStrings.unpack(whole), b"#5 [2/3] RUN a\n#5 CACHED");
        assert!(recognises(&JsonStrings, &[whole]));
    }

    #[test]
    fn leaves_strings_beside_a_builder_and_other_lines() {
        assert!(!recognises(&JsonStrings, &[b"#5 [2/3] RUN a", b"  \"#5 [2/3] RUN a\","]));
        assert!(!recognises(&JsonStrings, &[b"  \"name\": \"#5 [2/3] RUN a\","]));
        assert_eq!(&*JsonStrings.unpack(b"    \"rc\": 0,"), b"    \"rc\": 0,");
    }

    #[test]
    fn what_was_called_is_a_command() {
        let line = b"    \"cmd\": \"docker build -t a .\",";
        assert_eq!(JsonStrings.mark(line), Some(Mark::Command(b"docker build -t a .")));
        assert_eq!(JsonStrings.mark(b"    \"cmd\": \"make\","), None);
    }
}

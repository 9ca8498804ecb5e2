//! Values that follow the name of a secret: `NPM_TOKEN=…`, `"password": "…"`, `--token …`,
//! `ENV PASSWORD …`, `X-Api-Key: …`, `<password>…`.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::value::{self, Ends, SecretText, quote, value};
use crate::model::secret_name::{Name, Noun, name};

/// Parts of names of secrets: a text without any of them has none.
const PARTS: [&str; 10] =
    ["pass", "pwd", "psw", "pat", "auth", "key", "token", "secret", "cred", "art-api"];

/// Words of sentences: "Using --password via the CLI is insecure".
const PROSE: &[&str] = &[
    "via", "is", "flag", "or", "and", "must", "option", "as", "for", "to", "in", "on", "with",
    "from", "was", "has",
];

/// How far a line is looked at in front of a name.
const NEAR: usize = 512;

/// All of them in a text.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    static WORDS: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(PARTS).ok());
    // Should the words of a constant not make a searcher, nothing may leave.
    let Some(words) = WORDS.as_ref() else { return std::iter::once(0..text.len()).collect() };
    let mut found = Vec::new();
    let mut from = 0;
    for hit in words.find_iter(text) {
        if hit.start() < from {
            continue;
        }
        let place = identifier(text, hit.range());
        from = place.end;
        let Some(called) = text.get(place.clone()).and_then(name) else { continue };
        let Some(value) = (Behind { text, place, called }).value() else { continue };
        if !value.range.is_empty() && !value::is_harmless(text, &value, called) {
            from = from.max(value.range.end);
            found.push(value.range);
        }
    }
    found
}

/// The name around a part of it. What is escaped in front of it is none of it: `\u0022password`,
/// `%22token`.
fn identifier(text: &str, part: Range<usize>) -> Range<usize> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let head = text.get(..part.start).unwrap_or_default();
    let mut start = head.trim_end_matches(of_name).len();
    let ahead = text.get(start..part.end).unwrap_or_default();
    let escape = match head.get(..start).and_then(|before| before.chars().next_back()) {
        Some('\\') if ahead.starts_with(['u', 'U']) => 5,
        Some('\\') if ahead.starts_with('x') => 3,
        Some('\\') if ahead.starts_with(['n', 't', 'r']) => 1,
        Some('%') if ahead.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2 => 2,
        _ => 0,
    };
    if start + escape <= part.start {
        start += escape;
    }
    let tail = text.get(part.end..).unwrap_or_default();
    let end = part.end + tail.len() - tail.trim_start_matches(of_name).len();
    let whole = text.get(start..end).unwrap_or_default();
    start..start + whole.trim_end_matches(['.', '-']).len()
}

/// A name in its text.
struct Behind<'t> {
    text: &'t str,
    place: Range<usize>,
    called: Name,
}

/// What stands between a name and its value.
enum Joint {
    Equals,
    Colon,
}

impl Behind<'_> {
    fn value(&self) -> Option<SecretText> {
        // `api error ExpiredToken: The provided token has expired.` (AWS SDK): a code, words.
        if self.before().ends_with("api error ") {
            return None;
        }
        let rest = self.rest(self.place.end);
        if self.before().ends_with('<') && rest.starts_with('>') {
            return Some(self.element());
        }
        // A name may be in quotes, or the key of a table: `env['TOKEN'] = …`.
        let closing =
            quote(rest).filter(|quote| self.before().to_ascii_lowercase().ends_with(quote));
        let mut at = self.place.end + closing.map_or(0, str::len);
        at += usize::from(closing.is_some() && self.rest(at).starts_with(']'));
        if let Some(at) = self.labelled(at, closing) {
            return Some(value(self.text, at, Ends::Word));
        }
        let blanks = self.blanks(at);
        match joint(self.rest(at + blanks)) {
            Some((Joint::Equals, length)) => self.assigned(at + blanks + length, blanks > 0),
            Some((Joint::Colon, length)) => {
                self.behind_colon(at + blanks + length, closing.is_some())
            }
            None if closing.is_none() && blanks > 0 => self.behind_blank(at + blanks),
            None => None,
        }
    }

    fn before(&self) -> &str {
        self.text.get(..self.place.start).unwrap_or_default()
    }

    fn own(&self) -> &str {
        self.text.get(self.place.clone()).unwrap_or_default()
    }

    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    fn blanks(&self, at: usize) -> usize {
        let rest = self.rest(at);
        rest.len() - rest.trim_start_matches([' ', '\t', '\u{a0}']).len()
    }

    /// The line up to the name; of a long one its end.
    fn line_before(&self) -> &str {
        let before = self.before();
        let near = before
            .get(before.floor_char_boundary(before.len().saturating_sub(NEAR))..)
            .unwrap_or_default();
        near.rsplit(['\n', '\r']).next().unwrap_or_default()
    }

    /// `<password>…</password>`.
    fn element(&self) -> SecretText {
        let at = self.place.end + 1;
        let rest = self.rest(at);
        let end = rest.find("</").or_else(|| rest.find('\n')).unwrap_or(rest.len());
        SecretText::plain(at..at + end)
    }

    /// `"name":"DB_PASSWORD","value":"…"`, `key="ApiKey" value="…"`: where the value is.
    fn labelled(&self, at: usize, closing: Option<&str>) -> Option<usize> {
        let closing = closing?;
        let rest = self.rest(at).trim_start_matches([' ', ',', '\n', '\t']);
        let rest = rest.strip_prefix(closing).unwrap_or(rest);
        let rest = rest.strip_prefix("value").or_else(|| rest.strip_prefix("Value"))?;
        let rest = rest.strip_prefix(closing).unwrap_or(rest).trim_start();
        let rest = rest.strip_prefix([':', '='])?.trim_start();
        Some(self.text.len() - rest.len())
    }

    /// `NAME=value`; with blanks as files of settings have it.
    fn assigned(&self, at: usize, blank: bool) -> Option<SecretText> {
        let blanks = self.blanks(at);
        // `NAME= next`: empty, unless it is a line of settings.
        if blanks > 0
            && !blank
            && (!self.begins_line() || self.rest(at).split_whitespace().nth(1).is_some())
        {
            return None;
        }
        // `"NAME=a b"`: the quotes are around both.
        if blanks == 0
            && !blank
            && let Some(quote) = self.quote_before()
        {
            return Some(value::rest_of_quoted(self.text, at, quote));
        }
        Some(value(self.text, at + blanks, Ends::Word))
    }

    /// The quote that opens right before the name.
    fn quote_before(&self) -> Option<&'static str> {
        value::quote_at_end(self.before())
    }

    /// `name: value` of YAML, JSON and headers, and not `team/token:latest`, nor a sentence.
    fn behind_colon(&self, at: usize, in_quotes: bool) -> Option<SecretText> {
        let blanks = self.blanks(at);
        let start = at + blanks;
        let rest = self.rest(start);
        let header = self.is_header();
        if rest.starts_with("//") || (blanks == 0 && !in_quotes && !header && quote(rest).is_none())
        {
            return None;
        }
        if in_quotes || quote(rest).is_some() {
            return Some(value(self.text, start, Ends::Word));
        }
        let begins = self.begins_line();
        let short = matches!(self.called.noun, Noun::Short | Noun::Auth) && self.called.single;
        // `--- PASS: TestLogin`.
        if short && self.own().starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        let sure = begins || header || self.opens() || !self.called.single;
        if short && !begins || !sure && !looks_secret(rest) {
            return None;
        }
        let ends = if begins || header { Ends::Line } else { Ends::Word };
        Some(value(self.text, start, ends))
    }

    /// What stands before the name on its line is no sentence: blanks, a time stamp, a number of a
    /// step.
    fn begins_line(&self) -> bool {
        let letter = |c: char| c.is_alphabetic() && c != 'T' && c != 'Z';
        let before = self.line_before().rsplit(['|', ']']).next().unwrap_or_default();
        !before.contains(letter) && !before.ends_with(['/', '.', ':', '@', '='])
    }

    /// `-H 'PRIVATE-TOKEN: …'`.
    fn is_header(&self) -> bool {
        let before = self.line_before().trim_end_matches(['"', '\'', '\\', ' ', '=']);
        before.ends_with("-H") || before.ends_with("--header")
    }

    /// `{token: a}`, `[token: a`.
    fn opens(&self) -> bool {
        self.line_before().trim_end().ends_with(['{', '[', ','])
    }

    /// `--token value`, `ENV NAME value`, `config set name value`, `login me password value`.
    fn behind_blank(&self, at: usize) -> Option<SecretText> {
        let rest = self.rest(at);
        let word =
            rest.split_whitespace().next()?.trim_end_matches([',', '.', ';', ')', '"', '\'']);
        let prose = PROSE.contains(&word.to_ascii_lowercase().as_str())
            || matches!(word, "=" | ":" | "|" | "&&" | "\\");
        if self.own().starts_with('-') {
            return (!prose && !rest.starts_with('-')).then(|| value(self.text, at, Ends::Word));
        }
        let line = self.line_before();
        let glued = line.rsplit([' ', '\t']).next().unwrap_or_default();
        let ahead = line.strip_suffix(glued).unwrap_or_default().trim_end();
        let last = ahead.rsplit([' ', '\t', ']']).next().unwrap_or_default();
        if last == "ENV" && glued.is_empty() {
            return Some(value(self.text, at, Ends::Line));
        }
        let set = matches!(
            last,
            "set" | "config" | "setx" | "SET" | "add" | "--global" | "--local" | "--location=user"
        );
        if set
            && (last != "add" && last != "config" || ahead.contains("config"))
            && !prose
            && !rest.starts_with('-')
        {
            return Some(value(self.text, at, Ends::Word));
        }
        let netrc = matches!(self.own(), "password" | "passwd")
            && (ahead_is_login(ahead)
                || ahead.is_empty()
                    && rest.split_whitespace().nth(1).is_none()
                    && glued.is_empty());
        let netrc = netrc || matches!(self.own(), "password" | "passwd") && looks_secret(rest);
        if netrc
            && !prose
            && (ahead_is_login(ahead) || rest.contains(|c: char| !c.is_ascii_lowercase()))
        {
            return Some(value(self.text, at, Ends::Word));
        }
        // `//registry/:_authToken value`.
        (glued.starts_with("//") && !prose).then(|| value(self.text, at, Ends::Word))
    }
}

/// The next word is none of a language: letters and digits, and not a few.
fn looks_secret(rest: &str) -> bool {
    let word = rest.split_whitespace().next().unwrap_or_default();
    let has = |wanted: fn(&char) -> bool| word.chars().any(|letter| wanted(&letter));
    word.len() >= 6
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        && !word.contains("://")
        && !word.starts_with('(')
}

/// `machine h login me`, of `.netrc`.
fn ahead_is_login(ahead: &str) -> bool {
    let mut words = ahead.split_whitespace().rev();
    let (last, second) = (words.next(), words.next());
    second == Some("login") || second == Some("machine") || last == Some("login")
}

/// What joins a name to its value, and its length.
fn joint(text: &str) -> Option<(Joint, usize)> {
    const EQUALS: [&str; 6] = [":=", "=>", "%3d", "\\u003d", "&#61;", "="];
    const COLON: [&str; 3] = ["%3a", "\\u003a", ":"];
    let begins = |joint: &&&str| {
        text.get(..joint.len()).is_some_and(|start| start.eq_ignore_ascii_case(joint))
    };
    if ["==", "=~ ", "::"].iter().any(|other| text.starts_with(other)) {
        return None;
    }
    let equals = EQUALS.iter().find(begins).map(|joint| (Joint::Equals, joint.len()));
    equals.or_else(|| COLON.iter().find(begins).map(|joint| (Joint::Colon, joint.len())))
}

//! The one place where text of a log is made safe to print.
//!
//! A log is written by strangers: it may hold terminal control sequences, text that reverses what
//! one reads, or commands that the CI system of *this* job would obey. [`line`] takes care of
//! these; what HTML, XML, Markdown and workflow commands need on top has a file each. Knows no
//! report.

pub mod command;
pub mod markdown;
mod markup;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub use self::markup::{html, xml, xml_path};
use super::redact::{self, redact};

/// One line of a log, ready for a terminal or a CI log: no secrets, no control characters, no
/// commands.
#[must_use]
pub fn line(text: &str) -> String {
    neutral_of(visible(&redact(text)).into_owned())
}

/// The name of a file, made safe as [`line`] does.
#[must_use]
pub fn path(name: &str) -> String {
    neutral_of(visible(&redact::name(name)).into_owned())
}

fn neutral_of(visible: String) -> String {
    match neutral(&visible) {
        Cow::Borrowed(_) => visible,
        Cow::Owned(changed) => changed,
    }
}

/// Text of several lines (a snippet, a diff), each made safe as [`line`] does.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    // Redacted as a whole, because a private key goes over several lines.
    redact(text).lines().map(line).collect()
}

/// Cuts to a display width and says so with `…`; keeps the start.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = prefix(text.chars(), width.saturating_sub(1));
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Cuts to a display width and keeps both ends: an error says at its end why.
#[must_use]
pub fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let end = prefix(text.chars().rev(), room / 2);
    let start = prefix(text.chars(), room.saturating_sub(end.width()));
    format!("{start}…{}", end.chars().rev().collect::<String>())
}

/// Cuts to a display width and keeps the end: of a path the file name says most.
#[must_use]
pub fn cut_start(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = prefix(text.chars().rev(), width.saturating_sub(1));
    std::iter::once('…').chain(kept.chars().rev()).collect()
}

/// Cuts to a number of characters, counted in UTF-16 units as web services do, and says so with
/// `…`.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    let units = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    if text.len() <= most || units(text) <= most {
        return text.to_owned();
    }
    let mut room = most.saturating_sub(1);
    let kept = text.chars().map_while(|c| {
        room = room.checked_sub(c.len_utf16())?;
        Some(c)
    });
    kept.chain(['…']).collect()
}

fn prefix(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut room = width;
    chars
        .map_while(|c| {
            Some((c, room.checked_sub(c.width().unwrap_or(0)).inspect(|left| room = *left)?))
        })
        .map(|(c, _)| c)
        .collect()
}

/// Shows what a terminal would obey or hide: `\u{1b}`, `\u{202e}`. A tab becomes a blank.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c == '\t' || must_show(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            c if must_show(c) => {
                // Writing into a String cannot fail.
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Control characters, and the format characters that hide text or change its order (Unicode TR
/// 36).
#[must_use]
pub fn must_show(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Breaks up what a CI system would take for a command.
///
/// The GitHub runner looks for `::name` after leading blanks and for `##[` anywhere in a line;
/// Azure looks for `##vso[` anywhere, `TeamCity` for `##teamcity[`, GitLab for `section_start:`.
/// Wrapping can bring any word to the start of a line, so words count as starts.
fn neutral(text: &str) -> Cow<'_, str> {
    static COMMAND: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?P<before>^|\s)(?P<colons>::)(?P<name>\S)|(?P<hashes>##)(?P<bracket>(?:vso|teamcity)?\[)|(?P<section>section_(?:start|end)):").ok()
    });
    let Some(command) = COMMAND.as_ref() else { return Cow::Borrowed(text) };
    command.replace_all(text, |found: &regex::Captures| {
        let part = |name| found.name(name).map_or("", |m| m.as_str());
        match (part("colons"), part("hashes")) {
            ("", "") => format!("{} :", part("section")),
            ("", _) => format!("# #{}", part("bracket")),
            _ => format!("{}: :{}", part("before"), part("name")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_terminal_would_obey() {
        assert_eq!(line("a\u{1b}[2Jb\r\nc\td\u{7}"), r"a\u{1b}[2Jb\u{d}\u{a}c d\u{7}");
        assert_eq!(line("x\u{202e}y\u{200b}z\u{9b}"), r"x\u{202e}y\u{200b}z\u{9b}");
    }

    #[test]
    fn leaves_other_letters() {
        for text in ["#9 [build 2/6] COPY café /ä", "日本語 ✓ ●", "std::vec ::", "# [a] ## b"]
        {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn neutralises_commands_of_ci_systems() {
        for (text, want) in [
            ("::error::boom", ": :error::boom"),
            ("  ::set-output name=a::b", "  : :set-output name=a::b"),
            ("said ::stop-commands::x", "said : :stop-commands::x"),
            ("##[error]boom", "# #[error]boom"),
            ("a ##vso[task.complete]", "a # #vso[task.complete]"),
            ("##teamcity[blockOpened]", "# #teamcity[blockOpened]"),
            ("section_start:1:x", "section_start :1:x"),
        ] {
            assert_eq!(line(text), want);
        }
    }

    #[test]
    fn cuts_by_display_width() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("日本語テキスト", 6), "日本…");
        assert_eq!(cut("abc  defg", 6), "abc…");
        assert_eq!(cut_start("/very/long/run-03.log", 11), "…run-03.log");
        assert_eq!(cut("ab", 0), "…");
        assert_eq!(
            (cut_middle("abcdef", 6), cut_middle("abcdefgh", 6)),
            ("abcdef".into(), "abc…gh".into())
        );
        assert_eq!(cut_middle("日本語テキスト", 7), "日本…ト");
    }

    #[test]
    fn shortens_by_units() {
        assert_eq!((shorten("abc", 3), shorten("abcd", 3)), ("abc".into(), "ab…".into()));
        assert_eq!((shorten("ééé", 3), shorten("😀😀", 3)), ("ééé".into(), "😀…".into()));
    }

    #[test]
    fn makes_each_line_of_a_snippet_safe() {
        assert_eq!(lines("a\n::error::b\n"), ["a", ": :error::b"]);
    }
}

//! Text of a log inside Markdown, as GitHub, GitLab and Buildkite read it.
//!
//! What a host would format is escaped. What it would link or expand (`@name`, `#12`, addresses,
//! `:emoji:`, `$formula$`) becomes code: these are looked for after Markdown was read, where
//! escapes are gone already.

use std::sync::LazyLock;

use regex::Regex;

use super::{html, line, path};

/// Prose. What stands between backticks becomes code.
#[must_use]
pub fn prose(text: &str) -> String {
    let text = written(text, plain, code);
    // What begins a heading, a quote or a list at the start of a paragraph.
    match text.chars().next() {
        Some('#' | '+' | '-' | '=') => format!("\\{text}"),
        Some('0'..='9') => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
            match text.strip_suffix(rest) {
                Some(number) if rest.starts_with(['.', ')']) => format!("{number}\\{rest}"),
                _ => text,
            }
        }
        _ => text,
    }
}

/// Prose inside an HTML element that stands in Markdown: `<summary>`.
#[must_use]
pub fn html_prose(text: &str) -> String {
    written(text, html, |text| {
        if text.is_empty() { String::new() } else { format!("<code>{}</code>", html(text)) }
    })
}

/// A code span; nothing where there is no text.
#[must_use]
pub fn code(text: &str) -> String {
    spanned(&line(text))
}

/// The same of a file's name and what stands behind it: `services/auth2/Dockerfile:2`.
#[must_use]
pub fn code_of_path(name: &str) -> String {
    spanned(&path(name))
}

fn spanned(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // A backtick at the edge would lengthen the fence: Markdown takes one blank off each side.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code span in a cell of a table, which ends at the next `|` wherever that stands.
#[must_use]
pub fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Lines as a block of code; `language` is ours: `diff`.
#[must_use]
pub fn block(language: &str, text: &str) -> String {
    let lines = super::lines(text);
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

fn written(text: &str, plain: fn(&str) -> String, code: fn(&str) -> String) -> String {
    let text = line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len().saturating_sub(1);
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        match index % 2 {
            1 if index < last => append(&mut out, &code(part)),
            // A backtick without its partner.
            1 => append(&mut out, &format!("{}{}", plain("`"), words(part, plain, code))),
            _ => append(&mut out, &words(part, plain, code)),
        }
    }
    out
}

/// Two code spans side by side would become one.
fn append(out: &mut String, text: &str) {
    if out.ends_with('`') && text.starts_with('`') {
        out.push(' ');
    }
    out.push_str(text);
}

fn words(text: &str, plain: fn(&str) -> String, code: fn(&str) -> String) -> String {
    let words: Vec<String> =
        text.split(' ').map(|word| if expands(word) { code(word) } else { plain(word) }).collect();
    words.join(" ")
}

/// Whether a host would make more of a word than text.
fn expands(word: &str) -> bool {
    const SIGNS: &str = r"(?i)[@#!~%$&^][a-z0-9{(\[]|://|(?-u:\b)(?:www\.|mailto:)|:[a-z0-9_+-]+:";
    static MORE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(SIGNS).ok());
    MORE.as_ref().is_none_or(|more| more.is_match(word))
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader sees: the text, and whether there is anything else than text and code.
    fn seen(markdown: &str) -> (String, bool) {
        use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
        let (mut text, mut plain) = (String::new(), true);
        for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Text(part) | Event::Code(part) => text.push_str(&part),
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                _ => plain = false,
            }
        }
        (text, plain)
    }

    #[test]
    fn what_is_written_is_what_is_seen() {
        for text in [
            "<b>x</b> &amp; [a](http://evil) ![b](c) *c* _d_ ~~e~~ | f",
            "# heading",
            "1. item",
            "- item",
            "> quote",
            "=====",
            r"a\*b",
            "<!-- x --> <script>alert(1)</script>",
            "@team #12 !3 :tada: $x$ www.evil.com http://evil.com GH-1",
        ] {
            let (seen, plain) = seen(&prose(text));
            assert!(plain, "{text}: {}", prose(text));
            assert_eq!(seen, text);
        }
    }

    #[test]
    fn quoted_words_become_code() {
        assert_eq!(
            prose("`RUN a` failed in #12 of node@sha256:1"),
            "`RUN a` failed in `#12` of `node@sha256:1`"
        );
        assert_eq!(prose("an `odd tick"), "an \\`odd tick");
        assert_eq!(prose("`a``b`@c"), "`a` `b` `@c`");
        assert_eq!(html_prose("`a<b` @c"), "<code>a&lt;b</code> <code>@c</code>");
    }

    #[test]
    fn code_stays_inside_its_span() {
        for text in ["a`b", "``", "`", "a ``` b", "<b>", "x"] {
            assert_eq!(seen(&code(text)), (text.to_owned(), true));
        }
        assert_eq!(block("", "a\n````\n::error::b"), "`````\na\n````\n: :error::b\n`````\n");
        assert_eq!(cell("a|b"), "`a\\|b`");
    }
}

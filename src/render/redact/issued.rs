//! Tokens that say themselves what they are: the beginnings that issuers document, so that scanners
//! find them.
//!
//! `tests/secrets` tries the table on made-up tokens, not on issued ones. Short beginnings ask for
//! more letters behind them.

mod table;

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use self::table::ISSUED;

/// All of them in a text.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let all = ISSUED.iter().map(|issued| issued.begins);
        // Made faster than the automaton it would choose, whose searches are few.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        AhoCorasick::builder().match_kind(MatchKind::Standard).kind(kind).build(all).ok()
    });
    // Should the words of a constant not make a searcher, nothing may leave.
    let Some(words) = WORDS.as_ref() else { return std::iter::once(0..text.len()).collect() };
    let mut found: Vec<Range<usize>> = Vec::new();
    for hit in words.find_overlapping_iter(text) {
        if found.last().is_some_and(|last| hit.start() < last.end) {
            continue;
        }
        let Some(issued) = ISSUED.get(hit.pattern().as_usize()) else { continue };
        let behind = text.get(hit.end()..).unwrap_or_default();
        let length = behind.len() - behind.trim_start_matches(|c| issued.letters.have(c)).len();
        let body = behind.get(..length).unwrap_or_default().trim_end_matches(['.', '-']);
        if body.len() >= issued.least && begins_word(text, hit.start()) && !is_slug(body) {
            found.push(hit.start()..hit.end() + body.len());
        }
    }
    found
}

/// Words of a language with hyphens or underscores between them: `npm_config_cache`,
/// `api-gateway-for-all-the-services`.
fn is_slug(body: &str) -> bool {
    let mut words = body.split(['-', '_', '.']);
    body.contains(['-', '_', '.'])
        && words.all(|word| {
            word.len() < 16 && word.bytes().all(|b| b.is_ascii_lowercase()) || word.len() < 3
        })
}

/// No letter stands before it, unless that is the end of an escape: `\nghp_…`, `%20ghp_…`,
/// `\u0022ghp_…`.
fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    if !before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return true;
    }
    let hex = |escape: &str, digits: usize| {
        let start =
            before.len().checked_sub(escape.len() + digits).and_then(|start| before.get(start..));
        start
            .and_then(|text| text.strip_prefix(escape))
            .is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let letter = before.get(before.len().saturating_sub(2)..).unwrap_or_default();
    matches!(letter, "\\n" | "\\r" | "\\t") || hex("%", 2) || hex("\\u", 4) || hex("\\x", 2)
}

#[cfg(test)]
mod tests {
    use super::table::Letters;
    use super::*;

    #[test]
    fn each_is_found_wherever_it_stands() {
        for issued in ISSUED {
            let digit = if matches!(issued.letters, Letters::Upper) { "A2B3" } else { "a1B2" };
            let token = format!("{}{}", issued.begins, digit.repeat(issued.least.div_ceil(4)));
            for (before, after) in [
                ("", ""),
                ("said ", " then"),
                ("(", ")"),
                ("\\n", "\\n"),
                ("%20", "&x"),
                ("\\u0022", "\""),
            ] {
                let text = format!("{before}{token}{after}");
                let found = spans(&text);
                let whole = |span: &Range<usize>| {
                    span.start <= before.len() && span.end >= before.len() + token.len()
                };
                assert!(found.iter().any(whole), "{text}");
            }
        }
    }

    #[test]
    fn what_only_begins_so_stays() {
        for text in [
            "npm_config_cache=/tmp",
            "sk-learn-contrib-and-something-more-of-it",
            "key-value-store",
            "pypi-server",
            "pat.example",
            "re_export_all_files_of_the_module",
            "dapi-service",
            "api-gateway-for-all-the-services-of-the-team",
            "xs.abcdefghijklmnopqrstuvwxyz",
            "https://hf.co/x",
            "sdk-8.0.100-preview",
            "s.example.com",
        ] {
            assert_eq!(spans(text), Vec::<Range<usize>>::new(), "{text}");
        }
    }
}

//! What is shown of a quoted line that is too long: its begin, which tells what it is, and its end;
//! or the words that the finding is about, where these two do not hold them.

use unicode_width::UnicodeWidthStr;

use crate::finding::Finding;
use crate::render::escape;

/// Words that the finding is about, as they are printed: those that it names as code.
pub(super) fn subjects(finding: &Finding) -> Vec<String> {
    let texts = [&finding.title, &finding.fix.summary];
    texts.into_iter().flat_map(|text| code(text)).collect()
}

/// `inline` of ``the cache option `inline` is read as an image name``.
pub(super) fn code(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(escape::line).filter(|word| !word.is_empty()).collect()
}

/// The text, cut to a width. The first of the words that it has is the one to be seen.
pub(super) fn around(text: &str, words: &[String], width: usize) -> String {
    let ends = escape::cut_middle(text, width);
    let named = words.iter().find_map(|word| Some((find(text, word)?, word)));
    let Some((at, word)) = named else { return ends };
    if ends == text || find(&ends, word).is_some() {
        return ends;
    }
    middle(text, at, word, width).unwrap_or(ends)
}

/// The begin, and what stands around the word; `None` where there is no room for both.
fn middle(text: &str, at: usize, word: &str, width: usize) -> Option<String> {
    let begin = escape::cut(text, width / 3);
    let room = width.checked_sub(begin.width() + word.width() + 1)?;
    let (before, rest) = text.split_at_checked(at)?;
    let before = before.get(begin.trim_end_matches('…').len()..)?;
    // Options have their names in front of them.
    let before = escape::cut_start(&format!(" {before}"), room / 2 + 1);
    let left = width.saturating_sub(begin.width() + before.width() - 1);
    let before = before.trim_start_matches('…');
    Some(format!("{begin}{before}{}", escape::cut(rest, left)))
}

/// Where a text has a word: no part of another one.
fn find(text: &str, word: &str) -> Option<usize> {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let stands = |at: &usize| {
        let (before, rest) = text.split_at_checked(*at).unwrap_or_default();
        let behind = rest.get(word.len()..).unwrap_or_default();
        !before.ends_with(goes_on) && !behind.starts_with(goes_on)
    };
    text.match_indices(word).map(|(at, _)| at).find(stands)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "/usr/bin/docker buildx build --cache-from type=registry,ref=r/inline:main \
        --cache-to inline --iidfile /tmp/a/iidfile --tag r/inline:main --push .";

    #[test]
    fn the_word_that_a_finding_is_about_is_seen() {
        let words = code("the cache option `inline` is read as an image name");
        let shown = around(LINE, &words, 60);
        assert_eq!(shown, "/usr/bin/docker bui…main --cache-to inline --iidfile /tmp/a…");
        for width in 0..LINE.len() + 2 {
            assert!(around(LINE, &words, width).width() <= width.max(1), "{width}");
        }
        assert_eq!(around(LINE, &words, 400), LINE);
    }

    #[test]
    fn both_ends_are_shown_of_a_line_that_has_none_of_the_words_between_them() {
        for word in ["push", "docker", "inl", "absent", ""] {
            let words = code(&format!("`{word}` is it"));
            assert_eq!(around(LINE, &words, 60), escape::cut_middle(LINE, 60), "{word}");
        }
    }
}

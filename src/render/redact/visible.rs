//! A text as people read it: without colours and without letters that are not seen, which may stand
//! inside a secret.

use std::ops::Range;

/// What is read of a text, and where each of it stands.
pub(super) struct Visible {
    pub(super) text: String,
    /// For each byte of the text its place in the original, and one for the end.
    places: Vec<usize>,
}

/// `None` where a text holds nothing of the kind, as nearly all.
pub(super) fn visible(text: &str) -> Option<Visible> {
    // Texts of ASCII are the most, and are soon told.
    if text.is_ascii() && memchr::memchr(0x1b, text.as_bytes()).is_none()
        || !text.contains(|c| c == '\u{1b}' || c == '\u{9b}' || is_unseen(c) || is_blank(c))
    {
        return None;
    }
    let mut seen = Visible { text: String::new(), places: Vec::new() };
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == '\u{1b}' || letter == '\u{9b}' {
            skip_sequence(&mut letters, letter == '\u{9b}');
        } else if !is_unseen(letter) {
            let shown = if is_blank(letter) { ' ' } else { letter };
            seen.text.push(shown);
            seen.places.extend((0..shown.len_utf8()).map(|byte| at + byte));
        }
    }
    seen.places.push(text.len());
    Some(seen)
}

impl Visible {
    /// Where this part of it stands in the original, with all that is not seen in between.
    pub(super) fn original(&self, part: &Range<usize>) -> Range<usize> {
        let place = |at: usize| self.places.get(at).copied().unwrap_or_default();
        place(part.start)..place(part.end)
    }
}

/// A control sequence of a terminal (ECMA-48): parameters, and one letter that ends it.
fn skip_sequence(letters: &mut std::str::CharIndices, introduced: bool) {
    let mut ahead = letters.clone();
    if !introduced && ahead.next().is_none_or(|(_, letter)| letter != '[') {
        return;
    }
    for (_, letter) in ahead.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&letter) {
            *letters = ahead;
            return;
        }
        if !('\u{20}'..='\u{3f}').contains(&letter) {
            return;
        }
    }
}

/// Letters without width.
fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Blanks that are not the usual one.
fn is_blank(letter: char) -> bool {
    matches!(letter, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_left_out_and_found_again() {
        assert!(visible("plain ä text").is_none());
        let text = "a\u{1b}[32mb\u{200b}c\u{a0}d\u{1b}[0m";
        let seen = visible(text).unwrap();
        assert_eq!(seen.text, "abc d");
        assert_eq!(text.get(seen.original(&(1..3))), Some("b\u{200b}c"));
        assert_eq!(seen.original(&(0..5)).end, text.len());
    }
}

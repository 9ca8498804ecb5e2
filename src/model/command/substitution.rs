//! What a command prints into a word of another one: `--build-arg REV=$(git rev-parse HEAD)`.
//!
//! To the shell it is part of the word, whatever blanks, quotes and operators are in it; `shlex`
//! knows no such thing, so they are escaped for it.

use std::borrow::Cow;

/// The text, in which no blank, quote or operator stands inside of a substitution unescaped.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains("$(") && !text.contains('`') {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len() + 16);
    let (mut quotes, mut rest) = (Quotes::None, text);
    while let Some(sign) = rest.chars().next() {
        let inside = if quotes == Quotes::Single { None } else { substitution(rest) };
        let taken = inside.map_or_else(|| quotes.take(rest, sign), str::len);
        match inside {
            Some(inside) => push_escaped(&mut whole, inside, quotes),
            None => whole.push_str(rest.get(..taken).unwrap_or_default()),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    Cow::Owned(whole)
}

/// In which quotes a place of a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Quotes {
    /// How many bytes the next sign takes, with the one that it escapes.
    fn take(&mut self, rest: &str, sign: char) -> usize {
        *self = match (sign, *self) {
            ('\\', Self::None | Self::Double) => {
                return 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
            }
            ('\'', Self::None) => Self::Single,
            ('"', Self::None) => Self::Double,
            ('\'', Self::Single) | ('"', Self::Double) => Self::None,
            (_, same) => same,
        };
        sign.len_utf8()
    }
}

/// The substitution that the text begins with; `None` where it is not closed.
fn substitution(text: &str) -> Option<&str> {
    if let Some(behind) = text.strip_prefix('`') {
        return text.get(..behind.find('`')? + 2);
    }
    text.starts_with("$(").then(|| text.get(..balanced(text, '(', ')')?))?
}

/// Bytes up to the bracket that closes the first one.
#[must_use]
pub fn balanced(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == open) - i32::from(c == close);
        if c == close && depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// `shlex` takes a backslash off in front of anything, in double quotes in front of a few signs.
fn push_escaped(whole: &mut String, inside: &str, quotes: Quotes) {
    for sign in inside.chars() {
        let escape = match quotes {
            Quotes::Double => matches!(sign, '"' | '\\'),
            _ => sign.is_ascii_whitespace() || matches!(sign, '"' | '\'' | '\\' | '#'),
        };
        if escape {
            whole.push('\\');
        }
        whole.push(sign);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        shlex::split(&escaped(text)).unwrap()
    }

    #[test]
    fn a_substitution_is_part_of_its_word() {
        for word in [
            "A=$(git rev-parse --short HEAD)",
            "A=`git rev-parse HEAD`",
            "A=$(cat VERSION)-$(git log -1 --format='%h')",
            "A=${VERSION:-$(git rev-parse HEAD)}",
            "A=$(date -u +\"%Y-%m-%d %H\")",
            "A=$(echo $(hostname; id) && date)",
        ] {
            assert_eq!(words(&format!("a {word} b")), ["a", word, "b"]);
            assert_eq!(words(&format!("a \"{word}\" b")), ["a", word, "b"]);
        }
    }

    #[test]
    fn what_is_none_stays_as_it_is() {
        for text in ["a '$(b c)' d", "a $b \"c d\"", "a \\`b c", "a $(b c", "a ` b"] {
            assert_eq!(shlex::split(&escaped(text)), shlex::split(text), "{text}");
        }
        assert_eq!(words("é $(é é)"), ["é", "$(é é)"]);
    }
}

//! Values of a configuration, in which variables stand for anything.
//!
//! What a variable holds is not known, so it fits every text.

use super::variables;

/// The text can be what the written value becomes.
#[must_use]
pub fn fits(written: &str, text: &str) -> bool {
    written == text || fits_pieces(&variables::between(written), text)
}

/// The pieces stand in the text, in order, the first at its begin and the last at its end; one
/// piece alone is the whole text.
pub(super) fn fits_pieces(pieces: &[String], text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return false };
    let Some((last, inner)) = rest.split_last() else { return text == first };
    let Some(mut left) =
        text.strip_prefix(first.as_str()).and_then(|left| left.strip_suffix(last.as_str()))
    else {
        return false;
    };
    inner.iter().all(|piece| match left.split_once(piece.as_str()) {
        Some((_, after)) => {
            left = after;
            true
        }
        None => false,
    })
}

/// Is nothing but variables: it fits everything, so it tells nothing.
#[must_use]
pub fn tells_nothing(written: &str) -> bool {
    let pieces = variables::between(written);
    pieces.len() > 1 && pieces.iter().all(String::is_empty)
}

/// The word stands in the text by itself: `TAG` is none of `IMAGE_TAG`.
#[must_use]
pub fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let (before, behind) = (text.get(..at), text.get(at + word.len()..));
            !before.is_some_and(|text| text.ends_with(inside))
                && !behind.is_some_and(|text| text.starts_with(inside))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_no_part_of_another() {
        assert!(has_word("a $TAG: b", "TAG") && has_word("xTAG TAG", "TAG"));
        assert!(!has_word("IMAGE_TAG TAGS", "TAG") && !has_word("a", ""));
    }

    #[test]
    fn variables_stand_for_anything() {
        for (written, text) in [
            ("$IMAGE:latest", "registry.example.com/team/app:latest"),
            ("ghcr.io/${{ github.repository }}:${{ github.sha }}", "ghcr.io/o/app:0123"),
            ("r.example.com/app:${TAG:-dev}", "r.example.com/app:42"),
            ("app:$(git rev-parse HEAD)", "app:abc"),
            ("%REGISTRY%/app", "r.example.com/app"),
            ("$CI_REGISTRY_IMAGE", "$CI_REGISTRY_IMAGE"),
        ] {
            assert!(fits(written, text), "{written} {text}");
        }
    }

    #[test]
    fn literals_must_be_there_and_mere_variables_decide_nothing() {
        for (written, text) in [
            ("$IMAGE:latest", "registry.example.com/team/app:main"),
            ("r/app:$TAG", "r/web:1"),
            ("r/app:1", "r/app:12"),
            ("a$X", "b"),
        ] {
            assert!(!fits(written, text), "{written} {text}");
        }
        assert!(
            tells_nothing("$IMAGE${TAG}") && !tells_nothing("$IMAGE:1") && !tells_nothing("r/app")
        );
        assert!(!fits("a$", "ab") && !fits("50%", "501"));
    }
}

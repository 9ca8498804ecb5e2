//! Values of a configuration, in which variables stand for anything.
//!
//! `$NAME`, `${NAME:-x}`, `${{ matrix.x }}`, `{{matrix.x}}`, `$(date)` and `%NAME%` are variables; what they hold is
//! not known, so they fit every text.

/// The text can be what the written value becomes.
#[must_use]
pub fn fits(written: &str, text: &str) -> bool {
    written == text || fits_pieces(&literals(written), text)
}

/// The pieces stand in the text, in order, the first at its begin and the last at its end; one piece
/// alone is the whole text.
pub(super) fn fits_pieces(pieces: &[String], text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return false };
    let Some((last, inner)) = rest.split_last() else { return text == first };
    let Some(mut left) = text.strip_prefix(first.as_str()).and_then(|left| left.strip_suffix(last.as_str())) else {
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
    let pieces = literals(written);
    pieces.len() > 1 && pieces.iter().all(String::is_empty)
}

/// Pieces between the variables: one piece where there is none.
pub(super) fn literals(written: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut rest = written;
    while let Some(letter) = rest.chars().next() {
        let length = variable(rest);
        if length > 0 {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
        rest = rest.get(length.max(letter.len_utf8())..).unwrap_or_default();
    }
    pieces
}

/// Length of the variable at the begin of the text, 0 where there is none.
fn variable(text: &str) -> usize {
    let until = |end: &str| text.find(end).map_or(0, |at| at + end.len());
    if text.starts_with("${{") || text.starts_with("{{") {
        return until("}}");
    }
    if text.starts_with("${") {
        return until("}");
    }
    if text.starts_with("$(") {
        return until(")");
    }
    let name = |rest: &str| rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
    match text.strip_prefix('$').map(name) {
        Some(length) if length > 0 => return length + 1,
        _ => {}
    }
    let percent = text.strip_prefix('%').map(|rest| (name(rest), rest));
    percent.filter(|(n, rest)| *n > 0 && rest.get(*n..).is_some_and(|r| r.starts_with('%'))).map_or(0, |(n, _)| n + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(tells_nothing("$IMAGE${TAG}") && !tells_nothing("$IMAGE:1") && !tells_nothing("r/app"));
        assert!(!fits("a$", "ab") && !fits("50%", "501"));
    }
}

//! Where a word of a script ends, and what it is without its quotes.

/// End and value of the word at `start`.
pub(super) fn read_word(text: &str, start: usize) -> (usize, String) {
    let mut value = String::new();
    let mut at = start;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest.as_bytes().first().copied().unwrap_or_default() {
            b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')' => break,
            b'<' | b'>' | b'('
                if !(at == start && rest.get(1..).is_some_and(|r| r.starts_with('('))) =>
            {
                break;
            }
            b'\\' | b'`' if rest.get(1..).is_some_and(|r| r.starts_with('\n')) => break,
            b'\\' => {
                let escaped = rest.chars().nth(1);
                value.extend(escaped);
                1 + escaped.map_or(0, char::len_utf8)
            }
            b'\'' => {
                let inner = rest
                    .get(1..)
                    .and_then(|r| r.find('\''))
                    .unwrap_or(rest.len().saturating_sub(1));
                value.push_str(rest.get(1..=inner).unwrap_or_default());
                (inner + 2).min(rest.len())
            }
            b'"' => double_quoted(rest, &mut value),
            _ => {
                let length = expansion(rest)
                    .unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
                value.push_str(rest.get(..length).unwrap_or_default());
                length
            }
        };
        at += length;
    }
    (at, value)
}

fn double_quoted(text: &str, value: &mut String) -> usize {
    let mut at = 1;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let c = rest.chars().next().unwrap_or_default();
        let escaped = rest.get(1..).and_then(|r| r.chars().next());
        match (c, escaped) {
            ('"', _) => return at + 1,
            ('\\', Some('\n')) => at += 2,
            ('\\', Some(next @ ('"' | '\\' | '$' | '`'))) => {
                value.push(next);
                at += 2;
            }
            _ => {
                let length = expansion(rest).unwrap_or(c.len_utf8());
                value.push_str(rest.get(..length).unwrap_or_default());
                at += length;
            }
        }
    }
    text.len()
}

/// Length of `$(…)`, `${…}`, `${{ … }}`, `$[[ … ]]` or `` `…` `` at the begin of the text.
pub(super) fn expansion(text: &str) -> Option<usize> {
    // An input of GitLab, filled in before the shell reads it.
    if text.starts_with("$[[") {
        return text.find("]]").map(|end| end + 2);
    }
    if text.starts_with('`') {
        return text.get(1..)?.find('`').map(|end| end + 2);
    }
    let (open, close) = match text.as_bytes() {
        [b'$' | b'<' | b'>', b'(', ..] => (b'(', b')'),
        [b'$', b'{', ..] => (b'{', b'}'),
        _ => return None,
    };
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    Some(text.len())
}

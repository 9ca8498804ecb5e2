//! What stands for a value and is none: expressions of shells and CIs, masks, words that ask for
//! one.

/// Expressions and nothing else.
pub(super) fn is_expression(written: &str) -> bool {
    let mut rest = written;
    while !rest.is_empty() {
        let Some(length) = reference(rest) else { return false };
        if rest.get(..length).is_some_and(holds_value) {
            return false;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    true
}

/// `${TOKEN:-value}`, `$(echo value)`.
fn holds_value(expression: &str) -> bool {
    let command = expression.strip_prefix("$(").map(str::trim_start);
    if command.is_some_and(|command| command.starts_with("echo ") || command.starts_with("printf "))
    {
        return !expression.trim_end_matches(')').split_whitespace().skip(1).all(is_expression);
    }
    let inside = expression.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let default =
        inside.filter(|inside| !inside.starts_with('{')).and_then(|inside| inside.split_once('-'));
    default.is_some_and(|(name, value)| {
        let name = name.trim_end_matches(':');
        let variable = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let lower = value.to_ascii_lowercase();
        variable
            && !value.is_empty()
            && !is_expression(value)
            && !is_placeholder(value)
            && !SWITCHES.contains(&lower.as_str())
    })
}

/// Masks of CIs, what `printf` fills in, and words in brackets that ask for a value: `***`,
/// `[MASKED]`, `%s`, `<your-token>`, `xxxxx`.
pub(super) fn is_placeholder(written: &str) -> bool {
    let all = |letter: char| written.chars().all(|c| c == letter);
    let asks = |inside: &str| {
        !inside.is_empty() && inside.chars().all(|c| c.is_alphabetic() || " _-.*".contains(c))
    };
    let within = |open: char, close: char| {
        written.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
    };
    // `printf '{"auth":"%s"}' …`
    written == "%s"
        || all('*')
        || all('•')
        || all('.')
        || (all('x') || all('X')) && (3..=8).contains(&written.len())
        || within('<', '>').is_some_and(asks)
        || within('[', ']').is_some_and(asks)
        || written.starts_with("<arg:")
}

/// An expression that is longer is none.
const LONGEST: usize = 4096;

/// Length of a text up to the bracket that closes its first one, on one line.
fn nested(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices().take(LONGEST) {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at + 1);
            }
        } else if letter == '\n' {
            return None;
        }
    }
    None
}

/// Length of an expression of a shell or a CI at the start of a text: `$NAME`, `${…}`, `$(…)`,
/// `${{ … }}`, `%NAME%`.
pub(super) fn reference(text: &str) -> Option<usize> {
    let behind = text.strip_prefix('$').or_else(|| text.strip_prefix("\\$"));
    if let Some(behind) = behind {
        let sign = text.len() - behind.len();
        return match behind.chars().next()? {
            '{' => nested(text, '{', '}'),
            '(' => nested(text, '(', ')'),
            _ => {
                let environment = if behind.starts_with("env:") { 4 } else { 0 };
                let name = behind.get(environment..)?;
                let length = name.len()
                    - name
                        .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
                        .len();
                is_variable(name.get(..length)?).then_some(sign + environment + length)
            }
        };
    }
    if text.starts_with("{{") || text.starts_with("{%") {
        return nested(text, '{', '}');
    }
    let windows = text.strip_prefix('%')?;
    let length = windows.find('%')?;
    is_variable(windows.get(..length)?).then_some(length + 2)
}

/// Variables are written in capitals, or in small letters alone; a password that begins with `$`
/// seldom is.
fn is_variable(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let capitals = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let small = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    begins && (capitals || small)
}

/// Words that a value of this name may be without being a secret.
pub(super) const SWITCHES: &[&str] = &[
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "null",
    "none",
    "nil",
    "undefined",
    "enabled",
    "disabled",
    "required",
    "optional",
    "inherit",
    "unset",
    "empty",
    "n/a",
    "masked",
    "redacted",
    "hidden",
    "filtered",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_told_from_passwords() {
        for text in [
            "$TOKEN",
            "${TOKEN:-}",
            "$(cat f)",
            "${{ secrets.X }}",
            "%TOKEN%",
            "{{ token }}",
            "$env:TOKEN",
            "\\$TOKEN",
        ] {
            assert!(is_expression(text), "{text}");
        }
        for text in [
            "$hunter2",
            "$Word",
            "%24abc",
            "$",
            "$A b",
            "${TOKEN:-x}",
            "$(echo x)",
            "${open",
            "a$B",
        ] {
            assert!(!is_expression(text), "{text}");
        }
    }
}

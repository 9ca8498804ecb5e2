//! Where a value begins and ends, and whether it is one: the grammar of shells, Dockerfiles, JSON,
//! YAML, addresses, and of one of them written inside another.

use std::ops::Range;

use super::expression::{SWITCHES, is_expression, is_placeholder, reference};
use crate::model::secret_name::{Name, Noun, name};

/// Quotes, and how they are written within another text; the longest first.
const QUOTES: &[&str] = &[
    "\\\\\\\"", "\\u0022", "\\u0027", "\\x22", "\\x27", "\\\"", "\\'", "&quot;", "&#34;", "&#39;",
    "&apos;", "%22", "%27", "\"", "'", "`",
];

/// The quote that a text begins with.
pub(super) fn quote(text: &str) -> Option<&'static str> {
    QUOTES
        .iter()
        .find(|quote| {
            text.get(..quote.len()).is_some_and(|start| start.eq_ignore_ascii_case(quote))
        })
        .copied()
}

/// The quote that a text ends with.
pub(super) fn quote_at_end(text: &str) -> Option<&'static str> {
    let ends = |quote: &&&str| {
        let tail = text.len().checked_sub(quote.len()).and_then(|at| text.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(quote))
    };
    QUOTES.iter().find(ends).copied()
}

/// Where values are separated from each other, beside blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// At a blank: a word of a shell, a field of a specification.
    Word,
    /// At the end of the line: `ENV NAME value`, a line of YAML.
    Line,
}

/// A value within a text, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecretText {
    pub(super) range: Range<usize>,
    quote: Option<&'static str>,
}

impl SecretText {
    /// One that stands between two marks.
    pub(super) fn plain(range: Range<usize>) -> Self {
        Self { range, quote: None }
    }
}

/// The value that begins at `at`.
pub(super) fn value(text: &str, at: usize, ends: Ends) -> SecretText {
    let rest = text.get(at..).unwrap_or_default();
    // `$'…'` of bash.
    let dollar = usize::from(rest.starts_with("$'"));
    let Some(quote) = quote(rest.get(dollar..).unwrap_or_default()) else {
        return SecretText { range: at..at + bare(rest, ends), quote: None };
    };
    let start = at + dollar + quote.len();
    let inside = text.get(start..).unwrap_or_default();
    // What was masked before; the rest of its quotes went with it.
    if inside.starts_with("***") {
        return SecretText { range: start..start + 3, quote: Some(quote) };
    }
    let length = quoted(inside, quote);
    let end = start + length;
    let behind = text.get(end + quote.len()..).unwrap_or_default();
    // `"a"b`: a word goes on behind its quotes.
    let another =
        |mark| behind.strip_prefix(mark).is_some_and(|more| !more.is_empty() && !ends_value(more));
    let goes_on = quote.len() == 1
        && (behind.starts_with(|c: char| c.is_alphanumeric() || "$_/+.-".contains(c))
            || another('"')
            || another('\''));
    if goes_on && ends == Ends::Word && length < inside.len() {
        let more = end + quote.len();
        return SecretText { range: start..more + bare(behind, ends), quote: Some(quote) };
    }
    SecretText { range: start..end, quote: Some(quote) }
}

/// What is left of a text in quotes that began earlier.
pub(super) fn rest_of_quoted(text: &str, at: usize, quote: &'static str) -> SecretText {
    let rest = text.get(at..).unwrap_or_default();
    let inner = self::quote(rest).filter(|inner| *inner != quote);
    if inner.is_some() {
        return value(text, at, Ends::Word);
    }
    SecretText { range: at..at + quoted(rest, quote), quote: Some(quote) }
}

/// Length up to the closing quote, or to the end of a line that is cut.
fn quoted(text: &str, quote: &str) -> usize {
    let escapes = quote == "\"" || quote == "`";
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.get(..quote.len()).is_some_and(|start| start.eq_ignore_ascii_case(quote)) {
            return at;
        }
        let width = |text: &str| text.chars().next().map_or(1, char::len_utf8);
        at += width(rest);
        if escapes && rest.starts_with('\\') {
            at += text.get(at..).filter(|rest| !rest.is_empty()).map_or(0, width);
        }
    }
    text.len()
}

/// Length of a value without quotes.
fn bare(text: &str, ends: Ends) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = reference(rest) {
            at += length;
            continue;
        }
        let letter = rest.chars().next().unwrap_or(' ');
        let behind = rest.get(letter.len_utf8()..).unwrap_or_default();
        match letter {
            '\n' | '\r' => return at,
            // A blank that the shell takes for a letter.
            '\\' if ends == Ends::Word && behind.starts_with(' ') => at += 1,
            // A line that is cut into its words goes on; an escaped end of line ends it.
            '\\' if escaped_end(behind) => return at,
            c if c.is_whitespace() && ends == Ends::Word => return at,
            // A comment of YAML.
            c if c.is_whitespace() && behind.trim_start_matches([' ', '\t']).starts_with("# ") => {
                return at;
            }
            ',' | '&' | ';' if next_is_assigned(behind) => return at,
            ',' | ';' if ends == Ends::Word && behind.starts_with(char::is_whitespace) => {
                return at;
            }
            '%' if rest.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%26")) => {
                return at;
            }
            _ => {}
        }
        if let Some(quote) = quote(rest) {
            let behind = rest.get(quote.len()..).unwrap_or_default();
            if ends_value(behind) || quote.len() > 1 {
                return at;
            }
            at += quote.len() + quoted(behind, quote);
            at += text.get(at..).filter(|rest| rest.starts_with(quote)).map_or(0, |_| quote.len());
            continue;
        }
        let last = behind.is_empty()
            || behind.starts_with(|c: char| c.is_whitespace() || ",;".contains(c));
        if last && closes(letter, text.get(..at).unwrap_or_default()) {
            return at;
        }
        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
    }
    text.len()
}

/// What follows a closing quote, and not within a word.
fn ends_value(behind: &str) -> bool {
    behind.is_empty()
        || behind.starts_with(|c: char| c.is_whitespace() || ",;)]}>:&|\\".contains(c))
}

/// It closes what was opened before the value: `[TOKEN=a]`, and not `TOKEN=[a]`.
fn closes(letter: char, value: &str) -> bool {
    match letter {
        '}' => !value.contains('{'),
        ']' => !value.contains('['),
        ')' => !value.contains('('),
        _ => false,
    }
}

/// `\n` and `\r\n` as a text in a text has them.
fn escaped_end(behind: &str) -> bool {
    ["n", "r\\n", "u000a", "u0026"].iter().any(|end| behind.starts_with(end))
}

/// `,bucket=b`, `&digest=…`, `;EndpointSuffix=…`: what follows is a value of its own.
fn next_is_assigned(behind: &str) -> bool {
    let name = behind.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_-.".contains(c));
    name.len() < behind.len()
        && name.starts_with('=')
        && !name.starts_with("==")
        && !behind.starts_with(|c: char| c.is_ascii_digit())
}

/// Ways to prove who one is.
const WAYS: &[&str] = &[
    "basic",
    "bearer",
    "digest",
    "ldap",
    "saml",
    "oauth",
    "oauth2",
    "oidc",
    "token",
    "password",
    "trust",
    "md5",
    "scram-sha-256",
    "always",
    "never",
    "anonymous",
    "registry",
    "default",
    "user",
    "iam",
    "kerberos",
    "ntlm",
    "login",
    "plain",
    "cram-md5",
    "aws",
    "gcp",
    "azure",
    "jwt",
    "ssh",
    "tls",
    "mtls",
    "cert",
    "key",
    "keyring",
    "identity",
];

/// It tells nothing: it is a variable, a mask, a switch, a number that counts.
pub(super) fn is_harmless(text: &str, value: &SecretText, called: Name) -> bool {
    let written = text.get(value.range.clone()).unwrap_or_default().trim();
    let single = value.quote == Some("'");
    let lower = written.to_ascii_lowercase();
    let number = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    written.is_empty()
        || is_placeholder(written)
        || is_expression(written)
            && !(single && written.starts_with('$') && !is_told_as_variable(written))
        || SWITCHES.contains(&lower.as_str())
        || called.counts && number
        || match called.noun {
            Noun::SecretOption => ["id=", "type=", "src=", "source=", "env="]
                .iter()
                .any(|start| lower.starts_with(start)),
            Noun::Short => is_folder(written) || called.single && number,
            Noun::Auth => WAYS.contains(&lower.as_str()),
            Noun::Credentials => {
                is_folder(written)
                    || matches!(
                        lower.as_str(),
                        "read" | "write" | "include" | "omit" | "same-origin"
                    )
            }
            Noun::Key => called.signs && is_fingerprint(written) || is_file(written),
            Noun::Secret => {
                matches!(lower.as_str(), "read" | "write") || lower.starts_with("sha256:")
            }
        }
}

/// `'$TOKEN'`: files of CIs quote variables so. In a shell it would be a password that looks so.
fn is_told_as_variable(written: &str) -> bool {
    let bare = written.trim_start_matches(['$', '{']).trim_end_matches('}');
    written.starts_with("${")
        || written.starts_with("$(")
        || bare.contains('_')
        || name(bare).is_some()
}

fn is_folder(written: &str) -> bool {
    let drive = |text: &str| text.get(1..3).is_some_and(|colon| colon == ":\\" || colon == ":/");
    (written.starts_with(['/', '~']) || written.starts_with("./") || drive(written))
        && !written.contains(' ')
}

/// A key that is a file: `SSH_KEY=~/.ssh/id_ed25519`, `TLS_KEY=certs/server.pem`.
fn is_file(written: &str) -> bool {
    const FILES: [&str; 6] = [".pem", ".key", ".json", ".asc", ".gpg", ".pub"];
    written.starts_with(['~', '.'])
        || written.starts_with("/run/")
        || written.starts_with("/etc/")
        || written.starts_with("/root/")
        || written.starts_with("/home/")
        || FILES.iter().any(|end| written.ends_with(end))
}

/// `GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568`: images of Docker name the key that signs a
/// release.
fn is_fingerprint(written: &str) -> bool {
    let hex = written.strip_prefix("0x").unwrap_or(written);
    matches!(hex.len(), 8 | 16 | 40)
        && hex.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> &str {
        let found = value(text, 0, Ends::Word);
        text.get(found.range).unwrap_or_default()
    }

    #[test]
    fn values_end_where_their_language_ends_them() {
        for (text, want) in [
            ("a&b,c;d e", "a&b,c;d"),
            ("a,bucket=b", "a"),
            ("a&digest=1", "a"),
            ("\"a b\" c", "a b"),
            (r#""a\"b c" d"#, r#"a\"b c"#),
            ("'a;b' c", "a;b"),
            (r#"\"a b\" c"#, "a b"),
            ("a\\ b c", "a\\ b"),
            ("a\"b c\"d e", "a\"b c\"d"),
            ("a\" b", "a"),
            ("a\\nNEXT", "a"),
            ("a%26b", "a"),
            ("\\u0022a b\\u0022,", "a b"),
            ("$(cat /run/x) b", "$(cat /run/x)"),
            ("\"cut off", "cut off"),
            ("'a'b c", "a'b"),
            ("a}", "a"),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
        let line = "a b # c";
        assert_eq!(line.get(value(line, 0, Ends::Line).range), Some("a b"));
    }
}

//! Which names an instruction declares, and which it uses.

use super::words::arguments;

/// Names that an ARG or ENV declares: `ARG A=1 B`, `ENV A=1 B=2`, `ENV A the rest`.
#[must_use]
pub fn declared(text: &str) -> Vec<&str> {
    let env = text.starts_with("ENV ");
    if !env && !text.starts_with("ARG ") {
        return Vec::new();
    }
    let old_form = env && arguments(text).next().is_some_and(|(_, word)| !word.contains('='));
    let most = if old_form { 1 } else { usize::MAX };
    arguments(text)
        .take(most)
        .map(|(_, word)| word.split_once('=').map_or(word, |(name, _)| name))
        .collect()
}

/// The text uses the variable: `$NAME`, `${NAME}`, `${NAME:-x}`.
#[must_use]
pub fn mentions(text: &str, variable: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let rest = rest.strip_prefix(['#', '!']).unwrap_or(rest);
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        rest.get(..end) == Some(variable)
    })
}

//! Names of jobs, as files write them and as logs print them.

/// The printed name is this job's: variables in `written` stand for anything, and what a CI adds for
/// a leg is skipped. A name that is nothing but variables is nobody's.
pub(super) fn matches(written: &str, printed: &str) -> bool {
    let pieces = pieces(written);
    let certain = pieces.iter().any(|piece| !piece.is_empty());
    certain && candidates(printed).iter().any(|printed| fits(&pieces, &plain(printed)))
}

/// The name with and without the leg: `build (linux/amd64)`, `test 1/5`, `deploy: [aws, data]`.
fn candidates(printed: &str) -> Vec<&str> {
    let cut = |open: &str, close: char| printed.strip_suffix(close).and_then(|text| text.split_once(open));
    let number = printed.rsplit_once(' ').filter(|(_, leg)| {
        leg.split_once('/').is_some_and(|(n, of)| [n, of].iter().all(|part| part.parse::<u32>().is_ok()))
    });
    let legs = [cut(" (", ')'), cut(": [", ']'), number];
    std::iter::once(printed).chain(legs.into_iter().flatten().map(|(name, _)| name)).collect()
}

/// Literal pieces between the variables, letters and digits only.
fn pieces(written: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let end = match () {
            () if rest.starts_with("${{") || rest.starts_with("{{") => rest.find("}}").map(|at| at + 2),
            () if rest.starts_with("${") => rest.find('}').map(|at| at + 1),
            () if rest.starts_with('$') => Some(1 + word(rest.trim_start_matches('$'))),
            () if rest.starts_with("%n") || rest.starts_with("%t") => Some(2),
            () => None,
        };
        if end.is_some() {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut().filter(|_| c.is_alphanumeric()) {
            piece.push(c);
        }
        rest = rest.get(end.unwrap_or(c.len_utf8())..).unwrap_or_default();
    }
    pieces
}

fn word(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn fits(pieces: &[String], printed: &str) -> bool {
    let (Some((first, rest)), Some(last)) = (pieces.split_first(), pieces.last()) else { return false };
    let Some((_, inner)) = rest.split_last() else { return printed == first };
    let Some(mut text) = printed.strip_prefix(first.as_str()).and_then(|t| t.strip_suffix(last.as_str())) else {
        return false;
    };
    inner.iter().all(|piece| match text.split_once(piece.as_str()) {
        Some((_, after)) => {
            text = after;
            true
        }
        None => false,
    })
}

//! Text for screens that show ASCII only. Every character keeps its width, so that columns stay
//! columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Our own marks; each is one column wide, and no two that stand for something become the same.
static MARKS: [(char, char); 11] = [
    ('●', '#'),
    ('◐', '+'),
    ('○', 'o'),
    ('✕', 'x'),
    ('–', '-'),
    ('█', '#'),
    ('·', '.'),
    ('→', '>'),
    ('✓', 'v'),
    ('≥', '>'),
    ('…', '~'),
];

/// The line in ASCII; `… and 3 more`, and what is left out at its end, is three dots where these
/// fit.
pub(super) fn ascii(line: &str, width: usize) -> String {
    if line.is_ascii() {
        return line.to_owned();
    }
    let fits = anstream::adapter::strip_str(line).to_string().width() + 2 <= width;
    let rest = line.trim_start();
    let indent = line.get(..line.len() - rest.len()).unwrap_or_default();
    let (begin, rest) = match rest.strip_prefix("… ") {
        Some(rest) if fits => ("... ", rest),
        _ => ("", rest),
    };
    let (rest, end) = match rest.strip_suffix('…') {
        Some(rest) if fits => (rest, "..."),
        _ => (rest, ""),
    };
    let marks: String = rest.chars().map(mark).collect();
    format!("{indent}{begin}{marks}{end}")
}

/// Letters of other scripts are shown as what they are not: nothing here can print them.
fn mark(letter: char) -> String {
    let known = MARKS.iter().find(|(from, _)| *from == letter).map(|(_, to)| *to);
    match known {
        _ if letter.is_ascii() => letter.to_string(),
        Some(mark) => mark.to_string(),
        None => "?".repeat(letter.width().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_columns() {
        assert_eq!(ascii("  ○ ◐ ● ✕ –  1 %", 80), "  o + # x -  1 %");
        assert_eq!(ascii("日本 é", 80), "???? ?");
        assert_eq!(ascii("  … and 3 more", 80), "  ... and 3 more");
        assert_eq!(ascii("sha256:aff3…", 80), "sha256:aff3...");
        assert_eq!(ascii("sha256:aff3…", 13), "sha256:aff3~");
        assert_eq!(ascii("RUN x…  ·█", 80), "RUN x~  .#");
        assert_eq!(ascii("  …ame/service  ●", 80), "  ~ame/service  #");
        assert_eq!(ascii("\u{1b}[1m●\u{1b}[0m", 80), "\u{1b}[1m#\u{1b}[0m");
    }

    #[test]
    fn all_marks_have_one_column() {
        assert!(MARKS.iter().all(|(from, to)| from.width() == Some(1) && to.is_ascii_graphic()));
    }
}

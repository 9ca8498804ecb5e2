//! Text of a log inside a workflow command of GitHub: `::error file=a,title=b::text`.
//!
//! <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>, `escapeData` and `escapeProperty`.

use super::line;

/// The text after the second `::`. It may have several lines.
#[must_use]
pub fn data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|text| line(text).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// The value of a property.
#[must_use]
pub fn property(text: &str) -> String {
    line(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_command_early() {
        assert_eq!(data("50%\nof::x\r\u{1b}"), r"50%25%0Aof::x\u{d}\u{1b}");
        assert_eq!(property("a,b::c%"), "a%2Cb%3A%3Ac%25");
    }
}

//! Where things stand on the page: width, indentation, colour.

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthStr;

use crate::finding::Severity;
use crate::render::{Screen, glyphs};

/// The least width that is laid out for; narrower terminals wrap by themselves.
const LEAST: usize = 60;
/// On wider ones the eye does not find from one column to the next.
const MOST: usize = 200;
/// Longer lines of prose are tiring to read.
const PROSE: usize = 110;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

/// A page of a given width.
pub(super) struct TextPage {
    pub(super) width: usize,
    color: bool,
    ascii: bool,
}

impl TextPage {
    pub(super) fn new(screen: Screen) -> Self {
        Self { width: screen.width.clamp(LEAST, MOST), color: screen.color, ascii: screen.ascii }
    }

    /// The lines as one text.
    pub(super) fn print(&self, lines: &[String]) -> String {
        if !self.ascii {
            return lines.join("\n") + "\n";
        }
        let plain = lines.iter().map(|line| glyphs::ascii(line, self.width));
        plain.collect::<Vec<_>>().join("\n") + "\n"
    }

    /// What parts of a sentence are parted by.
    pub(super) fn parted(&self, text: &str) -> String {
        if self.ascii { text.replace(" · ", "; ") } else { text.to_owned() }
    }

    /// Colours text that is already laid out.
    pub(super) fn paint(&self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Prose, wrapped by display width; `first` and `rest` begin its lines. No text, no line.
    pub(super) fn wrap(&self, first: &str, rest: &str, text: &str) -> Vec<String> {
        if text.is_empty() {
            return Vec::new();
        }
        let options = Options::new(self.width.min(PROSE.max(rest.width() + LEAST)))
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        textwrap::wrap(text, options).into_iter().map(|line| disarmed(line.into_owned())).collect()
    }

    /// Prose after a label in the margin.
    pub(super) fn labelled(&self, label: &str, text: &str) -> Vec<String> {
        self.with_label(label, self.wrap(&blanks(INDENT), &blanks(INDENT), text))
    }

    /// Puts a label into the margin of the first line, which must begin with [`INDENT`] blanks.
    pub(super) fn with_label(&self, label: &str, mut lines: Vec<String>) -> Vec<String> {
        if let Some(first) = lines.first_mut() {
            let rest = first.strip_prefix(&*blanks(INDENT)).unwrap_or(first);
            *first = format!(
                "  {}{}{rest}",
                self.paint(DIM, label),
                blanks(INDENT.saturating_sub(2 + label.len()))
            );
        }
        lines
    }
}

/// A word too long for its line is broken, which can bring a CI command to the start of the next
/// line.
fn disarmed(line: String) -> String {
    if line.trim_start().starts_with("::") { line.replacen("::", "…:", 1) } else { line }
}

/// Width of the margin that holds the labels.
pub(super) const INDENT: usize = 14;

pub(super) fn blanks(width: usize) -> String {
    " ".repeat(width)
}

pub(super) fn style_of(severity: Severity) -> Style {
    match severity {
        Severity::Error => RED.bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => CYAN.bold(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn a_broken_word_does_not_become_a_command() {
        let text = format!("{}::error::boom", "x".repeat(78));
        let lines = TextPage::new(samples::NARROW).wrap("  ", "  ", &text);
        assert_eq!(lines.last().unwrap(), "  …:error::boom");
    }
}

//! Changes a text at known places.
//!
//! Places are byte spans; everything outside of them stays as it is, comments
//! and line ends included. Knows no file format and does not judge a change.
//!
//! Not built on `yamlpatch`: 1.26.1 writes `\n` into files with `\r\n`, adds a final newline where
//! there was none, flattens nested mappings (`line.trim_start()` in
//! `handle_block_mapping_addition`) and cannot insert into the middle of a list.

use std::ops::Range;

use super::splice::Splice;

/// Changes to one text, collected first and applied at once.
#[derive(Debug, Default)]
pub struct Patch {
    splices: Vec<Splice>,
}

impl Patch {
    /// Puts `text` in the place of a byte range.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.add(Splice { range, text: text.into() });
    }

    /// Inserts whole lines before the line that holds `at`.
    pub fn insert_before(&mut self, source: &str, at: usize, lines: &[String]) {
        let start = line_at(source, at).start;
        let text = lines.iter().flat_map(|line| [line.as_str(), eol(source)]).collect::<String>();
        self.add(Splice { range: start..start, text });
    }

    /// Inserts whole lines after the line that holds `at`; works on a last line without line end.
    pub fn insert_after(&mut self, source: &str, at: usize, lines: &[String]) {
        let end = line_at(source, at).end;
        let text = lines.iter().flat_map(|line| [eol(source), line.as_str()]).collect::<String>();
        self.add(Splice { range: end..end, text });
    }

    /// Removes the whole line that holds `at`; a comment at its end stays, on a line of its own.
    pub fn remove_line(&mut self, source: &str, at: usize, comment: Option<usize>) {
        let line = line_at(source, at);
        let Some(comment) = comment else {
            let end = source
                .get(line.end..)
                .and_then(|rest| rest.find('\n'))
                .map_or(line.end, |n| line.end + n + 1);
            return self.add(Splice { range: line.start..end, text: String::new() });
        };
        let indent = indent_at(source, at).len();
        self.add(Splice { range: line.start + indent..comment, text: String::new() });
    }

    /// The changed text; `None` where two changes contradict each other.
    #[must_use]
    pub fn apply(&self, source: &str) -> Option<String> {
        let mut splices = self.splices.clone();
        splices.sort_by_key(|s| (s.range.start, s.range.end));
        let mut result = String::with_capacity(source.len());
        let mut done = 0;
        for splice in &splices {
            result.push_str(source.get(done..splice.range.start)?);
            result.push_str(&splice.text);
            done = splice.range.end;
        }
        result.push_str(source.get(done..)?);
        // A last line without an end stays one, also where it is another line now.
        if !source.ends_with('\n') {
            result.truncate(result.trim_end_matches(['\r', '\n']).len());
        }
        Some(result)
    }

    /// Nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// Two steps that come from one anchor ask for the same change twice.
    fn add(&mut self, splice: Splice) {
        if !self.splices.contains(&splice) {
            self.splices.push(splice);
        }
    }
}

/// The line that holds `at`, without its line end.
#[must_use]
pub fn line_at(source: &str, at: usize) -> Range<usize> {
    let start = source.get(..at).and_then(|head| head.rfind('\n')).map_or(0, |n| n + 1);
    let end = source.get(at..).and_then(|rest| rest.find('\n')).map_or(source.len(), |n| at + n);
    let end =
        if source.get(start..end).is_some_and(|line| line.ends_with('\r')) { end - 1 } else { end };
    start..end.max(start)
}

/// Blanks at the begin of the line that holds `at`.
#[must_use]
pub fn indent_at(source: &str, at: usize) -> &str {
    let line = source.get(line_at(source, at)).unwrap_or_default();
    let width = line.len() - line.trim_start_matches(' ').len();
    line.get(..width).unwrap_or_default()
}

/// Line end that the text uses.
pub(super) fn eol(source: &str) -> &'static str {
    if source.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The path of a file within its repository.
///
/// One outside of the working directory says nothing of the place in the repository: then the
/// file name alone is given, which is right for files that live in the root.
#[must_use]
pub fn in_repository(path: &str) -> &str {
    let path = path.trim_start_matches("./");
    let outside =
        path.starts_with('/') || path.split('/').any(|part| part == "..") || path.contains(':');
    if outside { path.rsplit('/').next().unwrap_or(path) } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_the_line_end_of_the_file() {
        let source = "a:\r\n  b: 1 # x\r\nc: 2";
        let mut patch = Patch::default();
        patch.insert_after(source, 5, &["  d: 3".into()]);
        patch.insert_after(source, source.len(), &["e: 4".into()]);
        patch.insert_before(source, 0, &["first: 0".into()]);
        let expected = "first: 0\r\na:\r\n  b: 1 # x\r\n  d: 3\r\nc: 2\r\ne: 4";
        assert_eq!(patch.apply(source).unwrap(), expected);
    }

    #[test]
    fn removed_line_leaves_its_comment() {
        let source = "a:\n  - x # why\n  - y\n";
        let mut patch = Patch::default();
        patch.remove_line(source, 7, source.find('#'));
        patch.remove_line(source, source.rfind('y').unwrap(), None);
        assert_eq!(patch.apply(source).unwrap(), "a:\n  # why\n");
    }

    #[test]
    fn contradicting_changes_are_refused_and_equal_ones_merged() {
        let mut patch = Patch::default();
        patch.replace(0..3, "x");
        patch.replace(0..3, "x");
        assert_eq!(patch.apply("abcd").unwrap(), "xd");
        patch.replace(2..4, "y");
        assert_eq!(patch.apply("abcd"), None);
    }
}

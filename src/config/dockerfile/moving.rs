//! Lines that keep their numbers while they are moved.
//!
//! Knows of a line only whether it is a comment; which lines make an instruction is given.

use std::ops::RangeInclusive;

use crate::config::patch::eol;

/// The lines of one text.
pub(super) struct MovingLines<'a> {
    all: Vec<MovingLine<'a>>,
    /// Line end of lines that are new, or were the last one.
    eol: &'static str,
    /// The text ends with a line end.
    ended: bool,
}

struct MovingLine<'a> {
    /// 1-based, as in the text; 0 where it is new.
    number: u64,
    /// Without line end.
    text: std::borrow::Cow<'a, str>,
    eol: &'a str,
}

impl<'a> MovingLine<'a> {
    /// A line with its end, and its number.
    fn of((line, number): (&'a str, u64)) -> Self {
        let bare = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')).unwrap_or(line);
        let eol = line.get(bare.len()..).unwrap_or_default();
        Self { number, text: bare.into(), eol }
    }
}

impl<'a> MovingLines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let all = text.split_inclusive('\n').zip(1..).map(MovingLine::of).collect();
        Self { all, eol: eol(text), ended: text.ends_with('\n') }
    }

    /// The text as it is now. The last line ends as the last one did before.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.all {
            text.push_str(&line.text);
            text.push_str(if line.eol.is_empty() { self.eol } else { line.eol });
        }
        if !self.ended {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        text
    }

    /// First line of the comment that stands right above a line; the line itself where there is
    /// none. What begins the file is about the file, or a directive.
    pub(super) fn comment_above(&self, number: u64) -> u64 {
        let comments = self.all.iter().rev().skip_while(|line| line.number != number).skip(1);
        let first = comments
            .take_while(|line| line.text.trim_start().starts_with('#') && line.number > 0)
            .last();
        first.map(|line| line.number).filter(|first| *first > 1).unwrap_or(number)
    }

    /// A new line above this one.
    pub(super) fn insert_before(&mut self, number: u64, text: &'a str) {
        let line = MovingLine { number: 0, text: text.into(), eol: self.eol };
        let at = self.index(number);
        self.all.insert(at, line);
    }

    /// Moves lines up to right above another one.
    pub(super) fn move_before(&mut self, numbers: RangeInclusive<u64>, target: u64) {
        let moved = self.take(&numbers);
        let at = self.index(target);
        self.all.splice(at..at, moved);
    }

    /// Moves lines to right below another one.
    pub(super) fn move_behind(&mut self, numbers: RangeInclusive<u64>, target: u64) {
        let moved = self.take(&numbers);
        let at = (self.index(target) + 1).min(self.all.len());
        self.all.splice(at..at, moved);
    }

    /// Inserts into a line at the place that `find` gives; whether it gave one.
    pub(super) fn insert_into(
        &mut self,
        number: u64,
        text: &str,
        find: impl FnOnce(&str) -> Option<usize>,
    ) -> bool {
        let Some(line) = self.all.iter_mut().find(|line| line.number == number) else {
            return false;
        };
        let Some((head, tail)) = find(&line.text).and_then(|at| line.text.split_at_checked(at))
        else {
            return false;
        };
        line.text = format!("{head}{text}{tail}").into();
        true
    }

    fn index(&self, number: u64) -> usize {
        self.all.iter().position(|line| line.number == number).unwrap_or(self.all.len())
    }

    fn take(&mut self, numbers: &RangeInclusive<u64>) -> Vec<MovingLine<'a>> {
        self.all.extract_if(.., |line| numbers.contains(&line.number)).collect()
    }
}

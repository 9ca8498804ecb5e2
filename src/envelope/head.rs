//! The first lines of a log, by which its forms are recognised.
//!
//! Of many small logs each is asked for all forms: most are known by the bytes that lines begin
//! with, before a line is looked at.

use memchr::memmem;

use super::grams::{self, Grams};
use super::{Envelope, ansi, wrap};
use crate::source::find;

/// Stands for the first bytes of `#12 `, which no CI prints; no text begins with this byte.
pub const NUMBERED: u8 = 0xff;

/// Stands for the first byte of a line that is empty; no text begins with it either.
const EMPTY: u8 = 0xfe;

/// Lines of which a share is asked for.
const LOOKED_AT: usize = 200;

/// The first lines of a log, without what was found around them.
pub struct Head<'a> {
    /// What they stand in, with all that is around them.
    whole: &'a [u8],
    /// What tells at once that `whole` does not hold a form's words.
    grams: Grams,
    /// The lines, without their ends.
    pub lines: Vec<&'a [u8]>,
    /// The byte that each begins with behind escapes, [`NUMBERED`] or [`EMPTY`]; none where
    /// nothing is behind escapes.
    firsts: Vec<Option<u8>>,
    /// Those bytes, each once.
    begun: Vec<Option<u8>>,
    /// With how many of the lines of which a share is asked for.
    looked_at: Vec<(Option<u8>, usize)>,
}

impl<'a> Head<'a> {
    pub(super) fn new(whole: &'a [u8], lines: Vec<&'a [u8]>) -> Self {
        let firsts: Vec<_> = lines.iter().map(|line| first(line)).collect();
        let begun = count(firsts.iter().copied()).into_iter().map(|(first, _)| first).collect();
        let printed = lines.iter().zip(&firsts).filter(|(line, _)| !line.is_empty());
        let looked_at = count(printed.take(LOOKED_AT).map(|(_, first)| *first));
        Self { whole, grams: Grams::of(whole), lines, firsts, begun, looked_at }
    }

    /// Whether the lines may be of the form: most logs hold none of a form's words, and all lines
    /// are searched at once.
    pub(super) fn may_be(&self, form: &dyn Envelope) -> bool {
        let words = form.words();
        words.is_empty() || words.iter().any(|words| self.holds(words))
    }

    /// Whether the words stand in the log's beginning, in a line or around it.
    pub(super) fn holds(&self, words: &[u8]) -> bool {
        // Of few bytes the notes tell nothing, and the first of those that forms have is rare.
        if words.len() < grams::TELLING {
            return find(self.whole, words).is_some();
        }
        self.grams.may_hold(words) && memmem::find(self.whole, words).is_some()
    }

    /// Whether one of the very first lines holds the words: what a CI sets up is printed first.
    pub(super) fn holds_early(&self, words: &[u8]) -> bool {
        const EARLY: usize = 60;
        self.lines.iter().take(EARLY).any(|line| find(line, words).is_some())
    }

    /// Lines that may be of the form.
    pub(super) fn of(&self, form: &impl Envelope) -> impl Iterator<Item = &'a [u8]> {
        let some = self.begun.iter().any(|first| may_begin(form, *first));
        let lines =
            self.lines.iter().zip(&self.firsts).take(if some { self.lines.len() } else { 0 });
        lines.filter(|(_, first)| may_begin(form, **first)).map(|(line, _)| *line)
    }

    /// Whether the test holds for a line: for headers that only one CI prints.
    pub(super) fn any(&self, form: &impl Envelope, test: impl Fn(&[u8]) -> bool) -> bool {
        self.of(form).any(test)
    }

    /// Whether the test holds for at least three lines in five.
    pub(super) fn mostly(&self, form: &impl Envelope, test: impl Fn(&[u8]) -> bool) -> bool {
        self.fails_at_most((2, 5), form, test).is_some_and(|with| with > 0)
    }

    /// At least nine lines in ten: for prefixes that a program in the log may print itself.
    pub(super) fn nearly_all(&self, form: &impl Envelope, test: impl Fn(&[u8]) -> bool) -> bool {
        self.fails_at_most((1, 10), form, test).is_some_and(|with| with > 1)
    }

    /// For how many of the first lines the test holds, where it does not fail for more than a share
    /// of them.
    fn fails_at_most(
        &self,
        (part, of): (usize, usize),
        form: &impl Envelope,
        test: impl Fn(&[u8]) -> bool,
    ) -> Option<usize> {
        let all: usize = self.looked_at.iter().map(|(_, lines)| lines).sum();
        let others = self.looked_at.iter().filter(|(first, _)| !may_begin(form, *first));
        let mut failures: usize = others.map(|(_, lines)| lines).sum();
        let most = all * part / of;
        let lines = self.lines.iter().zip(&self.firsts).filter(|(line, _)| !line.is_empty());
        for (line, first) in lines.take(LOOKED_AT) {
            if failures > most {
                return None;
            }
            failures += usize::from(may_begin(form, *first) && !test(line));
        }
        (failures <= most).then_some(all - failures)
    }
}

fn first(line: &[u8]) -> Option<u8> {
    if line.is_empty() {
        return Some(EMPTY);
    }
    let text = ansi::lead(line);
    if wrap::begins(text) { Some(NUMBERED) } else { text.first().copied() }
}

/// A line with nothing but escapes may be of any form.
fn may_begin(form: &impl Envelope, first: Option<u8>) -> bool {
    first.is_none_or(|first| form.may_begin(first))
}

/// How often each byte begins a line. Lines begin with few different ones.
fn count(firsts: impl Iterator<Item = Option<u8>>) -> Vec<(Option<u8>, usize)> {
    let mut counts: Vec<(Option<u8>, usize)> = Vec::new();
    for first in firsts {
        match counts.iter_mut().find(|(known, _)| *known == first) {
            Some((_, count)) => *count += 1,
            None => counts.push((first, 1)),
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::ENVELOPES;
    use crate::source::{Whole, discover};

    /// The same lines; no byte tells what they may be.
    fn blind<'a>(whole: &'a [u8], lines: &[&'a [u8]]) -> Head<'a> {
        let printed = lines.iter().filter(|line| !line.is_empty()).take(LOOKED_AT);
        Head {
            whole,
            grams: Grams::of(whole),
            lines: lines.to_vec(),
            firsts: vec![None; lines.len()],
            begun: vec![None],
            looked_at: vec![(None, printed.count())],
        }
    }

    #[test]
    fn no_form_is_missed_for_the_bytes_that_lines_begin_with_or_for_its_words() {
        let found = discover(&["sample-logs".into(), "tests".into()], Whole::default());
        assert!(found.logs.len() > 300, "{}", found.logs.len());
        for file in found.logs {
            let log = std::fs::read(&file.path).unwrap();
            let lines: Vec<&[u8]> =
                log.split(|b| *b == b'\n').take(500).map(ansi::trim_end).collect();
            let (seen, blind) = (Head::new(&log, lines.clone()), blind(&log, &lines));
            for form in ENVELOPES {
                let same = form.recognise(&seen) == form.recognise(&blind);
                assert!(same, "{}: {}", form.name(), file.path.display());
                let told = seen.may_be(*form) || !form.recognise(&seen);
                assert!(told, "words of {}: {}", form.name(), file.path.display());
            }
        }
    }

    #[test]
    fn shares_are_of_the_lines_that_print_something() {
        let head = Head::new(b"> a\n\n> b\n\nc", vec![b"> a", b"", b"> b", b"", b"c"]);
        let quoted = |line: &[u8]| line.starts_with(b"> ");
        let any = &crate::envelope::drone::Drone;
        assert!(head.mostly(any, quoted) && !head.nearly_all(any, quoted));
        assert!(head.any(any, |line| line == b"c") && !head.any(any, quoted_twice));
    }

    fn quoted_twice(line: &[u8]) -> bool {
        line.starts_with(b"> > ")
    }
}

//! Which lines of a log matter: those that some dialect or the CI itself understands.
//!
//! Called from many threads, each with a block of its own; remembers only what saves lines.

use std::borrow::Cow;

use crate::dialect::{self, Event};
use crate::envelope::{Peeled, Stack, clean};
use crate::source::{MAX_LINE, Sieve, Wanted};

/// Of a longer JSON status the rest is not read; output of commands stands at its end.
const LONGEST_STATUS: usize = 4 << 20;

/// Wants the lines that some dialect or the CI itself understands.
pub struct Interest<'a> {
    /// Envelopes of the log.
    pub stack: &'a Stack,
}

/// What [`Interest`] remembers from line to line of a block.
pub struct Before {
    /// The vertex whose output was seen last: of its output one line is enough.
    talking: Option<u32>,
    /// Its job, where lines name jobs.
    job: Vec<u8>,
    /// The line before may go on in this one. So it may at the start of a block, where the line
    /// before was not seen.
    open: bool,
}

impl Default for Before {
    fn default() -> Self {
        Self { talking: None, job: Vec::new(), open: true }
    }
}

impl Sieve for Interest<'_> {
    type State = Before;

    /// A stored build is one line of JSON.
    fn longest(&self, start: &[u8]) -> usize {
        match dialect::read(self.stack.peel(start).text) {
            Some(Event::RawJson(_)) => LONGEST_STATUS,
            _ => MAX_LINE,
        }
    }

    #[inline]
    fn wants(&self, before: &mut Before, line: &[u8]) -> Wanted {
        if before.goes_on(line, self.stack) { Wanted::No } else { self.looks_at(before, line) }
    }
}

impl Interest<'_> {
    fn looks_at(&self, before: &mut Before, line: &[u8]) -> Wanted {
        let line = self.stack.unpack(line);
        let peeled = self.stack.peel(&line);
        let joined = std::mem::replace(&mut before.open, peeled.open) || peeled.open;
        match before.is_news(&peeled, self.stack) {
            _ if peeled.append => Wanted::WithBefore,
            news if news || joined => Wanted::Yes,
            _ => Wanted::No,
        }
    }
}

impl Before {
    /// More output of the vertex that is talking: what nearly all lines are, told by the fewest bytes.
    /// [`Interest::looks_at`] says the same of such a line, and remembers nothing new.
    #[inline]
    fn goes_on(&self, line: &[u8], stack: &Stack) -> bool {
        let talks = || stack.text(line).and_then(dialect::output);
        !self.open && self.talking.is_some_and(|number| talks() == Some(number))
    }

    fn is_news(&mut self, peeled: &Peeled, stack: &Stack) -> bool {
        if let Some(number) = dialect::output(peeled.text) {
            // Two empty slices are not compared: `memcmp` of no bytes at a dangling address is slow on
            // processors that mask the load.
            let moved = peeled.job.is_some_and(|job| self.job != job);
            if let Some(job) = peeled.job.filter(|_| moved) {
                self.job.clear();
                self.job.extend_from_slice(job);
            }
            return self.talking.replace(number) != Some(number) || moved;
        }
        match dialect::read(peeled.text) {
            Some(_) => {
                self.talking = None;
                true
            }
            None => says_something(peeled.text, stack),
        }
    }
}

/// Colour may stand between a prompt and its command: `ESC[90m$ESC[0m docker build .` (Buildkite).
fn says_something(text: &[u8], stack: &Stack) -> bool {
    let text = clean(text);
    let colored = matches!(text, Cow::Owned(_));
    stack.mark(&text).is_some() || (colored && dialect::read(&text).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Logs of GitHub (stamps), of GitLab with stamps (which name streams and go on in other lines), and
    /// without any CI.
    const PREFIXES: [&str; 3] = ["2026-05-04T09:00:00.1234567Z ", "2026-05-04T09:00:00.123456Z 01O ", ""];

    type Way<'a> = fn(&Interest<'a>, &mut Before, &[u8]) -> Wanted;

    fn wanted<'a>(lines: &[String], stack: &'a Stack, way: Way<'a>) -> Vec<Wanted> {
        let (interest, mut before) = (Interest { stack }, Before::default());
        lines.iter().map(|line| way(&interest, &mut before, line.as_bytes())).collect()
    }

    proptest! {
        #[test]
        fn the_short_way_says_what_the_long_one_says(
            prefix in prop::sample::select(&PREFIXES[..]),
            lines in proptest::collection::vec("(#[1-3] [0-9]{1,3}\\.[0-9]{1,4}( x)?|#[1-3] (CACHED|DONE 0.1s|\\[2/3\\] RUN a)|\\+ docker build \\.|\\x1b\\[0m#1 0.1 x|x|)\r?", 1..60),
        ) {
            let lines: Vec<String> = lines.iter().map(|line| format!("{prefix}{line}")).collect();
            let stack = Stack::recognise(lines.join("\n").as_bytes());
            prop_assert_eq!(wanted(&lines, &stack, Interest::wants), wanted(&lines, &stack, Interest::looks_at));
        }
    }
}

//! Which lines of a log matter: those that some dialect or the CI itself understands.
//!
//! Called from many threads, each with a block of its own; remembers only what saves lines.

use std::borrow::Cow;
use std::cell::Cell;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::unread;
use crate::dialect::{self, Event};
use crate::envelope::{Peeled, Stack, clean};
use crate::source::{Likeness, MAX_LINE, Sieve, Wanted};

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
    /// None before the first line that no dialect reads.
    silent: Option<Silent>,
}

impl Default for Before {
    fn default() -> Self {
        Self { talking: None, job: Vec::new(), open: true, silent: None }
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        if let Some(silent) = self.silent.take() {
            SILENT.set(Some(silent));
        }
    }
}

thread_local! {
    /// What the blocks that this thread read before had: runs of one job print the same lines.
    static SILENT: Cell<Option<Silent>> = const { Cell::new(None) };
}

/// Lines that say nothing, by their hashes: programs print the same ones in each of a log's builds.
struct Silent {
    /// The envelopes of the log: what one CI says is nothing in a log of another.
    names: Vec<&'static str>,
    state: RandomState,
    /// Each in its slot, where it stays until another one takes it.
    slots: Vec<u64>,
}

impl Silent {
    const SLOTS: usize = 1024;
    /// Longer lines are seldom printed twice.
    const LONGEST: usize = 512;

    /// The lines of earlier blocks, if those had the same envelopes.
    fn of(stack: &Stack) -> Self {
        let names = stack.names().collect();
        match SILENT.take() {
            Some(known) if known.names == names => known,
            _ => Self { names, state: RandomState::default(), slots: vec![0; Self::SLOTS] },
        }
    }

    /// Whether a line says something, asked only of one that is not known.
    fn or_says(&mut self, text: &[u8], says: impl FnOnce() -> bool) -> bool {
        let hash = self.state.hash_one(text);
        // Any part of the hash will do.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let Some(slot) = self.slots.get_mut(hash as usize % Self::SLOTS) else { return says() };
        if *slot == hash {
            return false;
        }
        let says = says();
        if !says {
            *slot = hash;
        }
        says
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

    fn wants(&self, before: &mut Before, line: &[u8]) -> Wanted {
        let unpacked = self.stack.unpack(line);
        if self.stack.packs() {
            return self.wants_parts(before, &unpacked);
        }
        let peeled = self.stack.peel(&unpacked);
        let joined = std::mem::replace(&mut before.open, peeled.open) || peeled.open;
        match before.is_news(&peeled, self.stack) {
            _ if peeled.append => Wanted::WithBefore,
            news if news || joined => Wanted::Yes,
            _ => Wanted::No(self.likeness(line, &peeled)),
        }
    }
}

impl Interest<'_> {
    /// Wants a line that holds several where it wants one of them.
    fn wants_parts(&self, before: &mut Before, unpacked: &[u8]) -> Wanted {
        let mut wanted = Wanted::No(None);
        for part in unpacked.split(|b| *b == b'\n') {
            let peeled = self.stack.peel(part);
            let joined = std::mem::replace(&mut before.open, peeled.open) || peeled.open;
            match before.is_news(&peeled, self.stack) {
                _ if peeled.append => wanted = Wanted::WithBefore,
                news if (news || joined) && !matches!(wanted, Wanted::WithBefore) => {
                    wanted = Wanted::Yes;
                }
                _ => {}
            }
        }
        wanted
    }

    /// More output of the vertex that is talking: what nearly all lines are, alike but for the
    /// times in their stamps and behind the number of the vertex.
    fn likeness(&self, line: &[u8], peeled: &Peeled) -> Option<Likeness> {
        let seconds = dialect::seconds(peeled.text)?;
        let (prefix, stamp) = self.stack.prefix(line, peeled)?;
        let seconds = prefix + seconds.start..prefix + seconds.end;
        Some(Likeness::new(seconds.end, seconds)?.or(stamp))
    }
}

impl Before {
    fn is_news(&mut self, peeled: &Peeled, stack: &Stack) -> bool {
        if let Some(number) = dialect::output(peeled.text) {
            // Two empty slices are not compared: `memcmp` of no bytes at a dangling address is slow
            // on processors that mask the load.
            let moved = peeled.job.is_some_and(|job| self.job != job);
            if moved && let Some(job) = peeled.job {
                self.job.clear();
                self.job.extend_from_slice(job);
            }
            return self.talking.replace(number) != Some(number) || moved;
        }
        let Self { talking, silent, .. } = self;
        let mut says = || {
            if dialect::reads(peeled.text) {
                *talking = None;
                return true;
            }
            says_something(peeled.text, stack)
        };
        if peeled.text.len() > Silent::LONGEST {
            return says();
        }
        silent.get_or_insert_with(|| Silent::of(stack)).or_says(peeled.text, says)
    }
}

/// Colour may stand between a prompt and its command: `ESC[90m$ESC[0m docker build .` (Buildkite).
fn says_something(text: &[u8], stack: &Stack) -> bool {
    let text = clean(text);
    let colored = matches!(text, Cow::Owned(_));
    stack.mark(&text).is_some() || (colored && dialect::reads(&text)) || unread::holds(&text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::{Input, Sink, Whole, discover};

    /// Logs of GitHub (stamps), of GitLab with stamps (which name streams and go on in other
    /// lines), and without any CI.
    const PREFIXES: [&str; 4] =
        ["2026-05-04T09:00:00.1234567Z ", "2026-05-04T09:00:00.123456Z 01O ", "app-1  | ", ""];

    /// Asks for each line, whatever it is like.
    struct Each<'a>(Interest<'a>);

    impl Sieve for Each<'_> {
        type State = Before;
        fn longest(&self, start: &[u8]) -> usize {
            self.0.longest(start)
        }
        fn wants(&self, before: &mut Before, line: &[u8]) -> Wanted {
            match self.0.wants(before, line) {
                Wanted::No(_) => Wanted::No(None),
                wanted => wanted,
            }
        }
    }

    #[derive(Default, Debug, PartialEq)]
    struct Lines(Vec<(u64, Vec<u8>)>);

    impl Sink for Lines {
        fn line(&mut self, number: u64, bytes: &[u8]) {
            self.0.push((number, bytes.to_vec()));
        }
    }

    fn scanned(log: &[u8], sieve: &impl Sieve) -> Option<Lines> {
        let mut lines = Lines::default();
        Input::of_bytes(log.into()).ok()?.scan(sieve, &mut lines).unwrap();
        Some(lines)
    }

    /// Whether it makes no difference that lines like others are not asked for.
    fn told_by_likeness(log: &[u8]) -> Result<(), TestCaseError> {
        let stack = &Stack::recognise(log);
        prop_assert_eq!(scanned(log, &Interest { stack }), scanned(log, &Each(Interest { stack })));
        Ok(())
    }

    #[test]
    fn no_sample_log_has_a_line_that_its_likeness_hides() {
        let found = discover(&["sample-logs".into(), "tests".into()], Whole::default());
        assert!(found.logs.len() > 300, "{}", found.logs.len());
        for file in found.logs {
            told_by_likeness(&std::fs::read(&file.path).unwrap()).unwrap();
        }
    }

    proptest! {
        #[test]
        fn likeness_hides_no_line(
            prefix in prop::sample::select(&PREFIXES[..]),
            lines in proptest::collection::vec("(#[1-3] [0-9]{1,3}\\.[0-9]{1,4}( x)?|#[1-3] \
                (CACHED|DONE 0.1s|\\[2/3\\] RUN a)|\\+ docker build \\.|\\x1b\\[0m#1 0.1 x|x|)\r?", 1..60),
        ) {
            let lines: Vec<String> = lines.iter().map(|line| format!("{prefix}{line}\n")).collect();
            told_by_likeness(lines.concat().as_bytes())?;
        }
    }
}

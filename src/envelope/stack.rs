//! The envelopes of one log, outermost first.

use super::{ENVELOPES, Envelope, Mark, Peeled, ansi};

/// How often one envelope may be inside another.
const ROUNDS: usize = 4;

/// Lines looked at to recognise an envelope.
const LINES: usize = 2000;

/// What is around the lines of one log.
#[derive(Clone, Default)]
pub struct Stack {
    layers: Vec<&'static dyn Envelope>,
}

impl Stack {
    /// Recognises the envelopes of a log by its beginning, outermost first.
    #[must_use]
    pub fn recognise(head: &[u8]) -> Self {
        let mut lines: Vec<&[u8]> = head.split(|&b| b == b'\n').take(LINES).map(ansi::trim_end).collect();
        let mut stack = Self::default();
        while stack.layers.len() < ROUNDS {
            let known = |e: &&dyn Envelope| stack.layers.iter().any(|l| l.ci() == e.ci());
            let Some(envelope) = ENVELOPES.iter().find(|e| !known(e) && e.recognise(&lines)) else { break };
            for line in &mut lines {
                *line = envelope.decode(line).text;
            }
            stack.layers.push(*envelope);
        }
        stack
    }

    /// CI system, `None` where none was recognised.
    #[must_use]
    pub fn ci(&self) -> Option<&'static str> {
        self.layers.first().map(|e| e.ci())
    }

    /// Name of the outermost envelope.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.layers.first().map(|e| e.name())
    }

    /// Takes all prefixes off, and escapes in front of the text.
    #[must_use]
    pub fn peel<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let mut peeled = Peeled { text: ansi::trim_end(line), ..Peeled::default() };
        for layer in &self.layers {
            let inner = layer.decode(peeled.text);
            peeled = Peeled {
                text: inner.text,
                stamp: peeled.stamp.or(inner.stamp),
                job: peeled.job.or(inner.job),
                append: peeled.append || inner.append,
            };
        }
        peeled.text = ansi::lead(peeled.text);
        peeled
    }

    /// What the CI says in a line. Where no CI was recognised, each is asked: a pasted teardown of
    /// Bitbucket has nothing else to be known by.
    #[must_use]
    pub fn mark<'a>(&self, text: &'a [u8]) -> Option<(&'static str, Mark<'a>)> {
        let asked = if self.layers.is_empty() { ENVELOPES } else { self.layers.as_slice() };
        asked.iter().find_map(|e| Some((e.ci(), e.mark(text)?)))
    }
}

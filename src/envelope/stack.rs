//! The envelopes of one log, outermost first.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use super::{ENVELOPES, Envelope, KNOWN_BY_WORDS, Mark, Peeled, Stamp, ansi, echo, told, wrap};

/// How often one envelope may be inside another.
const ROUNDS: usize = 4;

/// Lines looked at to recognise an envelope.
const LINES: usize = 500;

/// What is around the lines of one log.
#[derive(Clone, Default)]
pub struct Stack {
    /// The outermost layer, where it has to be unpacked before any prefix is seen.
    packing: Option<&'static dyn Envelope>,
    layers: Vec<&'static dyn Envelope>,
    /// Lines were cut at this width.
    width: Option<usize>,
}

impl Stack {
    /// Recognises the envelopes of a log by its beginning, outermost first.
    #[must_use]
    pub fn recognise(head: &[u8]) -> Self {
        let raw: Vec<&[u8]> = lines(head).take(LINES).map(ansi::trim_end).collect();
        let packing = ENVELOPES.iter().filter(|e| e.packs()).find(|e| e.recognise(&raw)).copied();
        let mut stack = Self { packing, layers: Vec::new(), width: None };
        let unpacked: Vec<Cow<[u8]>> = raw.iter().map(|line| stack.unpack(line)).collect();
        let mut lines: Vec<&[u8]> = unpacked.iter().map(|line| ansi::trim_end(line)).collect();
        stack.layers.extend(packing);
        strip(&mut lines, packing);
        while stack.layers.len() < ROUNDS {
            let told = || stack.next(&told::behind_prefixes(&lines));
            let Some(envelope) = stack.next(&lines).or_else(told) else { break };
            stack.layers.push(envelope);
            strip(&mut lines, Some(envelope));
        }
        // What a CI puts in front of each line would tell a rest from a line of its own.
        let bare = stack.layers.iter().all(|e| e.name() == "powershell");
        stack.width = if bare { wrap::width(&lines) } else { None };
        stack
    }

    /// CI system, `None` where none was recognised.
    #[must_use]
    pub fn ci(&self) -> Option<&'static str> {
        self.layers.iter().find_map(|e| e.ci())
    }

    /// Name of the outermost envelope.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.names().next()
    }

    /// Names of all envelopes, outermost first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.layers.iter().map(|e| e.name()).chain(self.width.map(|_| "wrapped"))
    }

    /// Whether a job's name tells it from other jobs even where it is the only one in the log.
    #[must_use]
    pub fn names_jobs(&self) -> bool {
        self.layers.iter().any(|e| e.names_jobs())
    }

    /// The line in plain bytes. Borrowed, but for the few forms of log that pack their lines.
    #[must_use]
    #[inline]
    pub fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        self.packing.map_or(Cow::Borrowed(line), |packing| packing.unpack(ansi::trim_end(line)))
    }

    /// Takes all prefixes off an unpacked line, and escapes in front of the text.
    #[must_use]
    #[inline]
    pub fn peel<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let line = ansi::trim_end(line);
        // Most logs have one layer.
        let mut peeled = match self.layers.as_slice() {
            [] => Peeled { text: line, ..Peeled::default() },
            [one] => one.decode(line),
            layers => decode_all(layers, line),
        };
        peeled.open |= self.width.is_some_and(|width| wrap::is_full(line, width));
        peeled.text = ansi::lead(peeled.text);
        peeled
    }

    /// How much of a line stands before its text, and where in it the stamp is, whose digits are others in each
    /// line. `None` where it takes more than this beginning to tell where the text begins.
    #[must_use]
    pub fn prefix(&self, line: &[u8], peeled: &Peeled) -> Option<(usize, Range<usize>)> {
        if self.packing.is_some() || self.width.is_some() {
            return None;
        }
        let prefix = ansi::trim_end(line).strip_suffix(peeled.text)?;
        let Some(Stamp::Rfc3339(stamp) | Stamp::Millis(stamp)) = peeled.stamp else {
            return Some((prefix.len(), 0..0));
        };
        let at = memmem::find(prefix, stamp)?;
        Some((prefix.len(), at..at + stamp.len()))
    }

    /// Whether a line may be the rest of the one before that is open. Where lines were cut at a width,
    /// one may fill it by chance.
    #[must_use]
    pub fn may_continue(&self, text: &[u8]) -> bool {
        self.width.is_none() || !wrap::begins(text)
    }

    /// What the CI says in a line. Where no CI was recognised, those are asked that are known by
    /// their words alone.
    #[must_use]
    pub fn mark<'a>(&self, text: &'a [u8]) -> Option<(&'static str, Mark<'a>)> {
        let text = ansi::without_tail(text);
        let asked = if self.ci().is_none() { KNOWN_BY_WORDS } else { self.layers.as_slice() };
        let said = asked.iter().find_map(|e| Some((e.ci()?, e.mark(text)?)));
        said.or_else(|| Some((asked.iter().find_map(|e| e.ci())?, echo::more(text).or_else(|| self.typed(text))?)))
    }

    /// No CI shows the prompt of a terminal: who copied it ran the build by hand.
    fn typed<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        self.ci().is_none().then(|| echo::at_terminal(text))?
    }

    /// The outermost of the forms that these lines still have.
    fn next(&self, lines: &[&[u8]]) -> Option<&'static dyn Envelope> {
        ENVELOPES.iter().find(|e| self.may_hold(**e) && e.recognise(lines)).copied()
    }

    /// Not the same form twice, nor two forms of one CI; what packs can only be outermost.
    fn may_hold(&self, envelope: &dyn Envelope) -> bool {
        let same = |e: &&dyn Envelope| e.name() == envelope.name() || (e.ci().is_some() && e.ci() == envelope.ci());
        !envelope.packs() && !self.layers.iter().any(same)
    }
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(head);
    std::iter::from_fn(move || {
        let text = rest?;
        let (line, after) = text.split_at_checked(memchr(b'\n', text).unwrap_or(text.len()))?;
        rest = after.split_first().map(|(_, next)| next);
        Some(line)
    })
}

fn decode_all<'a>(layers: &[&dyn Envelope], line: &'a [u8]) -> Peeled<'a> {
    let start = Peeled { text: line, ..Peeled::default() };
    layers.iter().fold(start, |peeled, layer| {
        let inner = layer.decode(peeled.text);
        Peeled {
            text: inner.text,
            stamp: peeled.stamp.or(inner.stamp),
            job: peeled.job.or(inner.job),
            append: peeled.append || inner.append,
            open: peeled.open || inner.open,
        }
    })
}

fn strip(lines: &mut [&[u8]], layer: Option<&'static dyn Envelope>) {
    let Some(layer) = layer else { return };
    for line in lines {
        *line = layer.decode(line).text;
    }
}

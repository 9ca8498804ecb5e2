//! The envelopes of one log, outermost first.

use std::borrow::Cow;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memchr::{memchr, memmem};

use super::unknown::Prefix;
use super::{
    ENVELOPES, Envelope, Head, KNOWN_BY_WORDS, Mark, Peeled, Stamp, ansi, builder_line, echo,
    terminal, wrap,
};

/// `$name #5 CACHED` is no command, whatever the prefix stands for.
fn by_variable(text: &[u8]) -> Option<Mark<'_>> {
    let mark = echo::by_variable(text)?;
    builder_line::behind(text).is_none().then_some(mark)
}

/// How often one envelope may be inside another.
const ROUNDS: usize = 4;

/// Lines looked at to recognise an envelope.
const LINES: usize = 500;

/// What is around the lines of one log.
#[derive(Clone, Default)]
pub struct Stack {
    /// The layer that has to be unpacked before what is in it is seen.
    packing: Option<Packing>,
    layers: Vec<Layer>,
    /// Lines were cut at this width.
    width: Option<usize>,
}

/// A layer whose text is written in another alphabet, and how many layers are around it.
#[derive(Clone, Copy)]
struct Packing {
    envelope: &'static dyn Envelope,
    outside: usize,
}

/// One envelope: a row of the table, or what was learned from the log itself.
#[derive(Clone)]
enum Layer {
    Known(&'static dyn Envelope),
    Learned(Arc<Prefix>),
}

impl Deref for Layer {
    type Target = dyn Envelope;

    #[inline]
    fn deref(&self) -> &(dyn Envelope + 'static) {
        match self {
            Self::Known(envelope) => *envelope,
            Self::Learned(prefix) => &**prefix,
        }
    }
}

impl Stack {
    /// Recognises the envelopes of a log by its beginning, outermost first.
    #[must_use]
    pub fn recognise(head: &[u8]) -> Self {
        let mut stack = Self::default();
        stack.find_layers(head, lines(head).take(LINES).map(ansi::trim_end).collect());
        stack
    }

    /// Finds what is around these lines of a text, layer by layer.
    fn find_layers(&mut self, whole: &[u8], mut lines: Vec<&[u8]>) {
        while self.layers.len() < ROUNDS {
            let Some(layer) = self.next_layer(whole, &lines) else { break };
            self.layers.push(layer.clone());
            if let Layer::Known(envelope) = layer
                && envelope.packs()
            {
                self.packing = Some(Packing { envelope, outside: self.layers.len() - 1 });
                let unpacked: Vec<Cow<[u8]>> =
                    lines.iter().map(|line| envelope.unpack(line)).collect();
                let whole = unpacked.join(&b'\n');
                let inner = whole.split(|b| *b == b'\n').map(ansi::trim_end);
                return self
                    .find_layers(&whole, inner.map(|line| envelope.decode(line).text).collect());
            }
            for line in &mut lines {
                *line = layer.decode(line).text;
            }
        }
        // What a CI puts in front of each line would tell a rest from a line of its own.
        let bare = self.layers.iter().all(|e| e.name() == "powershell");
        self.width = if bare { wrap::width(whole, &lines) } else { None };
    }

    /// The outermost form that these lines still have; else a prefix of all lines in which a
    /// builder speaks.
    fn next_layer(&self, whole: &[u8], lines: &[&[u8]]) -> Option<Layer> {
        if let Some(envelope) = self.next(whole, lines) {
            return Some(Layer::Known(envelope));
        }
        let prefixed = builder_line::behind_prefixes(lines);
        if prefixed.is_empty() {
            return None;
        }
        if let Some(envelope) = self.next(whole, &prefixed) {
            return Some(Layer::Known(envelope));
        }
        if self.layers.iter().any(|layer| layer.name() == "unknown") {
            return None;
        }
        Prefix::learn(&prefixed).map(Arc::new).map(Layer::Learned)
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

    /// The line in plain bytes. Borrowed, but for the few forms of log that pack their lines; there
    /// it may be several lines.
    #[must_use]
    #[inline]
    pub fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        self.packing.map_or(Cow::Borrowed(line), |packing| {
            self.unpack_inside(packing, ansi::trim_end(line))
        })
    }

    /// Whether an unpacked line may be several.
    #[must_use]
    #[inline]
    pub fn packs(&self) -> bool {
        self.packing.is_some()
    }

    /// Unpacks what is inside the outer layers, whose prefix stays.
    fn unpack_inside<'a>(&self, packing: Packing, line: &'a [u8]) -> Cow<'a, [u8]> {
        let around = self.layers.get(..packing.outside).unwrap_or_default();
        let text = ansi::lead(decode_all(around, line).text);
        let Some(prefix) = line.strip_suffix(text) else { return Cow::Borrowed(line) };
        match packing.envelope.unpack(text) {
            Cow::Borrowed(_) => Cow::Borrowed(line),
            Cow::Owned(text) if prefix.is_empty() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned([prefix, &text].concat()),
        }
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

    /// How much of a line stands before its text, and where in it the stamp is, whose digits are
    /// others in each line. `None` where it takes more than this beginning to tell where the text
    /// begins.
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

    /// Whether a line may be the rest of the one before that is open. Where lines were cut at a
    /// width, one may fill it by chance.
    #[must_use]
    pub fn may_continue(&self, text: &[u8]) -> bool {
        self.width.is_none() || !wrap::begins(text)
    }

    /// What the CI says in a line. Where no CI was recognised, those are asked that are known by
    /// their words alone.
    #[must_use]
    pub fn mark<'a>(&self, text: &'a [u8]) -> Option<(&'static str, Mark<'a>)> {
        let text = ansi::without_tail(text);
        let tool = self
            .layers
            .iter()
            .filter(|e| e.ci().is_none())
            .find_map(|e| e.mark(text))
            .map(|mark| ("", mark));
        let said = || match self.ci() {
            Some(_) => self.layers.iter().find_map(|e| Some((e.ci()?, e.mark(text)?))),
            None => KNOWN_BY_WORDS.iter().find_map(|e| Some((e.ci()?, e.mark(text)?))),
        };
        tool.or_else(said).or_else(|| Some((self.ci().unwrap_or_default(), self.of_any_ci(text)?)))
    }

    /// What programs print in every CI.
    fn of_any_ci<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        let announced = || echo::checked_out(text).or_else(|| echo::announced(text));
        let variable = || by_variable(text).or_else(|| echo::compose_version(text));
        let typed = || self.typed(text).or_else(|| echo::recipe(text));
        echo::more(text).or_else(announced).or_else(typed).or_else(variable)
    }

    /// No CI shows the prompt of a terminal: who copied it ran the build by hand.
    fn typed<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        self.ci().is_none().then(|| terminal::at_terminal(text))?
    }

    /// The outermost of the forms that these lines still have.
    fn next(&self, whole: &[u8], lines: &[&[u8]]) -> Option<&'static dyn Envelope> {
        let head = Head::new(whole, lines.to_vec());
        let of_form =
            |e: &&dyn Envelope| self.may_hold(*e) && head.may_be(*e) && e.recognise(&head);
        ENVELOPES.iter().copied().find(of_form)
    }

    /// Not the same form twice, nor two forms of one CI, nor two that pack.
    fn may_hold(&self, envelope: &dyn Envelope) -> bool {
        let same = |e: &Layer| {
            e.name() == envelope.name() || (e.ci().is_some() && e.ci() == envelope.ci())
        };
        let packed = envelope.packs() && self.packing.is_some();
        !packed && !self.layers.iter().any(same)
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

fn decode_all<'a>(layers: &[Layer], line: &'a [u8]) -> Peeled<'a> {
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

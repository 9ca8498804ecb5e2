//! A prefix that no row of the table knows, learned from the lines of a builder that stand behind
//! it.
//!
//! `acme-runner[4f2a] 12.1s> #5 CACHED`: where all such lines have one prefix, but for digits and
//! hexadecimal numbers in it, it is the log's. What follows the line in turn (`"}` of an
//! object) is learned with it.

use super::{Envelope, Head, Peeled, ansi, builder_line};

/// What stands before each line of a builder, and behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    parts: Vec<PrefixPart>,
    tail: Tail,
}

/// What ends the builder's text before the line ends.
#[derive(Debug, PartialEq, Eq)]
enum Tail {
    /// The same in all lines, or nothing.
    Same(Vec<u8>),
    /// The quote that the prefix opens; what follows differs: `","at":"09:00:01"}`.
    Quote(u8),
}

impl Tail {
    fn cut<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Same(tail) => text.strip_suffix(tail.as_slice()).unwrap_or(text),
            Self::Quote(quote) => {
                let text = closing(text, *quote).and_then(|at| text.get(..at)).unwrap_or(text);
                text.strip_suffix(b"\\n").unwrap_or(text)
            }
        }
    }
}

/// Where a quoted text ends: an escaped quote does not end it.
fn closing(text: &[u8], quote: u8) -> Option<usize> {
    let escaped = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
    };
    memchr::memchr_iter(quote, text).find(|at| !escaped(*at))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PrefixPart {
    /// The same in all lines.
    Text(Vec<u8>),
    /// A number, another one in each line.
    Digits,
    /// A word of hexadecimal digits.
    Hex,
}

impl Prefix {
    /// The prefix of nearly all lines in which a builder speaks; `None` where they have several, or
    /// where no line says what only a builder would.
    pub(super) fn learn(lines: &[&[u8]]) -> Option<Self> {
        let split =
            |line: &&'_ [u8]| builder_line::behind(line).map(|at| object(line, at).unwrap_or(at));
        let behind: Vec<(&[u8], &[u8])> =
            lines.iter().filter_map(|line| line.split_at_checked(split(line)?)).collect();
        let known: Vec<Vec<PrefixPart>> = behind.iter().map(|(before, _)| parts(before)).collect();
        let most =
            known.iter().max_by_key(|one| known.iter().filter(|other| other == one).count())?;
        let alike = known.iter().zip(&behind).filter(|(one, _)| *one == most);
        let texts: Vec<&[u8]> = alike.map(|(_, (_, text))| *text).collect();
        let enough = texts.len() > 1 && texts.len() * 10 >= behind.len() * 9;
        (enough && texts.iter().any(|text| builder_line::is_plain(text)))
            .then(|| Self { parts: most.clone(), tail: tail(most, &texts) })
    }

    /// What follows the prefix; of an empty line its last blanks may be gone.
    fn split<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = line;
        for part in &self.parts {
            rest = match part {
                PrefixPart::Text(text) if rest.len() < text.len() && text.starts_with(rest) => {
                    let missing = text.get(rest.len()..)?;
                    return missing.iter().all(u8::is_ascii_whitespace).then_some(&[]);
                }
                PrefixPart::Text(text) => rest.strip_prefix(text.as_slice())?,
                PrefixPart::Digits => behind(rest, number(rest))?,
                PrefixPart::Hex => {
                    behind(rest, rest.iter().take_while(|b| b.is_ascii_hexdigit()).count())?
                }
            };
        }
        Some(rest)
    }
}

impl Envelope for Prefix {
    fn name(&self) -> &'static str {
        "unknown"
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| self.split(line).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let Some(text) = self.split(line) else {
            return Peeled { text: line, ..Peeled::default() };
        };
        Peeled { text: self.tail.cut(text), ..Peeled::default() }
    }
}

/// Where the object of an Engine's stream begins that holds the builder's text:
/// `INFO:build:{'stream': 'Step 1/4 : …`. It is read as a stream, so that the prefix ends before
/// it.
fn object(line: &[u8], text: usize) -> Option<usize> {
    let before = line.get(..text)?;
    let start = memchr::memrchr(b'{', before)?;
    let key = before.get(start + 1..)?.trim_ascii_start();
    let key = key.strip_prefix(b"'").or_else(|| key.strip_prefix(b"\"")).unwrap_or(key);
    key.starts_with(b"stream").then_some(start)
}

fn behind(text: &[u8], length: usize) -> Option<&[u8]> {
    if length == 0 {
        return None;
    }
    text.get(length..)
}

/// Length of a number at the start: `3`, `12.1`.
fn number(text: &[u8]) -> usize {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(text);
    match text.get(whole..) {
        Some([b'.', rest @ ..]) if whole > 0 && digits(rest) > 0 => whole + 1 + number(rest),
        _ => whole,
    }
}

/// A word that is a hexadecimal number as a whole is one; of other words each run of digits.
fn parts(prefix: &[u8]) -> Vec<PrefixPart> {
    let mut parts = Vec::new();
    let mut rest = prefix;
    while !rest.is_empty() {
        let digits = number(rest);
        if rest.get(..digits).is_some_and(|number| number.contains(&b'.')) {
            push(&mut parts, PrefixPart::Digits);
            rest = rest.get(digits..).unwrap_or_default();
            continue;
        }
        let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let (taken, after) = rest.split_at_checked(word.max(1)).unwrap_or((rest, &[]));
        if is_hex(taken) {
            push(&mut parts, PrefixPart::Hex);
        } else {
            digits_apart(&mut parts, taken);
        }
        rest = after;
    }
    parts
}

/// `4f2a91c0`, and no word of the language: `add`, `feed`.
fn is_hex(word: &[u8]) -> bool {
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let hex = word.len() > 3 && word.iter().all(u8::is_ascii_hexdigit);
    hex && digits > 0 && (digits < word.len() || word.len() > 5)
}

fn digits_apart(parts: &mut Vec<PrefixPart>, word: &[u8]) {
    for byte in word {
        let part =
            if byte.is_ascii_digit() { PrefixPart::Digits } else { PrefixPart::Text(vec![*byte]) };
        push(parts, part);
    }
}

/// Text goes on where text is before it; of a run of digits one part is kept.
fn push(parts: &mut Vec<PrefixPart>, part: PrefixPart) {
    match (parts.last_mut(), part) {
        (Some(PrefixPart::Text(before)), PrefixPart::Text(more)) => before.extend(more),
        (Some(PrefixPart::Digits), PrefixPart::Digits) => {}
        (_, part) => parts.push(part),
    }
}

/// What closes the quote that the prefix opens: `"}`, `",`.
fn tail(parts: &[PrefixPart], texts: &[&[u8]]) -> Tail {
    let none = Tail::Same(Vec::new());
    let Some(PrefixPart::Text(last)) = parts.last() else { return none };
    let Some(quote) = last.last().copied().filter(|b| matches!(b, b'"' | b'\'' | b'`')) else {
        return none;
    };
    let ends: Vec<&[u8]> = texts.iter().map(|text| behind_quote(text, quote)).collect();
    if ends.iter().all(closes) && ends.windows(2).any(differ) {
        return Tail::Quote(quote);
    }
    let mut trimmed = texts.iter().map(|text| ansi::trim_end(text));
    let Some(first) = trimmed.next() else { return none };
    let common = trimmed.fold(first, |common, text| {
        let same = common.iter().rev().zip(text.iter().rev()).take_while(|(a, b)| a == b).count();
        common.get(common.len() - same..).unwrap_or_default()
    });
    let start = memchr::memchr(quote, common);
    Tail::Same(start.and_then(|at| common.get(at..)).unwrap_or_default().to_vec())
}

/// From the closing quote on; nothing where none closes.
fn behind_quote(text: &[u8], quote: u8) -> &[u8] {
    closing(text, quote).and_then(|at| text.get(at..)).unwrap_or_default()
}

/// The value ends there, and another one or the end of all follows.
fn closes(end: &&[u8]) -> bool {
    matches!(end.get(1), Some(b',' | b'}' | b']'))
}

fn differ(pair: &[&[u8]]) -> bool {
    pair.first() != pair.last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Stack;

    fn names(log: &str) -> Vec<&'static str> {
        Stack::recognise(log.as_bytes()).names().collect()
    }

    fn learned(lines: &[&str]) -> Option<Prefix> {
        Prefix::learn(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn one_prefix_but_for_numbers_is_learned() {
        for (one, two) in [
            ("acme> ", "acme> "),
            ("runner-7 12.1s ~ ", "runner-12 3s ~ "),
            ("<job 4f2a91c0> ", "<job 91c04f2a> "),
            ("2026-05-04 09:00:00.123Z: ", "2026-05-04 09:00:01.9Z: "),
        ] {
            let lines = [format!("{one}#5 [2/3] RUN make"), format!("{two}#5 CACHED")];
            let log = lines.join("\n");
            let stack = Stack::recognise(log.as_bytes());
            assert_eq!(names(&log), ["unknown"], "{one}");
            assert_eq!(stack.peel(lines[1].as_bytes()).text, b"#5 CACHED", "{one}");
            assert_eq!(stack.peel(one.trim_end().as_bytes()).text, b"", "{one}");
            assert_eq!(stack.peel(b"npm warn").text, b"npm warn");
        }
    }

    #[test]
    fn what_closes_the_quote_is_learned_too() {
        let lines =
            [r##"{"level":1,"m":"#5 [2/3] RUN make"}"##, r##"{"level":1,"m":"#5 CACHED"}"##];
        let prefix = learned(&lines).unwrap();
        assert_eq!(prefix.decode(lines[1].as_bytes()).text, b"#5 CACHED");
    }

    #[test]
    fn a_quote_ends_where_it_is_closed() {
        let lines = [
            r##"{"n":1,"said":"#5 [2/3] RUN echo \"a\"\n","at":"09:00"}"##,
            r##"{"n":2,"said":"#5 CACHED\n","at":"09:01"}"##,
        ];
        let prefix = learned(&lines).unwrap();
        let text = |line: &'static str| prefix.decode(line.as_bytes()).text;
        assert_eq!(text(lines[0]), br#"#5 [2/3] RUN echo \"a\""#);
        assert_eq!(text(lines[1]), b"#5 CACHED");
    }

    #[test]
    fn a_stream_behind_a_prefix_is_a_stream() {
        let log = "INFO:build:{'stream': 'Step 1/2 : FROM a'}\nINFO:build:{'stream': 'Step 2/2 : \
            RUN make'}\n";
        assert_eq!(names(log), ["unknown", "engine-stream"]);
    }

    #[test]
    fn several_prefixes_and_issues_are_not() {
        assert_eq!(learned(&["red: #5 [2/3] RUN make", "blue: #5 CACHED"]), None);
        assert_eq!(learned(&["* merge #12 [bug] mend it", "* merge #13 [bug] mend that"]), None);
        assert_eq!(learned(&["acme> #5 CACHED"]), None, "once is no habit");
        assert!(names("#1 [internal] load a\nacme> #5 [2/3] RUN make\nacme> #5 CACHED").is_empty());
    }
}

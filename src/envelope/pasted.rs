//! What copying does to a log: escapes shown as carets (`^[[0K`) or lost before their colours
//! (`[36mINFO[0m[0000] RUN npm ci`), and in issues `BuildKit`'s
//! numbers made into links (`#[12](https://github.com/…#step:5:12) CACHED`) or, where the issue
//! moved to another repository, into those of the old one (`acme/infra#12 CACHED`). Knows no CI.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{Envelope, Head, Words};
use crate::source::find;

/// Carets for escapes, links and references for numbers.
pub(super) struct Pasted;

impl Envelope for Pasted {
    fn name(&self) -> &'static str {
        "pasted"
    }

    fn words(&self) -> Words {
        &[LINK, b"^[[", FIRST, b"[0m", b"[0;m"]
    }

    /// A real escape shows that carets are meant.
    fn recognise(&self, head: &Head) -> bool {
        let caret = |l: &[u8]| {
            memchr(b'^', l).and_then(|at| l.get(at..)).is_some_and(|l| l.starts_with(b"^[["))
        };
        let escape = |l: &[u8]| memchr(0x1b, l).is_some();
        let links = head.holds(LINK) && head.any(self, |l| link(l).is_some());
        let began = |l: &[u8]| !l.starts_with(b"#") && find(l, FIRST).is_some() && is_moved(l);
        let moved = head.any(self, began);
        let carets = head.holds(b"^[[") && head.any(self, caret) && !head.any(self, escape);
        let ends = head.holds(b"[0m") || head.holds(b"[0;m");
        let lost = ends && head.any(self, is_coloured) && !head.any(self, escape);
        links || moved || carets || lost
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let numbered = link(line).or_else(|| moved(line));
        let plain = numbered.map_or(Cow::Borrowed(line), |(number, rest)| {
            Cow::Owned([b"#", number, rest].concat())
        });
        let carets = memmem::find(&plain, b"^[").is_some() || memmem::find(&plain, b"^M").is_some();
        match (carets, lost(&plain, 0)) {
            (true, _) => Cow::Owned(without_carets(&plain)),
            (false, Some(at)) if memchr(0x1b, &plain).is_none() => {
                Cow::Owned(with_escapes(&plain, at))
            }
            _ => plain,
        }
    }
}

/// A text is coloured, and the colour ended: `[36mINFO[0m`, `[32;1m$ docker build .[0;m`.
fn is_coloured(line: &[u8]) -> bool {
    let Some(at) = lost(line, 0) else { return false };
    let alone = at.checked_sub(1).and_then(|before| line.get(before));
    let begins = matches!(line.get(at + 1), Some(b'1' | b'3' | b'9'))
        && matches!(alone, None | Some(b' ' | b'\t' | b'\r' | b'K'));
    let ends = || memmem::find(line, b"[0m").or_else(|| memmem::find(line, b"[0;m"));
    begins && ends().is_some_and(|end| at < end)
}

/// Where from here on a colour (`[36m`, `[32;1m`) or an erasure (`[0K`) stands without its escape.
fn lost(line: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b'[', line.get(at..)?)?;
        let inside = line.get(at + 1..)?;
        let parameters = inside.iter().take_while(|b| b.is_ascii_digit() || **b == b';').count();
        let is_one = parameters > 0 && matches!(inside.get(parameters), Some(b'm' | b'K'));
        if is_one && !is_escaped(line.get(..at)?) {
            return Some(at);
        }
        at += 1;
    }
}

/// An escape stands before the colour, or what scripts write for one: `printf "\\033[31mred"`.
fn is_escaped(before: &[u8]) -> bool {
    const FORMS: [&[u8]; 9] =
        [b"\x1b", b"^", b"[", b"\\033", b"\\e", b"\\E", b"\\x1b", b"\\x1B", b"\\u001b"];
    FORMS.iter().any(|form| before.ends_with(form))
}

/// The line with the escapes back in their places, the first of which is known.
fn with_escapes(line: &[u8], first: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() + 8);
    let (mut done, mut next) = (0, Some(first));
    while let Some(at) = next {
        out.extend_from_slice(line.get(done..at).unwrap_or_default());
        out.push(0x1b);
        (done, next) = (at, lost(line, at + 1));
    }
    out.extend_from_slice(line.get(done..).unwrap_or_default());
    out
}

/// `^[` is ESC, `^M` a carriage return, `^G` BEL.
fn without_carets(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = memchr(b'^', rest).and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(before);
        let (byte, used) = match after {
            [_, b'[', ..] => (0x1b, 2),
            [_, b'M', ..] => (b'\r', 2),
            [_, b'G', ..] => (7, 2),
            _ => (b'^', 1),
        };
        out.push(byte);
        rest = after.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// What most builds begin with.
const FIRST: &[u8] = b"#1 [internal] ";

const LINK: &[u8] = b"](https://github.com/";

/// The number and what follows the link around it.
fn link(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"#[")?;
    let (number, rest) = rest.split_at_checked(memchr(b']', rest)?)?;
    if !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = rest.strip_prefix(LINK)?;
    let (target, rest) = rest.split_at_checked(memchr(b')', rest)?)?;
    memmem::find(target, b"#step:").map(|_| (number, rest.get(1..).unwrap_or_default()))
}

fn is_moved(line: &[u8]) -> bool {
    moved(line).is_some_and(|(_, rest)| rest.starts_with(b" [internal] "))
}

/// The same of a reference to another repository: GitHub writes one for each number when it moves
/// an issue.
fn moved(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (repository, rest) = line.split_at_checked(memchr(b'#', line)?)?;
    let (owner, name) = repository.split_at_checked(memchr(b'/', repository)?)?;
    let word = |part: &[u8]| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !part.is_empty() && part.iter().all(plain)
    };
    let rest = rest.get(1..)?;
    let (number, rest) = rest.split_at_checked(memchr(b' ', rest)?)?;
    let whole = word(owner) && word(name.get(1..)?) && !number.is_empty();
    (whole && number.iter().all(u8::is_ascii_digit)).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn undoes_carets_and_links() {
        let link = b"#[12](https://github.com/o/r/actions/runs/1/job/2#step:5:12) CACHED";
        assert_eq!(&*Pasted.unpack(link), b"#12 CACHED");
        assert_eq!(
            &*Pasted.unpack(b"^[[0K^[[36;1m#5 CACHED^[[0m^M"),
            b"\x1b[0K\x1b[36;1m#5 CACHED\x1b[0m\r"
        );
        assert_eq!(&*Pasted.unpack(b"2^10"), b"2^10");
        assert_eq!(&*Pasted.unpack(b"acme/infra#12 CACHED"), b"#12 CACHED");
        assert!(recognises(&Pasted, &[b"acme/infra#1 [internal] load .dockerignore"]));
        assert!(!recognises(&Pasted, &[b"see acme/infra#1 [internal] notes", b"a/b#1 is it"]));
        assert!(recognises(&Pasted, &[link]) && recognises(&Pasted, &[b"^[[0K"]));
        assert!(!recognises(&Pasted, &[b"a regex: ^[[:alpha:]]", b"\x1b[0K"]));
        assert!(!recognises(&Pasted, &[b"#12 CACHED"]));
    }

    #[test]
    fn puts_lost_escapes_back() {
        assert_eq!(
            &*Pasted.unpack(b"[36mINFO[0m[0000] RUN npm ci"),
            b"\x1b[36mINFO\x1b[0m[0000] RUN npm ci"
        );
        assert_eq!(&*Pasted.unpack(b"travis_fold:x\r[0K$ make"), b"travis_fold:x\r\x1b[0K$ make");
        let script = b"#5 [2/2] RUN printf \"\\033[31mred\\033[0m\"";
        assert!(!recognises(&Pasted, &[script]));
        for plain in [&b"[builder 2/3] RUN a[0]"[..], b"\x1b[36mINFO\x1b[0m", b"a [m b [K", script]
        {
            assert_eq!(&*Pasted.unpack(plain), plain);
        }
        assert!(recognises(&Pasted, &[b"[36mINFO[0m[0000] RUN npm ci"]));
        assert!(recognises(&Pasted, &[b"Step #0: [36mINFO[0m[0000] RUN npm ci"]));
        assert!(!recognises(&Pasted, &[b"\x1b[36mINFO\x1b[0m[0000] RUN npm ci"]));
        assert!(!recognises(&Pasted, &[b"a[0m] = 1"]));
    }
}

//! `BuildKit`'s plain progress, all client versions: every line carries its `#N`.
//!
//! Source: `moby/buildkit` `util/progress/progressui/printer.go`, v0.8 to v0.32.

use super::{Body, Dialect, Event};

/// Plain progress.
pub(super) struct Buildkit;

impl Dialect for Buildkit {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        let (number, rest) = vertex(text)?;
        let builder = if number == 0 { builder(rest) } else { None };
        builder.or_else(|| Some(Event::Vertex(number, body(rest))))
    }
}

/// The number of the vertex whose output the line is: what nearly all lines are, so it is decided
/// without reading anything else.
#[inline]
pub(super) fn output(text: &[u8]) -> Option<u32> {
    vertex(text).filter(|(_, rest)| is_log(rest)).map(|(number, _)| number)
}

/// `#12 rest`: whatever it says, it is of a vertex.
pub(super) fn is_vertex(text: &[u8]) -> bool {
    vertex(text).is_some()
}

/// Splits `#12 rest`. Few builds have a hundred vertices.
#[inline]
fn vertex(text: &[u8]) -> Option<(u32, &[u8])> {
    match text {
        [b'#', a @ b'0'..=b'9', b' ', rest @ ..] => Some((digit(*a), rest)),
        [b'#', a @ b'0'..=b'9', b @ b'0'..=b'9', b' ', rest @ ..] => {
            Some((digit(*a) * 10 + digit(*b), rest))
        }
        [b'#', digits @ ..] => long_number(digits),
        _ => None,
    }
}

fn digit(byte: u8) -> u32 {
    u32::from(byte - b'0')
}

fn long_number(digits: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0u32;
    let mut rest = digits;
    while let [next @ b'0'..=b'9', after @ ..] = rest {
        number = number.checked_mul(10)?.checked_add(digit(*next))?;
        rest = after;
    }
    match rest {
        [b' ', after @ ..] if rest.len() < digits.len() => Some((number, after)),
        _ => None,
    }
}

fn body(rest: &[u8]) -> Body<'_> {
    match rest.first() {
        Some(b'0'..=b'9') if is_log(rest) => Body::Log,
        Some(b'D') if rest == b"DONE" => Body::Done(None),
        Some(b'D') => done(rest).unwrap_or(Body::Text(rest)),
        Some(b'C') if rest == b"CACHED" => Body::Cached,
        Some(b'C') if rest == b"CANCELED" => Body::Canceled,
        Some(b'E') => rest.strip_prefix(b"ERROR: ").map_or(Body::Text(rest), Body::Error),
        Some(b'.') if rest == b"..." => Body::Away,
        Some(b' ') => detail(rest),
        _ => Body::Text(rest),
    }
}

/// `0.133 npm warn…`: seconds with one to three decimals, then a blank or the end of an empty line.
#[inline]
fn is_log(rest: &[u8]) -> bool {
    // Three decimals are what all but the oldest clients print, and few commands take a thousand
    // seconds.
    match rest {
        [b'0'..=b'9', b'.', end @ ..]
        | [b'0'..=b'9', b'0'..=b'9', b'.', end @ ..]
        | [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'.', end @ ..] => are_decimals(end),
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', digits @ ..] => is_long_log(digits),
        _ => false,
    }
}

#[inline(never)]
fn is_long_log(digits: &[u8]) -> bool {
    let end = digits.iter().position(|b| !b.is_ascii_digit()).and_then(|at| digits.get(at..));
    end.and_then(|end| end.strip_prefix(b".")).is_some_and(are_decimals)
}

#[inline]
fn are_decimals(decimals: &[u8]) -> bool {
    match decimals {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', end @ ..]
        | [b'0'..=b'9', b'0'..=b'9', end @ ..]
        | [b'0'..=b'9', end @ ..] => matches!(end, [] | [b' ', ..]),
        _ => false,
    }
}

/// `DONE 1.2s`
fn done(rest: &[u8]) -> Option<Body<'_>> {
    let seconds = rest.strip_prefix(b"DONE ")?.strip_suffix(b"s")?;
    std::str::from_utf8(seconds).ok()?.parse().ok().map(|s| Body::Done(Some(s)))
}

/// `      digest: sha256:…`, `    duration: 1.2s`, `      cached: true`, `       error: "…"`:
/// before v0.5 a vertex ended with a list of what is known of it, each key right-aligned to 13
/// columns.
fn detail(rest: &[u8]) -> Body<'_> {
    let Some((key, value)) =
        memchr::memmem::find(rest, b": ").and_then(|at| rest.split_at_checked(at))
    else {
        return Body::Text(rest);
    };
    let value = value.get(2..).unwrap_or_default();
    match key.trim_ascii_start() {
        b"cached" if value == b"true" => Body::Cached,
        b"duration" => Body::Took(duration(value)),
        b"error" => Body::Error(
            value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value),
        ),
        b"digest" | b"name" | b"started" | b"completed" | b"cached" => Body::Detail,
        _ => Body::Text(rest),
    }
}

/// `1.234567s`, `12.3ms`; longer ones have minutes and are not needed to the second.
fn duration(value: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(value).ok()?;
    match text.strip_suffix("ms") {
        Some(millis) => millis.parse::<f64>().ok().map(|ms| ms / 1000.0),
        None => text.strip_suffix('s')?.parse().ok(),
    }
}

/// `building with "ci" instance using docker-container driver`
fn builder(rest: &[u8]) -> Option<Event<'_>> {
    let rest = rest.strip_prefix(b"building with \"")?;
    let (name, rest) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
    let driver = rest.strip_prefix(b"\" instance using ")?.strip_suffix(b" driver")?;
    Some(Event::Builder { name, driver })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Event<'_>> {
        Buildkit.read(text.as_bytes())
    }

    #[test]
    fn reads_every_form_of_line() {
        for (line, event) in [
            ("#7 DONE 0.0s", Event::Vertex(7, Body::Done(Some(0.0)))),
            ("#7 DONE", Event::Vertex(7, Body::Done(None))),
            ("#12 CACHED", Event::Vertex(12, Body::Cached)),
            ("#12 CANCELED", Event::Vertex(12, Body::Canceled)),
            ("#4 ERROR: x: not found", Event::Vertex(4, Body::Error(b"x: not found"))),
            ("#5 ...", Event::Vertex(5, Body::Away)),
            ("#9 0.133 npm warn", Event::Vertex(9, Body::Log)),
            ("#9 12.1 ", Event::Vertex(9, Body::Log)),
            ("#9 1.142", Event::Vertex(9, Body::Log)),
            ("#9 3.2", Event::Vertex(9, Body::Log)),
            ("#9 [2/6] WORKDIR /app", Event::Vertex(9, Body::Text(b"[2/6] WORKDIR /app"))),
            ("#5       cached: true", Event::Vertex(5, Body::Cached)),
            ("#5     duration: 12.5ms", Event::Vertex(5, Body::Took(Some(0.0125)))),
            ("#5       digest: sha256:0a", Event::Vertex(5, Body::Detail)),
            (
                "#0 building with \"ci\" instance using remote driver",
                Event::Builder { name: b"ci", driver: b"remote" },
            ),
        ] {
            assert_eq!(read(line), Some(event), "{line}");
        }
    }

    #[test]
    fn output_is_what_reads_as_output() {
        for line in ["#9 0.133 npm", "#12 1.142", "#9 12.1 ", "#0 1.2 x"] {
            assert!(
                matches!(read(line), Some(Event::Vertex(n, Body::Log)) if output(line.as_bytes()) == Some(n)),
                "{line}"
            );
        }
        for line in
            ["#9 1.2345 x", "#9 .1 x", "#9 1. x", "#9 DONE 0.1s", "#9 1.23x", "9 1.2 x", "#9", ""]
        {
            assert!(
                output(line.as_bytes()).is_none()
                    && !matches!(read(line), Some(Event::Vertex(_, Body::Log))),
                "{line}"
            );
        }
    }

    #[test]
    fn leaves_other_lines() {
        for line in
            ["# a comment", "#no", "#12", "12 CACHED", "##[group]Run x", "#99999999999 CACHED", ""]
        {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(read("#7 DONE soon"), Some(Event::Vertex(7, Body::Text(b"DONE soon"))));
        assert_eq!(read("#7 1.2345 x"), Some(Event::Vertex(7, Body::Text(b"1.2345 x"))));
    }
}

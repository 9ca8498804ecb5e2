//! Lines shipped through syslog or journald: `May  4 09:00:00 host dockerd[12]: text`,
//! `<34>1 2026-05-04T09:00:00Z host app 12 - - text` (RFC 5424), and `ts` of moreutils, which has
//! the date alone. Knows no CI.

use super::{Envelope, Head, Peeled, Stamp, builder_line, stamp};

/// Date, host, program.
pub(super) struct Syslog;

impl Envelope for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'<' || first.is_ascii_uppercase()
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| peel(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        peel(line).unwrap_or(Peeled { text: line, ..Peeled::default() })
    }
}

fn peel(line: &[u8]) -> Option<Peeled<'_>> {
    match line.first()? {
        b'<' => {
            let rest = priority(line)?;
            rfc5424(rest).or_else(|| dated(rest))
        }
        b'A'..=b'Z' => dated(line),
        _ => None,
    }
}

/// `<34>`
fn priority(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"<")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=3).contains(&digits) {
        return None;
    }
    rest.get(digits..)?.strip_prefix(b">")
}

/// `1 STAMP HOST APP PROCID MSGID - TEXT`; structured data ends with `] `.
fn rfc5424(line: &[u8]) -> Option<Peeled<'_>> {
    let (stamp, rest) = stamp::date_time(line.strip_prefix(b"1 ")?)?;
    let rest = rest.strip_prefix(b" ")?;
    let text = rest.splitn(5, |b| *b == b' ').nth(4)?;
    let text = match text {
        [b'-', b' ', text @ ..] => text,
        [b'-'] => &[],
        [b'[', data @ ..] => data.get(memchr::memmem::find(data, b"] ")? + 2..)?,
        _ => return None,
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Some(Peeled { text, stamp: Some(Stamp::Rfc3339(stamp)), ..Peeled::default() })
}

/// `May  4 09:00:00 host program[12]: text`, or only the date and the text.
fn dated(line: &[u8]) -> Option<Peeled<'_>> {
    let [
        b'A'..=b'Z',
        b'a'..=b'z',
        b'a'..=b'z',
        b' ',
        b' ' | b'0'..=b'3',
        b'0'..=b'9',
        b' ',
        clock @ ..,
    ] = line
    else {
        return None;
    };
    let (_, rest) = stamp::clock(clock)?;
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    // Behind a date alone `STEP 2/7: WORKDIR /app` looks like a host and its program.
    let text = if builder_line::begins(rest) { rest } else { program(rest).unwrap_or(rest) };
    Some(Peeled { text, ..Peeled::default() })
}

/// What follows `host program[12]: `.
fn program(rest: &[u8]) -> Option<&[u8]> {
    let (_, rest) = rest.split_at_checked(memchr::memchr(b' ', rest)? + 1)?;
    let named =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'.' | b'[' | b']');
    let end = rest.iter().position(|b| !named(b)).filter(|end| *end > 0)?;
    match rest.get(end..)? {
        [b':', b' ', text @ ..] => Some(text),
        [b':'] => Some(&[]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_all_forms_off() {
        for line in [
            "May  4 09:00:00 ci-1 build[812]: #5 CACHED",
            "<30>May  4 09:00:00 ci-1 docker/build[812]: #5 CACHED",
            "<30>1 2026-05-04T09:00:00.123Z ci-1 build 812 - - #5 CACHED",
            "<30>1 2026-05-04T09:00:00Z ci-1 build 812 ID1 [a@1 b=\"c\"] #5 CACHED",
            "May 04 09:00:00 #5 CACHED",
        ] {
            assert_eq!(Syslog.decode(line.as_bytes()).text, b"#5 CACHED", "{line}");
        }
    }

    #[test]
    fn a_step_is_no_program() {
        let line = b"May 04 09:00:00 STEP 2/7: WORKDIR /app";
        assert_eq!(Syslog.decode(line).text, b"STEP 2/7: WORKDIR /app");
    }

    #[test]
    fn leaves_other_dates() {
        for line in ["May the 4th", "<p>May", "Maybe 4 09:00:00"] {
            assert!(peel(line.as_bytes()).is_none(), "{line}");
        }
        assert!(!recognises(&Syslog, &[b"#1 DONE 0.0s", b"May  4 09:00:00 ci-1 build[8]: x"]));
    }
}

//! A mail that holds a log, saved as it was sent: its text is `quoted-printable` or base64 (RFC
//! 2045), as CI systems send the log of a build that failed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::source::find;

/// Fields that a saved mail begins with.
const FIRST: [&[u8]; 9] = [
    b"From",
    b"Return-Path:",
    b"Delivered-To:",
    b"Received:",
    b"Subject:",
    b"Date:",
    b"To:",
    b"MIME-Version:",
    b"Message-I",
];

/// How the text is written.
enum Encoding {
    Quoted,
    Base64,
}

/// Whether a file that begins so is a mail: a field of its header, and another one below.
pub(super) fn is_one(start: &[u8]) -> bool {
    let fields = [&b"\nFrom: "[..], b"\nTo: ", b"\nSubject: ", b"\nMIME-Version: ", b"\nDate: "];
    FIRST.iter().any(|field| start.starts_with(field))
        && fields.iter().any(|field| find(start, field).is_some())
}

/// The text of the first part that is encoded; `None` where none is.
pub(super) fn log(bytes: &[u8]) -> Option<Vec<u8>> {
    if !is_one(bytes) {
        return None;
    }
    let mut lines =
        bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let encoding = lines.by_ref().find_map(encoding)?;
    // The rest of the header.
    lines.by_ref().find(|line| line.is_empty())?;
    let body = lines.take_while(|line| !is_boundary(line));
    match encoding {
        Encoding::Quoted => Some(unquoted(body)),
        Encoding::Base64 => BASE64_STANDARD.decode(body.collect::<Vec<_>>().concat()).ok(),
    }
}

/// `Content-Transfer-Encoding: quoted-printable`
fn encoding(line: &[u8]) -> Option<Encoding> {
    let line = line.to_ascii_lowercase();
    match line.strip_prefix(b"content-transfer-encoding:")?.trim_ascii() {
        b"quoted-printable" => Some(Encoding::Quoted),
        b"base64" => Some(Encoding::Base64),
        _ => None,
    }
}

/// `------=_Part_12_345.678`, `--_000_AB12_`: no line of a builder's, which are of dashes alone.
fn is_boundary(line: &[u8]) -> bool {
    line.starts_with(b"--") && line.iter().any(u8::is_ascii_digit) && !line.contains(&b' ')
}

/// `=3D` is `=`; a line that ends with `=` goes on in the next.
fn unquoted<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        let (line, open) = line.strip_suffix(b"=").map_or((line, false), |line| (line, true));
        let mut rest = line;
        while let Some(at) = memchr::memchr(b'=', rest) {
            let (before, code) = rest.split_at(at);
            text.extend_from_slice(before);
            let byte = code.get(1..3).and_then(|hex| std::str::from_utf8(hex).ok());
            match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(byte) => text.push(byte),
                None => text.extend_from_slice(code.get(..3).unwrap_or(code)),
            }
            rest = code.get(3..).unwrap_or_default();
        }
        text.extend_from_slice(rest);
        if !open {
            text.push(b'\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Received: from ci.example.com\r\nSubject: failed\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"=_7\"\r\n\r\n--=_7\r\n";

    fn text(mail: &str) -> Option<String> {
        log(mail.as_bytes()).map(|log| String::from_utf8(log).unwrap())
    }

    #[test]
    fn quoted_text_is_undone() {
        let body = "+ docker build --build-arg A=3D1 =\r\n.\r\n#5 CACHED\r\n------\r\nmade=20\r\n--=_7--\r\nx";
        let mail = format!("{HEAD}Content-Transfer-Encoding: quoted-printable\r\n\r\n{body}");
        let lines = "+ docker build --build-arg A=1 .\n#5 CACHED\n------\nmade \n";
        assert_eq!(text(&mail).unwrap(), lines);
    }

    #[test]
    fn base64_is_undone() {
        let mail =
            format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\nIzUgQ0FD\r\nSEVECg==\r\n");
        assert_eq!(text(&mail).unwrap(), "#5 CACHED\n");
    }

    #[test]
    fn other_texts_are_none() {
        assert_eq!(text(&format!("{HEAD}\r\n#5 CACHED\r\n")), None);
        assert_eq!(text("From the cache\n#5 CACHED\n"), None);
        assert!(!is_one(b"#5 CACHED\nSubject: a\n") && !is_one(b"From golang:1\n#5 CACHED\n"));
    }
}

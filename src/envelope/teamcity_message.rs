//! `TeamCity`'s service messages as a build runner prints them:
//! `##teamcity[message text='#5 CACHED' flowId='web' status='NORMAL']`.
//!
//! Source: `JetBrains`' documentation of service messages. `|` escapes, and `flowId` tells what
//! runs side by side. Unpacked, a message is its flow, a unit separator and its text.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{Envelope, Head, Mark, Peeled, Words, teamcity};

/// Messages between lines that have no form.
pub(super) struct TeamcityMessage;

/// Between flow and text; no program prints it.
const SEPARATOR: u8 = 0x1f;

impl Envelope for TeamcityMessage {
    fn name(&self) -> &'static str {
        "teamcity-message"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("teamcity")
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'#'
    }

    fn words(&self) -> Words {
        &[b" text='"]
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |l| message(l).and_then(|m| attribute(m, b" text='")).is_some())
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some((message, text)) =
            message(line).and_then(|m| Some((m, attribute(m, b" text='")?)))
        else {
            return Cow::Borrowed(line);
        };
        let mut unpacked = attribute(message, b" flowId='").unwrap_or_default();
        unpacked.push(SEPARATOR);
        unpacked.extend(text.split(|b| *b == b'\n').next().unwrap_or_default());
        Cow::Owned(unpacked)
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let split = memchr(SEPARATOR, line).and_then(|at| line.split_at_checked(at));
        match split {
            Some((flow, text)) => {
                let job = (!flow.is_empty()).then_some(flow);
                Peeled { text: text.get(1..).unwrap_or_default(), job, ..Peeled::default() }
            }
            None => Peeled { text: line, ..Peeled::default() },
        }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        teamcity::mark(text)
    }
}

/// The attributes, with the blank before the first.
fn message(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"##teamcity[message")
        .filter(|rest| rest.starts_with(b" "))?
        .strip_suffix(b"]")
}

/// The value of ` name='`, unescaped, up to a quote that is not.
fn attribute(message: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = message.get(memmem::find(message, name)? + name.len()..)?;
    let mut value = Vec::new();
    loop {
        match rest {
            [b'\'', ..] => return Some(value),
            [b'|', b'0', b'x', a, b, c, d, after @ ..] => {
                let digits = [*a, *b, *c, *d];
                let code = std::str::from_utf8(&digits)
                    .ok()
                    .and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let shown = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                value.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            [b'|', escaped, after @ ..] => {
                value.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    other => *other,
                });
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn undoes_escapes_and_names_the_flow() {
        let line = b"##teamcity[message text='#5 |[2/3|] RUN echo |'a|' || b |0x00e9|r' \
            flowId='web' status='NORMAL']";
        let unpacked = TeamcityMessage.unpack(line).into_owned();
        let peeled = TeamcityMessage.decode(&unpacked);
        assert_eq!(
            (peeled.text, peeled.job),
            ("#5 [2/3] RUN echo 'a' | b \u{e9}\r".as_bytes(), Some(&b"web"[..]))
        );
        assert!(recognises(&TeamcityMessage, &[line]));
    }

    #[test]
    fn leaves_other_lines() {
        for line in [
            "##teamcity[blockOpened name='a']",
            "##teamcity[message text='cut",
            "##teamcity[messages text='a']",
        ] {
            assert!(!recognises(&TeamcityMessage, &[line.as_bytes()]), "{line}");
            assert_eq!(&*TeamcityMessage.unpack(line.as_bytes()), line.as_bytes());
        }
        assert_eq!(TeamcityMessage.decode(b"#5 CACHED").job, None);
    }
}

//! Entries of Google Cloud Logging, one JSON object a line, as its sinks export them:
//! `{"insertId":"…","textPayload":"Step #1: #5 CACHED","timestamp":"2026-…Z"}`.
//!
//! Source: `googleapis/googleapis` `google/logging/v2/log_entry.proto`. Unpacked, an entry is a
//! line with a stamp in front, which is left to that form. Knows no CI.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Envelope, Head};

/// One entry a line.
pub(super) struct CloudLogging;

#[derive(Deserialize)]
struct LogEntry<'a> {
    #[serde(borrow, rename = "textPayload")]
    text: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
}

impl Envelope for CloudLogging {
    fn name(&self) -> &'static str {
        "cloud-logging"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'{'
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| l.starts_with(b"{\"") && record(l).is_some())
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        match record(line) {
            Some(record) => {
                Cow::Owned(format!("{} {}", record.timestamp, record.text.trim_end()).into_bytes())
            }
            None => Cow::Borrowed(line),
        }
    }
}

fn record(line: &[u8]) -> Option<LogEntry<'_>> {
    serde_json::from_slice(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn unpacks_to_a_stamp_and_the_text() {
        let line = br#"{"insertId":"a","labels":{},"textPayload":"Step #1: #5 CACHED\n","timestamp":"2026-05-04T09:00:00.1Z"}"#;
        assert_eq!(&*CloudLogging.unpack(line), b"2026-05-04T09:00:00.1Z Step #1: #5 CACHED");
        assert!(recognises(&CloudLogging, &[line]));
        assert!(!recognises(&CloudLogging, &[br#"{"log":"a","time":"b"}"#, br#"{"vertexes":[]}"#]));
    }
}

//! Log files of Docker's `json-file` driver: `{"log":"text\n","stream":"stderr","time":"2026-…Z"}`.
//!
//! Source: `moby/moby` `daemon/logger/jsonfilelog/jsonlog`. A record without a line end was cut at
//! 16 KiB and goes on in the next. Unpacked, a record is what other runtimes write to theirs.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Envelope, Head, Peeled, cri};

/// One JSON object a line.
pub(super) struct JsonFile;

#[derive(Deserialize)]
struct JsonFileLine<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
}

impl Envelope for JsonFile {
    fn name(&self) -> &'static str {
        "json-file"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'{'
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| l.starts_with(b"{\"log\":\"") && record(l).is_some())
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(record) = record(line) else { return Cow::Borrowed(line) };
        let whole = record.log.strip_suffix('\n');
        let tag = if whole.is_some() { 'F' } else { 'P' };
        Cow::Owned(
            format!("{} stdout {tag} {}", record.time, whole.unwrap_or(&record.log)).into_bytes(),
        )
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        cri::decode(line)
    }
}

fn record(line: &[u8]) -> Option<JsonFileLine<'_>> {
    serde_json::from_slice(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn unpacks_to_the_lines_of_other_runtimes() {
        let line = br##"{"log":"#5 [2/2] RUN echo \"a\"\n","stream":"stderr","time":"2026-05-04T09:00:00.1Z"}"##;
        let unpacked = JsonFile.unpack(line);
        assert_eq!(&*unpacked, br#"2026-05-04T09:00:00.1Z stdout F #5 [2/2] RUN echo "a""#);
        assert_eq!(JsonFile.decode(&unpacked).text, br#"#5 [2/2] RUN echo "a""#);
        assert!(recognises(&JsonFile, &[line]));
        assert!(!recognises(&JsonFile, &[b"{\"vertexes\":[]}"]));
        let half = JsonFile
            .unpack(br#"{"log":"half","stream":"stderr","time":"2026-05-04T09:00:00.1Z"}"#)
            .into_owned();
        assert!(JsonFile.decode(&half).open);
    }
}

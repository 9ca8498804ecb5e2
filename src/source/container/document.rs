//! Logs inside one document: answers of the APIs of CI systems in JSON, entries of Cloud Logging in
//! YAML, and mails, read as a whole.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};

use super::{cloudwatch, mail, semaphore};

/// Answer of Buildkite's API (`buildkite/docs` `pages/apis/rest_api/jobs.md`).
#[derive(Deserialize)]
struct BuildkiteAnswer {
    content: String,
}

/// One element of an array.
#[derive(Deserialize)]
#[serde(untagged)]
enum ArrayElement {
    /// Google Cloud Logging, `gcloud logging read --format=json`.
    Cloud {
        #[serde(rename = "textPayload")]
        text: String,
        timestamp: String,
    },
    /// Drone's API (`drone/drone` `core/log.go`).
    Drone {
        #[serde(rename = "pos")]
        _pos: u64,
        out: String,
    },
    /// Woodpecker's API (`woodpecker-ci/woodpecker` `server/model/log.go`): the type is 0 or 1 for
    /// output; other entries tell the exit code and progress.
    Woodpecker {
        #[serde(rename = "step_id")]
        _step: u64,
        data: Option<String>,
        #[serde(rename = "type", default)]
        kind: u8,
    },
    /// `CircleCI`'s API v1.1: pieces of output, which need not end with a line.
    Circle {
        message: String,
        #[serde(rename = "type")]
        _kind: String,
    },
    /// Not output.
    Other(IgnoredAny),
}

/// The log in the document; `None` where it is not one of these.
pub(super) fn log(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return serde_json::from_slice::<BuildkiteAnswer>(bytes)
            .ok()
            .map(|answer| answer.content.into_bytes())
            .or_else(|| cloudwatch::log(bytes))
            .or_else(|| semaphore::log(bytes));
    }
    if bytes.starts_with(b"---") {
        return listed(bytes);
    }
    if mail::is_one(bytes) {
        return mail::log(bytes);
    }
    let mut pieces = Pieces::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    json.deserialize_seq(&mut pieces).and_then(|()| json.end()).ok()?;
    (!pieces.ends.is_empty()).then(|| pieces.in_order())
}

/// Entries as `gcloud logging read` lists them: a YAML document each.
fn listed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut pieces = Pieces::default();
    for entry in std::str::from_utf8(bytes).ok()?.split("---\n") {
        // What has no text, or no time, is nothing that a build printed.
        if let Ok(listed) = yaml_serde::from_str::<Listed>(entry) {
            pieces.add(ArrayElement::Cloud { text: listed.text, timestamp: listed.timestamp });
        }
    }
    (!pieces.ends.is_empty()).then(|| pieces.in_order())
}

/// An entry of Cloud Logging.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "textPayload")]
    text: String,
    timestamp: String,
}

/// The text of the entries, each of which is read and let go again.
#[derive(Default)]
struct Pieces {
    log: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Time of the first and of the last one.
    times: Option<(String, String)>,
}

impl Pieces {
    fn add(&mut self, entry: ArrayElement) {
        if !append(&mut self.log, &entry) {
            return;
        }
        self.ends.push(self.log.len());
        if let ArrayElement::Cloud { timestamp, .. } = entry {
            let first = self.times.take().map_or_else(|| timestamp.clone(), |(first, _)| first);
            self.times = Some((first, timestamp));
        }
    }

    /// Cloud Logging lists the newest entry first unless told otherwise.
    fn in_order(self) -> Vec<u8> {
        if self.times.is_none_or(|(first, last)| first <= last) {
            return self.log;
        }
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let pieces: Vec<&[u8]> =
            starts.zip(&self.ends).filter_map(|(start, end)| self.log.get(start..*end)).collect();
        pieces.into_iter().rev().flatten().copied().collect()
    }
}

impl<'de> Visitor<'de> for &mut Pieces {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<ArrayElement>()? {
            self.add(entry);
        }
        Ok(())
    }
}

/// Writes the text of an entry; whether it has one.
fn append(log: &mut Vec<u8>, entry: &ArrayElement) -> bool {
    match entry {
        ArrayElement::Cloud { text, timestamp } => {
            for line in text.trim_end_matches('\n').split('\n') {
                log.extend_from_slice(format!("{timestamp} {line}\n").as_bytes());
            }
        }
        ArrayElement::Drone { out, .. } => log.extend_from_slice(out.as_bytes()),
        ArrayElement::Circle { message, .. } => log.extend_from_slice(message.as_bytes()),
        ArrayElement::Woodpecker { data: Some(data), kind: 0 | 1, .. } => {
            let Ok(line) = BASE64_STANDARD.decode(data) else { return false };
            log.extend_from_slice(line.trim_ascii_end());
            log.push(b'\n');
        }
        ArrayElement::Woodpecker { .. } | ArrayElement::Other(_) => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: &str) -> Option<String> {
        log(document.as_bytes()).map(|log| String::from_utf8(log).unwrap())
    }

    #[test]
    fn pieces_are_put_together() {
        let circle = r##"[{"message":"#1 [1/2] FROM a\r\n#1 DO","time":"2026-05-04T09:00:00.1Z","type":"out"},{"message":"NE 0.0s\n","time":"2026-05-04T09:00:00.2Z","type":"err","truncated":false}]"##;
        assert_eq!(text(circle).unwrap(), "#1 [1/2] FROM a\r\n#1 DONE 0.0s\n");
        let drone =
            r#"[{"pos":0,"out":"+ docker build .\n","time":1},{"pos":1,"out":"a\n","time":2}]"#;
        assert_eq!(text(drone).unwrap(), "+ docker build .\na\n");
    }

    #[test]
    fn base64_is_undone_and_other_entries_are_left_out() {
        let document = r#"[{"id":1,"step_id":2,"time":3,"line":0,"data":"IzUgQ0FDSEVE","type":1},{"id":2,"step_id":2,"time":3,"line":1,"data":"MA==","type":2},{"id":3,"step_id":2,"time":3,"line":2,"data":null,"type":0}]"#;
        assert_eq!(text(document).unwrap(), "#5 CACHED\n");
    }

    #[test]
    fn the_oldest_entry_comes_first() {
        let entry = |n: u8, payload: &str| {
            format!(
                r#"{{"insertId":"{n}","timestamp":"2026-05-04T09:00:0{n}Z","labels":{{"build_step":"0"}},{payload}}}"#
            )
        };
        let document = format!(
            "[{},{},{}]",
            entry(3, r#""textPayload":"b\nc""#),
            entry(2, r#""jsonPayload":{"a":1}"#),
            entry(1, r#""textPayload":"a""#)
        );
        let lines = "2026-05-04T09:00:01Z a\n2026-05-04T09:00:03Z b\n2026-05-04T09:00:03Z c\n";
        assert_eq!(text(&document).unwrap(), lines);
    }

    #[test]
    fn entries_listed_in_yaml_are_read_oldest_first() {
        let entry = |n: u8, payload: &str| {
            format!(
                "---\ninsertId: s{n}\nlabels:\n  build_step: '1'\n{payload}\ntimestamp: \
                    '2026-05-04T09:00:0{n}Z'\n"
            )
        };
        let document = [
            entry(3, "textPayload: 'Step #1: it''s'"),
            entry(2, "jsonPayload:\n  a: 1"),
            entry(1, "textPayload: |-\n  b\n  c"),
        ]
        .concat();
        let lines = "2026-05-04T09:00:01Z b\n2026-05-04T09:00:01Z c\n2026-05-04T09:00:03Z Step \
            #1: it's\n";
        assert_eq!(text(&document).unwrap(), lines);
        assert_eq!(text("---\ninsertId: a\njsonPayload: {}\n"), None);
    }

    #[test]
    fn other_documents_are_none() {
        for other in [
            r#"[{"message":"a"}]"#,
            "[1,2]",
            r#"[{"message":"a","type":"out""#,
            "[]",
            r#"{"url":1}"#,
        ] {
            assert_eq!(text(other), None, "{other}");
        }
    }
}

//! Answers of Amazon `CloudWatch` Logs: `aws logs get-log-events`, `aws logs filter-log-events`
//! (`{"events": [{"timestamp": 1770000000000, "message": "…"}, …], …}`).
//!
//! Events come in the order of time. Their stamps are written in front of the lines.

use std::fmt;

use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

/// The answer; what stands beside the events is for the next request.
#[derive(Deserialize)]
struct CloudWatchAnswer {
    events: EventText,
}

#[derive(Deserialize)]
struct Event {
    /// Milliseconds since 1970.
    timestamp: i64,
    /// One line or several; that of `CodeBuild` has its line end.
    message: String,
}

/// The log in the document; `None` where it is no such answer, or one without events.
pub(super) fn log(bytes: &[u8]) -> Option<Vec<u8>> {
    let answer: CloudWatchAnswer = serde_json::from_slice(bytes).ok()?;
    (!answer.events.0.is_empty()).then_some(answer.events.0)
}

/// The text of the events, each of which is read and let go again.
struct EventText(Vec<u8>);

impl<'de> Deserialize<'de> for EventText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Events)
    }
}

struct Events;

impl<'de> Visitor<'de> for Events {
    type Value = EventText;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<EventText, A::Error> {
        let mut log = Vec::new();
        while let Some(event) = events.next_element::<Event>()? {
            append(&mut log, &event);
        }
        Ok(EventText(log))
    }
}

fn append(log: &mut Vec<u8>, event: &Event) {
    let stamp = DateTime::from_timestamp_millis(event.timestamp)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
    let stamp = stamp.unwrap_or_default();
    for line in event.message.trim_end_matches(['\n', '\r']).split('\n') {
        log.extend_from_slice(format!("{stamp} {line}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_lines_with_their_time() {
        let document = br##"{"events":[{"timestamp":1770000000000,"message":"#5 [2/3] RUN a\n","ingestionTime":1},{"logStreamName":"a","timestamp":1770000000300,"message":"#5 CACHED\r\nx"}],"nextForwardToken":"f/1"}"##;
        let lines = "2026-02-02T02:40:00.000Z #5 [2/3] RUN a\n2026-02-02T02:40:00.300Z #5 \
            CACHED\r\n2026-02-02T02:40:00.300Z x\n";
        assert_eq!(String::from_utf8(log(document).unwrap()).unwrap(), lines);
    }

    #[test]
    fn other_documents_are_none() {
        for other in [&br#"{"events":[]}"#[..], br#"{"events":[{"message":"a"}]}"#, b"{"] {
            assert_eq!(log(other), None);
        }
    }
}

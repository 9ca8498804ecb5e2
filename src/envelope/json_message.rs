//! Programs that log in JSON and pass on what a builder prints:
//! `{"type":"raw","text":"#5 CACHED\r\n"}` (the dev containers CLI with `--log-format json`),
//! `{"level":"info","message":"#5 CACHED"}`, `{"MESSAGE":"#5 CACHED","_PID":"7"}`.
//!
//! One message may hold several lines. Sources: `devcontainers/cli` `src/spec-utils/log.ts`;
//! winston, zap, serilog, structlog; systemd's `journalctl -o json`; `harness/lite-engine`
//! `logstream` (`{"level":"INFO","pos":1,"out":"#5 CACHED\n"}`).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Envelope, Head, Mark, builder_line, devcontainer};

/// One object a line, whose message is a builder's line.
pub(super) struct JsonMessage;

/// Under which names programs keep what was said, the surest first: of a line that has several, the
/// first of these counts.
const KEYS: [&str; 15] = [
    "message", "MESSAGE", "msg", "@m", "text", "line", "log", "out", "output", "stdout", "content",
    "body", "event", "value", "data",
];

impl Envelope for JsonMessage {
    fn name(&self) -> &'static str {
        "json-message"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'{'
    }

    /// A builder of its own kind (kaniko) logs in JSON too, and is left as it is.
    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| message(line).is_some_and(|m| m.lines().any(holds_a_builder)))
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        match message(line) {
            Some(message) => {
                Cow::Owned(message.trim_end_matches(['\n', '\r']).as_bytes().to_owned())
            }
            None => Cow::Borrowed(line),
        }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        devcontainer::started(text)
    }
}

/// A builder's line, or one behind what a tool puts in front: `api:docker: #5 CACHED`.
fn holds_a_builder(line: &str) -> bool {
    let line = line.as_bytes();
    builder_line::begins(line) || builder_line::behind(line).is_some()
}

fn message(line: &[u8]) -> Option<Cow<'_, str>> {
    if !line.starts_with(b"{\"") {
        return None;
    }
    serde_json::from_slice::<Message>(line).ok()?.0
}

/// The message of an object, where it has one that is a text.
struct Message<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Message<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Message<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut best: Option<(usize, &RawValue)> = None;
        while let Some(Key(rank)) = fields.next_key()? {
            let Some(rank) = rank else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &RawValue = fields.next_value()?;
            if value.get().starts_with('"') && best.is_none_or(|(known, _)| rank < known) {
                best = Some((rank, value));
            }
        }
        Ok(Message(
            best.and_then(|(_, text)| serde_json::from_str::<Str>(text.get()).ok())
                .map(|text| text.0),
        ))
    }
}

/// Which of the [`KEYS`] it is.
struct Key(Option<usize>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Str(name) = Str::deserialize(deserializer)?;
        Ok(Self(KEYS.iter().position(|key| **key == *name)))
    }
}

/// Borrowed where nothing is escaped in it.
#[derive(Deserialize)]
struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn unpacks_messages_of_one_and_of_several_lines() {
        let line = br##"{"type":"raw","level":3,"timestamp":1,"text":"#5 [2/3] RUN a \"b\"\r\n#5 CACHED\r\n"}"##;
        assert_eq!(&*JsonMessage.unpack(line), b"#5 [2/3] RUN a \"b\"\r\n#5 CACHED");
        assert!(recognises(&JsonMessage, &[b"{\"text\":\"a\"}", line]));
        assert!(recognises(&JsonMessage, &[br#"{"level":"info","message":"Step 1/2 : FROM a"}"#]));
        let coloured = br#"{"log":"\u001b[36mINFO\u001b[0m[0000] RUN make\n","stream":"stderr"}"#;
        assert!(recognises(&JsonMessage, &[coloured]));
        assert!(recognises(&JsonMessage, &[br#"{"line":"api:docker: \u00235 CACHED"}"#]));
        assert!(recognises(&JsonMessage, &[br#"{"_PID":"7","MESSAGE":"Step 1/2 : FROM a"}"#]));
        let harness =
            br##"{"level":"INFO","pos":4,"out":"#5 CACHED\n","time":"2026-05-04T09:00:00Z"}"##;
        assert_eq!(&*JsonMessage.unpack(harness), b"#5 CACHED");
        let several = br##"{"event":"line","content":{"a":1},"log":"x","message":"#5 CACHED"}"##;
        assert_eq!(&*JsonMessage.unpack(several), b"#5 CACHED");
        for other in [
            &br#"{"level":"info","msg":"RUN npm ci","time":"2026-05-04T09:00:00Z"}"#[..],
            b"{\"text\":3}",
            b"{",
        ] {
            assert!(!recognises(&JsonMessage, &[other]));
        }
    }

    #[test]
    fn what_the_cli_runs_is_a_command() {
        assert_eq!(
            JsonMessage.mark(b"Run: docker build ."),
            Some(Mark::Command(b"docker build ."))
        );
    }
}

//! Programs that log in JSON and pass on what a builder prints:
//! `{"type":"raw","text":"#5 CACHED\r\n"}` (the dev containers CLI with `--log-format json`),
//! `{"level":"info","message":"#5 CACHED"}`, `{"MESSAGE":"#5 CACHED","_PID":"7"}`.
//!
//! One message may hold several lines. Sources: `devcontainers/cli` `src/spec-utils/log.ts`;
//! winston, zap, serilog; systemd's `journalctl -o json`.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Envelope, Head, Mark, builder_line, devcontainer};

/// One object a line, whose message is a builder's line.
pub(super) struct JsonMessage;

#[derive(Deserialize)]
struct MessageRecord<'a> {
    #[serde(
        borrow,
        alias = "msg",
        alias = "text",
        alias = "line",
        alias = "log",
        alias = "output",
        alias = "@m",
        alias = "MESSAGE"
    )]
    message: Cow<'a, str>,
}

impl Envelope for JsonMessage {
    fn name(&self) -> &'static str {
        "json-message"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'{'
    }

    /// A builder of its own kind (kaniko) logs in JSON too, and is left as it is.
    fn recognise(&self, head: &Head) -> bool {
        let speaks = |line: &[u8]| {
            message(line).is_some_and(|m| m.lines().any(|l| builder_line::begins(l.as_bytes())))
        };
        head.any(self, speaks)
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

fn message(line: &[u8]) -> Option<Cow<'_, str>> {
    if !line.starts_with(b"{\"") {
        return None;
    }
    serde_json::from_slice::<MessageRecord>(line).ok().map(|record| record.message)
}

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
        assert!(recognises(&JsonMessage, &[br#"{"_PID":"7","MESSAGE":"Step 1/2 : FROM a"}"#]));
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

//! Answers of Semaphore's API, `GET /api/v1alpha/logs/JOB` (`semaphoreci/agent` `pkg/eventlogger`)
//! (`{"events": [{"event": "cmd_output", "timestamp": 1770000000, "output": "…"}, …]}`).

use serde::Deserialize;

#[derive(Deserialize)]
struct SemaphoreAnswer {
    events: Vec<Event>,
}

/// Others say when the job and its commands ended.
#[derive(Deserialize)]
struct Event {
    /// Of `cmd_started` and `cmd_finished`: the command as it is written.
    directive: Option<String>,
    /// Of `cmd_output`: a piece, which need not end with a line.
    output: Option<String>,
    #[serde(rename = "event")]
    kind: String,
}

/// The log in the document; `None` where it is no such answer, or one without output.
pub(super) fn log(bytes: &[u8]) -> Option<Vec<u8>> {
    let answer: SemaphoreAnswer = serde_json::from_slice(bytes).ok()?;
    let mut log = String::new();
    for event in &answer.events {
        match (event.kind.as_str(), &event.directive, &event.output) {
            ("cmd_output", _, Some(output)) => log.push_str(output),
            ("cmd_started", Some(directive), _) => start(&mut log, directive),
            _ => {}
        }
    }
    (!log.is_empty()).then(|| log.into_bytes())
}

/// As a shell shows it.
fn start(log: &mut String, directive: &str) {
    if !log.is_empty() && !log.ends_with('\n') {
        log.push('\n');
    }
    log.push_str("$ ");
    log.push_str(directive);
    log.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_put_together_behind_their_commands() {
        let document = br##"{"events":[{"event":"job_started","timestamp":1},{"event":"cmd_started","timestamp":1,"directive":"docker build ."},{"event":"cmd_output","timestamp":1,"output":"#5 [2/3] RUN a\r\n#5 CAC"},{"event":"cmd_output","timestamp":2,"output":"HED"},{"event":"cmd_finished","timestamp":3,"directive":"docker build .","exit_code":0},{"event":"cmd_started","timestamp":3,"directive":"true"},{"event":"job_finished","timestamp":4,"result":"passed"}]}"##;
        let lines = "$ docker build .\n#5 [2/3] RUN a\r\n#5 CACHED\n$ true\n";
        assert_eq!(String::from_utf8(log(document).unwrap()).unwrap(), lines);
    }

    #[test]
    fn other_documents_are_none() {
        for other in [&br#"{"events":[]}"#[..], br#"{"events":[{"message":"a"}]}"#, b"{"] {
            assert_eq!(log(other), None);
        }
    }
}

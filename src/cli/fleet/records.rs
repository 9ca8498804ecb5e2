//! `cachediag records`: from logs to rows of a table.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{Streams, unless_closed};
use crate::cli::args::RecordsArgs;
use crate::history::{Identity, Record};
use crate::model::{Problem, Run};
use crate::pipeline::{self, Options};
use crate::render::{self, Ended, problem_line};
use crate::source::Entry;

/// Says which log follows: in front of a log's bytes, or instead of them.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Frame {
    /// Name of the log: it comes back in every line about it.
    name: String,
    /// Which job of which pipeline it is, and which run.
    #[serde(default)]
    identity: Identity,
    /// When it was recorded, RFC 3339; where it is not given, the log's first time stamp counts.
    #[serde(default, deserialize_with = "time")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    recorded: Option<DateTime<Utc>>,
    /// Number of bytes that follow the line.
    #[serde(default)]
    bytes: Option<u64>,
    /// A file to read instead.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    path: Option<PathBuf>,
    /// Why there is no log: it comes back as a problem.
    #[serde(default)]
    problem: Option<String>,
}

pub(in crate::cli) fn run(args: &RecordsArgs) -> anyhow::Result<ExitCode> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.get()).build()?;
    let options = Options { max_expanded: args.max_expanded, ..Options::default() };
    let with_record = !args.no_record;
    let done =
        pool.install(|| filter(io::stdin().lock(), io::stdout().lock(), &options, with_record));
    unless_closed(done).map(|()| ExitCode::SUCCESS)
}

fn filter(
    input: impl Read,
    output: impl Write,
    options: &Options,
    with_record: bool,
) -> anyhow::Result<()> {
    let mut streams = Streams::of(input, output);
    while let Some(line) = streams.head()? {
        let frame = match Frame::parse(&line) {
            Ok(frame) => frame,
            Err(reason) => pass_over(&mut streams, &line, &reason)?,
        };
        let log = match (&frame.bytes, &frame.path) {
            (Some(length), _) => {
                let bytes = streams
                    .bytes(*length)
                    .with_context(|| format!("the frame {:?}", frame.name))?;
                Some(Entry {
                    path: PathBuf::from(&frame.name),
                    name: frame.name.clone(),
                    bytes: Some(bytes.into()),
                })
            }
            (None, Some(path)) => {
                Some(Entry { path: path.clone(), name: frame.name.clone(), bytes: None })
            }
            (None, None) => None,
        };
        let (runs, problems) = match log {
            Some(log) => pipeline::records(&log, &frame.identity, frame.recorded, options),
            None => (Vec::new(), Vec::new()),
        };
        answer(&mut streams, &frame, &runs, &problems, with_record)?;
    }
    Ok(streams.finish()?)
}

fn time<'de, D: Deserializer<'de>>(input: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(input)? else { return Ok(None) };
    let wrong = |_| D::Error::custom(format!("\"recorded\" is not an RFC 3339 time: {text:?}"));
    text.parse().map(Some).map_err(wrong)
}

impl Frame {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let frame: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let given = [frame.bytes.is_some(), frame.path.is_some(), frame.problem.is_some()];
        let one = given.into_iter().filter(|given| *given).count() == 1;
        if one {
            Ok(frame)
        } else {
            Err("needs one of \"bytes\", \"path\" and \"problem\"".to_owned())
        }
    }
}

/// A head that says how long its frame is costs that frame alone. Behind any other nobody knows
/// where the next one begins.
fn pass_over<R: Read, W: Write>(
    streams: &mut Streams<R, W>,
    line: &[u8],
    reason: &str,
) -> anyhow::Result<Frame> {
    #[derive(Deserialize)]
    struct Length {
        name: String,
        #[serde(default)]
        bytes: Option<u64>,
    }
    let at = streams.line;
    let Ok(Length { name, bytes }) = serde_json::from_slice(line) else {
        bail!("line {at} of standard input is not the header of a frame: {reason}");
    };
    streams.bytes(bytes.unwrap_or(0)).with_context(|| format!("the frame {name:?}"))?;
    Ok(Frame {
        name,
        problem: Some(format!("is not the header of a frame: {reason}")),
        ..Frame::default()
    })
}

fn answer<R: Read, W: Write>(
    streams: &mut Streams<R, W>,
    frame: &Frame,
    runs: &[(Run, Record)],
    problems: &[Problem],
    with_record: bool,
) -> io::Result<()> {
    for (run, record) in runs {
        let facts = record.facts(run, &frame.name, frame.recorded.is_some(), with_record);
        streams.say(&render::row(&facts))?;
    }
    let unbuilt = !runs.is_empty() && runs.iter().all(|(run, _)| run.builds.is_empty());
    let said = frame.problem.as_deref().map(Cow::Borrowed);
    let found = problems.iter().map(|problem| Cow::Owned(problem_line(problem)));
    let unbuilt = unbuilt.then_some(Cow::Borrowed("holds no build"));
    let problems = said.into_iter().chain(found).chain(unbuilt).collect();
    streams.say(&render::row(&Ended::Log { end: &frame.name, records: runs.len(), problems }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "#5 [2/2] RUN make\n#5 DONE 1.5s\n";

    fn rows(input: &[u8]) -> Result<Vec<serde_json::Value>, String> {
        let mut output = Vec::new();
        let done = filter(input, &mut output, &Options::default(), true);
        let lines = String::from_utf8(output).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        done.map(|()| lines).map_err(|error| format!("{error:#}"))
    }

    fn frame(head: &str, log: &str) -> Vec<u8> {
        format!("{head}\n{log}").into_bytes()
    }

    #[test]
    fn a_frame_is_answered_by_its_rows_and_an_end() {
        let head = format!(
            r#"{{"name":"s3://a","identity":{{"job":"web","run":"7"}},"recorded":"2026-04-01T00:00:00Z","bytes":{}}}"#,
            LOG.len()
        );
        let lines = rows(&frame(&head, LOG)).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["job"], &lines[0]["run"]), (&"web".into(), &"7".into()));
        assert_eq!((&lines[0]["hits"], &lines[0]["total"]), (&0.into(), &1.into()));
        assert_eq!(lines[0]["time"], "2026-04-01T00:00:00.000Z");
        let record = lines[0]["record"].as_str().unwrap();
        assert!(!record.contains(lines[0]["id"].as_str().unwrap()));
        assert_eq!(Record::parse(record).unwrap().id, Record::parse(record).unwrap().id);
        assert_eq!(lines[1], serde_json::json!({"end": "s3://a", "records": 1, "problems": []}));
    }

    /// Neither the clock nor the environment is in it.
    #[test]
    fn the_same_frames_give_the_same_rows() {
        let frame = frame(&format!("{{\"name\":\"a\",\"bytes\":{}}}", LOG.len()), LOG);
        assert_eq!(rows(&frame), rows(&frame));
        assert_eq!(rows(&frame).unwrap()[0]["time"], serde_json::Value::Null);
    }

    #[test]
    fn a_log_that_is_bad_costs_no_other() {
        let mut input = frame("{\"name\":\"gone\",\"path\":\"/no/such/log\"}", "");
        input.extend(frame("{\"name\":\"lost\",\"problem\":\"no such object\"}", ""));
        input.extend(frame("{\"name\":\"empty\",\"bytes\":0}", ""));
        input.extend(frame("{\"name\":\"noise\",\"bytes\":6}", "hello\n"));
        input.extend(frame(&format!("\n{{\"name\":\"a\",\"bytes\":{}}}", LOG.len()), LOG));
        let lines = rows(&input).unwrap();
        let ends: Vec<_> = lines.iter().filter(|line| !line["end"].is_null()).collect();
        assert_eq!(
            ends.iter().map(|end| end["end"].as_str().unwrap()).collect::<Vec<_>>(),
            ["gone", "lost", "empty", "noise", "a"]
        );
        assert!(
            ends[..4].iter().all(|end| end["problems"].as_array().unwrap().len() == 1),
            "{ends:?}"
        );
        assert_eq!(
            (&ends[4]["records"], &ends[4]["problems"]),
            (&1.into(), &serde_json::json!([]))
        );
    }

    #[test]
    fn a_frame_that_is_broken_is_named() {
        assert!(
            rows(b"hello\n")
                .unwrap_err()
                .starts_with("line 1 of standard input is not the header of a frame")
        );
        assert!(
            rows(b"{\"name\":\"a\",\"bytes\":9}\nabc")
                .unwrap_err()
                .contains("\"a\": standard input ends after 3")
        );
    }

    /// As long as it says where it ends.
    #[test]
    fn a_head_that_is_wrong_costs_its_own_frame() {
        let mut input = frame(r#"{"name":"when","recorded":"yesterday","bytes":3}"#, "{\"\n");
        input.extend(frame(r#"{"name":"none"}"#, ""));
        input.extend(frame(r#"{"name":"both","path":"/a","bytes":1}"#, "x"));
        input.extend(frame(&format!("{{\"name\":\"a\",\"bytes\":{}}}", LOG.len()), LOG));
        let lines = rows(&input).unwrap();
        let problem = |at: usize| lines[at]["problems"][0].as_str().unwrap_or_default();
        assert!(problem(0).contains("\"recorded\" is not an RFC 3339 time: \"yesterday\""));
        assert!(problem(1).contains("needs one of") && problem(2).contains("needs one of"));
        assert_eq!((lines.len(), &lines[4]["end"]), (5, &"a".into()));
    }
}

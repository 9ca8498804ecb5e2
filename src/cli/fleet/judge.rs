//! `cachediag judge`: from the records of jobs to findings.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::{Streams, unless_closed};
use crate::cli::args::GroupsArgs;
use crate::cli::baseline::AskedBaseline;
use crate::cli::settings::{Project, Settings};
use crate::history::Record;
use crate::pipeline::{self, Options};
use crate::render::{self, Ended};

/// Says how many records of one group follow, a line each.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct RecordCount {
    /// What its records have in common: it comes back in every line about them.
    key: String,
    /// Number of records.
    records: usize,
}

pub(in crate::cli) fn run(args: &GroupsArgs) -> anyhow::Result<ExitCode> {
    let project = Project::load(&Settings::default(), &args.scope)?;
    let baseline = AskedBaseline::open(args.baseline.as_deref(), false)?.map(|kept| kept.known);
    let options = Options { policy: project.policy, baseline, ..Options::default() };
    let last = args.last.map_or(usize::MAX, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.get()).build()?;
    let done = pool.install(|| filter(io::stdin().lock(), io::stdout().lock(), &options, last));
    unless_closed(done).map(|()| ExitCode::SUCCESS)
}

fn filter(
    input: impl Read,
    output: impl Write,
    options: &Options,
    last: usize,
) -> anyhow::Result<()> {
    let mut streams = Streams::of(input, output);
    while let Some(line) = streams.head()? {
        let at = streams.line;
        let group: RecordCount = serde_json::from_slice(&line)
            .with_context(|| format!("line {at} of standard input is not the header of a group"))?;
        let (records, unread) = records(&mut streams, &group)?;
        if records.is_empty() {
            streams.say(&render::row(&Ended::empty(&group.key, &unread)))?;
            continue;
        }
        let report = pipeline::judge_records(records, last, options);
        for line in render::judged(&report, &group.key) {
            streams.say(&line)?;
        }
        streams.say(&render::row(&Ended::group(&group.key, &report, &unread)))?;
    }
    Ok(streams.finish()?)
}

/// The records of a group, and why others of them cannot be read.
fn records<R: Read, W: Write>(
    streams: &mut Streams<R, W>,
    group: &RecordCount,
) -> anyhow::Result<(Vec<Record>, Vec<String>)> {
    let (mut records, mut unread) = (Vec::new(), Vec::new());
    for number in 1..=group.records {
        let Some(line) = streams.read_line()? else {
            bail!(
                "the group {:?}: standard input ends after {} of its {} records",
                group.key,
                number - 1,
                group.records
            );
        };
        match str::from_utf8(&line).map_err(|error| error.to_string()).map(Record::parse) {
            Ok(Ok(record)) => records.push(record),
            Ok(Err(reason)) => unread.push(format!("record {number} {reason}")),
            Err(reason) => unread.push(format!("record {number} is not valid UTF-8: {reason}")),
        }
    }
    Ok((records, unread))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::history::Identity;
    use crate::source::Entry;

    fn answers(input: &str) -> Result<Vec<Value>, String> {
        let mut output = Vec::new();
        let done = filter(input.as_bytes(), &mut output, &Options::default(), usize::MAX);
        let lines = String::from_utf8(output).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        done.map(|()| lines).map_err(|error| format!("{error:#}"))
    }

    fn records_of(folder: &str) -> Vec<String> {
        let logs = crate::source::discover(&[folder.into()], crate::source::Whole::default()).logs;
        let read =
            |log: &Entry| pipeline::records(log, &Identity::default(), None, &Options::default()).0;
        logs.iter().flat_map(read).map(|(_, record)| record.to_line()).collect()
    }

    fn group(key: &str, records: &[String]) -> String {
        format!("{}\n{}\n", json!({"key": key, "records": records.len()}), records.join("\n"))
    }

    /// The samples, job by job: what their records show is what their logs show.
    #[test]
    fn records_are_judged_as_their_logs_are() {
        for folder in std::fs::read_dir("sample-logs").unwrap().map(|entry| entry.unwrap().path()) {
            let folder = folder.to_str().unwrap();
            let options = Options { paths: vec![folder.into()], ..Options::default() };
            let read = pipeline::run(&options);
            if !read.study.configs.is_empty() || read.study.runs.is_empty() {
                continue;
            }
            let lines = answers(&group("a", &records_of(folder))).unwrap();
            let told = |line: &Value| {
                (line["rule"].clone(), line["confidence"].clone(), line["fingerprint"].clone())
            };
            let of_records: Vec<_> =
                lines.iter().filter(|line| line["end"].is_null()).map(told).collect();
            let line = |finding| serde_json::from_str::<Value>(finding).unwrap();
            let of_logs: Vec<_> =
                render::judged(&read, "a").iter().map(|text| told(&line(text))).collect();
            assert_eq!(of_records, of_logs, "{folder}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_costs_no_other() {
        let mut records = records_of("sample-logs/registry-mode-max-healthy");
        let number = records.len();
        records.insert(1, "{\"version\":99}".to_owned());
        records.push("hello".to_owned());
        let lines = answers(&(group("a", &records) + "\n" + &group("b", &[]))).unwrap();
        let [of_a, of_b] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(
            (&of_a["end"], &of_a["runs"], &of_a["findings"]),
            (&"a".into(), &number.into(), &0.into())
        );
        let unread = of_a["unread"].as_array().unwrap();
        assert!(
            unread.len() == 2
                && unread[0].as_str().unwrap().starts_with("record 2 is a record of version 99")
        );
        assert_eq!((&of_b["end"], &of_b["verdict"]), (&"b".into(), &"nothing-read".into()));
    }

    #[test]
    fn a_group_that_is_cut_is_named() {
        let text = group("a", &records_of("sample-logs/registry-mode-max-healthy"))
            .replace("\"records\":4", "\"records\":7");
        assert!(answers(&text).unwrap_err().contains("the group \"a\": standard input ends after"));
        assert!(
            answers("{\"key\":1}\n")
                .unwrap_err()
                .starts_with("line 1 of standard input is not the header of a group")
        );
    }
}

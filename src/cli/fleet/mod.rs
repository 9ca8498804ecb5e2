//! Filters that live long: frames or groups in, lines of JSON out, in order.
//!
//! What they say depends on their input alone. One bad log or record costs its own line; input that
//! is cut or is no frame ends the filter, since nothing behind it can be trusted.

mod judge;
mod records;

use std::io::{self, BufRead, BufReader, BufWriter, Write};

use anyhow::{Context, bail};

pub(super) use self::judge::run as judge;
pub(super) use self::records::run as records;

/// Longest head of a frame, or record, that is read.
const LONGEST: u64 = 256 << 20;

/// Standard input and output of a filter.
pub(super) struct Streams<R, W: Write> {
    input: BufReader<R>,
    output: BufWriter<W>,
    /// Number of the line that was read last, for messages.
    line: u64,
}

impl<R: io::Read, W: Write> Streams<R, W> {
    pub(super) fn of(input: R, output: W) -> Self {
        let (input, output) =
            (BufReader::with_capacity(64 << 10, input), BufWriter::with_capacity(64 << 10, output));
        Self { input, output, line: 0 }
    }

    /// The head of the next frame; `None` at the end. Who feeds may wait for answers before the
    /// next one comes, so that they are sent where nothing is there to be read, and where an empty
    /// line asks for them.
    fn head(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        loop {
            if self.input.buffer().is_empty() {
                self.output.flush()?;
            }
            match self.read_line()? {
                None => return Ok(None),
                Some(line) if line.iter().all(u8::is_ascii_whitespace) => self.output.flush()?,
                Some(line) => return Ok(Some(line)),
            }
        }
    }

    /// One line without its end; `None` at the end of the input.
    fn read_line(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut self.input, LONGEST).read_until(b'\n', &mut line);
        if read.context("cannot read standard input")? == 0 {
            return Ok(None);
        }
        self.line += 1;
        if line.pop_if(|end| *end == b'\n').is_none() && line.len() as u64 == LONGEST {
            bail!("line {} of standard input is longer than {LONGEST} bytes", self.line);
        }
        line.pop_if(|end| *end == b'\r');
        Ok(Some(line))
    }

    /// So many bytes, as they are.
    fn bytes(&mut self, length: u64) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = io::Read::take(&mut self.input, length);
        io::Read::read_to_end(&mut { read }, &mut bytes).context("cannot read standard input")?;
        if bytes.len() as u64 != length {
            bail!("standard input ends after {} of its {length} bytes", bytes.len());
        }
        Ok(bytes)
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.output.write_all(line.as_bytes())?;
        self.output.write_all(b"\n")
    }

    fn finish(mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// A reader that has seen enough ends the filter, and is no error.
fn unless_closed(done: anyhow::Result<()>) -> anyhow::Result<()> {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match done {
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(closed) => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use schemars::generate::SchemaSettings;
    use serde_json::{Value, json};

    use super::judge::RecordCount;
    use super::records::Frame;
    use crate::history::Facts;
    use crate::render::{Ended, finding_of_group};

    const FILE: &str = "schema/fleet-v1.schema.json";

    /// One schema of all lines, those that are read and those that are written.
    fn generated() -> String {
        let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let lines = [
            ("frame", generator.subschema_for::<Frame>()),
            ("row", generator.subschema_for::<Facts<'static>>()),
            ("group", generator.subschema_for::<RecordCount>()),
            ("finding", finding_of_group(&mut generator)),
            ("end", generator.subschema_for::<Ended<'static>>()),
        ];
        let lines: Vec<Value> =
            lines.into_iter().map(|(title, schema)| titled(title, schema.to_value())).collect();
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "cachediag fleet, version 1",
            "description": "Lines of `cachediag records` (frame in, row and end out) and \
                `cachediag judge` (group in, finding and end out).",
            "oneOf": lines,
            "$defs": generator.take_definitions(true),
        });
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    fn titled(title: &str, mut schema: Value) -> Value {
        schema["title"] = title.into();
        schema
    }

    #[test]
    fn the_committed_schema_is_the_one_of_the_structs() {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(FILE, generated()).unwrap();
        }
        assert!(
            fs::read_to_string(FILE).unwrap() == generated(),
            "run: UPDATE_DOCS=1 cargo test --lib cli::fleet"
        );
    }

    #[test]
    fn what_is_printed_follows_the_schema() {
        let schema =
            jsonschema::validator_for(&serde_json::from_str(&generated()).unwrap()).unwrap();
        let logs = crate::source::discover(
            &["sample-logs/inline-multi-stage".into()],
            crate::source::Whole::default(),
        )
        .logs;
        let mut records = Vec::new();
        let options = crate::pipeline::Options::default();
        for log in &logs {
            for (run, record) in
                crate::pipeline::records(log, &crate::history::Identity::default(), None, &options)
                    .0
            {
                let row = crate::render::row(&record.facts(&run, "a", false, true));
                schema
                    .validate(&serde_json::from_str(&row).unwrap())
                    .unwrap_or_else(|e| panic!("{e}: {row}"));
                records.push(record);
            }
        }
        let report = crate::pipeline::judge_records(records, usize::MAX, &options);
        let lines = crate::render::judged(&report, "a");
        assert!(!lines.is_empty());
        for line in lines.into_iter().chain([crate::render::row(&Ended::group("a", &report, &[]))])
        {
            schema
                .validate(&serde_json::from_str(&line).unwrap())
                .unwrap_or_else(|e| panic!("{e}: {line}"));
        }
    }
}

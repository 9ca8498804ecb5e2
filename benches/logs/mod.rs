//! Large logs for benches and tests: the builds of a sample log again and again, under the time
//! stamps of GitHub, with as much output below each RUN as compilers and package managers print.
//! The same seed gives the same bytes.

use std::io::{self, Write};

use fastrand::Rng;

/// Real builds of two stages: a cold one, and two after a change.
const BUILDS: [&str; 3] = [
    include_str!("../../sample-logs/inline-multi-stage/run-01.log"),
    include_str!("../../sample-logs/inline-multi-stage/run-02.log"),
    include_str!("../../sample-logs/inline-multi-stage/run-03.log"),
];

const WORDS: [&str; 12] = [
    "compile",
    "link",
    "module",
    "package",
    "warning",
    "unused",
    "variable",
    "downloading",
    "release",
    "target",
    "object",
    "tests",
];

/// Lines that a RUN prints, at the least.
const OUTPUT: usize = 400;

/// Writes logs of builds until there are so many bytes.
pub(crate) struct Logs {
    random: Rng,
    builds: usize,
}

impl Logs {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), builds: 0 }
    }

    /// Writes whole builds, `bytes` or a little more in all, and says how many.
    pub(crate) fn write(&mut self, bytes: usize, mut out: impl Write) -> io::Result<usize> {
        let (mut written, before) = (0, self.builds);
        while written < bytes {
            let log = self.build();
            written += log.len();
            out.write_all(log.as_bytes())?;
        }
        Ok(self.builds - before)
    }

    fn build(&mut self) -> String {
        let mut log = String::new();
        for line in BUILDS[self.builds % BUILDS.len()].lines() {
            self.line(&mut log, line);
            if line.contains("] RUN ") {
                let number = line.split(' ').next().unwrap_or_default();
                self.output(&mut log, number);
            }
        }
        self.builds += 1;
        log
    }

    fn output(&mut self, log: &mut String, number: &str) {
        for line in 0..OUTPUT + self.random.usize(..OUTPUT) {
            let words: Vec<&str> =
                (0..4 + self.random.usize(..10)).map(|_| WORDS[self.random.usize(..12)]).collect();
            self.line(
                log,
                &format!("{number} {}.{:03} {}", line / 20, line % 1000, words.join(" ")),
            );
        }
    }

    /// Under a stamp that grows with the log.
    fn line(&mut self, log: &mut String, text: &str) {
        let second = self.builds;
        let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
        let fraction = self.random.u32(..9_999_999);
        log.extend([
            &format!("2026-04-01T{hour:02}:{minute:02}:{second:02}.{fraction:07}Z "),
            text,
            "\n",
        ]);
    }
}

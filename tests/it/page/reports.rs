//! The reports that are opened.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cachediag::pipeline::{self, Options};
use cachediag::render::Report;

pub(crate) fn of(path: impl AsRef<Path>) -> Report {
    pipeline::run(&Options { paths: vec![path.as_ref().to_owned()], ..Options::default() })
}

pub(crate) fn every_second_run() -> Report {
    of("sample-logs/every-second-run")
}

/// Runs of one build that are warm and cold in turn, in the form of a real log
/// (`sample-logs/every-second-run`).
pub(crate) fn alternating(runs: usize) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for run in 1..=runs {
        fs::write(
            folder.path().join(format!("run-{run:04}.log")),
            log(run % 2 == 0) + &format!("run {run}\n"),
        )
        .unwrap();
    }
    of(folder.path())
}

/// Many builds, each in a folder of its own.
pub(crate) fn many_builds(builds: usize) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for build in 0..builds {
        let own = folder.path().join(format!("service-{build:03}"));
        fs::create_dir(&own).unwrap();
        for run in 1..=4 {
            let text = log(build % 10 == 0 && run % 2 == 0)
                .replace("team/app", &format!("team/service-{build:03}"));
            fs::write(own.join(format!("run-{run}.log")), text).unwrap();
        }
    }
    of(folder.path())
}

/// Steps whose names want to be more than names.
pub(crate) fn hostile() -> Report {
    let folder = tempfile::tempdir().unwrap();
    let bad = r#"RUN echo </script><script>window.bad=1</script><img src=x onerror="window.bad=2"> "><svg onload=window.bad=3> NPM_TOKEN=hunter2"#;
    for run in 1..=4 {
        let text = log(run % 2 == 0)
            .replace("RUN npm ci", bad)
            .replace("WORKDIR /app", "WORKDIR /<b>app</b>");
        fs::write(folder.path().join(format!("run-{run}.log")), text).unwrap();
    }
    of(folder.path())
}

const STEPS: [(&str, &str); 5] = [
    ("WORKDIR /app", "0.1"),
    ("COPY package.json ./", "0.1"),
    ("RUN npm ci", "41.3"),
    ("COPY . .", "0.2"),
    ("RUN npm run build", "23.8"),
];

/// A warm run has its first three steps from the inline cache.
fn log(warm: bool) -> String {
    let mut log = String::from("#0 building with \"default\" instance using docker driver\n\n");
    let mut vertex = |n: usize, lines: &[&str]| {
        for line in lines {
            let _ = writeln!(log, "#{n} {line}");
        }
        log.push('\n');
    };
    let digest = "b".repeat(64);
    vertex(1, &["[internal] load build definition from Dockerfile", "DONE 0.0s"]);
    vertex(2, &["importing cache manifest from r.example.com/team/app:latest", "DONE 0.1s"]);
    vertex(3, &[&format!("[1/6] FROM docker.io/library/node:20@sha256:{digest}"), "DONE 0.0s"]);
    for (index, (step, seconds)) in STEPS.iter().enumerate() {
        let done = format!("DONE {seconds}s");
        let verdict = if warm && index < 3 { "CACHED" } else { &done };
        vertex(index + 4, &[&format!("[{}/6] {step}", index + 2), verdict]);
    }
    let image = format!("writing image sha256:{digest} done");
    vertex(
        9,
        &[
            "exporting to image",
            &image,
            "naming to r.example.com/team/app:latest done",
            "DONE 0.1s",
        ],
    );
    vertex(10, &["preparing layers for inline cache", "DONE 0.1s"]);
    log
}

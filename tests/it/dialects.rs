//! Each folder of `tests/dialects` is a builder's form of log, and what is read of a log there is
//! of that form and of no other. A new sample is a new file.

use std::fs;
use std::path::{Path, PathBuf};

use cachediag::model::{Build, Dialect};
use cachediag::pipeline::{self, Options};
use cachediag::render::Report;

#[test]
fn each_log_is_of_the_dialect_of_its_folder() {
    for (name, dialect) in [
        ("buildkit-plain", Dialect::BuildkitPlain),
        ("buildkit-rawjson", Dialect::BuildkitRawjson),
        ("buildkit-tty", Dialect::BuildkitTty),
        ("classic", Dialect::Classic),
        ("kaniko", Dialect::Kaniko),
        ("buildah", Dialect::Buildah),
    ] {
        for log in logs(name) {
            let report = read(&log);
            assert!(builds(&report).any(|b| b.total() > 0), "{}", log.display());
            for build in builds(&report) {
                assert_eq!(build.dialect, dialect, "{}", log.display());
                assert!(!build.tangled, "{}", log.display());
            }
        }
    }
}

#[test]
fn of_interleaved_builds_nothing_is_concluded() {
    for log in logs("interleaved") {
        let report = read(&log);
        assert!(builds(&report).any(|b| b.tangled && b.steps.len() > 4), "{}", log.display());
        assert!(builds(&report).all(|b| b.total() == 0), "{}", log.display());
        assert!(report.findings.is_empty(), "{}: {:?}", log.display(), report.findings);
    }
}

fn logs(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(Path::new("tests/dialects").join(folder)).unwrap();
    let mut logs: Vec<PathBuf> = files.map(|f| f.unwrap().path()).collect();
    logs.sort();
    assert!(!logs.is_empty(), "{folder}");
    logs
}

fn read(log: &Path) -> Report {
    pipeline::run(&Options { paths: vec![log.to_owned()], threads: Some(1), ..Options::default() })
}

fn builds(report: &Report) -> impl Iterator<Item = &Build> {
    report.study.runs.iter().flat_map(|run| &run.builds)
}

//! Defects that leave the same symptom, side by side: `tests/look_alikes/<symptom>/<case>`.
//!
//! `EXPECTED` names what is reported above a note, one `rule` a line, after a `#` line that says
//! what the case is. Its logs lie beside it, or where `LOGS` says. A new case is a new folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cachediag::finding::{Confidence, Finding, Severity};
use cachediag::pipeline::{self, Options};

use crate::support::folder;

const ROOT: &str = "tests/look_alikes";

fn findings(case: &Path) -> Vec<Finding> {
    let elsewhere = fs::read_to_string(case.join("LOGS")).map(|path| PathBuf::from(path.trim()));
    let logs = elsewhere.unwrap_or_else(|_| case.to_owned());
    assert!(logs.is_dir(), "{}: no logs at {}", case.display(), logs.display());
    let report = pipeline::run(&Options { paths: vec![logs], ..Options::default() });
    assert!(
        report.study.runs.iter().any(|r| !r.builds.is_empty()),
        "{} builds nothing",
        case.display()
    );
    report.findings
}

fn expected(case: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(case.join("EXPECTED")).unwrap();
    assert!(text.starts_with("# "), "{}: says nothing of itself", case.display());
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn found(case: &Path) -> BTreeSet<String> {
    findings(case)
        .iter()
        .filter(|f| f.severity > Severity::Note)
        .map(|f| f.rule.to_owned())
        .collect()
}

#[test]
fn look_alikes_are_told_apart() {
    for symptom in folder::children(Path::new(ROOT)) {
        let cases = folder::children(&symptom);
        let kinds: BTreeSet<BTreeSet<String>> = cases.iter().map(|case| expected(case)).collect();
        assert!(kinds.len() > 2, "{}: nothing to tell apart", symptom.display());
        for case in cases {
            assert_eq!(found(&case), expected(&case), "{}", case.display());
        }
    }
}

#[test]
fn what_the_logs_leave_open_is_suspected_at_most() {
    for case in
        ["alternation/coin", "alternation/branches-on-one-reference", "alternation/one-job-of-two"]
    {
        for finding in
            findings(&Path::new(ROOT).join(case)).iter().filter(|f| f.severity > Severity::Note)
        {
            assert_eq!(finding.confidence, Confidence::Suspected, "{case}: {}", finding.rule);
        }
    }
}

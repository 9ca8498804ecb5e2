//! What is said of each case of `tests/rules`, whole: its `report.snap` lies beside its logs.
//!
//! `INSTA_UPDATE=always cargo test --test it reports` writes them; read the diff as a user would.

use std::fmt::Write as _;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use cachediag::pipeline::{self, Options};
use cachediag::render::{Json, Renderer, Screen};
use serde_json::Value;

use crate::support::folder;

const HOW: &str =
    "write it with `INSTA_UPDATE=always cargo test --test it reports`, and read it as a user would";

#[test]
fn each_case_is_reported_as_reviewed() {
    let cases = cases();
    assert!(cases.len() > 300, "{} cases", cases.len());
    // All that differ are shown, not the first one only.
    let failed: Vec<&PathBuf> =
        cases.iter().filter(|case| panic::catch_unwind(|| is_as_reviewed(case)).is_err()).collect();
    assert!(failed.is_empty(), "{} of {} cases: {failed:#?}", failed.len(), cases.len());
}

/// A fix that is masked or escaped on its way out cannot be pasted.
#[test]
fn fixes_are_printed_as_they_are() {
    for case in cases() {
        let report = pipeline::run(&Options { paths: vec![case.clone()], ..Options::default() });
        let json = Json.render(&report, Screen { width: 80, color: false, ascii: false });
        let printed: Value = serde_json::from_str(&json).unwrap();
        for (finding, printed) in report.findings.iter().zip(list(&printed["findings"])) {
            let fix = &printed["fix"];
            assert_eq!(fix["summary"].as_str(), Some(&*finding.fix.summary), "{}", case.display());
            let steps: Vec<&str> = list(&fix["steps"]).iter().filter_map(Value::as_str).collect();
            assert_eq!(steps, finding.fix.steps, "{}", case.display());
            assert_eq!(
                fix["snippet"].as_str(),
                finding.fix.snippet.as_deref(),
                "{}",
                case.display()
            );
        }
    }
}

fn cases() -> Vec<PathBuf> {
    let rules = folder::children(Path::new("tests/rules"));
    let kinds = rules.iter().flat_map(|rule| [rule.join("fires"), rule.join("quiet")]);
    kinds.flat_map(|kind| folder::children(&kind)).collect()
}

fn is_as_reviewed(case: &Path) {
    let writes = std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always");
    assert!(
        writes || case.join("report.snap").exists(),
        "{} has no report.snap: {HOW}",
        case.display()
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(fs::canonicalize(case).unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("report", report(case)));
}

/// The verdict where there is one, findings, the costliest first, then the first step of each stage
/// that ran again.
fn report(case: &Path) -> String {
    let report = pipeline::run(&Options { paths: vec![case.to_owned()], ..Options::default() });
    let json = Json.render(&report, Screen { width: 80, color: false, ascii: false });
    let value: Value = serde_json::from_str(&json).unwrap();
    let mut text = String::new();
    if let Some(verdict) = value["verdict"].as_str() {
        let _ = writeln!(text, "{verdict}\n");
    }
    let findings = list(&value["findings"]);
    if findings.is_empty() {
        text.push_str("no findings\n\n");
    }
    for finding in findings {
        write_finding(&mut text, finding);
    }
    for build in list(&value["runs"]).iter().flat_map(|run| list(&run["builds"])) {
        for broken in list(&build["breaks"]) {
            let said = ["step", "because", "confidence"].map(|key| word(&broken[key]));
            let _ = writeln!(text, "{}  {}: {}, {}", word(&build["id"]), said[0], said[1], said[2]);
        }
    }
    // A name alone, as if the case were the working directory.
    text.replace(&format!("{}/", case.display()), "")
}

fn write_finding(text: &mut String, finding: &Value) {
    let [severity, rule, confidence] =
        ["severity", "rule", "confidence"].map(|key| word(&finding[key]));
    let _ = writeln!(text, "{severity}[{rule}] {confidence}");
    let _ = writeln!(text, "  title   {}", word(&finding["title"]));
    let _ = writeln!(text, "  cause   {}", word(&finding["cause"]));
    let _ = writeln!(text, "  fix     {}", word(&finding["fix"]["summary"]));
    let impact = &finding["impact"];
    let _ = writeln!(
        text,
        "  impact  steps {}, runs {}, seconds {}",
        impact["steps"], impact["runs"], impact["seconds"]
    );
    for other in list(&finding["rules_out"]) {
        let _ = writeln!(text, "  not     {}", word(other));
    }
    for line in list(&finding["evidence"]) {
        let _ = writeln!(text, "  seen    {}:{}", word(&line["source"]), line["line"]);
    }
    text.push('\n');
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

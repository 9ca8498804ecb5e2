//! Every rule against its samples: `tests/rules/<rule>/fires/<case>` must report it,
//! `tests/rules/<rule>/quiet/<case>` (a near miss) must not. A new case is a new folder; a file
//! `CONFIDENCE` in it says how sure the rule must be.

use std::fs;
use std::path::{Path, PathBuf};

use cachediag::finding::Severity;
use cachediag::pipeline::{self, Options};
use cachediag::render::{self, Report};
use cachediag::rules::RULES;

use crate::support::folder;

const ROOT: &str = "tests/rules";

fn cases(rule: &str, kind: &str) -> Vec<PathBuf> {
    folder::children(&Path::new(ROOT).join(rule).join(kind))
}

fn report(case: &Path) -> Report {
    pipeline::run(&Options { paths: vec![case.to_owned()], ..Options::default() })
}

#[test]
fn every_rule_has_samples_and_near_misses() {
    for rule in RULES {
        for kind in ["fires", "quiet"] {
            assert!(
                !cases(rule.meta().id, kind).is_empty(),
                "{} has no {kind} case in {ROOT}",
                rule.meta().id
            );
        }
    }
}

#[test]
fn no_samples_without_a_rule() {
    for folder in folder::children(Path::new(ROOT)) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(cachediag::rules::by_id(name).is_some(), "{name} is no rule");
    }
}

#[test]
fn rules_fire_on_their_samples() {
    for rule in RULES {
        for case in cases(rule.meta().id, "fires") {
            let report = report(&case);
            let found = report.findings.iter().find(|f| f.rule == rule.meta().id);
            let found = found.unwrap_or_else(|| {
                panic!("{}: not reported, but {:?}", case.display(), ids(&report))
            });
            assert!(
                found.evidence.iter().all(|e| quoted_truly(&e.source, e.line, &e.text)),
                "{}",
                case.display()
            );
            if let Ok(sure) = fs::read_to_string(case.join("CONFIDENCE")) {
                assert_eq!(
                    render::names::confidence(found.confidence),
                    sure.trim(),
                    "{}",
                    case.display()
                );
            }
            assert!(
                !found.title.is_empty() && !found.cause.is_empty() && !found.fix.summary.is_empty()
            );
        }
    }
}

#[test]
fn rules_are_quiet_on_near_misses() {
    for rule in RULES {
        for case in cases(rule.meta().id, "quiet") {
            let report = report(&case);
            let read = !report.study.runs.is_empty() || !report.study.configs.is_empty();
            assert!(read, "{} holds neither a log nor a configuration", case.display());
            let loud = report
                .findings
                .iter()
                .filter(|f| f.rule == rule.meta().id && f.severity > Severity::Note);
            assert_eq!(loud.count(), 0, "{}: {:?}", case.display(), ids(&report));
        }
    }
}

fn ids(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|f| f.rule).collect()
}

/// The quoted text stands in that line of that file (letters and digits compared: escapes and
/// prefixes are not part of a quote).
fn quoted_truly(source: &str, line: u64, text: &str) -> bool {
    let bytes = fs::read(source).unwrap();
    let line =
        bytes.split(|b| *b == b'\n').nth(usize::try_from(line).unwrap() - 1).unwrap_or_default();
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let start: String = bare(text).chars().take(60).collect();
    bare(&String::from_utf8_lossy(&cachediag::envelope::clean(line))).contains(&start)
}

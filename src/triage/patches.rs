//! The patches of all findings, put together for each file.
//!
//! Several findings may change one file; what contradicts an earlier change is left for the next
//! time.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, Splice, merged, unified_diff};
use crate::finding::{Edit, Finding};

/// Everything that is to be changed in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patched {
    /// The file as the user named it.
    pub path: String,
    /// Its new text.
    pub text: String,
    /// The difference, as `git apply` takes it.
    pub diff: String,
    /// Rules whose fixes are in it, with what they cost.
    pub fixes: Vec<(&'static str, String)>,
    /// Rules whose fixes contradict one of these.
    pub left: Vec<&'static str>,
}

/// The patches, by path; `with_unsafe` takes those too that can change the image or where it is
/// built.
#[must_use]
pub fn patches(findings: &[Finding], configs: &[Config], with_unsafe: bool) -> Vec<Patched> {
    let mut files: BTreeMap<&str, Vec<(&Finding, &Edit)>> = BTreeMap::new();
    for (finding, edit) in edits(findings).filter(|(_, edit)| edit.safe || with_unsafe) {
        files.entry(&edit.path).or_default().push((finding, edit));
    }
    files.into_iter().filter_map(|(path, edits)| patched(path, &edits, configs)).collect()
}

/// Rules with a patch that is not marked safe.
#[must_use]
pub fn unsafe_rules(findings: &[Finding]) -> Vec<&'static str> {
    edits(findings).filter(|(_, edit)| !edit.safe).map(|(finding, _)| finding.rule).collect()
}

fn edits(findings: &[Finding]) -> impl Iterator<Item = (&Finding, &Edit)> {
    findings.iter().flat_map(|finding| finding.fix.edits.iter().map(move |edit| (finding, edit)))
}

/// A file that is not among the configuration is a new one.
fn patched(path: &str, edits: &[(&Finding, &Edit)], configs: &[Config]) -> Option<Patched> {
    let base =
        configs.iter().find(|config| config.path == path).map_or("", |config| config.text.as_str());
    let (edits, twice) = of_one_builder(edits);
    let changes: Vec<&Splice> = edits.iter().map(|(_, edit)| &edit.change).collect();
    let (text, left) = merged(base, &changes);
    let diff = match edits.as_slice() {
        [(_, only)] => only.diff.clone(),
        _ => unified_diff(path, base, &text)?,
    };
    let rule = |index: &usize| edits.get(*index).map(|(finding, _)| finding.rule);
    let made = edits.iter().enumerate().filter(|(index, _)| !left.contains(index));
    let fixes = made.map(|(_, (finding, _))| (finding.rule, finding.fix.cost.clone())).collect();
    Some(Patched {
        path: path.to_owned(),
        text,
        diff,
        fixes,
        left: left.iter().filter_map(rule).chain(twice).collect(),
    })
}

/// Those of which no two make a builder in one job, which fails at the second, and the rules of
/// the others. The first build of a job makes it, so that those behind it have it.
fn of_one_builder<'a>(
    edits: &[(&'a Finding, &'a Edit)],
) -> (Vec<(&'a Finding, &'a Edit)>, Vec<&'static str>) {
    let mut making: Vec<&Edit> = edits.iter().map(|(_, edit)| *edit).collect();
    making.sort_by_key(|edit| edit.change.range.start);
    let (mut jobs, mut late) = (BTreeSet::new(), Vec::new());
    for edit in making {
        if edit.builders.iter().any(|job| jobs.contains(job)) {
            late.push(edit);
        } else {
            jobs.extend(&edit.builders);
        }
    }
    let is_late = |edit: &Edit| late.iter().any(|one| std::ptr::eq(*one, edit));
    let twice = edits.iter().filter(|(_, edit)| is_late(edit)).map(|(finding, _)| finding.rule);
    (edits.iter().filter(|(_, edit)| !is_late(edit)).copied().collect(), twice.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Evidence, Fix, Impact, Proof, Severity};

    const BASE: &str = "a\nb\nc\nd\ne\n";

    fn base() -> Config {
        let config = Config::read("bitbucket-pipelines.yml", "pipelines: {}\n").unwrap().unwrap();
        Config { path: "a.yml".into(), text: BASE.into(), ..config }
    }

    fn finding(rule: &'static str, text: &str, safe: bool) -> Finding {
        let change = Splice::between(BASE, text).unwrap();
        let edit = Edit {
            path: "a.yml".into(),
            diff: "-x\n+y\n".into(),
            change,
            safe,
            builders: Vec::new(),
        };
        let line =
            Evidence { source: "l".into(), line: 1, text: String::new(), shows: String::new() };
        Finding {
            rule,
            severity: Severity::Error,
            confidence: Confidence::Likely,
            title: String::new(),
            cause: String::new(),
            evidence: Proof::new(line),
            fix: Fix { edits: vec![edit], ..Fix::default() },
            impact: Impact::default(),
            rules_out: Vec::new(),
            subject: String::new(),
        }
    }

    #[test]
    fn safe_ones_alone_unless_asked_for_all() {
        let configs = [base()];
        let findings = [
            finding("one", "A\nb\nc\nd\ne\n", true),
            finding("two", "a\nb\nc\nd\nE\n", false),
            finding("three", "B\nb\nc\nd\ne\n", true),
        ];
        let safe = patches(&findings, &configs, false);
        assert_eq!(
            (safe[0].text.as_str(), safe[0].left.as_slice()),
            ("A\nb\nc\nd\ne\n", ["three"].as_slice())
        );
        let all = patches(&findings, &configs, true);
        assert!(all[0].text == "A\nb\nc\nd\nE\n" && all[0].diff.contains("+E"));
        assert_eq!(unsafe_rules(&findings), ["two"]);
    }

    #[test]
    fn a_builder_is_made_once_a_job() {
        let made = |rule: &'static str, text: &str, job: &str| {
            let mut finding = finding(rule, text, false);
            finding.fix.edits[0].builders = vec![job.into()];
            finding
        };
        let findings = [
            made("one", "a\nb\nmake\nc\nd\ne\n", "web"),
            made("two", "make\na\nb\nc\nd\ne\n", "web"),
            made("three", "a\nb\nc\nd\nmake\ne\n", "api"),
        ];
        let all = patches(&findings, &[base()], true);
        assert_eq!(all[0].text, "make\na\nb\nc\nd\nmake\ne\n");
        assert_eq!((all[0].fixes.len(), all[0].left.as_slice()), (2, ["one"].as_slice()));
    }
}

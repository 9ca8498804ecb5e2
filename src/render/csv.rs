//! Findings for spreadsheets: a row a finding and build, the costliest first.
//!
//! <https://www.rfc-editor.org/rfc/rfc4180>. A spreadsheet takes a field that begins with `=`, `+`, `-` or `@` for a formula
//! (<https://owasp.org/www-community/attacks/CSV_Injection>), so such a one begins with an apostrophe.

use std::collections::{HashMap, HashSet};

use super::seen::Seen;
use super::{Renderer, Report, Screen, escape, names};
use crate::finding::Finding;
use crate::render::overview::Jobs;

/// `--format csv`.
#[derive(Debug)]
pub struct Csv;

const HEAD: &str = "rule,severity,confidence,build,job,runs,steps,seconds,title,fix,subject,fingerprint";

impl Renderer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        let (seen, jobs, builds) = (Seen::of(report), Jobs::of(report), builds(report));
        let mut out = format!("{HEAD}\n");
        for finding in report.findings.iter().take(report.top.unwrap_or(usize::MAX)) {
            for (at, (build, job)) in places(finding, &seen, &jobs, &builds).iter().enumerate() {
                out.push_str(&row(finding, build, job, at == 0));
            }
        }
        out
    }
}

/// The builds of each log, by the name of their series.
fn builds(report: &Report) -> HashMap<&str, Vec<&str>> {
    let mut builds: HashMap<&str, Vec<&str>> = HashMap::new();
    for series in &report.study.series {
        for at in &series.builds {
            let names = report.study.run_of(*at).map(|run| builds.entry(&run.source).or_default());
            if let Some(names) = names.filter(|names| names.last() != Some(&series.key.as_str())) {
                names.push(&series.key);
            }
        }
    }
    builds
}

/// Each build that a finding concerns, with its job; one place without either where it quotes no log.
fn places(finding: &Finding, seen: &Seen, jobs: &Jobs, builds: &HashMap<&str, Vec<&str>>) -> Vec<(String, String)> {
    let (mut places, mut known) = (Vec::new(), HashSet::new());
    for run in seen.quoted(finding) {
        let job = jobs.name(run);
        for build in builds.get(&*run.source).map_or(&[] as &[&str], Vec::as_slice) {
            if known.insert((*build, job.clone())) {
                places.push(((*build).to_owned(), job.clone()));
            }
        }
    }
    if places.is_empty() {
        places.push(Default::default());
    }
    places
}

/// What a finding cost stands in its first row, so that a column adds up.
fn row(finding: &Finding, build: &str, job: &str, first: bool) -> String {
    let cost = |number: String| if first { number } else { String::new() };
    let fields = [
        finding.rule.to_owned(),
        names::severity(finding.severity).to_owned(),
        names::confidence(finding.confidence).to_owned(),
        field(build),
        field(job),
        cost(finding.impact.runs.to_string()),
        cost(finding.impact.steps.to_string()),
        cost(format!("{:.3}", finding.impact.seconds.max(0.0))),
        field(&finding.title),
        field(&finding.fix.summary),
        field(&finding.subject),
        finding.fingerprint(),
    ];
    fields.join(",") + "\n"
}

fn field(text: &str) -> String {
    let text = escape::line(text);
    let formula = text.trim_start().starts_with(['=', '+', '-', '@']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn a_row_a_finding_and_build() {
        insta::assert_snapshot!(Csv.render(&samples::several(), samples::NARROW));
    }

    #[test]
    fn no_field_is_a_formula() {
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(field("-x,y"), "\"'-x,y\"");
    }
}

//! One finding: its title, and behind it, folded, all the rest.

use crate::finding::{Edit, Evidence, Finding};
use crate::render::escape::markdown::{block, code, code_of_path, html_prose, prose};
use crate::render::{Report, alternatives, escape, names, phrases};

/// Lines of a log that are quoted.
const MOST: usize = 6;
/// Characters of a quoted line.
const WIDEST: usize = 300;
/// Characters of a sentence.
const LONGEST: usize = 2000;

/// All of it.
pub(super) fn full(report: &Report, finding: &Finding, open: bool) -> String {
    let open = if open { " open" } else { "" };
    let parts = [
        labelled("Impact", &phrases::costs(finding.impact)),
        fix(finding),
        labelled("Cause", &prose(&shortened(&finding.cause))),
        seen(finding),
        sure(finding),
    ];
    format!(
        "<details{open}>\n<summary>{}</summary>\n\n{}</details>\n\n",
        title(report, finding),
        parts.concat()
    )
}

/// Its title alone.
pub(super) fn short(report: &Report, finding: &Finding) -> String {
    format!("<p>{}</p>\n\n", title(report, finding))
}

fn title(report: &Report, finding: &Finding) -> String {
    let severity = names::severity(finding.severity);
    format!(
        "<b>{severity}</b> {} <code>{}</code>",
        html_prose(&shortened(&phrases::title(report, finding))),
        finding.rule
    )
}

fn shortened(text: &str) -> String {
    escape::shorten(&escape::line(text), LONGEST)
}

fn labelled(label: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("**{label}**: {text}\n\n") }
}

fn seen(finding: &Finding) -> String {
    let all = finding.evidence.iter().count();
    let lines: String = finding.evidence.iter().take(MOST).map(line).collect();
    let more = if all > MOST { format!("- … and {} more\n", all - MOST) } else { String::new() };
    format!("**Evidence**\n\n{lines}{more}\n")
}

fn line(evidence: &Evidence) -> String {
    let place = code_of_path(&format!("{}:{}", evidence.source, evidence.line));
    let text = code(&escape::shorten(&escape::line(evidence.text.trim()), WIDEST));
    let shows = prose(&shortened(&evidence.shows));
    let shows = if shows.is_empty() { shows } else { format!(": {shows}") };
    format!("- {place} {text}{shows}\n")
}

fn sure(finding: &Finding) -> String {
    let level = labelled("Confidence", names::confidence(finding.confidence));
    let others: String =
        alternatives::kinds(finding).map(|(label, texts)| alternatives_of(label, &texts)).collect();
    level + &others
}

fn alternatives_of(label: &str, texts: &[&str]) -> String {
    let items = texts.iter().map(|text| format!("- {}\n", prose(&shortened(text))));
    format!("{label}:\n\n{}\n", items.collect::<String>())
}

fn fix(finding: &Finding) -> String {
    let fix = &finding.fix;
    let steps = match fix.steps.as_slice() {
        [] => String::new(),
        [only] => format!("{}\n\n", prose(only)),
        steps => {
            let steps =
                steps.iter().zip(1..).map(|(step, number)| format!("{number}. {}\n", prose(step)));
            steps.collect::<String>() + "\n"
        }
    };
    let snippet = fix.to_paste().map(|text| block("", text) + "\n");
    let edits: String = fix.edits.iter().map(edit).collect();
    let cost = labelled("Costs of the fix", &prose(&fix.cost));
    let source =
        phrases::source(finding).map(|page| format!("Source: <{page}>. ")).unwrap_or_default();
    let more = format!("{source}More: `cachediag explain {}`\n\n", finding.rule);
    [labelled("Fix", &prose(&fix.summary)), steps, snippet.unwrap_or_default(), edits, cost, more]
        .concat()
}

fn edit(edit: &Edit) -> String {
    format!("In {}:\n\n{}\n", code_of_path(&edit.path), block("diff", &edit.diff))
}

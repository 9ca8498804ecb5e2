//! How to mend it. Text to paste is never wrapped or cut: it must work as it stands.

use crate::finding::{Edit, Finding, Fix};
use crate::render::escape;
use crate::render::human::{InputFacts, place};
use crate::render::page::{CYAN, DIM, GREEN, INDENT, RED, TextPage, blanks};
use crate::render::phrases;
use crate::render::units::count;

/// Indentation of text to paste.
const PASTE: usize = INDENT + 2;

/// What to do, in a sentence: it stands before all that proves it, for those who read one screen.
pub(super) fn short(page: &TextPage, finding: &Finding) -> Vec<String> {
    page.labelled("fix", &escape::line(finding.fix.summary.trim_end_matches(':')))
}

/// Lines to paste that a first look has room for.
const FEW: usize = 8;

/// What to paste where that is little, or how to get it; not again what another finding has said.
pub(super) fn brief(page: &TextPage, finding: &Finding, input: &InputFacts) -> Vec<String> {
    let fix = &finding.fix;
    let said = |text: &str| page.wrap(&blanks(INDENT), &blanks(INDENT), text);
    if let Some(first) = fix.edits.first() {
        let others = fix.edits.iter().map(|edit| &edit.path).filter(|path| **path != first.path);
        let more = others.collect::<std::collections::BTreeSet<_>>().len();
        let more =
            if more > 0 { format!(" and {}", count(more, "more file")) } else { String::new() };
        let file = escape::path(place::shortest(&first.path, &[]));
        let command = if fix.edits.iter().all(|edit| edit.safe) {
            "cachediag fix"
        } else {
            "cachediag fix --unsafe"
        };
        return said(&match by_hand(fix) {
            Some(other) => format!(
                "`{command}` prints a patch for {file}{more} alone; change {} by hand (--details)",
                escape::path(place::shortest(other, &[]))
            ),
            None => format!("`{command}` prints the patch for {file}{more}"),
        });
    }
    let Some(snippet) =
        fix.snippet.as_ref().filter(|snippet| !fix.summary.contains(snippet.as_str()))
    else {
        return Vec::new();
    };
    if let Some(other) = input.said_before(finding, |other| other.fix.snippet == fix.snippet) {
        return said(&format!("The lines to paste are those of {}.", other.rule));
    }
    if snippet.lines().count() > FEW {
        said("The lines to paste: --details")
    } else {
        paste(snippet)
    }
}

/// The file of which a step says that there is no patch for it.
fn by_hand(fix: &Fix) -> Option<&str> {
    let refused = fix.steps.iter().filter_map(|step| step.strip_prefix("No patch for "));
    let mut files = refused.filter_map(|step| step.split_once(": ")).map(|(file, _)| file);
    files.find(|file| fix.edits.iter().all(|edit| edit.path != *file))
}

/// How to do it.
pub(super) fn full(page: &TextPage, finding: &Finding, input: &InputFacts) -> Vec<String> {
    let fix = &finding.fix;
    let margin = blanks(INDENT);
    let mut lines = Vec::new();
    if let Some(other) = input
        .said_before(finding, |other| other.fix.steps == fix.steps && other.fix.edits == fix.edits)
    {
        lines.extend(page.wrap(&margin, &margin, &format!("As for {} above.", other.rule)));
    } else {
        lines.extend(steps(page, fix));
        lines.extend(fix.edits.iter().flat_map(|edit| diff(page, edit)));
    }
    if let Some(snippet) = fix.to_paste() {
        match input.said_before(finding, |other| other.fix.snippet == fix.snippet) {
            Some(other) => {
                lines.extend(page.wrap(
                    &margin,
                    &margin,
                    &format!("The lines to paste are those of {}.", other.rule),
                ));
            }
            None => lines.extend(paste(snippet)),
        }
    }
    if !fix.cost.is_empty() {
        let costs = format!("Costs: {}.", escape::line(fix.cost.trim_end_matches('.')));
        lines.extend(page.wrap(&margin, &margin, &costs));
    }
    // Not wrapped: they must work as they stand.
    lines.push(format!("{margin}More: cachediag explain {}", finding.rule));
    lines.extend(
        phrases::source(finding)
            .map(|address| page.paint(DIM, &format!("{margin}Source: {address}"))),
    );
    page.with_label("how to fix", lines)
}

fn steps(page: &TextPage, fix: &Fix) -> Vec<String> {
    let margin = blanks(INDENT);
    if let [only] = fix.steps.as_slice() {
        return page.wrap(&margin, &margin, &escape::line(only));
    }
    let numbered = fix.steps.iter().zip(1..).flat_map(|(step, number)| {
        page.wrap(&format!("{margin}{number}. "), &format!("{margin}   "), &escape::line(step))
    });
    numbered.collect()
}

fn paste(snippet: &str) -> Vec<String> {
    escape::lines(snippet).iter().map(|line| indented(line)).collect()
}

fn diff(page: &TextPage, edit: &Edit) -> Vec<String> {
    let heading = format!("{}in {}:", blanks(INDENT), escape::path(&edit.path));
    let lines = escape::lines(&edit.diff);
    let colored = lines.iter().map(|line| match line.chars().next() {
        Some('+') => page.paint(GREEN, &indented(line)),
        Some('-') => page.paint(RED, &indented(line)),
        Some('@') => page.paint(CYAN, &indented(line)),
        _ => indented(line),
    });
    std::iter::once(page.paint(DIM, &escape::cut(&heading, page.width))).chain(colored).collect()
}

fn indented(line: &str) -> String {
    if line.is_empty() { String::new() } else { blanks(PASTE) + line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Splice;

    #[test]
    fn a_patch_of_one_file_may_leave_the_other_to_the_reader() {
        let fix = |refused: &str| Fix {
            steps: vec!["Do.".to_owned(), format!("No patch for {refused}: it is not certain.")],
            edits: vec![Edit {
                path: ".dockerignore".into(),
                diff: String::new(),
                change: Splice { range: 0..0, text: String::new() },
                safe: false,
                builders: Vec::new(),
            }],
            ..Fix::default()
        };
        assert_eq!(by_hand(&fix("Dockerfile")), Some("Dockerfile"));
        assert_eq!(by_hand(&fix(".dockerignore")), None);
    }
}

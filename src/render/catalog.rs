//! What the rules are: the list of them, and the page of one.
//!
//! Made from [`RuleMeta`] only, so that no rule is documented twice.

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::page::{BOLD, TextPage, blanks, style_of};
use super::{Screen, escape, json, names};
use crate::rules::RuleMeta;

/// All rules, one line each, in their groups.
#[must_use]
pub fn rules(metas: &[&RuleMeta], screen: Screen) -> String {
    let page = TextPage::new(screen);
    let width = metas.iter().map(|meta| meta.id.width()).max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut group = "";
    for meta in metas {
        if meta.group != group {
            group = meta.group;
            // An empty line between groups, none before the first.
            lines.extend((!lines.is_empty()).then(String::new));
            lines.push(page.paint(BOLD, group));
        }
        lines.extend(entry(&page, meta, width));
    }
    lines.push(String::new());
    lines.push("Read about one: cachediag explain RULE".to_owned());
    page.print(&lines)
}

/// The same for machines.
#[must_use]
pub fn rules_json(metas: &[&RuleMeta]) -> String {
    json::to_string(&List {
        schema_version: 1,
        rules: metas.iter().map(|meta| wire(meta)).collect(),
    })
}

/// One rule for machines: the fields of an element of `rules --format json`.
#[must_use]
pub fn explain_json(meta: &RuleMeta) -> String {
    json::to_string(&One { schema_version: 1, rule: wire(meta) })
}

/// The page of one rule, in fixed sections.
#[must_use]
pub fn explain(meta: &RuleMeta, screen: Screen) -> String {
    let page = TextPage::new(screen);
    let severity = names::severity(meta.severity);
    let name = format!("{severity}[{}]", meta.id);
    let mut lines = vec![page.paint(style_of(meta.severity), &name)];
    lines.extend(page.wrap("", "", meta.title).iter().map(|line| page.paint(BOLD, line)));
    let prose = |text: &str| {
        text.lines().flat_map(|line| page.wrap("  ", "  ", line.trim())).collect::<Vec<_>>()
    };
    // Addresses are not wrapped: they would no longer work.
    let references = meta.references.iter().map(|reference| format!("  {reference}")).collect();
    let sections = [
        ("What it does", prose(meta.what)),
        ("Why it is bad", prose(meta.why)),
        ("Example", example(&page, meta.example)),
        ("How to fix", prose(meta.fix)),
        ("What else looks like it", prose(meta.rules_out)),
        ("Limits", prose(meta.limits)),
        ("References", references),
    ];
    for (title, body) in sections.into_iter().filter(|(_, body)| !body.is_empty()) {
        lines.extend([String::new(), page.paint(BOLD, title)]);
        lines.extend(body);
    }
    lines.push(String::new());
    lines.extend(page.wrap(
        "",
        "  ",
        &format!("Since version {}, in the group \"{}\".", meta.since, meta.group),
    ));
    page.print(&lines)
}

/// Quoted lines as they stand in the log; below them what they show, last what is reported.
fn example(page: &TextPage, text: &str) -> Vec<String> {
    let line = |line: &str| match line.trim_start().split_at_checked(2) {
        Some(("^ ", shows)) => page.wrap("      ^ ", "        ", shows),
        Some(("= ", title)) => page.wrap("  reported as: ", "  ", title),
        _ => page.wrap("  ", "      ", &escape::line(line)),
    };
    text.lines().flat_map(line).collect()
}

/// The least width of a column of prose.
const READABLE: usize = 30;

fn entry(page: &TextPage, meta: &RuleMeta, width: usize) -> Vec<String> {
    let severity = names::severity(meta.severity);
    let gap = blanks(width.saturating_sub(meta.id.width()) + 2);
    let start = format!("  {severity:<9}{}{gap}", meta.id);
    // On a narrow page the title stands below the id.
    let mut lines = if start.width() + READABLE <= page.width {
        page.wrap(&start, &blanks(start.width()), meta.title)
    } else {
        let below = blanks(11);
        std::iter::once(start.trim_end().to_owned())
            .chain(page.wrap(&below, &below, meta.title))
            .collect()
    };
    if let Some(first) = lines.first_mut() {
        *first = first.replacen(severity, &page.paint(style_of(meta.severity), severity), 1);
    }
    lines
}

#[derive(Serialize)]
struct List {
    schema_version: u32,
    rules: Vec<Entry>,
}

#[derive(Serialize)]
struct One {
    schema_version: u32,
    #[serde(flatten)]
    rule: Entry,
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
    group: &'static str,
    severity: &'static str,
    what: &'static str,
    why: &'static str,
    fix: &'static str,
    rules_out: &'static str,
    limits: &'static str,
    example: &'static str,
    references: &'static [&'static str],
    since: &'static str,
}

fn wire(meta: &RuleMeta) -> Entry {
    Entry {
        id: meta.id,
        title: meta.title,
        group: meta.group,
        severity: names::severity(meta.severity),
        what: meta.what,
        why: meta.why,
        fix: meta.fix,
        rules_out: meta.rules_out,
        limits: meta.limits,
        example: meta.example,
        references: meta.references,
        since: meta.since,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::render::samples;
    use crate::rules::RULES;

    static FIRST: RuleMeta = RuleMeta {
        id: "cache-export-too-large",
        title: "the registry refuses the cache because it is too large, so the next run finds none",
        group: "The cache backend refuses",
        severity: Severity::Error,
        what: "Looks for an export that ends with a refusal by size, and quotes the limit where \
            the registry says it.",
        why: "Nothing is stored.",
        fix: "Store less:\nuse mode=min, or drop a stage.",
        rules_out: "A full disk.",
        limits: "The limit is not in the log.",
        example: "run-02.log:12  #9 ERROR: error writing layer blob: 413 Request Entity Too Large \
            and more of this line\n    ^ refused\n= the layer is too large for the registry",
        references: &[
            "https://docs.docker.com/build/cache/backends/registry/a/very/long/address/that/does/not/fit",
        ],
        since: "0.1.0",
    };
    static SECOND: RuleMeta = RuleMeta {
        id: "alternating-hits",
        title: "hits only every second run",
        group: "Hits only every second run",
        severity: Severity::Warning,
        ..FIRST
    };

    #[test]
    fn lists_and_explains() {
        insta::assert_snapshot!("rules", rules(&[&FIRST, &SECOND], samples::NARROW));
        insta::assert_snapshot!("rules_json", rules_json(&[&FIRST, &SECOND]));
        insta::assert_snapshot!("explain", explain(&FIRST, samples::NARROW));
        insta::assert_snapshot!("explain_json", explain_json(&FIRST));
    }

    #[test]
    fn every_rule_fits_the_screen() {
        let metas: Vec<_> = RULES.iter().map(|rule| rule.meta()).collect();
        let pages = metas
            .iter()
            .map(|meta| explain(meta, samples::NARROW))
            .chain([rules(&metas, samples::NARROW)]);
        for line in pages.collect::<String>().lines().filter(|line| !line.contains("://")) {
            assert!(line.width() <= 80, "{line}");
        }
    }
}

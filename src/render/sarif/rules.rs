//! All rules, whether they found something or not.

use super::message;
use super::wire::{Configuration, Help, Rule, RuleProperties};
use crate::finding::Severity;
use crate::render::names;
use crate::rules::{RULES, RuleMeta};

pub(super) fn all() -> Vec<Rule> {
    RULES.iter().map(|rule| wire(rule.meta())).collect()
}

fn wire(meta: &RuleMeta) -> Rule {
    Rule {
        id: meta.id,
        short_description: message(meta.title),
        full_description: message(meta.what),
        default_configuration: Configuration { level: names::severity(meta.severity) },
        help_uri: meta
            .references
            .iter()
            .find(|reference| reference.starts_with("https://"))
            .copied(),
        help: help(meta),
        properties: RuleProperties { tags: ["docker", "cache"], severity: severity(meta.severity) },
    }
}

/// The page of the rule, as `cachediag explain` shows it.
fn help(meta: &RuleMeta) -> Help {
    Help { text: page(meta, ""), markdown: page(meta, "**") }
}

/// Its titles stand between these signs.
fn page(meta: &RuleMeta, bold: &str) -> String {
    let sections = [
        ("What it does", meta.what),
        ("Why it is bad", meta.why),
        ("How to fix", meta.fix),
        ("What else looks like it", meta.rules_out),
    ];
    let sections =
        sections.iter().map(|(title, text)| format!("{bold}{title}{bold}\n\n{text}\n\n"));
    let references = meta.references.iter().map(|reference| format!("- {reference}\n"));
    sections.chain([format!("{bold}References{bold}\n\n")]).chain(references).collect()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "recommendation",
    }
}

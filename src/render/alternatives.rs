//! Other explanations of a finding, told by how they stand.

use crate::finding::{Alternative, Finding, Standing};

/// What stands in front of each kind.
pub(super) fn label(standing: Standing) -> &'static str {
    match standing {
        Standing::RuledOut => "Ruled out",
        Standing::NotRuledOut => "Not ruled out",
        Standing::ToDecide => "To decide",
    }
}

/// Each kind that there is, in order.
pub(super) fn kinds(finding: &Finding) -> impl Iterator<Item = (&'static str, Vec<&str>)> {
    let kinds = [Standing::RuledOut, Standing::NotRuledOut, Standing::ToDecide];
    let labelled = kinds.into_iter().map(|standing| (label(standing), texts(finding, standing)));
    labelled.filter(|(_, texts)| !texts.is_empty())
}

fn texts(finding: &Finding, standing: Standing) -> Vec<&str> {
    finding
        .rules_out
        .iter()
        .filter(|each| each.standing == standing)
        .map(|each| each.text.as_str())
        .collect()
}

/// One of a list that mixes all kinds: `base image changed (same digest)`, `not ruled out: …`,
/// `to decide: …`.
pub(super) fn sentence(of: &Alternative) -> String {
    match of.standing {
        Standing::RuledOut => of.text.clone(),
        Standing::NotRuledOut => format!("not ruled out: {}", of.text),
        Standing::ToDecide => format!("to decide: {}", of.text),
    }
}

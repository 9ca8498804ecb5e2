//! `cachediag rules` and `cachediag explain`.

use std::process::ExitCode;

use anyhow::Context;

use super::args::{ExplainArgs, ListFormat, Look, RulesArgs};
use super::screen;
use crate::render;
use crate::rules::{self, RULES};

pub(super) fn list(args: &RulesArgs, look: Look) -> anyhow::Result<ExitCode> {
    let metas: Vec<_> = RULES.iter().map(|rule| rule.meta()).collect();
    let screen = screen::of_stdout(look);
    let text = match args.format {
        ListFormat::Human => render::rules(&metas, screen),
        ListFormat::Json => render::rules_json(&metas),
    };
    screen::print(&text, screen)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn explain(args: &ExplainArgs, look: Look) -> anyhow::Result<ExitCode> {
    let screen = screen::of_stdout(look);
    let Some(rule) = &args.rule else {
        let text = match args.format {
            ListFormat::Human => render::explain_evidence(screen),
            ListFormat::Json => render::explain_evidence_json(),
        };
        screen::print(&text, screen)?;
        return Ok(ExitCode::SUCCESS);
    };
    let rule = rules::by_id(rule.as_str()).context("no such rule")?;
    let text = match args.format {
        ListFormat::Human => render::explain(rule.meta(), screen),
        ListFormat::Json => render::explain_json(rule.meta()),
    };
    screen::print(&text, screen)?;
    Ok(ExitCode::SUCCESS)
}

//! The tools: what each takes, and what it answers.

use std::path::PathBuf;
use std::sync::Arc;

use rmcp::model::{Tool as Declared, ToolAnnotations};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::bounded::bounded;
use crate::cli::args::RuleId;
use crate::cli::screen;
use crate::cli::settings::{Project, Scope, Settings};
use crate::pipeline::{self, Options};
use crate::render::redact::{self, redact};
use crate::render::{self, Json, Renderer, Report};
use crate::rules::RULES;
use crate::source::Entry;
use crate::triage;

/// What a call answers: JSON, and a sentence on what it lacks.
pub(super) struct ToolAnswer {
    pub(super) json: String,
    pub(super) left_out: Option<String>,
}

/// One tool. An error is for the agent to read.
pub(super) struct AgentTool {
    pub(super) name: &'static str,
    title: &'static str,
    description: &'static str,
    /// The properties of its arguments.
    takes: fn() -> Value,
    required: &'static [&'static str],
    pub(super) call: fn(Value) -> Result<ToolAnswer, String>,
}

pub(super) static TOOLS: &[AgentTool] = &[
    AgentTool {
        name: "diagnose",
        title: "Diagnose Docker build logs",
        description: "Reads logs of Docker builds and says why their cache did not help: verdict, \
            and findings with cause, quoted lines, fix and confidence, the costliest first. Give \
            several runs of one job where you can: one run rarely shows why a cache fails. \
            Configuration alone can be judged too.",
        takes: of_logs,
        required: &[],
        call: diagnose,
    },
    AgentTool {
        name: "explain",
        title: "Explain a rule",
        description: "Says what a rule looks for, why that is bad, how to fix it, what it may be \
            mistaken for, and its sources.",
        takes: || {
            json!({ "rule": { "type": "string", "description": "Id of the rule, as in a \
            finding" } })
        },
        required: &["rule"],
        call: explain,
    },
    AgentTool {
        name: "fix",
        title: "Make patches",
        description: "Answers with patches (unified diffs for git apply) of the configuration for \
            all findings. Writes nothing. Secrets in the lines of a patch are masked: such a patch \
            is marked and does not apply.",
        takes: of_fix,
        required: &[],
        call: fix,
    },
    AgentTool {
        name: "compare",
        title: "Compare before and after",
        description: "Compares logs from before and after a change: whether it helped, and which \
            findings are gone, new or still there.",
        takes: || {
            json!({ "before": paths("Logs or folders from before the change"), "after": paths("Logs \
                or folders from after it") })
        },
        required: &["before", "after"],
        call: compare,
    },
];

impl AgentTool {
    /// As the protocol lists it.
    pub(super) fn declared(&self) -> Declared {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), (self.takes)());
        schema.insert("required".to_owned(), json!(self.required));
        schema.insert("additionalProperties".to_owned(), json!(false));
        let reads_only = ToolAnnotations::new().read_only(true).idempotent(true).open_world(false);
        Declared::new(self.name, self.description, Arc::new(schema))
            .with_title(self.title)
            .annotate(reads_only)
    }
}

fn paths(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": description })
}

fn of_logs() -> Value {
    json!({
        "paths": paths("Logs, folders or archives on this machine"),
        "log": { "type": "string", "description": "Text of one log, instead of paths" },
        "config": paths("Dockerfiles, files of CI or build, or folders of them, to correlate with \
            or to judge alone"),
    })
}

fn of_fix() -> Value {
    let all = json!({ "type": "boolean", "description": "Also changes that can change the image or \
        the builder" });
    let mut takes = of_logs();
    if let Some(takes) = takes.as_object_mut() {
        takes.insert("unsafe".to_owned(), all);
    }
    takes
}

/// What is to be read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogsAsked {
    #[serde(default)]
    paths: Vec<PathBuf>,
    log: Option<String>,
    #[serde(default)]
    config: Vec<PathBuf>,
    #[serde(default)]
    r#unsafe: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    rule: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compared {
    before: Vec<PathBuf>,
    after: Vec<PathBuf>,
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("wrong arguments: {error}"))
}

fn diagnose(arguments: Value) -> Result<ToolAnswer, String> {
    let report = report(read(arguments)?)?;
    let (json, left_out) = bounded(Json.render(&report, screen::FILE));
    Ok(ToolAnswer { json, left_out })
}

fn explain(arguments: Value) -> Result<ToolAnswer, String> {
    let Named { rule } = read(arguments)?;
    let id: RuleId = rule.parse().map_err(|hint| format!("{rule}: {hint}"))?;
    let rule = RULES.iter().find(|rule| rule.meta().id == id.as_str()).ok_or("no such rule")?;
    Ok(ToolAnswer { json: render::explain_json(rule.meta()), left_out: None })
}

fn fix(arguments: Value) -> Result<ToolAnswer, String> {
    let input: LogsAsked = read(arguments)?;
    let with_unsafe = input.r#unsafe;
    let report = report(input)?;
    let patches = triage::patches(&report.findings, &report.study.configs, with_unsafe);
    let patches = patches.iter().map(|patch| {
        let diff = redact(&patch.diff);
        let rules: Vec<&str> = patch.fixes.iter().map(|(rule, _)| *rule).collect();
        let (path, masked) = (redact::name(&patch.path), diff != patch.diff);
        json!({ "path": path, "diff": diff, "rules": rules, "masked": masked })
    });
    let held = if with_unsafe { Vec::new() } else { triage::unsafe_rules(&report.findings) };
    let without = report
        .findings
        .iter()
        .filter(|finding| finding.fix.edits.is_empty())
        .map(|finding| finding.rule);
    let said = json!({
        "patches": patches.collect::<Vec<_>>(),
        "needs_unsafe": held,
        "without_patch": without.collect::<Vec<_>>(),
    });
    Ok(ToolAnswer { json: said.to_string(), left_out: None })
}

fn compare(arguments: Value) -> Result<ToolAnswer, String> {
    let Compared { before, after } = read(arguments)?;
    let project = project(&[])?;
    let judged = |paths: &[PathBuf]| -> Result<Report, String> {
        let report = pipeline::run(&project.options(&named(paths)?));
        if report.study.runs.is_empty() { Err(unread(&report)) } else { Ok(report) }
    };
    let (before, after) = (judged(&before)?, judged(&after)?);
    let comparison =
        triage::compare((&before.study, &before.findings), (&after.study, &after.findings));
    Ok(ToolAnswer { json: render::comparison_json(&comparison), left_out: None })
}

fn project(config: &[PathBuf]) -> Result<Project, String> {
    let config = (!config.is_empty()).then_some(config);
    Project::load(&Settings::of_config(config), &Scope::default())
        .map_err(|error| format!("{error:#}"))
}

/// Standard input is the connection: no path may stand for it.
fn named(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    if paths.is_empty()
        || paths.iter().any(|path| path.as_os_str() == "-" || path.as_os_str().is_empty())
    {
        return Err("give the paths of logs".to_owned());
    }
    Ok(paths.to_vec())
}

fn report(input: LogsAsked) -> Result<Report, String> {
    let project = project(&input.config)?;
    let logs = input.log.is_some() || !input.paths.is_empty();
    let report = match (input.log, input.paths.is_empty()) {
        (Some(_), false) => return Err("give either paths or log".to_owned()),
        (Some(log), true) => {
            pipeline::run_on(Entry::in_memory("log", log.into_bytes()), &project.options(&[]))
        }
        (None, false) => pipeline::run(&project.options(&named(&input.paths)?)),
        (None, true) if input.config.is_empty() => {
            return Err("give paths, log or config".to_owned());
        }
        (None, true) => {
            pipeline::run(&Options { configuration_only: true, ..project.options(&[]) })
        }
    };
    // Configuration that lies near does not stand for the logs that were asked for.
    let nothing = report.study.runs.is_empty() && (logs || report.study.configs.is_empty());
    if nothing && !report.problems.is_empty() { Err(unread(&report)) } else { Ok(report) }
}

fn unread(report: &Report) -> String {
    let said: Vec<String> = report.problems.iter().take(10).map(render::problem_line).collect();
    format!("no log could be read. {}", said.join("; "))
}

//! The structs of the wire format. Fields are only ever added; a removed or renamed one is a new version.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

/// Text of a log, without secrets.
pub(super) type Text<'a> = Cow<'a, str>;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub schema_version: u32,
    pub tool: Tool,
    pub runs: Vec<Run<'a>>,
    pub series: Vec<Series<'a>>,
    pub findings: Vec<Finding<'a>>,
    pub problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
pub(super) struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub name: Text<'a>,
}

#[derive(Serialize)]
pub(super) struct Run<'a> {
    pub source: Source<'a>,
    pub label: Text<'a>,
    pub ci: &'static str,
    pub job: Option<Text<'a>>,
    pub branch: Option<Text<'a>>,
    pub commit: Option<Text<'a>>,
    pub started: Option<String>,
    pub lines: u64,
    /// Written already: builds are many, and written side by side.
    pub builds: Vec<Box<RawValue>>,
    pub ci_caches: Vec<CiCache<'a>>,
}

#[derive(Serialize)]
pub(super) struct Build<'a> {
    pub id: String,
    pub dialect: &'static str,
    pub outcome: &'static str,
    pub engine: &'static str,
    pub driver: Option<Text<'a>>,
    pub target: Option<Text<'a>>,
    pub line: u64,
    pub steps: Vec<Step<'a>>,
    pub imports: Vec<Transfer<'a>>,
    pub exports: Vec<Transfer<'a>>,
    pub breaks: Vec<Break<'a>>,
    pub hits: usize,
    pub total: usize,
}

#[derive(Serialize)]
pub(super) struct Break<'a> {
    pub step: Text<'a>,
    pub because: &'static str,
    pub confidence: &'static str,
}

#[derive(Serialize)]
pub(super) struct Step<'a> {
    pub name: Text<'a>,
    pub stage: Text<'a>,
    pub platform: Text<'a>,
    pub instruction: Text<'a>,
    pub outcome: &'static str,
    pub counts: bool,
    pub seconds: Option<f64>,
    pub line: u64,
}

#[derive(Serialize)]
pub(super) struct Transfer<'a> {
    pub reference: Option<Text<'a>>,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub outcome: &'static str,
    pub error: Option<Text<'a>>,
    pub line: u64,
    pub seconds: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct CiCache<'a> {
    pub name: Text<'a>,
    pub operation: &'static str,
    pub outcome: &'static str,
    pub line: u64,
    pub message: Text<'a>,
}

#[derive(Serialize)]
pub(super) struct Series<'a> {
    pub key: Text<'a>,
    pub builds: Vec<&'a str>,
    pub hits: Vec<usize>,
    pub totals: Vec<usize>,
    pub seconds: Vec<f64>,
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    pub rule: &'static str,
    pub severity: &'static str,
    pub confidence: &'static str,
    pub title: Text<'a>,
    pub cause: Text<'a>,
    pub evidence: Vec<Evidence<'a>>,
    pub fix: Fix<'a>,
    pub impact: Impact,
    pub rules_out: Vec<Text<'a>>,
    pub subject: Text<'a>,
    pub fingerprint: String,
}

#[derive(Serialize)]
pub(super) struct Evidence<'a> {
    pub source: Text<'a>,
    pub line: u64,
    pub text: Text<'a>,
    pub shows: Text<'a>,
}

#[derive(Serialize)]
pub(super) struct Fix<'a> {
    pub summary: Text<'a>,
    pub steps: Vec<Text<'a>>,
    pub snippet: Option<Text<'a>>,
    pub edits: Vec<Edit<'a>>,
    pub cost: Text<'a>,
}

#[derive(Serialize)]
pub(super) struct Edit<'a> {
    pub path: Text<'a>,
    pub diff: Text<'a>,
}

#[derive(Serialize)]
pub(super) struct Impact {
    pub steps: usize,
    pub seconds: f64,
    pub runs: usize,
}

#[derive(Serialize)]
pub(super) struct Problem<'a> {
    pub source: Text<'a>,
    pub line: Option<u64>,
    pub message: Text<'a>,
}

//! Every format, on the sample logs: as reviewed, and as those who read it want it.

use std::fs;

use cachediag::finding::Finding;
use cachediag::pipeline::{self, Options};
use cachediag::render::{GoneFinding, News, RENDERERS, Report, Screen};
use serde_json::Value;
use uppsala::XsdValidator;

const SCREEN: Screen = Screen { width: 100, color: false, ascii: false };

fn read(path: &str) -> Report {
    pipeline::run(&Options { paths: vec![path.into()], ..Options::default() })
}

/// Findings, the same with what is new of them and what is gone, no findings, nothing read.
fn reports() -> [Report; 4] {
    let mut remembered = read("sample-logs");
    let new = remembered.findings.iter().take(1).map(Finding::fingerprint).collect();
    let gone = vec![GoneFinding {
        rule: "cache-lost".to_owned(),
        title: "the cache of \u{1}a & <b> is lost".to_owned(),
    }];
    remembered.news = Some(News { runs: 3, new, gone });
    [
        read("sample-logs"),
        remembered,
        read("sample-logs/registry-mode-max-healthy"),
        read("no/such/log"),
    ]
}

fn print(format: &str, report: &Report) -> String {
    RENDERERS.iter().find(|renderer| renderer.name() == format).unwrap().render(report, SCREEN)
}

fn json(format: &str, report: &Report) -> Value {
    serde_json::from_str(&print(format, report)).unwrap()
}

fn assert_valid(format: &str, schema: &str) {
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    // `[a-zA-Z]{2}]?`: a bracket too many in the published schema of SARIF. We write no such
    // property.
    for part in ["run", "toolComponent"] {
        if let Some(language) =
            schema.pointer_mut(&format!("/definitions/{part}/properties/language"))
        {
            language.as_object_mut().unwrap().remove("pattern");
        }
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for report in reports() {
        let value = json(format, &report);
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{format}: {errors:#?}");
    }
}

#[test]
fn json_follows_its_schema() {
    assert_valid("json", "schema/report-v1.schema.json");
}

#[test]
fn ndjson_is_the_list_of_findings_and_the_verdict() {
    for report in reports() {
        let mut lines: Vec<Value> = print("ndjson", &report)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let (end, all) = (lines.pop().unwrap(), json("json", &report));
        assert_eq!(end["end"], "report");
        assert_eq!((&end["verdict"], &end["wanted"]), (&all["verdict"], &all["wanted"]));
        assert_eq!(Value::from(lines), all["findings"]);
    }
}

/// One build alone: a step ran, and nothing says why. No format calls that well.
#[test]
fn no_format_praises_what_it_cannot_judge() {
    let report = read("sample-logs/registry-mode-max-healthy/run-01.log");
    let all = json("json", &report);
    assert_eq!(
        (&all["verdict"], &all["findings"]),
        (&"too-little-to-tell".into(), &Value::Array(Vec::new()))
    );
    for renderer in RENDERERS {
        let text = renderer.render(&report, SCREEN);
        assert!(!text.contains("No cache trouble found"), "{}: {text}", renderer.name());
        // These two are lists of what is wrong, and nothing else.
        assert!(
            matches!(renderer.name(), "gitlab" | "csv")
                || text.to_lowercase().replace('-', " ").contains("too little to tell")
        );
    }
    assert_eq!(json("sarif", &report)["runs"][0]["properties"]["verdict"], "too-little-to-tell");
    assert_eq!(json("bitbucket", &report)["report"]["result"], Value::Null);
    assert!(print("junit", &report).contains("<skipped message=\"Too little to tell"));
}

#[test]
fn sarif_follows_the_standard() {
    assert_valid("sarif", "tests/schemas/sarif-2.1.0.schema.json");
}

#[test]
fn sarif_lists_every_rule_it_names() {
    let log = json("sarif", &read("sample-logs"));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), cachediag::rules::RULES.len());
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().all(|result| rules.iter().any(|rule| rule["id"] == result["ruleId"])));
    // The configuration that is to blame is in a sample: that is where its finding is shown.
    let uri = |result: &Value| {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone()
    };
    let shared =
        results.iter().find(|result| result["ruleId"] == "parallel-steps-share-cache").unwrap();
    assert!(uri(shared).as_str().unwrap().ends_with("bitbucket-pipelines.yml"));
    assert!(
        !shared["fixes"][0]["artifactChanges"][0]["replacements"].as_array().unwrap().is_empty()
    );
}

#[test]
fn gitlab_follows_its_documentation() {
    assert_valid("gitlab", "tests/schemas/gitlab-code-quality.schema.json");
}

#[test]
fn bitbucket_follows_its_documentation() {
    assert_valid("bitbucket", "tests/schemas/bitbucket-insights.schema.json");
}

#[test]
fn junit_follows_the_schema_of_jenkins() {
    let schema = uppsala::parse(include_str!("../schemas/junit-10.xsd")).unwrap();
    let validator = XsdValidator::from_schema(&schema).unwrap();
    let errors = |xml: &str| validator.validate(&uppsala::parse(xml).unwrap());
    for report in reports() {
        let found = errors(&print("junit", &report));
        assert!(found.is_empty(), "{found:?}");
    }
    assert!(
        !errors("<testsuites><testsuite name=\"x\"/></testsuites>").is_empty(),
        "the validator validates"
    );
}

#[test]
fn sample_logs_are_as_reviewed() {
    let report = read("sample-logs");
    for renderer in RENDERERS {
        let text = tidy(&renderer.render(&report, SCREEN));
        let text = if renderer.name() == "html" { page(&text) } else { text };
        insta::assert_snapshot!(format!("sample-logs.{}", renderer.name()), text);
    }
}

/// The page without style and script, which are files of their own, and their hashes; an element a
/// line.
fn page(text: &str) -> String {
    let (before, rest) = text.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (rest, script) = rest.rsplit_once("<script>").unwrap();
    let (_, after) = script.split_once("</script>").unwrap();
    let (before, policy) = before.split_once("'sha256-").unwrap();
    let (_, policy) = policy.rsplit_once('\'').unwrap();
    format!("{before}…{policy}<style>…</style>{rest}<script>…</script>{after}")
        .replace("><", ">\n<")
}

/// Without what changes with every rule that is added.
fn tidy(text: &str) -> String {
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    match (text.split_once("\"rules\":["), text.rsplit_once("]}},\"invocations\"")) {
        (Some((before, _)), Some((_, after))) => {
            format!("{before}\"rules\":[…]}}}},\"invocations\"{after}")
        }
        _ => text,
    }
}

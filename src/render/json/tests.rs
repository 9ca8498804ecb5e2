//! The JSON report is the contract, and its schema, made of its structs, says so.
//! `UPDATE_DOCS=1 cargo test --lib json::tests` writes the schema anew.

use std::fs;

use schemars::generate::SchemaSettings;

use super::*;
use crate::render::samples;

fn parse(report: &Report) -> serde_json::Value {
    serde_json::from_str(&Json.render(report, samples::NARROW)).unwrap()
}

#[test]
fn prints_the_contract() {
    let text = Json.render(&samples::multi_stage(), samples::NARROW);
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn prints_every_list_of_an_empty_report() {
    let value = parse(&Report::default());
    for list in ["runs", "series", "findings", "problems"] {
        assert_eq!(value[list], serde_json::json!([]), "{list}");
    }
}

#[test]
fn keeps_hostile_text_inside_its_string() {
    let text = Json.render(&samples::hostile(), samples::NARROW);
    assert!(!text.contains(|c| c != '\n' && crate::render::escape::must_show(c)));
    assert!(!text.contains("##[") && !text.contains("hunter2"));
    let value = parse(&samples::hostile());
    assert!(value["findings"][0]["evidence"][0]["text"].as_str().unwrap().contains("\u{1b}[2J"));
}

#[test]
fn names_builds_uniquely_although_labels_repeat() {
    let value = parse(&samples::same_labels());
    let ids: Vec<_> =
        value["runs"].as_array().unwrap().iter().map(|r| r["builds"][0]["id"].clone()).collect();
    assert_eq!(ids, ["build#1", "build#2"]);
    assert_eq!(value["series"][0]["builds"], serde_json::json!(ids));
}

const FILE: &str = "schema/report-v1.schema.json";

fn generated() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = generator.into_root_schema_for::<wire::Report<'static>>();
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn the_committed_schema_is_the_one_of_the_structs() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(FILE, generated()).unwrap();
    }
    assert!(
        fs::read_to_string(FILE).unwrap() == generated(),
        "run: UPDATE_DOCS=1 cargo test --lib json::tests"
    );
}

#[test]
fn reports_are_valid() {
    let schema = jsonschema::validator_for(&serde_json::from_str(&generated()).unwrap()).unwrap();
    for report in [
        samples::several(),
        samples::hostile(),
        samples::healthy(),
        samples::many(),
        samples::decided(),
        samples::remembered(),
        Report::default(),
    ] {
        let json = serde_json::from_str(&Json.render(&report, samples::NARROW)).unwrap();
        let errors: Vec<_> =
            schema.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    assert!(!schema.is_valid(&serde_json::json!({"schema_version": 2})));
}

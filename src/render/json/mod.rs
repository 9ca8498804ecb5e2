//! The report as JSON, version 1 (DESIGN §3).
//!
//! The wire format has structs of its own: a change of the model must not change it unseen.

mod convert;
mod layout;
mod wire;

pub(crate) use layout::to_string;

use super::{BuildIds, Renderer, Report, Screen};

/// `--format json`.
#[derive(Debug)]
pub struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        to_string(&convert::report(report, &BuildIds::new(&report.study.runs)))
    }
}

#[cfg(test)]
mod tests {
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
        assert!(!text.contains(|c| c != '\n' && super::super::escape::must_show(c)));
        assert!(!text.contains("##[") && !text.contains("hunter2"));
        let value = parse(&samples::hostile());
        assert!(value["findings"][0]["evidence"][0]["text"].as_str().unwrap().contains("\u{1b}[2J"));
    }

    #[test]
    fn names_builds_uniquely_although_labels_repeat() {
        let value = parse(&samples::same_labels());
        let ids: Vec<_> = value["runs"].as_array().unwrap().iter().map(|r| r["builds"][0]["id"].clone()).collect();
        assert_eq!(ids, ["build#1", "build#2"]);
        assert_eq!(value["series"][0]["builds"], serde_json::json!(ids));
    }
}

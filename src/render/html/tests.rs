//! What the page holds; how it behaves is tested in a browser, `tests/it/page/`.

use super::*;
use crate::render::samples;

/// The data in the page as the script reads it, a series and a finding on a line.
fn data_of(report: &Report) -> String {
    let page = Html.render(report, samples::NARROW);
    let (_, rest) = page.split_once(r#"<script id="data" type="application/json">"#).unwrap();
    let data: serde_json::Value =
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    crate::render::json::to_string(&data)
}

#[test]
fn data_of_a_rich_report() {
    insta::assert_snapshot!(data_of(&samples::several()));
}

#[test]
fn data_of_an_empty_report() {
    insta::assert_snapshot!(data_of(&Report::default()));
}

#[test]
fn hostile_text_stays_text() {
    let mut report = samples::hostile();
    report.study.series[0].key = "</script><script>bad()</script><!-- <b>".to_owned();
    let page = Html.render(&report, samples::NARROW);
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<!--") && !page.contains("hunter2") && !page.contains("##["));
    assert!(!page.contains(|c| c != '\n' && crate::render::escape::must_show(c)));
}

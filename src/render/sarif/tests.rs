//! What a viewer would do with the log.

use super::fixes::replacements;
use super::results::uri;
use super::*;
use crate::render::samples;

/// Carries replacements out as an editor does.
fn applied(old: &str, new: &str) -> String {
    let at = |line: usize, column: usize| {
        let start: usize = old.split_inclusive('\n').take(line - 1).map(str::len).sum();
        start
            + old.get(start..).unwrap().chars().take(column - 1).map(char::len_utf8).sum::<usize>()
    };
    let mut text = old.to_owned();
    for change in replacements(old, new).iter().rev() {
        let region = &change.deleted_region;
        let range =
            at(region.start_line, region.start_column)..at(region.end_line, region.end_column);
        text.replace_range(range, &change.inserted_content.text);
    }
    text
}

#[test]
fn replacements_make_the_corrected_file() {
    for (old, new) in [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb\nc\n", "b\nc\n"),
        ("a\nb", "a\nb\nc"),
        ("a\nä b", "a\n"),
        ("a\r\nb\r\n", "x\r\na\r\nb\r\ny"),
        ("", "a\n"),
        ("a", ""),
        ("a\nb\nc\nd\ne\n", "a\nX\nc\nd\n"),
    ] {
        assert_eq!(applied(old, new), new, "{old:?}");
    }
}

#[test]
fn paths_are_references() {
    assert_eq!(uri("ci/a b#c.yml"), "ci/a%20b%23c.yml");
    assert_eq!(uri("/tmp/ä.log"), "file:///tmp/%C3%A4.log");
    assert_eq!(uri("C:/logs/a.log"), "file:///C:/logs/a.log");
    assert_eq!(uri("a:b.log"), "a%3Ab.log");
}

#[test]
fn a_message_holds_no_link() {
    assert_eq!(
        message("see [here](http://evil) [build 2/6]").text,
        "see [here] (http://evil) [build 2/6]"
    );
}

/// GitHub refuses uploads of more than 10 MiB, gzipped.
#[test]
fn ten_thousand_findings_can_be_uploaded() {
    use std::io::Write;

    let text = Sarif.render(&samples::flood(), samples::NARROW);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    assert!(packed.finish().unwrap().len() < 10 << 20);
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 10_000);
    assert!(
        results.iter().all(|result| result["relatedLocations"].as_array().unwrap().len() <= 100)
    );
}

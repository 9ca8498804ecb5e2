//! `cachediag compare` says whether a change helped, and says when it cannot know.

use assert_cmd::Command;

const SICK: &str = "tests/rules/inline-cache-multi-stage/fires/docker-container";
const MENDED: &str = "tests/rules/inline-cache-multi-stage/quiet/mode-max";
const OTHER: &str = "tests/rules/inline-cache-multi-stage/quiet/one-stage";

fn compare(args: &[&str]) -> String {
    let mut command = Command::cargo_bin("cachediag").unwrap();
    let output = command.arg("compare").args(args).env("COLUMNS", "100").assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

#[test]
fn a_cache_of_all_stages_worked() {
    insta::assert_snapshot!(compare(&[SICK, "--with", MENDED]));
    let json: serde_json::Value =
        serde_json::from_str(&compare(&[SICK, "--with", MENDED, "--format", "json"])).unwrap();
    assert_eq!(json["verdict"], "worked");
    assert_eq!(json["gone"][0]["rule"], "inline-cache-multi-stage");
}

#[test]
fn the_way_back_is_new_trouble() {
    let text = compare(&[MENDED, "--with", SICK]);
    assert!(
        text.starts_with("It got worse")
            && text.contains("\nnew    error[inline-cache-multi-stage]"),
        "{text}"
    );
}

#[test]
fn a_tag_that_moved_is_nobodys_change() {
    let run = |n: u32| format!("tests/rules/base-image-drift/fires/moved-tag/run-0{n}.log");
    let [one, two, three, four] = [run(1), run(2), run(3), run(4)];
    let text = compare(&[&one, &two, "--with", &two, &three, &four, "--fail-on", "warning"]);
    assert!(text.starts_with("Nothing was wrong before"), "{text}");
    assert!(text.contains("[base-image-drift]"), "{text}");
}

#[test]
fn other_builds_and_single_runs_show_nothing() {
    assert!(compare(&[SICK, "--with", OTHER]).starts_with("Too few runs"));
    let first = std::fs::read_dir(MENDED).unwrap().map(|e| e.unwrap().path()).min().unwrap();
    assert!(compare(&[SICK, "--with", first.to_str().unwrap()]).starts_with("Too few runs"));
}

#[test]
fn logs_of_both_are_needed() {
    let mut command = Command::cargo_bin("cachediag").unwrap();
    command.args(["compare", SICK, "--with", "no-such-folder"]).assert().code(2);
}

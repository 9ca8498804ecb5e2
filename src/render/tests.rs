//! What holds for every format, one that is added tomorrow included.

use super::*;

/// Snapshots are kept with the page itself: a page is long.
fn short() -> impl Iterator<Item = &'static &'static dyn Renderer> {
    RENDERERS.iter().filter(|renderer| renderer.name() != "html")
}

#[test]
fn a_rich_report_and_an_empty_one() {
    for renderer in short() {
        let print = |report| tidy(&renderer.render(report, samples::NARROW));
        let (rich, empty) = (print(&samples::configured()), print(&Report::default()));
        insta::assert_snapshot!(format!("rich_{}", renderer.name()), rich);
        insta::assert_snapshot!(format!("empty_{}", renderer.name()), empty);
    }
}

/// Gates, the baseline and what is hidden, where people look.
#[test]
fn what_was_decided_is_told() {
    for format in ["human", "github", "github-summary", "bitbucket", "markdown", "junit", "ndjson"]
    {
        insta::assert_snapshot!(format!("decided_{format}"), print(format, &samples::decided()));
    }
    let html = print("html", &samples::decided());
    for said in [
        "failed: --min-hit-rate 60",
        "1 new, 1 known, 1 gone",
        "nightly jobs &lt;b&gt;start",
        "known: the build stage",
    ] {
        assert!(html.contains(said), "{said}");
    }
    let sarif = print("sarif", &samples::decided());
    assert!(
        sarif.contains("\"baselineState\":\"new\"")
            && sarif.contains("\"baselineState\":\"unchanged\"")
    );
}

/// What is new since the job ran last, and what is gone. `GitLab` compares fingerprints with those
/// of the target branch itself, and has no place for it.
#[test]
fn news_are_told() {
    for format in
        ["human", "github", "github-summary", "bitbucket", "buildkite", "markdown", "junit"]
    {
        insta::assert_snapshot!(format!("news_{format}"), print(format, &samples::remembered()));
    }
    assert_eq!(print("gitlab", &samples::remembered()), print("gitlab", &samples::several()));
    let html = print("html", &samples::remembered());
    assert_eq!(html.matches("new since the last run").count(), 1);
    assert!(
        html.contains("since the last one 1 new, 2 known, 1 gone")
            && html.contains("the cache of &lt;b&gt;team")
    );
    let states = |report: &Report| -> Vec<[serde_json::Value; 2]> {
        let sarif: serde_json::Value = serde_json::from_str(&print("sarif", report)).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        results
            .iter()
            .map(|r| [r["baselineState"].clone(), r["properties"]["newSinceLastRun"].clone()])
            .collect()
    };
    let state = |state: &str, new: bool| [serde_json::Value::from(state), new.into()];
    let of_last_run = [state("new", true), state("unchanged", false), state("unchanged", false)];
    assert_eq!(states(&samples::remembered()), of_last_run);
    // A baseline that the project chose says more than the run before.
    let chosen = Report { news: samples::remembered().news, ..samples::decided() };
    assert_eq!(states(&chosen), [state("new", true), state("unchanged", false)]);
    let lines = print("ndjson", &samples::remembered());
    assert_eq!(
        lines.lines().map(|line| line.contains("\"new\":true")).collect::<Vec<_>>(),
        [true, false, false, false]
    );
}

#[test]
fn ten_thousand_findings_follow_the_schemas() {
    let report = samples::flood();
    let json = |format: &str| -> serde_json::Value {
        serde_json::from_str(&print(format, &report)).unwrap()
    };
    for (format, schema) in [("gitlab", "gitlab-code-quality"), ("bitbucket", "bitbucket-insights")]
    {
        let schema =
            std::fs::read_to_string(format!("tests/schemas/{schema}.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
        assert!(validator.is_valid(&json(format)), "{format}");
    }
    let gitlab = json("gitlab");
    let mut names: Vec<_> =
        gitlab.as_array().unwrap().iter().map(|issue| issue["fingerprint"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 10_000);
    let bitbucket = json("bitbucket");
    assert_eq!(bitbucket["annotations"].as_array().unwrap().len(), 10);
    assert!(bitbucket["report"]["details"].as_str().unwrap().contains("leave out 9,000 findings"));
}

/// GitLab reads 30 MB:
/// <https://docs.gitlab.com/ci/testing/unit_test_reports/#file-format-and-size-limits>.
#[test]
fn ten_thousand_tests_are_read() {
    let text = print("junit", &samples::flood());
    assert!(text.len() < 30_000_000 && text.contains("tests=\"10000\""), "{}", text.len());
}

fn print(format: &str, report: &Report) -> String {
    RENDERERS
        .iter()
        .find(|renderer| renderer.name() == format)
        .unwrap()
        .render(report, samples::NARROW)
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

#[test]
fn nothing_of_a_log_is_obeyed() {
    for renderer in RENDERERS {
        let text = renderer.render(&samples::hostile(), samples::NARROW);
        let name = renderer.name();
        assert!(!text.contains(|c| c != '\n' && escape::must_show(c)), "{name}");
        assert!(!text.contains("##[") && !text.contains("hunter2"), "{name}: {text}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::error::")),
            "{name}: {text}"
        );
    }
}

#[test]
fn names_are_written_alike() {
    for renderer in RENDERERS {
        assert!(
            renderer.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{}",
            renderer.name()
        );
    }
}

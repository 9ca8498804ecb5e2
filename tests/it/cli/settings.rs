//! `cachediag.toml`, and what beats it.

use std::fs;

use super::desk::{Desk, stderr, stdout};
use crate::support::logs::{HEALTHY, SICK};

const RULE: &str = "export-unsupported-by-driver";
const FILE: &str = "cachediag.toml";

fn settings(text: &str) -> Desk {
    Desk::with(SICK).and(FILE, text)
}

/// A key, three values for file, variable and flag, and how one sees which of them holds.
struct Key {
    name: &'static str,
    values: [&'static str; 3],
    shows: fn(&Desk, &std::process::Output) -> String,
}

fn text(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
        + &String::from_utf8(output.stderr.clone()).unwrap()
}

fn file_of(desk: &Desk) -> String {
    ["a", "b", "c"].into_iter().filter(|name| desk.file(name).exists()).collect()
}

static KEYS: &[Key] = &[
    Key {
        name: "format",
        values: ["\"json\"", "ndjson", "junit"],
        shows: |_, output| text(output).chars().take(2).collect(),
    },
    Key {
        name: "output",
        values: ["[\"json=a\"]", "json=b", "json=c"],
        shows: |desk, _| file_of(desk),
    },
    Key {
        name: "fail-on",
        values: ["\"never\"", "error", "never"],
        shows: |_, output| output.status.to_string(),
    },
    Key {
        name: "config",
        values: ["[\"one.yml\"]", "two.yml", "three.yml"],
        shows: |_, output| {
            ["one", "two", "three"].into_iter().filter(|name| text(output).contains(name)).collect()
        },
    },
    Key {
        name: "min-hit-rate",
        values: ["0", "50", "0%"],
        shows: |_, output| output.status.to_string(),
    },
    Key {
        name: "must-hit",
        values: ["[\"RUN one\"]", "RUN two\nRUN three", "RUN four"],
        shows: |_, output| {
            ["one", "two", "three", "four"]
                .into_iter()
                .filter(|name| text(output).contains(name))
                .collect()
        },
    },
    Key {
        name: "baseline",
        values: ["\"one.json\"", "two.json", "three.json"],
        shows: |_, output| {
            ["one", "two", "three"].into_iter().filter(|name| text(output).contains(name)).collect()
        },
    },
    Key {
        name: "baseline-branch",
        values: ["\"one\"", "two", "three"],
        shows: |_, output| {
            ["one", "two", "three"].into_iter().filter(|name| text(output).contains(name)).collect()
        },
    },
    Key {
        name: "max-drop",
        values: ["10", "101", "20%"],
        shows: |_, output| text(output).contains("needs the branch").to_string(),
    },
    Key { name: "threads", values: ["1", "0", "2"], shows: |_, output| output.status.to_string() },
    Key {
        name: "max-expanded",
        values: ["1", "1000000", "2"],
        shows: |_, output| text(output).contains("expands to more than").to_string(),
    },
    Key { name: "history", values: ["\"a\"", "b", "c"], shows: |desk, _| file_of(desk) },
    Key {
        name: "keep",
        values: ["\"90d\"", "0d", "12w"],
        shows: |_, output| output.status.to_string(),
    },
    Key { name: "top", values: ["20", "0", "3"], shows: |_, output| output.status.to_string() },
    Key { name: "last", values: ["20", "0", "3"], shows: |_, output| output.status.to_string() },
    Key {
        name: "charset",
        values: ["\"ascii\"", "utf-8", "ascii"],
        shows: |_, output| text(output).is_ascii().to_string(),
    },
    Key {
        name: "color",
        values: ["\"always\"", "never", "always"],
        shows: |_, output| text(output).contains('\u{1b}').to_string(),
    },
];

/// Each of the three changes what is seen, so none of them can be without effect.
#[test]
fn flags_beat_variables_which_beat_the_file() {
    let packed = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, SICK.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    for key in KEYS {
        let [file, variable, flag] = key.values;
        let see = |with_variable: bool, with_flag: bool| {
            let desk = settings(&format!("{} = {file}\n", key.name));
            fs::write(desk.file("run.log.gz"), &packed).unwrap();
            let option = format!("--{}={flag}", key.name);
            let mut command = desk.run(&["run.log.gz"]);
            if with_variable {
                command.env(
                    format!("CACHEDIAG_{}", key.name.replace('-', "_").to_uppercase()),
                    variable,
                );
            }
            if with_flag {
                command.arg(option);
            }
            let output = command.output().unwrap();
            (key.shows)(&desk, &output)
        };
        let (by_file, by_variable, by_flag) =
            (see(false, false), see(true, false), see(true, true));
        assert_ne!(by_file, by_variable, "{}", key.name);
        assert_ne!(by_variable, by_flag, "{}", key.name);
        assert_eq!(by_flag, see(false, true), "{}", key.name);
    }
}

#[test]
fn every_key_of_the_schema_is_tried() {
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string("schema/settings.schema.json").unwrap()).unwrap();
    for key in schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| *key != "rules" && *key != "ignore")
    {
        assert!(KEYS.iter().any(|tried| tried.name == key), "{key}");
    }
}

#[test]
fn a_variable_set_to_nothing_is_none() {
    let desk = settings("fail-on = 'error'\n");
    desk.run(&["run.log"])
        .env("CACHEDIAG_FAIL_ON", "")
        .env("CACHEDIAG_OUTPUT", "")
        .assert()
        .code(1);
}

#[test]
fn a_wrong_value_of_a_variable_is_told_to_be_that() {
    let desk = settings("");
    let said = stderr(desk.run(&["run.log"]).env("CACHEDIAG_FAIL_ON", "eror"));
    assert!(
        said.contains("'eror'") && said.ends_with("The value is that of CACHEDIAG_FAIL_ON.\n"),
        "{said}"
    );
    desk.run(&["run.log"]).env("CACHEDIAG_FAIL_ON", "eror").assert().code(2);
    let said = stderr(desk.run(&["run.log", "--fail-on", "x"]).env("CACHEDIAG_FAIL_ON", "error"));
    assert!(!said.contains("CACHEDIAG"), "{said}");
}

#[test]
fn mistakes_are_named_with_their_line_and_what_was_meant() {
    for (text, said) in [
        (
            "# ours\nfail_on = 'error'\n",
            "cachediag.toml:2: unknown key fail_on, did you mean fail-on?\n  2 | fail_on",
        ),
        ("fail-on = 'eror'\n", "cachediag.toml:1: unknown variant `eror`, expected one of `error`"),
        ("format = 'jsn'\n", "cachediag.toml:1: jsn: no such format, did you mean json?"),
        ("output = ['sarf=x']\n", "cachediag.toml:1: no such format, did you mean sarif?"),
        ("output = ['json=../x']\n", "json=../x: a settings file writes into its own folder only"),
        ("output = ['json=/x']\n", "json=/x: a settings file writes into its own folder only"),
        (
            "\n[rules.cache-lots]\nseverity = 'off'\n",
            "cachediag.toml:2: cache-lots: no such rule, did you mean cache-lost?",
        ),
        (
            "[rules.cache-lost]\nseverty = 'off'\n",
            "cachediag.toml:2: unknown key severty, did you mean severity?",
        ),
        ("[[ignore]]\nrule = 'cache-lost'\n", "cachediag.toml:1: missing field `reason`"),
        (
            "[[ignore]]\nrule = 'cache-lost'\nreason = ' '\n",
            "cachediag.toml:3: say why it is ignored",
        ),
        (
            "[[ignore]]\nrule = 'cache-lost'\nreason = 'x'\nexpires = 5\n",
            "cachediag.toml:4: write a date as 2026-12-31",
        ),
        (
            "[[ignore]]\nrule = 'cache-lost'\nreason = 'x'\nexpires = 'may'\n",
            ":4: write a date as 2026-12-31",
        ),
        ("color = \n", "cachediag.toml:1: "),
    ] {
        let desk = settings(text);
        desk.run(&["run.log"]).assert().code(2);
        let told = stderr(&mut desk.run(&["run.log"]));
        assert!(told.starts_with("error: ") && told.contains(said), "{text}\n{told}");
    }
    assert!(
        stderr(&mut settings("").run(&["run.log", "--settings", "no.toml"]))
            .contains("cannot read the settings no.toml")
    );
}

#[test]
fn the_file_is_found_above_up_to_the_root_of_the_repository() {
    let desk =
        Desk::with("").and("a/cachediag.toml", "format = 'json'\n").and("a/b/c/run.log", HEALTHY);
    let json = |folder: &str| {
        stdout(desk.run(&["run.log"]).current_dir(desk.file(folder))).starts_with('{')
    };
    assert!(!json("a/b/c"), "outside of a repository nothing above counts");
    fs::create_dir(desk.file("a/.git")).unwrap();
    assert!(json("a/b/c"));
    fs::create_dir(desk.file("a/b/.git")).unwrap();
    assert!(!json("a/b/c"), "it belongs to another repository");
    assert!(
        stdout(
            desk.run(&["b/c/run.log", "--settings", "cachediag.toml"]).current_dir(desk.file("a"))
        )
        .starts_with('{')
    );
}

#[test]
fn paths_are_meant_from_the_folder_of_the_file() {
    let desk =
        settings("output = ['json=report.json']\n").and(".git/HEAD", "").and("below/run.log", SICK);
    desk.run(&["run.log"]).current_dir(desk.file("below")).assert().code(0);
    assert!(desk.file("report.json").exists() && !desk.file("below/report.json").exists());
}

#[test]
fn a_severity_of_the_project_reaches_every_format_and_the_exit_status() {
    let desk = settings(&format!("[rules.{RULE}]\nseverity = 'note'\n"));
    desk.run(&["run.log", "--fail-on", "warning"]).assert().code(0);
    desk.run(&["run.log", "--fail-on", "note"]).assert().code(1);
    for (format, said) in [
        ("human", "note[export-unsupported"),
        ("json", "\"severity\":\"note\""),
        ("ndjson", "\"severity\":\"note\""),
        ("sarif", "\"level\":\"note\",\"message\""),
        ("github", "::notice "),
        ("github-summary", "<b>note</b>"),
        ("gitlab", "\"severity\":\"info\""),
        ("bitbucket", "\"severity\":\"LOW\""),
        ("buildkite", "<b>note</b>"),
        ("markdown", "<b>note</b>"),
        ("html", "note"),
        ("junit", "failures=\"0\""),
    ] {
        let shown = stdout(&mut desk.run(&["run.log", "--format", format]));
        assert!(shown.contains(said), "{format}: {shown}");
    }
}

#[test]
fn a_rule_that_is_off_is_counted_and_can_be_asked_for() {
    let desk = settings(&format!("# known\n[rules.{RULE}]\nseverity = 'off'\n"));
    desk.run(&["run.log", "--fail-on", "note"]).assert().code(0);
    let said = format!("hidden: 1 finding of {RULE}: turned off (cachediag.toml:");
    assert!(stdout(&mut desk.run(&["run.log"])).contains(&said));
    desk.run(&["run.log", "--fail-on", "note", "--rule", RULE]).assert().code(1);
    let flag = stdout(&mut Desk::with(SICK).run(&["run.log", "--ignore", RULE]));
    assert!(
        flag.contains(&format!("hidden: 1 finding of {RULE}: turned off (--ignore)")),
        "{flag}"
    );
}

#[test]
fn what_is_ignored_is_told_with_its_reason() {
    let ignore =
        format!("[[ignore]]\nrule = '{RULE}'\nreason = 'we <b>know</b>'\nexpires = 2999-12-31\n");
    let desk = settings(&ignore);
    desk.run(&["run.log", "--fail-on", "note"]).assert().code(0);
    let hidden = format!("hidden: 1 finding of {RULE}: we ");
    for format in ["human", "markdown", "github-summary", "buildkite"] {
        let shown = stdout(&mut desk.run(&["run.log", "--format", format]));
        assert!(shown.contains(&hidden) && shown.contains("cachediag.toml:1"), "{format}: {shown}");
    }
    assert!(stdout(&mut desk.run(&["run.log", "--format", "html"])).contains("we &lt;b&gt;know"));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&mut desk.run(&["run.log", "--format", "json"]))).unwrap();
    assert_eq!(json["findings"], serde_json::json!([]));
    assert_eq!(json["hidden"][0]["rule"], RULE);
    assert_eq!(json["hidden"][0]["reason"], "we <b>know</b>");
    assert_eq!(json["hidden"][0]["by"], "cachediag.toml:1");
}

#[test]
fn an_ignore_that_has_ended_hides_nothing_and_says_so() {
    let desk = settings(&format!(
        "[[ignore]]\nrule = '{RULE}'\nreason = 'until the move'\nexpires = '2020-01-31'\n"
    ));
    desk.run(&["run.log", "--fail-on", "error"]).assert().code(1);
    let shown = stdout(&mut desk.run(&["run.log"]));
    let said = format!(
        "cachediag.toml:1: this ignore of {RULE} expired on 2020-01-31 and hides nothing any more"
    );
    assert!(shown.replace("\n  ", " ").contains(&said), "{shown}");
}

#[test]
fn an_ignore_holds_for_its_subject_only() {
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&mut Desk::with(SICK).run(&["run.log", "--format", "json"])))
            .unwrap();
    let finding = &json["findings"][0];
    for (filter, status) in [
        (format!("fingerprint = {}", finding["fingerprint"]), 0),
        ("fingerprint = '0123456789abcdef'".to_owned(), 1),
        (format!("subject = {}", finding["subject"]), 0),
        ("subject = 'another'".to_owned(), 1),
        ("job = 'run'".to_owned(), 0),
        ("job = 'r?n*'".to_owned(), 0),
        ("job = 'nightly'".to_owned(), 1),
    ] {
        let desk = settings(&format!("[[ignore]]\nrule = '{RULE}'\nreason = 'x'\n{filter}\n"));
        desk.run(&["run.log", "--fail-on", "note"]).assert().code(status);
    }
}

#[test]
fn patches_and_comparisons_follow_the_settings() {
    let off = settings(&format!("[rules.{RULE}]\nseverity = 'off'\n"));
    assert!(stderr(&mut off.run(&["fix", "run.log"])).contains("nothing to change"));
    let compared = stdout(&mut off.run(&["compare", "run.log", "--with", "run.log"]));
    assert!(!compared.contains(RULE), "{compared}");
}

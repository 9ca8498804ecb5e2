//! The command line as a user meets it: exit status, streams, files, colour.

mod baseline;
mod check;
mod desk;
mod gates;
mod inputs;
mod mcp;
#[cfg(unix)]
mod run;
mod settings;
mod tee;

use std::fs;

use assert_cmd::Command;
use cachediag::rules::RULES;

use self::desk::{Desk, stderr, stdout};
use crate::support::logs::{HEALTHY, SICK};

#[test]
fn a_finding_fails_only_where_asked() {
    let desk = Desk::with(SICK);
    desk.run(&["run.log"]).assert().code(0);
    for least in ["error", "warning", "note"] {
        desk.run(&["run.log", "--fail-on", least]).assert().code(1);
    }
    desk.run(&["run.log", "--fail-on", "never"]).assert().code(0);
    Desk::with(HEALTHY).run(&["run.log", "--fail-on", "note"]).assert().code(0);
}

#[test]
fn healthy_logs_get_one_line() {
    let text = stdout(&mut Desk::with(HEALTHY).run(&["run.log"]));
    assert_eq!(text, "No cache trouble found: 1 run of 1 build, 1 of 1 step from the cache.\n");
    let text = stdout(&mut Desk::with("hello\n").run(&["run.log"]));
    assert!(text.starts_with("No Docker build found in 1 log, 1 line."), "{text}");
}

#[test]
fn a_build_that_prints_nothing_is_named() {
    let log = "+ docker build -q -t app .\nsha256:5a1d2e4f8c7b6a9d0e1f2a3b4c5d6e7f\n";
    let desk = Desk::with(log);
    let text = stdout(&mut desk.run(&["run.log"]));
    assert!(text.starts_with("problem: run.log:1: a build is called here"), "{text}");
    assert!(text.contains("\nNo build could be read in 1 log, 2 lines"), "{text}");
    // Beside a log that holds one it is only a line of a script.
    let both = format!("{log}{HEALTHY}");
    assert!(!stdout(&mut Desk::with(&both).run(&["run.log"])).contains("is called here"));
}

#[test]
fn reads_a_pipe() {
    let desk = Desk::with(HEALTHY);
    let piped = stdout(desk.run(&[]).write_stdin(HEALTHY));
    assert_eq!(piped, stdout(desk.run(&["-"]).write_stdin(HEALTHY)));
    assert_eq!(piped, stdout(&mut desk.run(&["run.log"])));
}

#[test]
fn status_2_where_nothing_could_be_read() {
    let desk = Desk::with(HEALTHY);
    desk.run(&["gone.log"]).assert().code(2);
    assert!(stderr(&mut desk.run(&["gone.log"])).starts_with("error: gone.log: "));
    let json = stdout(&mut desk.run(&["gone.log", "--format", "json"]));
    assert!(json.contains(r#""problems":["#) && json.contains("gone.log"), "{json}");
    // One of several is a problem in the report only.
    desk.run(&["gone.log", "run.log"]).assert().code(0);
    assert!(stdout(&mut desk.run(&["gone.log", "run.log"])).contains("problem: gone.log: "));
}

#[test]
fn usage_errors_are_status_2() {
    let desk = Desk::with(HEALTHY);
    for args in [
        ["--format", "yaml"],
        ["--output", "json"],
        ["--fail-on", "x"],
        ["--threads", "0"],
        ["--rule", "x"],
    ] {
        desk.run(&args).assert().code(2);
    }
    desk.run(&["--help"]).assert().code(0);
}

#[test]
fn help_begins_with_examples() {
    let text = stdout(&mut Desk::with("").run(&["--help"]));
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(
        at("Examples:") < at("Usage:")
            && at("Usage:") < at("Options:")
            && at("Options:") < at("Exit status:")
    );
}

#[test]
fn a_misspelt_rule_is_told_the_nearest() {
    let id = RULES.first().unwrap().meta().id;
    let misspelt = id.replacen('-', "_", 1);
    for args in [["--rule", &misspelt], ["--ignore", &misspelt], ["explain", &misspelt]] {
        let text = stderr(&mut Desk::with("").run(&args));
        assert!(text.contains(&format!("did you mean {id}?")), "{text}");
    }
}

#[test]
fn ignored_rules_say_nothing() {
    let desk = Desk::with(SICK);
    let all = stdout(&mut desk.run(&["run.log", "--format", "ndjson"]));
    assert!(all.contains("export-unsupported-by-driver"));
    let rest = stdout(&mut desk.run(&[
        "run.log",
        "--format",
        "ndjson",
        "--ignore",
        "export-unsupported-by-driver",
    ]));
    assert!(!rest.contains("export-unsupported-by-driver"));
}

#[test]
fn outputs_go_to_files_as_well() {
    let desk = Desk::with(SICK);
    let args =
        ["run.log", "--output", "json=a.json", "--output", "human=a.txt", "--color", "always"];
    let text = stdout(&mut desk.run(&args));
    assert!(text.contains("\u{1b}["));
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(desk.file("a.json")).unwrap()).unwrap();
    assert_eq!(json["schema_version"], 1);
    let human = fs::read_to_string(desk.file("a.txt")).unwrap();
    assert!(!human.contains('\u{1b}') && human.contains("export-unsupported-by-driver"));
    desk.run(&["run.log", "--output", "json=no/such/folder/a.json"]).assert().code(2);
}

/// No variable of the CI that these tests run in.
fn nowhere(command: &mut Command) -> &mut Command {
    for variable in [
        "GITHUB_ACTIONS",
        "GITLAB_CI",
        "BITBUCKET_BUILD_NUMBER",
        "BUILDKITE",
        "CIRCLECI",
        "JENKINS_URL",
        "TF_BUILD",
        "TEAMCITY_VERSION",
        "GITHUB_STEP_SUMMARY",
    ] {
        command.env_remove(variable);
    }
    command
}

#[test]
fn auto_is_what_the_ci_shows() {
    let desk = Desk::with(SICK);
    let auto = ["run.log", "--format", "auto", "--output", "auto=report"];
    let human = stdout(&mut desk.run(&["run.log"]));
    assert_eq!(stdout(nowhere(&mut desk.run(&auto))), human);
    assert!(fs::read_to_string(desk.file("report")).unwrap().contains("\"schema_version\""));

    assert_eq!(stdout(nowhere(&mut desk.run(&auto)).env("GITLAB_CI", "true")), human);
    assert!(fs::read_to_string(desk.file("report")).unwrap().contains("\"check_name\""));

    let summary = desk.file("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let text = stdout(
        nowhere(&mut desk.run(&auto))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", summary.as_os_str()),
    );
    let (first, annotations) = text.split_at(human.len());
    assert!(
        first == human && annotations.starts_with("::error title=export-unsupported-by-driver::"),
        "{text}"
    );
    assert!(fs::read_to_string(desk.file("report")).unwrap().contains("\"ruleId\""));
    let summary = fs::read_to_string(summary).unwrap();
    assert!(
        summary.starts_with("before\n### Docker build cache: 1 error")
            && summary.contains("<details open>")
    );
}

#[test]
fn a_misspelt_format_is_told_the_nearest() {
    let desk = Desk::with(SICK);
    assert!(
        stderr(&mut desk.run(&["run.log", "--output", "sarf=x"])).contains("did you mean sarif?")
    );
    assert!(stderr(&mut desk.run(&["run.log", "--format", "sarf"])).contains("sarif"));
}

#[test]
fn color_follows_flag_then_environment() {
    let desk = Desk::with(SICK);
    let colored = |command: &mut Command| stdout(command).contains("\u{1b}[");
    assert!(!colored(&mut desk.run(&["run.log"])));
    assert!(colored(desk.run(&["run.log"]).env("CLICOLOR_FORCE", "1")));
    assert!(!colored(desk.run(&["run.log"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
    assert!(colored(desk.run(&["run.log", "--color", "always"]).env("NO_COLOR", "1")));
    assert!(!colored(desk.run(&["run.log", "--color", "never"]).env("CLICOLOR_FORCE", "1")));
}

#[test]
fn the_screen_is_as_wide_as_columns_say() {
    let desk = Desk::with(SICK);
    let widest = |columns: &str| {
        let text = stdout(desk.run(&["run.log"]).env("COLUMNS", columns));
        // What is pasted, and addresses, are never cut.
        let kept = ["docker buildx", "More: ", "Source: "];
        let prose = text.lines().filter(|line| !kept.iter().any(|kept| line.contains(kept)));
        prose.map(|line| line.chars().count()).max().unwrap()
    };
    assert!((50..=60).contains(&widest("60")), "{}", widest("60"));
    assert!((90..=100).contains(&widest("")), "{}", widest(""));
    assert!((101..=120).contains(&widest("120")), "{}", widest("120"));
}

#[test]
fn the_locale_decides_on_the_marks() {
    let desk = Desk::with(SICK);
    let ascii = |command: &mut Command| stdout(command).is_ascii();
    assert!(!ascii(&mut desk.run(&["run.log"])), "the log of a CI is UTF-8");
    assert!(ascii(desk.run(&["run.log"]).env("LC_ALL", "C")));
    assert!(!ascii(desk.run(&["run.log"]).env("LANG", "C.UTF-8")));
    assert!(!ascii(desk.run(&["run.log", "--charset", "utf-8"]).env("LC_ALL", "C")));
    // Formats for programs are UTF-8 by their own rules.
    let html = ["run.log", "--charset", "ascii", "--format", "html"];
    assert!(!ascii(&mut desk.run(&html)));
}

#[test]
fn a_path_named_like_a_command_is_reachable() {
    let desk = Desk::with(HEALTHY);
    fs::copy(desk.file("run.log"), desk.file("rules")).unwrap();
    assert!(stdout(&mut desk.run(&["./rules"])).starts_with("No cache trouble found"));
    assert!(stdout(&mut desk.run(&["rules"])).contains("cachediag explain RULE"));
}

#[test]
fn every_rule_is_listed_and_explained() {
    let desk = Desk::with("");
    let human = stdout(&mut desk.run(&["rules"]));
    let list: serde_json::Value =
        serde_json::from_str(&stdout(&mut desk.run(&["rules", "--format", "json"]))).unwrap();
    assert_eq!(list["rules"].as_array().unwrap().len(), RULES.len());
    for id in RULES.iter().map(|rule| rule.meta().id) {
        assert!(human.contains(id), "{id}");
        assert!(stdout(&mut desk.run(&["explain", id])).contains("How to fix"), "{id}");
    }
}

/// A reader that has seen enough (`| head -1`) is no error.
#[test]
#[cfg(unix)]
fn a_closed_pipe_is_success() {
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_cachediag"))
        .arg("rules")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn completions_and_man_page_know_the_options() {
    let desk = Desk::with("");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish", "nushell"] {
        assert!(stdout(&mut desk.run(&["completions", shell])).contains("fail-on"), "{shell}");
    }
    assert!(stdout(&mut desk.run(&["man"])).starts_with(".ie"));
    let page = stdout(&mut desk.run(&["man", "run"]));
    assert!(page.contains("cachediag\\-run") && page.contains("must\\-hit"), "{page}");
    assert!(stderr(&mut desk.run(&["man", "rnu"])).contains("no such command, did you mean run?"));
}

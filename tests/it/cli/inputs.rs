//! What is read of the paths that are given.

use serde_json::Value;

use super::desk::{Desk, stdout};
use crate::support::logs::{HEALTHY, SICK};

fn report(desk: &Desk, paths: &[&str]) -> Value {
    serde_json::from_str(&stdout(&mut desk.run(&[paths, &["--format", "json"]].concat()))).unwrap()
}

fn list<'a>(report: &'a Value, at: &str) -> Vec<&'a str> {
    let (of, field) = at.split_once('*').unwrap();
    let items = report.pointer(of).and_then(Value::as_array).unwrap().iter();
    items.map(|item| item.pointer(field).and_then(Value::as_str).unwrap()).collect()
}

/// Names of the logs in the report on these paths.
fn read(desk: &Desk, paths: &[&str]) -> Vec<String> {
    list(&report(desk, paths), "/runs*/source/name").into_iter().map(str::to_owned).collect()
}

#[test]
fn a_file_under_two_names_is_read_once() {
    let desk = Desk::with(SICK).and("logs/other.log", HEALTHY);
    assert_eq!(read(&desk, &["run.log", "run.log"]), ["run.log"]);
    assert_eq!(read(&desk, &["run.log", "./run.log"]), ["./run.log"]);
    assert_eq!(read(&desk, &["logs", "logs/other.log", "run.log"]), ["logs/other.log", "run.log"]);
    assert_eq!(read(&desk, &[".", "logs"]), ["./logs/other.log", "./run.log"]);
}

#[cfg(unix)]
#[test]
fn a_link_beside_its_target_is_no_second_run() {
    let desk = Desk::with(SICK);
    std::os::unix::fs::symlink("run.log", desk.file("latest.log")).unwrap();
    std::fs::hard_link(desk.file("run.log"), desk.file("z.log")).unwrap();
    assert_eq!(read(&desk, &["run.log", "latest.log", "z.log"]), ["latest.log"]);
    assert_eq!(read(&desk, &["latest.log"]), ["latest.log"]);
}

/// Two cold runs would prove that nothing is kept between them.
#[test]
fn a_copy_of_a_run_is_no_second_run() {
    let cold = HEALTHY.replace("CACHED", "DONE 1.2s");
    let desk =
        Desk::with(&cold).and("latest.log", &cold).and("other.log", &cold.replace("1.2s", "1.3s"));
    let said = report(&desk, &["."]);
    assert_eq!(list(&said, "/runs*/source/name"), ["./latest.log", "./other.log"]);
    assert_eq!(list(&said, "/problems*/source"), ["./run.log"]);
    let message = "has the same bytes as ./latest.log: a copy, not another run";
    assert_eq!(list(&said, "/problems*/message"), [message]);
}

#[test]
fn a_run_that_took_all_from_the_cache_may_repeat_another() {
    let desk = Desk::with(HEALTHY).and("run-2.log", HEALTHY);
    assert_eq!(read(&desk, &["."]).len(), 2);
}

/// `fix mistyped.log | git apply` would change what no log speaks of.
#[test]
fn a_patch_is_not_made_without_the_log_that_was_named() {
    let bake = "target \"a\" {\n  no-cache = true\n  cache-from = [\"type=gha\"]\n  cache-to = \
        [\"type=gha,mode=max\"]\n}\n";
    let desk = Desk::with(SICK).and("docker-bake.hcl", bake);
    let alone = desk.run(&["fix", "--unsafe", "--config", "."]).output().unwrap();
    assert!(alone.status.success() && !alone.stdout.is_empty());
    let missing = desk.run(&["fix", "--unsafe", "missing.log", "--config", "."]).output().unwrap();
    assert_eq!((missing.status.code(), missing.stdout.len()), (Some(2), 0));
}

/// What the program says to a mistake; its exit status is 2.
fn refused(desk: &Desk, args: &[&str]) -> String {
    let output = desk.run(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    said
}

#[test]
fn mistakes_at_the_keyboard_are_told_what_was_meant() {
    let desk = Desk::with(HEALTHY);
    for (args, meant) in [
        (&["explian", "cache-lost"][..], "did you mean explain?"),
        (&["histroy", "list"], "did you mean history?"),
        (&["--fail-on", "error", "check"], "goes before its options: cachediag check"),
        (&["explain", "every-second-run"], "did you mean inline-cache-lost-every-second-run?"),
        (&["--rule", "inline-cache", "run.log"], "inline-cache-multi-stage"),
        (&["--min-hit-rate", "0.6", "run.log"], "did you mean 60?"),
        (&["--output", "report.html", "run.log"], "--output html=report.html"),
        (&["--output", "report.md", "run.log"], "--output markdown=report.md"),
        (&["--config", "nosuch.yml", "run.log"], "--config nosuch.yml: no such file"),
        (&["--checkout", "nosuch", "run.log"], "--checkout nosuch: no such file"),
        (&["fix", "--config", "nosuch.yml", "run.log"], "--config nosuch.yml: no such file"),
        (&["--threads", "0", "run.log"], "write a whole number, 1 or more"),
        (&["--last", "few", "run.log"], "write a whole number, 1 or more"),
        (&["judge", "--threads", "0"], "write a whole number, 1 or more"),
        (&["--output", "report.sarif", "run.log"], "--output sarif=report.sarif"),
        (&["--output", "report.xml", "run.log"], "--output junit=report.xml"),
        (&["--output", "htlm=report", "run.log"], "did you mean html?"),
        (&["--format", "jsno", "run.log"], "json"),
        (&["--base-line", "x", "run.log"], "--baseline"),
        (&["compare", "run.log"], "--with"),
        (&["https://github.com/o/r/actions/runs/123"], "gh run view 123 --log | cachediag"),
        (&["--history", "run.log"], "no log was given"),
        (&["-"], "standard input is empty"),
    ] {
        let said = refused(&desk, args);
        assert!(said.contains(meant), "{args:?}: {said}");
    }
}

#[test]
fn a_job_that_is_not_remembered_is_told_the_nearest() {
    let desk = Desk::with(HEALTHY);
    let job = ["--repository", "team/app", "--job", "image", "--history", "h.db", "run.log"];
    desk.run(&job).assert().code(0);
    for (args, meant) in [
        (&["trend", "imgae"][..], "no job is called imgae, did you mean image?"),
        (&["trend", "team/app imag"], "did you mean team/app image?"),
        (&["trend", "zzz"], "no job is called zzz; see: cachediag history list"),
        (&["history", "show", "imag"], "a job is called imag, did you mean image?"),
    ] {
        let said = refused(&desk, &[args, &["--history", "h.db"]].concat());
        assert!(said.contains(meant), "{args:?}: {said}");
    }
    let called = |job: &str| {
        let named = ["--repository", "team/app", "--job", job, "--history", "h.db", "run.log"];
        stdout(desk.run(&named).args(["--format", "json"]))
    };
    assert!(called("imgae").contains("no run of the job imgae is remembered; did you mean image?"));
    assert!(!called("tests").contains("did you mean"));
}

#[test]
fn files_that_are_no_log_are_named() {
    let desk = Desk::with(HEALTHY);
    let digest = "a".repeat(64);
    for (name, members) in [
        (
            "saved.tar",
            vec![
                format!("{digest}/layer.tar"),
                format!("{digest}.json"),
                "manifest.json".into(),
                "repositories".into(),
            ],
        ),
        ("layout.tar", vec!["oci-layout".into(), format!("blobs/sha256/{digest}")]),
    ] {
        let mut archive = tar::Builder::new(std::fs::File::create(desk.file(name)).unwrap());
        for member in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(2);
            archive.append_data(&mut header, member, &b"{}"[..]).unwrap();
        }
        archive.finish().unwrap();
        assert!(refused(&desk, &[name]).contains("is a container image, not a log"), "{name}");
    }
    for (name, bytes, what) in [
        ("a.pdf", "%PDF-1.7 ...", "is a PDF document, not a log"),
        ("a.log", "<!DOCTYPE html><title>Sign in</title>", "is a web page, not a log"),
    ] {
        std::fs::write(desk.file(name), bytes).unwrap();
        assert!(refused(&desk, &[name]).contains(what), "{name}");
    }
}

#[test]
fn a_log_without_a_build_is_named_beside_what_the_configuration_says() {
    let desk = Desk::with(HEALTHY)
        .and("npm.log", "npm info it worked if it ends with ok\n")
        .and("Dockerfile", "FROM node:22\nCOPY . .\nRUN npm ci\n");
    let said = report(&desk, &["npm.log"]);
    assert!(!list(&said, "/findings*/rule").is_empty());
    assert!(list(&said, "/problems*/message")[0].starts_with("no Docker build in it"), "{said}");
    let junit = stdout(&mut desk.run(&["npm.log", "--format", "junit", "--rule", "cache-lost"]));
    assert!(junit.contains("errors=\"1\""), "{junit}");
}

#[test]
fn a_comparison_of_two_logs_needs_no_flag_and_can_fail() {
    let desk = Desk::with(HEALTHY).and("sick.log", SICK);
    let code = |args: &[&str]| desk.run(args).output().unwrap().status.code();
    assert_eq!(code(&["compare", "run.log", "sick.log"]), Some(0));
    assert_eq!(code(&["compare", "run.log", "sick.log", "--fail-on", "note"]), Some(1));
    assert_eq!(code(&["compare", "sick.log", "sick.log", "--fail-on", "note"]), Some(0));
}

//! Values go, whether they changed stays.

use super::*;
use crate::model::{Asked, Command};

fn run(arguments: &[&str]) -> Run {
    let asked = Asked {
        build_args: arguments.iter().map(|a| (*a).to_owned()).collect(),
        ..Asked::default()
    };
    Run { commands: vec![Command { asked: asked.into(), ..Command::default() }], ..Run::default() }
}

fn known(arguments: &[&str]) -> Arguments {
    Arguments::of([&run(arguments)])
}

#[test]
fn a_value_leaves_a_mark_wherever_it_stands() {
    let arguments = known(&["GIT_SHA=0f3c9a7d51", "MODE=fast lane"]);
    let sha = mark("GIT_SHA", "0f3c9a7d51");
    for (text, want) in [
        ("#9 [2/3] RUN echo 0f3c9a7d51", format!("#9 [2/3] RUN echo {sha}")),
        ("naming to r/app:0f3c9a7d51 done", format!("naming to r/app:{sha} done")),
        (
            "docker build --build-arg GIT_SHA='0f3c9a7d51' .",
            format!("docker build --build-arg GIT_SHA={sha} ."),
        ),
        (
            "docker build --build-arg \"GIT_SHA=0f3c9a7d51\" .",
            format!("docker build --build-arg \"GIT_SHA={sha}\" ."),
        ),
        ("RUN echo 0f3c9a7d51b", "RUN echo 0f3c9a7d51b".to_owned()),
        ("error: MODE is fast lane", format!("error: MODE is {}", mark("MODE", "fast lane"))),
    ] {
        assert_eq!(arguments.command(text), want);
    }
    assert!(sha.bytes().any(|b| b.is_ascii_digit()) && !sha.contains("0f3c9"));
}

#[test]
fn short_values_are_hidden_where_they_are_written() {
    let arguments = known(&["JOBS=5", "FLAG=true"]);
    assert_eq!(arguments.hidden("RUN sleep 5 && true"), "RUN sleep 5 && true");
    let line = arguments.command("JOBS=5 docker build --build-arg JOBS=5 --build-arg FLAG=true .");
    assert!(!line.contains("=5") && !line.contains("true"), "{line}");
}

#[test]
fn lines_that_could_not_be_read_as_commands_hide_their_values_too() {
    let none = Arguments::default();
    let line = none.hidden(
        "failed: buildctl build --opt build-arg:SHA=abcdef1 --build-arg 'X=a b' \
            --build-arg=Y=c\\ d z",
    );
    for value in ["abcdef1", "a b", "c\\ d", "c d"] {
        assert!(!line.contains(value), "{line}");
    }
    assert!(line.ends_with(" z"), "{line}");
    let line = "docker build --build-arg V=${{ github.sha }} --build-arg W=$(git log -1) \
        --build-arg X='a$(b' .";
    assert_eq!(none.hidden(line), line.replace("a$(b", &mark("X", "a$(b")).replace('\'', ""));
}

#[test]
fn what_the_shell_fills_in_stays_and_tells_that_it_is_an_expression() {
    for text in [
        "SHA=$(git rev-parse HEAD)",
        "V=${{ github.sha }}",
        "V=$CI_COMMIT",
        "BUILDKIT_INLINE_CACHE=1",
        "BARE",
    ] {
        assert_eq!(hidden_argument(text), text);
    }
    assert!(hidden_argument("V=1.0.$RANDOM").ends_with(">$RANDOM"));
    let default = hidden_argument("V=${TAG:-latest}");
    assert!(default.starts_with("V=${TAG:-<arg:") && default.ends_with(">}"), "{default}");
    assert_eq!(hidden_argument("V=$(basename $(pwd))"), "V=$(basename $(pwd))");
    // Escaped as in an address, and no variable of Windows.
    assert_eq!(
        hidden_argument("V=first%20second%20third"),
        format!("V={}", mark("V", "first%20second%20third"))
    );
    assert_eq!(hidden_argument("A=1\nB=2").lines().count(), 2);
}

#[test]
fn what_is_called_a_secret_has_no_mark() {
    let arguments = known(&["NPM_TOKEN=hunter2hunter2"]);
    assert_eq!(hidden_argument("NPM_TOKEN=hunter2hunter2"), "NPM_TOKEN=***");
    assert_eq!(arguments.hidden("RUN echo hunter2hunter2"), "RUN echo ***");
    assert_eq!(arguments.shown("RUN echo hunter2hunter2"), "RUN echo ***");
}

#[test]
fn marks_read_as_values_that_are_known_again() {
    let (old, new) = (known(&["V=1.0.0"]), known(&["V=1.1.0"]));
    let kept = old.hidden("RUN echo 1.0.0");
    assert_eq!(old.recalled(&kept), "RUN echo 1.0.0");
    assert_eq!(new.recalled(&kept), kept);
    assert_eq!(new.shown("RUN echo 1.1.0"), "RUN echo 1.1.0");
}

#[test]
fn instructions_that_show_their_arguments_hide_them() {
    let step = crate::model::Instruction {
        text: "RUN |2 SHA=abcdef1 N=77 npm ci".into(),
        ..Default::default()
    };
    let step = crate::model::Step { what: step.into(), ..Default::default() };
    let build = crate::model::Build { steps: vec![step], ..Default::default() };
    let arguments = Arguments::of([&Run { builds: vec![build], ..Run::default() }]);
    let text = arguments.hidden("RUN |2 SHA=abcdef1 N=77 npm ci");
    assert!(
        !text.contains("abcdef1") && !text.contains("77") && text.ends_with(" npm ci"),
        "{text}"
    );
}

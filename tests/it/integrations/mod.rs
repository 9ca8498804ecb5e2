//! Each wrapper of `integrations/` on real logs, as its CI would run it: quiet where nothing is
//! wrong, heard where something is, and the second run knows the first. The programs of the CI are
//! played by scripts.

mod agent;
mod wrapper;

use std::collections::BTreeSet;
use std::fs;

use self::agent::{Agent, Outcome};
use self::wrapper::{Inputs, WRAPPERS, Wrapper};

/// Variables that the shared script takes, as it lists them.
fn variables() -> BTreeSet<String> {
    let script = fs::read_to_string("integrations/judge.sh").unwrap();
    let (_, list) = script.split_once("\ninputs='").unwrap();
    list.split('\'').next().unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_wrapper_takes_the_same_inputs() {
    for wrapper in WRAPPERS {
        let offered: BTreeSet<String> =
            (wrapper.inputs)().keys().map(|name| wrapper::shouted(name)).collect();
        let missing: Vec<String> = variables().difference(&offered).cloned().collect();
        assert!(missing.is_empty(), "{}: {missing:?}", wrapper.name);
    }
}

/// What Groovy does with them cannot be run here.
#[test]
fn jenkins_takes_the_same_inputs() {
    let text = fs::read_to_string("integrations/jenkins/vars/cachediag.groovy").unwrap();
    let named: BTreeSet<String> = text
        .split("'CACHEDIAG_")
        .skip(1)
        .map(|rest| rest.split('\'').next().unwrap().to_owned())
        .collect();
    assert_eq!(named, variables());
    assert!(text.contains("sh 'cachediag-judge'"));
}

fn given(inputs: &[(&str, &str)]) -> Inputs {
    inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn run(wrapper: &Wrapper, agent: &Agent, inputs: &[(&str, &str)]) -> Outcome {
    let mut all = (wrapper.inputs)();
    all.extend(given(inputs));
    agent.run(&(wrapper.call)(&all))
}

#[test]
fn a_healthy_build_is_left_in_peace() {
    for wrapper in WRAPPERS {
        let agent = Agent::new();
        for number in 1..=4 {
            agent.log(
                &format!("registry-mode-max-healthy/run-0{number}.log"),
                &format!("run-0{number}.log"),
            );
        }
        let done = run(wrapper, &agent, &[("logs", "run-*.log"), ("fail-on", "note")]);
        assert_eq!(done.status, 0, "{}: {done:?}", wrapper.name);
        assert!(done.said.contains("No cache trouble found: 4 runs"), "{}: {done:?}", wrapper.name);
        assert!(!(wrapper.acted)(&agent, &done), "{}: {done:?}", wrapper.name);
    }
}

#[test]
fn a_sick_build_is_shown_and_fails_where_that_is_asked_for() {
    for wrapper in WRAPPERS {
        let agent = Agent::new();
        agent.log("compression-typo/run-01.log", "build.log");
        let done = run(wrapper, &agent, &[("fail-on", "error")]);
        assert_eq!(done.status, 1, "{}: {done:?}", wrapper.name);
        assert!(done.said.contains("error[cache-option-invalid]"), "{}: {done:?}", wrapper.name);
        assert!((wrapper.acted)(&agent, &done), "{}: {done:?}", wrapper.name);
        let page = fs::read_to_string(agent.file("cachediag-reports/report.html")).unwrap();
        assert!(page.contains("cache-option-invalid"), "{}", wrapper.name);
        assert_eq!(
            run(wrapper, &agent, &[]).status,
            0,
            "{}: by default nothing fails",
            wrapper.name
        );
    }
}

#[test]
fn the_second_run_knows_the_first() {
    for wrapper in WRAPPERS {
        let agent = Agent::new();
        let inputs = [("job", "image"), ("history", ".cachediag/history.db")];
        agent.log("every-second-run/run-01.log", "build.log");
        let first = run(wrapper, &agent, &inputs);
        agent.log("every-second-run/run-02.log", "build.log");
        let second = run(wrapper, &agent, &inputs);
        assert!(!first.said.contains("1 earlier run looked at"), "{}: {first:?}", wrapper.name);
        assert!(second.said.contains("1 earlier run looked at"), "{}: {second:?}", wrapper.name);
    }
}

#[test]
fn annotations_can_be_switched_off() {
    for wrapper in WRAPPERS
        .iter()
        .filter(|wrapper| ["github", "buildkite", "bitbucket"].contains(&wrapper.name))
    {
        let agent = Agent::new();
        agent.log("compression-typo/run-01.log", "build.log");
        let done = run(wrapper, &agent, &[("annotate", "false")]);
        assert!(done.said.contains("error[cache-option-invalid]"), "{}: {done:?}", wrapper.name);
        assert!(!(wrapper.acted)(&agent, &done), "{}: {done:?}", wrapper.name);
    }
}

#[test]
fn without_a_log_it_says_what_to_do() {
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == "buildkite").unwrap();
    let agent = Agent::new();
    let done = run(wrapper, &agent, &[]);
    assert!(
        done.status == 0 && done.said.contains("no log found: keep the build's output"),
        "{done:?}"
    );
    assert_eq!(run(wrapper, &agent, &[("fail-on", "error")]).status, 2);
}

/// The record of a build needs no `tee`.
#[test]
fn the_record_of_the_builder_is_a_log() {
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == "github").unwrap();
    let agent = Agent::new();
    agent.log("compression-typo/run-01.log", "record");
    agent.program("docker", "[ \"$*\" = 'buildx history logs --progress rawjson' ] && cat record");
    let done = run(wrapper, &agent, &[]);
    assert!(done.said.contains("error[cache-option-invalid]"), "{done:?}");
    let outputs = fs::read_to_string(agent.file("outputs")).unwrap();
    assert!(outputs.contains("verdict=trouble\nerrors=1\nwarnings=0\n"), "{outputs}");
}

/// The comment of an earlier push is written anew; without trouble none is made.
#[test]
fn one_comment_is_kept_up_to_date() {
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == "github").unwrap();
    let agent = Agent::new();
    agent.log("compression-typo/run-01.log", "build.log");
    run(wrapper, &agent, &[("comment", "true")]);
    assert!(
        agent.called().contains("--method POST repos/team/app/issues/7/comments "),
        "{}",
        agent.called()
    );
    agent.program(
        "gh",
        "echo \"gh $*\" >>\"$HOME/called\"; case $* in *--paginate*) echo 42 ;; esac",
    );
    run(wrapper, &agent, &[("comment", "true")]);
    assert!(
        agent.called().contains("--method PATCH repos/team/app/issues/comments/42 "),
        "{}",
        agent.called()
    );
}

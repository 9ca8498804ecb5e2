//! Firing, and near misses.

use super::super::testing::{Made, made, of};
use super::*;

fn warm(sha: &str) -> Made {
    let command = format!("docker buildx build --build-arg GIT_SHA={sha} .");
    let command = if sha.is_empty() { "docker compose build".to_owned() } else { command };
    made()
        .command(&command)
        .import("r.example.com/a:c", None)
        .from("node:20", "aa")
        .hit("WORKDIR /app")
}

fn cold() -> Made {
    made().from("node:20", "aa").miss("WORKDIR /app").miss("RUN npm ci").miss("COPY . .")
}

fn broken(sha: &str) -> Made {
    warm(sha).miss("RUN npm ci").miss("COPY . .")
}

#[test]
fn fires_when_one_run_always_breaks() {
    let found = VolatileBuildArg.check(&of(vec![cold(), broken(""), broken("")]));
    assert_eq!(
        (found.len(), found[0].confidence, found[0].severity),
        (1, Confidence::Suspected, Severity::Warning)
    );
    assert_eq!(found[0].impact.steps, 4);
}

#[test]
fn a_command_line_names_it() {
    let first = cold().command("docker buildx build --build-arg GIT_SHA=a1 .");
    let found = VolatileBuildArg.check(&of(vec![first, broken("b2"), broken("c3")]));
    // Whether the Dockerfile declares it is not in the log.
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::Likely));
    assert!(found[0].title.contains("`GIT_SHA`"), "{}", found[0].title);
}

#[test]
fn command_lines_without_a_change_leave_an_env_in_the_dockerfile() {
    let first = cold().command("docker buildx build --build-arg GIT_SHA=a1 .");
    let found = VolatileBuildArg.check(&of(vec![first, broken("a1"), broken("a1")]));
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::Suspected));
    assert!(found[0].rules_out.iter().any(|said| said.text.contains("writes into the Dockerfile")));
}

#[test]
fn fires_on_a_value_in_the_text() {
    let run = |v: u32| {
        warm("").hit("COPY . .").miss(&format!("RUN echo building 1.0.{v} && npm run build"))
    };
    let found = VolatileBuildArg.check(&of(vec![run(1), run(2), run(3)]));
    assert_eq!((found.len(), found[0].confidence), (1, Confidence::Likely));
    let snippet = found[0].fix.snippet.clone().unwrap_or_default();
    assert!(snippet.contains("RUN npm run build\nARG NAME\nRUN echo building $NAME"), "{snippet}");
}

#[test]
fn leaves_edits_files_and_healthy_runs() {
    let edited = |text: &str| warm("").hit("COPY . .").miss(text);
    let held = || warm("").hit("COPY . .").hit("RUN npm ci --omit=dev now");
    assert!(
        VolatileBuildArg
            .check(&of(vec![
                edited("RUN npm ci now"),
                edited("RUN npm ci --omit=dev now"),
                held(),
                held()
            ]))
            .is_empty()
    );
    let bind = || warm("").miss("RUN --mount=type=bind,target=. make");
    assert!(VolatileBuildArg.check(&of(vec![bind(), bind(), bind()])).is_empty());
    let late = || warm("").hit("RUN npm ci").miss("COPY . .").miss("RUN npm run build");
    assert!(VolatileBuildArg.check(&of(vec![cold(), late(), late()])).is_empty());
    let once = || warm("").hit("RUN npm ci").hit("COPY . .");
    assert!(
        VolatileBuildArg.check(&of(vec![cold(), once(), broken(""), once(), once()])).is_empty()
    );
}

#[test]
fn leaves_a_dockerfile_that_is_being_worked_on() {
    let run = |text: &str| warm("").hit("COPY . .").miss(text);
    let words = || {
        vec![
            run("RUN make -j2 all test"),
            run("RUN make -j2 all check"),
            run("RUN make -j2 all lint"),
        ]
    };
    assert!(VolatileBuildArg.check(&of(words())).is_empty());
    let places = || {
        vec![run("RUN make -j2 v1 test"), run("RUN make -j4 v1 test"), run("RUN make -j4 v2 test")]
    };
    assert!(VolatileBuildArg.check(&of(places())).is_empty());
}

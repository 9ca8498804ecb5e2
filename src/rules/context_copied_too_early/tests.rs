//! Firing, near misses, and the order that is proposed.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::testing::{Made, made, of};
use super::*;
use crate::config::Beside;
use crate::model::CacheKind;

fn run() -> Made {
    made().import("r.example.com/a:c", None).from("node:20", "aa")
}

fn three(cold: &dyn Fn() -> Made, warm: &dyn Fn() -> Made) -> Vec<Finding> {
    ContextCopiedTooEarly.check(&of(vec![cold(), warm(), warm()]))
}

#[test]
fn fires_before_an_installation() {
    let cold =
        || run().miss("WORKDIR /app").miss("COPY . .").miss("RUN npm ci").miss("RUN npm run build");
    let warm =
        || run().hit("WORKDIR /app").miss("COPY . .").miss("RUN npm ci").miss("RUN npm run build");
    let found = three(&cold, &warm);
    assert_eq!(
        (found.len(), found[0].confidence, found[0].impact.steps),
        (1, Confidence::Likely, 6)
    );
    let snippet = found[0].fix.snippet.clone().unwrap_or_default();
    assert!(
        snippet.contains(
            "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build"
        ),
        "{snippet}"
    );
}

#[test]
fn fires_where_it_is_the_first_step_of_a_stored_stage() {
    let one = || {
        run()
            .miss("COPY . /app")
            .miss("RUN pip install -r /app/requirements.txt")
            .export(CacheKind::Registry, None)
    };
    assert_eq!(three(&one, &one)[0].confidence, Confidence::Suspected);
}

#[test]
fn one_log_alone_is_a_note_about_the_order() {
    let single = |made: Made| ContextCopiedTooEarly.check(&of(vec![made]));
    let warm = run().hit("WORKDIR /app").miss("COPY . .").miss("RUN npm ci");
    let found = single(warm);
    assert_eq!(
        (found.len(), found[0].severity, found[0].confidence, found[0].impact.steps),
        (1, Severity::Note, Confidence::Likely, 2)
    );
    let cold = single(run().miss("COPY . .").miss("RUN npm ci"));
    assert_eq!((cold.len(), cold[0].confidence), (1, Confidence::Suspected));
    for quiet in [
        run().hit("WORKDIR /app").hit("COPY . .").hit("RUN npm ci"),
        run().miss("COPY package.json .").miss("RUN npm ci").miss("COPY . ."),
        run().miss("COPY package.json .").miss("COPY . .").miss("RUN npm ci"),
        run().miss("COPY . .").miss("RUN npm run build"),
    ] {
        assert!(single(quiet).is_empty());
    }
}

#[test]
fn leaves_the_usual_order() {
    let warm = || {
        run()
            .hit("COPY package.json ./")
            .hit("RUN npm ci")
            .miss("COPY . .")
            .miss("RUN npm run build")
            .miss("RUN npm test")
    };
    let cold = || {
        run()
            .miss("COPY package.json ./")
            .miss("RUN npm ci")
            .miss("COPY . .")
            .miss("RUN npm run build")
            .miss("RUN npm test")
    };
    assert!(three(&cold, &warm).is_empty());
}

#[test]
fn leaves_a_lone_build_step_and_a_single_change() {
    let warm = || run().hit("WORKDIR /src").miss("COPY . .").miss("RUN make");
    assert!(three(&warm, &warm).is_empty());
    let early = || run().hit("WORKDIR /app").miss("COPY . .").miss("RUN npm ci");
    let same = || run().hit("WORKDIR /app").hit("COPY . .").hit("RUN npm ci");
    assert!(ContextCopiedTooEarly.check(&of(vec![same(), early()])).is_empty());
    // The builder held what stands above the COPY in the first run too: it broke there twice.
    let twice = ContextCopiedTooEarly.check(&of(vec![early(), early()]));
    assert_eq!(twice.iter().map(|f| f.confidence).collect::<Vec<_>>(), [Confidence::Suspected]);
    // A run in which nothing changed tells nothing; one in which something else did, does.
    let still = of(vec![early(), same(), early(), same(), early()]);
    assert_eq!(ContextCopiedTooEarly.check(&still).len(), 1);
    let held = || same().miss("RUN make");
    assert!(
        ContextCopiedTooEarly
            .check(&of(vec![early(), held(), early(), held(), early()]))
            .is_empty()
    );
}

#[test]
fn a_patch_names_files_that_are_there() {
    let file = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n";
    let refused = |there: Option<&[&str]>| {
        let mut config = crate::config::Config::read("Dockerfile", file).unwrap().unwrap();
        config.beside = there.map(|names| {
            let names: HashSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Arc::new(Beside::new(names, Vec::new()))
        });
        let stage = &config.content.stages[0];
        order::change_in(&config, stage, &stage.instructions[1]).err()
    };
    assert_eq!(refused(None), None);
    assert_eq!(refused(Some(&["Dockerfile", "README.md"])), None);
    assert_eq!(refused(Some(&["package.json", "package-lock.json"])), None);
    let missing = refused(Some(&["package.json", "yarn.lock"]));
    assert!(missing.is_some_and(|why| why.starts_with("`package-lock.json` is neither")));
    let too = refused(Some(&["package.json", "package-lock.json", ".npmrc"]));
    assert!(too.is_some_and(|why| why.starts_with("`.npmrc` is there too")));
}

/// What is to be done for a Dockerfile, in a sentence, and the first step.
fn told(file: &str) -> (String, String) {
    let config = crate::config::Config::read("Dockerfile", file).unwrap().unwrap();
    let study = crate::rules::Study::new(Vec::new(), Vec::new(), vec![config]);
    let fix = ContextCopiedTooEarly.check(&study).remove(0).fix;
    (fix.summary, fix.steps[0].clone())
}

#[test]
fn packages_for_production_are_not_installed_above_the_build() {
    let build = "FROM node\nWORKDIR /app\nCOPY . .\nRUN npm run build\n";
    let (summary, _) = told(&format!("{build}RUN npm ci --omit=dev\n"));
    assert!(
        summary.starts_with("put `RUN npm ci --omit=dev` into a stage of its own"),
        "{summary}"
    );
    let (summary, _) = told(&format!("{build}RUN npm ci\n"));
    assert!(summary.starts_with("run `RUN npm ci` before"), "{summary}");
}

#[test]
fn files_are_named_where_they_lie() {
    let (_, step) = told("FROM node\nCOPY . /src\nWORKDIR /src/web\nRUN npm ci\n");
    assert!(step.starts_with("Copy web/package.json web/package-lock.json first"), "{step}");
    let (_, step) = told("FROM node\nWORKDIR /src\nCOPY . .\nRUN npm ci\n");
    assert!(step.starts_with("Copy package.json package-lock.json first"), "{step}");
}

#[test]
fn a_run_that_builds_the_sources_is_split() {
    let run = "RUN poetry install --no-root && poetry build && pip install dist/*.whl";
    let (summary, _) = told(&format!("FROM python\nWORKDIR /src\nCOPY . .\n{run}\n"));
    assert!(summary.starts_with("split `RUN poetry install"), "{summary}");
}

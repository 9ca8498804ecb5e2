//! A Dockerfile is found by what it says, or not at all.

use super::super::testing::{Made, made, study};
use super::*;

pub(super) const FILE: &str = "ARG NODE=20
FROM node:${NODE} AS build
ARG SHA
WORKDIR /app
COPY package.json ./
RUN --mount=type=cache,target=/c echo $SHA \\
    # why
    \"\\$x\"
FROM build AS test
RUN npm test
FROM nginx
COPY --from=build /app /app
";

pub(super) fn config(path: &str, text: &str) -> Config {
    Config::read(path, text).unwrap().unwrap()
}

/// Steps as `BuildKit` numbers them.
fn numbered(made: Made) -> Made {
    made.with(|build| {
        let of = |stage: &str| build.steps.iter().filter(|s| s.stage == stage).count();
        let counts: Vec<usize> = build.steps.iter().map(|step| of(&step.stage) + 1).collect();
        for (step, of) in build.steps.iter_mut().zip(counts) {
            step.of = u32::try_from(of).unwrap();
        }
    })
}

pub(super) fn logged(sha: &str) -> Made {
    let build = made().stage("build").from("docker.io/library/node:20", "aa");
    let build = build.hit("WORKDIR /app").hit("COPY package.json ./");
    let run = format!("RUN --mount=type=cache,target=/c echo {sha}     \"$x\"");
    numbered(
        build
            .miss(&run)
            .stage("stage-2")
            .from("docker.io/library/nginx:latest", "bb")
            .miss("COPY --from=build /app /app"),
    )
}

/// Path and line of the last RUN's instruction.
fn found(configs: Vec<Config>, log: Made) -> Option<(String, u64)> {
    let study = Study { configs, ..study(vec![log.run()]) };
    let (run, build) = (&study.runs[0], &study.runs[0].builds[0]);
    let file = of(&study, run, build)?;
    let step = build.steps.iter().find(|s| s.instruction == "RUN")?;
    Some((file.config.path.clone(), file.of_step(build, step)?.1.line))
}

#[test]
fn every_step_must_be_an_instruction_in_its_place() {
    assert_eq!(
        found(vec![config("Dockerfile", FILE)], logged("0123")),
        Some(("Dockerfile".into(), 6))
    );
    let fewer = FILE.replace("COPY package.json ./\n", "");
    let other = FILE.replace("COPY package.json", "COPY package.json yarn.lock");
    let longer = FILE.replace("FROM build AS test", "RUN make\nFROM build AS test");
    let base = FILE.replace("FROM nginx", "FROM httpd");
    let swapped = FILE
        .replace("WORKDIR /app\nCOPY package.json ./\n", "COPY package.json ./\nWORKDIR /app\n");
    for text in [fewer, other, longer, base, swapped] {
        assert_eq!(found(vec![config("Dockerfile", &text)], logged("0123")), None, "{text}");
    }
}

#[test]
fn of_several_the_command_line_decides_else_none() {
    let both = || vec![config("api/Dockerfile", FILE), config("web/Dockerfile", FILE)];
    assert_eq!(found(both(), logged("1")), None);
    let asked = |file: &str| logged("1").command(&format!("docker build -f {file} ."));
    assert_eq!(found(both(), asked("./web/Dockerfile")), Some(("web/Dockerfile".into(), 6)));
    assert_eq!(found(both(), asked("$DIR/Dockerfile")), None);
    assert_eq!(found(vec![config("api/Dockerfile", FILE)], asked("ci.Dockerfile")), None);
}

#[test]
fn bake_prints_its_target_before_a_lone_stage() {
    let file = "FROM node\nWORKDIR /app\nRUN npm ci\n";
    let log = || {
        numbered(
            made()
                .stage("web")
                .from("docker.io/library/node:latest", "aa")
                .hit("WORKDIR /app")
                .miss("RUN npm ci"),
        )
    };
    assert_eq!(found(vec![config("Dockerfile", file)], log()), None);
    let target = log().with(|build| build.target = Some("web".into()));
    assert_eq!(found(vec![config("Dockerfile", file)], target), Some(("Dockerfile".into(), 3)));
}

#[test]
fn other_builders_print_instructions_in_order() {
    let classic = |text: &str| {
        made()
            .hit("WORKDIR /app")
            .hit("COPY package.json ./")
            .miss(text)
            .with(|b| b.dialect = crate::model::Dialect::Classic)
    };
    let file = "FROM node\nWORKDIR /app\nENV A=1\nCOPY package.json ./\nRUN npm ci\n";
    assert_eq!(
        found(vec![config("Dockerfile", file)], classic("RUN npm ci")),
        Some(("Dockerfile".into(), 5))
    );
    assert_eq!(found(vec![config("Dockerfile", file)], classic("RUN npm install")), None);
}

#[test]
fn knows_what_a_stage_stands_on() {
    let config = config("Dockerfile", FILE);
    let file = DockerfileAt { config: &config, steps: Vec::new() };
    assert!(
        file.is_below(0, 1) && file.is_below(1, 1) && !file.is_below(0, 2) && !file.is_below(1, 0)
    );
    assert_eq!(
        (file.stage("build"), file.stage("stage-2"), file.stage("other")),
        (Some(0), Some(2), None)
    );
    let test = &config.content.stages[1];
    let values = file.values_above((test, &test.instructions[0]));
    assert_eq!(values.iter().map(|i| i.text.as_str()).collect::<Vec<_>>(), ["ARG SHA"]);
    assert_eq!(file.on("docker.io/library/nginx:latest").map(|s| s.line).collect::<Vec<_>>(), [11]);
}

#[test]
fn of_two_alike_the_one_in_the_folder_of_the_command_is_taken() {
    let both = || vec![config("api/Dockerfile", FILE), config("web/Dockerfile", FILE)];
    let built =
        |command: &str| found(both(), logged("0123").command(command)).map(|(path, _)| path);
    assert_eq!(built("docker buildx build -t w ./web/").as_deref(), Some("web/Dockerfile"));
    assert_eq!(built("docker buildx build -t w ."), None);
    let other = vec![config("Dockerfile.web", FILE)];
    let named = found(other, logged("0123").command("docker buildx build -t w web"));
    assert_eq!(named.map(|(path, _)| path).as_deref(), Some("Dockerfile.web"));
}

//! Inputs that are large in one respect: many steps, stages, services, jobs, files. A diagnosis of
//! twice as many takes twice as long, which a bench shows and a test asserts.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// One respect, and how an input with `n` of it is made in a folder.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    make: fn(usize, &Path),
    /// How many of it take a fraction of a second.
    pub(crate) some: usize,
}

pub(crate) static SHAPES: &[Shape] = &[
    Shape { name: "steps of a build", make: steps, some: 5_000 },
    Shape { name: "steps of a classic build", make: classic_steps, some: 5_000 },
    Shape { name: "stages of a build", make: stages, some: 1_000 },
    Shape { name: "stages that copy from each other", make: copies, some: 1_000 },
    Shape { name: "services of two runs", make: services, some: 1_000 },
    Shape { name: "builds of two services in turns", make: turns, some: 1_000 },
    Shape { name: "jobs of a log", make: jobs, some: 1_000 },
    Shape { name: "folders of two runs", make: folders, some: 500 },
    Shape { name: "files of other builds", make: files, some: 500 },
    Shape { name: "findings", make: findings, some: 1_000 },
    Shape { name: "vertices of two JSON logs", make: vertices, some: 3_000 },
    Shape { name: "two runs of other steps", make: two_runs, some: 2_000 },
    Shape { name: "classic builds", make: classic_builds, some: 2_000 },
    Shape { name: "buildah builds", make: buildah_builds, some: 2_000 },
    Shape { name: "kaniko builds", make: kaniko_builds, some: 2_000 },
    Shape { name: "jobs and their steps in an archive", make: archive, some: 500 },
    Shape { name: "lines of a command", make: command, some: 5_000 },
    Shape { name: "records of two caches", make: records, some: 10_000 },
    Shape { name: "records of two caches beside their logs", make: recorded, some: 5_000 },
    Shape { name: "blank lines", make: blank, some: 500_000 },
    Shape { name: "steps of Bitbucket", make: bitbucket_steps, some: 2_000 },
    Shape { name: "jobs of GitLab", make: gitlab_jobs, some: 2_000 },
    Shape { name: "steps of Buildkite", make: buildkite_steps, some: 2_000 },
    Shape { name: "services of a Compose file", make: compose_services, some: 1_600 },
    Shape { name: "targets of bake", make: bake_targets, some: 2_000 },
];

impl Shape {
    /// Makes the input in a folder of its own, which is what to diagnose.
    pub(crate) fn input(&self, n: usize, within: &Path) -> PathBuf {
        let folder = within.join(format!("{}-{n}", self.name.replace(' ', "-")));
        fs::create_dir_all(&folder).unwrap();
        (self.make)(n, &folder);
        folder
    }
}

/// A configuration file beside a log.
fn configured(folder: &Path, name: &str, head: &str, n: usize, part: impl Fn(&mut String, usize)) {
    log(folder, name, &(head.to_owned() + &each(n, part)));
    log(folder, "run.log", &build("make"));
}

fn bitbucket_steps(n: usize, folder: &Path) {
    configured(folder, "bitbucket-pipelines.yml", "pipelines:\n  default:\n", n, |text, i| {
        let script = format!("script: [docker build -t a:{i} .]");
        let _ =
            writeln!(text, "  - step:\n      name: s{i}\n      caches: [docker]\n      {script}");
    });
}

fn gitlab_jobs(n: usize, folder: &Path) {
    configured(folder, ".gitlab-ci.yml", "", n, |text, i| {
        let _ = writeln!(text, "j{i}:\n  script: docker build -t a:{i} .");
    });
}

fn buildkite_steps(n: usize, folder: &Path) {
    configured(folder, ".buildkite/pipeline.yml", "steps:\n", n, |text, i| {
        let _ = writeln!(text, "- command: docker build -t a:{i} .");
    });
}

fn compose_services(n: usize, folder: &Path) {
    configured(folder, "compose.yml", "services:\n", n, |text, i| {
        let _ = writeln!(text, "  s{i}:\n    build: {{context: ., cache_from: [a:{i}]}}");
    });
}

fn bake_targets(n: usize, folder: &Path) {
    configured(folder, "docker-bake.hcl", "", n, |text, i| {
        let _ = writeln!(text, "target \"t{i}\" {{ tags = [\"a:{i}\"] }}");
    });
}

/// Text of `n` parts.
fn each(n: usize, part: impl Fn(&mut String, usize)) -> String {
    let mut text = String::new();
    (0..n).for_each(|i| part(&mut text, i));
    text
}

fn log(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const LOAD: &str = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n";

/// A build with a step, whose text ends so.
fn build(step: &str) -> String {
    format!(
        "{LOAD}#2 [1/2] FROM docker.io/library/alpine:3.20@sha256:{0}\n#2 CACHED\n\n#3 [2/2] RUN \
            {step}\n#3 DONE 1.5s\n\n#4 exporting to image\n#4 DONE 0.1s\n",
        "0".repeat(64)
    )
}

fn steps(n: usize, folder: &Path) {
    let steps = each(n, |log, i| {
        writeln!(
            log,
            "#{} [{}/{}] RUN task-{i} --now\n#{} DONE 0.1s\n",
            i + 2,
            i + 2,
            n + 1,
            i + 2
        )
        .unwrap();
    });
    log(folder, "run-1.log", &format!("{LOAD}{steps}"));
}

fn classic_steps(n: usize, folder: &Path) {
    let steps = each(n, |log, i| {
        writeln!(
            log,
            "Step {}/{} : RUN task-{i} --now\n ---> Running in {i:012x}\n ---> {i:012x}",
            i + 2,
            n + 1
        )
        .unwrap();
    });
    log(
        folder,
        "run-1.log",
        &format!(
            "Step 1/{} : FROM alpine\n ---> {:012x}\n{steps}Successfully built 0a1b2c3d4e5f\n",
            n + 1,
            1
        ),
    );
}

fn stages(n: usize, folder: &Path) {
    let stages = each(n, |log, i| {
        writeln!(log, "#{} [part-{i} 2/2] RUN task-{i} --now\n#{} DONE 0.1s\n", i + 2, i + 2)
            .unwrap();
    });
    for run in 1..3 {
        log(folder, &format!("run-{run}.log"), &format!("{LOAD}{stages}"));
    }
}

fn copies(n: usize, folder: &Path) {
    let stages = each(n, |log, i| {
        let before = i.saturating_sub(1);
        writeln!(
            log,
            "#{0} [part-{i} 2/2] COPY --from=part-{before} /a /b\n#{0} DONE 0.1s\n",
            i + 2
        )
        .unwrap();
    });
    for run in 1..3 {
        log(folder, &format!("run-{run}.log"), &format!("{LOAD}{stages}"));
    }
}

fn services(n: usize, folder: &Path) {
    let services = each(n, |log, i| {
        let number = 4 * i + 2;
        writeln!(
            log,
            "#{number} [web-{i} internal] load build definition from \
            Dockerfile\n#{number} DONE 0.0s\n"
        )
        .unwrap();
        for step in 1..4 {
            let number = number + step;
            writeln!(
                log,
                "#{number} [web-{i} {}/4] RUN task-{i}-{step}\n#{number} DONE 0.1s\n",
                step + 1
            )
            .unwrap();
        }
    });
    for run in 1..3 {
        log(folder, &format!("run-{run}.log"), &services);
    }
}

fn turns(n: usize, folder: &Path) {
    log(
        folder,
        "run-1.log",
        &each(n, |log, i| log.push_str(&build(["make web", "make worker --all"][i % 2]))),
    );
}

fn jobs(n: usize, folder: &Path) {
    let lines = each(n, |log, i| {
        for line in build(&format!("task-{i}")).lines() {
            writeln!(log, "web-{i}  | {line}").unwrap();
        }
    });
    log(folder, "run-1.log", &lines);
}

fn folders(n: usize, folder: &Path) {
    for i in 0..n {
        for run in 1..3 {
            log(folder, &format!("job-{i}/run-{run}.log"), &build(&format!("task-{i}")));
        }
    }
}

fn files(n: usize, folder: &Path) {
    for i in 0..n {
        log(folder, &format!("run-{i}.log"), &build(&format!("task-{i} {}", i * 7)));
    }
}

fn findings(n: usize, folder: &Path) {
    let builds = each(n, |log, i| {
        let refused = format!(
            "#5 exporting cache to registry\n#5 ERROR: error writing layer blob: failed to \
                authorize: unexpected status from GET request to \
                https://r{i}.example.com/v2/team/app-{i}/blobs/uploads/: 403 Forbidden\n\n"
        );
        log.push_str(&build(&format!("task-{i}")));
        log.push_str(&refused);
    });
    log(folder, "run-1.log", &builds);
}

fn vertices(n: usize, folder: &Path) {
    const STARTED: &str =
        r#""started":"2026-05-04T09:00:00.1Z","completed":"2026-05-04T09:00:01.2Z""#;
    let lines = each(n, |log, i| {
        let inputs =
            if i == 0 { String::new() } else { format!(r#""inputs":["sha256:{:064x}"],"#, i - 1) };
        writeln!(
            log,
            r#"{{"vertexes":[{{"digest":"sha256:{i:064x}",{inputs}"name":"[{}/{}] RUN task-{i}",{STARTED}}}]}}"#,
            i + 2,
            n + 1
        )
        .unwrap();
    });
    for run in 1..3 {
        log(folder, &format!("run-{run}.log"), &lines);
    }
}

fn two_runs(n: usize, folder: &Path) {
    for run in 1..3 {
        let steps = each(n, |log, i| {
            let own = if i % 2 == 0 {
                format!("task-{i} --now")
            } else {
                format!("task-{i} in-{run} {run} {i}")
            };
            writeln!(log, "#{0} [{0}/{1}] RUN {own}\n#{0} DONE 0.1s\n", i + 2, n + 1).unwrap();
        });
        log(folder, &format!("run-{run}.log"), &format!("{LOAD}{steps}"));
    }
}

fn classic_builds(n: usize, folder: &Path) {
    let builds = each(n, |log, i| {
        writeln!(
            log,
            "Step 1/2 : FROM alpine\n ---> 0a1b2c3d4e5f\nStep 2/2 : RUN task-{}\n ---> Running in \
                {i:012x}\n ---> {i:012x}\nSuccessfully built {i:012x}",
            i % 3
        )
        .unwrap();
    });
    log(folder, "run-1.log", &builds);
}

fn buildah_builds(n: usize, folder: &Path) {
    let builds = each(n, |log, i| {
        let task = i % 3;
        writeln!(
            log,
            "STEP 1/2: FROM alpine\nSTEP 2/2: RUN task-{task}\n--> {i:012x}\nCOMMIT \
            app:{i}\n{i:064x}"
        )
        .unwrap();
    });
    log(folder, "run-1.log", &builds);
}

fn kaniko_builds(n: usize, folder: &Path) {
    let builds = each(n, |log, i| {
        writeln!(
            log,
            "INFO[0000] Retrieving image manifest alpine:3.20\nINFO[0000] Built cross stage deps: \
                map[]\nINFO[0000] Executing 0 build triggers\nINFO[0000] Checking for cached layer \
                r/app/cache:{i:064x}...\nINFO[0000] No cached layer found for cmd RUN \
                task-{0}\nINFO[0001] RUN task-{0}\nINFO[0002] Pushed r/app@sha256:{i:064x}",
            i % 3
        )
        .unwrap();
    });
    log(folder, "run-1.log", &builds);
}

fn archive(n: usize, folder: &Path) {
    let file = fs::File::create(folder.join("logs.zip")).unwrap();
    let mut zip = zip::ZipWriter::new(file);
    let options = zip::write::SimpleFileOptions::default();
    for i in 0..n {
        let log = build(&format!("task-{}", i % 3));
        for name in [format!("{i}_job-{i}.txt"), format!("job-{i}/1_build.txt")] {
            zip.start_file(name, options).unwrap();
            zip.write_all(log.as_bytes()).unwrap();
        }
    }
    zip.finish().unwrap();
}

fn command(n: usize, folder: &Path) {
    let options = each(n, |log, i| writeln!(log, "  --build-arg VALUE_{i}=x{i} \\").unwrap());
    log(
        folder,
        "run-1.log",
        &format!("+ docker buildx build \\\n{options}  -t app .\n{}", build("make")),
    );
}

fn blank(n: usize, folder: &Path) {
    log(folder, "run-1.log", &format!("{}{}", build("make"), "\n".repeat(n)));
}

/// The configuration of a cache of one stage, whose second half the second run made anew.
fn cache(n: usize, run: usize) -> String {
    let mut text = format!(
        r#"{{"layers":[{{"blob":"sha256:{:064x}","parent":-1}}],"records":[{{"digest":"sha256:{:064x}"}}"#,
        1, 2
    );
    for i in 0..n {
        let anew = run * usize::from(i > n / 2);
        write!(
            text,
            r#",{{"layers":[{{"layer":0,"createdAt":"2026-11-28T13:{:02}:{:02}.5Z"}}],"digest":"sha256:{:064x}","inputs":[[{{"selector":"sha256:8a5edab282632443219e051e4ade2d1d5bbc671c781051bf1437897cbdfea0f1","link":{i}}}]]}}"#,
            anew * 10,
            i % 60,
            10 + 2 * i + anew,
        )
        .unwrap();
    }
    text + "]}"
}

fn records(n: usize, folder: &Path) {
    (0..2).for_each(|run| log(folder, &format!("run-{run}.json"), &cache(n, run)));
}

fn recorded(n: usize, folder: &Path) {
    records(n, folder);
    for run in 0..2 {
        let steps = each(n, |text, i| {
            let end = if run == 0 || i > n / 2 { "DONE 0.3s" } else { "CACHED" };
            writeln!(text, "#{0} [{1}/{2}] RUN make {i}\n#{0} {end}\n", i + 3, i + 2, n + 1)
                .unwrap();
        });
        let head = format!(
            "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n#2 [1/{}] FROM \
                docker.io/library/base:1@sha256:{:064x}\n#2 DONE 0.1s\n\n",
            n + 1,
            7
        );
        log(folder, &format!("run-{run}.log"), &(head + &steps));
    }
}

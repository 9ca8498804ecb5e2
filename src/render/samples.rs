//! Reports made by hand for the tests of renderers.

use super::{GoneFinding, News, Report, Screen};
use crate::config::{Config, Splice, unified_diff};
use crate::finding::{
    Confidence, Edit, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out, ruled_out,
    to_decide,
};
use crate::model::{
    Base, Build, BuildOutcome, CacheKind, CacheOperation, CacheOutcome, CiCache, Engine,
    Instruction, Outcome, Problem, Quote, Run, Step, Transfer,
};
use crate::rules::Study;
use crate::series::{BuildRef, Series};
use crate::triage::{Baseline, Gates, Hidden, Ignore, Known, StepPattern, gates};

pub(crate) const NARROW: Screen = Screen { width: 80, color: false, ascii: false };
pub(crate) const WIDE: Screen = Screen { width: 120, color: false, ascii: false };
pub(crate) const COLOR: Screen = Screen { width: 80, color: true, ascii: false };

/// One finding with all its parts, over four runs of one build.
pub(crate) fn multi_stage() -> Report {
    let marks = ["··", "·█", "·█", "·█"];
    let runs = (1..)
        .zip(marks)
        .map(|(n, m)| run(&format!("run-{n:02}.log"), &format!("run-{n:02}"), vec![build(m)]))
        .collect();
    Report { findings: vec![inline_finding()], ..report(runs, "team/svc") }
}

/// An error, a warning and a note, and an input that could not be read.
pub(crate) fn several() -> Report {
    let mut report = multi_stage();
    report.findings = vec![note(), inline_finding(), upload_failed()];
    let message = "is a directory entry that points nowhere".to_owned();
    report.problems = vec![Problem { source: "logs/gone.log".to_owned(), line: None, message }];
    report
}

/// Six healthy runs.
pub(crate) fn healthy() -> Report {
    report(
        (1..7)
            .map(|n| run(&format!("run-{n}.log"), &format!("run-{n}"), vec![build("██")]))
            .collect(),
        "team/svc",
    )
}

/// One run, whose build stage ran.
pub(crate) fn single_run() -> Report {
    report(vec![run("run-1.log", "run-1", vec![build("·█")])], "team/svc")
}

/// A log of something else.
pub(crate) fn no_build() -> Report {
    Report {
        study: Study::new(
            report(vec![run("test.log", "test", vec![])], "").study.runs,
            Vec::new(),
            Vec::new(),
        ),
        ..Report::default()
    }
}

/// Text that wants to be more than text, in every field that comes from a log.
pub(crate) fn hostile() -> Report {
    let bad = "##[error]x \u{1b}[2J\u{202e}\r\n::error::boom password=hunter2 \u{9b}31m";
    let long = format!("{bad} {}", "日本語 and on ".repeat(40));
    let mut step = build("·█");
    step.steps[0].name = long.as_str().into();
    step.steps[0].text = long.as_str().into();
    let mut report = report(vec![run(&format!("logs/{bad}/run.log"), bad, vec![step])], &long);
    report.findings = vec![Finding {
        title: long.clone(),
        cause: long.clone(),
        evidence: Proof::new(evidence(bad, 3, &long, &long)),
        fix: Fix {
            summary: long.clone(),
            steps: vec![long.clone(), long.clone()],
            snippet: Some("::error::x\ndocker build \\\n  .".to_owned()),
            edits: vec![Edit {
                path: bad.to_owned(),
                diff: "-a\n+::error::b\n".to_owned(),
                change: Splice { range: 0..0, text: "::error::b\n".to_owned() },
                safe: false,
                builders: Vec::new(),
            }],
            cost: bad.to_owned(),
            ..Fix::default()
        },
        rules_out: vec![not_ruled_out(long.clone())],
        ..inline_finding()
    }];
    report.problems = vec![Problem { source: bad.to_owned(), line: Some(1), message: long }];
    report
}

/// Two runs called the same.
pub(crate) fn same_labels() -> Report {
    report(
        vec![
            run("a/build.log", "build", vec![build("·█")]),
            run("b/build.log", "build", vec![build("██")]),
        ],
        "app",
    )
}

/// A hundred builds with a hundred runs each.
pub(crate) fn many() -> Report {
    let runs: Vec<Run> = (0..100)
        .map(|n| run(&format!("{n}.log"), &n.to_string(), (0..100).map(|_| build("·█")).collect()))
        .collect();
    let series = |build| Series {
        key: format!("registry.example.com/a-team-with-a-long-name/service-{build}"),
        builds: (0..100).map(|run| BuildRef { run, build }).collect(),
    };
    let study = Study::new(runs, (0..100).map(series).collect(), Vec::new());
    Report { study, findings: vec![upload_failed()], ..Report::default() }
}

/// What is wrong with a configuration, which is corrected; a note; and an input that could not be
/// read.
pub(crate) fn configured() -> Report {
    const FILE: &str = "bitbucket-pipelines.yml";
    const TEXT: &str = "pipelines:\n  default:\n    - step:\n        name: build\n        \
        caches:\n          - docker\n        script:\n          - docker build .\n";
    let corrected = TEXT.replace("- docker\n", "- docker-web\n");
    let mut report = several();
    report.study.configs = vec![Config::read(FILE, TEXT).unwrap().unwrap()];
    let finding = &mut report.findings[2];
    finding.evidence.push(evidence(FILE, 6, "          - docker", "step \"build\" saves it"));
    let diff = unified_diff(FILE, TEXT, &corrected).unwrap();
    let change = Splice::between(TEXT, &corrected).unwrap();
    finding.fix.edits =
        vec![Edit { path: FILE.to_owned(), diff, change, safe: true, builders: Vec::new() }];
    report
}

/// Much was decided: one finding is known, one hidden, one gone; one gate is passed, one is not,
/// one measured nothing.
pub(crate) fn decided() -> Report {
    let mut report = several();
    let [new, known, note] = report.findings.clone().try_into().unwrap();
    let mut baseline =
        Baseline::of("cachediag-baseline.json".to_owned(), std::slice::from_ref(&known));
    let gone = Known {
        rule: "cache-lost".to_owned(),
        subject: "registry/app::error::x".to_owned(),
        build: "team/<b>app</b>".to_owned(),
    };
    baseline.known.insert("0123456789abcdef".to_owned(), gone);
    let by = Ignore {
        rule: note.rule.to_owned(),
        reason: "nightly jobs <b>start</b> cold".to_owned(),
        place: "cachediag.toml:12".to_owned(),
        ..Ignore::default()
    };
    report.hidden = vec![Hidden { finding: note, by }];
    report.findings = vec![new, known];
    report.baseline = Some(baseline);
    let asked = Gates {
        min_hit_rate: Some(60),
        must_hit: ["stage-1: RUN apk add", "build: WORKDIR", "build: RUN npm ci"]
            .map(StepPattern::new)
            .to_vec(),
    };
    report.gates = gates(&report.study, &asked);
    report
}

/// Runs are remembered: one finding is new, two are known, one is gone, whose title is an attack.
pub(crate) fn remembered() -> Report {
    let mut report = several();
    let gone = GoneFinding {
        rule: "cache-lost".to_owned(),
        title: "the cache of <b>team/app</b> is lost %0A::error::x".to_owned(),
    };
    let new = [report.findings[0].fingerprint()].into();
    report.news = Some(News { runs: 1234, new, gone: vec![gone] });
    report
}

/// Ten thousand findings of all severities, each about another cache; every third is in a
/// configuration.
pub(crate) fn flood() -> Report {
    let mut report = configured();
    let kinds = [inline_finding(), report.findings[2].clone(), note()];
    let numbered = |number: usize| {
        let mut finding = kinds[number % 3].clone();
        finding.subject = format!("registry.example.com/team/service-{number}:latest");
        finding.title = format!("{} (service {number})", finding.title);
        // One line each: ten thousand are slow enough to print in tests.
        finding.evidence = Proof::new(finding.evidence.iter().last().unwrap().clone());
        finding
    };
    report.findings = (0..10_000).map(numbered).collect();
    report
}

/// The builds of all runs as one series.
fn report(runs: Vec<Run>, key: &str) -> Report {
    let builds = runs
        .iter()
        .enumerate()
        .flat_map(|(run, r)| (0..r.builds.len()).map(move |build| BuildRef { run, build }));
    let series = vec![Series { key: key.to_owned(), builds: builds.collect() }];
    Report { study: Study::new(runs, series, Vec::new()), ..Report::default() }
}

fn run(source: &str, label: &str, builds: Vec<Build>) -> Run {
    let ci_caches = [CiCache {
        name: "docker: docker.tar".into(),
        operation: CacheOperation::Save,
        outcome: CacheOutcome::Failed,
        reason: None,
        restored: None,
        quote: quote(78, "Cache \"docker: docker.tar\": Upload failed"),
    }];
    let (source, label) = (source.into(), label.into());
    Run {
        source,
        label,
        lines: 78,
        builds,
        ci_caches: ci_caches.into(),
        ci: Some("bitbucket"),
        ..Run::default()
    }
}

/// A build of two steps: `█` from the cache, `·` ran.
fn build(marks: &str) -> Build {
    let texts =
        [("build", "WORKDIR /src", 44), ("stage-1", "RUN apk add --no-cache ca-certificates", 71)];
    let steps = texts.iter().zip(marks.chars()).map(|(&(stage, text, line), mark)| Step {
        what: instruction(stage, text).into(),
        outcome: if mark == '█' { Outcome::Hit } else { Outcome::Miss },
        seconds: Some(if mark == '█' { 0.0 } else { 1.2 }),
        header: quote(line, text),
        ..Step::default()
    });
    let import = Transfer {
        reference: Some("registry.example.com/team/svc:latest".into()),
        kind: CacheKind::Registry,
        ended: true,
        header: quote(30, "#6 importing cache manifest"),
        ..Transfer::default()
    };
    Build {
        outcome: BuildOutcome::Succeeded,
        engine: Engine::Graphdriver,
        driver: Some("docker".into()),
        steps: steps.collect(),
        bases: vec![Base::default()],
        imports: vec![import],
        inline: Some(quote(73, "#16 preparing layers for inline cache")),
        line: 1,
        ..Build::default()
    }
}

fn instruction(stage: &str, text: &str) -> Instruction {
    Instruction {
        name: format!("[{stage} 2/6] {text}").into(),
        stage: stage.into(),
        position: 2,
        of: 6,
        instruction: text.split(' ').next().unwrap().into(),
        text: text.into(),
        ..Instruction::default()
    }
}

fn inline_finding() -> Finding {
    let lines = vec![
        evidence(
            "run-03.log",
            44,
            "#9 [build 2/6] WORKDIR /src",
            "ran again, though nothing it depends on changed",
        ),
        evidence(
            "run-03.log",
            71,
            "#14 [stage-1 2/3] RUN apk add --no-cache ca-certificates",
            "the final stage came from the cache",
        ),
        evidence("run-03.log", 73, "#16 preparing layers for inline cache", ""),
    ];
    Finding {
        rule: "inline-cache-multi-stage",
        severity: Severity::Error,
        confidence: Confidence::Likely,
        title: "the build stage is rebuilt on every change: the inline cache stores the final \
            stage only".to_owned(),
        cause: "An inline cache is written into the image that is pushed, and that image holds the \
            layers of the last stage. Layers of the stages before it are stored nowhere, so any \
            change there builds the whole stage again.".to_owned(),
        evidence: Proof::from_lines(lines).unwrap(),
        fix: Fix {
            summary: "Store every stage in a registry cache (mode=max), with a builder that can \
                write it:".to_owned(),
            steps: vec![],
            snippet: Some("docker buildx create --name ci --driver docker-container --use\ndocker \
                buildx build --cache-from \
                type=registry,ref=registry.example.com/team/svc:buildcache \\\n  --cache-to \
                type=registry,ref=registry.example.com/team/svc:buildcache,mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd \
                .".to_owned()),
            edits: vec![],
            cost: "the cache holds every stage, so it is larger and takes longer to write".to_owned(),
            ..Fix::default()
        },
        impact: Impact { steps: 15, seconds: 451.0, runs: 3 },
        rules_out: vec![
            ruled_out("base image changed (same digest in every run)"),
            ruled_out("cache not found (the import is ok)"),
            to_decide("give the Dockerfile (--config): it proves which stages there are"),
        ],
        subject: "registry.example.com/team/svc:latest".to_owned(),
    }
}

pub(crate) fn upload_failed() -> Finding {
    let quoted = |n| {
        evidence(
            &format!("a/very/long/way/to/the/logs/of/one/of/many/pipelines/run-{n:02}.log"),
            78,
            "Cache \"docker: docker.tar\": Upload failed",
            "the cache was not saved",
        )
    };
    Finding {
        rule: "ci-cache-upload-failed",
        severity: Severity::Warning,
        confidence: Confidence::Suspected,
        title: "the CI could not save its cache \"docker: docker.tar\"".to_owned(),
        cause: "Nothing is stored at the end of the job, so the next one starts without it."
            .to_owned(),
        evidence: Proof::from_lines((1..9).map(quoted).collect()).unwrap(),
        fix: Fix {
            summary: "Give each image a cache of its own.".to_owned(),
            steps: vec![
                "Define one cache per image under definitions.".to_owned(),
                "Or use a \
                registry cache with one reference per image, which works with every builder and \
                outlives the week that a pipeline cache is kept."
                    .to_owned(),
            ],
            snippet: None,
            edits: vec![Edit {
                path: "bitbucket-pipelines.yml".to_owned(),
                diff: "@@ -1,3 +1,3 \
                @@\n caches:\n-  - docker\n+  - docker-web\n"
                    .to_owned(),
                change: Splice { range: 0..0, text: "caches:\n  - docker-web\n".to_owned() },
                safe: false,
                builders: Vec::new(),
            }],
            cost: String::new(),
            ..Fix::default()
        },
        impact: Impact::default(),
        rules_out: vec![not_ruled_out("a cache larger than 1 GB")],
        subject: "docker: docker.tar".to_owned(),
    }
}

fn note() -> Finding {
    Finding {
        rule: "dockerfile-edited",
        severity: Severity::Note,
        confidence: Confidence::Proven,
        title: "the Dockerfile was edited between two runs".to_owned(),
        fix: Fix {
            summary: "Nothing to do: steps after an edit must run once.".to_owned(),
            ..Fix::default()
        },
        ..upload_failed()
    }
}

fn evidence(source: &str, line: u64, text: &str, shows: &str) -> Evidence {
    Evidence { source: source.to_owned(), line, text: text.to_owned(), shows: shows.to_owned() }
}

fn quote(line: u64, text: &str) -> Quote {
    Quote { line, text: text.into() }
}

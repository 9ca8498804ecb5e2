//! Pairs of runs of made-up projects with one known change between them: whatever the project,
//! nothing that is not so is proven, and the change is found at its step.

use super::project::{Base, Builder, Left, Mode, Stage, Step, run};
use super::{Break, last};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

const BUILDS: [&str; 3] = ["npm run build", "go build ./... && strip app", "make > log 2>&1"];
const FILES: [(&str, &str); 5] = [
    ("package.json package-lock.json", "/app/"),
    ("package*.json", "/app/"),
    ("go.mod", "/app/"),
    ("src", "/app/src"),
    ("a.txt b.txt c.txt", "/app/"),
];

/// A project of one to three stages, the last of which copies from those before.
fn project(dice: &mut Dice) -> Vec<Stage> {
    const NAMES: [&str; 3] = ["deps", "build", "final"];
    let count = 1 + dice.below(3);
    let mut stages: Vec<Stage> = Vec::new();
    for n in 0..count {
        let last = n + 1 == count;
        let from = if n > 0 && !last && dice.below(2) == 0 {
            Ok(NAMES[n - 1])
        } else {
            Err(Base::of("base", "layers"))
        };
        let mut steps = Vec::new();
        if from.is_err() || dice.below(2) == 0 {
            steps.push(Step::Workdir(if last { "/srv" } else { "/app" }));
        }
        let mut files: Vec<usize> = (0..FILES.len()).collect();
        for at in 0..=dice.below(3) {
            let (sources, dest) = FILES[files.remove(dice.below(files.len()))];
            if !last || n == 0 {
                steps.push(Step::Copy(sources, dest, format!("{sources} of {n}")));
            }
            steps.push(run(&format!("{} {n}-{at}", dice.one(&BUILDS))));
        }
        if last && n > 0 {
            let at = dice.below(steps.len());
            steps.insert(at + 1, Step::From(NAMES[n - 1], "/app/dist", "dist".to_owned()));
        }
        stages.push(Stage::of(if last { "final" } else { NAMES[n] }, from, steps));
    }
    stages
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Files,
    Text,
    Argument,
    Environment,
    User,
    Shell,
    Base,
    Directory,
    Nothing,
}

pub(super) const CHANGES: [Change; 9] = [
    Change::Files,
    Change::Text,
    Change::Argument,
    Change::Environment,
    Change::User,
    Change::Shell,
    Change::Base,
    Change::Directory,
    Change::Nothing,
];

/// What may be said of the change: the end of the step, and why it ran.
pub(super) struct Truth {
    step: String,
    pub(super) because: &'static str,
    sure: bool,
}

/// The project with one change in it; `None` where the stage has nothing to change.
fn changed(
    stages: &[Stage],
    change: Change,
    dice: &mut Dice,
) -> Option<(Vec<Stage>, Option<Truth>)> {
    let mut stages = stages.to_vec();
    let at = dice.below(stages.len());
    let equal = dice.below(2) == 0;
    let is_run = |step: &Step| matches!(step, Step::Run(_));
    let places = |stage: &Stage, of: fn(&Step) -> bool| -> Vec<usize> {
        (0..stage.steps.len()).filter(|n| of(&stage.steps[*n])).collect()
    };
    let stage = &mut stages[at];
    let first_run = stage.steps.iter().position(is_run)?;
    let (place, because, sure) = match change {
        Change::Files => {
            let all = places(stage, |step| matches!(step, Step::Copy(..)));
            let place = *all.get(dice.below(all.len().max(1)))?;
            if let Step::Copy(_, _, held) = &mut stage.steps[place] {
                held.push_str(" anew");
            }
            (place, "inputs-changed", true)
        }
        Change::Text => {
            let all = places(stage, |step| matches!(step, Step::Run(_)));
            let place = all[dice.below(all.len())];
            if let Step::Run(text) = &mut stage.steps[place] {
                text.push_str(" --verbose");
            }
            (place, "instruction-changed", true)
        }
        Change::Argument => {
            // It is the same for all stages.
            for stage in &mut stages {
                stage.arguments = vec!["VERSION=2".to_owned()];
            }
            let truth = Truth { step: String::new(), because: "argument-changed", sure: true };
            return Some((stages, Some(truth)));
        }
        Change::Environment => {
            stage.environment = vec!["LANG=C".to_owned()];
            (first_run, "instruction-changed", false)
        }
        Change::User => {
            stage.user = "app";
            (first_run, "instruction-changed", false)
        }
        Change::Shell => {
            stage.shell = "/bin/bash";
            (first_run, "instruction-changed", false)
        }
        Change::Base => {
            stage.from =
                Err(stage.from.as_ref().err().map(|_| Base::of("base anew", "other layers"))?);
            (0, "base-changed", true)
        }
        Change::Directory => {
            let place = places(stage, |step| matches!(step, Step::Workdir(_))).pop()?;
            stage.steps[place] = Step::Workdir("/opt/work");
            (place, "instruction-changed", true)
        }
        Change::Nothing => return Some((stages, None)),
    };
    let step = stage.steps[place].text();
    // What a stage makes of it may be the same again.
    for stage in stages.iter_mut().skip(at + 1).filter(|_| !equal) {
        for step in &mut stage.steps {
            if let Step::From(_, _, held) = step {
                held.push_str(" anew");
            }
        }
    }
    Some((stages, Some(Truth { step, because, sure })))
}

/// All stages declare the argument, with its first value.
fn declared(mut stages: Vec<Stage>, change: Change) -> Vec<Stage> {
    if change == Change::Argument {
        for stage in &mut stages {
            stage.arguments = vec!["VERSION=1".to_owned()];
        }
    }
    stages
}

/// A project, the same with a change in it, and without it again.
pub(super) struct Series {
    pub(super) left: Vec<Left>,
    pub(super) truth: Option<Truth>,
    /// The builder forgot all before the second run.
    pub(super) emptied: bool,
}

pub(super) fn series(seed: u64, change: Change) -> Option<Series> {
    let mut dice = Dice(seed);
    let before = declared(project(&mut dice), change);
    let (after, truth) = changed(&before, change, &mut dice)?;
    let mut builder = Builder::default();
    let mut left = vec![builder.build(&before, Mode::Max, "")];
    let emptied = dice.below(4) == 0;
    if emptied {
        // The builder forgets, and imports nothing.
        builder.empty();
    }
    left.push(builder.build(&after, Mode::Max, ""));
    left.push(builder.build(&before, Mode::Max, ""));
    Some(Series { left, truth, emptied })
}

fn pair(seed: u64, change: Change) -> Option<(Vec<Left>, Option<Truth>)> {
    let Series { mut left, truth, .. } = series(seed, change)?;
    left.pop();
    Some((left, truth))
}

/// The log has a step in this place, whatever its text: `[build 2/8]`.
fn printed_in(left: &Left, step: &str) -> bool {
    step.split_once(']').is_some_and(|(place, _)| left.log.contains(place))
}

/// Nothing changed, so the step ran because its result was not there.
pub(super) fn is_lost(found: &Break) -> bool {
    matches!(found.1.as_str(), "record-lost" | "not-imported" | "not-stored" | "import-failed")
}

#[test]
fn nothing_wrong_is_proven_and_every_change_is_found() {
    for change in CHANGES {
        let mut tried = 0;
        for seed in 0..60 {
            let Some((left, truth)) = pair(seed, change) else { continue };
            tried += 1;
            let [logs, alone] = last(&left);
            let case = format!(
                "{change:?} {seed}: {logs:?} / {alone:?}\n{}\n---\n{}",
                left[0].log, left[1].log
            );
            let is_true = |found: &Break| {
                let of = |truth: &Truth| found.0.ends_with(&truth.step) && found.1 == truth.because;
                truth.as_ref().is_some_and(of) || is_lost(found)
            };
            for found in logs.iter().filter(|found| found.2 == "proven") {
                assert!(is_true(found), "{found:?} is not so. {case}");
            }
            // Without a log the texts of commands are not known, nor what stands above them.
            let above =
                matches!(change, Change::Environment | Change::User | Change::Shell | Change::Text);
            for found in alone.iter().filter(|found| found.2 == "proven" && !is_lost(found)) {
                let reason = truth.as_ref().map_or("", |truth| truth.because);
                assert!(
                    found.1 == reason || (above && found.1 == "argument-changed"),
                    "{found:?} is not so. {case}"
                );
            }
            if let Some(truth) = &truth {
                let said =
                    |found: &&Break| found.0.ends_with(&truth.step) && found.1 == truth.because;
                let found = logs.iter().find(said);
                // Where two stages began alike, the first run printed what both had under one name.
                let sure = truth.sure && found.is_some_and(|found| printed_in(&left[0], &found.0));
                assert!(
                    found.is_some_and(|found| !sure || found.2 == "proven"),
                    "not found. {case}"
                );
            }
        }
        assert!(tried >= 20, "{change:?}");
    }
}

/// The cache of one pair beside the logs of another: what is proven of them is true of both.
#[test]
fn crossed_caches_prove_nothing_that_is_not_so() {
    let mut used = 0;
    for seed in 0..40 {
        let (Some((a, _)), Some((b, _))) = (pair(seed, Change::Files), pair(seed, Change::Text))
        else {
            continue;
        };
        // The first runs are the same; their second ones differ in files and in a text.
        let crossed = vec![
            Left { log: a[0].log.clone(), cache: b[0].cache.clone(), ..Left::default() },
            Left { log: a[1].log.clone(), cache: b[1].cache.clone(), ..Left::default() },
        ];
        let [logs, _] = last(&crossed);
        let mended = |found: &&Break| found.2 == "proven" && found.1 == "instruction-changed";
        assert!(logs.iter().find(mended).is_none(), "{seed}: {logs:?}");
        used += 1;
    }
    assert!(used > 10);
}

//! Builds studies by hand, for the tests of rules.

use super::Study;
use crate::model::{
    Base, Build, BuildOutcome, CacheKind, Command, Instruction, Outcome, Quote, Run, Step, Text,
    Transfer,
};
use crate::series::{BuildRef, Series};

/// One build; each call adds one thing, on a line of its own.
#[derive(Default)]
pub(super) struct Made {
    build: Build,
    commands: Vec<Command>,
    line: u64,
    stage: String,
}

pub(super) fn made() -> Made {
    let build = Build { outcome: BuildOutcome::Succeeded, line: 100, ..Build::default() };
    Made { build, line: 100, ..Made::default() }
}

impl Made {
    pub(super) fn quote(&mut self, text: &str) -> Quote {
        self.line += 1;
        Quote { line: self.line, text: text.into() }
    }

    fn transfer(
        &mut self,
        header: &str,
        reference: Option<&str>,
        kind: CacheKind,
        error: Option<&str>,
    ) -> Transfer {
        let header = self.quote(header);
        let verdict =
            self.quote(&error.map_or("#4 DONE 0.1s".to_owned(), |e| format!("#4 ERROR: {e}")));
        Transfer {
            reference: reference.map(Into::into),
            kind,
            error: error.map(Into::into),
            ended: true,
            header,
            verdict: Some(verdict),
            ..Transfer::default()
        }
    }

    pub(super) fn import(mut self, name: &str, error: Option<&str>) -> Self {
        let header = format!("#4 importing cache manifest from {name}");
        let kind = match name {
            _ if name.starts_with("gha:") => CacheKind::Gha,
            _ if name.starts_with("local:") => CacheKind::Local,
            _ => CacheKind::Registry,
        };
        let transfer = self.transfer(&header, Some(name), kind, error);
        self.build.imports.push(transfer);
        self
    }

    /// An import of this reference that is not there.
    pub(super) fn absent(self, name: &str) -> Self {
        self.import(
            name,
            Some(&format!("failed to configure registry cache importer: {name}: not found")),
        )
    }

    pub(super) fn export(mut self, kind: CacheKind, error: Option<&str>) -> Self {
        let transfer = self.transfer("#9 exporting cache", None, kind, error);
        self.build.exports.push(transfer);
        self
    }

    pub(super) fn error(mut self, text: &str) -> Self {
        let quote = self.quote(text);
        self.build.errors.push(quote);
        self.build.outcome = BuildOutcome::Failed;
        self
    }

    pub(super) fn warning(mut self, text: &str) -> Self {
        let quote = self.quote(text);
        self.build.warnings.push(quote);
        self
    }

    pub(super) fn command(mut self, text: &str) -> Self {
        let quote = Quote { line: 1 + self.commands.len() as u64, text: text.into() };
        self.commands.extend(Command::parse(text, &quote));
        self
    }

    pub(super) fn image(mut self, name: &str) -> Self {
        self.build.images.push(name.into());
        self
    }

    pub(super) fn miss(self, text: &str) -> Self {
        self.step(text, Outcome::Miss)
    }

    pub(super) fn hit(self, text: &str) -> Self {
        self.step(text, Outcome::Hit)
    }

    fn step(mut self, text: &str, outcome: Outcome) -> Self {
        let header = self.quote(text);
        let stage = self.stage.clone();
        let before = self.build.steps.iter().filter(|s| s.stage == stage).count();
        let what = Instruction {
            text: text.into(),
            instruction: text.split(' ').next().unwrap_or_default().into(),
            position: u32::try_from(before).unwrap_or_default() + 2,
            stage: stage.into(),
            ..Instruction::default()
        };
        self.build.steps.push(Step {
            what: what.into(),
            outcome,
            seconds: (outcome == Outcome::Miss).then_some(2.0),
            header,
            ..Step::default()
        });
        self
    }

    /// The steps that follow are of this stage.
    pub(super) fn stage(mut self, name: &str) -> Self {
        name.clone_into(&mut self.stage);
        self
    }

    /// The base image of the stage.
    pub(super) fn from(mut self, image: &str, digest: &str) -> Self {
        let quote = self.quote(&format!("FROM {image}@sha256:{digest}"));
        let stage = Text::new(&self.stage);
        let digest = Some(format!("sha256:{digest}").into());
        self.build.bases.push(Base {
            stage,
            image: image.into(),
            digest,
            quote,
            ..Base::default()
        });
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Build)) -> Self {
        change(&mut self.build);
        self
    }

    pub(super) fn run(self) -> Run {
        Run {
            source: "run.log".into(),
            builds: vec![self.build],
            commands: self.commands,
            ..Run::default()
        }
    }
}

/// Runs in the order of time, the first build of each in one series.
pub(super) fn study(runs: Vec<Run>) -> Study {
    let runs: Vec<Run> = runs
        .into_iter()
        .enumerate()
        .map(|(n, run)| {
            let label = format!("run-{:02}", n + 1);
            Run { source: format!("{label}.log").into(), label: label.into(), ..run }
        })
        .collect();
    let builds = runs
        .iter()
        .enumerate()
        .filter(|(_, r)| !r.builds.is_empty())
        .map(|(run, _)| BuildRef { run, build: 0 });
    let series = vec![Series { key: "app".into(), builds: builds.collect() }];
    Study::new(runs, series, Vec::new())
}

/// A study of builds.
pub(super) fn of(builds: Vec<Made>) -> Study {
    study(builds.into_iter().map(Made::run).collect())
}

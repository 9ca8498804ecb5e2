//! One build of buildah or podman while its lines come in.
//!
//! With layers each step is followed by an arrow. Without them a step has none and is simply
//! executed: the next step shows that it came to its end.

use super::classic::stage_name;
use crate::dialect::Buildah;
use crate::model::{
    Base, Build, BuildOutcome, CacheKind, Dialect, Instruction, Outcome, Quote, Step, StepKind, Text, Transfer,
};

/// What was seen of one build.
#[derive(Debug, Default)]
pub(super) struct BuildahSegment {
    build: Build,
    /// Name of each stage, by its number.
    stages: Vec<Text>,
    committed: bool,
}

impl BuildahSegment {
    /// Whether this begins another build.
    pub(super) fn restarts_with(&self, says: Buildah) -> bool {
        let begun = !self.build.bases.is_empty() || !self.build.steps.is_empty();
        matches!(says, Buildah::Step { stage: 1, position: 1, .. }) && begun
    }

    /// One line.
    pub(super) fn hear(&mut self, says: Buildah, line: u64, raw: &[u8]) {
        let quote = || Quote::new(line, raw);
        match says {
            Buildah::Step { position, of, text: words, stage } => {
                self.ran(stage);
                // Each stage is committed; the last one is the image.
                self.committed = false;
                self.step((stage, position, of), Text::of_log(words), quote());
            }
            Buildah::UsingCache => self.outcome(Outcome::Hit, quote()),
            Buildah::Layer => self.outcome(Outcome::Miss, quote()),
            Buildah::Pulled(reference) => {
                self.outcome(Outcome::Hit, quote());
                transfer(&mut self.build.imports, &Text::of_log(reference), quote());
            }
            Buildah::Pushing(reference) => transfer(&mut self.build.exports, &Text::of_log(reference), quote()),
            Buildah::Pulling(image) => self.pulling(&Text::of_log(image), quote()),
            Buildah::Commit(name) => {
                self.committed = true;
                self.build.images.extend((!name.is_empty()).then(|| Text::of_log(name)));
            }
            Buildah::Failed => self.failed(quote()),
        }
    }

    /// The build, `None` where there was none.
    pub(super) fn finish(mut self, invocation: usize) -> Option<Build> {
        if self.committed {
            self.end_step();
        }
        let build = &mut self.build;
        // Where the log begins after FROM, an arrow tells a step from the `STEP 3: …` of a script.
        let refused = build.errors.iter().any(|quote| quote.text.contains(" to --cache-"));
        if build.bases.is_empty() && build.steps.iter().all(|s| s.verdict.is_none()) && !refused {
            return None;
        }
        (build.dialect, build.invocation) = (Dialect::Buildah, invocation);
        build.outcome = match () {
            () if !build.errors.is_empty() => BuildOutcome::Failed,
            () if self.committed => BuildOutcome::Succeeded,
            () => BuildOutcome::Unknown,
        };
        Some(self.build)
    }

    fn step(&mut self, (stage, position, of): (u32, u32, u32), text: Text, header: Quote) {
        let instruction = text.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if self.build.line == 0 {
            self.build.line = header.line;
        }
        if instruction == "FROM" {
            let name = Text::from(stage_name(&text, self.stages.len()));
            self.stages.push(name.clone());
            let image = text.split_ascii_whitespace().nth(1).unwrap_or_default().into();
            self.build.bases.push(Base { stage: name, image, quote: header, ..Base::default() });
            return;
        }
        let counted = matches!(instruction.as_str(), "RUN" | "COPY" | "ADD" | "WORKDIR");
        let what = Instruction {
            name: header.text.clone(),
            stage: self.name_of(stage),
            position,
            of,
            instruction: instruction.into(),
            text,
            ..Instruction::default()
        };
        self.build.steps.push(Step {
            what: what.into(),
            kind: if counted { StepKind::Counted } else { StepKind::Metadata },
            header,
            ..Step::default()
        });
    }

    /// Stages built side by side are printed with their number; else the last FROM is the stage.
    fn name_of(&self, stage: u32) -> Text {
        let numbered = usize::try_from(stage).ok().and_then(|n| self.stages.get(n.checked_sub(1)?));
        numbered.filter(|_| stage > 1).or(self.stages.last()).cloned().unwrap_or_default()
    }

    fn outcome(&mut self, outcome: Outcome, quote: Quote) {
        let step = self.build.steps.last_mut().filter(|s| s.outcome == Outcome::Unknown);
        if let Some(step) = step {
            step.outcome = outcome;
            step.verdict = Some(quote);
        }
    }

    /// The step before came to its end, and no arrow said how: layers are off.
    fn ran(&mut self, stage: u32) {
        if self.build.steps.last().is_some_and(|step| step.stage == self.name_of(stage)) {
            self.end_step();
        }
    }

    /// Before v1.12 no arrow follows the commit of the last step either, only the image's hash.
    fn end_step(&mut self) {
        if let Some(step) = self.build.steps.last_mut().filter(|s| s.outcome == Outcome::Unknown) {
            step.outcome = Outcome::Miss;
        }
    }

    fn pulling(&mut self, image: &str, quote: Quote) {
        let base = self.build.bases.last_mut().filter(|b| b.pulled.is_none() && image.ends_with(&*b.image));
        if let Some(base) = base {
            base.pulled = Some(quote);
        }
    }

    fn failed(&mut self, quote: Quote) {
        let fits = |s: &&mut Step| s.outcome == Outcome::Unknown && quote.text.contains(&*s.text);
        if let Some(step) = self.build.steps.iter_mut().rfind(fits) {
            step.outcome = Outcome::Failed;
            step.verdict = Some(quote.clone());
        }
        if self.build.line == 0 {
            self.build.line = quote.line;
        }
        self.build.errors.push(quote);
    }
}

/// `r/team/app/cache:0a1b…`, `[r/team/app/cache]:0a1b…`: each layer is a tag of one repository. podman prints the tag
/// of a layer that it pulled twice: `r/team/app/cache:0a1b…:0a1b…`.
fn transfer(all: &mut Vec<Transfer>, reference: &str, quote: Quote) {
    let (repo, key) = reference.rsplit_once(':').unwrap_or((reference, ""));
    let repo = repo.strip_suffix(key).and_then(|repo| repo.strip_suffix(':')).unwrap_or(repo);
    let repo = repo.trim_matches(['[', ']']);
    if !all.iter().any(|t| t.reference.as_deref() == Some(repo)) {
        let header = quote.clone();
        let verdict = Some(quote);
        let reference = Some(repo.into());
        all.push(Transfer {
            reference,
            kind: CacheKind::Registry,
            ended: true,
            header,
            verdict,
            ..Transfer::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::{build, builds};
    use crate::model::{Build, BuildOutcome, Outcome};

    fn outcomes(build: &Build) -> Vec<(&str, &str, Outcome)> {
        build.steps.iter().map(|s| (s.stage.as_str(), s.text.as_str(), s.outcome)).collect()
    }

    #[test]
    fn arrows_tell_hits_and_new_layers() {
        let build = build(
            "[1/2] STEP 1/2: FROM golang AS build\n[1/2] STEP 2/2: RUN a\n--> Using cache c70f3a76daca\n--> c70f3a76dac\n\
             [2/2] STEP 1/2: FROM alpine\n[2/2] STEP 2/2: COPY --from=build /a /a\n--> Cache pulled from remote r/c:0a\n\
             [2/2] COMMIT r/x\n--> 161bb1f8c15",
        );
        assert_eq!(
            outcomes(&build),
            [("build", "RUN a", Outcome::Hit), ("stage-1", "COPY --from=build /a /a", Outcome::Hit)]
        );
        assert_eq!((build.outcome, build.imports[0].reference.as_deref()), (BuildOutcome::Succeeded, Some("r/c")));
    }

    #[test]
    fn layers_of_one_repository_are_one_import() {
        for pulled in ["r:5000/c:0a1b:0a1b", "r:5000/c:0a1b", "[r:5000/c]:0a1b"] {
            let log =
                format!("STEP 1/3: FROM a\nSTEP 2/3: RUN a\n--> Cache pulled from remote {pulled}\nSTEP 3/3: RUN b");
            let build = build(&format!("{log}\n--> Cache pulled from remote r:5000/c:2c3d:2c3d"));
            let from: Vec<_> = build.imports.iter().map(|i| i.reference.as_deref()).collect();
            assert_eq!(from, [Some("r:5000/c")], "{pulled}");
        }
    }

    #[test]
    fn a_log_may_begin_after_the_first_step() {
        let cut =
            build("STEP 3: RUN a\n--> Using cache c70f3a76daca\nSTEP 4: COPY . .\nSTEP 5: COMMIT r/x\n--> 161bb1f8c15");
        assert_eq!(outcomes(&cut), [("", "RUN a", Outcome::Hit), ("", "COPY . .", Outcome::Miss)]);
        assert_eq!((cut.outcome, cut.images), (BuildOutcome::Succeeded, ["r/x".into()].into()));
        let script = ["STEP 3: RUN migrations", "STEP 4: COPY files", "STEP 5: done"];
        assert!(builds(script.into_iter()).is_empty());
    }

    #[test]
    fn the_last_step_ran_where_the_image_was_committed() {
        let build = build("STEP 1: FROM busybox\nSTEP 2: COPY . .\nSTEP 3: COMMIT tom\n522b6e604a10");
        assert_eq!(outcomes(&build), [("stage-0", "COPY . .", Outcome::Miss)]);
    }

    #[test]
    fn without_layers_every_step_ran_and_the_failing_one_failed() {
        let build = build(
            "STEP 1/4: FROM a\nSTEP 2/4: RUN a\nSTEP 3/4: RUN b\nError: building at STEP \"RUN b\": while running runtime: exit status 1",
        );
        assert_eq!(outcomes(&build), [("stage-0", "RUN a", Outcome::Miss), ("stage-0", "RUN b", Outcome::Failed)]);
        assert!(build.steps.iter().take(1).all(|s| s.verdict.is_none()));
    }
}

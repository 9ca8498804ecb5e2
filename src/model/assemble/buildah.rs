//! One build of buildah or podman while its lines come in.
//!
//! With layers each step is followed by an arrow. Without them a step has none and is simply
//! executed: the next step shows that it came to its end.

use std::collections::BTreeMap;

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
    stages: BTreeMap<u32, Text>,
    /// The stage whose FROM came last.
    stage: u32,
    /// Headers that no arrow has answered yet: one a stage, since stages are built side by side.
    waiting: Vec<Waiting>,
    /// Arrows of which nobody knows yet to which of those they belong.
    arrows: Vec<(Outcome, Quote)>,
    committed: bool,
}

/// A step that has begun.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// Its index in the build.
    at: usize,
    stage: u32,
    /// It is the last of its stage.
    last: bool,
}

impl BuildahSegment {
    /// Whether this begins another build: a stage begins that has begun before. With `--jobs` the first one
    /// need not be printed first.
    pub(super) fn restarts_with(&self, says: Buildah) -> bool {
        let Buildah::Step { stage, position: 1, .. } = says else { return false };
        let begun = self.stages.contains_key(&stage) || (self.stages.is_empty() && !self.build.steps.is_empty());
        begun || !self.build.errors.is_empty()
    }

    /// One line.
    pub(super) fn hear(&mut self, says: Buildah, line: u64, raw: &[u8]) {
        let quote = || Quote::new(line, raw);
        match says {
            Buildah::Step { position, of, text: words, stage } => {
                // Each stage is committed; the last one is the image.
                self.committed = false;
                let numbered = raw.starts_with(b"[");
                self.step((stage, numbered), (position, of), Text::of_log(words), quote());
            }
            Buildah::UsingCache => self.outcome(Outcome::Hit, quote()),
            Buildah::Layer => self.outcome(Outcome::Miss, quote()),
            Buildah::Pulled(reference) => {
                self.outcome(Outcome::Hit, quote());
                let at = transfer(&mut self.build.imports, &Text::of_log(reference), quote());
                // It was tried again, and went well.
                self.build.imports.get_mut(at).into_iter().for_each(|import| import.error = None);
            }
            Buildah::Pushing(reference) => {
                transfer(&mut self.build.exports, &Text::of_log(reference), quote());
            }
            Buildah::NotPushed(error) => self.not_pushed(&Text::of_log(error), quote()),
            Buildah::NotAsked { reference, error } => {
                let at = transfer(&mut self.build.imports, &Text::of_log(reference), quote());
                if let Some(import) = self.build.imports.get_mut(at) {
                    import.error = Some(Text::of_log(error));
                }
            }
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
        self.settle(None);
        if self.committed {
            // Before v1.12 no arrow follows the commit of the last step either, only the image's hash.
            self.waiting.iter().for_each(|step| ended(&mut self.build, step.at));
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

    fn step(&mut self, (stage, numbered): (u32, bool), (position, of): (u32, u32), text: Text, header: Quote) {
        let instruction = text.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if self.build.line == 0 {
            self.build.line = header.line;
        }
        if instruction == "FROM" {
            self.from(stage, &text, header);
            return;
        }
        // Without numbers the stages follow each other.
        let stage = if numbered { stage } else { self.stage.max(1) };
        self.settle(Some(stage));
        let counted = matches!(instruction.as_str(), "RUN" | "COPY" | "ADD" | "WORKDIR");
        let what = Instruction {
            name: header.text.clone(),
            stage: self.stages.get(&stage).cloned().unwrap_or_default(),
            position,
            of,
            instruction: instruction.into(),
            text,
            ..Instruction::default()
        };
        self.waiting.push(Waiting { at: self.build.steps.len(), stage, last: position == of });
        self.build.steps.push(Step {
            what: what.into(),
            kind: if counted { StepKind::Counted } else { StepKind::Metadata },
            header,
            ..Step::default()
        });
    }

    /// Before v1.20 stages have no number: each FROM is the next one.
    fn from(&mut self, stage: u32, text: &str, header: Quote) {
        let next = self.stages.keys().next_back().map_or(1, |last| last + 1);
        self.stage = if self.stages.contains_key(&stage) { next } else { stage };
        let index = usize::try_from(self.stage).unwrap_or_default().saturating_sub(1);
        let name = Text::from(stage_name(text, index));
        self.stages.insert(self.stage, name.clone());
        let image = text.split_ascii_whitespace().nth(1).unwrap_or_default().into();
        self.build.bases.push(Base { stage: name, image, quote: header, ..Base::default() });
    }

    /// The step that an arrow belongs to: the only one that has begun. One that copies from a stage cannot end
    /// before that stage does.
    fn outcome(&mut self, outcome: Outcome, quote: Quote) {
        let free: Vec<Waiting> = self.waiting.iter().filter(|step| !self.depends(step)).copied().collect();
        match free.as_slice() {
            [one] => self.decide(*one, outcome, quote),
            [] => {}
            _ => self.arrows.push((outcome, quote)),
        }
    }

    /// `Pulled`, `Using cache` and the layer follow each other; the first of them decides, the layer ends the step.
    fn decide(&mut self, step: Waiting, outcome: Outcome, quote: Quote) {
        if outcome == Outcome::Miss {
            self.waiting.retain(|other| other.at != step.at);
        }
        if let Some(step) = self.build.steps.get_mut(step.at).filter(|s| s.outcome == Outcome::Unknown) {
            step.outcome = outcome;
            step.verdict = Some(quote);
        }
    }

    /// A stage goes on: the last arrows were its own, those before them of stages that came to their end. Where its
    /// step has none at all, layers are off, and it simply ran.
    fn settle(&mut self, stage: Option<u32>) {
        let mut groups: Vec<Vec<(Outcome, Quote)>> = vec![Vec::new()];
        for arrow in std::mem::take(&mut self.arrows) {
            let ends = arrow.0 == Outcome::Miss;
            groups.last_mut().into_iter().for_each(|group| group.push(arrow.clone()));
            groups.extend(ends.then(Vec::new));
        }
        groups.retain(|group| !group.is_empty());
        let own = self.waiting.iter().find(|step| Some(step.stage) == stage).copied();
        if let Some(step) = own {
            let group = groups.pop().unwrap_or_default();
            self.decide_all(step, group);
        }
        for group in groups {
            let next = self.waiting.iter().find(|step| step.last && !self.depends(step)).or(self.waiting.first());
            if let Some(step) = next.copied() {
                self.decide_all(step, group);
            }
        }
        if let Some(step) = own {
            self.waiting.retain(|other| other.at != step.at);
            ended(&mut self.build, step.at);
        }
    }

    fn decide_all(&mut self, step: Waiting, arrows: Vec<(Outcome, Quote)>) {
        for (outcome, quote) in arrows {
            self.decide(step, outcome, quote);
        }
    }

    /// It takes files from a stage that is still being built.
    fn depends(&self, step: &Waiting) -> bool {
        let Some((_, from)) = self.build.steps.get(step.at).and_then(|step| step.text.split_once("from=")) else {
            return false;
        };
        let name = from.split([' ', ',']).next().unwrap_or_default().to_ascii_lowercase();
        let known = self.stages.iter().find(|(stage, known)| **known == *name || name == (*stage - 1).to_string());
        let open = |stage: u32| self.waiting.iter().any(|other| other.stage == stage);
        match known {
            Some((stage, _)) => *stage != step.stage && (open(*stage) || !self.is_over(*stage)),
            // A stage that has not begun; else an image.
            None => name.parse::<u32>().is_ok(),
        }
    }

    /// The last step of the stage has begun, and is not waited for any more.
    fn is_over(&self, stage: u32) -> bool {
        let name = self.stages.get(&stage);
        self.build.steps.iter().any(|step| Some(&step.stage) == name && step.position == step.of)
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

    /// What was to be stored had been built by then.
    fn not_pushed(&mut self, error: &str, quote: Quote) {
        for step in std::mem::take(&mut self.waiting).into_iter().take(1) {
            ended(&mut self.build, step.at);
        }
        let exports = &mut self.build.exports;
        let at = pushed_to(error).map_or(0, |repository| transfer(exports, &format!("{repository}:"), quote.clone()));
        if let Some(export) = exports.get_mut(at) {
            (export.error, export.verdict) = (Some(error.into()), Some(quote.clone()));
        }
        self.build.errors.push(quote);
    }
}

/// It came to its end, and no arrow said how: layers are off.
fn ended(build: &mut Build, at: usize) {
    if let Some(step) = build.steps.get_mut(at).filter(|step| step.outcome == Outcome::Unknown) {
        step.outcome = Outcome::Miss;
    }
}

/// `failed pushing cache to {{{"r.example.com" "team/cache"} "0a1b…"} …}: …`, `failed pushing cache to r/c:0a1b…: …`
fn pushed_to(error: &str) -> Option<String> {
    let name = error.strip_prefix("failed pushing cache to ")?;
    let Some(quoted) = name.strip_prefix("{{{\"") else {
        let reference = name.split(": ").next()?;
        return Some(reference.rsplit_once(':').map_or(reference, |(repo, _)| repo).to_owned());
    };
    let mut words = quoted.split('"');
    let (host, path) = (words.next()?, words.nth(1)?);
    Some(format!("{host}/{path}"))
}

/// `r/team/app/cache:0a1b…`, `[r/team/app/cache]:0a1b…`: each layer is a tag of one repository. podman prints the tag
/// of a layer that it pulled twice: `r/team/app/cache:0a1b…:0a1b…`.
fn transfer(all: &mut Vec<Transfer>, reference: &str, quote: Quote) -> usize {
    let (repo, key) = reference.rsplit_once(':').unwrap_or((reference, ""));
    let repo = repo.strip_suffix(key).and_then(|repo| repo.strip_suffix(':')).unwrap_or(repo);
    let repo = repo.trim_matches(['[', ']']);
    let known = all.iter().position(|t| t.reference.as_deref() == Some(repo));
    let new = known.is_none().then(|| Transfer {
        reference: Some(repo.into()),
        kind: CacheKind::Registry,
        ended: true,
        header: quote.clone(),
        verdict: Some(quote),
        ..Transfer::default()
    });
    all.extend(new);
    known.unwrap_or(all.len() - 1)
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

    #[test]
    fn stages_are_built_side_by_side() {
        let hit = |key: &str| format!("--> Using cache {key}0a1b2c3d4e\n--> {key}0a1b2c3d4e");
        let log = [
            "[2/2] STEP 1/3: FROM b",
            "[1/2] STEP 1/3: FROM a AS deps",
            "[1/2] STEP 2/3: WORKDIR /app",
            "[2/2] STEP 2/3: COPY --from=deps /out /out",
            &hit("a"),
            "[1/2] STEP 3/3: RUN make",
            "--> b0a1b2c3d4e",
            &hit("c"),
            "[2/2] STEP 3/3: RUN test",
            "[2/2] COMMIT x",
            "--> d0a1b2c3d4e",
        ]
        .join("\n");
        let build = build(&log);
        assert_eq!(
            outcomes(&build),
            [
                ("deps", "WORKDIR /app", Outcome::Hit),
                ("stage-1", "COPY --from=deps /out /out", Outcome::Hit),
                ("deps", "RUN make", Outcome::Miss),
                ("stage-1", "RUN test", Outcome::Miss),
            ]
        );
        assert_eq!((builds(log.lines()).len(), build.outcome), (1, BuildOutcome::Succeeded));
    }

    #[test]
    fn arrows_of_stages_that_need_nothing_of_each_other_belong_to_the_one_that_goes_on() {
        let build = build(
            "[1/3] STEP 1/3: FROM a AS x\n[2/3] STEP 1/2: FROM b AS y\n[1/3] STEP 2/3: RUN a\n[2/3] STEP 2/2: RUN b\n\
             --> Using cache c70f3a76daca\n--> c70f3a76dac\n--> 161bb1f8c15\n[1/3] STEP 3/3: RUN c\n--> 261bb1f8c15",
        );
        let of = |text: &str| build.steps.iter().find(|s| s.text == text).map(|s| s.outcome);
        assert_eq!(
            (of("RUN a"), of("RUN b"), of("RUN c")),
            (Some(Outcome::Miss), Some(Outcome::Hit), Some(Outcome::Miss))
        );
    }

    #[test]
    fn a_push_that_fails_ends_the_build() {
        let build = build(
            "STEP 1/2: FROM a\nSTEP 2/2: RUN a\n--> Pushing cache [r.example.com/c]:0a1b\n\
             Error: failed pushing cache to {{{\"r.example.com\" \"c\"} \"0a1b\"} %!q(bool=false)}: connection refused",
        );
        assert_eq!((build.outcome, build.exports.len()), (BuildOutcome::Failed, 1));
        assert!(build.exports[0].error.is_some() && build.steps[0].outcome == Outcome::Miss);
    }

    #[test]
    fn a_registry_that_does_not_answer_is_an_import_that_failed() {
        let key = "0a".repeat(32);
        let retry = format!(
            "time=\"2026-05-04T09:00:00Z\" level=warning msg=\"Failed, retrying in 1s ... (1/3). Error: initializing source docker://r:5000/c:{key}: pinging container registry r:5000: connection refused\""
        );
        let log = format!("STEP 1/2: FROM a\nSTEP 2/2: RUN a\n{retry}\n--> 161bb1f8c15\nCOMMIT x\n--> 161bb1f8c15");
        let import = build(&log).imports.remove(0);
        assert_eq!((import.reference.as_deref(), import.ok()), (Some("r:5000/c"), false));
    }
}

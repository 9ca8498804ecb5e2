//! One build of the classic builder while its lines come in: strictly one step after another.

mod triggers;
mod variables;

use self::triggers::Triggers;
pub(super) use self::variables::fill_in;
use super::instruction;
use crate::dialect::{Bare, Classic};
use crate::model::{
    Base, Build, BuildOutcome, Dialect, Engine, Few, Instruction, Outcome, Quote, Step, StepKind,
    Text, lossy,
};

/// What was seen of one build.
#[derive(Debug, Default)]
pub(super) struct ClassicSegment {
    build: Build,
    stage: usize,
    stage_name: Text,
    /// Number of steps that come before the last FROM.
    before_base: usize,
    /// Number of instructions.
    of: Option<u32>,
    built: bool,
    /// The last line behind which the builder itself speaks: a header, or a container that was
    /// taken away.
    last: u64,
    /// A container was begun for the step, in a log without arrows.
    running: Option<Quote>,
    /// Images of its steps.
    ids: Vec<Text>,
    pub(super) service: Option<Text>,
    pub(super) errors: Few<Quote>,
    pub(super) tangled: bool,
    /// Of the last step that is no trigger.
    position: u32,
    /// Of the base image below the last FROM, until another step begins.
    triggers: Option<Triggers>,
}

impl ClassicSegment {
    /// No step was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.build.steps.is_empty() && self.build.bases.is_empty()
    }

    /// How many parts it has.
    pub(super) fn held(&self) -> usize {
        self.build.steps.len() + self.build.bases.len() + self.ids.len()
    }

    /// Whether this begins another build: steps are counted from 1, up to 1.8 from 0. One that begins while another is not done is interleaved
    /// with it (docker-compose v1 `--parallel`), and stays.
    pub(super) fn restarts_with(&self, says: Classic) -> bool {
        let first = match says {
            Classic::Step { position: 1, text, .. } => !is_trigger(text),
            Classic::Step { position, .. } => position == 0,
            _ => false,
        };
        first && !self.is_empty() && !self.tangled
    }

    /// One line.
    pub(super) fn hear(&mut self, says: Classic, line: u64, raw: &[u8]) {
        let of_step = matches!(says, Classic::UsingCache | Classic::Running | Classic::Image(_));
        if of_step && self.is_of_triggers(says, line, raw) {
            return;
        }
        match says {
            Classic::Triggers(count) => self.triggered(count, line, raw),
            Classic::Step { name, position, of, text } => {
                let text = lossy(text);
                let name = lossy(name);
                self.step((&name, &text), (position, of), line, raw);
            }
            Classic::UsingCache => self.outcome(Outcome::Hit, line, raw),
            Classic::Image(id) => self.image(id, line, raw),
            Classic::Removed => self.last = line,
            Classic::Bare(bare) => self.without_arrow(bare, line, raw),
            Classic::Built => {
                self.ran();
                self.built = true;
            }
            Classic::Digest(digest) => {
                if let Some(base) = self.build.bases.last_mut() {
                    base.digest = Some(Text::of_log(digest));
                }
            }
            Classic::Downloaded(image) => self.downloaded(image, line, raw),
            Classic::UpToDate(image) => self.named(&lossy(image)),
            Classic::Running => {}
            Classic::Failed if self.is_empty() => {}
            Classic::Failed => self.errors.push(Quote::new(line, raw)),
            Classic::Tagged(image) => self.build.images.push(Text::of_log(image)),
        }
    }

    /// The build, `None` where there was none.
    pub(super) fn finish(mut self, invocation: usize) -> Option<Build> {
        if self.is_empty() {
            return None;
        }
        let build = &mut self.build;
        // Without a word of the daemon the log was cut there.
        let failed = !self.built && !self.errors.is_empty();
        let last =
            build.steps.iter_mut().last().filter(|s| s.outcome == Outcome::Unknown && failed);
        if let Some(step) = last {
            step.outcome = Outcome::Failed;
        }
        if self.tangled {
            build.steps.iter_mut().for_each(|s| s.outcome = Outcome::Unknown);
        }
        build.dialect = Dialect::Classic;
        build.engine = Engine::Graphdriver;
        build.outcome = BuildOutcome::of(failed, self.built);
        (build.errors, build.target, build.tangled, build.invocation) =
            (self.errors, self.service, self.tangled, invocation);
        Some(self.build)
    }

    fn step(
        &mut self,
        (name, text): (&str, &str),
        (position, of): (u32, u32),
        line: u64,
        raw: &[u8],
    ) {
        self.ran();
        self.last = line;
        if self.is_empty() {
            self.build.line = line;
        }
        if position > 1 || !is_trigger(text.as_bytes()) {
            self.triggers = None;
            let goes_back = !self.built && position <= self.position;
            self.tangled |= self.of.is_some_and(|known| known != of || goes_back);
            (self.of, self.position) = (Some(of), position);
        }
        let word = text.split_ascii_whitespace().next().unwrap_or_default();
        if word.eq_ignore_ascii_case("FROM") {
            self.from(text, line, raw);
            return;
        }
        let what = instruction::in_stage(name, &self.stage_name, || Instruction {
            name: name.into(),
            stage: self.stage_name.clone(),
            position,
            of,
            instruction: word.to_ascii_uppercase().into(),
            text: text.into(),
            ..Instruction::default()
        });
        let kind = StepKind::of(&what.instruction);
        self.build.steps.push(Step {
            what,
            kind,
            header: Quote::new(line, raw),
            ..Step::default()
        });
    }

    fn from(&mut self, text: &str, line: u64, raw: &[u8]) {
        self.stage_name = stage_name(text, self.stage).into();
        self.stage += 1;
        self.before_base = self.build.steps.len();
        self.build.bases.push(Base {
            stage: self.stage_name.clone(),
            image: text.split_ascii_whitespace().nth(1).unwrap_or_default().into(),
            pinned: text
                .split_ascii_whitespace()
                .nth(1)
                .is_some_and(|image| image.contains("@sha256:")),
            quote: Quote::new(line, raw),
            ..Base::default()
        });
    }

    /// ` ---> Using cache` comes before the image; the first of the two decides.
    fn outcome(&mut self, outcome: Outcome, line: u64, raw: &[u8]) {
        if self.under_base() {
            return;
        }
        let step = self.build.steps.last_mut().filter(|s| s.outcome == Outcome::Unknown);
        if let Some(step) = step {
            step.outcome = outcome;
            step.verdict = Some(Quote::new(line, raw));
        }
    }

    /// Right behind a header, or where a container was taken away, nothing but the builder prints
    /// such a line.
    fn without_arrow(&mut self, bare: Bare, line: u64, raw: &[u8]) {
        let behind = line.abs_diff(self.last) == 1;
        match bare {
            Bare::UsingCache if behind => {
                self.outcome(Outcome::Hit, line, raw);
                self.last = line;
            }
            Bare::Image(id) if behind => self.image(id, line, raw),
            Bare::Running if behind => self.running = Some(Quote::new(line, raw)),
            _ => {}
        }
    }

    /// The step before came to its end: its container ran, though no line says what it left. Of
    /// triggers with headers only the last has an image below it.
    fn ran(&mut self) {
        let of_base = self.triggers.is_some() && !self.under_base();
        if let Some(trigger) = self.build.steps.last_mut()
            && of_base
            && trigger.outcome == Outcome::Unknown
        {
            trigger.outcome = Outcome::Miss;
        }
        if let Some(running) = self.running.take() {
            self.outcome(Outcome::Miss, running.line, running.text.as_bytes());
        }
    }

    /// The image under a FROM is the base's own; of a stage it is one that was just built.
    fn image(&mut self, id: &[u8], line: u64, raw: &[u8]) {
        let under_base = self.under_base();
        match self.build.bases.split_last_mut() {
            Some((base, earlier)) if under_base && base.id.is_none() => {
                let stage = earlier.iter().any(|b| b.stage.eq_ignore_ascii_case(&base.image));
                base.id = (!stage).then(|| Text::of_log(id));
            }
            _ => self.ids.push(Text::of_log(id)),
        }
        self.outcome(Outcome::Miss, line, raw);
    }

    /// Taken away after the build: an image that it made, or found, for one of its steps.
    pub(super) fn deleted(&mut self, id: &[u8], line: u64, raw: &[u8]) -> bool {
        let own = |known: &Text| id.starts_with(known.as_bytes());
        let own = self.built && self.ids.iter().any(own);
        if own && self.build.pruned.is_none() {
            self.build.pruned = Some(Box::new(Quote::new(line, raw)));
        }
        own
    }

    /// No step was begun since the last FROM.
    fn under_base(&self) -> bool {
        self.build.steps.len() == self.before_base
    }

    /// The image of a FROM that is a variable is looked up right below it.
    fn named(&mut self, image: &str) {
        if !self.under_base() {
            return;
        }
        let base = self.build.bases.last_mut().filter(|base| base.id.is_none());
        if let Some(base) = base.filter(|base| base.is_unnamed()) {
            base.image = image.into();
        }
    }

    fn downloaded(&mut self, image: &[u8], line: u64, raw: &[u8]) {
        let image = lossy(image);
        self.named(&image);
        let base = self.build.bases.last_mut().filter(|b| image.ends_with(&*b.image));
        if let Some(base) = base {
            base.pulled = Some(Quote::new(line, raw));
        }
    }
}

/// `Step 1 : COPY Gemfile /app/` below `# Executing 4 build triggers...`: an ONBUILD of the base
/// image, up to 1.13 a file of its own. Only FROM, and ARG before it, begin one.
pub(super) fn is_trigger(text: &[u8]) -> bool {
    let word = text.split(|b| *b == b' ').next().unwrap_or_default();
    !word.eq_ignore_ascii_case(b"FROM") && !word.eq_ignore_ascii_case(b"ARG")
}

/// `build` of `FROM golang:1.22 AS build`; a stage without a name is called as `BuildKit` calls it.
pub(super) fn stage_name(from: &str, index: usize) -> String {
    let mut words = from.split_ascii_whitespace().skip_while(|w| !w.eq_ignore_ascii_case("as"));
    words.nth(1).map_or_else(|| format!("stage-{index}"), str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::builds;

    #[test]
    fn triggers_of_the_base_image_are_steps_of_the_build() {
        for of in ["", "/1"] {
            let whole = if of.is_empty() { "" } else { "/2" };
            let log = format!(
                "Step 1{whole} : FROM ruby:2.1-onbuild\n# Executing 2 build triggers...\nStep \
                    1{of} : COPY Gemfile /app/\n ---> Using cache\nStep 1{of} : RUN bundle \
                    install\n ---> Using cache\n ---> 0a1b2c3d4e5f\nStep 2{whole} : RUN rake\n \
                    ---> Running in 0a1b2c3d4e5f\n ---> 0b1b2c3d4e5f\nSuccessfully built \
                    0b1b2c3d4e5f"
            );
            let builds = builds(log.lines());
            assert_eq!(
                (builds.len(), builds[0].hits(), builds[0].total(), builds[0].tangled),
                (1, 2, 3, false)
            );
        }
    }

    #[test]
    fn steps_of_the_oldest_daemons_are_counted_from_nought() {
        let log = "Uploading context 9.8 kB\nStep 0 : FROM ruby:2.1-onbuild\n# Executing 2 build \
            triggers\nStep onbuild-0 : COPY Gemfile /app/\n ---> Using cache\n ---> \
            0a1b2c3d4e5f\nStep onbuild-1 : RUN bundle install\n ---> Running in 0a1b2c3d4e5f\n \
            ---> 1a1b2c3d4e5f\n ---> 1a1b2c3d4e5f\nStep 1 : RUN rake\n ---> Running in \
            2a1b2c3d4e5f\n ---> 3a1b2c3d4e5f\nSuccessfully built 3a1b2c3d4e5f";
        let twice = format!("{log}\n{log}");
        let counted: Vec<(usize, usize)> =
            builds(twice.lines()).iter().map(|build| (build.hits(), build.total())).collect();
        assert_eq!(counted, [(1, 3), (1, 3)]);
    }

    #[test]
    fn lines_without_arrows_count_where_nothing_else_can_stand() {
        let log = "Step 1/4 : FROM a\n 0a1b2c3d4e5f\nStep 2/4 : RUN make\n Running in \
            1a1b2c3d4e5f\nUsing cache\n2a1b2c3d4e5f\nRemoving intermediate container \
            1a1b2c3d4e5f\n 3a1b2c3d4e5f\nStep 3/4 : COPY a b\n Using cache\n4a1b2c3d4e5f\nStep 4/4 \
            : RUN test\n Running in 5a1b2c3d4e5f\nok\nSuccessfully built 6a1b2c3d4e5f";
        let builds = builds(log.lines());
        assert_eq!((builds.len(), builds[0].hits(), builds[0].total()), (1, 1, 3));
        assert_eq!(builds[0].steps[0].verdict.as_ref().map(|line| line.line), Some(8));
    }
}

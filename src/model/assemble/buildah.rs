//! One build of buildah or podman while its lines come in.
//!
//! With layers each step is followed by an arrow. Without them a step has none and is simply
//! executed: the next step shows that it came to its end.

mod transfers;

use std::collections::BTreeMap;

use self::transfers::{is_tag, refused_by, transfer};
use super::classic::stage_name;
use super::instruction;
use crate::dialect::Buildah;
use crate::model::{
    Base, Build, BuildOutcome, Dialect, Instruction, Outcome, Quote, Step, StepKind, Text, lossy,
};

/// What was seen of one build.
#[derive(Debug, Default)]
pub(super) struct BuildahSegment {
    build: Build,
    /// Name of each stage, by its number.
    stages: BTreeMap<u32, Text>,
    /// The stage whose FROM came last.
    stage: u32,
    /// Number of steps that come before the last FROM.
    before_base: usize,
    /// Headers that no arrow has answered yet: one a stage, since stages are built side by side.
    waiting: Vec<Waiting>,
    /// Arrows of which nobody knows yet to which of those they belong.
    arrows: Vec<(Arrow, Quote)>,
    committed: bool,
    /// Ids of its steps.
    ids: Vec<Text>,
}

/// What an arrow says of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrow {
    /// Its result was in the store.
    Cached,
    /// Its result was fetched.
    Pulled,
    /// Its result is stored.
    Pushed,
    /// Its result: the last arrow of a step.
    Layer,
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
    /// How many parts it has.
    pub(super) fn held(&self) -> usize {
        let steps = self.build.steps.len() + self.build.bases.len() + self.ids.len();
        steps + self.waiting.len() + self.arrows.len()
    }

    /// Whether this begins another build: a stage begins that has begun before. With `--jobs` the
    /// first one need not be printed first.
    pub(super) fn restarts_with(&self, says: Buildah) -> bool {
        let Buildah::Step { stage, position: 1, .. } = says else { return false };
        let begun = self.stages.contains_key(&stage)
            || (self.stages.is_empty() && !self.build.steps.is_empty());
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
                // A terminal that was copied fills its lines with blanks.
                let text = lossy(words.trim_ascii_end());
                self.step((stage, numbered), (position, of), &text, quote());
            }
            Buildah::UsingCache => self.arrow(Arrow::Cached, quote()),
            Buildah::Layer(id) => {
                self.ids.push(Text::of_log(id));
                self.arrow(Arrow::Layer, quote());
            }
            Buildah::Pulled(reference) => {
                self.arrow(Arrow::Pulled, quote());
                let at = transfer(&mut self.build.imports, &Text::of_log(reference), quote());
                // It was tried again, and went well.
                self.build.imports.get_mut(at).into_iter().for_each(|import| import.error = None);
            }
            Buildah::Pushing(reference) => {
                self.arrow(Arrow::Pushed, quote());
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
            Buildah::Config(id) => self.pulled(id),
            Buildah::Commit(name) => {
                self.committed = true;
                self.end_stages_before();
                self.build.images.extend((!name.is_empty()).then(|| Text::of_log(name)));
            }
            Buildah::Failed => self.failed(quote()),
        }
    }

    /// Taken away after the build: an image of one of its steps. The last one is the image's own id,
    /// which the builder prints at its end.
    pub(super) fn deleted(&self, id: &[u8]) -> bool {
        let inner = self.ids.split_last().map(|(_, inner)| inner).unwrap_or_default();
        self.committed && inner.iter().any(|known| id.starts_with(known.as_bytes()))
    }

    /// The build, `None` where there was none.
    pub(super) fn finish(mut self, invocation: usize) -> Option<Build> {
        self.settle(None);
        if self.committed {
            // Before v1.12 no arrow follows the commit of the last step either, only the image's
            // hash.
            self.waiting.iter().for_each(|step| ended(&mut self.build, step.at));
        }
        doubt_silent(&mut self.build);
        ran_all_the_same(&mut self.build);
        if self.build.tangled {
            self.build.steps.iter_mut().for_each(|step| step.outcome = Outcome::Unknown);
        }
        let build = &mut self.build;
        // Where the log begins after FROM, an arrow tells a step from the `STEP 3: …` of a script.
        let refused = build.errors.iter().any(|quote| quote.text.contains(" to --cache-"));
        if build.bases.is_empty() && build.steps.iter().all(|s| s.verdict.is_none()) && !refused {
            return None;
        }
        (build.dialect, build.invocation) = (Dialect::Buildah, invocation);
        build.outcome = BuildOutcome::of(!build.errors.is_empty(), self.committed);
        Some(self.build)
    }

    fn step(
        &mut self,
        (stage, numbered): (u32, bool),
        (position, of): (u32, u32),
        text: &str,
        header: Quote,
    ) {
        if self.build.line == 0 {
            self.build.line = header.line;
        }
        let word = text.split_ascii_whitespace().next().unwrap_or_default();
        if word.eq_ignore_ascii_case("FROM") {
            self.from((stage, numbered), position, text, header);
            return;
        }
        // Without numbers the stages follow each other.
        let stage = if numbered { stage } else { self.stage.max(1) };
        self.settle(Some(stage));
        let named = self.stages.get(&stage).cloned().unwrap_or_default();
        let before = self.build.steps.iter().rfind(|step| step.stage == named);
        self.build.tangled |= before.is_some_and(|step| position <= step.position);
        let what = instruction::in_stage(&header.text, &named, || Instruction {
            name: header.text.trim_end().into(),
            stage: named.clone(),
            position,
            of,
            instruction: word.to_ascii_uppercase().into(),
            text: text.into(),
            ..Instruction::default()
        });
        let kind = StepKind::of(&what.instruction);
        self.waiting.push(Waiting { at: self.build.steps.len(), stage, last: position == of });
        self.build.steps.push(Step { what, kind, header, ..Step::default() });
    }

    /// Before v1.20 stages have no number: each FROM is the next one, and what came before it has
    /// ended.
    fn from(&mut self, (stage, numbered): (u32, bool), position: u32, text: &str, header: Quote) {
        if !numbered {
            self.settle(Some(self.stage));
        }
        if !numbered && position > 1 && goes_on(text) {
            return;
        }
        let next = self.stages.keys().next_back().map_or(1, |last| last + 1);
        self.stage = if self.stages.contains_key(&stage) { next } else { stage };
        let index = usize::try_from(self.stage).unwrap_or_default().saturating_sub(1);
        let name = Text::from(stage_name(text, index));
        self.stages.insert(self.stage, name.clone());
        let image = text.split_ascii_whitespace().nth(1).unwrap_or_default();
        if self.stage > 1 && is_image_id(image) {
            return;
        }
        let image = image.into();
        self.before_base = self.build.steps.len();
        self.build.bases.push(Base { stage: name, image, quote: header, ..Base::default() });
    }

    /// The step that an arrow belongs to: the only one that has begun. One that copies from a stage
    /// cannot end before that stage does.
    fn arrow(&mut self, arrow: Arrow, quote: Quote) {
        let free: Vec<Waiting> =
            self.waiting.iter().filter(|step| !self.depends(step)).copied().collect();
        match free.as_slice() {
            [one] => self.decide(*one, arrow, quote),
            [] => {}
            _ => self.arrows.push((arrow, quote)),
        }
    }

    /// `Pulled`, `Using cache` and the layer follow each other: the first of them decides.
    fn decide(&mut self, waiting: Waiting, arrow: Arrow, quote: Quote) {
        if arrow == Arrow::Layer {
            self.waiting.retain(|other| other.at != waiting.at);
        }
        if arrow == Arrow::Pushed {
            self.unused(waiting.at, &quote);
            self.build.pushed.push((waiting.at, quote));
            return;
        }
        if let Some(step) =
            self.build.steps.get_mut(waiting.at).filter(|s| s.outcome == Outcome::Unknown)
        {
            step.outcome = if arrow == Arrow::Layer { Outcome::Miss } else { Outcome::Hit };
            step.fetched = (arrow == Arrow::Pulled).then(|| quote.clone());
            step.verdict = Some(quote);
        }
    }

    /// What was fetched and is used is not stored again: it was older than `--cache-ttl` allows, and
    /// the step ran (`imagebuildah` `stage_executor.go`, `pulledAndUsedCacheImage`).
    fn unused(&mut self, at: usize, quote: &Quote) {
        let fetched = self.build.steps.get_mut(at).filter(|step| step.fetched.is_some());
        if let Some(step) = fetched {
            step.outcome = Outcome::Miss;
            self.build.expired.extend(step.fetched.take());
            step.verdict = Some(quote.clone());
        }
    }

    /// A stage goes on: the last arrows were its own, those before them of stages that came to
    /// their end. Where its step has none at all, layers are off, and it simply ran.
    fn settle(&mut self, stage: Option<u32>) {
        let mut groups: Vec<Vec<(Arrow, Quote)>> = vec![Vec::new()];
        for arrow in std::mem::take(&mut self.arrows) {
            let ends = arrow.0 == Arrow::Layer;
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
            let next = self
                .waiting
                .iter()
                .find(|step| step.last && !self.depends(step))
                .or(self.waiting.first());
            if let Some(step) = next.copied() {
                self.decide_all(step, group);
            }
        }
        if let Some(step) = own {
            self.waiting.retain(|other| other.at != step.at);
            ended(&mut self.build, step.at);
        }
    }

    /// The image is made of the last stage, so those before it have ended. Without layers a stage
    /// that others only copy from is not committed, and prints no arrow (`imagebuildah`
    /// `stage_executor.go`): the one that follows is the image's.
    fn end_stages_before(&mut self) {
        let layered = self.build.steps.iter().any(|step| step.verdict.is_some());
        if layered || !self.arrows.is_empty() {
            return;
        }
        let last = self.waiting.iter().map(|step| step.stage).max();
        let (own, before): (Vec<_>, Vec<_>) =
            self.waiting.iter().copied().partition(|step| Some(step.stage) == last);
        self.waiting = own;
        for step in before {
            ended(&mut self.build, step.at);
        }
    }

    fn decide_all(&mut self, step: Waiting, arrows: Vec<(Arrow, Quote)>) {
        for (arrow, quote) in arrows {
            self.decide(step, arrow, quote);
        }
    }

    /// It takes files from a stage that is still being built.
    fn depends(&self, step: &Waiting) -> bool {
        let Some((_, from)) =
            self.build.steps.get(step.at).and_then(|step| step.text.split_once("from="))
        else {
            return false;
        };
        let name = from.split([' ', ',']).next().unwrap_or_default().to_ascii_lowercase();
        let known = self
            .stages
            .iter()
            .find(|(stage, known)| **known == *name || name == (*stage - 1).to_string());
        let open = |stage: u32| self.waiting.iter().any(|other| other.stage == stage);
        match known {
            Some((stage, _)) => *stage != step.stage && (open(*stage) || !self.is_over(*stage)),
            // A stage that has not begun; else an image.
            None => name.parse::<u32>().is_ok(),
        }
    }

    /// The last step of the stage has begun, and is not waited for any more.
    fn is_over(&self, stage: u32) -> bool {
        // Before v1.20 steps are not counted, and stages follow each other.
        if self.build.steps.iter().all(|step| step.of == 0) {
            return stage < self.stage;
        }
        let name = self.stages.get(&stage);
        self.build.steps.iter().any(|step| Some(&step.stage) == name && step.position == step.of)
    }

    fn pulling(&mut self, image: &str, quote: Quote) {
        let base = self
            .build
            .bases
            .last_mut()
            .filter(|b| b.pulled.is_none() && image.ends_with(&*b.image));
        if let Some(base) = base {
            base.pulled = Some(quote);
        }
    }

    /// The image right below its FROM: what steps pull comes behind them.
    fn pulled(&mut self, id: &[u8]) {
        let Some(base) = self.build.bases.last_mut().filter(|base| base.pulled.is_some()) else {
            return;
        };
        let begun = self.build.steps.len() > self.before_base;
        if !begun && base.id.is_none() {
            base.id = Some(Text::of_log(id));
        }
    }

    fn failed(&mut self, quote: Quote) {
        // The lookup of the step that was begun last: its error does not name it.
        let lookup = quote.text.contains("checking if cached image exists from a previous build: ");
        let fits = |s: &&mut Step| {
            s.outcome == Outcome::Unknown && (lookup || quote.text.contains(&*s.text))
        };
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
        // A tag is made of a key to look it up as well.
        let reads = is_tag(error) && self.build.exports.is_empty();
        let all = if reads { &mut self.build.imports } else { &mut self.build.exports };
        let at = refused_by(error)
            .map_or(0, |repository| transfer(all, &format!("{repository}:"), quote.clone()));
        if let Some(refused) = all.get_mut(at) {
            (refused.error, refused.verdict) = (Some(error.into()), Some(quote.clone()));
        }
        self.build.errors.push(quote);
    }
}

/// A stage that stands on another one is printed with the id of what that one made:
/// `[2/3] STEP 1/3: FROM 23b85243fc48… AS build`.
fn is_image_id(image: &str) -> bool {
    const SHA256: usize = 64;
    image.len() == SHA256 && image.bytes().all(|b| b.is_ascii_hexdigit())
}

/// With layers v1.7 begins anew on each image that it makes, and prints that within the stage:
/// `STEP 3: FROM 61e609524941…` (`imagebuildah/build.go`). A stage of the Dockerfile begins at 1.
fn goes_on(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace().skip(1);
    words.next().is_some_and(is_image_id) && words.next().is_none()
}

/// Where steps have arrows, one that has none was cut out of the log, or its arrow was. The last one
/// of a stage is told by the commit.
fn doubt_silent(build: &mut Build) {
    let inner = |step: &Step| step.position < step.of && step.outcome != Outcome::Failed;
    if !build.steps.iter().any(|step| inner(step) && step.verdict.is_some()) {
        return;
    }
    for step in &mut build.steps {
        if inner(step) && step.verdict.is_none() {
            step.outcome = Outcome::Unknown;
        }
    }
}

/// v1.19.3 with `--build-arg` runs each step, and looks for its result in the store then: what the
/// command printed stands above `--> Using cache` (`containers/buildah` issue 2992). Where pages for
/// people put an empty line between any two, only more than one tells so.
fn ran_all_the_same(build: &mut Build) {
    const NO_DOUBT: u64 = 3;
    let lines = |step: &Step| {
        let verdict = step.verdict.as_ref().filter(|_| step.of == 0 && step.instruction == "RUN");
        let cached = verdict.filter(|quote| quote.text.contains("Using cache "));
        cached.map_or(0, |quote| quote.line.saturating_sub(step.header.line + 1))
    };
    if !build.steps.iter().any(|step| lines(step) >= NO_DOUBT) {
        return;
    }
    for step in build.steps.iter_mut().filter(|step| lines(step) > 0) {
        step.outcome = Outcome::Miss;
    }
}

/// It came to its end, and no arrow said how: layers are off.
fn ended(build: &mut Build, at: usize) {
    if let Some(step) = build.steps.get_mut(at).filter(|step| step.outcome == Outcome::Unknown) {
        step.outcome = Outcome::Miss;
    }
}

#[cfg(test)]
mod tests;

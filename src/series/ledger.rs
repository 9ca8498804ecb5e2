//! One forward pass over the builds of a series: what each stage and step was when it was last
//! seen, and so where the chains of the cache broke and why.
//!
//! A stage's steps depend on each other in order, so the first one that ran is where its chain
//! broke; later ones follow. The cost is one pass over all steps; what is kept grows with the steps
//! of one build.

mod builder;
mod common;
mod follows;
mod renamed;
mod spared;

use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};

use self::builder::Builder;
use self::spared::Spared;
use super::chain::{self, Stage};
use super::given::{self, Given};
use super::miss::IndexedMiss;
use super::proof;
use super::reason::MissInSeries;
use super::{Misses, Start, Store, machines};
use crate::model::{
    Base, Build, BuildOutcome, Found as Finds, Outcome, Quote, Run, Step, StepKind, Transfer,
};

impl Misses {
    /// The misses of each build of a series, whose newest stretch begins at `newest`. Interleaved
    /// builds have none, and tell nothing of others.
    #[must_use]
    pub fn of(members: &[(&Run, &Build)], newest: usize) -> Self {
        if let Some(apart) = machines::apart(members) {
            return Self::of_machines(members, newest, &apart);
        }
        let mut misses = Self::default();
        let mut ledger = Ledger::of(members, newest);
        for i in 0..members.len() {
            let (found, start) = ledger.next(i);
            misses.push(found, start);
        }
        misses
    }

    /// The same, of each machine by itself.
    fn of_machines(members: &[(&Run, &Build)], newest: usize, apart: &[Vec<usize>]) -> Self {
        let mut each: Vec<(Vec<IndexedMiss>, Start)> = Vec::new();
        each.resize_with(members.len(), Default::default);
        for own in apart {
            let part: Vec<_> = own.iter().filter_map(|&i| members.get(i).copied()).collect();
            let mut ledger = Ledger::of(&part, own.partition_point(|&i| i < newest));
            for (i, &place) in own.iter().enumerate() {
                let (mut found, start) = ledger.next(i);
                for one in &mut found {
                    one.is_counted_by(own);
                }
                if let Some(one) = each.get_mut(place) {
                    *one = (found, start);
                }
            }
        }
        let mut misses = Self::default();
        for (found, start) in each {
            misses.push(found, start);
        }
        misses.are_apart(apart);
        misses
    }
}

/// What is known of a series up to a build.
pub(super) struct Ledger<'m, 'a> {
    pub(super) members: &'m [(&'a Run, &'a Build)],
    pub(super) newest: usize,
    /// Build stages that the cache does hold, before and since the newest stretch.
    pub(super) stored: [BTreeSet<(&'a str, &'a str)>; 2],
    /// Some build of the series prints a layer for a step (buildah).
    pub(super) layered: bool,
    spared: Spared<'a>,
    stages: HashMap<(&'a str, &'a str), StageLine<'a>>,
    /// Some export of an earlier build went well.
    pub(super) stored_once: bool,
    /// Hashes that kaniko printed.
    pub(super) keys: HashSet<&'a str>,
    /// Those under which it found a layer, or stored one.
    pub(super) stored_keys: HashSet<&'a str>,
    builder: Builder<'a>,
    /// The last build that stored its cache elsewhere.
    pub(super) exported: Option<usize>,
    /// Some step of an earlier build came from a cache.
    pub(super) hit_once: bool,
    /// The last build that is not interleaved.
    pub(super) last: Option<usize>,
}

/// What is known of a stage.
#[derive(Default)]
pub(super) struct StageLine<'a> {
    /// Printed only when something of it is needed, and once for all stages on it, so the last that
    /// was counts.
    pub(super) base: Option<&'a Base>,
    pub(super) seen: usize,
    steps: HashMap<&'a str, LastSeen<'a>>,
}

/// A step when it was last seen.
pub(super) struct LastSeen<'a> {
    pub(super) build: usize,
    step: usize,
    /// How much of the context was sent when it was a hit.
    pub(super) sent: Option<&'a str>,
}

/// What of a build all its stages share.
pub(super) struct Now<'a> {
    pub(super) i: usize,
    pub(super) run: &'a Run,
    pub(super) build: &'a Build,
    pub(super) stages: Vec<Stage<'a>>,
    pub(super) last: Option<&'a str>,
    /// Stages some step of which ran.
    broken: HashSet<(&'a str, &'a str)>,
    /// What steps call these by.
    called: HashSet<String>,
    pub(super) imports: Vec<&'a Transfer>,
    /// The image that the classic builder is given as its cache.
    pub(super) given: Option<Given<'a>>,
    /// Some base image is another one than before.
    pub(super) moved: bool,
    /// The builder holds something of the builds before.
    pub(super) kept: bool,
    /// It begins without anything.
    pub(super) empty: bool,
    /// The prune that deleted steps of its cache since the build before.
    pub(super) pruned: Option<&'a Quote>,
}

impl<'m, 'a> Ledger<'m, 'a> {
    fn of(members: &'m [(&'a Run, &'a Build)], newest: usize) -> Self {
        let (before, since) = members.split_at(newest.min(members.len()));
        let stored = |part: &[(&'a Run, &'a Build)]| {
            chain::stored_stages(part.iter().map(|(_, build)| *build))
        };
        Self {
            members,
            newest,
            stored: [stored(before), stored(since)],
            layered: members.len() < 2 || members.iter().any(|(_, b)| chain::keeps_layers(b)),
            spared: Spared::of(members),
            stages: HashMap::default(),
            stored_once: false,
            keys: HashSet::default(),
            stored_keys: HashSet::default(),
            builder: Builder::default(),
            exported: None,
            hit_once: false,
            last: None,
        }
    }

    /// The misses of the next build.
    fn next(&mut self, i: usize) -> (Vec<IndexedMiss>, Start) {
        let member = self.members.get(i).copied();
        let Some((run, build)) = member.filter(|(_, build)| !build.tangled) else {
            return (Vec::new(), Start::Unknown);
        };
        self.rename(build);
        let now = self.now(i, run, build);
        let broken =
            now.stages.iter().filter_map(|stage| Some((stage, self.first_miss(&now, stage)?)));
        let found = broken.flat_map(|(stage, step)| self.misses(&now, stage, step)).collect();
        let start = match (now.kept, now.empty) {
            (true, _) => Start::Kept,
            (false, true) => Start::Empty,
            (false, false) => Start::Unknown,
        };
        self.learn(now);
        (found, start)
    }

    fn now(&self, i: usize, run: &'a Run, build: &'a Build) -> Now<'a> {
        let stages = chain::stages(build);
        let ran = |stage: &&Stage| first_miss(stage, false).is_some();
        let broken: HashSet<_> = stages.iter().filter(ran).map(|s| (s.name, s.platform)).collect();
        let called = stages.iter().filter(ran).flat_map(|s| chain::names(s.name)).collect();
        let is_other = |base: &Base| {
            let before = self.stages.get(&(base.stage.as_str(), base.platform.as_str()));
            before
                .and_then(|line| line.base)
                .is_some_and(|before| chain::is_other_base(before, base))
        };
        let moved = build.bases.iter().any(is_other);
        let last = self.last.and_then(|last| self.members.get(last).copied());
        Now {
            i,
            run,
            build,
            last: chain::final_stage(build),
            stages,
            broken,
            called,
            imports: chain::imports(run, build),
            given: given::image(run, build),
            moved,
            kept: self.builder.is_kept(run, build, last),
            empty: self.builder.is_empty(build, is_other),
            pruned: self.prune(run, build),
        }
    }

    /// A prune between the build before and this one.
    fn prune(&self, run: &'a Run, build: &Build) -> Option<&'a Quote> {
        let &(before, last) = self.members.get(self.last?)?;
        let same_log = std::ptr::eq(before, run);
        let behind = |prune: &&Quote| prune.line > last.line;
        let here = |prune: &&Quote| prune.line < build.line && (!same_log || behind(prune));
        run.prunes
            .iter()
            .rfind(here)
            .or_else(|| before.prunes.iter().rfind(|prune| !same_log && behind(prune)))
    }

    /// See [`Builder::was_sent_less`].
    pub(super) fn was_sent_less(&self, build: &Build) -> bool {
        self.builder.was_sent_less(build)
    }

    /// What the log shows of a stage that ran, or what files beside it prove. A step that ran
    /// because another stage did may have run by itself all the same; only those files can tell.
    fn misses(&self, now: &Now<'a>, stage: &Stage<'a>, step: &'a Step) -> Vec<IndexedMiss> {
        let follows = now.follows(stage, step)
            || self.follows_a_build_before(now, stage, step)
            || self.follows_a_common_step(now, stage, step)
            || self.follows_its_base(now, stage, step);
        let said = if follows { None } else { self.miss(now, stage, step) };
        if !proof::has_digests(stage) {
            return said.into_iter().collect();
        }
        let build = (now.run, now.build);
        let cases = proof::of_stage(self.runs_before(now), build, stage, (step, said.as_ref()));
        let proved: Vec<IndexedMiss> =
            cases.into_iter().filter_map(|case| case.found(now.build, said.as_ref())).collect();
        // Of a build without its log nothing is known but what is proven.
        if proved.is_empty() && !now.build.headless { said.into_iter().collect() } else { proved }
    }

    /// The first step of a stage that ran. Without its log, files tell of some steps only.
    fn first_miss(&self, now: &Now<'a>, stage: &Stage<'a>) -> Option<&'a Step> {
        if !now.build.headless || !proof::has_digests(stage) {
            return first_miss(stage, now.moved);
        }
        let ran = stage.steps.iter().copied().find(|step| step.outcome == Outcome::Miss);
        ran.or_else(|| {
            let build = (now.run, now.build);
            let at = proof::first_changed(self.runs_before(now), build, stage)?;
            stage.steps.get(at).copied()
        })
    }

    /// The builds before.
    fn before(&self, now: &Now) -> impl DoubleEndedIterator<Item = &'a Build> + use<'m, 'a> {
        self.runs_before(now).map(|(_, build)| build)
    }

    /// The builds before, each with its run.
    fn runs_before(
        &self,
        now: &Now,
    ) -> impl DoubleEndedIterator<Item = (&'a Run, &'a Build)> + use<'m, 'a> {
        self.members.get(..now.i).unwrap_or_default().iter().copied()
    }

    fn miss(&self, now: &Now<'a>, stage: &Stage<'a>, step: &'a Step) -> Option<IndexedMiss> {
        let at = now.build.steps.element_offset(step)?;
        let first = stage.steps.first().is_some_and(|first| std::ptr::eq(*first, step))
            && now.shared_parent(stage).is_none();
        let line = self.line(now, stage, step);
        let seen = line.and_then(|line| line.steps.get(step.text.as_str()));
        let against = self.against(now).and_then(|build| u32::try_from(build).ok());
        let before = seen.and_then(|seen| {
            Some((u32::try_from(seen.build).ok()?, u32::try_from(seen.step).ok()?))
        });
        let why =
            MissInSeries { ledger: self, now, stage, step, first, line, seen }.reason(now.store());
        Some(IndexedMiss {
            step: u32::try_from(at).ok()?,
            first,
            before,
            against,
            differs: why.differs.into(),
            hidden: why.hidden.into(),
            store: why.store,
            because: why.because,
            confidence: why.confidence,
            proved: None,
        })
    }

    /// Another stage stands on the same image, and its first step came from the cache.
    pub(super) fn finds_base_of(&self, now: &Now<'a>, stage: &Stage<'a>) -> bool {
        let Some(base) = self.base_of(now, stage) else { return false };
        let found = |other: &&Stage<'a>| {
            let first = other.steps.first();
            let hit = first.is_some_and(|s| s.outcome == Outcome::Hit && !s.operation().is_link());
            hit && other.platform == stage.platform
        };
        let mut others =
            now.stages.iter().filter(found).filter_map(|other| self.base_of(now, other));
        others.any(|other| other.image == base.image)
    }

    /// The base of a stage. It is printed only where something of it is needed, and once for all
    /// stages on it.
    fn base_of(&self, now: &Now<'a>, stage: &Stage<'a>) -> Option<&'a Base> {
        let known = || self.stages.get(&(stage.name, stage.platform))?.base;
        stage.base.or_else(known).or_else(|| only_base(now, stage))
    }

    /// The build whose result can be found: of a builder that is kept the one before, of a cache
    /// that is imported into an empty one the last that stored one.
    fn against(&self, now: &Now) -> Option<usize> {
        let imported = now.imports.iter().any(|import| import.ok());
        if imported && now.empty { self.exported } else { self.last }
    }

    /// The build that a step of this one is held against: the one whose result was there to be
    /// found, where it has the step; else the one that had the stage last.
    pub(super) fn answering(&self, now: &Now, step: &Step, line: &StageLine) -> usize {
        let stored = self.against(now).filter(|at| *at < line.seen);
        let has_it = |at: &usize| {
            let build = self.members.get(*at).map(|(_, build)| build);
            build.is_some_and(|build| build.steps.iter().any(|one| chain::is_same_step(one, step)))
        };
        stored.filter(has_it).unwrap_or(line.seen)
    }

    /// Takes in what the build shows.
    fn learn(&mut self, now: Now<'a>) {
        let Now { i, build, stages, .. } = now;
        let printed: HashMap<(&str, &str), &Base> =
            build.bases.iter().map(|b| ((b.image.as_str(), b.platform.as_str()), b)).collect();
        for stage in stages {
            let line = self.stages.entry((stage.name, stage.platform)).or_default();
            let shared = || printed.get(&(line.base?.image.as_str(), stage.platform)).copied();
            line.learn_base(&stage, stage.base.or_else(shared));
            line.seen = i;
            line.forget(i, stage.steps.len());
        }
        let sent = build.context.as_ref().map(|amount| amount.size.as_str());
        for (at, step) in (0..).zip(&build.steps) {
            if step.kind != StepKind::Counted || !is_decided(step) {
                continue;
            }
            let Some(line) = self.stages.get_mut(&(step.stage.as_str(), step.platform.as_str()))
            else {
                continue;
            };
            let hit = step.outcome == Outcome::Hit;
            let known = line.steps.get(step.text.as_str()).and_then(|seen| seen.sent);
            let sent = if hit { sent.or(known) } else { known };
            line.steps.insert(&step.text, LastSeen { build: i, step: at, sent });
        }
        self.keys.extend(build.steps.iter().filter_map(|step| step.key.as_deref()));
        self.stored_keys.extend(build.steps.iter().filter_map(Step::stored_key));
        let found = build.steps.iter().filter(|step| step.outcome == Outcome::Hit);
        self.stored_keys.extend(found.filter_map(|step| step.key.as_deref()));
        self.builder.learn(build);
        self.last = Some(i);
        self.hit_once |= build.hits() > 0;
        self.stored_once |= build.exports.iter().any(Transfer::ok);
        let stores = build.inline.is_some() || build.exports.iter().any(Transfer::ok);
        if stores && build.outcome != BuildOutcome::Failed {
            self.exported = Some(i);
        }
    }
}

impl<'a> StageLine<'a> {
    /// A builder that fetches nothing may not print which image it uses: where the stage came from
    /// the cache it is the one that is known.
    fn learn_base(&mut self, stage: &Stage<'a>, now: Option<&'a Base>) {
        let told = |base: &Base| base.digest.is_some() || base.id.is_some();
        let hit = stage.steps.first().is_some_and(|step| step.outcome == Outcome::Hit);
        let same = |now: &Base, before: &Base| !told(now) && hit && now.image == before.image;
        match (now, self.base) {
            (Some(now), Some(before)) if same(now, before) => {}
            (now, before) => self.base = now.or(before),
        }
    }

    /// Texts that hold another value in each run would be kept forever.
    fn forget(&mut self, i: usize, steps: usize) {
        const LATELY: usize = 64;
        if self.steps.len() > 4 * steps + LATELY {
            self.steps.retain(|_, seen| seen.build + LATELY >= i);
        }
    }
}

impl Now<'_> {
    /// What the cache could answer.
    fn store(&self) -> Store {
        let asked = self.imports.iter().map(|import| import.found()).max();
        match asked {
            Some(Finds::Yes) => Store::Read,
            _ if self.kept || self.given.is_some() => Store::Read,
            Some(Finds::Unknown) => Store::Asked,
            Some(Finds::No) => Store::NotFound,
            // What it imported may stand above the first line of the log.
            None if self.build.headless => Store::Asked,
            None => Store::NeverAsked,
        }
    }
}

/// The only image that the build stands on, where the stage begins with one.
fn only_base<'a>(now: &Now<'a>, stage: &Stage<'a>) -> Option<&'a Base> {
    let counts = now.build.dialect.counts_from();
    let begins = stage.steps.first().is_some_and(|step| counts && step.position > 1);
    match now.build.bases.as_slice() {
        [base] if begins => Some(base),
        _ => None,
    }
}

/// The first step that ran. On a base image that moved the copy of a `COPY --link` is not made
/// anew, it is only put on the new base, which prints the same.
fn first_miss<'a>(stage: &Stage<'a>, moved: bool) -> Option<&'a Step> {
    let steps = stage.steps.iter().copied();
    let mut open = steps.filter(|step| step.outcome != Outcome::Hit);
    let first = open.find(|step| !(moved && step.operation().is_link()))?;
    (first.outcome == Outcome::Miss).then_some(first)
}

fn is_decided(step: &Step) -> bool {
    matches!(step.outcome, Outcome::Hit | Outcome::Miss)
}

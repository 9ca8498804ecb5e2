//! Why a step ran: the parts of its cache key that differ from the build before, those that may
//! differ and are not shown, and what the cache could have answered.
//!
//! What is in the key of which instruction: a RUN depends on its text, its parent, every ARG and
//! ENV in scope, added hosts, network, limits, user and shell; a WORKDIR on text, parent, user and
//! `SOURCE_DATE_EPOCH`; a COPY on the files and its parent, with `--link` on the files alone.

mod above;
mod asked;
mod base;
mod left;
mod unstored;

use super::asked::{Asked, EPOCH};
use super::chain::{self, Input, Stage};
use super::ledger::{LastSeen, Ledger, Now, StageLine};
use super::{Because, Confidence, KeyPart, Store};
use crate::model::{Build, Outcome, Run, Step, StepKind, Text, differ_in_cache_ids, is_proxy};

use Confidence::{Likely, Proven, Suspected};

/// One miss in its series.
pub(super) struct MissInSeries<'c, 'm, 'a> {
    pub(super) ledger: &'c Ledger<'m, 'a>,
    pub(super) now: &'c Now<'a>,
    pub(super) stage: &'c Stage<'a>,
    pub(super) step: &'a Step,
    /// It is the first step of its stage.
    pub(super) first: bool,
    /// What is known of the stage; `None` where no earlier build has it.
    pub(super) line: Option<&'c StageLine<'a>>,
    /// The step when it was last seen with this text.
    pub(super) seen: Option<&'c LastSeen<'a>>,
}

/// The answer.
pub(super) struct Explanation {
    pub(super) because: Because,
    pub(super) confidence: Confidence,
    pub(super) differs: Vec<KeyPart>,
    pub(super) hidden: Vec<KeyPart>,
    pub(super) store: Store,
}

impl Explanation {
    fn of(because: Because, confidence: Confidence, store: Store) -> Self {
        Self { because, confidence, store, differs: Vec::new(), hidden: Vec::new() }
    }

    fn differing(self, differs: Vec<KeyPart>) -> Self {
        Self { differs, ..self }
    }

    fn hiding(self, hidden: Vec<KeyPart>) -> Self {
        Self { hidden, ..self }
    }
}

impl<'a> MissInSeries<'_, '_, 'a> {
    /// Why the step ran, where this is what was asked of a cache.
    pub(super) fn reason(&self, store: Store) -> Explanation {
        if let Some(confidence) = self.disabled() {
            return Explanation::of(Because::CacheDisabled, confidence, Store::Disabled);
        }
        let Some(line) = self.line else { return self.first_run(store) };
        if self.is_first_of_its_platform() {
            return self.first_run(store);
        }
        // Where nothing is there to be found, no key would be.
        let none = matches!(store, Store::NeverAsked | Store::NotFound) && self.now.empty;
        // But a cache that earlier builds read, and this one could not, had nothing for another base.
        let there = store == Store::NotFound && self.ledger.hit_once;
        if (!none || there)
            && let Some(confidence) = self.base_changed(line)
        {
            let differs = vec![KeyPart::Base];
            return Explanation::of(Because::BaseChanged, confidence, store).differing(differs);
        }
        let before = self.ledger.members.get(line.seen).copied();
        if self.seen.is_none() {
            return self.text_changed(before, store);
        }
        if before.is_some_and(|(_, build)| self.stands_below_a_change(build)) {
            let why = Explanation::of(Because::InstructionChanged, Proven, store);
            return why.differing(vec![KeyPart::Instruction]);
        }
        if before.is_some_and(|(_, build)| self.stands_below_a_value(build)) {
            return Explanation::of(Because::ArgumentChanged, Likely, store);
        }
        if self.step.key.is_some() {
            return self.by_key(store);
        }
        if self.copies_from_a_moved_image() {
            let why = Explanation::of(Because::InputsChanged, Likely, store);
            return why.differing(vec![KeyPart::Stage]);
        }
        let unstored = if self.first { self.unstored() } else { None };
        if unstored == Some(Likely) && store == Store::Read {
            let hidden = self.hidden(before);
            let why = Explanation::of(Because::NotStored, Likely, Store::FinalStageOnly);
            return why.hiding(hidden);
        }
        let bare = none || store == Store::NotFound;
        let bare = bare || self.was_never_written() || self.is_missed_beside_another();
        let answering = self.ledger.answering(self.now, self.step, line);
        let answering = self.ledger.members.get(answering).copied();
        if !bare && answering.is_some_and(|(_, build)| self.is_stored_on_another_base(build)) {
            let differs = vec![KeyPart::Base];
            return Explanation::of(Because::BaseChanged, Likely, store).differing(differs);
        }
        if !bare && let Some(why) = self.asked_otherwise(answering, store) {
            return why;
        }
        self.by_store(before, store, unstored)
    }

    /// Nothing that is shown of the step differs: what the cache could answer decides.
    fn by_store(
        &self,
        before: Option<(&'a Run, &'a Build)>,
        store: Store,
        unstored: Option<Confidence>,
    ) -> Explanation {
        let input = chain::input(self.step);
        let hidden = self.hidden(before);
        let said = |because, confidence| {
            Explanation::of(because, confidence, store).hiding(hidden.clone())
        };
        if self.was_never_finished() {
            return Explanation::of(Because::NotStored, Likely, store);
        }
        if self.was_replaced() {
            return said(Because::RecordLost, Likely);
        }
        if self.was_pruned(input) {
            let sure = if hidden.is_empty() { Likely } else { Suspected };
            return said(Because::RecordLost, sure);
        }
        match store {
            // Changed files explain it as well, unless the builder is shown to be empty.
            Store::NeverAsked if input == Input::Files && !self.now.empty => {
                return said(Because::Unknown, Suspected);
            }
            Store::NeverAsked => return said(Because::NotImported, self.sure_that_none_is_given()),
            Store::NotFound => return said(Because::ImportFailed, Likely),
            Store::Asked | Store::Read | Store::FinalStageOnly | Store::Disabled => {}
        }
        if let Some(confidence) = unstored {
            let why = Explanation::of(Because::NotStored, confidence, Store::FinalStageOnly);
            return why.hiding(hidden);
        }
        if self.first && self.finds_nothing_in_its_image() {
            let because =
                if input == Input::Files { Because::InputsChanged } else { Because::Unknown };
            return said(because, Suspected);
        }
        if input != Input::Files && self.was_never_written() {
            return said(Because::NotStored, Suspected);
        }
        if input == Input::None && hidden.is_empty() && self.keeps_its_context() {
            let epoch = KeyPart::Argument(Text::new(EPOCH));
            return Explanation::of(Because::ArgumentChanged, Suspected, store).hiding(vec![epoch]);
        }
        self.by_input(store, &hidden)
    }

    /// The cache was read, and could hold the step: what it depends on decides.
    fn by_input(&self, store: Store, hidden: &[KeyPart]) -> Explanation {
        let sure = if hidden.is_empty() && store == Store::Read { Likely } else { Suspected };
        let said = |because, confidence| {
            Explanation::of(because, confidence, store).hiding(hidden.to_vec())
        };
        match chain::input(self.step) {
            Input::Files if store == Store::Asked => said(Because::Unknown, Suspected),
            Input::Files if self.stands_on_rerun_metadata() => {
                Explanation::of(Because::Unknown, Suspected, store).hiding(vec![KeyPart::Values])
            }
            Input::Files if self.was_hit_with_the_same_files() => {
                Explanation::of(Because::Unknown, Suspected, store).hiding(vec![KeyPart::Options])
            }
            Input::Files if self.step.operation().is_link() => {
                said(Because::InputsChanged, Suspected)
            }
            Input::Files => said(Because::InputsChanged, Likely),
            Input::None | Input::Values if self.first => said(Because::RecordLost, sure),
            Input::None => said(Because::RecordLost, Suspected),
            Input::Stage
                if self.copies_what_was_rebuilt_before()
                    || chain::reads_named_context(self.now.build, self.step) =>
            {
                said(Because::InputsChanged, Likely)
            }
            Input::Values | Input::Stage => said(Because::Unknown, Suspected),
        }
    }

    /// The builder still has the build context of an earlier build, and nothing else is asked: a
    /// prune takes the context first.
    fn keeps_its_context(&self) -> bool {
        let own = self.first && self.now.kept && self.now.imports.is_empty();
        own && self.now.build.dialect.counts_from() && self.ledger.was_sent_less(self.now.build)
    }

    /// The image that it takes files from is another one than when the step was last seen.
    fn copies_from_a_moved_image(&self) -> bool {
        let seen = self.seen.and_then(|seen| self.ledger.members.get(seen.build));
        seen.is_some_and(|(_, build)| {
            chain::moved_sources(self.step, build, self.now.build).next().is_some()
        })
    }

    /// A build earlier in the log rebuilt the stage that is copied from, so that this one finds it
    /// in the cache: `docker build --target build`, then the whole.
    fn copies_what_was_rebuilt_before(&self) -> bool {
        let ran = |stage: &str| {
            let mut steps = self.now.shortly_before().iter().flat_map(Build::decided);
            steps.any(|s| s.outcome == Outcome::Miss && chain::is_called(&s.stage, stage))
        };
        self.step.operation().sources().any(ran)
    }

    /// No earlier build has the stage. That the builder had nothing of it, the log shows by what it
    /// had to fetch or did not find; a step that came from the cache shows the contrary.
    fn first_run(&self, store: Store) -> Explanation {
        let build = self.now.build;
        if self.was_called_otherwise() {
            return match store {
                Store::NeverAsked if self.now.empty => {
                    Explanation::of(Because::NotImported, Likely, store)
                }
                Store::NotFound => Explanation::of(Because::ImportFailed, Likely, store),
                _ => Explanation::of(Because::Unknown, Suspected, store).hiding(self.hidden(None)),
            };
        }
        if build.hits() > 0 && self.ledger.last.is_none() {
            let hidden = self.hidden(None);
            return Explanation::of(Because::Unknown, Suspected, store).hiding(hidden);
        }
        let nothing = self.now.empty || build.imports.iter().any(|import| !import.ok());
        let known = self.ledger.last.is_some();
        let confidence = if nothing || known { Proven } else { Likely };
        Explanation::of(Because::FirstRun, confidence, store)
    }

    /// The build before has a stage of the same steps under a name that is gone: names are no part
    /// of a key.
    fn was_called_otherwise(&self) -> bool {
        let last = self.ledger.last.and_then(|at| self.ledger.members.get(at));
        last.is_some_and(|(_, before)| {
            chain::called_before(before, self.now.build, self.stage).is_some()
        })
    }

    /// The command line asks for a platform that no earlier build was made for: its base image is
    /// another one, under the same name and the same digest of the list.
    fn is_first_of_its_platform(&self) -> bool {
        let platforms = |run, build| Asked::of(run, build).platforms();
        let now = platforms(self.now.run, self.now.build);
        let earlier = self.ledger.members.get(..self.now.i).unwrap_or_default();
        let other = |&(run, build): &(&'a Run, &'a Build)| {
            let before = platforms(run, build);
            !before.is_empty() && before.iter().all(|platform| !now.contains(platform))
        };
        self.first && !now.is_empty() && earlier.iter().rev().all(other)
    }

    /// Whether the step had to run whatever the caches hold: the command line says so, or a file
    /// beside the log; or buildah prints a layer for no step in any run.
    fn disabled(&self) -> Option<Confidence> {
        let commands = self.now.run.commands_of(self.now.build);
        if commands.iter().any(|command| command.ignores_caches_of(self.step))
            || self.now.build.no_cache.holds_for(self.step)
        {
            return Some(Proven);
        }
        let bare = !self.ledger.layered && chain::lacks_layers(self.now.build);
        bare.then_some(Likely)
    }

    /// The step has another text than in any earlier build of the stage.
    fn text_changed(&self, before: Option<(&'a Run, &'a Build)>, store: Store) -> Explanation {
        if let Some(why) = before.and_then(|(_, build)| self.unfinished(build, store)) {
            return why;
        }
        if before.is_some_and(|(_, build)| self.was_shared(build)) {
            let why = |because, sure| Explanation::of(because, sure, store);
            return match self.stage.base {
                Some(_) => why(Because::BaseChanged, Likely).differing(vec![KeyPart::Base]),
                None => why(Because::Unknown, Suspected).hiding(self.hidden(before)),
            };
        }
        if before.is_some_and(|(_, build)| self.was_of_another_platform(build)) {
            return self.by_store(before, store, None);
        }
        // kaniko looks up nothing below what it did not find: the step was there, and is now seen.
        if before.is_some_and(|(_, build)| self.has_it_uncounted(build)) {
            return self.by_key(store);
        }
        if before.is_some_and(|(_, build)| self.is_left_out_of(build)) {
            return Explanation::of(Because::Unknown, Suspected, store).hiding(self.hidden(before));
        }
        if let Some((argument, sure)) = self.argument_in_text(before) {
            // A RUN is printed with the value filled in: what it shows is another instruction.
            let because = match self.step.instruction.as_str() {
                "RUN" => Because::InstructionChanged,
                _ => Because::ArgumentChanged,
            };
            return Explanation::of(because, sure, store).differing(vec![argument]);
        }
        let why = |sure| {
            let why = Explanation::of(Because::InstructionChanged, sure, store);
            why.differing(vec![KeyPart::Instruction])
        };
        match before {
            // Whether that is another key depends on the version of the builder.
            Some((_, build)) if self.has_another_cache_id(build) => why(Suspected),
            Some(before) if self.may_hold_another_value(before) => {
                why(Likely).hiding(vec![KeyPart::Values])
            }
            _ => why(Proven),
        }
    }

    /// The step stood in the build before with another `id=` in its cache mount, and all else alike.
    fn has_another_cache_id(&self, before: &Build) -> bool {
        let step = self.step;
        before.steps.iter().any(|old| {
            old.is_of(&step.stage, &step.platform) && differ_in_cache_ids(&old.text, &step.text)
        })
    }

    /// The build before has the step, and no cache was asked for it there.
    fn has_it_uncounted(&self, before: &Build) -> bool {
        let same = |step: &Step| {
            step.kind == StepKind::Uncached
                && step.text == self.step.text
                && step.is_of(self.stage.name, self.stage.platform)
        };
        self.step.key.is_some() && before.steps.iter().any(same)
    }

    /// Lines of the build before are missing, or it was stopped: what stood in place of the step was
    /// not reached, or it is the same one, and how it ended there is not known.
    fn is_left_out_of(&self, before: &Build) -> bool {
        let step = self.step;
        let here = |other: &Step| {
            other.position == step.position && other.is_of(&step.stage, &step.platform)
        };
        let mut there = before.steps.iter().filter(|other| here(other));
        let same = |other: &Step| other.text == step.text;
        (before.headless || !before.succeeded()) && there.all(same)
    }

    /// A builder that makes one step of two equal ones printed it under the name of another stage:
    /// both had one base.
    fn was_shared(&self, before: &Build) -> bool {
        let step = self.step;
        let here =
            |other: &&Step| other.position == step.position && other.platform == step.platform;
        let mut at = before.steps.iter().filter(here);
        let own = at.clone().any(|other| other.stage == step.stage);
        !own && at.any(|other| other.text == step.text)
    }

    /// A builder that makes one step of those of two platforms printed it as that of the other.
    fn was_of_another_platform(&self, before: &Build) -> bool {
        let step = self.step;
        let here = |other: &&Step| other.position == step.position && other.stage == step.stage;
        let mut at = before.steps.iter().filter(here);
        let own = at.clone().any(|other| other.platform == step.platform);
        !own && at.any(|other| other.text == step.text)
    }

    /// Parts of the key that the log does not show, and that may be others than before.
    fn hidden(&self, before: Option<(&'a Run, &'a Build)>) -> Vec<KeyPart> {
        let mut hidden = Vec::new();
        let input = chain::input(self.step);
        match input {
            Input::Files => hidden.push(KeyPart::Files),
            Input::Stage => hidden.push(KeyPart::Stage),
            Input::None | Input::Values => {}
        }
        if self.first && self.has_unknown_base() {
            hidden.push(KeyPart::Base);
        }
        let now = Asked::of(self.now.run, self.now.build);
        let then = before.map(|(run, build)| Asked::of(run, build));
        let known = now.is_known() && then.as_ref().is_some_and(Asked::is_known);
        let runs = self.step.instruction == "RUN";
        let may_count = self.declared().is_none_or(|names| names.iter().any(|name| is_proxy(name)));
        let proxy = may_count && then.as_ref().is_some_and(|then| now.differs_in_a_proxy(then));
        let shown = known && now.is_literal() && !proxy;
        if (input == Input::Values || runs) && !self.prints_no_argument() && !shown {
            hidden.push(KeyPart::Values);
        }
        if runs && !known {
            hidden.push(KeyPart::Options);
        }
        let (a, b) = (before.and_then(|(_, b)| b.dockerfile.as_ref()), &self.now.build.dockerfile);
        let same_size = a.zip(b.as_ref()).is_some_and(|(a, b)| a.size == b.size);
        if matches!(input, Input::None | Input::Values)
            && !same_size
            && self.now.build.dialect.hides_metadata()
        {
            hidden.push(KeyPart::Dockerfile);
        }
        hidden
    }

    /// A kept builder is sent every file again whose time, size or mode changed: where as much was
    /// sent as in a build in which the step was a hit, no file changed.
    fn was_hit_with_the_same_files(&self) -> bool {
        let build = self.now.build;
        let sent = build.context.as_ref().map(|amount| amount.size.as_str());
        let hit = self.seen.and_then(|seen| seen.sent);
        !self.now.empty && self.ledger.was_sent_less(build) && sent.is_some() && sent == hit
    }

    /// kaniko prints the hash of all that a step depends on: the same one again is a record that is
    /// gone, or never was stored under this hash; another one is a changed input, ARG or base, and
    /// the log says not which.
    fn by_key(&self, store: Store) -> Explanation {
        let key = self.step.key.as_deref();
        let known = key.is_some_and(|key| self.ledger.keys.contains(key));
        // Older executors do not print what they store.
        let all = &self.ledger.stored_keys;
        let stored =
            self.ledger.stored_once && (all.is_empty() || key.is_some_and(|key| all.contains(key)));
        let why = match (known, stored) {
            (true, true) => Explanation::of(Because::RecordLost, Proven, store),
            (true, false) => Explanation::of(Because::NotStored, Likely, store),
            (false, _) if self.copies_since_the_last_hit() => {
                Explanation::of(Because::InputsChanged, Suspected, store)
            }
            (false, _) => Explanation::of(Because::Unknown, Suspected, store),
        };
        let mut hidden = if known { Vec::new() } else { vec![KeyPart::Files, KeyPart::Values] };
        if self.first && self.has_unknown_base() {
            hidden.push(KeyPart::Base);
        }
        why.hiding(hidden)
    }
}

//! What the command lines of two builds, or the sizes of their Dockerfiles, tell of a step that ran.

use super::super::Confidence::{self, Likely, Proven, Suspected};
use super::super::asked::{Asked, is_of_a_run};
use super::super::chain::{self, Input};
use super::super::proof;
use super::super::{Because, KeyPart, Store};
use super::{Explanation, MissInSeries};
use crate::model::{Build, Run, Step, Text};

impl<'a> MissInSeries<'_, '_, 'a> {
    /// The Dockerfile is the one of the commit before, and a value that is new in the text is that
    /// of an argument which only this command line gives; or what is gone from the text was given
    /// by the one before, and now it is the default. Where no commits are known, two texts that
    /// differ in the values of one argument alone are likely one instruction; and of whatever
    /// commits, where both values are known.
    pub(super) fn argument_in_text(
        &self,
        before: Option<(&'a Run, &'a Build)>,
    ) -> Option<(KeyPart, Confidence)> {
        let (run, build) = before?;
        let same_commit = run.commit.is_some() && run.commit == self.now.run.commit;
        let other_commit = !same_commit && run.commit.is_some() && self.now.run.commit.is_some();
        if chain::is_other_size(&build.dockerfile, &self.now.build.dockerfile) {
            return None;
        }
        let (now, then) = (Asked::of(self.now.run, self.now.build), Asked::of(run, build));
        let (given, gave) = (now.arguments(), then.arguments());
        let step = self.step;
        let here = |s: &&Step| s.position == step.position && s.is_of(&step.stage, &step.platform);
        let old = build.steps.iter().find(here).map_or("", |old| old.text.as_str());
        let shows = |text: &str, value: &str| !value.is_empty() && text.contains(value);
        let part = now.other_arguments(&then).into_iter().find(|part| {
            let KeyPart::Argument(name) = part else { return false };
            let value = |all: &[(&'a str, &'a str)]| {
                all.iter().find(|(known, _)| *known == name.as_str()).map(|(_, value)| *value)
            };
            if let (Some(now), Some(then)) = (value(&given), value(&gave))
                && (is_exchanged(old, &step.text, then, now)
                    || is_kept_hidden(then) && fills_in(old, &step.text, now))
            {
                return true;
            }
            match value(&given) {
                _ if other_commit => false,
                Some(value) if !same_commit => fills_in(old, &step.text, value),
                Some(value) => shows(&step.text, value),
                None => {
                    let then = value(&gave).filter(|_| same_commit);
                    then.is_some_and(|v| shows(old, v) && !shows(&step.text, v))
                }
            }
        })?;
        Some((part, if same_commit { Proven } else { Likely }))
    }

    /// `BuildKit` prints a RUN with the values of its variables: where one word differs, and nothing
    /// shows that the Dockerfile or an argument does, it may be either.
    pub(super) fn may_hold_another_value(&self, before: (&'a Run, &'a Build)) -> bool {
        let (step, build) = (self.step, before.1);
        let here = |s: &&Step| s.position == step.position && s.is_of(&step.stage, &step.platform);
        step.instruction == "RUN"
            && self.now.build.dialect.is_buildkit()
            && !chain::is_other_size(&build.dockerfile, &self.now.build.dockerfile)
            && self.hidden(Some(before)).contains(&KeyPart::Values)
            && build.steps.iter().any(|old| here(&old) && differ_in_a_word(&old.text, &step.text))
    }

    /// What the command lines or the size of the Dockerfile say differently than before.
    pub(super) fn asked_otherwise(
        &self,
        before: Option<(&'a Run, &'a Build)>,
        store: Store,
    ) -> Option<Explanation> {
        let (run, build) = before?;
        let input = chain::input(self.step);
        if !matches!(input, Input::None | Input::Values) || store == Store::NeverAsked {
            return None;
        }
        let (now, then) = (Asked::of(self.now.run, self.now.build), Asked::of(run, build));
        let of_buildkit = self.now.build.dialect.counts_from();
        if input == Input::None
            && of_buildkit
            && let Some(epoch) = now.other_epoch(&then)
        {
            return Some(
                Explanation::of(Because::ArgumentChanged, Proven, store).differing(vec![epoch]),
            );
        }
        let edited = chain::is_other_size(&build.dockerfile, &self.now.build.dockerfile);
        if self.step.instruction == "RUN" && now.is_shown() && then.is_shown() {
            let mut options = now.other_options(&then);
            // `RUN --network=none` has its own, whatever the command asks for.
            let network =
                |part: &KeyPart| matches!(part, KeyPart::Option(name) if name == "network");
            options.retain(|part| !network(part) || !self.step.text.contains("--network="));
            let mut arguments = now.other_arguments(&then);
            arguments.retain(|argument| self.may_declare(argument) && !self.is_spared_by(argument));
            // The classic builder and buildah keep no option in a key.
            if !options.is_empty() && of_buildkit {
                let alone = arguments.is_empty() && !edited;
                let sure = if alone && now.is_known() && then.is_known() { Proven } else { Likely };
                return Some(
                    Explanation::of(Because::OptionChanged, sure, store).differing(options),
                );
            }
            // Without ARG the builder keeps them out of the key.
            let proxies = now.other_proxies(&then);
            arguments
                .extend(proxies.into_iter().filter(|proxy| self.declares(proxy) == Some(true)));
            if !arguments.is_empty() {
                // An edit above the step would rerun it as well.
                let sure = if edited { Suspected } else { Likely };
                let why = Explanation::of(Because::ArgumentChanged, sure, store);
                return Some(why.differing(arguments));
            }
        }
        if let Some(why) = self.given_otherwise(build, store) {
            return Some(why);
        }
        if edited && !chain::has_other_texts(build, self.now.build) {
            let why = Explanation::of(Because::InstructionChanged, Likely, store);
            return Some(why.differing(vec![KeyPart::Dockerfile]));
        }
        None
    }

    /// Files beside the logs hold the arguments of both builds, and some have other values.
    fn given_otherwise(&self, before: &Build, store: Store) -> Option<Explanation> {
        if self.step.instruction != "RUN" || !self.now.build.dialect.counts_from() {
            return None;
        }
        let names = proof::other_arguments(before, self.now.build).into_iter();
        let mut arguments: Vec<KeyPart> =
            names.filter(|name| is_of_a_run(name)).map(KeyPart::Argument).collect();
        arguments.retain(|argument| self.may_declare(argument) && !self.is_spared_by(argument));
        let why = Explanation::of(Because::ArgumentChanged, Likely, store);
        (!arguments.is_empty()).then(|| why.differing(arguments))
    }

    /// Builds around this one had the step in their cache whatever the argument's value.
    fn is_spared_by(&self, argument: &KeyPart) -> bool {
        let (KeyPart::Argument(name), Some(seen)) = (argument, self.seen) else { return false };
        self.ledger.spares(self.now.i, seen, self.step, name)
    }

    /// The Dockerfile declares it above the step; `None` where that is not known.
    fn declares(&self, argument: &KeyPart) -> Option<bool> {
        let KeyPart::Argument(name) = argument else { return Some(false) };
        self.declared().map(|names| names.contains(name))
    }

    /// Names of the arguments and variables above the step.
    pub(super) fn declared(&self) -> Option<&'a [Text]> {
        self.step.trace.as_ref()?.declared.as_deref()
    }

    /// An ARG above the step declares it, as far as the Dockerfile is known or the builder prints
    /// each instruction.
    fn may_declare(&self, argument: &KeyPart) -> bool {
        let build = self.now.build;
        let KeyPart::Argument(name) = argument else { return false };
        let whole = chain::keys_hold_all_arguments(build);
        if let Some(declares) = self.declares(argument).filter(|_| !whole) {
            return declares;
        }
        let declares = |step: &Step| {
            let mut words = step.text.split_ascii_whitespace().skip(1);
            step.instruction == "ARG"
                && step.stage == self.step.stage
                && (whole || step.position < self.step.position)
                && words.any(|word| word.split('=').next() == Some(name.as_str()))
        };
        build.dialect.hides_metadata() || build.steps.iter().any(declares)
    }

    /// No ARG stands above the step: its Dockerfile is known, or the builder prints each instruction.
    pub(super) fn prints_no_argument(&self) -> bool {
        let build = self.now.build;
        let argument =
            |step: &Step| step.instruction == "ARG" && step.position < self.step.position;
        self.declared().is_some_and(<[Text]>::is_empty)
            || build.dialect.prints_metadata() && !build.steps.iter().any(argument)
    }
}

/// One word is another one, which is no option of the RUN, and all else is alike.
fn differ_in_a_word(old: &str, new: &str) -> bool {
    let words = |text: &str| text.split_ascii_whitespace().count();
    let options = new.split_ascii_whitespace().skip(1).take_while(|word| word.starts_with("--"));
    let pairs = old.split_ascii_whitespace().zip(new.split_ascii_whitespace());
    let mut others = pairs.enumerate().filter(|(_, (old, new))| old != new);
    let first = others.next();
    words(old) == words(new)
        && others.next().is_none()
        && first.is_some_and(|(at, _)| at > options.count())
}

/// A history keeps of a value only whether it is the same: `<arg:1984643270>`.
fn is_kept_hidden(value: &str) -> bool {
    value.starts_with("<arg:") && value.ends_with('>')
}

/// The new text is the old one with the new value in all places of the old one.
fn is_exchanged(old: &str, new: &str, then: &str, now: &str) -> bool {
    !then.is_empty() && old.contains(then) && old.replace(then, now) == new
}

/// The old text is the new one with another value in one of the places of this one, or in all. What
/// the old value was, a history does not keep.
fn fills_in(old: &str, new: &str, value: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    let is_other = |then: &str| !then.is_empty() && then.trim() == then && then != value;
    // Of the value's places the one between what both texts begin and end with.
    let same = |pair: &(u8, u8)| pair.0 == pair.1;
    let front = old.bytes().zip(new.bytes()).take_while(same).count();
    let end = old.bytes().rev().zip(new.bytes().rev()).take_while(same).count();
    let between = |(at, _): (usize, &str)| {
        let behind = new.len() - at - value.len();
        let is_all = at <= front && behind <= end;
        old.get(at..old.len().checked_sub(behind)?).filter(|_| is_all)
    };
    if new.match_indices(value).filter_map(between).any(is_other) {
        return true;
    }
    let parts: Vec<&str> = new.split(value).collect();
    let kept: usize = parts.iter().map(|part| part.len()).sum();
    let places = parts.len() - 1;
    let Some(others) = old.len().checked_sub(kept).filter(|_| places > 0) else { return false };
    let first = parts.first().map_or(0, |part| part.len());
    let then = old.get(first..first + others / places);
    then.is_some_and(|then| is_other(then) && parts.join(then) == old)
}

#[cfg(test)]
mod tests {
    use super::fills_in;

    #[test]
    fn texts_that_differ_in_a_value_are_one_instruction() {
        assert!(fills_in("RUN a2 && echo 1", "RUN a2 && echo 2", "2"));
        assert!(fills_in("RUN make 1.0 v1.0", "RUN make 1.10 v1.10", "1.10"));
        assert!(!fills_in("RUN make 1.0 v1.2", "RUN make 1.1 v1.1", "1.1"));
        assert!(!fills_in("RUN make  1.0", "RUN make 1.1", "1.1"));
        assert!(!fills_in("RUN make", "RUN make 1.1", "1.1") && !fills_in("RUN a", "RUN b", "1.1"));
    }
}

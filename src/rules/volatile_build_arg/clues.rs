//! What the steps of a spot tell of a value that changes.

use foldhash::HashSet;

use super::declared::{Values, above, printed};
use crate::finding::Evidence;
use crate::model::{Dialect, Outcome, Run, Step, StepKind, Text};
use crate::rules::build_args::{self, Argument};
use crate::rules::instruction::{copies_a_folder, copies_everything, mounts_files};
use crate::rules::past::{Past, header};
use crate::rules::recurring::Spot;
use crate::series::{HOST_NAME, alike};

/// What gives the value away.
pub(in crate::rules) enum Sign {
    /// The printed text differs in a value.
    Text,
    /// The classic builder printed an ENV or LABEL that was not found, with the same text.
    Metadata(String),
    /// The classic builder printed an ENV or LABEL above that is written with another value in each
    /// run: its newest text.
    ValueAbove(String),
    /// Same text; nothing else is left.
    SameText,
}

/// What the steps of a spot tell of the value.
pub(super) struct Clues {
    pub(super) sign: Sign,
    /// What it may be called.
    pub(super) names: Vec<String>,
    /// The words of the text that differ, old to new.
    pub(super) words: Vec<String>,
    pub(super) declared: Vec<Evidence>,
}

impl Clues {
    fn by(sign: Sign) -> Self {
        Self { sign, names: Vec::new(), words: Vec::new(), declared: Vec::new() }
    }

    pub(super) fn of(
        past: &Past,
        spot: &Spot,
        file: Option<&Values>,
        arguments: &[Argument],
    ) -> Option<Self> {
        let words = differing(past, spot, |i| spot.step(i).map(|step| step.text.as_str()));
        if !words.is_empty() {
            return (!comes_back(spot)).then(|| Self { words, ..Self::by(Sign::Text) });
        }
        if let Some(written) = written_above(past, spot) {
            return Some(Self::by_value_above(written));
        }
        if !same_text(past, spot) {
            return None;
        }
        if let Some((text, line)) = metadata(past, spot) {
            return Some(Self { declared: vec![line], ..Self::by(Sign::Metadata(text)) });
        }
        Self::by_scope(past, spot, file, arguments)
    }

    fn by_value_above(RewrittenLine { step, run, values }: RewrittenLine) -> Self {
        let name = step.text.split(['=', ' ']).nth(1).map(str::to_owned);
        Self {
            names: name.into_iter().collect(),
            words: values,
            declared: vec![header(run, step, "is written with a different value in each run")],
            ..Self::by(Sign::ValueAbove(step.text.to_string()))
        }
    }

    /// The text is the same: nothing but what is in scope of the step is left.
    fn by_scope(
        past: &Past,
        spot: &Spot,
        file: Option<&Values>,
        arguments: &[Argument],
    ) -> Option<Self> {
        if !reads_values_only(past, spot, spot.last()?, !arguments.is_empty()) {
            return None;
        }
        let (names, lines) = match file {
            Some(values) => values.declared.clone(),
            None => printed(past, spot),
        };
        let undeclared = !arguments.iter().any(|argument| argument.name == HOST_NAME);
        if file.is_some() && names.is_empty() && undeclared {
            return None;
        }
        let shown = arguments.iter().any(|argument| names.contains(&argument.name))
            || names.iter().any(|name| build_args::names_a_run(name));
        if spot.behind_files(past) && (!shown || sources_explain(past, spot)) {
            return None;
        }
        Some(Self { names, declared: lines, ..Self::by(Sign::SameText) })
    }

    /// Whether an argument may be the one.
    pub(super) fn fits(&self, argument: &Argument) -> bool {
        let in_word = |word: &String| {
            argument.expression || argument.values.iter().any(|value| word.contains(value.as_str()))
        };
        match self.sign {
            Sign::Text => self.words.iter().any(in_word),
            Sign::Metadata(_) | Sign::ValueAbove(_) | Sign::SameText => {
                let declared = self.names.is_empty() || self.names.contains(&argument.name);
                declared || argument.name == HOST_NAME
            }
        }
    }
}

/// The values that differ, newest run last. Empty where the text is the same in some run that
/// broke, or where it is not the same places that differ, and by values with a digit in them: an
/// edit.
fn differing<'t>(past: &Past, spot: &Spot, text: impl Fn(usize) -> Option<&'t str>) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut known: HashSet<&str> = HashSet::default();
    let mut places: Option<Vec<usize>> = None;
    for &i in spot.broken.iter() {
        let before = past.back_from(i).find_map(&text);
        let pair = before.zip(text(i)).filter(|(a, b)| a != b && alike(a, b));
        let Some((before, now)) = pair else { return Vec::new() };
        let changed = changed(before, now);
        let here: Vec<usize> = changed.iter().map(|(at, ..)| *at).collect();
        let by_values = changed.iter().all(|(_, a, b)| has_digit(a) && has_digit(b));
        if !by_values || *places.get_or_insert_with(|| here.clone()) != here {
            return Vec::new();
        }
        for word in changed.iter().flat_map(|(_, a, b)| [*a, *b]) {
            if known.insert(word) {
                values.push(word.to_owned());
            }
        }
    }
    values
}

/// The spot in the runs since the Dockerfile has the value: the run that brought it changed the
/// step in other ways too. Where no such runs follow it is the spot as it was.
pub(super) fn since_it_has_a_value<'a>(past: &Past<'a>, spot: Spot<'a>) -> Spot<'a> {
    let is_edited = |i: &&usize| {
        let before = spot.before(past, **i).map(|(_, step)| step.text.as_str());
        let both = before.zip(spot.step(**i).map(|step| step.text.as_str()));
        both.is_none_or(|(before, now)| before != now && !differ_in_values(before, now))
    };
    let edited = spot.broken.iter().rposition(|i| is_edited(&i));
    let Some(&next) = edited.and_then(|at| spot.broken.get(at + 1)) else { return spot };
    let later = spot.since(next);
    let words = differing(past, &later, |i| later.step(i).map(|step| step.text.as_str()));
    if later.broken.len() > 1 && !words.is_empty() { later } else { spot }
}

/// One instruction, with other values that have a digit in them: not an edit.
fn differ_in_values(before: &str, now: &str) -> bool {
    alike(before, now) && changed(before, now).iter().all(|(_, a, b)| has_digit(a) && has_digit(b))
}

/// The text is one of an earlier run in half of the runs that broke here: it is no new value.
fn comes_back(spot: &Spot) -> bool {
    let mut known: HashSet<&str> = HashSet::default();
    let texts = spot.broken.iter().filter_map(|&i| spot.step(i));
    let again = texts.filter(|step| !known.insert(&step.text)).count();
    again * 2 >= spot.broken.len()
}

/// An instruction above a step that makes no layer, written anew in each run.
struct RewrittenLine<'a> {
    step: &'a Step,
    run: &'a Run,
    /// The values, old to new.
    values: Vec<String>,
}

/// The classic builder prints every instruction: an ENV or LABEL above whose value is another one
/// in each run that broke here.
fn written_above<'a>(past: &Past<'a>, spot: &Spot) -> Option<RewrittenLine<'a>> {
    let &at = spot.broken.last()?;
    let (run, build) = past.get(at).filter(|(_, build)| build.dialect == Dialect::Classic)?;
    let metadata = above(build, spot.step(at)?).into_iter();
    metadata.filter(|step| step.kind == StepKind::Metadata).find_map(|step| {
        let values = differing(past, spot, |i| {
            let (_, build) = past.get(i)?;
            let here =
                |s: &&&Step| s.position == step.position && s.instruction == step.instruction;
            above(build, spot.step(i)?).iter().find(here).map(|step| step.text.as_str())
        });
        (!values.is_empty()).then_some(RewrittenLine { step, run, values })
    })
}

/// It has the text of the run before in every run that broke here.
pub(super) fn same_text(past: &Past, spot: &Spot) -> bool {
    spot.broken.iter().all(|&i| spot.has_kept_its_text(past, i))
}

/// Words that differ, with their place.
fn changed<'t>(before: &'t str, now: &'t str) -> Vec<(usize, &'t str, &'t str)> {
    let pairs = before.split_ascii_whitespace().zip(now.split_ascii_whitespace()).enumerate();
    pairs.filter(|(_, (a, b))| a != b).map(|(at, (a, b))| (at, a, b)).collect()
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
}

/// A RUN without files, behind steps that came from the cache; where it is the first of its stage
/// something else must have come from the cache, or the arguments must be seen to change.
fn reads_values_only(past: &Past, spot: &Spot, step: &Step, seen: bool) -> bool {
    let warm = |i: &usize| past.builds.get(*i).is_some_and(|b| b.hits() > 0);
    let reached = spot.behind_hits(past)
        || seen
        || spot.broken.iter().all(warm)
        || keys_differ(spot)
        || behind_a_found_argument(past, spot);
    step.instruction == "RUN" && !mounts_files(&step.text) && reached
}

/// The COPY above takes sources in, which differ from commit to commit: they alone rerun the step.
fn sources_explain(past: &Past, spot: &Spot) -> bool {
    let other_commits = spot.broken.iter().filter(|i| !past.builds_the_commit_before(**i));
    let mut copies = other_commits.filter_map(|i| spot.copy(past, *i));
    copies.any(|copy| copies_everything(&copy.text) || copies_a_folder(&copy.text))
}

/// The classic builder and buildah print the ARG right above, and that it came from the cache: its
/// key holds the text and never the value.
fn behind_a_found_argument(past: &Past, spot: &Spot) -> bool {
    let found = |&i: &usize| {
        let (build, step) = (past.builds.get(i)?, spot.step(i)?);
        let last = above(build, step).into_iter().max_by_key(|s| s.position)?;
        Some(last.instruction == "ARG" && last.outcome == Outcome::Hit)
    };
    spot.broken.iter().all(|i| found(i).unwrap_or_default())
}

/// kaniko prints the hash of all that the step depends on: another one in each run is a changed
/// input.
fn keys_differ(spot: &Spot) -> bool {
    let last = spot.broken.last().copied().unwrap_or_default();
    let mut known: HashSet<&Text> = HashSet::default();
    let mut broken = spot.broken.iter().peekable();
    (0..=last).all(|i| {
        let key = spot.step(i).and_then(|step| step.key.as_ref());
        let new = key.is_some_and(|key| known.insert(key));
        broken.next_if(|at| **at == i).is_none() || new
    })
}

/// The classic builder prints every instruction: an ENV or LABEL right above that was not found.
fn metadata(past: &Past, spot: &Spot) -> Option<(String, Evidence)> {
    let &at = spot.broken.last()?;
    let (run, build) = past.get(at)?;
    let above = above(build, spot.step(at)?);
    let missed =
        above.into_iter().find(|s| s.kind == StepKind::Metadata && s.outcome == Outcome::Miss)?;
    let same = (0..at)
        .any(|j| past.builds.get(j).is_some_and(|b| b.steps.iter().any(|s| s.text == missed.text)));
    same.then(|| {
        (
            missed.text.to_string(),
            header(run, missed, "was not found, with the same text as before"),
        )
    })
}

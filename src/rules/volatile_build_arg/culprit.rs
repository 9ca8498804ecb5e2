//! Whether a changing value explains that the chain breaks at a spot, and how sure that is.

use super::asked;
use super::clues::{Clues, Sign, same_text, since_it_has_a_value};
use super::declared::{self, in_file};
use crate::config::{Config, Stage};
use crate::finding::{Confidence, Evidence};
use crate::model::{Build, Dialect, Outcome, Step, is_masked};
use crate::rules::build_args::{self, Argument};
use crate::rules::instruction::copies_everything;
use crate::rules::past::Past;
use crate::rules::recurring::Spot;
use crate::series::{Because, Miss};

/// What stands right above the step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    /// Nothing that may have changed.
    Same,
    /// A COPY that kaniko never looks up, in runs of one commit.
    CopyOfOneCommit,
    /// And in runs of different commits.
    Copy,
    /// The base image, whose digest kaniko does not print.
    Base,
}

impl Above {
    fn of(past: &Past, spot: &Spot) -> Self {
        if !spot.behind_files(past) {
            let keyed = spot.last().is_some_and(|step| step.key.is_some());
            return if keyed && !spot.behind_hits(past) { Self::Base } else { Self::Same };
        }
        let one = spot.broken.iter().all(|&i| past.builds_the_commit_before(i));
        if one { Self::CopyOfOneCommit } else { Self::Copy }
    }
}

/// A spot explained by a value.
pub(in crate::rules) struct Culprit<'a> {
    pub(in crate::rules) spot: Spot<'a>,
    pub(super) sign: Sign,
    /// Names of the argument, the likeliest first.
    pub(super) names: Vec<String>,
    /// The words of the text that differ, old to new.
    pub(super) words: Vec<String>,
    /// Where the Dockerfile declares it.
    pub(super) declared: Vec<Evidence>,
    /// Command lines that give it.
    pub(super) given: Vec<Evidence>,
    /// The Dockerfile, and the stage of the step in it.
    pub(super) file: Option<(&'a Config, &'a Stage)>,
    /// The command lines show all arguments of these runs, and none that changes.
    none_given: bool,
    pub(super) above: Above,
    pub(super) dialect: Dialect,
    /// Files beside the logs prove that the step is another operation each time.
    pub(super) proven: bool,
    /// Values of one run or commit by the look of the command line or the name.
    per_run: bool,
}

impl Culprit<'_> {
    /// The text of the step is known.
    pub(super) fn has_text(&self) -> bool {
        self.spot.last().is_none_or(Step::has_text)
    }

    /// Not given on the command line: then it is written into the Dockerfile.
    pub(super) fn stands_in_file(&self) -> bool {
        self.none_given && matches!(self.sign, Sign::SameText | Sign::Text)
    }

    pub(super) fn confidence(&self) -> Confidence {
        let often = self.spot.broken.len() > 1;
        let open = matches!(self.above, Above::Copy | Above::Base);
        let most = if open { Confidence::Likely } else { Confidence::Proven };
        let sure = match (&self.sign, self.given.is_empty()) {
            // That the Dockerfile declares it is shown by its text, or by the step's.
            (Sign::SameText, false) if self.declared.is_empty() => Confidence::Likely,
            (_, false) if often => Confidence::Proven,
            (Sign::SameText, true) if !self.per_run => Confidence::Suspected,
            (_, false) | (Sign::Metadata(_), _) => Confidence::Likely,
            _ if often || self.per_run => Confidence::Likely,
            _ => Confidence::Suspected,
        };
        sure.min(most)
    }
}

/// The spot, where a value explains it.
pub(super) fn of<'a>(past: &Past<'a>, spot: Spot<'a>) -> Option<Culprit<'a>> {
    if has_another_reason(past, &spot) {
        return None;
    }
    let spot = since_it_has_a_value(past, spot);
    let arguments = build_args::changing(past, &spot.broken);
    let file = in_file(past, &spot);
    let clues = Clues::of(past, &spot, file.as_ref(), &arguments)?;
    let shown: Vec<&Argument> = arguments.iter().filter(|argument| clues.fits(argument)).collect();
    let mut given: Vec<Evidence> =
        shown.iter().flat_map(|a| build_args::lines(past, &spot.broken, &a.name)).collect();
    let expression = shown.iter().any(|a| a.expression);
    let Clues { sign, mut names, words, declared } = clues;
    if !shown.is_empty() {
        names = shown.iter().map(|a| a.name.clone()).collect();
    }
    let hidden = shown.is_empty() && matches!(sign, Sign::SameText);
    if hidden && is_refuted(past, &spot, &names) {
        return None;
    }
    let (asked, lines) =
        if hidden { asked::of(past, &spot, &names) } else { (Vec::new(), Vec::new()) };
    let written = !asked.is_empty();
    if written {
        names = asked;
        given.extend(lines);
    }
    let per_run = expression || written || names.iter().any(|name| build_args::names_a_run(name));
    let none_given = !written && shown.is_empty() && build_args::all_known(past, &spot.broken);
    let file = file.map(|values| values.place);
    let above = Above::of(past, &spot);
    let proven = spot.broken.iter().all(|&i| is_other_operation(past, &spot, i));
    let culprit = Culprit {
        spot,
        sign,
        names,
        words,
        declared,
        given,
        file,
        none_given,
        above,
        dialect: past.last()?.1.dialect,
        proven,
        per_run,
    };
    enough(past, &culprit).then_some(culprit)
}

/// Something else than a value explains it.
fn has_another_reason(past: &Past, spot: &Spot) -> bool {
    no_value_reaches(past, spot)
        || was_not_looked_up(past, spot)
        || was_stored_nowhere(past, spot)
        || differs_from_what_is_stored(past, spot)
}

/// No command line gives a value that changes, and the logs speak against a hidden one.
fn is_refuted(past: &Past, spot: &Spot, names: &[String]) -> bool {
    let constant = !names.is_empty() && names.iter().all(|name| is_constant(past, spot, name));
    constant || another_build_made_what_is_above(past, spot)
}

fn is_other_operation(past: &Past, spot: &Spot, i: usize) -> bool {
    let proved = |miss: Miss| miss.proved.is_some() && miss.because == Because::ArgumentChanged;
    spot.step(i).is_some_and(|step| past.misses_of(i, step).any(proved))
}

/// The command lines give the argument one value in all runs that broke here.
fn is_constant(past: &Past, spot: &Spot, name: &str) -> bool {
    let mut values = spot.broken.iter().map(|&i| build_args::value(past, i, name));
    let Some(first) = values.next().flatten().filter(|_| spot.broken.len() > 1) else {
        return false;
    };
    !first.contains('$') && !is_masked(&first) && values.all(|v| v.as_ref() == Some(&first))
}

/// All sources come from the cache right above it, in runs that each build a new commit: another
/// build had just copied them, and did not come to this step.
fn another_build_made_what_is_above(past: &Past, spot: &Spot) -> bool {
    let new = |&i: &usize| {
        let above = spot.above(past, i).filter(|step| step.outcome == Outcome::Hit);
        let known = past.get(i).is_some_and(|(run, _)| run.commit.is_some());
        known
            && !past.builds_the_commit_before(i)
            && above.is_some_and(|step| copies_everything(&step.text))
    };
    spot.broken.len() > 1 && spot.broken.iter().all(new)
}

/// kaniko asks its cache for no RUN with `--cache-run-layers=false`, whatever its value.
fn was_not_looked_up(past: &Past, spot: &Spot) -> bool {
    let newest = spot.broken.last().and_then(|&i| past.get(i).map(|(_, build)| (i, build)));
    newest.is_some_and(|(i, build)| {
        let asks = build.steps.iter().any(|step| step.key.is_some());
        build.dialect == Dialect::Kaniko && asks && spot.step(i).is_some_and(|s| s.key.is_none())
    })
}

/// A target without a cache beside others of its bake that have one: what it has in common with
/// them comes from theirs, and where it parts from them nothing is stored.
fn was_stored_nowhere(past: &Past, spot: &Spot) -> bool {
    let none = |build: &Build| {
        build.imports.is_empty() && build.exports.is_empty() && build.inline.is_none()
    };
    let beside = |i: &usize| {
        past.get(*i).is_some_and(|(run, build)| {
            none(build) && !run.together(build).iter().all(|other| other.exports.is_empty())
        })
    };
    spot.held.is_empty() && !spot.broken.is_empty() && spot.broken.iter().all(beside)
}

/// The runs are known to differ from one earlier run, whose result is all that is stored: in what
/// the command lines give, in the size of the Dockerfile. That is one change, however often the step
/// ran for it.
fn differs_from_what_is_stored(past: &Past, spot: &Spot) -> bool {
    let stored = |&i: &usize| {
        let miss = past.misses_of(i, spot.step(i)?).next()?;
        (!miss.differs.is_empty() && miss.proved.is_none()).then_some(miss.against?)
    };
    let mut against = spot.broken.iter().map(stored);
    let first = against.next().flatten();
    spot.broken.len() > 1 && first.is_some() && against.all(|one| one == first)
}

/// More than once; or once, where the argument is one of those that differ in each run.
fn enough(past: &Past, culprit: &Culprit) -> bool {
    let spot = &culprit.spot;
    // Where the command lines show no argument that changes, it can be an ENV that CI writes into
    // the Dockerfile; that needs to be told from a lost record by what stands before it.
    let refuted = matches!(culprit.sign, Sign::SameText)
        && culprit.stands_in_file()
        && !spot.behind_hits(past);
    let known = culprit.per_run && (!culprit.given.is_empty() || !culprit.declared.is_empty());
    let hidden = matches!(culprit.sign, Sign::SameText) && culprit.given.is_empty();
    let in_turns = hidden && sizes_come_back(past, spot);
    !refuted
        && !in_turns
        && !is_over(past, spot)
        && (spot.nearly_always() || (spot.mostly() && known))
}

/// In half of the runs that broke here the Dockerfile has another size than in the run before, and
/// one that it had before that: versions of it are built in turns, and have one value each.
fn sizes_come_back(past: &Past, spot: &Spot) -> bool {
    let size = |i: usize| past.builds.get(i)?.dockerfile.as_ref().map(|amount| &amount.size);
    let comes_back = |i: &&usize| {
        let (now, before) = (size(**i), past.previous(**i));
        let other = before.and_then(size).is_some_and(|then| Some(then) != now);
        let earlier = before.map_or(0, |before| before).min(**i);
        other && (0..earlier).rev().take(FAR).any(|k| size(k) == now)
    };
    spot.broken.iter().filter(comes_back).count() * 2 >= spot.broken.len()
}

/// How many runs may lie between two of one version.
const FAR: usize = 16;

/// The newest runs, three or more of other commits than the ones before them, have it from the
/// cache, or the Dockerfile has it no more.
fn is_over(past: &Past, spot: &Spot) -> bool {
    const SURE: usize = 3;
    let Some(&last) = spot.broken.last() else { return false };
    let since = spot.held.iter().filter(|i| **i > last && !past.builds_the_commit_before(**i));
    let lacks = |i: &usize| {
        let stage = |step: &Step| step.stage == spot.stage && step.outcome != Outcome::Unknown;
        spot.step(*i).is_none() && past.get(*i).is_some_and(|(_, b)| b.steps.iter().any(stage))
    };
    let gone = (last + 1..past.len()).filter(lacks).count();
    since.count() >= SURE || gone >= SURE
}

/// buildah and the classic builder print each instruction of the Dockerfile, so what is not printed
/// is not there: without an ARG no value reaches the step. And the key of an ARG holds its text,
/// never the value: one that was not found has another cause, which reran the step too.
fn no_value_reaches(past: &Past, spot: &Spot) -> bool {
    let found = spot.broken.last().and_then(|&i| Some((past.get(i)?.1, spot.step(i)?)));
    let Some((build, step)) =
        found.filter(|(build, _)| matches!(build.dialect, Dialect::Classic | Dialect::Buildah))
    else {
        return false;
    };
    let above = declared::above(build, step);
    let mut arguments = above.iter().filter(|s| s.instruction == "ARG").peekable();
    let sets = |s: &&&Step| s.instruction == "ENV";
    let same =
        same_text(past, spot) && !above.iter().filter(sets).any(|s| s.outcome == Outcome::Miss);
    match arguments.peek() {
        None => same && prints_all(build, step),
        Some(_) => arguments.any(|s| s.outcome == Outcome::Miss),
    }
}

/// All instructions of the stage above the step are in the log.
fn prints_all(build: &Build, step: &Step) -> bool {
    let bases = build.bases.len();
    let before = build.steps.iter().take_while(|s| s.header.line != step.header.line);
    let own = before.filter(|s| build.dialect == Dialect::Classic || s.stage == step.stage).count();
    let counted = if build.dialect == Dialect::Classic { own + bases } else { own + 1 };
    counted + 1 >= usize::try_from(step.position).unwrap_or(usize::MAX)
}

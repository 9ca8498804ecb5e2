//! A CI cache that is saved by every run and restored by none.

mod written;

use super::ci_caches::{self, CiOperation, CiWords, named};
use super::past::Past;
use super::planned;
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Finding, Fix, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{CacheOperation, CacheOutcome, Run};

pub(super) struct CiCacheNeverRestored;

static META: RuleMeta = RuleMeta {
    id: "ci-cache-never-restored",
    title: "every run saves a cache and no run restores one",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "In three or more runs of a build the CI finds no cache, though earlier runs saved one: \
        each run asks for a key that no run before had, or the key is the same and what was saved \
        is gone. Without a log: the directory of a local cache is kept under a key that holds a \
        commit or the number of the run, with nothing to fall back to, or only with a prefix that \
        no saved key has.",
    why: "Saving costs time in every run and fills the storage, and nothing ever comes back. A key \
        that holds a commit, a date or a run number is new each time.",
    fix: "Build the key from the files that decide the content (a lock file, the Dockerfile), and \
        name a prefix to fall back to.",
    rules_out: "A prefix that finds an older cache (a partial hit). A key made of a hash of files \
        that really changed in each run looks like a unique one and is a note: only a commit, a \
        number that counts up, or two keys in one commit are taken for proof.",
    limits: "The runs have to be of one build, three or more, with the same number of caches. A \
        key that is not printed counts as the same key.",
    example: include_str!("examples/ci-cache-never-restored.txt"),
    references: &[
        "https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching",
        "https://docs.gitlab.com/ci/caching/",
    ],
    since: "0.1.0",
};

/// Runs below this number may each have had a reason to start cold.
const RUNS: usize = 3;

/// What the keys of the runs show.
enum Key {
    /// A part of the key belongs to the run alone: which one.
    Unique(&'static str, Confidence),
    /// Another key in each run, and nothing tells why.
    Differs,
    /// One key, saved and not found again.
    Same,
}

impl Rule for CiCacheNeverRestored {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Of(Effect::LostCiCache)]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let slots = Past::all(study).flat_map(|past| slots(&past));
        let seen: Vec<Finding> = slots.filter_map(|missed| finding(study, &missed)).collect();
        if !seen.is_empty() {
            return seen;
        }
        let restores = |s: CiOperation| {
            s.entry.operation == CacheOperation::Restore && s.entry.outcome != CacheOutcome::Miss
        };
        let decides =
            |past: &Past| past.runs.iter().any(|run| ci_caches::of_run(run).any(restores));
        planned::with_undecided(study, seen, decides, |at| written::finding(study, at))
    }
}

/// The n-th restore of each run of a series, where every run misses there.
fn slots<'a>(past: &Past<'a>) -> Vec<Vec<CiOperation<'a>>> {
    let restores = |run: &&'a Run| -> Vec<CiOperation<'a>> {
        ci_caches::of_run(run).filter(|s| s.entry.operation == CacheOperation::Restore).collect()
    };
    let runs: Vec<Vec<CiOperation>> =
        ci_caches::runs(past.runs.iter().copied()).iter().map(restores).collect();
    let count = runs.first().map_or(0, Vec::len);
    if runs.len() < RUNS || runs.iter().any(|restores| restores.len() != count) {
        return Vec::new();
    }
    let slots = (0..count)
        .map(|n| runs.iter().filter_map(|restores| restores.get(n).copied()).collect::<Vec<_>>());
    slots.filter(|slot| slot.iter().all(|s| s.entry.outcome == CacheOutcome::Miss)).collect()
}

fn finding(study: &Study, missed: &[CiOperation]) -> Option<Finding> {
    let saved = saved_before_last(study, missed);
    let key = key(missed)?;
    if saved.len() + 1 < RUNS {
        return None;
    }
    let name = missed.last().map_or("", |s| s.entry.name.as_str());
    let (what, cause, confidence) = words(&key);
    let words = CiWords {
        severity: if matches!(key, Key::Differs) { Severity::Note } else { META.severity },
        confidence,
        title: format!("a cache is saved in {} runs and restored in none: {what}", saved.len()),
        cause: cause.to_owned(),
        shows: "nothing to restore",
        fix: fix(&key, name, missed.last().and_then(|s| s.run.ci)),
        rules_out: rules_out(&key),
        subject: shape(missed),
    };
    let mut found = ci_caches::finding(&META, missed, words)?;
    found.evidence.extend(ci_caches::lines(&saved, "saved, and never asked for again"));
    Some(found)
}

/// Saves of these keys in runs that another run follows.
fn saved_before_last<'a>(study: &'a Study, missed: &[CiOperation]) -> Vec<CiOperation<'a>> {
    let earlier = missed.split_last().map_or(&[][..], |(_, earlier)| earlier);
    let same = |s: &CiOperation| {
        earlier.iter().any(|m| std::ptr::eq(m.run, s.run) && m.entry.name == s.entry.name)
    };
    ci_caches::all(study)
        .filter(|s| s.is(CacheOperation::Save, CacheOutcome::Saved) && same(s))
        .collect()
}

fn key(missed: &[CiOperation]) -> Option<Key> {
    let names: Vec<&str> = missed.iter().map(|s| s.entry.name.as_str()).collect();
    let distinct = |i: usize| names.iter().take(i).all(|other| Some(other) != names.get(i));
    if names.iter().all(|name| Some(name) == names.first()) {
        return Some(Key::Same);
    }
    // Keys that come back were saved and are gone; prefixes that find nothing tell the same.
    if !(0..names.len()).all(distinct) || missed.iter().any(|s| s.entry.quote.text.contains(", ")) {
        return None;
    }
    let with_commit = |s: &CiOperation| {
        s.run.commit.as_deref().and_then(|c| c.get(..7)).is_some_and(|c| s.entry.name.contains(c))
    };
    if missed.iter().all(with_commit) {
        return Some(Key::Unique("its key holds the commit", Confidence::Proven));
    }
    let twice = |(i, s): (usize, &CiOperation)| {
        s.run.commit.is_some() && missed.iter().take(i).any(|o| o.run.commit == s.run.commit)
    };
    if missed.iter().enumerate().any(twice) {
        return Some(Key::Unique(
            "its key differs between two runs of one commit",
            Confidence::Proven,
        ));
    }
    if counts_up(&names) {
        return Some(Key::Unique("its key holds a number that counts up", Confidence::Likely));
    }
    Some(Key::Differs)
}

/// The keys are alike but for one number, which grows from run to run: a run number or a time.
fn counts_up(names: &[&str]) -> bool {
    let parts = |name: &str| {
        name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect::<Vec<_>>()
    };
    let keys: Vec<Vec<String>> = names.iter().map(|name| parts(name)).collect();
    let Some(first) = keys.first().filter(|first| keys.iter().all(|key| key.len() == first.len()))
    else {
        return false;
    };
    let column = |n: usize| {
        keys.iter().filter_map(move |key| key.get(n).map(String::as_str)).collect::<Vec<_>>()
    };
    let columns: Vec<Vec<&str>> = (0..first.len()).map(column).collect();
    let varying: Vec<&Vec<&str>> =
        columns.iter().filter(|c| c.iter().any(|v| Some(v) != c.first())).collect();
    let grows = |values: &Vec<&str>| {
        let numbers: Vec<u64> = values.iter().filter_map(|v| v.parse().ok()).collect();
        numbers.len() == values.len() && numbers.windows(2).all(|w| w.first() < w.last())
    };
    varying.len() == 1 && varying.iter().all(|values| grows(values))
}

fn words(key: &Key) -> (&'static str, &'static str, Confidence) {
    match key {
        Key::Unique(what, confidence) => (
            what,
            "The key has a part that only this run has. Each run therefore asks for a key that \
                nobody saved, and saves one that nobody will ask for.",
            *confidence,
        ),
        Key::Differs => (
            "its key is different in every run",
            "Each run asks for a key that no earlier run saved. Either the key holds something \
                that is new in every run, or the files it is made of changed in every run.",
            Confidence::Suspected,
        ),
        Key::Same => (
            "the key is the same, and what was saved is gone",
            "The key does not change, an earlier run saved it, and later runs do not find it: it \
                was deleted, or it is not visible from where the later runs ask.",
            Confidence::Suspected,
        ),
    }
}

fn fix(key: &Key, name: &str, ci: Option<&str>) -> Fix {
    let steps: &[&str] = match key {
        Key::Same => &[
            "Caches of one branch are not visible from others, except those of the default branch: \
                let that branch save it.",
            "A cache is also tied to its list of paths and its operating system: restore and save \
                have to use the same ones.",
            "Check in the CI's list of caches whether it is there, and how full the storage is: \
                the oldest ones are deleted.",
        ],
        _ => &[
            "Build the key from a hash of the files that decide the content: then runs without a \
                change find it.",
            "Name a prefix to fall back to (`restore-keys`, `fallback_keys`): then a changed key \
                starts from the newest older cache.",
        ],
    };
    let pasted = match ci {
        Some("gitlab") => "cache:\n  key: docker",
        Some("circleci") => {
            "- restore_cache:\n    keys: [docker-]\n- save_cache:\n    key: docker-{{ .Revision }}"
        }
        Some("azure-pipelines") => {
            "key: 'docker | \"$(Build.SourceVersion)\"'\nrestoreKeys: docker"
        }
        _ => {
            "key: docker-${{ hashFiles('Dockerfile', 'package-lock.json') }}\nrestore-keys: docker-"
        }
    };
    Fix {
        summary: match key {
            Key::Same => format!("find out where {} goes", named(name)),
            _ => "remove what is new in every run from the key".to_owned(),
        },
        steps: steps.iter().map(|s| (*s).to_owned()).collect(),
        snippet: (!matches!(key, Key::Same)).then(|| pasted.to_owned()),
        ..Fix::default()
    }
}

fn rules_out(key: &Key) -> Vec<Alternative> {
    match key {
        Key::Unique(..) => vec![ruled_out("nothing saved (the runs saved their caches)")],
        Key::Differs => vec![
            not_ruled_out("a key made of a hash of files that changed before every run"),
            to_decide("give two runs of one commit"),
        ],
        Key::Same => vec![
            not_ruled_out("a cache that was deleted, is of another branch, or has other paths"),
            to_decide("look at the CI's list of caches"),
        ],
    }
}

/// What the keys have in common, which is what the cache is called from run to run.
fn shape(missed: &[CiOperation]) -> String {
    let mut names = missed.iter().map(|s| s.entry.name.as_str());
    let first = names.next().unwrap_or_default();
    let common = |a: String, b: &str| {
        a.chars().zip(b.chars()).take_while(|(x, y)| x == y).map(|(x, _)| x).collect()
    };
    names.fold(first.to_owned(), common)
}

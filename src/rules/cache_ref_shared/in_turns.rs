//! Branches, tags, platforms, or values of an argument that one job builds in turns and that write one
//! reference: a run finds its cache only where the run before it was of the same branch.
//!
//! Speaks only where the logs name the branch, the tag, the platform or the value: without that, a job whose
//! files change in some runs looks the same.

use std::collections::{BTreeSet, HashMap};

use super::super::build_args;
use super::super::instruction::copies_context;
use super::super::past::{Past, end, header, verdict};
use super::super::recurring::{Spot, spots};
use super::super::remedy::reference;
use super::{META, directory, may_write, name as names, only, reads};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, not_ruled_out, ruled_out, to_decide,
};

use crate::model::Base;
use crate::rules::Study;

/// Runs that write and read the reference, each with whom it builds for, in the order of time.
struct Turns {
    runs: Vec<(usize, String)>,
    kind: Kind,
}

/// What tells the runs apart.
#[derive(Clone)]
pub(super) enum Kind {
    Branch,
    /// The tag of the image: mostly the branch.
    Tag,
    Platform,
    /// The value of this build argument.
    Value(String),
    /// Few commits that come back: the heads of branches that the logs do not name.
    Commit,
}

impl Kind {
    /// What else helps.
    fn also(&self) -> String {
        match self {
            Self::Branch | Self::Tag | Self::Commit => {
                "Import the main branch's cache as well: a new branch starts from it.".to_owned()
            }
            Self::Platform => {
                "Or build all platforms in one call (`--platform linux/amd64,linux/arm64`): one \
                    export then holds them all."
                    .to_owned()
            }
            Self::Value(argument) => format!(
                "Or declare `ARG {argument}` below the steps that do not need it: they are then \
                    the same for every value."
            ),
        }
    }

    fn singular(&self) -> String {
        match self {
            Self::Branch => "branch".to_owned(),
            Self::Tag => "image tag".to_owned(),
            Self::Platform => "platform".to_owned(),
            Self::Value(name) => format!("value of `{name}`"),
            Self::Commit => "commit".to_owned(),
        }
    }

    /// What gets a reference of its own.
    fn owner(&self) -> String {
        match self {
            Self::Commit => "branch".to_owned(),
            _ => self.singular(),
        }
    }

    /// `2 branches`
    fn counted(&self, n: usize) -> String {
        match self {
            Self::Branch => format!("{n} branches"),
            Self::Tag => format!("builds of {n} image tags"),
            Self::Platform => format!("{n} platforms"),
            Self::Value(name) => format!("builds with {n} values of `{name}`"),
            Self::Commit => format!("builds of {n} commits"),
        }
    }

    /// `The branches main, next`
    fn owners(&self, who: &str) -> String {
        match self {
            Self::Branch => format!("The branches {who}"),
            Self::Tag => format!("Builds of the image tags {who}"),
            Self::Platform => format!("The platforms {who}"),
            // Values may be secrets, which nothing shows once the name is not beside them.
            Self::Value(name) => format!("Builds with different values of `{name}`"),
            Self::Commit => format!("Builds of the commits {who}"),
        }
    }

    /// As the suffix of a tag.
    fn variable(&self) -> &str {
        match self {
            Self::Branch | Self::Commit => "BRANCH",
            Self::Tag => "TAG",
            Self::Platform => "PLATFORM",
            Self::Value(name) => name,
        }
    }
}

/// What a step does in runs that follow one of their own, and in runs that follow another's.
struct Verdicts {
    /// Came back to a reference that another had written meanwhile.
    back: Vec<usize>,
    /// Follow a run of their own.
    stayed: Vec<usize>,
}

/// One finding for each reference that is written in turns.
pub(super) fn findings(past: &Past) -> Vec<Finding> {
    if !several(past) {
        return Vec::new();
    }
    let elsewhere = super::names(past).into_iter().filter(|name| !directory::is_one(name));
    elsewhere.filter_map(|name| finding(past, &name)).collect()
}

/// Some run names another branch, platform or value than the one before: of thousands of runs few
/// do.
fn several(past: &Past) -> bool {
    let branches = past.runs.windows(2).any(|pair| matches!(pair, [a, b] if a.branch != b.branch));
    let tags = past.builds.windows(2).any(|pair| matches!(pair, [a, b] if a.images != b.images));
    let arguments = |i: usize| past.commands(i).iter().flat_map(|command| &command.build_args);
    branches
        || tags
        || commits_come_back(past)
        || (1..past.len()).any(|i| {
            platforms(past, i - 1) != platforms(past, i) || arguments(i - 1).ne(arguments(i))
        })
}

/// Of all runs every second one builds a commit that an earlier one has built.
fn commits_come_back(past: &Past) -> bool {
    let commits: Vec<&str> = past.runs.iter().filter_map(|run| run.commit.as_deref()).collect();
    let distinct: BTreeSet<&&str> = commits.iter().collect();
    commits.len() == past.len() && distinct.len() > 1 && distinct.len() * 2 <= commits.len()
}

fn platforms<'a>(past: &Past<'a>, i: usize) -> &'a [String] {
    let named = past.commands(i).iter().find(|c| !c.platforms.is_empty());
    named.map_or(&[], |command| &command.platforms)
}

fn finding(past: &Past, name: &str) -> Option<Finding> {
    let turns = turns(past, name)?;
    let verdicts = verdicts(&turns.runs);
    let spot = spots(past)
        .into_iter()
        .find(|spot| decides(spot, &verdicts) || fits(past, spot, &turns, &verdicts))?;
    let owners: BTreeSet<&str> = turns.runs.iter().map(|(_, owner)| owner.as_str()).collect();
    let who = owners.iter().map(|owner| format!("`{owner}`")).collect::<Vec<_>>().join(", ");
    let (kind, back, stayed) = (&turns.kind, verdicts.back.len(), verdicts.stayed.len());
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: confidence(kind, &verdicts),
        title: format!(
            "{} write their caches to {name}, and each replaces the other's",
            kind.counted(owners.len())
        ),
        cause: format!(
            "{} alternate and export to one reference. An export replaces what was there: in each \
                of the {back} runs that followed a run of another {}, `{}` ran again{}.",
            kind.owners(&who),
            kind.singular(),
            spot.text,
            match stayed {
                0 => String::new(),
                _ => format!(", and after a run of the same one ({stayed}) it came from the cache"),
            }
        ),
        evidence: Proof::from_lines(lines(past, name, &turns, &verdicts, &spot))?
            .seen_in(past.places(spot.broken.iter().copied())),
        fix: fix(name, kind),
        impact: spot.impact(past),
        rules_out: rules_out(kind, spot.text, stayed > 0),
        subject: name.to_owned(),
    })
}

/// Runs of the reference, where all of them name their branch, or all their platform, and it is not
/// always the same.
fn turns(past: &Past, name: &str) -> Option<Turns> {
    let at: Vec<usize> = (0..past.len())
        .filter(|&i| may_write(past, i, name) && reads(past, i, name) && only(past, i))
        .collect();
    let told = |owner: &dyn Fn(usize) -> Option<String>, kind: Kind| {
        let runs: Vec<(usize, String)> = at.iter().filter_map(|&i| Some((i, owner(i)?))).collect();
        let differ =
            runs.iter().any(|(_, owner)| runs.first().is_some_and(|(_, first)| first != owner));
        (differ && runs.len() == at.len()).then_some(Turns { runs, kind })
    };
    let branch = |i: usize| past.runs.get(i)?.branch.as_ref().map(ToString::to_string);
    let platform = |i: usize| {
        Some(platforms(past, i)).filter(|some| !some.is_empty()).map(|some| some.join(","))
    };
    // GitHub keeps the entries of branches apart by itself: none can replace another's.
    let branches = (!names::is_isolated(name)).then(|| told(&branch, Kind::Branch)).flatten();
    let value = || {
        let arguments =
            if names::is_scope(name) { Vec::new() } else { build_args::recurring(past, &at) };
        arguments.into_iter().find_map(|argument| {
            told(&|i| build_args::value(past, i, &argument), Kind::Value(argument.clone()))
        })
    };
    branches
        .or_else(|| told(&platform, Kind::Platform))
        .or_else(value)
        .or_else(|| told(&|i| tags(past, i), Kind::Tag))
        .or_else(|| told(&|i| commit(past, i), Kind::Commit).filter(|_| commits_come_back(past)))
}

/// Its beginning, as git abbreviates it.
fn commit(past: &Past, i: usize) -> Option<String> {
    let commit = past.runs.get(i)?.commit.as_deref()?;
    Some(commit.get(..8).unwrap_or(commit).to_owned())
}

/// The tags that the build gave its image.
fn tags(past: &Past, i: usize) -> Option<String> {
    let images = &past.builds.get(i)?.images;
    let tags: Vec<&str> = images.iter().map(|image| reference::tag(image).unwrap_or("")).collect();
    (!tags.is_empty()).then(|| tags.join(","))
}

fn verdicts(runs: &[(usize, String)]) -> Verdicts {
    let mut found = Verdicts { back: Vec::new(), stayed: Vec::new() };
    for (n, pair) in runs.windows(2).enumerate() {
        let [(_, before), (i, owner)] = pair else { continue };
        if before == owner {
            found.stayed.push(*i);
        } else if runs.iter().take(n).any(|(_, earlier)| earlier == owner) {
            found.back.push(*i);
        }
    }
    found
}

/// Files that changed in just these runs would look the same: the fewer the runs, the likelier that
/// is.
fn confidence(kind: &Kind, verdicts: &Verdicts) -> Confidence {
    // That the value is another one the command lines show.
    let shown = matches!(kind, Kind::Value(_));
    if shown || verdicts.back.len().min(verdicts.stayed.len()) > 1 {
        Confidence::Likely
    } else {
        Confidence::Suspected
    }
}

/// The step runs after each turn, and never without one. Where it ran up to some run and came from
/// the cache ever since, that run mended it, whoever it was of.
fn decides(spot: &Spot, verdicts: &Verdicts) -> bool {
    let all = |runs: &[usize], among: &[usize]| runs.iter().all(|i| among.contains(i));
    let enough = verdicts.back.len() > 1 && !verdicts.stayed.is_empty();
    let mixed = verdicts.stayed.first() < verdicts.back.last();
    enough && mixed && all(&verdicts.back, &spot.broken) && all(&verdicts.stayed, spot.held)
}

/// No run follows one of its own, so nothing shows what it would find there. But the files that
/// name the dependencies seldom change in every commit of each, a RUN depends on the value, and the
/// base image is another one on each platform.
fn fits<'a>(past: &Past<'a>, spot: &Spot<'a>, turns: &Turns, verdicts: &Verdicts) -> bool {
    let Verdicts { back, stayed } = verdicts;
    let input = match turns.kind {
        Kind::Value(_) => spot.text.starts_with("RUN "),
        Kind::Platform if is_never_found(past, spot, back) => true,
        Kind::Tag if is_never_found(past, spot, back) => stand_on_other_layers(past, turns, spot),
        _ => spot.installs_what_it_copies(past).is_some(),
    };
    stayed.is_empty() && back.len() > 2 && back.iter().all(|i| spot.broken.contains(i)) && input
}

/// Nothing of these runs came from the cache, and this is where they began.
fn is_never_found(past: &Past, spot: &Spot, runs: &[usize]) -> bool {
    let cold = |i: usize| past.builds.get(i).is_some_and(|build| build.hits() == 0);
    let begins = |i: usize| {
        past.losses(i)
            .iter()
            .any(|loss| loss.step.text == spot.text && loss.step.stage == spot.stage)
    };
    runs.iter().all(|&i| cold(i) && begins(i))
}

/// One digest of the base image in all runs, and each of these fetches layers of it that no other
/// does: it is an index, and they are made on machines of other platforms.
fn stand_on_other_layers(past: &Past, turns: &Turns, spot: &Spot) -> bool {
    let mut owner_of: HashMap<&str, &str> = HashMap::new();
    let mut digests: BTreeSet<&str> = BTreeSet::new();
    for (i, owner) in &turns.runs {
        let base = past.builds.get(*i).and_then(|build| build.base_of(spot.stage, ""));
        let fetched = base.and_then(|base| Some((base, layer(base)?, base.digest.as_deref()?)));
        let Some((_, layer, digest)) = fetched else { return false };
        digests.insert(digest);
        if *owner_of.entry(layer).or_insert(owner) != owner {
            return false;
        }
    }
    digests.len() == 1
}

/// The layer on the line that shows a base image being fetched: `#5 sha256:3bb9… 106B / 106B`.
fn layer(base: &Base) -> Option<&str> {
    let (_, digest) = base.pulled.as_ref()?.text.split_once("sha256:")?;
    digest.get(..64).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn rules_out(kind: &Kind, text: &str, told: bool) -> Vec<Alternative> {
    let one = kind.singular();
    if told {
        let sources = format!("changed sources (they would show in runs of one {one} as well)");
        return vec![ruled_out(sources)];
    }
    let other = match kind {
        Kind::Value(_) => "something else that changes together with the value",
        Kind::Commit => "mode bits, or files that are not in the commit",
        Kind::Platform | Kind::Tag if !copies_context(text) => {
            "something else that keeps every run from finding what is stored"
        }
        _ => "files that really change in each of these commits",
    };
    vec![
        not_ruled_out(other),
        to_decide(format!("build one {one} twice in a row: does the step come from the cache?")),
    ]
}

fn lines(
    past: &Past,
    name: &str,
    turns: &Turns,
    verdicts: &Verdicts,
    spot: &Spot,
) -> Vec<Evidence> {
    let owner = |i: usize| {
        turns.runs.iter().find(|(at, _)| *at == i).map_or("", |(_, owner)| owner.as_str())
    };
    let mut lines = Vec::new();
    for &i in verdicts.back.iter().rev().take(2).rev() {
        let Some(((run, _), step)) = past.get(i).zip(spot.step(i)) else { continue };
        let import = names::import(past, i, name);
        let asked = past.commands(i).iter().rfind(|c| names::written_by(c, name));
        lines.extend(asked.map(|c| Study::quote(run, &c.quote, "exports to it")));
        lines.extend(import.map(|t| end(run, t, "the reference is imported without error")));
        lines.push(header(
            run,
            step,
            &format!("ran: another had written the reference since the last run of `{}`", owner(i)),
        ));
    }
    for &i in verdicts.stayed.iter().take(1) {
        let Some(((run, _), step)) = past.get(i).zip(spot.step(i)) else { continue };
        lines.push(verdict(
            run,
            step,
            &format!("came from the cache: the run before was of `{}` too", owner(i)),
        ));
    }
    lines
}

pub(super) fn fix(name: &str, kind: &Kind) -> Fix {
    let one = kind.owner();
    let scope = names::is_scope(name);
    let tag = reference::tag(name).unwrap_or("buildcache");
    // The last part of a scope's name is what tells it from others: `type=s3,bucket=b,name=web`.
    let spec = |suffix: &str| {
        if scope {
            return format!("{name}-{suffix}");
        }
        format!("type=registry,ref={}", reference::with_tag(name, &format!("{tag}-{suffix}")))
    };
    let own = spec(&format!("${}", kind.variable()));
    let main = matches!(kind, Kind::Branch | Kind::Commit).then(|| spec("main"));
    let imports = std::iter::once(&own).chain(&main);
    let imports: Vec<String> = imports.map(|spec| format!("--cache-from {spec} \\\n")).collect();
    let imports = imports.concat();
    if scope {
        return Fix {
            summary: format!("give each {one} a scope or name of its own"),
            steps: vec![format!("Put the {one} into the scope or name."), kind.also()],
            snippet: Some(format!("{imports}--cache-to {own},mode=max")),
            ..Fix::default()
        };
    }
    Fix {
        summary: format!("give each {one} a cache reference of its own"),
        steps: vec![
            format!(
                "Put the {one} into the reference, in the letters a tag may have (A-Z, a-z, 0-9, \
                    `_`, `.`, `-`)."
            ),
            kind.also(),
        ],
        snippet: Some(format!(
            "{imports}--cache-to {own},mode=max,image-manifest=true,oci-mediatypes=true"
        )),
        cost: match kind {
            Kind::Branch | Kind::Tag | Kind::Commit => {
                "one more tag in the registry for each branch; delete those of merged branches"
                    .to_owned()
            }
            _ => format!("one more tag in the registry for each {one}"),
        },
        ..Fix::default()
    }
}

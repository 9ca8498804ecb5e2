//! A cache reference that holds the number of the run: none finds what another one stored.

use std::borrow::Cow;

use super::absent_refs::is_absent;
use super::alike;
use super::backend::cost_of;
use super::cache_ref_shared::scope;
use super::remedy::reference;
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, LogPlace, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{Build, CacheKind, Found, Quote, Run, Transfer};

pub(super) struct CacheRefPerRun;

static META: RuleMeta = RuleMeta {
    id: "cache-ref-per-run",
    title: "each run looks for its cache under a different name",
    group: "No cache in use",
    severity: Severity::Error,
    what: "Runs of one build import references that differ in a number or a commit, none of which \
        is there, and each run stores a cache; or their command lines name such a `scope=` (gha) \
        or `name=` (s3, azblob), and no step comes from it.",
    why: "A cache is found under the name it was stored under. A name that holds the number of the \
        run, the commit or a date is different in each run: all of them start cold and fill the \
        registry.",
    fix: "Use a name that stays the same from run to run: one for each image, or one for each \
        branch with that of the main branch as a second import.",
    rules_out: "References that a run finds which is the first to ask for them; a second import that is found; names that differ \
        in words, as those of branches do, or in the number of a pull request.",
    limits: "Where the cache is written is not printed. A log of the first run of each of several \
        branches looks the same.",
    example: include_str!("examples/cache-ref-per-run.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/",
        "https://docs.docker.com/build/ci/github-actions/cache/",
    ],
    since: "0.1.0",
};

impl Rule for CacheRefPerRun {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        alike::groups(study).filter_map(|group| finding(&group)).collect()
    }
}

/// A build that looked for a reference in vain.
struct VainLook<'a> {
    run: &'a Run,
    build: &'a Build,
    import: &'a Transfer,
    name: Cow<'a, str>,
}

fn finding(group: &[(&Run, &Build)]) -> Option<Finding> {
    let Looks { first: looks, repeated, began } = Looks::of(group)?;
    let (first, last) = (looks.first()?, looks.last()?);
    let stored = looks.iter().filter(|l| l.build.exports.iter().any(Transfer::ok)).count();
    // Where a name was found once, two others may be those of new branches.
    if looks.len() < if began { 3 } else { 2 } || stored < 2 || !all_differ(&looks) {
        return None;
    }
    let shown = looks.iter().all(|look| writes_what_it_reads(look));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if shown && looks.len() > 2 {
            Confidence::Likely
        } else {
            Confidence::Suspected
        },
        title: format!(
            "each run{} looks for its cache under a different name, {} to {}: {}",
            if began { format!(" since {}", first.run.label) } else { String::new() },
            first.name,
            last.name,
            if repeated { "only a repeated run finds one" } else { "none of them ever exists" }
        ),
        cause: "Every run stores a cache, and imports a reference that no run before it can have \
            written: the name changes from run to run."
            .to_owned(),
        evidence: Proof::from_lines(looks.iter().rev().take(6).rev().map(line).collect())?
            .seen_in(looks.iter().map(|look| LogPlace::of(look.run, look.build))),
        fix: fix(last),
        impact: cost_of(looks.iter().skip(1).map(|look| look.build)),
        rules_out: vec![
            not_ruled_out("branches or pull requests whose first runs these are"),
            to_decide("see in the configuration what the name is made of"),
        ],
        subject: stem(&first.name, &last.name).to_owned(),
    })
}

/// The first look of each name.
struct Looks<'a> {
    first: Vec<VainLook<'a>>,
    /// Some name was looked for again: the same commit was built once more.
    repeated: bool,
    /// Earlier runs looked for a name that stays, or found what they looked for.
    began: bool,
}

impl<'a> Looks<'a> {
    /// Those since the last build that found under a new name what it looked for, or that looked for
    /// a name which is not of one run; `None` where some build asks otherwise.
    fn of(group: &[(&'a Run, &'a Build)]) -> Option<Self> {
        let mut found = Self { first: Vec::new(), repeated: false, began: false };
        for (run, build) in group {
            let look = look(run, build)?;
            let same = |known: &VainLook| reference::same(&known.name, &look.name);
            if found.first.last().is_some_and(same) {
                found.repeated = true;
            } else if look.is_vain() {
                found.first.push(look);
            } else {
                found = Self { first: Vec::new(), repeated: false, began: true };
            }
        }
        let newest = found.first.last()?.name.clone();
        let fixed = |look: &VainLook| look.name != newest && !is_of_run(&look.name, &newest);
        if let Some(last) = found.first.iter().rposition(fixed) {
            found.first.drain(..=last);
            found.began = true;
        }
        Some(found)
    }
}

impl VainLook<'_> {
    /// kaniko keeps its layers under tags of a repository.
    fn is_vain(&self) -> bool {
        let import = self.import;
        let listed = import.listed == Some(false) && import.error.is_none();
        let absent = match import.kind {
            CacheKind::Registry => is_absent(import) || listed,
            _ => import.error.is_none(),
        };
        absent && self.build.hits() == 0 && import.found() != Found::Yes
    }
}

/// The only import.
fn look<'a>(run: &'a Run, build: &'a Build) -> Option<VainLook<'a>> {
    let [import] = build.imports.as_slice() else { return None };
    let name = if import.kind == CacheKind::Registry {
        Cow::Borrowed(import.reference.as_deref()?)
    } else {
        let mut asked = run.commands_of(build).iter().flat_map(|c| &c.cache_from);
        Cow::Owned(scope(asked.find(|spec| spec.kind() == import.kind)?)?)
    };
    Some(VainLook { run, build, import, name })
}

/// No two are the same, and all differ in one place, in what counts or names runs and commits.
fn all_differ(looks: &[VainLook]) -> bool {
    let pairs = looks
        .iter()
        .enumerate()
        .flat_map(|(i, a)| looks.iter().skip(i + 1).map(move |b| (&a.name, &b.name)));
    pairs.into_iter().all(|(a, b)| !reference::same(a, b) && is_of_run(a, b) && is_of_run(b, a))
}

/// Whether what only one of two names has is a number or a hash, and not that of a pull request.
fn is_of_run(name: &str, other: &str) -> bool {
    let same = |(a, b): &(char, char)| a == b;
    let is_break = |c: char| !c.is_ascii_alphanumeric();
    let before =
        name.chars().zip(other.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum::<usize>();
    let after = name
        .chars()
        .rev()
        .zip(other.chars().rev())
        .take_while(same)
        .map(|(c, _)| c.len_utf8())
        .sum::<usize>();
    // Whole words: 4411 and 4412 differ in their last digit.
    let start = name.get(..before).and_then(|text| text.rfind(is_break)).map_or(0, |at| at + 1);
    let rest = name.len().saturating_sub(after);
    let end =
        name.get(rest..).and_then(|text| text.find(is_break)).map_or(name.len(), |at| rest + at);
    let request = name.get(..start).is_some_and(|text| {
        let words: Vec<String> = text.split(is_break).map(str::to_ascii_lowercase).collect();
        words
            .iter()
            .rev()
            .find(|word| !word.is_empty())
            .is_some_and(|word| REQUESTS.contains(&word.as_str()))
    });
    let word = name.get(start..end).unwrap_or_default();
    !request && !word.is_empty() && word.split(is_break).all(is_number)
}

/// What stands before the number of a pull request, and the prefix of a ticket's branch.
const REQUESTS: [&str; 7] = ["pr", "mr", "pull", "merge", "request", "issue", "ticket"];

/// A count, a date, or the first digits of a commit or digest.
fn is_number(word: &str) -> bool {
    let hex = word.len() >= 7
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit());
    !word.is_empty() && (hex || word.bytes().all(|b| b.is_ascii_digit()))
}

/// The command line names the same reference on both sides.
fn writes_what_it_reads(look: &VainLook) -> bool {
    let mut written = look.run.commands_of(look.build).iter().flat_map(|c| &c.cache_to);
    written.any(|spec| {
        let named = spec.get("ref").is_some_and(|name| reference::same(name, &look.name));
        named || scope(spec).is_some_and(|name| name == look.name)
    })
}

/// The line that tells how it ended, unless only the first one names the cache, as that of kaniko.
fn line(look: &VainLook) -> Evidence {
    let header = &look.import.header;
    let names = |quote: &Quote| quote.text.contains(&*look.name);
    let verdict = look.import.verdict.as_ref().filter(|end| names(end) || !names(header));
    let quote = verdict.unwrap_or(header);
    Study::quote(look.run, quote, "another name than in any other run")
}

/// What all names begin with, up to a whole word.
fn stem<'a>(first: &'a str, last: &str) -> &'a str {
    let same = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    let begin = first.get(..same).unwrap_or(first);
    begin
        .trim_end_matches(|c: char| c.is_ascii_alphanumeric())
        .trim_end_matches(['-', '_', '.', ':', '/'])
}

fn fix(look: &VainLook) -> Fix {
    let repository = reference::repository(&look.name);
    let in_tag = look.import.kind == CacheKind::Registry && reference::tag(&look.name).is_some();
    let name = match look.import.kind {
        CacheKind::Registry if in_tag => format!("{repository}:buildcache"),
        CacheKind::Registry => "one repository for all runs".to_owned(),
        CacheKind::Gha => "one scope for each image".to_owned(),
        _ => "one name for each image".to_owned(),
    };
    Fix {
        summary: format!("use a name that stays the same from run to run: {name}"),
        steps: vec![
            format!("Take the number out of the name, in the import and in the export: {name}."),
            "Where each branch has a cache of its own, name it after the branch, and import that \
                of the main branch as well."
                .to_owned(),
        ],
        snippet: in_tag.then(|| {
            format!(
                "--cache-from type=registry,ref={name} \\\n--cache-to \
                type=registry,ref={name},mode=max"
            )
        }),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    fn run(name: &str) -> super::super::testing::Made {
        made().absent(name).miss("RUN a").export(CacheKind::Registry, None)
    }

    #[test]
    fn fires_on_numbers_and_commits() {
        for names in [
            [
                "r.example.com/app:cache-8",
                "r.example.com/app:cache-9",
                "r.example.com/app:cache-10",
            ],
            [
                "r.example.com/app:0a1b2c3d",
                "r.example.com/app:9f8e7d6c",
                "r.example.com/app:77aa55bb",
            ],
            ["r.example.com/41/app:c", "r.example.com/42/app:c", "r.example.com/43/app:c"],
        ] {
            let found = CacheRefPerRun.check(&of(names.map(run).into()));
            assert_eq!(found.len(), 1, "{names:?}");
            assert_eq!(found[0].confidence, Confidence::Suspected);
        }
        let scoped = |n: u32| {
            let command = format!(
                "docker buildx build --cache-from type=gha,scope=web-{n} --cache-to \
                    type=gha,scope=web-{n} ."
            );
            made()
                .command(&command)
                .import("gha:153", None)
                .miss("RUN a")
                .export(CacheKind::Gha, None)
        };
        let found = CacheRefPerRun.check(&of(vec![scoped(71), scoped(72), scoped(73)]));
        assert_eq!(found[0].confidence, Confidence::Likely);
    }

    #[test]
    fn leaves_branches_requests_and_what_is_found() {
        let quiet = |runs| CacheRefPerRun.check(&of(runs)).is_empty();
        assert!(quiet(vec![run("r.example.com/app:main"), run("r.example.com/app:feature-a")]));
        assert!(quiet(vec![run("r.example.com/app:pr-12"), run("r.example.com/app:pr-15")]));
        assert!(quiet(vec![run("r.example.com/app:cache"), run("r.example.com/app:cache")]));
        assert!(quiet(vec![
            run("r.example.com/app:c-1"),
            run("r.example.com/app:c-2"),
            run("r.example.com/app:c-1")
        ]));
        let second = run("r.example.com/app:c-2").import("r.example.com/app:main", None);
        assert!(quiet(vec![run("r.example.com/app:c-1"), second]));
    }
}

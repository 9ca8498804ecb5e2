//! A remote ADD brought another file than in the run before.

use super::dockerfile_at;
use super::instruction::remote;
use super::past::{self, Past};
use super::recurring::{Spot, spots};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::Outcome;

pub(super) struct RemoteAddChanged;

static META: RuleMeta = RuleMeta {
    id: "remote-add-changed",
    title: "ADD from a URL fetches a different file than in the run before",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "`ADD http(s)://…` (or of a git repository) ran again with the same text and the same \
        base image, while everything before it came from the cache or nothing comes before it.",
    why: "The file is fetched in every build and its content is part of the cache key: when the \
        server changes it, the ADD and everything below it runs again.",
    fix: "Fetch a version that does not change and say so with `--checksum`, or move the ADD below \
        the expensive steps.",
    rules_out: "The fetch itself (printed as a step of the same name, done in every run), ADD with \
        `--checksum`, an edited instruction, a changed base image, a cache that was not found, \
        `--no-cache`.",
    limits: "The log does not say what changed at the URL; a server that sends different headers \
        for the same file has the same effect.",
    example: include_str!("examples/remote-add-changed.txt"),
    references: &[
        "https://docs.docker.com/reference/dockerfile/#add---checksum",
        "https://docs.docker.com/build/cache/invalidation/#add-and-copy",
    ],
    since: "0.1.0",
};

impl Rule for RemoteAddChanged {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, findings)
    }
}

fn findings(past: &Past) -> Vec<Finding> {
    let remote = spots(past).into_iter().filter_map(|spot| Some((remote(spot.text)?, spot)));
    remote.filter_map(|(url, spot)| finding(past, &url, spot)).collect()
}

fn finding(past: &Past, url: &str, mut spot: Spot) -> Option<Finding> {
    spot.broken = spot
        .broken
        .iter()
        .copied()
        .filter(|&i| spot.has_kept_its_text(past, i) && could_hit(past, &spot, i))
        .collect();
    let step = spot.last().filter(|s| !s.text.contains("--checksum="))?;
    let (what, sent) = if is_repository(url) { ("repository", "commit") } else { ("file", "file") };
    let behind = spot.behind_hits(past) || spot.broken.len() > 1;
    let mut evidence = spot.lines(past, "ran: what was fetched is not what was fetched before");
    evidence.extend(dockerfile_at::line_of(past, &spot, "fetches it in every build"));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if behind { Confidence::Likely } else { Confidence::Suspected },
        title: format!("the {what} behind {url} changed {}", spot.often(past)),
        cause: format!(
            "`{}` fetches the {what} in every build. It ran with the same text on the same base \
                image, so the server sent another {sent}; everything below it ran again.",
            step.text
        ),
        evidence: Proof::from_lines(evidence)?.seen_in(past.places(spot.broken.iter().copied())),
        fix: fix(&step.text, url),
        impact: spot.impact(past),
        rules_out: rules_out(behind),
        subject: url.to_owned(),
    })
}

/// An earlier run had it, in a cache that this run used: by a hit of its own, by an import of
/// what was exported, or on a builder that kept it.
fn could_hit(past: &Past, spot: &Spot, i: usize) -> bool {
    let earlier =
        |j: usize| spot.step(j).is_some_and(|s| matches!(s.outcome, Outcome::Hit | Outcome::Miss));
    let warm = past.builds.get(i).is_some_and(|b| b.hits() > 0);
    let stored = past.imported(i) && (0..i).any(|j| past.exported(j) && earlier(j));
    warm || stored || past.is_kept(i)
}

/// `ADD https://git.example.com/lib.git#main /lib`: a branch of it, the main one where none is
/// named (<https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository>).
fn is_repository(url: &str) -> bool {
    let place = url.split(['#', '?']).next().unwrap_or_default();
    let scheme = ["git@", "git://", "ssh://"].iter().any(|start| url.starts_with(start));
    scheme || place.trim_end_matches('/').strip_suffix(".git").is_some()
}

/// One commit, or a tag, in place of a branch.
fn pinned(text: &str, url: &str) -> String {
    let place = url.split(['#', '?']).next().unwrap_or(url);
    let folder = url.split_once('#').and_then(|(_, at)| at.split_once(':'));
    let folder = folder.map(|(_, folder)| format!(":{folder}")).unwrap_or_default();
    text.replacen(url, &format!("{place}#TAG-OR-COMMIT{folder}"), 1)
}

fn fix(text: &str, url: &str) -> Fix {
    if is_repository(url) {
        return Fix {
            summary: format!("add one commit of {url}, or add it later"),
            steps: vec![
                "Name a tag or a commit after the `#` instead of a branch: the step then runs \
                    again only when you move it."
                    .to_owned(),
                "Where the newest commit is wanted: put the ADD below the steps that do not need \
                    it."
                .to_owned(),
            ],
            snippet: Some(format!("# before\n{text}\n# after\n{}", pinned(text, url))),
            cost: "the commit has to be updated by hand or by a bot".to_owned(),
            ..Fix::default()
        };
    }
    let checked = text.replacen("ADD ", "ADD --checksum=sha256:SHA256-OF-THE-FILE ", 1);
    Fix {
        summary: format!("fetch a version of {url} that does not change, or fetch it later"),
        steps: vec![
            "Use the address of one version and pin it: a file that changes then fails the build \
                instead of rerunning it."
                .to_owned(),
            "Where the newest file is wanted: put the ADD below the steps that do not need it, or \
                fetch it when the container starts."
                .to_owned(),
        ],
        snippet: Some(format!("# before\n{text}\n# after\n{checked}")),
        cost: "a pinned file has to be updated by hand or by a bot".to_owned(),
        ..Fix::default()
    }
}

fn rules_out(behind: bool) -> Vec<Alternative> {
    let mut said =
        vec![ruled_out("changed base image or instruction (both are the same as before)")];
    if !behind {
        said.extend([
            not_ruled_out(
                "a lost cache record (it looks the same where the ADD is the first step)",
            ),
            to_decide("compare the files that the server sent"),
        ]);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::CacheKind;

    const ADD: &str = "ADD https://x.example/config.json /etc/";

    fn run() -> Made {
        made()
            .import("r.example.com/a:c", None)
            .from("node:20", "aa")
            .export(CacheKind::Registry, None)
    }

    #[test]
    fn fires_when_the_file_changed() {
        let warm = || run().hit(ADD).hit("RUN a");
        let found = RemoteAddChanged.check(&of(vec![
            run().miss(ADD).miss("RUN a"),
            warm(),
            run().miss(ADD).miss("RUN a"),
        ]));
        assert_eq!(
            (found.len(), found[0].confidence, found[0].impact.steps),
            (1, Confidence::Suspected, 2)
        );
        let behind = || run().hit("WORKDIR /a").miss(ADD);
        assert_eq!(
            RemoteAddChanged.check(&of(vec![behind(), behind()]))[0].confidence,
            Confidence::Likely
        );
    }

    #[test]
    fn leaves_pins_drifts_and_cold_runs() {
        let pinned =
            || run().hit("WORKDIR /a").miss("ADD --checksum=sha256:00 https://x.example/a /a");
        assert!(RemoteAddChanged.check(&of(vec![pinned(), pinned()])).is_empty());
        let drift =
            |digest| made().import("r.example.com/a:c", None).from("node:20", digest).miss(ADD);
        assert!(RemoteAddChanged.check(&of(vec![drift("aa"), drift("bb")])).is_empty());
        let cold = || made().from("node:20", "aa").miss(ADD);
        assert!(RemoteAddChanged.check(&of(vec![cold(), cold()])).is_empty());
        let other = |url: &str| run().hit("WORKDIR /a").miss(&format!("ADD {url} /a"));
        assert!(
            RemoteAddChanged
                .check(&of(vec![other("https://x.example/1"), other("https://x.example/2")]))
                .is_empty()
        );
    }
}

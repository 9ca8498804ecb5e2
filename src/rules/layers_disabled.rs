//! buildah builds without layers: there is nothing a next run could find.

mod written;

use super::past::{self, Past, cost, header};
use super::remedy::{self, Site};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Proof, Severity};
use crate::model::{Command, Run, Tool};
use crate::series::chain;

pub(super) struct LayersDisabled;

static META: RuleMeta = RuleMeta {
    id: "layers-disabled",
    title: "buildah keeps no layers, so every step runs in every build",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "In several runs, or in one whose command line is in the log and has no `--layers` or \
        turns layers off, no step of a buildah build is followed by an arrow with its layer (`--> \
        c70f3a76dac`) or with `Using cache`. Without a log, as a note: a call of buildah \
        without `--layers`.",
    why: "`buildah build` (`bud`) makes one layer of the whole build unless `--layers` is given or \
        BUILDAH_LAYERS=true is set: it neither looks for earlier results nor keeps any.",
    fix: "Build with `--layers`; with `--cache-from` and `--cache-to` where the storage does not \
        outlive the job.",
    rules_out: "Builds in which some step has an arrow; failed builds; a single run without its \
        command line. `podman build` keeps layers unless an option says otherwise.",
    limits: "The command line of buildah is seldom in the log; without it, missing arrows in \
        several runs show it.",
    example: include_str!("examples/layers-disabled.txt"),
    references: &[
        "https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md",
        "containers/buildah imagebuildah/stage_executor.go",
    ],
    since: "0.1.0",
};

impl Rule for LayersDisabled {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding).into_iter().chain(written::findings(study)).collect()
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let bare: Vec<usize> = (0..past.len())
        .filter(|&i| past.builds.get(i).is_some_and(|b| chain::lacks_layers(b)))
        .collect();
    let arrows = past.builds.iter().any(|b| chain::keeps_layers(b));
    let newest = *bare.last()?;
    let asked = asked_without(past, newest);
    if arrows || (bare.len() < 2 && asked.is_none()) {
        return None;
    }
    let (run, build) = past.get(newest)?;
    let site = Site::of(past.study, run, build);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if asked.is_some() { Confidence::Proven } else { Confidence::Likely },
        title: title(bare.len(), asked),
        cause:
            "With layers on, buildah prints an arrow after each step, with the name of the new or \
                cached layer. Only the last step has one: layers are off."
                .to_owned(),
        evidence: Proof::from_lines(
            shown(run, asked).into_iter().chain(lines(past, &bare)).collect(),
        )?
        .seen_in(past.places(bare.iter().copied())),
        fix: remedy::registry_max(&site),
        impact: cost(
            bare.iter().skip(1).filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            bare.len() - 1,
        ),
        rules_out: Vec::new(),
        subject: site.image,
    })
}

fn title(runs: usize, asked: Option<&Command>) -> String {
    let off = asked.is_some_and(|command| command.layers == Some(false));
    match runs {
        1 if off => "the build turns layers off: it looks for none, and keeps none".to_owned(),
        1 => "buildah runs without `--layers`: it looks for no layer, and keeps none".to_owned(),
        _ => format!("{runs} runs of buildah keep no layers: every step ran in each"),
    }
}

/// The only command line of the build: `buildah` itself, which has no layers unless told to, or one
/// that turns them off.
fn asked_without<'a>(past: &Past<'a>, i: usize) -> Option<&'a Command> {
    let [command] = past.commands(i) else { return None };
    let own = !command.is_podman() && !command.no_cache;
    let without = command.layers == Some(false) || own && command.layers.is_none();
    (command.tool == Tool::Buildah && without).then_some(command)
}

fn shown(run: &Run, command: Option<&Command>) -> Option<Evidence> {
    let command = command?;
    let squash = command.quote.text.contains(" --squash");
    let says = match command.layers {
        Some(_) if squash => "`--squash` and `--squash-all` turn podman's layers off",
        Some(_) => "layers are turned off",
        None => "`--layers` is not given",
    };
    Some(Study::quote(run, command.line_with("layers"), says))
}

fn lines(past: &Past, bare: &[usize]) -> Vec<Evidence> {
    let runs = bare.iter().rev().take(3).rev().filter_map(|&i| past.get(i));
    let pairs =
        runs.flat_map(|(run, build)| chain::inner_steps(build).take(2).map(move |s| (run, s)));
    pairs.map(|(run, step)| header(run, step, "no arrow with a layer follows")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::Dialect;

    fn run(arrow: bool) -> Made {
        made().miss("RUN a").miss("RUN b").with(|b| {
            b.dialect = Dialect::Buildah;
            let quote = b.steps[0].header.clone();
            b.steps[0].verdict = arrow.then_some(quote);
        })
    }

    #[test]
    fn arrows_lone_runs_and_other_builders_are_quiet() {
        assert!(LayersDisabled.check(&of(vec![run(true), run(true)])).is_empty());
        assert!(LayersDisabled.check(&of(vec![run(false)])).is_empty());
        let other = || run(false).with(|b| b.dialect = Dialect::Classic);
        assert!(LayersDisabled.check(&of(vec![other(), other()])).is_empty());
    }
}

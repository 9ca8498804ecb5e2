//! buildah answers every step from its store and hands out an image that lacks what was asked for.

use super::past::Past;
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, ruled_out};
use crate::model::{Build, Command, Dialect, Outcome, Run, Step};

pub(super) struct BuildahStaleImage;

static META: RuleMeta = RuleMeta {
    id: "buildah-stale-image",
    title: "every step came from the cache, and the image lacks what this command asked for",
    group: "The Dockerfile and its inputs",
    severity: Severity::Note,
    what: "buildah or podman takes all steps from the cache and returns the image of an earlier \
        build, although this command line has different options (`--env`, `--unsetenv`, \
        `--annotation`, `--timestamp`), or gives a different value to a build argument that a \
        LABEL, ENV or path uses.",
    why: "If every step is cached, buildah only gives the cached image the new name: options that \
        change nothing but the image are dropped silently. And the key of a LABEL, ENV or WORKDIR \
        holds its text as written, `$V`, not the value.",
    fix: "Write the value into the Dockerfile (ENV, LABEL), or build with `--no-cache` when the \
        option has to take effect.",
    rules_out: "Builds that ran a step; the same options in the build that made the image; \
        arguments that no instruction uses; a different image than before.",
    limits: "Seen in buildah 1.28; later versions make `--env` a step of its own and honour \
        `--timestamp`. `--label` is honoured.",
    example: include_str!("examples/buildah-stale-image.txt"),
    references: &[
        "https://github.com/containers/buildah/blob/v1.28.2/imagebuildah/stage_executor.go",
    ],
    since: "0.1.0",
};

impl Rule for BuildahStaleImage {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        Past::all(study).filter_map(|past| finding(&past)).collect()
    }
}

/// A build that was answered with the image of an earlier one.
struct Stale<'a> {
    made: (&'a Run, &'a Build, &'a Command),
    given: (&'a Run, &'a Command),
    /// Options that only this command has: `--timestamp`.
    options: Vec<&'static str>,
    /// The step that uses an argument with another value, and its name.
    argument: Option<(&'a Step, String)>,
}

fn finding(past: &Past) -> Option<Finding> {
    let stale = (1..past.len()).rev().find_map(|i| stale(past, i))?;
    let (title, cause) = match &stale.argument {
        Some((step, name)) if stale.options.is_empty() => (
            format!(
                "`{}` came from the cache with the old value of `{name}`: the image is stale",
                step.text
            ),
            format!(
                "buildah compares the text of the step as written, not the value of `{name}`. With \
                    a different value it still finds the same step and returns the image of an \
                    earlier build."
            ),
        ),
        _ => (
            format!(
                "{} is dropped: every step came from the cache, and the image is an older one",
                stale.options.join(
                    ", \
                "
                )
            ),
            "If all steps are cached, buildah gives the cached image the new name and drops \
                options that change nothing but the image. The image it returns was made by a \
                build without them."
                .to_owned(),
        ),
    };
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title,
        cause,
        evidence: Proof::from_lines(lines(&stale))?,
        fix: fix(&stale),
        impact: Impact::default(),
        rules_out: vec![ruled_out(
            "an image of its own (the last step has the image of the earlier build)",
        )],
        subject: stale
            .argument
            .map_or_else(|| stale.options.join(" "), |(step, _)| step.text.to_string()),
    })
}

fn stale<'a>(past: &Past<'a>, i: usize) -> Option<Stale<'a>> {
    let (run, build) = past.get(i).filter(|(_, b)| is_answered(b))?;
    let image = image_of(build)?;
    let same = |j: &usize| {
        past.builds.get(*j).and_then(|b| image_of(b)).is_some_and(|id| is_same(id, image))
    };
    let first = (0..i).find(same)?;
    let (made_in, made) = past.get(first)?;
    let (before, now) = (past.commands(first).first()?, past.commands(i).first()?);
    let options: Vec<&'static str> = OPTIONS
        .iter()
        .copied()
        .filter(|o| given(now, o) != given(before, o) && !given(now, o).is_empty())
        .collect();
    let argument =
        build.steps.iter().find_map(|step| Some((step, other_value(step, before, now)?)));
    let differs = !options.is_empty() || argument.is_some();
    differs.then_some(Stale { made: (made_in, made, before), given: (run, now), options, argument })
}

/// Options that change the image and no step.
const OPTIONS: [&str; 5] = ["--env", "--unsetenv", "--annotation", "--timestamp", "--os-version"];

fn is_answered(build: &Build) -> bool {
    build.dialect == Dialect::Buildah
        && !build.steps.is_empty()
        && build.steps.iter().all(|step| step.outcome == Outcome::Hit)
}

/// The image under the last step: `--> Using cache d3e3f500…`, `--> d3e3f500390`.
fn image_of(build: &Build) -> Option<&str> {
    let line = build.steps.last()?.verdict.as_ref()?.text.rsplit(' ').next()?;
    (line.len() > 10 && line.bytes().all(|b| b.is_ascii_hexdigit())).then_some(line)
}

fn is_same(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// The values of an option, as written.
fn given(command: &Command, option: &str) -> Vec<String> {
    let lines = std::iter::once(&command.quote).chain(&command.more);
    let words: Vec<&str> = lines.flat_map(|line| line.text.split_ascii_whitespace()).collect();
    let next = words.iter().skip(1).copied().chain([""]);
    words.iter().zip(next).filter_map(|(word, next)| value(option, word, next)).collect()
}

/// `--env=A=1`, or the word behind `--env`.
fn value(option: &str, word: &str, next: &str) -> Option<String> {
    let rest = word.strip_prefix(option)?;
    if rest.is_empty() {
        return Some(next.to_owned());
    }
    rest.strip_prefix('=').map(str::to_owned)
}

/// The argument that the step uses, where its value is another one than before.
fn other_value(step: &Step, before: &Command, now: &Command) -> Option<String> {
    if matches!(step.instruction.as_str(), "RUN" | "ARG") {
        return None;
    }
    let value = |command: &Command, name: &str| {
        let pairs = command.build_args.iter().filter_map(|pair| pair.split_once('='));
        pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).next()
    };
    let names = now.build_args.iter().filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
    let used = |name: &&str| uses(&step.text, name) && value(before, name) != value(now, name);
    names.filter(used).map(str::to_owned).next()
}

/// `$NAME`, `${NAME}`, `${NAME:-x}`; not `$NAMES`.
fn uses(text: &str, name: &str) -> bool {
    text.split('$').skip(1).any(|part| {
        let part = part.strip_prefix('{').unwrap_or(part);
        let rest = part.strip_prefix(name);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

fn lines(stale: &Stale) -> Vec<Evidence> {
    let (made_in, made, before) = stale.made;
    let (run, now) = stale.given;
    let mut lines = vec![
        Study::quote(made_in, &before.quote, "the build that made the image"),
        Study::quote(run, &now.quote, "asks for something different"),
    ];
    let shown = made.steps.last().and_then(|step| step.verdict.as_ref());
    lines.extend(shown.map(|quote| {
        Study::quote(made_in, quote, "the image it made, which the later build returned too")
    }));
    lines
}

fn fix(stale: &Stale) -> Fix {
    let wanted = if stale.options.is_empty() { "the new value" } else { "the option" };
    Fix {
        summary: format!(
            "build with --no-cache when {wanted} has to take effect, or write it into the \
                Dockerfile"
        ),
        steps: vec![
            "With the value itself in the Dockerfile, an ENV or LABEL is a step with a different \
                text."
                .to_owned(),
            "Or use `buildah build --no-cache` for the build that is published.".to_owned(),
        ],
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::Quote;

    fn run(command: &str, step: &str, hit: bool, image: &str) -> Made {
        let build = made().command(command).from("a", "aa");
        let build = if hit { build.hit(step) } else { build.miss(step) };
        build.with(|b| {
            b.dialect = Dialect::Buildah;
            let line = Quote { line: 300, text: format!("--> {image}").into() };
            b.steps.iter_mut().for_each(|step| step.verdict = Some(line.clone()));
        })
    }

    fn check(first: &str, second: &str, step: &str) -> Vec<Finding> {
        let (made, id) = (
            "d3e3f500390",
            "Using cache d3e3f5003902be08104cda30e391994249e4d73d87d21fca7cdaf5a6d0d375d7",
        );
        BuildahStaleImage
            .check(&of(vec![run(first, step, false, made), run(second, step, true, id)]))
    }

    #[test]
    fn fires_on_options_that_are_dropped_and_on_labels_with_an_old_value() {
        let found = check(
            "buildah build --layers .",
            "buildah build --layers --timestamp 0 --env X=2 .",
            "RUN a",
        );
        assert!(found[0].title.contains("--env, --timestamp"), "{found:?}");
        let args = |v: u8| format!("buildah build --layers --build-arg SHA={v} .");
        assert_eq!(check(&args(1), &args(2), "LABEL sha=${SHA}").len(), 1);
    }

    #[test]
    fn leaves_the_same_options_and_arguments_that_nothing_uses() {
        let command = "buildah build --layers --timestamp 0 .";
        assert!(check(command, command, "RUN a").is_empty());
        let args = |v: u8| format!("buildah build --layers --build-arg SHA={v} .");
        assert!(check(&args(1), &args(2), "LABEL team=tools").is_empty());
        assert!(check(&args(1), &args(2), "LABEL sha=$SHARED").is_empty());
    }
}

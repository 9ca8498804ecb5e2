//! What the configuration alone tells: places that build, and the stages they build.
//!
//! A helper of the rules; what a log takes back of it is for `logs` and `open`.

pub(super) mod bake;
mod built;
pub(super) mod callers;
mod calls;
mod dockerfiles;
pub(super) mod environment;
pub(super) mod flow;
mod late;
pub(super) mod local;
mod logs;
mod lost;
mod older;
mod open;
mod path;
mod stored;

pub(super) use calls::Calls;
pub(super) use dockerfiles::Dockerfiles;
pub(super) use late::is_late;
pub(super) use logs::{COSTS, Ordered, ordered, with_undecided};
pub(super) use lost::{Lost, lost_inline};
pub(super) use older::may_be_older;
pub(super) use open::Open;
pub(super) use stored::StoredStages;

pub(super) use path::{context, dockerfile_path, plain, root, runs_in};

use super::Study;
use super::remedy::At;
use super::remedy::place::{self, places_of};
use crate::config::pattern::{fits, tells_nothing};
use crate::config::{Config, Content, Place, Stage};
use crate::finding::{Alternative, Confidence, Evidence, Finding, Fix, Impact, Proof, Severity};
use crate::model::{Command, Tool};
use crate::rules::RuleMeta;

/// Places of the configuration.
pub(super) fn places(study: &Study) -> impl Iterator<Item = At<'_>> {
    place::all(study)
}

/// Places that build this Dockerfile.
pub(super) fn builds_of<'a>(study: &'a Study, config: &Config) -> Vec<At<'a>> {
    let of = |(number, index): &(usize, usize)| Some((study.configs.get(*number)?, *index));
    let builds = study.dockerfiles.builds(&plain(&config.path)).iter().filter_map(of);
    builds.flat_map(|(config, index)| place::forms_of(config, index)).collect()
}

/// Words of a rule for what it finds in the configuration.
pub(super) struct Words {
    pub(super) title: String,
    pub(super) cause: String,
    pub(super) fix: Fix,
    pub(super) rules_out: Vec<Alternative>,
    pub(super) subject: String,
}

/// A finding about what will go wrong: never more than likely.
pub(super) fn finding(
    meta: &RuleMeta,
    severity: Severity,
    evidence: Vec<Evidence>,
    words: Words,
) -> Option<Finding> {
    Some(Finding {
        rule: meta.id,
        severity,
        confidence: Confidence::Likely,
        title: words.title,
        cause: words.cause,
        evidence: Proof::from_lines(evidence)?,
        fix: words.fix,
        impact: Impact::default(),
        rules_out: words.rules_out,
        subject: words.subject,
    })
}

/// Stages that run something, that the image needs, and that are not the image itself.
pub(super) struct Inner<'a> {
    pub(super) config: &'a Config,
    pub(super) stages: Vec<&'a Stage>,
    /// All their steps stand behind a copy of the whole context.
    late: bool,
}

impl Inner<'_> {
    /// `` `build`, `deps` ``
    pub(super) fn names(&self) -> String {
        let name = |stage: &&Stage| {
            if stage.name.is_empty() { stage.base.clone() } else { stage.name.clone() }
        };
        self.stages.iter().map(|stage| format!("`{}`", name(stage))).collect::<Vec<_>>().join(", ")
    }

    /// Of a finding that nobody stores them: what comes behind a copy of the whole context would
    /// hardly ever be found.
    pub(super) fn severity(&self, full: Severity) -> Severity {
        if self.late { Severity::Note } else { full }
    }

    /// Said of them in a title.
    pub(super) fn described(&self) -> String {
        let behind = ", whose steps all stand behind a copy of the whole context";
        format!("{}{}", self.names(), if self.late { behind } else { "" })
    }

    /// What comes of their not being part of the image.
    pub(super) fn effect(&self) -> &'static str {
        if self.late {
            "but all its steps stand behind a copy of the whole context: any changed file reruns \
                them, stored or not"
        } else {
            "so after any change all its steps run again"
        }
    }

    /// Where the stages begin.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let lines = self.stages.iter().filter_map(|stage| self.config.quote(stage.line));
        lines
            .map(|line| Evidence::of(&self.config.path, &line, "a stage that is not the image"))
            .collect()
    }
}

/// The inner stages of what a place builds, without those that another build stores where this one
/// looks; `None` where its Dockerfile is not among the configuration, or has none.
pub(super) fn inner<'a>(study: &'a Study, at: At) -> Option<Inner<'a>> {
    built_stages(study, at).find_map(|(file, stages, last)| {
        let config = study.configs.get(file)?;
        let found = study.stored.found_by(at, file);
        let runs = |number: &usize| {
            let stage = config.content.stages.get(*number);
            stage.is_some_and(|stage| stage.instructions.iter().any(|i| i.keyword == "RUN"))
        };
        let mut inner = needed(&stages, last);
        inner.retain(|stage| !found.contains(stage) && runs(stage));
        let late = inner.iter().all(|stage| late::is_late(&stages, *stage));
        let stages: Vec<&Stage> =
            inner.into_iter().filter_map(|number| config.content.stages.get(number)).collect();
        (!stages.is_empty()).then_some(Inner { config, stages, late })
    })
}

/// The Dockerfile of a place with the numbers of all stages that it builds; `None` where that is
/// not known.
pub(super) fn built<'a>(study: &'a Study, at: At) -> Option<(&'a Config, Vec<usize>)> {
    let (file, stages, last) = built_stages(study, at).next()?;
    Some((study.configs.get(file)?, [below(&stages, last), needed(&stages, last)].concat()))
}

/// It says which caches it takes or writes, or that it takes none.
pub(super) fn names_a_cache(command: &Command) -> bool {
    !command.cache_from.is_empty()
        || !command.cache_to.is_empty()
        || command.inline()
        || command.no_cache
}

/// Something is run in what a place builds, as far as is known: what is only copied is quick
/// without a cache too.
pub(super) fn runs_something(study: &Study, at: At) -> bool {
    let mut known = built_stages(study, at).peekable();
    known.peek().is_none()
        || known.any(|(_, stages, last)| {
            let all = [below(&stages, last), needed(&stages, last)].concat();
            let mut all = all.into_iter().filter_map(|number| stages.get(number));
            all.any(|stage| stage.instructions.iter().any(|i| i.keyword == "RUN"))
        })
}

/// What a place builds: number of the Dockerfile, its stages, and the number of the one that is
/// asked for. What the CI's file does not say, that of the target or service may.
fn built_stages<'a>(
    study: &'a Study,
    at: At<'a>,
) -> impl Iterator<Item = (usize, Vec<Stage>, usize)> {
    let called = called(study, at).unwrap_or(at);
    let target = at.place.command.target.as_ref().or(called.place.command.target.as_ref());
    study.dockerfiles.of_place(called).iter().filter_map(move |&file| {
        let stages = with_values(&study.configs.get(file)?.content, called);
        let last = last_of(&stages, target)?;
        Some((file, stages, last))
    })
}

/// The stage that is asked for, else the last one.
fn last_of(stages: &[Stage], target: Option<&String>) -> Option<usize> {
    match target {
        Some(target) => stages.iter().position(|stage| stage.name.eq_ignore_ascii_case(target)),
        None => stages.len().checked_sub(1),
    }
}

/// The stages with the base images that their arguments name: as the build gives them, else by
/// default.
fn with_values(content: &Content, at: At) -> Vec<Stage> {
    let defaults =
        content.arguments.iter().filter_map(|argument| argument.text.strip_prefix("ARG "));
    let given = at.place.command.build_args.iter().map(String::as_str);
    let pair = |text: &str| {
        let (name, value) = text.trim().split_once('=')?;
        Some((name.to_owned(), at.place.expanded(value.trim_matches(['"', '\'']))))
    };
    let variables = defaults.chain(given).filter_map(pair).collect();
    let values = Place { variables, ..Place::default() };
    let stage = |stage: &Stage| Stage { base: values.expanded(&stage.base), ..stage.clone() };
    content.stages.iter().map(stage).collect()
}

/// The stage of this name, or number, that stands before another one.
fn find_stage(stages: &[Stage], name: &str, before: usize) -> Option<usize> {
    let number = name.parse::<usize>().ok().filter(|n| *n < before);
    number.or_else(|| {
        stages.iter().take(before).rposition(|stage| stage.name.eq_ignore_ascii_case(name))
    })
}

/// What a stage stands on. `FROM tool-$TARGETOS` is any of the stages that the name can become.
fn bases(stages: &[Stage], at: usize) -> Vec<usize> {
    let Some(base) = stages.get(at).map(|stage| stage.base.as_str()) else { return Vec::new() };
    let called = |stage: &Stage| !stage.name.is_empty() && fits(&base.to_lowercase(), &stage.name);
    match find_stage(stages, base, at) {
        Some(one) => vec![one],
        None if !base.contains('$') || tells_nothing(base) => Vec::new(),
        None => (0..at).filter(|before| stages.get(*before).is_some_and(called)).collect(),
    }
}

/// A stage, and all that it stands on.
pub(super) fn below(stages: &[Stage], at: usize) -> Vec<usize> {
    let (mut chain, mut next) = (vec![at], 0);
    while let Some(&at) = chain.get(next) {
        next += 1;
        let new = bases(stages, at).into_iter().filter(|base| !chain.contains(base));
        chain.extend(new.collect::<Vec<_>>());
    }
    chain
}

/// Stages whose files are copied into the image, or into one of these. What an image is built
/// `FROM` is part of the image: every cache stores that.
fn needed(stages: &[Stage], last: usize) -> Vec<usize> {
    let image = below(stages, last);
    let mut found: Vec<usize> = Vec::new();
    let mut open = image.clone();
    while let Some(at) = open.pop() {
        let copied =
            stages.get(at).into_iter().flat_map(|stage| &stage.instructions).flat_map(|i| &i.from);
        let copied = copied.filter_map(|name| find_stage(stages, name, at));
        for from in copied.flat_map(|from| below(stages, from)) {
            if !image.contains(&from) && !found.contains(&from) {
                found.push(from);
                open.push(from);
            }
        }
    }
    found.sort_unstable();
    found
}

/// The Dockerfile a place names; the first of several.
pub(super) fn dockerfile<'a>(study: &'a Study, at: At) -> Option<&'a Config> {
    dockerfiles(study, at).next()
}

/// Those that a place names: a matrix may have one for each leg.
fn dockerfiles<'a>(study: &'a Study, at: At) -> impl Iterator<Item = &'a Config> {
    let called = called(study, at).unwrap_or(at);
    study.dockerfiles.of_place(called).iter().filter_map(|number| study.configs.get(*number))
}

/// The target of bake or the service of Compose that a step of a CI builds, as its own file has it;
/// `None` where it builds several.
fn called<'a>(study: &'a Study, at: At) -> Option<At<'a>> {
    if at.ci().is_some() && at.place.command.tool == Tool::BuildxBake {
        return bake::asked(study, at);
    }
    service(study, at)
}

fn service<'a>(study: &'a Study, at: At) -> Option<At<'a>> {
    const NAMES: [&str; 4] =
        ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
    at.ci()?;
    let target = at.place.target.as_ref()?;
    let candidates = match at.place.command.file.as_deref() {
        Some(name) if at.place.command.tool == Tool::Compose => vec![name],
        _ => NAMES.to_vec(),
    };
    let root = root(&at.config.path);
    let paths: Vec<String> =
        candidates.iter().map(|name| plain(&format!("{root}/{name}"))).collect();
    let files = study
        .configs
        .iter()
        .filter(|config| config.kind.ci().is_none() && paths.contains(&config.path));
    files.flat_map(places_of).find(|place| place.place.target.as_ref() == Some(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Instruction;

    fn stage(name: &str, base: &str, from: &[&str]) -> Stage {
        let copy = |from: &&str| Instruction {
            keyword: "COPY".into(),
            from: vec![(*from).into()],
            ..Instruction::default()
        };
        Stage {
            name: name.into(),
            base: base.into(),
            instructions: from.iter().map(copy).collect(),
            ..Stage::default()
        }
    }

    #[test]
    fn what_is_copied_is_needed_and_what_the_image_stands_on_is_the_image() {
        let stages = [
            stage("base", "alpine", &[]),
            stage("tools", "golang", &[]),
            stage("build", "golang", &["tools"]),
            stage("unused", "node", &[]),
            stage("", "base", &["build", "nginx:1"]),
        ];
        assert_eq!(needed(&stages, 4), [1, 2]);
        assert_eq!(needed(&stages, 2), [1]);
        let numbered = [stage("", "golang", &[]), stage("", "alpine", &["0"])];
        assert_eq!(needed(&numbered, 1), [0]);
        let chosen = [
            stage("compile", "golang", &[]),
            stage("tool-linux", "scratch", &["compile"]),
            stage("tool-darwin", "scratch", &["compile"]),
            stage("", "tool-$TARGETOS", &[]),
        ];
        assert_eq!(needed(&chosen, 3), [0]);
    }
}

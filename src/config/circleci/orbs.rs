//! Jobs and commands of orbs: those that build images, as their parameters say.
//!
//! `circleci/docker`, `aws-ecr`, `gcp-gcr` and `azure-acr` on
//! <https://circleci.com/developer/orbs>: their parameters are written with `-` or `_`.

use yaml_serde::Value;

use super::with_forms;
use crate::config::elsewhere::{may_build_images, unread};
use crate::config::jobs::JobStep;
use crate::config::yaml::{Route, entries, text};
use crate::config::{Machine, Place};
use crate::model::{Command, Quote, shell_words};

const ORBS: [&str; 4] =
    ["circleci/docker", "circleci/aws-ecr", "circleci/gcp-gcr", "circleci/azure-acr"];

/// A job or a command that a file takes from an orb.
pub(super) struct OrbCall<'a> {
    /// `docker/publish`
    name: &'a str,
    given: Option<&'a Value>,
    /// `circleci/docker`
    orb: String,
}

impl<'a> OrbCall<'a> {
    /// `None` where the name is not one of an orb of the file.
    pub(super) fn of(root: &Value, name: &'a str, given: Option<&'a Value>) -> Option<Self> {
        let (alias, _) = name.split_once('/')?;
        let orb = root.get("orbs")?.get(alias)?;
        let orb = text(orb).unwrap_or_default().split('@').next().unwrap_or_default().to_owned();
        Some(Self { name, given, orb })
    }

    fn called(&self) -> String {
        self.name.rsplit('/').next().unwrap_or_default().replace('-', "_")
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let all = self.given.map(entries).unwrap_or_default();
        let value = all.into_iter().find(|(key, _)| key.replace('-', "_") == name)?.1;
        text(value).filter(|value| !value.is_empty()).map(|value| with_forms(&value))
    }

    fn builds(&self) -> bool {
        const CALLS: [&str; 4] = ["publish", "build", "build_image", "build_and_push_image"];
        ORBS.contains(&self.orb.as_str()) && CALLS.contains(&self.called().as_str())
    }

    /// The engine that it builds with is kept, or another executor may keep it.
    pub(super) fn may_keep_layers(&self) -> bool {
        let names = self.given.map(entries).unwrap_or_default();
        names.into_iter().any(|(key, value)| {
            let layers = key.contains("dlc") || key.contains("layer");
            key == "executor" || layers && text(value).is_none_or(|asked| asked != "false")
        })
    }

    /// The build that it makes, or that it may make a builder.
    pub(super) fn step(&self, route: &Route) -> Option<JobStep> {
        let named = |word: &str| self.name.contains(word) || self.orb.contains(word);
        let may = ["docker", "buildx", "builder", "buildkit"].into_iter().any(named);
        let unknown = may && !ORBS.contains(&self.orb.as_str());
        self.build(route).or_else(|| unknown.then_some(JobStep::Unread))
    }

    /// The build that it makes; `None` where it makes none that is known.
    pub(super) fn build(&self, route: &Route) -> Option<JobStep> {
        if !self.builds() {
            return None;
        }
        let mut words = vec!["docker".to_owned(), "build".to_owned()];
        words.extend(shell_words(&self.parameter("extra_build_args").unwrap_or_default())?);
        for image in self.parameter("cache_from").unwrap_or_default().split(',') {
            words.extend(
                (!image.trim().is_empty()).then(|| format!("--cache-from={}", image.trim())),
            );
        }
        let mut command = Command::of_words(&words, &Quote::default())?;
        let (image, tag) = (self.parameter("image"), self.parameter("tag"));
        let named = image.or_else(|| self.parameter("repo"));
        command.tags.extend(named.map(|image| match tag {
            Some(tag) => format!("{image}:{}", tag.split(',').next().unwrap_or_default()).into(),
            None => image.into(),
        }));
        command.file = self.parameter("dockerfile").or(command.file.take());
        let context = self.parameter("docker_context").or_else(|| self.parameter("path"));
        let context = context.or_else(|| Some(".".to_owned()));
        let machine = Machine { driver: self.driver(), ..Machine::default() };
        Some(JobStep::Build(
            Box::new(Place { command, context, machine, ..Place::default() }),
            route.clone(),
        ))
    }

    /// `docker buildx create --name DLC_builder --use` stands in front of the build that
    /// `circleci/aws-ecr` makes (CircleCI-Public/aws-ecr-orb `src/scripts/docker_buildx.sh`).
    fn driver(&self) -> Option<String> {
        (self.orb == "circleci/aws-ecr").then(|| "docker-container".to_owned())
    }

    /// What is to be said of it where it may build images in a way that is not read.
    pub(super) fn unread(&self) -> Option<String> {
        let may = may_build_images(self.name) || may_build_images(&self.orb);
        let called = self.called();
        let known = ["check", "hadolint"].iter().any(|word| called.contains(word));
        let moves = matches!(called.as_str(), "push" | "push_image" | "pull" | "tag_image");
        let other = (known || moves) && !self.builds();
        let what = || unread(&format!("`{}` of the orb {}", self.name, self.orb));
        (may && !self.builds() && !other).then(what)
    }
}

//! What a step runs in, and what it has to run in for buildx.
//!
//! Atlassian, "Enable and use Runtime v3": versions below 3 switch buildx off, and version 3 puts
//! no docker client into the step.

use super::{PipelineStep, Pipelines};

/// Image that holds the Docker client and buildx.
pub const DOCKER_IMAGE: &str = "docker:28-cli";

/// Commands that Docker's own client image has (`docker:28-cli` is Alpine: busybox and the client).
const IN_DOCKER_IMAGE: &[&str] = &[
    "docker", "echo", "printf", "export", "unset", "cd", "ls", "mkdir", "cp", "mv", "rm", "cat",
    "set", "test", "[", "if", "then", "else", "fi", "true", "false", ":", "exit", "sleep", "pwd",
    "env", "date", "sh", "grep", "sed", "cut", "head", "tail", "tr", "touch", "tar", "pipe:", "!",
    "}", "{", "for", "done",
];

/// Words of the shell in front of a command.
const SKIPPED: &[&str] = &["if", "then", "else", "!", "while", "until", "do"];

/// What a step lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Image it has to run in.
    pub image: Option<String>,
    /// Runtime version it has to ask for.
    pub runtime: Option<String>,
}

impl Pipelines {
    /// What the step lacks for buildx; nothing where it has runtime 3.
    ///
    /// # Errors
    /// Why that is not known or cannot be changed, in words that complete "no patch:".
    pub fn lacks(&self, step: &PipelineStep) -> Result<Setting, String> {
        if self.is_modern(step) {
            return Ok(Setting::default());
        }
        if step.self_hosted {
            return Err(format!(
                "step \"{}\" runs on a runner of its own, whose Docker is not known",
                step.name
            ));
        }
        let runtime = Some("3".to_owned());
        if step.has_docker_image() {
            return Ok(Setting { image: None, runtime });
        }
        match step.foreign_tool() {
            Some(tool) => Err(format!(
                "step \"{}\" needs an image with the docker client and buildx, and also calls \
                    `{tool}`, so its image cannot simply become {DOCKER_IMAGE}",
                step.name
            )),
            None => Ok(Setting { image: Some(DOCKER_IMAGE.to_owned()), runtime }),
        }
    }
}

impl PipelineStep {
    /// Its image is one of Docker's own, which holds client and buildx: `docker:28-cli`,
    /// `docker:dind`. Those below 23 have no buildx.
    #[must_use]
    pub fn has_docker_image(&self) -> bool {
        let Some(image) = self.image.as_deref() else { return false };
        let last = image.rsplit('/').next().unwrap_or(image);
        let (name, tag) = last.split_once(':').unwrap_or((last, ""));
        let major = tag.split(['.', '-']).next().and_then(|major| major.parse::<u32>().ok());
        name == "docker" && major.is_none_or(|major| major >= 23)
    }

    /// First command of its scripts that Docker's image may not have.
    #[must_use]
    pub fn foreign_tool(&self) -> Option<String> {
        let items = self.script.iter().chain(&self.after_script);
        let joined: Vec<String> =
            items.map(|i| i.replace("\\\r\n", " ").replace("\\\n", " ")).collect();
        let pieces = joined.iter().flat_map(|item| item.split(['\n', ';', '|', '&', '(', '`']));
        let commands = pieces.filter_map(|piece| {
            let mut words = piece.split_ascii_whitespace();
            words.find(|word| !is_assignment(word) && !SKIPPED.contains(word))
        });
        commands
            .filter(|word| !word.starts_with(['#', ')']))
            .find(|word| !IN_DOCKER_IMAGE.contains(word))
            .map(str::to_owned)
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

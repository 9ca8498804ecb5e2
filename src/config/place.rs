//! What any configuration file says of builds: where images are built, with which cache options, and
//! the stages of a Dockerfile.
//!
//! Plain data, filled by the kinds; what it means is for the rules.

use super::bitbucket::Pipelines;
use crate::model::Command;

/// What was read from one file.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Where images are built, in the order of the file.
    pub places: Vec<Place>,
    /// Stages, where the file is a Dockerfile.
    pub stages: Vec<Stage>,
    /// ARG instructions before the first stage.
    pub arguments: Vec<Instruction>,
    /// Patterns, where the file is a `.dockerignore`.
    pub ignored: Vec<String>,
    /// Steps and their caches, where the file is a `bitbucket-pipelines.yml`.
    pub pipelines: Option<Pipelines>,
}

/// One place where an image is built.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The job or step that holds it, as the CI's logs name it; empty in files without jobs.
    pub job: String,
    /// Bake target or compose service.
    pub target: Option<String>,
    /// What it asks for; variables are kept as written, `quote` is its line in the file.
    pub command: Command,
    /// Directory that is built, where the file tells.
    pub context: Option<String>,
    /// Driver of the builder it uses, where the file tells: `docker`, `docker-container`.
    pub driver: Option<String>,
    /// Variables of the matrix it runs in (`matrix.platform`); each of their values is a build.
    pub legs: Vec<String>,
}

/// One stage of a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// `AS name`, in lower case as `BuildKit` takes it; empty where it has none.
    pub name: String,
    /// What it is built on: an image or an earlier stage; variables as written.
    pub base: String,
    /// Whole text of its FROM.
    pub text: String,
    /// 1-based line of its FROM.
    pub line: u64,
    /// 1-based last line of its FROM.
    pub end: u64,
    /// Instructions after FROM.
    pub instructions: Vec<Instruction>,
}

/// One instruction of a Dockerfile, joined over its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instruction {
    /// Upper case: `COPY`.
    pub keyword: String,
    /// Whole text as `BuildKit` prints it in a header: `COPY --from=build /app .`.
    pub text: String,
    /// 1-based first line.
    pub line: u64,
    /// 1-based last line.
    pub end: u64,
    /// Stages or images that it reads from: `--from=`, and `from=` of its mounts.
    pub from: Vec<String>,
    /// Text of its here-documents.
    pub body: String,
}

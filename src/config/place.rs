//! What any configuration file says of builds: where images are built, with which cache options,
//! and the stages of a Dockerfile.
//!
//! Plain data, filled by the kinds; what it means is for the rules.

mod legs;
mod unfold;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bitbucket::Pipelines;
use super::script::{ScriptCall, engine};
use super::{Kept, Refs, job, variables};
use crate::model::{CacheSpec, Command, NamedImage, Quote, Shared, Text};

/// What was read from one file.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Where images are built, in the order of the file.
    pub places: Vec<Place>,
    /// Its builds as the jobs that call it run them, by the number of the place: where there are
    /// some, they count.
    pub called: BTreeMap<usize, Vec<Place>>,
    /// What of the repository it calls, each with what its job gives it.
    pub(super) runs: Vec<Place>,
    /// Stages, where the file is a Dockerfile.
    pub stages: Vec<Stage>,
    /// What each group of targets builds, where the file is one of bake.
    pub groups: Vec<(String, Vec<String>)>,
    /// ARG instructions before the first stage.
    pub arguments: Vec<Instruction>,
    /// Patterns, where the file is a `.dockerignore`.
    pub ignored: Vec<String>,
    /// Files of the repository that it takes jobs or steps from: they are read whatever they are
    /// called.
    pub includes: Vec<String>,
    /// Reusable workflows and actions of the repository that its jobs call.
    pub calls: Vec<Call>,
    /// What it takes from elsewhere, may build images, and is not read; in words that are a sentence.
    pub unread: Vec<String>,
    /// Inputs that it declares, with their defaults.
    pub inputs: Vec<(String, Option<String>)>,
    /// Steps and their caches, where the file is a `bitbucket-pipelines.yml`.
    pub pipelines: Option<Pipelines>,
}

impl Content {
    /// Of what was found in the order of the file.
    pub(super) fn of(found: impl IntoIterator<Item = Place>) -> Self {
        let mut content = Self::default();
        for mut place in found {
            let Some(call) = place.call.as_mut() else {
                content.places.push(place);
                continue;
            };
            call.before = content.places.len();
            content.runs.push(place);
        }
        content
    }

    /// What is judged of a place: it itself, or what it is in each job that calls its file.
    #[must_use]
    pub fn judged(&self, index: usize) -> &[Place] {
        let itself = || self.places.get(index).map_or(&[][..], std::slice::from_ref);
        self.called.get(&index).map_or_else(itself, Vec::as_slice)
    }

    /// A place in all its forms, to be filled in.
    pub(crate) fn forms_of(&mut self, index: usize) -> impl Iterator<Item = &mut Place> {
        let called = self.called.get_mut(&index).into_iter().flatten();
        self.places.get_mut(index).into_iter().chain(called)
    }

    /// Nothing was found in it.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
            && self.runs.is_empty()
            && self.stages.is_empty()
            && self.ignored.is_empty()
            && self.pipelines.is_none()
            && self.unread.is_empty()
    }
}

/// A call of a reusable workflow or an action.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// As written: `./.github/workflows/build.yml`.
    pub path: String,
    /// Inputs that it gives, with their values as written.
    pub with: Vec<(String, String)>,
    /// References whose runs come to it.
    pub refs: Refs,
    /// Names of branches that come to it may hold a slash.
    pub slashes: bool,
    /// Variables of the matrix of the job that calls, which differ between its legs.
    pub legs: Vec<String>,
    /// Those of them whose values may stand in a tag.
    pub plain_legs: Vec<String>,
}

/// One place where an image is built.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The job or step that holds it, as the CI's logs name it: its name, else its key. Variables
    /// in it stay as written, [`Place::is_job`] compares. Empty in files without jobs.
    pub job: String,
    /// Its key, where it has a name beside it.
    pub key: Option<String>,
    /// Bake target or compose service.
    pub target: Option<String>,
    /// What it asks for; variables are kept as written, `quote` is its line in the file.
    pub command: Command,
    /// Directory that is built, where the file tells.
    pub context: Option<String>,
    /// What builds it.
    pub machine: Machine,
    /// What its job does with images beside the build.
    pub images: Images,
    /// What else decides what is built, as written: named contexts, a Dockerfile in place.
    pub inputs: Vec<String>,
    /// Attributes that its tool reads over, each with the one that is meant: `cache_from` of bake.
    pub ignored: Vec<(String, &'static str)>,
    /// Imports of what a target of bake inherits: it has them whatever it asks for itself.
    pub handed_down: Vec<String>,
    /// Scope of a GitHub cache for it, where the repository has several builds that each need one;
    /// filled in when all files were read.
    pub scope: Option<String>,
    /// Tag of a registry cache for it, where several builds of the repository would be kept under
    /// one, or why there is none; filled in when all files were read.
    pub cache_tag: Option<Result<String, String>>,
    /// What a call of bake sets for targets: `web.args.V` and its value, for all of them
    /// `*.cache-to`.
    pub set: Vec<(String, String)>,
    /// Version of the plugin that builds, major and minor.
    pub plugin: Option<(u32, u32)>,
    /// A name of a branch that it puts into a reference may hold a slash.
    pub slashes: bool,
    /// Variables of the matrix it runs in (`matrix.platform`, `PLATFORM`); each of their values is
    /// a build. Those with one value only are none.
    pub legs: Vec<String>,
    /// Variables of the matrix, of loops, with their values, where all of them are written in the
    /// file.
    pub leg_values: Vec<(String, Vec<String>)>,
    /// Those of them that are variables of a shell: `for svc in api web`.
    pub looped: Vec<String>,
    /// Those of them of which each value is built with each value of the others.
    pub crossed: Vec<String>,
    /// Those of them whose values are all written in the file and may stand in a tag.
    pub plain_legs: Vec<String>,
    /// Those of them that callers give a list: `linux/amd64,linux/arm64`.
    pub listed_legs: Vec<String>,
    /// Variables that the file sets for it, with their values as written; also those of the matrix
    /// that have one value, and the CI's own for the job's name.
    pub variables: Shared<Vec<(String, String)>>,
    /// Words of its command that hold options, or may: `$CACHE_OPTS`.
    pub loose: Vec<String>,
    /// References whose runs come to it.
    pub refs: Refs,
    /// Caches of the CI that its job restores and saves.
    pub kept: Vec<Kept>,
    /// It builds nothing itself, but calls this.
    pub call: Option<Box<ScriptCall>>,
    /// The job that calls its file, where it is judged as that has it.
    pub caller: Option<Arc<Caller>>,
    /// The folder that it runs in, from where the paths of files begin; `None` where only its file
    /// tells.
    pub runs_in: Option<String>,
    /// Which of its forms it is, where several jobs call its file.
    pub form: usize,
}

/// What builds: a machine, its engine, and the builder in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// It and its builder are new in each run, where the file tells.
    pub fresh: bool,
    /// Its builder is new in each run, whatever the machine keeps, where the file tells.
    pub new_builder: bool,
    /// Its label, as written: `${{ inputs.runner }}`.
    pub runs_on: Option<String>,
    /// Image of the engine that builds, where the file names it: `docker:24.0-dind`.
    pub engine: Option<String>,
    /// Driver of the builder, where the file tells: `docker`, `docker-container`.
    pub driver: Option<String>,
    /// Driver of another builder that the job has, which exports caches, and which the command does
    /// not use.
    pub passed_over: Option<String>,
    /// That of all calls of the file, where a target of bake or a service of Compose is built;
    /// filled in when all files were read.
    pub called_with: Option<String>,
    /// The tool may take the builder before `BuildKit`, unless told otherwise by what the file does
    /// not show.
    pub classic: bool,
    /// The command of its job that deletes all steps of its engine's cache, which would stay from
    /// run to run otherwise.
    pub emptied: Option<Quote>,
    /// The token of GitHub's cache service is in its environment, where the file tells.
    pub gha_token: Option<bool>,
}

/// What a job does with registries and images, by commands of their own.
#[derive(Clone, Debug, Default)]
pub struct Images {
    /// Names under which it pushes the image that a place makes.
    pub pushed: Vec<String>,
    /// Images that it pulls before the build.
    pub pulled: Vec<NamedImage>,
    /// Services of Compose whose images it pulls before; no name stands for all.
    pub pulled_services: Vec<NamedImage>,
    /// It logs in to a registry only behind the build.
    pub logs_in_later: bool,
    /// It neither logs in to a registry nor pushes anything, as far as the file shows.
    pub without_registry: bool,
    /// It loads images from a file before the build, and saves the one built for the next run.
    pub reloaded: bool,
}

/// A job that calls a script of the repository.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Its file.
    pub path: String,
    /// What that says.
    pub text: Arc<str>,
    /// The CI that reads it.
    pub ci: Option<&'static str>,
    /// The line that calls.
    pub quote: Quote,
}

impl Place {
    /// A log names its job so. Variables in the name of the file stand for anything; what the CI
    /// adds to a name is skipped: `caller / job` and `job (linux/amd64)` of GitHub, `job 1/3` and
    /// `job: [linux/amd64]` of GitLab. File names of logs lack some characters: only letters and
    /// digits are compared.
    #[must_use]
    pub fn is_job(&self, printed: &str) -> bool {
        let called = printed.rsplit_once(" / ").map_or(printed, |(_, job)| job);
        let names = || {
            std::iter::once(self.job.as_str()).chain(self.key.as_deref()).filter(|n| !n.is_empty())
        };
        [printed, called].iter().any(|printed| names().any(|name| job::matches(name, printed)))
    }

    /// Names of the image that it makes, as written: its tags, and those that its job pushes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let pushed = self.images.pushed.iter().map(String::as_str);
        self.command.tags.iter().map(Text::as_str).chain(pushed)
    }

    /// The text is the same in all jobs of the pipeline, whatever its variables hold.
    #[must_use]
    pub fn is_common(&self, text: &str) -> bool {
        let names = variables::names(&self.expanded(text));
        names.iter().all(|name| variables::of_pipeline(name) && !self.legs.contains(name))
    }

    /// Exports that a call of bake sets for every target it builds.
    pub(crate) fn of_every_target(&self) -> impl Iterator<Item = CacheSpec> {
        let exports =
            self.set.iter().filter(|(name, _)| name.trim_end_matches('+') == "*.cache-to");
        exports.map(|(_, spec)| CacheSpec::parse(spec))
    }

    /// Its variables, and these after them: of one name they count. Places that have none of their
    /// own share them.
    pub(super) fn set_behind(&mut self, more: &Shared<Vec<(String, String)>>) {
        if self.variables.is_empty() {
            self.variables = more.clone();
        } else {
            self.variables.extend(more.iter().cloned());
        }
    }

    /// The version of its engine, where the file tells: major, and minor where that is pinned.
    #[must_use]
    pub fn engine_version(&self) -> Option<(u32, Option<u32>)> {
        engine(self.machine.engine.as_ref()?)
    }

    /// The text with the values of the variables that the file sets; others stay as written.
    #[must_use]
    pub fn expanded(&self, text: &str) -> String {
        variables::expand(text, self.variables.as_slice())
    }
}

/// These variables before those that the places have: what a place has itself counts. Places that
/// shared theirs go on doing so.
pub(super) fn set_before<'a>(
    places: impl Iterator<Item = &'a mut Place>,
    outer: &[(String, String)],
) {
    if outer.is_empty() {
        return;
    }
    let mut last: Option<(Shared<Vec<_>>, Shared<Vec<_>>)> = None;
    for place in places {
        if let Some((_, all)) = last.as_ref().filter(|(own, _)| own.is(&place.variables)) {
            place.variables = all.clone();
            continue;
        }
        let own = place.variables.clone();
        place.variables = outer.iter().chain(own.iter()).cloned().collect();
        last = Some((own, place.variables.clone()));
    }
}

/// It may stand in a tag: letters, digits, `_`, `.` and `-`.
#[must_use]
pub fn fits_tag(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_varies_with_its_leg() {
        let variables =
            [("PAIR", "${{ matrix.os }}-x"), ("IMAGE", "ghcr.io/${{ github.repository }}")];
        let variables = variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let place = Place { legs: vec!["matrix.os".into()], variables, ..Place::default() };
        for text in [
            "type=gha,scope=${{ matrix.os }}",
            "ref=${{ env.PAIR }}",
            "ref=$PAIR",
            "${{ steps.x.outputs.y }}",
        ] {
            assert!(place.varies(text), "{text}");
        }
        for text in [
            "type=gha",
            "ref=${{ env.IMAGE }}:cache",
            "scope=${{ github.ref_name }}",
            "$CI_REGISTRY_IMAGE:c",
        ] {
            assert!(!place.varies(text), "{text}");
        }
        assert!(!Place::default().varies("${{ matrix.os }}"));
        assert!(place.names_leg("$PAIR") && !place.names_leg("${{ steps.x.outputs.y }}"));
    }

    #[test]
    fn a_log_names_its_job() {
        let place =
            |job: &str| Place { job: job.into(), key: Some("key-1".into()), ..Place::default() };
        for (job, printed) in [
            ("build", "build"),
            ("build", "build (linux/amd64, 20)"),
            ("build", "build (linux_amd64, 20)"),
            ("build", "release / build (x)"),
            ("Build ${{ matrix.image }}", "Build api"),
            ("test", "test 2/5"),
            ("test", "test: [aws, data]"),
            (":docker: Build {{matrix.os}}", ":docker: Build linux"),
            ("x", "key-1"),
        ] {
            assert!(place(job).is_job(printed), "{job} {printed}");
        }
        for (job, printed) in [
            ("build", "build-api"),
            ("build", "Build 2"),
            ("", ""),
            ("${{ matrix.x }}", "anything"),
        ] {
            assert!(!place(job).is_job(printed), "{job} {printed}");
        }
    }
}

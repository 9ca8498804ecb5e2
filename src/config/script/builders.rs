//! Which builder a command of a job gets, by what the job did before.

use super::registry::Registry;
use crate::config::Place;
use crate::model::{Command, Quote, Tool};

/// Whether the next run finds the machine and its builders as this one leaves them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stay {
    /// All of them are new in each run.
    Fresh,
    /// The machine and its engine stay.
    Kept,
    #[default]
    Unknown,
}

/// Of a machine of the project's own, where no provider puts a builder of its own in the place of one
/// that the job makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Own {
    #[default]
    No,
    Machine,
    /// The builder in use was made by the job, and is removed behind it.
    MachineAndNewBuilder,
}

/// How the builder in use came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Made {
    #[default]
    Otherwise,
    /// Without a name: each run makes another one.
    WithoutName,
}

/// Builders of one job, and its registries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Builders {
    /// Driver that builds have where nothing was made; `None` where the host may be set up
    /// otherwise.
    default: Option<String>,
    /// Driver of the builder in use.
    current: Option<String>,
    /// Builders made, with their drivers.
    named: Vec<(String, String)>,
    /// `docker build` goes to the builder in use too (`docker buildx install`).
    installed: bool,
    stay: Stay,
    own: Own,
    /// What runs now does so under a condition of the CI.
    sometimes: bool,
    made: Made,
    /// The command that deletes all steps of the engine's cache in each run.
    emptied: Option<Quote>,
    /// Its engine keeps images in a store of its own, and exports no cache itself.
    own_store: bool,
    /// Scripts have the token of GitHub's cache service, where that is known.
    pub(crate) gha_token: Option<bool>,
    /// What the job does with registries.
    pub(crate) registry: Registry,
}

impl Builders {
    /// Of a job that begins with a fresh engine: its own builder has the driver `docker`.
    pub(crate) fn fresh() -> Self {
        Self {
            default: Some("docker".into()),
            stay: Stay::Fresh,
            own_store: true,
            ..Self::default()
        }
    }

    /// Of a job on a host that may have builders already.
    pub(crate) fn unknown() -> Self {
        Self::default()
    }

    /// Of a job on a machine of the project's own, which the next run finds as this one leaves it.
    pub(crate) fn kept() -> Self {
        Self { stay: Stay::Kept, ..Self::default() }
    }

    /// Those that a script of the repository finds.
    pub(super) fn of_call(&self) -> Self {
        Self { emptied: None, ..self.clone() }
    }

    /// A step of the job begins; a condition may keep it from running.
    pub(crate) fn step(&mut self, sometimes: bool) {
        self.sometimes = sometimes;
    }

    /// The command of this line deletes all steps of the engine's cache.
    pub(super) fn empty(&mut self, quote: Quote) {
        if self.stay == Stay::Kept && !self.sometimes {
            self.emptied = Some(quote);
        }
    }

    /// What is known of a place when its job was read to its end.
    pub(crate) fn end(&self, place: &mut Place) {
        self.registry.end(place);
        place.machine.emptied.clone_from(&self.emptied);
    }

    /// Nothing that a build leaves is there in the next run.
    pub(crate) fn is_fresh(&self) -> bool {
        self.stay == Stay::Fresh
    }

    /// The builder in use holds nothing of an earlier run, whatever the machine keeps.
    pub(crate) fn is_anew(&self) -> bool {
        self.own == Own::MachineAndNewBuilder || self.made == Made::WithoutName
    }

    /// The machine is the project's own.
    pub(crate) fn on_own_machine(&mut self) {
        self.own = Own::Machine;
    }

    /// What is known of the builder in use is known no more.
    fn forget_new_builder(&mut self) {
        self.made = Made::Otherwise;
        if self.is_anew() {
            self.own = Own::Machine;
        }
    }

    /// What other steps set up is not known: they may bring a cache with them.
    pub(crate) fn doubt(&mut self) {
        self.stay = Stay::Unknown;
        self.forget_new_builder();
    }

    /// The job gets an engine of its own.
    pub(crate) fn engine(&mut self, fresh: bool) {
        *self =
            Self { registry: self.registry.clone(), gha_token: self.gha_token, ..Self::fresh() };
        if !fresh {
            self.stay = Stay::Unknown;
        }
    }

    /// Its engine may keep images in containerd's store, with which it exports caches itself; it is
    /// none that the machine had.
    pub(crate) fn doubt_store(&mut self) {
        self.own_store = false;
        if self.stay == Stay::Kept {
            self.stay = Stay::Unknown;
        }
    }

    /// A builder is made and used.
    pub(crate) fn take(&mut self, driver: Option<String>) {
        self.current.clone_from(&driver);
        self.default = driver;
        self.forget_new_builder();
    }

    /// The builder in use is removed when the job ends, with all that it holds.
    pub(crate) fn remove_at_the_end(&mut self) {
        if self.own == Own::Machine && !self.sometimes {
            self.own = Own::MachineAndNewBuilder;
        }
    }

    /// `docker build` goes to the builder in use too.
    pub(crate) fn install(&mut self) {
        self.installed = true;
    }

    /// Looks at one command, given by its words.
    pub(super) fn observe(&mut self, words: &[String]) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // `echo '{"features": {"containerd-snapshotter": true}}' > /etc/docker/daemon.json`
        self.own_store &= !words.iter().any(|word| word.contains("containerd-snapshotter"));
        let (["docker", "buildx", rest @ ..] | ["docker-buildx", rest @ ..]) = words.as_slice()
        else {
            if may_make_a_builder(&words) {
                self.take(None);
            }
            return;
        };
        match rest {
            ["create", options @ ..] => self.create(options),
            ["use", options @ ..] => {
                let name = options.iter().rfind(|word| !word.starts_with('-'));
                self.current = name.and_then(|name| self.driver_of(name));
                self.made = Made::Otherwise;
            }
            ["install", ..] => self.installed = true,
            _ => {}
        }
    }

    fn create(&mut self, options: &[&str]) {
        let driver = value(options, "--driver").unwrap_or("docker-container").to_owned();
        if stays(&driver) || options.iter().any(|o| o.contains("://")) {
            self.stay = Stay::Unknown;
        }
        if let Some(name) = value(options, "--name") {
            self.named.push((name.to_owned(), driver.clone()));
        }
        if options.iter().any(|o| matches!(*o, "--use" | "--use=true")) {
            let elsewhere = options.iter().any(|o| *o == "--append" || o.contains("node"));
            let own = driver == "docker-container" && !elsewhere;
            let without = own && value(options, "--name").is_none();
            self.made = if without { Made::WithoutName } else { Made::Otherwise };
            self.current = Some(driver);
        }
    }

    fn driver_of(&self, name: &str) -> Option<String> {
        let known =
            self.named.iter().find(|(known, _)| known == name).map(|(_, driver)| driver.clone());
        known.or_else(|| (name == "default").then(|| "docker".to_owned()))
    }

    /// A builder that exports caches is in use.
    pub(crate) fn capable(&self) -> bool {
        self.current.as_deref().is_some_and(|driver| driver != "docker")
    }

    /// Driver of the builder in use, which exports caches, where a command keeps to the engine's own.
    pub(super) fn passed_over(&self, driver: Option<&str>) -> Option<String> {
        let passes_over = driver == Some("docker") && self.capable();
        if passes_over { self.current.clone() } else { None }
    }

    /// Driver of the builder that runs a command, but for an engine that may export caches itself.
    pub(crate) fn driver(&self, command: &Command) -> Option<String> {
        self.asked_driver(command).filter(|driver| driver != "docker" || self.own_store)
    }

    /// `docker build` keeps to the engine's own, whatever `docker buildx use` said (docker/cli
    /// `cmd/docker/builder.go`).
    fn asked_driver(&self, command: &Command) -> Option<String> {
        if let Some(name) = &command.builder {
            return self.driver_of(name);
        }
        match command.tool {
            Tool::DockerBuild if !self.installed => Some("docker".to_owned()),
            Tool::DockerBuild
            | Tool::BuildxBuild
            | Tool::BuildxBake
            | Tool::Compose
            | Tool::BuildPushAction => self.current.clone().or_else(|| self.default.clone()),
            _ => None,
        }
    }
}

/// An engine of this image keeps its images in containerd: since 29.0 new ones do
/// (<https://docs.docker.com/engine/storage/containerd/>). A tag without a number is the newest, but
/// for `stable`, which stayed at 19.03.
pub(crate) fn keeps_in_containerd(image: &str) -> bool {
    !tag(image).starts_with("stable") && engine(image).is_none_or(|(major, _)| major >= 29)
}

/// The version of the engine in an image, major and minor: `docker:24.0-dind`, `docker:27`.
pub(in crate::config) fn engine(image: &str) -> Option<(u32, Option<u32>)> {
    let mut numbers = tag(image).split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next().and_then(Result::ok)))
}

fn tag(image: &str) -> &str {
    image.rsplit('/').next().and_then(|name| name.split(':').nth(1)).unwrap_or_default()
}

/// A program of the project that is called so: `make setup-builder`, `python ci/setup_builder.py`,
/// `./scripts/buildx.sh`.
fn may_make_a_builder(words: &[&str]) -> bool {
    const RUNNERS: [&str; 12] = [
        "make", "just", "task", "mise", "python", "python3", "node", "ruby", "bash", "sh", "npm",
        "source",
    ];
    let Some((program, rest)) = words.split_first() else { return false };
    let names = |word: &&str| word.contains("buildx") || word.contains("builder");
    let own = program.starts_with('.') || matches!(program.rsplit_once('.'), Some((_, "sh")));
    own && words.iter().any(names) || RUNNERS.contains(program) && rest.iter().any(names)
}

/// A builder of this driver lives elsewhere, and may keep its cache from run to run.
pub(crate) fn stays(driver: &str) -> bool {
    matches!(driver, "remote" | "cloud" | "kubernetes")
}

fn value<'a>(options: &[&'a str], name: &str) -> Option<&'a str> {
    let attached = |word: &&'a str| word.strip_prefix(name)?.strip_prefix('=');
    options.iter().find_map(attached).or_else(|| {
        options.iter().position(|o| *o == name).and_then(|at| options.get(at + 1).copied())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_the_engine_tell_its_store() {
        for image in ["docker:29-dind", "docker:dind", "r.example:5000/docker:$V-dind", "docker"] {
            assert!(keeps_in_containerd(image), "{image}");
        }
        for image in ["docker:28.5-dind", "docker:stable-dind", "r.example:5000/docker:27-dind"] {
            assert!(!keeps_in_containerd(image), "{image}");
        }
    }
}

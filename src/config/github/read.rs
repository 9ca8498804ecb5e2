//! Walks jobs and their steps.

use std::sync::Arc;

use yaml_serde::Value;

use super::{events, inputs, kept, matrix, metadata};
use crate::config::script::{self, BuildSpot, Builders, Item, stays};
use crate::config::yaml::{Document, Route, entries, key, line_of_key, text};
use crate::config::{Place, Refs, machine};
use crate::model::Quote;

/// A build of the file.
#[derive(Clone, Debug)]
pub(super) struct WorkflowBuild {
    pub(super) place: Place,
    pub(super) at: At,
    /// The step that builds.
    pub(super) step: Route,
    /// What it says.
    pub(super) value: Arc<Value>,
    /// Number of its job.
    pub(super) job: usize,
    /// A builder that exports caches is in use there.
    pub(super) capable: bool,
}

/// How a step builds.
#[derive(Clone, Debug)]
pub(super) enum At {
    /// In its script.
    Script(BuildSpot),
    /// By docker/build-push-action.
    Build {
        /// The image is neither pushed nor loaded, and is for one platform.
        lost: bool,
    },
    /// By docker/bake-action.
    Bake,
}

/// Everything a job gives its steps.
#[derive(Clone, Debug, Default)]
struct GithubJob {
    number: usize,
    name: String,
    key: Option<String>,
    legs: Vec<String>,
    plain_legs: Vec<String>,
    crossed: Vec<String>,
    leg_values: Vec<(String, Vec<String>)>,
    variables: Vec<(String, String)>,
    refs: Refs,
    slashes: bool,
    /// `runs-on`, where it decides for which architecture is built.
    machine: Option<String>,
    runs_on: Option<String>,
    /// Where its scripts run, where that is set.
    folder: Option<String>,
}

/// What a workflow says of all of its jobs.
struct Workflow {
    variables: Vec<(String, String)>,
    refs: Refs,
    slashes: bool,
    folder: Option<String>,
    /// `github.workflow`, where the file tells: a reusable one has that of its caller.
    name: Option<String>,
}

impl Workflow {
    fn of(root: &Value) -> Self {
        Self {
            variables: variables(root),
            refs: events::of_workflow(root),
            slashes: events::has_slashes(root),
            folder: folder(root),
            name: root.get("name").and_then(text).filter(|_| !events::is_called(root)),
        }
    }

    /// What GitHub itself sets for a job
    /// (<https://docs.github.com/en/actions/reference/workflows-and-actions/contexts>).
    fn own_variables(&self, id: &str) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let job = ["github.job", "GITHUB_JOB"].map(|name| pair(name, id));
        let workflow = |value: &String| {
            ["github.workflow", "GITHUB_WORKFLOW"].map(|name| pair(name, value.as_str()))
        };
        job.into_iter().chain(self.name.iter().flat_map(workflow)).collect()
    }

    /// `all` are the jobs of the file: what does not come to one that it needs does not come to it.
    fn job(&self, number: usize, id: &str, value: &Value, all: &events::Jobs) -> GithubJob {
        let (refs, slashes) = events::of_job(value, all, self.refs, self.slashes);
        let name = value.get("name").and_then(text);
        let key = name.is_some().then(|| id.to_owned());
        let legs = matrix::legs(value);
        GithubJob {
            number,
            name: name.unwrap_or_else(|| id.to_owned()),
            key,
            plain_legs: legs.iter().filter(|leg| matrix::is_plain(value, leg)).cloned().collect(),
            legs,
            crossed: matrix::crossed(value),
            leg_values: matrix::all_values(value),
            variables: [
                &*self.own_variables(id),
                &self.variables,
                &variables(value),
                &matrix::constants(value),
                &metadata::versions(value),
            ]
            .concat(),
            refs,
            slashes,
            machine: matrix::machine(value),
            runs_on: value.get("runs-on").and_then(text),
            folder: folder(value).or_else(|| self.folder.clone()),
        }
    }
}

/// Those that a job finds when it begins.
fn builders(job: &Value, read: &GithubJob) -> Builders {
    let mut builders = if hosted(job, &read.leg_values) {
        Builders::fresh()
    } else if machine::is_kept(job) {
        Builders::kept()
    } else {
        Builders::unknown()
    };
    if has_newer_engine(job, &read.leg_values) {
        builders.doubt_store();
    }
    builders.gha_token = Some(false);
    let labels = job.get("runs-on").map(crate::config::yaml::one_or_more).unwrap_or_default();
    if labels.iter().any(|label| label == "self-hosted") {
        builders.on_own_machine();
    }
    builders
}

/// All builds, in the order of the file.
pub(super) fn builds(root: &Value, doc: Option<&Document>) -> Vec<WorkflowBuild> {
    let mut found = Vec::new();
    let workflow = Workflow::of(root);
    let jobs = key(&Route::default(), "jobs");
    let all = root.get("jobs").map(entries).unwrap_or_default();
    let by_key: events::Jobs = all.iter().copied().collect();
    for (number, (id, value)) in all.into_iter().enumerate() {
        let kept = matrix::without_excluded(value);
        let value = kept.as_ref().unwrap_or(value);
        let job = workflow.job(number, id, value, &by_key);
        let mut builders = builders(value, &job);
        steps(value, &key(&jobs, id), &job, &mut builders, doc, &mut found);
    }
    if let Some(runs) = root
        .get("runs")
        .filter(|runs| runs.get("using").and_then(text).as_deref() == Some("composite"))
    {
        steps(
            runs,
            &key(&Route::default(), "runs"),
            &GithubJob::default(),
            &mut Builders::unknown(),
            doc,
            &mut found,
        );
    }
    found
}

fn steps(
    value: &Value,
    at: &Route,
    job: &GithubJob,
    builders: &mut Builders,
    doc: Option<&Document>,
    found: &mut Vec<WorkflowBuild>,
) {
    let (first, mut carried) = (found.len(), Vec::new());
    let at = key(at, "steps");
    let steps = value.get("steps").and_then(Value::as_sequence).into_iter().flatten();
    for (index, value) in steps.enumerate() {
        let step = ActionStep { value, route: at.with_key(index), action: action(value) };
        carried.extend(kept::of_step(&step.action, value, &job.variables, doc, &step.route));
        let shared = Arc::new(value.clone());
        builders.step(events::may_be_skipped(value));
        for (place, at, capable) in step.builds(job, builders, doc) {
            found.push(WorkflowBuild {
                place: job.place(place, value),
                at,
                step: step.route.clone(),
                value: Arc::clone(&shared),
                job: job.number,
                capable,
            });
        }
    }
    for found in found.iter_mut().skip(first) {
        builders.end(&mut found.place);
        found.place.kept.clone_from(&carried);
        if kept::runs_on_a_miss(&found.value) {
            found.place.machine.fresh = false;
            found.place.machine.new_builder = false;
            found.place.images.reloaded = false;
        }
    }
}

fn action(step: &Value) -> String {
    inputs::action(&step.get("uses").and_then(text).unwrap_or_default())
}

impl GithubJob {
    /// The place of a build in one of its steps.
    fn place(&self, place: Place, step: &Value) -> Place {
        let own = variables(step);
        let mut place = Place {
            job: self.name.clone(),
            key: self.key.clone(),
            variables: [&*self.variables, &place.variables, &own].concat().into(),
            refs: self.refs.and(events::of_condition(step)),
            slashes: self.slashes && !events::names_plain_branches(step),
            ..place
        };
        place.take_legs(&self.legs, &self.plain_legs);
        place.crossed.clone_from(&self.crossed);
        place.leg_values.extend_from_slice(&self.leg_values);
        place.machine.runs_on.clone_from(&self.runs_on);
        place.resolve();
        if place.command.platforms.is_empty() {
            place.inputs.extend(self.machine.clone());
        }
        place
    }
}

/// A step of a job.
struct ActionStep<'a> {
    value: &'a Value,
    route: Route,
    /// The action that it uses, without its version.
    action: String,
}

impl ActionStep<'_> {
    /// What it builds, how, and whether its builder exports caches; what it makes is told to the
    /// builders.
    fn builds(
        &self,
        job: &GithubJob,
        builders: &mut Builders,
        doc: Option<&Document>,
    ) -> Vec<(Place, At, bool)> {
        let mut all: Vec<_> = self.by_action(builders, doc).into_iter().collect();
        let Some(value) = self.value.get("run").and_then(text) else { return all };
        let item = Item { route: key(&self.route, "run"), value: value.into() };
        for (mut place, spot) in script::builds(doc, job.number, &[item], builders) {
            let capable = spot.capable;
            place.machine.gha_token = builders.gha_token;
            let own = self.value.get("working-directory").and_then(text);
            let begins = own.or_else(|| job.folder.clone()).unwrap_or_default();
            match &mut place.call {
                Some(call) => call.within(&begins),
                None => place.runs_in = script::below(&begins, place.runs_in.as_deref()),
            }
            all.push((place, At::Script(spot), capable));
        }
        all
    }

    fn by_action(
        &self,
        builders: &mut Builders,
        doc: Option<&Document>,
    ) -> Option<(Place, At, bool)> {
        let quote = || quote(doc, &key(&self.route, "uses"));
        match self.action.as_str() {
            "docker/build-push-action" => {
                let mut place = inputs::build_push(self.value, quote());
                place.machine.fresh = builders.is_fresh();
                place.machine.new_builder = builders.is_anew();
                place.machine.driver = builders.driver(&place.command);
                builders.registry.pulled_for(&mut place);
                Some((place, At::Build { lost: lost(self.value) }, builders.capable()))
            }
            "depot/build-push-action"
            | "useblacksmith/build-push-action"
            | "warpbuilds/build-push-action" => {
                let mut place = inputs::build_push(self.value, quote());
                place.machine.driver = Some("remote".into());
                Some((place, At::Build { lost: lost(self.value) }, true))
            }
            "docker/bake-action" => {
                let mut place = inputs::bake(self.value, quote());
                place.machine.fresh = builders.is_fresh();
                place.machine.driver = builders.driver(&place.command);
                builders.registry.pulled_for(&mut place);
                Some((place, At::Bake, builders.capable()))
            }
            "depot/bake-action" | "warpbuilds/bake-action" => {
                let mut place = inputs::bake(self.value, quote());
                place.machine.driver = Some("remote".into());
                Some((place, At::Bake, true))
            }
            _ => {
                setup(&self.action, self.value, builders);
                None
            }
        }
    }
}

/// Only the driver `docker` keeps the image where later steps find it, by its name.
fn lost(step: &Value) -> bool {
    let input = |name: &str| step.get("with").and_then(|with| with.get(name)).and_then(text);
    let asked = |name: &str| input(name).is_some_and(|value| value != "false" && !value.is_empty());
    let several =
        input("platforms").is_some_and(|platforms| platforms.trim().contains([',', '\n']));
    asked("tags") && !asked("push") && !asked("load") && !asked("outputs") && !several
}

fn setup_buildx(input: impl Fn(&str) -> Option<String>, builders: &mut Builders) {
    if input("use").as_deref() != Some("false") {
        let driver = input("driver").unwrap_or_else(|| "docker-container".to_owned());
        if stays(&driver) || input("endpoint").is_some_and(|endpoint| endpoint.contains("://")) {
            builders.doubt();
        }
        // `cleanup` removes it behind the job by default (docker/setup-buildx-action `action.yml`).
        let kept = ["name", "endpoint", "keep-state", "cleanup", "append"];
        let removed = driver == "docker-container" && kept.iter().all(|name| input(name).is_none());
        builders.take(Some(driver).filter(|driver| !driver.contains("${{")));
        if removed {
            builders.remove_at_the_end();
        }
    }
    if input("install").as_deref() == Some("true") {
        builders.install();
    }
}

/// Actions that make a builder, or may.
fn setup(action: &str, step: &Value, builders: &mut Builders) {
    let input = |name: &str| step.get("with").and_then(|with| with.get(name)).and_then(text);
    if hands_on_tokens(action) {
        builders.gha_token = None;
    }
    match action {
        // The second is what the first was called before Docker took it over.
        "docker/setup-buildx-action" | "crazy-max/ghaction-docker-buildx" => {
            setup_buildx(input, builders);
        }
        // It saves all images in its post step.
        "satackey/action-docker-layer-caching" => builders.registry.reload(),
        "docker/login-action" | "aws-actions/amazon-ecr-login" => builders.registry.log_in(),
        "useblacksmith/setup-docker-builder"
        | "depot/setup-action"
        | "depot/use-action"
        | "namespacelabs/nscloud-setup-buildx-action"
        | "warpbuilds/docker-configure" => {
            builders.take(Some("remote".into()));
            builders.doubt();
        }
        // Others that make builders may make them anywhere.
        _ if action.contains("buildx") => {
            builders.take(None);
            builders.doubt();
        }
        // An action of the repository may do all of it; another engine may have another image
        // store.
        _ if action.starts_with("./") => {
            builders.take(None);
            builders.doubt();
        }
        _ if may_make_a_builder(action) => {
            builders.take(None);
            builders.doubt();
        }
        "docker/setup-docker-action" | "crazy-max/ghaction-setup-docker" => {
            builders.take(None);
            builders.doubt_store();
        }
        // Whoever carries layers from run to run has a cache of another kind.
        _ if carries_layers(action) => builders.doubt(),
        _ => {}
    }
}

/// By its name: `acme/actions/docker-setup`. Those of Docker itself are known.
fn may_make_a_builder(action: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| action.contains(word));
    !action.starts_with("docker/")
        && !action.starts_with("crazy-max/")
        && has(&["docker", "builder", "buildkit"])
        && has(&["setup", "set-up", "builder", "prepare", "configure", "init"])
}

/// `satackey/action-docker-layer-caching`, `dashevo/gh-action-cache-buildkit-state`,
/// `reproducible-containers/buildkit-cache-dance`: they restore what an earlier run had built.
fn carries_layers(action: &str) -> bool {
    let caches = ["cache", "caching"].iter().any(|word| action.contains(word));
    caches && ["docker", "buildkit", "layer"].iter().any(|word| action.contains(word))
}

/// Only actions get the runner's token. Some exist to hand it on, others run code that may.
fn hands_on_tokens(action: &str) -> bool {
    action.starts_with("./")
        || ["runtime", "github-script", "cache", "gha"].iter().any(|word| action.contains(word))
}

/// Machines of GitHub begin with a fresh engine; others may be set up in any way. The engine of
/// those with Windows builds images of Windows, without `BuildKit` and what it caches.
fn hosted(job: &Value, leg_values: &[(String, Vec<String>)]) -> bool {
    let labels = job.get("runs-on").map(crate::config::yaml::one_or_more).unwrap_or_default();
    let own = |label: &String| machine::may_be_hosted(label, leg_values);
    let other = |label: &String| label == "self-hosted" || label.starts_with("windows");
    labels.iter().any(own) && !labels.iter().any(other)
}

/// The machines of 26.04 have Docker 29, those of 24.04 and before 28 (actions/runner-images
/// `images/ubuntu/toolsets`).
fn has_newer_engine(job: &Value, leg_values: &[(String, Vec<String>)]) -> bool {
    let labels = job.get("runs-on").map(crate::config::yaml::one_or_more).unwrap_or_default();
    let legs = leg_values.iter().flat_map(|(_, values)| values);
    labels.iter().chain(legs).any(|label| label.starts_with("ubuntu-26"))
}

/// `defaults: {run: {working-directory: web}}` of a workflow or a job.
fn folder(value: &Value) -> Option<String> {
    value.get("defaults")?.get("run")?.get("working-directory").and_then(text)
}

fn variables(value: &Value) -> Vec<(String, String)> {
    let pairs = value.get("env").map(entries).unwrap_or_default();
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value)?))).collect()
}

fn quote(doc: Option<&Document>, route: &Route) -> Quote {
    let line = doc.map_or(0, |doc| line_of_key(doc, route));
    let text =
        doc.and_then(|doc| doc.source().lines().nth(usize::try_from(line).ok()?.checked_sub(1)?));
    Quote { line, text: text.unwrap_or_default().trim_end().into() }
}

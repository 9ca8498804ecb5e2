//! What to do, in words, for the builder and the steps found.
//!
//! Both ways are always explained; which one comes first depends on the builder. Facts: ci-logs
//! §3d, §3e.

use super::recipe::Recipe;
use super::rewrite::{self, VARIABLE};
use super::{Builder, Worth, snippet};
use crate::config::bitbucket::DOCKER_IMAGE;
use crate::finding::{Edit, Fix};
use crate::rules::remedy;

/// What the advice is written for.
pub(super) struct Situation<'a> {
    pub(super) cache: &'a str,
    pub(super) builder: Builder,
    /// The builder was seen in a log or is set in the script, not just assumed.
    pub(super) builder_known: bool,
    pub(super) worth: Worth,
    pub(super) recipes: Vec<Recipe<'a>>,
    /// All steps have the same script.
    pub(super) same_script: bool,
    /// The steps are those of a pipelines file, not of logs.
    pub(super) from_file: bool,
    /// The corrected file, or why there is none; `None` without a file.
    pub(super) edit: Option<Result<Edit, String>>,
}

/// The fix.
pub(super) fn fix(case: Situation) -> Fix {
    let replaced = case.worth == Worth::Replaced;
    let snippet = Some(snippet::write(&case.recipes, case.builder))
        .filter(|s| !replaced && s.contains("- step:"));
    let pasted = snippet.is_some() || matches!(case.edit, Some(Ok(_)));
    let mut steps: Vec<String> = same_image(&case).into_iter().collect();
    match case.builder {
        _ if replaced => steps.push(take_out(&case)),
        Builder::BuildKit => steps.extend(registry_first(&case, pasted)),
        Builder::Classic => steps.extend(images_first(&case)),
    }
    let (summary, cost) = words(&case);
    // Without its value the reference of the cache is none, and the builds fail.
    let cost = match case.builder {
        Builder::BuildKit if names_a_variable(&case) => format!(
            "the builds fail until you create the repository variable {}; {cost}",
            VARIABLE.trim_start_matches('$')
        ),
        _ => cost.to_owned(),
    };
    let edits = match case.edit {
        Some(Ok(edit)) => vec![edit],
        Some(Err(why)) => {
            steps.push(format!("No patch for the file: {why}."));
            Vec::new()
        }
        None => Vec::new(),
    };
    Fix { summary: summary.to_owned(), steps, snippet, edits, cost, ..Fix::default() }
}

fn words(case: &Situation) -> (&'static str, &'static str) {
    match case.builder {
        _ if case.worth == Worth::Replaced => (
            "take the docker cache out of the steps: their builds have caches of their own",
            "images that the scripts pull for anything but a build are pulled in each run",
        ),
        Builder::BuildKit => (
            "give each image a cache of its own: in your registry, one reference per image",
            "the caches take space in the registry (mode=max stores every stage); runtime 3 starts \
                Docker differently, so try it on a branch first",
        ),
        Builder::Classic => (
            "give each image a custom cache of its own",
            "saving and loading images takes time in each run; each cache must stay below 1 GB \
                compressed",
        ),
    }
}

/// Some script pushes to no registry: its cache has a name that the project has to give.
fn names_a_variable(case: &Situation) -> bool {
    let stands_in =
        |recipe: &Recipe| rewrite::references(recipe).iter().any(|name| name.starts_with(VARIABLE));
    case.worth != Worth::Replaced && case.recipes.iter().any(stands_in)
}

fn take_out(case: &Situation) -> String {
    format!(
        "Take `{}` out of `caches:` in {}. Nothing has to come in its place: BuildKit never reads \
            layers out of docker.tar, and the builds import caches of their own.",
        case.cache,
        case.who()
    )
}

fn registry_first(case: &Situation, pasted: bool) -> Vec<String> {
    let assumed = if case.builder_known {
        ""
    } else {
        " (assumed: no log shows the builder, and BuildKit is today's default)"
    };
    let mut steps = vec![
        format!(
            "Take `{}` out of `caches:` in {}, and let each build read and write a cache of its \
                own in your registry{}. This works with BuildKit{assumed}, which never reads \
                images out of docker.tar; it has no 1 GB limit and is never frozen for a week.",
            case.cache,
            case.who(),
            // What is pasted names them; builds that stand elsewhere have no names here.
            match case.each(references) {
                _ if pasted => ", as below".to_owned(),
                names if names.is_empty() => String::new(),
                names => format!(": {names}"),
            },
        ),
        remedy::bitbucket_runtime(),
    ];
    if names_a_variable(case) {
        steps.push(format!(
            "{VARIABLE} is a name chosen here: create it as a repository variable before you use \
                the file, with a repository of your registry as value (such as \
                registry.example.com/team/cache)."
        ));
    }
    steps.push(
        "Put `docker login` before the build: the cache is read and written during the \
        build, not at `docker push`. Without access the build still passes, but nothing is cached."
            .to_owned(),
    );
    steps.push(format!(
        "Alternative without a registry, the documented way: one custom cache per image ({}), \
            filled with `docker save` and read back with `docker load`. It ends the failing \
            upload, but makes only the classic builder (DOCKER_BUILDKIT=0) faster: BuildKit looks \
            at a loaded image only if `--cache-from` names it and it has an inline cache, and then \
            finds its final stage only.",
        case.each(rewrite::cache_name),
    ));
    steps
}

fn images_first(case: &Situation) -> Vec<String> {
    let mut steps = vec![
        format!(
            "Replace `{}` in `caches:` of {} by a custom cache per image ({}). Load it before the \
                build and save the image with its layers after it, as below.",
            case.cache,
            case.who(),
            case.each(rewrite::cache_name),
        ),
        "Against the recipe in Atlassian's article: one named file (`docker load` takes no list of \
            files), tags in place of `docker images -aq` (which also saves base images, and fails \
            the step when there is none), and a directory outside of the checkout (else `COPY . .` \
            copies the cache).".to_owned(),
    ];
    steps.push(if case.recipes.iter().any(|r| rewrite::definition(r).key_files.is_empty()) {
        "A custom cache without `key: files:` keeps its first content for a week: name the \
            Dockerfile and the lock files that early steps copy as key."
            .to_owned()
    } else {
        "The key makes a new cache when the Dockerfile changes; add the lock files that early \
            steps copy (package-lock.json, go.sum). A new key starts cold."
            .to_owned()
    });
    steps.push(
        "Only stages that end in the image are saved: a build stage of a multi-stage Dockerfile \
            runs again."
            .to_owned(),
    );
    steps.push(format!(
        "Alternative, and the better one as the classic builder is deprecated: BuildKit with a \
            registry cache, one reference per image ({}): `runtime: cloud: version: \"3\"`, an \
            image with docker client and buildx such as {DOCKER_IMAGE}, then `docker buildx create \
            --use --driver docker-container` and `docker buildx build --cache-from \
            type=registry,ref=… --cache-to type=registry,ref=…,mode=max`.",
        case.each(references),
    ));
    steps
}

fn references(recipe: &Recipe) -> String {
    rewrite::references(recipe).join(", ")
}

/// Steps with one script may build one image: then there is less to do.
fn same_image(case: &Situation) -> Option<String> {
    let names =
        case.recipes.iter().map(|r| format!("\"{}\"", r.name)).collect::<Vec<_>>().join(", ");
    case.same_script.then(|| {
        format!(
            "First check: {names} have the same script. If they build the same image, it is enough \
                that one of them keeps `{}` in `caches:` (or leave it: the first upload wins and \
                fits all). If they build different images, go on.",
            case.cache
        )
    })
}

impl Situation<'_> {
    fn who(&self) -> String {
        let names: Vec<String> = self.recipes.iter().map(|r| format!("\"{}\"", r.name)).collect();
        match (self.from_file, names.as_slice()) {
            (true, _) => names.join(", "),
            (false, [one]) => format!("{one} and in every other step that names it"),
            (false, _) => format!("the steps of {}", names.join(", ")),
        }
    }

    fn each(&self, of: impl Fn(&Recipe) -> String) -> String {
        let with = self.recipes.iter().map(|r| (r, of(r))).filter(|(_, text)| !text.is_empty());
        with.map(|(r, text)| format!("\"{}\" → {text}", r.name)).collect::<Vec<_>>().join("; ")
    }
}

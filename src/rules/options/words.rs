//! What is said of a mistake in a cache option.

use super::{Kind, Mistake};
use crate::finding::Fix;
use crate::rules::remedy::builder::CREATE_NEWEST;

/// One line.
pub(in crate::rules) fn title(mistake: &Mistake) -> String {
    let token = &mistake.token;
    let what = match mistake.kind {
        Kind::Missing => return format!("a cache option lacks `{token}`"),
        Kind::Unusable if token == "--cache-to" => {
            return "this builder exports one cache only, and is asked for more".to_owned();
        }
        Kind::Unusable if token == "--no-push" => {
            return "kaniko refuses `--cache=true` with `--no-push` and no `--cache-repo`"
                .to_owned();
        }
        Kind::Unusable if token == "--cache-repo" => {
            return "kaniko's cache repository has a tag, so no layer can be stored in it"
                .to_owned();
        }
        Kind::Unusable => return format!("the `{token}` of a cache option cannot be used"),
        Kind::Repository => {
            return format!("buildah and podman do not know `type=` in a cache option: {token}");
        }
        Kind::Verbatim => return format!("the builder refuses a cache option: {token}"),
        Kind::Joined => return format!("a blank is missing before `{token}`"),
        Kind::Quoted => return format!("the builder takes `{token}` for the name of a backend"),
        Kind::BadValue | Kind::IgnoredValue => "is not a valid value",
        Kind::UnknownAttribute => "is not a cache option",
        Kind::UnknownName => "is not an attribute of a bake target",
        Kind::Argument => "asks for no inline cache",
        Kind::Blank => "has a space after the comma",
        Kind::Cut => return format!("the cache option `{token}` ends after its comma"),
        Kind::UnknownType => "is not a cache backend",
        Kind::BadReference => return format!("{token} is not a valid reference"),
        Kind::Hidden => return format!("what is printed as {token} is not a valid reference"),
        Kind::Names => return format!("the client reads `{token}` as image names"),
        Kind::Flag => return format!("this client has no option `{token}`"),
        Kind::BareType => {
            return format!("the cache option `{token}` is read as an image name");
        }
        Kind::Slash => {
            return format!("{token} in the tag of a cache may hold a slash, which no tag may");
        }
        Kind::TypeUnsupported => "is not supported by this builder",
        Kind::Loose => "is not key=value",
    };
    match &mistake.nearest {
        Some(meant) if mistake.kind != Kind::Blank => {
            format!("`{token}` {what}; did you mean `{meant}`?")
        }
        _ => format!("`{token}` {what}"),
    }
}

/// What the builder makes of it.
pub(in crate::rules) fn cause(mistake: &Mistake) -> String {
    match mistake.kind {
        Kind::BareType => format!(
            "A cache option without `=` names a reference in a registry: this one is \
                docker.io/library/{}.",
            mistake.token
        ),
        Kind::Unusable => unusable(&mistake.token).0.to_owned(),
        Kind::Slash => of_slash(&mistake.token),
        kind => effect(kind).to_owned(),
    }
}

/// Only on GitHub the run of a pull request has a name of its own.
fn of_slash(token: &str) -> String {
    let request = if token.to_ascii_lowercase().contains("github") {
        ", and the run of a pull request is called 12/merge"
    } else {
        ""
    };
    format!(
        "A branch may be called feature/x{request}. A tag takes letters, digits, `_`, `.` and `-`: \
            with such a name the option is refused (invalid reference format), and the build fails \
            or has no cache."
    )
}

fn effect(kind: Kind) -> &'static str {
    match kind {
        Kind::IgnoredValue => {
            "The builder silently uses the default instead: `mode` becomes min, and errors are not \
                ignored."
        }
        Kind::UnknownAttribute => "The builder silently ignores attributes it does not know.",
        Kind::UnknownName => {
            "bake silently ignores attributes of a target that it does not know: what is asked for \
                there is not done."
        }
        Kind::Blank => {
            "The space becomes part of the attribute's name, and the builder silently ignores \
                attributes it does not know."
        }
        Kind::Argument => {
            "The builder writes an inline cache only for `BUILDKIT_INLINE_CACHE` set to 1 or true. \
                Any other name is an argument of the Dockerfile, and an unused one is not an \
                error."
        }
        Kind::Cut => {
            "A space ends a shell word: what follows is no longer part of the option but a \
                separate argument, such as the directory to build."
        }
        Kind::Joined => {
            "Two options are written without a blank between them, so the second one became part \
                of the first one's value, which the builder refuses."
        }
        Kind::Quoted => {
            "Quotation marks stand around the whole value, so it was not taken apart at its \
                comma."
        }
        Kind::BadReference => {
            "Quotation marks, spaces and capital letters are not allowed in a reference, so \
                nothing can be stored under such a name."
        }
        Kind::Hidden => {
            "What is printed of the reference has no fault, so it is in what is not: in the part \
                that the CI system masks, or in a space, a line end or a quotation mark that the \
                value of a variable ends with."
        }
        Kind::Names => {
            "In this client `--cache-from` takes only image names, separated by commas: `docker \
                build` before Docker 23, and programs that pass the option to the engine. The \
                parts before and after the comma are looked up as images, and no cache is read."
        }
        Kind::Flag => {
            "It is an option of buildx. `docker build` before Docker 23, or without the buildx \
                plugin, uses another client, which rejects it; nothing was built."
        }
        Kind::Repository => {
            "buildah and podman keep a cache in a repository of a registry, each layer under a tag \
                of its own, and nowhere else: `--cache-from` and `--cache-to` take that \
                repository's name alone."
        }
        // <https://docs.docker.com/build/cache/backends/>; pull requests 1974 and 3010 of BuildKit.
        Kind::TypeUnsupported => {
            "The builder names a type it does not know: dockerd has only inline, local and \
                registry, with the containerd image store also gha; BuildKit has gha since 0.9, s3 \
                and azblob since 0.11."
        }
        _ => "The builder stops at such an option, or goes on without this cache.",
    }
}

/// The corrected option.
pub(in crate::rules) fn fix(mistake: &Mistake) -> Fix {
    if mistake.kind == Kind::Slash {
        return without_slashes(&mistake.token);
    }
    let snippet = match mistake.kind {
        Kind::Names => Some("--cache-from REGISTRY/IMAGE:TAG".to_owned()),
        Kind::Repository => Some(of_buildah(mistake.nearest.as_deref())),
        Kind::Missing => whole(&mistake.token).map(str::to_owned),
        Kind::TypeUnsupported => Some(format!("{CREATE_NEWEST}\n{VERSION}")),
        _ => mistake.nearest.clone(),
    };
    Fix { summary: summary(mistake), steps: steps(mistake), snippet, ..Fix::default() }
}

fn summary(mistake: &Mistake) -> String {
    match (&mistake.nearest, mistake.kind) {
        (Some(meant), Kind::Quoted) => format!("write {meant} without quotation marks"),
        (None, Kind::Joined) => format!("write a blank before `{}`", mistake.token),
        (Some(meant), _) => format!("write {meant}"),
        (None, Kind::Cut) => "remove the space after the comma".to_owned(),
        (None, Kind::Missing) if of_runner(&mistake.token) => unusable("token").1.to_owned(),
        (None, Kind::Missing) => format!("add `{}` to the option", mistake.token),
        (None, Kind::Repository) => {
            "name a repository, or keep buildah's own storage between runs".to_owned()
        }
        (None, Kind::Hidden) => {
            "look at the variables that the reference is made of: none may hold a space, a line \
                end or a quotation mark"
                .to_owned()
        }
        (None, Kind::Names) => {
            "build with `docker buildx build`, or write only the image name".to_owned()
        }
        (None, Kind::Flag) => "build with `docker buildx build`".to_owned(),
        (None, Kind::Unusable) => unusable(&mistake.token).1.to_owned(),
        (None, Kind::TypeUnsupported) => {
            "build with a docker-container builder of a current BuildKit".to_owned()
        }
        (None, _) => format!("correct or take out `{}`", mistake.token),
    }
}

fn without_slashes(branch: &str) -> Fix {
    Fix {
        summary: format!("replace the slashes of {branch} before it comes into the tag"),
        steps: vec![
            "GitLab has such a name ready: $CI_COMMIT_REF_SLUG. Elsewhere a line before the \
                build makes one: `TAG=$(echo \"$BRANCH\" | tr / -)`; on GitHub, `echo \
                \"TAG=${GITHUB_REF_NAME//\\//-}\" >> \"$GITHUB_ENV\"`."
                .to_owned(),
            "On GitHub a gha cache needs no branch in its name: it is kept apart by branch \
                already, and `scope=` takes any name."
                .to_owned(),
            "Import the main branch's cache as well, or a new branch starts cold.".to_owned(),
        ],
        ..Fix::default()
    }
}

fn steps(mistake: &Mistake) -> Vec<String> {
    let listed =
        (!mistake.valid.is_empty()).then(|| format!("Valid: {}.", mistake.valid.join(", ")));
    let mut steps: Vec<String> = mistake
        .nearest
        .iter()
        .map(|meant| format!("Replace `{}` by `{meant}`.", mistake.token))
        .collect();
    steps.extend(listed);
    steps.extend(of_runner(&mistake.token).then(|| TOKEN.to_owned()));
    steps.extend(has_capitals(mistake).then(|| LOWER.to_owned()));
    steps.extend((mistake.kind == Kind::Names).then(|| NAME.to_owned()));
    let nowhere = mistake.kind == Kind::Repository && mistake.nearest.is_none();
    steps.extend(nowhere.then(|| STORAGE.to_owned()));
    steps.extend(matches!(mistake.kind, Kind::Names | Kind::Flag).then(|| CLIENT.to_owned()));
    steps
}

const VERSION: &str = "docker buildx inspect --bootstrap ci   # prints the version";

const STORAGE: &str = "A directory cannot be such a cache. On one machine `--layers` alone finds \
    the layers of earlier builds in the storage of the user who builds; in a container that is \
    /var/lib/containers, if a volume keeps it.";

/// What the image has to hold then.
const NAME: &str = "The name alone is enough for an image that was built with `--build-arg \
    BUILDKIT_INLINE_CACHE=1`; a cache that was exported by itself needs buildx.";

const CLIENT: &str = "Install the buildx plugin (Docker 23 and newer build with it by themselves), \
    and create a builder with `docker buildx create --driver docker-container --use` where a cache \
    is to be exported. AWS CDK: CDK_DOCKER names the program that is called instead of docker.";

/// Names of repositories come from the code's host, which takes capital letters.
const LOWER: &str = "On GitHub `${{ github.repository }}` keeps the capital letters of its owner: a \
    step before the build makes another name, `echo \"IMAGE=ghcr.io/${GITHUB_REPOSITORY,,}\" >> \
    \"$GITHUB_ENV\"`. GitLab's $CI_REGISTRY_IMAGE has none.";

fn has_capitals(mistake: &Mistake) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase();
    mistake.kind == Kind::BadReference && mistake.token.bytes().any(capital)
}

/// GitHub gives its token to actions only.
const TOKEN: &str = "On GitHub leave `token` and `url` out and give the build the runner's own: \
    build with docker/build-push-action, or expose them to `run:` steps with \
    crazy-max/ghaction-github-runtime. Gitea, Forgejo and act hand out tokens of their own, which \
    older versions make without what BuildKit reads in them: use a newer version, or \
    type=registry. On any other CI system type=gha cannot work: use type=registry.";

/// What GitHub's runner knows and nobody can write down.
fn of_runner(token: &str) -> bool {
    matches!(token, "token" | "url")
}

/// Why a value cannot be used, and what to do.
fn unusable(token: &str) -> (&'static str, &'static str) {
    match token {
        "token" => (
            "This is not a token of GitHub's cache service: it is empty, truncated or masked, a \
                different token such as GITHUB_TOKEN, or that of a runner which is not GitHub's \
                (Gitea, Forgejo, act). The builder saw that before it sent a request.",
            "give the builder the runner's cache token (ACTIONS_RUNTIME_TOKEN)",
        ),
        "tag" => (
            "buildah takes a repository in `--cache-from` and `--cache-to`, and gives each layer a \
                tag of its own there: a name with a tag or digest is refused.",
            "take the tag off the reference in `--cache-from` and `--cache-to`",
        ),
        "--no-push" => (
            "kaniko keeps its cache beside the image that it pushes. With `--no-push` there is no \
                such place unless `--cache-repo` names one, and it stops before the first step.",
            "add `--cache-repo=REGISTRY/REPOSITORY`, or leave `--cache=true` out where nothing is \
                pushed",
        ),
        "--cache-repo" => (
            "kaniko puts `:KEY` behind the name of the cache repository, so a name that has a tag \
                already becomes one that no registry takes. It goes on without storing the layer, \
                in every run.",
            "take the tag off `--cache-repo`, or name one where it is made from `--destination`",
        ),
        "account_url" => (
            "The address of the storage account, from the option or from \
                BUILDKIT_AZURE_STORAGE_ACCOUNT_URL, is not a complete URL: nothing comes before \
                its host.",
            "write the whole address: `account_url=https://ACCOUNT.blob.core.windows.net`",
        ),
        // control/control.go before pull request 3024
        "--cache-to" => (
            "BuildKit before 0.11 (Docker Engine before 24) writes one cache in a build. \
                `BUILDKIT_INLINE_CACHE=1` counts as one: it asks for an inline cache.",
            "ask for one cache export, or use BuildKit 0.11 or newer",
        ),
        // client/solve.go: a client that does not warn and go on
        "src" => (
            "The directory holds a cache, but none under the tag that the import asks for (`latest` \
                where it names none), and the client stops at that.",
            "import the tag that the cache was exported with, or name none in either",
        ),
        _ => (
            "The bucket is in a different region than the one that the option or the environment \
                names.",
            "write the region of the bucket",
        ),
    }
}

fn of_buildah(repository: Option<&str>) -> String {
    let name = repository.unwrap_or("REGISTRY/IMAGE/cache");
    format!("--layers --cache-from {name} --cache-to {name}")
}

/// An option that has what was missing.
fn whole(missing: &str) -> Option<&'static str> {
    Some(match missing {
        "ref" => "type=registry,ref=REGISTRY/IMAGE:buildcache",
        "dest" => "--cache-to type=local,dest=DIRECTORY,mode=max",
        "src" => "--cache-from type=local,src=DIRECTORY",
        "bucket" | "region" => "type=s3,region=REGION,bucket=BUCKET,name=IMAGE",
        _ => return None,
    })
}

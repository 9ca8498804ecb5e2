//! What the text of an instruction says: sources of a COPY, mounts of a RUN, installing commands.
//!
//! A helper of the rules about the Dockerfile; knows texts only.

/// Sources of a COPY or ADD, without options and the destination; JSON form included.
pub(super) fn sources(text: &str) -> Vec<String> {
    let (_, rest) = text.split_once(' ').unwrap_or_default();
    let words = rest.split(|c: char| c.is_ascii_whitespace() || matches!(c, '[' | ']' | ','));
    let words = words.map(|w| w.trim_matches('"')).filter(|w| !w.is_empty());
    let mut words: Vec<String> =
        words.skip_while(|w| w.starts_with("--")).map(str::to_owned).collect();
    words.pop();
    words
}

/// A COPY or ADD of the build context, not of another stage or image.
pub(super) fn copies_context(text: &str) -> bool {
    (text.starts_with("COPY ") || text.starts_with("ADD "))
        && !text.contains("--from=")
        && remote(text).is_none()
}

/// `COPY . .`: the context as a whole. With `--exclude=` it may leave the sources out.
pub(super) fn copies_everything(text: &str) -> bool {
    let whole = copies_context(text) && !text.contains("--exclude=");
    whole && sources(text).iter().any(|s| matches!(s.as_str(), "." | "./" | "*" | "./*" | "/"))
}

/// `COPY src/ ./src/`: folders of the context, which hold more than the files that name the
/// dependencies.
pub(super) fn copies_a_folder(text: &str) -> bool {
    let folder = |source: &String| {
        let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let named = name.contains(['.', '*']) || is_bare_manifest(name);
        !is_of_dependencies(name) && (source.ends_with('/') || !named)
    };
    copies_context(text) && sources(text).iter().any(folder)
}

/// Folders that hold what an installation reads, and nothing of the program: `pip install -r
/// requirements/prod.txt`, the wrapper of Gradle, patches and schemas that npm applies.
fn is_of_dependencies(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "constraints",
        "dependencies",
        "deps",
        "gradle",
        "patches",
        "prisma",
        "requirements",
        "third-party",
        "third_party",
        "vendor",
        "wheelhouse",
        "wheels",
    ];
    NAMES.contains(&name)
}

/// Single files, as those that name the dependencies.
pub(super) fn copies_few(text: &str) -> bool {
    !copies_everything(text) && !copies_a_folder(text) && !brings_settings(text)
}

/// It goes where the system looks for settings: sources of packages, certificates.
pub(super) fn brings_settings(text: &str) -> bool {
    const PLACES: [&str; 4] = ["/etc", "/usr/share", "/usr/local/share", "/root/."];
    let to = text.trim_end_matches([']', '"']).rsplit([' ', '"']).next().unwrap_or_default();
    copies_context(text) && PLACES.iter().any(|place| to.starts_with(place))
}

/// Files without an ending that name dependencies.
pub(super) fn is_bare_manifest(name: &str) -> bool {
    matches!(name, "Gemfile" | "Pipfile" | "Makefile" | "Procfile" | "Cartfile" | "Brewfile")
}

/// The address of a remote ADD.
pub(super) fn remote(text: &str) -> Option<String> {
    const SCHEMES: [&str; 5] = ["http://", "https://", "git@", "git://", "ssh://"];
    if !text.starts_with("ADD ") {
        return None;
    }
    sources(text).into_iter().find(|source| SCHEMES.iter().any(|start| source.starts_with(start)))
}

/// Values of `--mount=` options of a RUN.
fn mounts(text: &str) -> impl Iterator<Item = &str> {
    text.split_ascii_whitespace().filter_map(|word| word.strip_prefix("--mount="))
}

/// The target of a cache mount.
pub(super) fn cache_mount(text: &str) -> Option<&str> {
    if !text.starts_with("RUN ") {
        return None;
    }
    let mount = mounts(text).find(|m| m.split(',').any(|p| p == "type=cache"))?;
    let target = mount.split(',').find_map(|p| {
        let (key, value) = p.split_once('=')?;
        matches!(key, "target" | "dst" | "destination").then_some(value)
    });
    Some(target.unwrap_or(mount))
}

/// A RUN that reads files of the context or of another stage: `bind` is the default kind of mount.
pub(super) fn mounts_files(text: &str) -> bool {
    const OTHER: [&str; 4] = ["type=cache", "type=secret", "type=ssh", "type=tmpfs"];
    mounts(text).any(|m| !m.split(',').any(|p| OTHER.contains(&p)))
}

/// An installation that mounts the few files it needs, as Docker's guides write it:
/// `RUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync --no-install-project`.
pub(super) fn installs_from_mounts(text: &str) -> bool {
    let single = |mount: &str| {
        let value = |key: &str| mount.split(',').find_map(|part| part.strip_prefix(key));
        let source = value("source=").or_else(|| value("src="));
        value("type=").is_none_or(|kind| kind == "bind")
            && value("from=").is_none()
            && source.is_some_and(|source| !matches!(source, "." | "./" | "/"))
    };
    installs(text) && mounts(text).any(single)
}

/// What a RUN hands to the shell: its text without the options of the instruction.
pub(super) fn script(run: &str) -> &str {
    let mut script = run.strip_prefix("RUN ").unwrap_or_default().trim_start();
    while let Some((_, rest)) =
        script.strip_prefix("--").and_then(|option| option.split_once(char::is_whitespace))
    {
        script = rest.trim_start();
    }
    script
}

/// The commands of a script. Those in quotes are some, too: `sh -c "npm ci && npm test"`.
pub(super) fn commands(script: &str) -> impl Iterator<Item = &str> {
    script.split(['&', ';', '|', '\n']).map(str::trim).filter(|command| !command.is_empty())
}

/// A command that fetches dependencies: it needs the manifests, not the sources.
pub(super) fn installs(text: &str) -> bool {
    commands(script(text)).any(fetches)
}

/// The words of one command, whatever options stand between them: `mvn -B dependency:go-offline`.
pub(super) fn fetches(command: &str) -> bool {
    let mut words = command.split(|c: char| {
        c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '[' | ']' | ',' | '(' | ')')
    });
    let known = |word: &str| {
        let name = base_name(word);
        TOOLS.iter().find(|(tool, _)| *tool == name)
    };
    let Some((found, verbs)) = words.find_map(known) else { return false };
    let rest: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    // `npm run ci` is a script of the project.
    let first = rest.iter().find(|word| !word.starts_with('-'));
    if first.is_some_and(|word| matches!(*word, "run" | "run-script" | "exec" | "test" | "start")) {
        return false;
    }
    if *found == "yarn" && is_bare(command, &rest) {
        return true;
    }
    let verb = |wanted: &str| {
        wanted.split(' ').try_fold(0, |from, part| {
            let at = rest.iter().skip(from).position(|word| names(word, part))?;
            Some(from + at + 1)
        })
    };
    verbs.iter().any(|wanted| verb(wanted).is_some()) && !installs_sources(found, &rest)
}

/// `yarn`, `yarn --production`: without a verb it installs; options that only ask are another matter.
fn is_bare(command: &str, rest: &[&str]) -> bool {
    let mut words = command.split_ascii_whitespace();
    let first = words.find(|word| !word.starts_with('-') && !word.contains('='));
    let asks = |word: &&str| matches!(*word, "--version" | "-v" | "--help" | "-h");
    first == Some("yarn") && rest.iter().all(|word| word.starts_with('-') && !asks(word))
}

/// `/usr/bin/npm`, `./gradlew`.
fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// A task may have the project in front (`:app:dependencies`), a goal its version.
fn names(word: &str, wanted: &str) -> bool {
    word == wanted || (wanted.contains(':') && word.ends_with(wanted))
}

/// It builds what is in the context and fetches little else: `pip install .`,
/// `cargo install --path .`, `npm install -g .`; or it looks for what to fetch in the sources:
/// `deno cache main.ts`.
fn installs_sources(tool: &str, rest: &[&str]) -> bool {
    if tool == "deno" {
        return rest.contains(&"cache") && !rest.iter().any(|word| word.contains("deps"));
    }
    let local = |word: &&str| {
        matches!(word.trim_end_matches('/'), "." | "-e" | "--editable" | "--path")
            || word.starts_with("./")
    };
    let lists = rest.iter().any(|word| matches!(*word, "-r" | "--requirement"));
    matches!(tool, "pip" | "pip3" | "cargo" | "go" | "uv" | "npm" | "apt" | "apt-get")
        && !lists
        && rest.iter().any(local)
}

/// Tools with the words that make them fetch what others have made.
const TOOLS: [(&str, &[&str]); 52] = [
    ("npm", &["ci", "install", "i", "clean-install"]),
    ("yarn", &["install", "--frozen-lockfile", "--immutable", "workspaces focus"]),
    ("pnpm", &["install", "i", "fetch", "ci"]),
    ("bun", &["install", "i", "ci"]),
    ("pip", &["install", "wheel", "download"]),
    ("pip3", &["install", "wheel", "download"]),
    ("poetry", &["install", "sync"]),
    ("uv", &["sync", "pip install", "pip sync"]),
    ("pipenv", &["install", "sync"]),
    ("pdm", &["install", "sync"]),
    ("conda", &["install", "env create", "env update"]),
    ("mamba", &["install", "env create", "env update"]),
    ("micromamba", &["install", "create"]),
    ("bundle", &["install"]),
    ("bundler", &["install"]),
    ("gem", &["install"]),
    ("go", &["mod download", "mod vendor"]),
    ("cargo", &["fetch", "install", "chef cook"]),
    ("composer", &["install"]),
    ("apt-get", &["install"]),
    ("apt", &["install"]),
    ("apk", &["add"]),
    ("yum", &["install"]),
    ("dnf", &["install"]),
    ("microdnf", &["install"]),
    ("zypper", &["install", "in"]),
    ("pacman", &["-S", "-Sy", "-Syu"]),
    ("dotnet", &["restore"]),
    ("nuget", &["restore"]),
    ("mix", &["deps.get"]),
    ("mvn", MAVEN_PACKAGES),
    ("mvnw", MAVEN_PACKAGES),
    ("gradle", &["dependencies", ":dependencies", "downloadDependencies", "resolveDependencies"]),
    ("gradlew", &["dependencies", ":dependencies", "downloadDependencies", "resolveDependencies"]),
    ("swift", &["package resolve"]),
    ("pub", &["get"]),
    ("dart", &["pub get"]),
    ("flutter", &["pub get"]),
    ("sbt", &["update"]),
    ("cabal", &["--only-dependencies", "--dependencies-only"]),
    ("stack", &["--only-dependencies", "--dependencies-only"]),
    ("deno", &["install", "cache"]),
    ("rebar3", &["get-deps", "deps"]),
    ("lein", &["deps"]),
    ("cpanm", &["--installdeps"]),
    ("carton", &["install"]),
    ("clojure", &["-P"]),
    ("conan", &["install"]),
    ("opam", &["--deps-only"]),
    ("rye", &["sync"]),
    ("R", R_PACKAGES),
    ("Rscript", R_PACKAGES),
];

const MAVEN_PACKAGES: &[&str] = &[
    "dependency:go-offline",
    "dependency:resolve",
    "dependency:resolve-plugins",
    "dependency:copy-dependencies",
];

const R_PACKAGES: &[&str] =
    &["renv::restore", "install.packages", "remotes::install_deps", "pak::pkg_install"];

/// A RUN can be pages long, and begin with mounts that hide what it does:
/// `RUN --mount=type=cache,… npm ci` is shown as `RUN --mount=… npm ci` where it does not fit.
pub(super) fn brief(text: &str) -> String {
    const MAX: usize = 60;
    if text.chars().nth(MAX).is_none() {
        return text.to_owned();
    }
    let text = without_mounts(text).unwrap_or_else(|| text.to_owned());
    let cut = text.char_indices().nth(MAX).and_then(|(at, _)| text.get(..at));
    cut.map_or_else(|| text.clone(), |start| format!("{}…", start.trim_end()))
}

/// The options before the command of a RUN, as one `--mount=…`.
fn without_mounts(text: &str) -> Option<String> {
    let command = text.strip_prefix("RUN --mount=")?;
    let mut rest = command.split_once(char::is_whitespace)?.1.trim_start();
    while let Some(option) = rest.strip_prefix("--mount=") {
        rest = option.split_once(char::is_whitespace)?.1.trim_start();
    }
    Some(format!("RUN --mount=… {rest}"))
}

/// Two texts of one step, shortened: where both begin alike, from a few words before the first that
/// differs.
pub(super) fn brief_difference(a: &str, b: &str) -> (String, String) {
    const SHOWN: usize = 30;
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let instruction = a.split(' ').next().unwrap_or_default();
    let blank = a.get(..same.saturating_sub(SHOWN)).and_then(|start| start.rfind(' '));
    let blank = blank.filter(|at| *at > instruction.len());
    let shown = |text: &str| match blank.and_then(|at| text.get(at + 1..)) {
        Some(rest) => format!("{instruction} …{}", brief(rest)),
        None => brief(text),
    };
    (shown(a), shown(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_where_texts_differ() {
        let start = "RUN apt-get update && apt-get install -y --no-install-recommends libpq5";
        let (old, new) = brief_difference(start, &format!("{start} libmagic1"));
        assert_eq!(old, "RUN …--no-install-recommends libpq5");
        assert_eq!(new, "RUN …--no-install-recommends libpq5 libmagic1");
        assert_eq!(brief_difference("RUN a", "RUN b"), ("RUN a".into(), "RUN b".into()));
        assert_eq!(brief_difference("", "RUN b"), (String::new(), "RUN b".into()));
    }

    #[test]
    fn yarn_without_a_verb_installs() {
        for run in
            ["RUN yarn", "RUN yarn && yarn build", "RUN --mount=type=cache,target=/c CI=1 yarn"]
        {
            assert!(installs(run), "{run}");
        }
        for run in
            ["RUN yarn build", "RUN yarn --version", "RUN corepack enable yarn", "RUN rm -r /yarn"]
        {
            assert!(!installs(run), "{run}");
        }
    }

    #[test]
    fn tells_what_is_copied() {
        for text in [
            "COPY . .",
            "COPY --chown=app:app . /app",
            "COPY [\".\", \"/app\"]",
            "ADD ./ /src",
            "COPY package.json . /app/",
        ] {
            assert!(copies_everything(text), "{text}");
        }
        assert!(!copies_everything("COPY --exclude=src . ."));
        for text in ["COPY package.json ./", "COPY --from=build . .", "COPY src /src", "RUN cp . ."]
        {
            assert!(!copies_everything(text), "{text}");
        }
        assert_eq!(
            remote("ADD --chmod=644 https://x.example/a /a").as_deref(),
            Some("https://x.example/a")
        );
        assert_eq!(remote("ADD a.tar /"), None);
    }

    #[test]
    fn names_a_long_run_by_its_command() {
        let long = "RUN --mount=type=cache,target=/root/.npm --mount=type=bind,source=a,target=b \
            npm ci --omit=dev";
        assert_eq!(brief(long), "RUN --mount=… npm ci --omit=dev");
        let short = "RUN --mount=type=cache,target=/root/.npm npm ci";
        assert_eq!(brief(short), short);
        let cut = "RUN --mount=type=cache,target=/root/.cache/uv,id=uv-of-this-project,shari…";
        assert_eq!(brief(cut), "RUN --mount=type=cache,target=/root/.cache/uv,id=uv-of-this-…");
    }

    #[test]
    fn tells_what_fetches_dependencies() {
        for text in [
            "RUN npm ci",
            "RUN --mount=type=cache,target=/root/.npm npm install --omit=dev",
            "RUN cd web && yarn install",
            "RUN mvn -B -q dependency:go-offline",
            "RUN ./mvnw -B org.apache.maven.plugins:maven-dependency-plugin:3.6.0:go-offline \
                dependency:resolve",
            "RUN ./gradlew --no-daemon :app:dependencies",
            "RUN uv pip install -r requirements.txt",
            "RUN python -m pip install -r requirements.txt .",
            "RUN apt-get update && apt-get install -y git",
            "RUN [\"npm\", \"ci\"]",
            "RUN corepack enable; pnpm i --frozen-lockfile",
            "RUN Rscript -e 'renv::restore()'",
            "RUN cabal build --only-dependencies all",
            "RUN sbt update",
        ] {
            assert!(installs(text), "{text}");
        }
        for text in [
            "RUN npm run install-hooks",
            "RUN npm run ci",
            "RUN make install",
            "RUN pip install .",
            "RUN pip3 install -e .",
            "RUN cargo install --path .",
            "RUN go install ./...",
            "RUN npm run build",
            "RUN apt-get update",
            "RUN sbt assembly",
            "RUN ./install.sh",
            "COPY npm ci",
        ] {
            assert!(!installs(text), "{text}");
        }
    }

    #[test]
    fn tells_folders_from_files() {
        for text in [
            "COPY src/ ./src/",
            "COPY ./app /app",
            "COPY service /srv/service",
            "COPY a.txt lib /x/",
        ] {
            assert!(copies_a_folder(text), "{text}");
        }
        for text in [
            "COPY package*.json ./",
            "COPY a/Gemfile a/Gemfile.lock ./",
            "COPY --from=build app /app",
            "COPY requirements/ requirements/",
            "COPY gradle ./gradle",
        ] {
            assert!(!copies_a_folder(text), "{text}");
        }
        assert!(brings_settings("COPY certs /usr/local/share/ca-certificates/"));
        assert!(brings_settings("COPY [\"etc/apt\", \"/etc/apt\"]"));
        assert!(!brings_settings("COPY src /srv/etc"));
    }

    #[test]
    fn reads_mounts() {
        assert_eq!(
            cache_mount("RUN --mount=type=cache,target=/root/.npm npm ci"),
            Some("/root/.npm")
        );
        assert_eq!(cache_mount("RUN --mount=type=secret,id=x npm ci"), None);
        assert!(
            mounts_files("RUN --mount=target=/src make")
                && !mounts_files("RUN --mount=type=secret,id=x make")
        );
    }
}

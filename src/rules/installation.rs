//! Which files of the build context a dependency installation reads, where that is certain.
//!
//! A helper of the rules about the Dockerfile; knows texts of RUN only. One word that is not
//! understood and it says nothing: a COPY moved behind a RUN that needs its files breaks the build.

use super::instruction::{commands, fetches, script};
use super::manifests::is_path_option;

/// The files that a RUN reads, none for packages of the system; `None` where it may read others.
pub(super) fn reads(run: &str) -> Option<Vec<String>> {
    let command = run.strip_prefix("RUN ")?.trim_start();
    let command = without_mounts(command)?;
    if command.contains(['$', '`', '|', '<', '>', '(', '{', '\'', '"', '\\']) {
        return None;
    }
    let mut files: Vec<String> = Vec::new();
    let mut installs = false;
    for part in commands(command) {
        let words: Vec<&str> = part.split_ascii_whitespace().skip_while(is_assignment).collect();
        if is_harmless(&words) {
            continue;
        }
        let found = of_command(&words)?;
        installs = true;
        files.extend(found.into_iter().filter(|file| !files.contains(file)).collect::<Vec<_>>());
    }
    installs.then_some(files)
}

/// Every command of the RUN installs what others have made, or reads nothing but its own words; which
/// files that reads may not be certain: `RUN yarn install`, `RUN echo start && apk add git`.
pub(super) fn is_all(run: &str) -> bool {
    let mut parts = commands(script(run));
    parts.any(fetches) && commands(script(run)).all(|part| fetches(part) || is_plain_command(part))
}

/// It reads nothing but its own words: `RUN echo start`, `RUN mkdir -p /app`.
pub(super) fn is_plain(run: &str) -> bool {
    commands(script(run)).all(is_plain_command)
}

/// The same, or it writes settings down: `RUN yarn config set network-timeout 300000`.
pub(super) fn is_idle(run: &str) -> bool {
    commands(script(run)).all(|part| is_plain_command(part) || is_setting(part))
}

/// `npm config set unsafe-perm true`, `git config --global …`: takes no value from elsewhere.
fn is_setting(part: &str) -> bool {
    const TOOLS: [&str; 9] =
        ["npm", "yarn", "pnpm", "pip", "pip3", "git", "bundle", "composer", "poetry"];
    let mut words = part.split_ascii_whitespace().skip_while(is_assignment);
    words.next().is_some_and(|tool| TOOLS.contains(&tool)) && words.next() == Some("config")
}

/// Commands of the system, which take no value out of the environment that their words do not name.
fn is_plain_command(part: &str) -> bool {
    const COMMANDS: [&str; 45] = [
        "[",
        "a2enmod",
        "addgroup",
        "adduser",
        "apk",
        "apt",
        "apt-get",
        "cat",
        "cd",
        "chmod",
        "chown",
        "cp",
        "curl",
        "dnf",
        "docker-php-ext-configure",
        "docker-php-ext-enable",
        "docker-php-ext-install",
        "echo",
        "false",
        "fi",
        "gpg",
        "groupadd",
        "ldconfig",
        "ln",
        "grep",
        "install",
        "locale-gen",
        "printf",
        "ls",
        "microdnf",
        "mkdir",
        "mv",
        "pecl",
        "rm",
        "sed",
        "tar",
        "test",
        "touch",
        "true",
        "unzip",
        "update-ca-certificates",
        "useradd",
        "usermod",
        "wget",
        "yum",
    ];
    let keyword = |word: &&str| matches!(*word, "if" | "then" | "else" | "elif" | "!");
    let words: Vec<&str> = part
        .split_ascii_whitespace()
        .skip_while(|word| is_assignment(word) || keyword(word))
        .collect();
    is_harmless(&words) || words.first().is_some_and(|tool| COMMANDS.contains(tool))
}

/// The two halves of a RUN that installs and then builds the sources, as instructions of their own:
/// `RUN npm ci` and `RUN npm run build` of `RUN npm ci && npm run build`. Mounts stay with both.
pub(super) fn split(run: &str) -> Option<(String, String)> {
    let text = run.strip_prefix("RUN ")?.trim_start();
    if text.contains(['|', '(', '{', '\'', '"', '`', '<', '\n']) {
        return None;
    }
    let command = script(run);
    let options = text.strip_suffix(command)?;
    let parts = command.split("&&").flat_map(|part| part.split(';')).map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| is_of_shell(part)) {
        return None;
    }
    // `cd web && npm ci && npm run build`: both halves run there.
    let (place, parts) = match parts.split_first() {
        Some((place, rest)) if place.starts_with("cd ") => (Some(*place), rest),
        _ => (None, parts.as_slice()),
    };
    let last = parts.iter().rposition(|part| fetches(part) && !installs_sources(part))?;
    let (first, rest) = parts.split_at_checked(last + 1)?;
    let harmless = |part: &str| is_harmless(&part.split_ascii_whitespace().collect::<Vec<_>>());
    let installs = first
        .iter()
        .all(|part| fetches(part) && !installs_sources(part) || harmless(part) || is_setting(part));
    let moves = rest.iter().any(|part| part.starts_with("cd "));
    if !installs || moves || !rest.iter().any(|part| builds(part) && !harmless(part)) {
        return None;
    }
    let instruction = |parts: &[&str]| {
        let parts: Vec<&str> = place.into_iter().chain(parts.iter().copied()).collect();
        format!("RUN {options}{}", parts.join(" && "))
    };
    Some((instruction(first), instruction(rest)))
}

/// It installs, and builds the sources too, in a way that [`split`] does not part.
pub(super) fn builds_too(run: &str) -> bool {
    const VERBS: [&str; 6] = ["build", "compile", "package", "run", "run-script", "test"];
    let mut parts = commands(script(run));
    // What it downloads it may build, too.
    let downloads = ["curl ", "wget ", "git clone "].iter().any(|word| run.contains(word));
    let compiles = |part: &str| {
        let mut words = part.split_ascii_whitespace().skip_while(is_assignment);
        let tool = words.next().unwrap_or_default();
        let verb = words.next().unwrap_or_default();
        !downloads && matches!(tool, "make" | "cmake" | "tsc")
            || builds(part) && VERBS.contains(&verb)
            || fetches(part) && words.any(is_built)
    };
    parts.any(fetches) && commands(script(run)).any(compiles)
}

/// `dist/*.whl`: a package that the RUN made itself.
fn is_built(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, end)| end == "whl") && !word.contains("://")
}

/// `pip install .`, `python -m pip install --no-deps -e .`
fn installs_sources(part: &str) -> bool {
    let words: Vec<&str> = part.split_ascii_whitespace().collect();
    let pip = words.iter().take(3).any(|word| matches!(*word, "pip" | "pip3"));
    let sources = |word: &&str| *word == "." || word.starts_with("./") || word.starts_with(".[");
    pip && words.iter().any(sources)
}

/// A word of the shell, whose commands go together: `if [ -f a ]; then npm ci; fi`.
fn is_of_shell(part: &str) -> bool {
    const WORDS: [&str; 12] =
        ["if", "then", "else", "elif", "fi", "for", "while", "do", "done", "case", "esac", "until"];
    part.split_ascii_whitespace().next().is_some_and(|word| WORDS.contains(&word))
}

/// A command that works on the sources.
fn builds(part: &str) -> bool {
    const BUILDERS: [&str; 24] = [
        "npm", "npx", "yarn", "pnpm", "bun", "node", "tsc", "make", "cmake", "go", "cargo", "mvn",
        "gradle", "dotnet", "python", "python3", "poetry", "uv", "bundle", "rake", "rails", "php",
        "composer", "mix",
    ];
    let tool = part.split_ascii_whitespace().find(|word| !is_assignment(word)).unwrap_or_default();
    BUILDERS.contains(&tool) || tool.starts_with("./") || installs_sources(part)
}

/// Options of the RUN: caches and secrets bring no files of the context, `type=bind` does.
fn without_mounts(mut command: &str) -> Option<&str> {
    while command.starts_with("--") {
        let (option, rest) = command.split_once(' ')?;
        let kinds = ["type=cache", "type=secret", "type=ssh", "type=tmpfs"];
        let mount = option
            .strip_prefix("--mount=")
            .is_none_or(|m| m.split(',').any(|part| kinds.contains(&part)));
        if !mount {
            return None;
        }
        command = rest.trim_start();
    }
    Some(command)
}

fn is_assignment(word: &&str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// It installs nothing and reads no files of the context.
fn is_harmless(words: &[&str]) -> bool {
    let plain = without_flags(words);
    match plain.as_slice() {
        []
        | ["set", ..]
        | ["corepack", "enable", ..]
        | ["apt-get" | "apt" | "apk", "update", ..]
        | ["apt-get" | "apt", "clean" | "autoremove" | "autoclean", ..]
        | ["yum" | "dnf" | "microdnf", "clean", ..]
        | ["npm" | "yarn", "cache", "clean", ..] => true,
        ["rm", rest @ ..] => rest.iter().all(|word| word.starts_with(['-', '/'])),
        _ => false,
    }
}

/// `apt-get -qy update`: what a package manager of the system is asked for may follow flags.
fn without_flags<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let system =
        |word: &&str| matches!(*word, "apt-get" | "apt" | "apk" | "yum" | "dnf" | "microdnf");
    let Some((tool, rest)) = words.split_first().filter(|(tool, _)| system(tool)) else {
        return words.to_vec();
    };
    let rest = rest.iter().copied().skip_while(|word| word.starts_with('-'));
    std::iter::once(*tool).chain(rest).collect()
}

fn of_command(words: &[&str]) -> Option<Vec<String>> {
    let options = |rest: &[&str]| rest.iter().all(|word| is_plain_option(word));
    let files = match words {
        ["npm", "ci" | "clean-install", rest @ ..] if options(rest) => {
            &["package.json", "package-lock.json"][..]
        }
        ["yarn", "install", rest @ ..]
            if options(rest) && has(rest, &["--frozen-lockfile", "--immutable"]) =>
        {
            &["package.json", "yarn.lock"]
        }
        ["pnpm", "install" | "i", rest @ ..]
            if options(rest) && has(rest, &["--frozen-lockfile"]) =>
        {
            &["package.json", "pnpm-lock.yaml"]
        }
        ["go", "mod", "download", rest @ ..] if rest.iter().all(|word| *word == "-x") => {
            &["go.mod", "go.sum"]
        }
        ["poetry", "install", rest @ ..] if options(rest) && has(rest, &["--no-root"]) => {
            &["pyproject.toml", "poetry.lock"]
        }
        ["uv", "sync", rest @ ..]
            if options(rest)
                && has(rest, &["--frozen", "--locked"])
                && has(rest, &["--no-install-project"]) =>
        {
            &["pyproject.toml", "uv.lock"]
        }
        ["pipenv", "install", rest @ ..]
            if options(rest) && has(rest, &["--deploy", "--ignore-pipfile"]) =>
        {
            &["Pipfile", "Pipfile.lock"]
        }
        ["pip" | "pip3", "install", rest @ ..]
        | ["uv", "pip", "install", rest @ ..]
        | ["python" | "python3", "-m", "pip", "install", rest @ ..] => {
            return of_pip(rest);
        }
        _ => return names_packages(words).then(Vec::new),
    };
    Some(files.iter().map(|file| (*file).to_owned()).collect())
}

/// Installs what the command itself names, and reads no file.
fn names_packages(words: &[&str]) -> bool {
    match words {
        ["npm", "install" | "i" | "add", rest @ ..] => {
            has(rest, &["-g", "--global"]) && rest.iter().all(|word| !word.starts_with(['.', '/']))
        }
        ["gem", "install", rest @ ..] => rest.iter().all(|word| !word.contains(['/', '='])),
        ["apt-get" | "apt" | "apk" | "yum" | "dnf" | "microdnf", rest @ ..] => {
            has(rest, &["install", "add"]) && rest.iter().all(|word| !word.contains('/'))
        }
        _ => false,
    }
}

fn has(words: &[&str], any: &[&str]) -> bool {
    words.iter().any(|word| any.contains(word))
}

/// `-r requirements.txt`, and packages by name. A path, `.` or `-e` installs the sources.
fn of_pip(words: &[&str]) -> Option<Vec<String>> {
    let mut files = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-r" | "--requirement" => files.push((*words.next()?).to_owned()),
            word if is_path_option(word) => return None,
            word if word.starts_with('-') => {}
            word if word.contains('/') || word.starts_with('.') => return None,
            _ => {}
        }
    }
    Some(files)
}

/// An option that leads to no other folder.
fn is_plain_option(word: &str) -> bool {
    let elsewhere =
        ["prefix", "cwd", "dir", "directory", "project", "workspace", "filter", "-w", "-C"];
    word.starts_with('-') && !elsewhere.iter().any(|part| word.contains(part))
        || word == "--no-install-project"
}

#[cfg(test)]
mod tests;

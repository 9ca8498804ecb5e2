//! A command line cut into simple commands, and the tool each of them calls.

use super::{Tool, substitution};

/// How deep a command may be handed to another shell.
const SHELLS: usize = 4;

/// The simple commands of a line: `cd app && docker build .` has two. What is handed to another
/// shell (`docker exec x bash -c '…'`, `ssh host '…'`) is a line of its own.
pub(super) fn simple(text: &str) -> Vec<Vec<String>> {
    let mut commands = split(text);
    for _ in 0..SHELLS {
        let inside = |words: &Vec<String>| handed_over(words).map(|script| split(&script));
        if !commands.iter().any(|words| handed_over(words).is_some()) {
            break;
        }
        commands = commands
            .into_iter()
            .flat_map(|words| inside(&words).unwrap_or_else(|| vec![words]))
            .collect();
    }
    commands
}

/// The script of `sh -c`, `bash -lc`, `su ci -c`; the command of `ssh host`, `nix-shell --run`,
/// `eval`, where it is one word.
fn handed_over(words: &[String]) -> Option<String> {
    const SHELLS: [&str; 9] =
        ["sh", "bash", "ash", "dash", "zsh", "busybox", "su", "runuser", "script"];
    let name = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let shell = words.iter().position(|word| SHELLS.contains(&name(word).as_str()));
    let script = shell.and_then(|at| {
        let option =
            at + 1 + words.get(at + 1..)?.iter().position(|word| is_script_option(word))?;
        let script = words.get(option + 1..)?;
        // A log may show it without its quotes: `Starting: /bin/sh -c docker build .`
        let whole = script.first().filter(|word| word.contains(' ')).cloned();
        whole.or_else(|| (script.len() > 1).then(|| script.join(" ")))
    });
    let remote = || {
        let takes = |word: &String| matches!(name(word).as_str(), "ssh" | "nix-shell" | "eval");
        let at = words.iter().position(takes)?;
        words.get(at + 1..)?.iter().rev().find(|word| word.contains(' ')).cloned()
    };
    script.or_else(remote)
}

/// `-c`, `-ec`, `-lc`
fn is_script_option(word: &str) -> bool {
    let letters = word.strip_prefix('-').filter(|letters| letters.len() < 6);
    letters.is_some_and(|letters| {
        letters.ends_with('c') && letters.bytes().all(|b| b.is_ascii_lowercase())
    })
}

/// The words of a line, as a shell makes them; `None` where a quote is not closed.
#[must_use]
pub fn shell_words(text: &str) -> Option<Vec<String>> {
    shlex::split(&substitution::escaped(text))
}

fn split(text: &str) -> Vec<Vec<String>> {
    let words = shell_words(text)
        .unwrap_or_else(|| text.split_ascii_whitespace().map(str::to_owned).collect());
    let mut commands = vec![Vec::new()];
    for word in words {
        let (word, ends) = match word.as_str() {
            "&&" | "||" | ";" | "|" | "&" => ("", true),
            word => word.strip_suffix(';').map_or((word, false), |word| (word, true)),
        };
        if !word.is_empty()
            && let Some(last) = commands.last_mut()
        {
            last.push(word.to_owned());
        }
        if ends {
            commands.push(Vec::new());
        }
    }
    commands
}

/// An option and the value in the same word: `--file=D`, `-f=D`, `-f-` (`spf13/pflag`).
pub(super) fn parts(word: &str) -> (&str, Option<String>) {
    if let Some((option, value)) = word.split_once('=').filter(|(o, _)| o.starts_with('-')) {
        return (option, Some(value.to_owned()));
    }
    match word.split_at_checked(2) {
        Some((option @ ("-f" | "-t"), value)) if !value.is_empty() => {
            (option, Some(value.to_owned()))
        }
        _ => (word, None),
    }
}

/// What a simple command calls, and the words around that.
pub(super) struct SimpleCall<'a> {
    pub(super) tool: Tool,
    /// Variables, `sudo`, and options before the verb: `BUILDAH_LAYERS=true`, `-f compose.yml`.
    pub(super) before: Vec<&'a String>,
    /// Nothing but variables stands in front of the program.
    pub(super) first: bool,
    /// It is podman, whose options are not all buildah's.
    pub(super) podman: bool,
    /// Options and arguments of the verb.
    pub(super) rest: &'a [String],
}

/// Finds the called tool; `None` where it builds nothing.
pub(super) fn call(words: &[String]) -> Option<SimpleCall<'_>> {
    let named = |w: &String| Program::of(w.rsplit('/').next().unwrap_or(w), w);
    let mut programs =
        words.iter().enumerate().filter_map(|(i, w)| Some((i, named(w)?, words.get(i + 1..)?)));
    // `docker exec x docker build .` runs another one.
    let (start, program, rest) = programs.find(|(_, program, rest)| !program.runs_another(rest))?;
    let (tool, at) = program.verb(rest)?;
    let before = words.iter().take(start).chain(rest.iter().take(at)).collect();
    let first = words.iter().take(start).all(|word| word.contains('=') && !word.starts_with('-'));
    let podman = words.get(start).is_some_and(|word| word.rsplit('/').next() == Some("podman"));
    Some(SimpleCall { tool, before, first, podman, rest: rest.get(at..).unwrap_or_default() })
}

/// A simple command deletes steps of a builder's cache: `docker builder prune`,
/// `docker buildx prune`.
pub(super) fn prunes(words: &[String]) -> bool {
    let verbs: Vec<&str> = words
        .iter()
        .skip_while(|word| {
            !matches!(Program::of(word, word), Some(Program::Docker | Program::Buildx))
        })
        .filter(|word| !word.starts_with('-'))
        .map(String::as_str)
        .collect();
    matches!(
        verbs.as_slice(),
        ["docker", "builder" | "buildx", "prune", ..] | ["docker-buildx", "prune", ..]
    )
}

/// Which images a command deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletes {
    /// The whole store, without a word: `podman system reset --force`.
    Store,
    /// All that no container uses: `docker system prune -af`, `podman rmi --all`.
    All,
    /// Those that no tag names: `docker image prune -f`.
    Nameless,
    /// Those it names: `docker rmi app:1`.
    Named,
}

/// Which images a simple command deletes. A prune with a filter leaves the new ones.
pub(super) fn deletes_images(words: &[String]) -> Option<Deletes> {
    let named = |word: &String| matches!(word.as_str(), "docker" | "podman" | "buildah");
    let words: Vec<&str> =
        words.iter().skip_while(|word| !named(word)).map(String::as_str).collect();
    let given = |options: &[&str], long: &str, short: char| {
        let is_short = |option: &str| letters(option).is_some_and(|all| all.contains(short));
        options.iter().any(|option| *option == long || is_short(option))
    };
    let (options, rest) = match words.as_slice() {
        [_, "system" | "image", "prune", options @ ..] | ["buildah", "prune", options @ ..] => {
            (options, Deletes::Nameless)
        }
        [_, "rmi", options @ ..] | [_, "image", "rm" | "remove", options @ ..] => {
            (options, Deletes::Named)
        }
        ["podman", "system", "reset", options @ ..] => {
            return given(options, "--force", 'f').then_some(Deletes::Store);
        }
        _ => return None,
    };
    if options.iter().any(|option| option.starts_with("--filter")) {
        return None;
    }
    Some(if given(options, "--all", 'a') { Deletes::All } else { rest })
}

/// The command leaves nothing of a builder's cache and does not ask back: `docker system prune -af`,
/// `docker builder prune --all --force`. One with an age or a size leaves something, `docker image
/// prune` leaves `BuildKit`'s steps.
pub(super) fn empties(words: &[&str]) -> bool {
    let ([_, "builder" | "buildx" | "system", "prune", options @ ..]
    | ["docker-buildx", "prune", options @ ..]) = words
    else {
        return false;
    };
    let asks = |letter: char, long: &str| {
        let short = |option: &str| letters(option).is_some_and(|all| all.contains(letter));
        options.iter().any(|option| *option == long || short(option))
    };
    let known = |option: &&str| {
        matches!(*option, "--all" | "--force" | "--volumes" | "--verbose")
            || letters(option).is_some()
    };
    let docker = words.first().is_some_and(|word| word.starts_with("docker"));
    docker && options.iter().all(known) && asks('a', "--all") && asks('f', "--force")
}

/// The letters of `-af`, where it has no others.
fn letters(option: &str) -> Option<&str> {
    let letters = option.strip_prefix('-')?;
    letters.bytes().all(|b| matches!(b, b'a' | b'f')).then_some(letters)
}

enum Program {
    Docker,
    Buildx,
    Compose,
    Buildctl,
    Buildah,
    Podman,
    Kaniko,
}

impl Program {
    fn of(name: &str, path: &str) -> Option<Self> {
        Some(match name {
            "docker" => Self::Docker,
            "docker-buildx" => Self::Buildx,
            "docker-compose" => Self::Compose,
            "buildctl" | "buildctl-daemonless.sh" => Self::Buildctl,
            "buildah" => Self::Buildah,
            "podman" => Self::Podman,
            "executor" if path.contains("kaniko") => Self::Kaniko,
            _ => return None,
        })
    }

    /// `docker exec`, `docker run`: what is called follows.
    fn runs_another(&self, rest: &[String]) -> bool {
        let verb = self.first_word(rest);
        matches!(self, Self::Docker | Self::Podman) && matches!(verb, Some("exec" | "run"))
    }

    /// The first word that is no option of the program itself, nor the value of one:
    /// `podman --storage-driver vfs build .` (docker/cli `cli/flags/options.go`, podman
    /// `cmd/podman/root.go`).
    fn first_word<'a>(&self, rest: &'a [String]) -> Option<&'a str> {
        const DOCKER: [&str; 10] = [
            "--config",
            "-c",
            "--context",
            "-H",
            "--host",
            "-l",
            "--log-level",
            "--tlscacert",
            "--tlscert",
            "--tlskey",
        ];
        const PODMAN: [&str; 25] = [
            "-c",
            "--connection",
            "--url",
            "--identity",
            "--ssh",
            "--root",
            "--runroot",
            "--tmpdir",
            "--storage-driver",
            "--storage-opt",
            "--imagestore",
            "--cgroup-manager",
            "--runtime",
            "--runtime-flag",
            "--conmon",
            "--log-level",
            "--module",
            "--events-backend",
            "--hooks-dir",
            "--network-cmd-path",
            "--network-config-dir",
            "--volumepath",
            "--db-backend",
            "--out",
            "--cdi-spec-dir",
        ];
        let takes_value: &[&str] = if matches!(self, Self::Podman) { &PODMAN } else { &DOCKER };
        let mut words = rest.iter().map(String::as_str);
        loop {
            match words.next()? {
                option if takes_value.contains(&option) => drop(words.next()),
                option if option.starts_with('-') => {}
                word => return Some(word),
            }
        }
    }

    /// The tool, and how many words there are up to its verb.
    fn verb(&self, rest: &[String]) -> Option<(Tool, usize)> {
        let at =
            |verbs: &[&str]| rest.iter().position(|w| verbs.contains(&w.as_str())).map(|at| at + 1);
        let has = |word: &str| rest.iter().any(|w| w == word);
        let first = self.first_word(rest);
        match self {
            Self::Kaniko => Some((Tool::Kaniko, 0)),
            Self::Compose => Some((Tool::Compose, at(&["build", "up"])?)),
            Self::Buildctl => Some((Tool::Buildctl, at(&["build"])?)),
            Self::Buildah => {
                Some((Tool::Buildah, at(&["build", "bud", "build-using-dockerfile"])?))
            }
            Self::Podman if matches!(first, Some("build" | "image")) => {
                Some((Tool::Buildah, at(&["build"])?))
            }
            Self::Podman => None,
            Self::Docker if has("compose") => Some((Tool::Compose, at(&["build", "up"])?)),
            _ if has("bake") => Some((Tool::BuildxBake, at(&["bake"])?)),
            Self::Buildx => buildx(&has, &at),
            Self::Docker if has("buildx") => buildx(&has, &at),
            Self::Docker => match first {
                Some("build" | "image" | "builder") => Some((Tool::DockerBuild, at(&["build"])?)),
                _ => None,
            },
        }
    }
}

fn buildx(
    has: &dyn Fn(&str) -> bool,
    at: &dyn Fn(&[&str]) -> Option<usize>,
) -> Option<(Tool, usize)> {
    if has("create") {
        return Some((Tool::BuildxCreate, at(&["create"])?));
    }
    Some((Tool::BuildxBuild, at(&["build", "b"])?))
}

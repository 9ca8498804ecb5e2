//! A command line cut into simple commands, and the tool each of them calls.

use super::Tool;

/// The simple commands of a line: `cd app && docker build .` has two.
pub(super) fn simple(text: &str) -> Vec<Vec<String>> {
    let words = shlex::split(text).unwrap_or_else(|| text.split_ascii_whitespace().map(str::to_owned).collect());
    let mut commands = vec![Vec::new()];
    for word in words {
        let (word, ends) = match word.as_str() {
            "&&" | "||" | ";" | "|" | "&" => ("", true),
            word => word.strip_suffix(';').map_or((word, false), |word| (word, true)),
        };
        if let Some(last) = commands.last_mut().filter(|_| !word.is_empty()) {
            last.push(word.to_owned());
        }
        if ends {
            commands.push(Vec::new());
        }
    }
    commands
}

/// What a simple command calls, and the words around that.
pub(super) struct Call<'a> {
    pub(super) tool: Tool,
    /// Variables, `sudo`, and options before the verb: `BUILDAH_LAYERS=true`, `-f compose.yml`.
    pub(super) before: Vec<&'a String>,
    /// Nothing but variables stands in front of the program.
    pub(super) first: bool,
    /// Options and arguments of the verb.
    pub(super) rest: &'a [String],
}

/// Finds the called tool; `None` where it builds nothing.
pub(super) fn call(words: &[String]) -> Option<Call<'_>> {
    let named = |w: &String| Program::of(w.rsplit('/').next().unwrap_or(w), w);
    let (start, program) = words.iter().enumerate().find_map(|(i, w)| Some((i, named(w)?)))?;
    let rest = words.get(start + 1..)?;
    let (tool, at) = program.verb(rest)?;
    let before = words.iter().take(start).chain(rest.iter().take(at)).collect();
    let first = words.iter().take(start).all(|word| word.contains('=') && !word.starts_with('-'));
    Some(Call { tool, before, first, rest: rest.get(at..).unwrap_or_default() })
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

    /// The tool, and how many words there are up to its verb.
    fn verb(&self, rest: &[String]) -> Option<(Tool, usize)> {
        let at = |verbs: &[&str]| rest.iter().position(|w| verbs.contains(&w.as_str())).map(|at| at + 1);
        let has = |word: &str| rest.iter().any(|w| w == word);
        let first = rest.iter().find(|w| !w.starts_with('-')).map(String::as_str);
        match self {
            Self::Kaniko => Some((Tool::Kaniko, 0)),
            Self::Compose => Some((Tool::Compose, at(&["build", "up"])?)),
            Self::Buildctl => Some((Tool::Buildctl, at(&["build"])?)),
            Self::Buildah => Some((Tool::Buildah, at(&["build", "bud", "build-using-dockerfile"])?)),
            Self::Podman if matches!(first, Some("build" | "image")) => Some((Tool::Buildah, at(&["build"])?)),
            Self::Podman => None,
            Self::Docker if has("compose") => Some((Tool::Compose, at(&["build", "up"])?)),
            _ if has("bake") => Some((Tool::BuildxBake, at(&["bake"])?)),
            Self::Buildx => buildx(&has, &at),
            Self::Docker if has("buildx") => buildx(&has, &at),
            Self::Docker => match rest.first().map(String::as_str) {
                Some("build" | "image" | "builder") => Some((Tool::DockerBuild, at(&["build"])?)),
                _ => None,
            },
        }
    }
}

fn buildx(has: &dyn Fn(&str) -> bool, at: &dyn Fn(&[&str]) -> Option<usize>) -> Option<(Tool, usize)> {
    if has("create") {
        return Some((Tool::BuildxCreate, at(&["create"])?));
    }
    Some((Tool::BuildxBuild, at(&["build", "b"])?))
}

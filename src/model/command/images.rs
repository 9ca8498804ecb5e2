//! Commands about images that are there already: which they name, and what becomes of those.

/// What one simple command does with images, by their names as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImageCommand {
    /// `docker tag app:1 app:latest` gives an image of this machine another name.
    Tag {
        from: String,
        to: Vec<String>,
    },
    /// `docker buildx imagetools create -t r/app:latest r/app:1` does so in the registry.
    Copy {
        from: String,
        to: Vec<String>,
    },
    Push(Vec<String>),
    Pull(Vec<String>),
    /// `docker compose pull web` pulls the images of these services; of all where none is named.
    PullServices(Vec<String>),
    /// `docker load` brings images from a file, which does not tell their names.
    Load,
    Save(Vec<String>),
}

impl ImageCommand {
    /// Reads a command by its words, of which the first is the program; `None` where it does
    /// something else.
    pub(crate) fn read(words: &[&str]) -> Option<Self> {
        if let ["docker", "compose", rest @ ..] | ["docker-compose", rest @ ..] = words {
            return services(rest).map(Self::PullServices);
        }
        let (program, rest) = words.split_first()?;
        if !is_program(program) {
            return None;
        }
        let rest = rest.strip_prefix(&["image"]).unwrap_or(rest);
        Some(match rest {
            ["tag", rest @ ..] => {
                let (from, to) = first_and_others(rest)?;
                Self::Tag { from, to }
            }
            ["buildx", "imagetools", "create", rest @ ..] => {
                Self::Copy { from: plain(rest).pop()?, to: tags(rest) }
            }
            ["push", rest @ ..] => Self::Push(plain(rest)),
            ["pull", rest @ ..] => Self::Pull(plain(rest)),
            ["load", ..] => Self::Load,
            ["save", rest @ ..] => Self::Save(plain(rest)),
            _ => return None,
        })
    }

    /// Names under which an image that is built already is known from here on.
    pub(super) fn names(self) -> Vec<String> {
        match self {
            Self::Tag { to, .. } | Self::Copy { to, .. } => to,
            Self::Push(names) => names,
            Self::Pull(_) | Self::PullServices(_) | Self::Load | Self::Save(_) => Vec::new(),
        }
    }
}

/// From the program on: `sudo docker tag …`, `A=1 docker push …`.
pub(super) fn behind_other_words(words: &[String]) -> Option<ImageCommand> {
    let start = words.iter().position(|word| is_program(word))?;
    let words: Vec<&str> = words.iter().skip(start).map(String::as_str).collect();
    ImageCommand::read(&words)
}

/// `docker pull -q app:1`, `skopeo copy docker://r/app:1 docker-daemon:app:1`.
pub(super) fn fetched(words: &[String]) -> Vec<String> {
    if words.first().is_some_and(|word| matches!(word.as_str(), "echo" | "printf")) {
        return Vec::new();
    }
    if words.iter().any(|word| word == "skopeo") {
        let to = words.last().and_then(|word| word.strip_prefix("docker-daemon:"));
        return to.map(str::to_owned).into_iter().collect();
    }
    match behind_other_words(words) {
        Some(ImageCommand::Pull(names)) => names,
        _ => Vec::new(),
    }
}

fn is_program(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(name, "docker" | "podman" | "buildah" | "nerdctl")
}

/// The services of `pull`; `None` where Compose does something else.
fn services(rest: &[&str]) -> Option<Vec<String>> {
    const OTHERS: [&str; 4] = ["build", "exec", "run", "up"];
    let verb = rest.iter().position(|word| *word == "pull" || OTHERS.contains(word))?;
    let (_, behind) = rest.get(verb..)?.split_first().filter(|(verb, _)| **verb == "pull")?;
    Some(plain(behind))
}

fn first_and_others(rest: &[&str]) -> Option<(String, Vec<String>)> {
    let mut names = plain(rest).into_iter();
    Some((names.next()?, names.collect()))
}

/// The words that are neither options, nor values of those that these commands have, nor behind
/// them: `docker pull --platform linux/amd64 app >/dev/null`.
fn plain(rest: &[&str]) -> Vec<String> {
    const VALUED: [&str; 10] = [
        "--arch",
        "--authfile",
        "--cert-dir",
        "--creds",
        "--os",
        "--output",
        "--platform",
        "--policy",
        "--variant",
        "-o",
    ];
    let mut plain = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if word.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['>', '<']) {
            break;
        }
        if VALUED.contains(word) {
            words.next();
        } else if !word.starts_with('-') {
            plain.push((*word).to_owned());
        }
    }
    plain
}

/// `-t app:latest app:1`, `--tag=app:latest app:1`
fn tags(rest: &[&str]) -> Vec<String> {
    let mut tags = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if matches!(*word, "-t" | "--tag") {
            tags.extend(words.next().map(|tag| (*tag).to_owned()));
        } else if let Some(tag) = word.strip_prefix("--tag=") {
            tags.push(tag.to_owned());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Command;

    #[test]
    fn an_image_is_named_by_tag_and_push() {
        for (line, want) in [
            ("docker tag app:1 r/app:latest", "r/app:latest"),
            ("sudo docker image tag app:1 app:2 && docker push -q app:2", "app:2 app:2"),
            ("podman push app:1", "app:1"),
            ("docker buildx imagetools create -t r/app:latest r/app:1", "r/app:latest"),
            ("docker build -t app:1 .", ""),
            ("docker pull app:1", ""),
            ("git push origin v1 # docker", ""),
        ] {
            assert_eq!(Command::names(line).join(" "), want, "{line}");
        }
    }

    #[test]
    fn an_image_is_fetched_by_pull_and_copy() {
        for (line, want) in [
            ("docker pull -q app:1", "app:1"),
            ("sudo docker image pull app:1 --quiet >/dev/null || true", "app:1"),
            ("skopeo copy docker://r/app:1 docker-daemon:r/app:1", "r/app:1"),
            ("skopeo copy docker-daemon:r/app:1 docker://r/app:1", ""),
            ("echo docker pull app:1", ""),
            ("git pull origin main", ""),
        ] {
            assert_eq!(Command::fetches(line).join(" "), want, "{line}");
        }
    }

    #[test]
    fn values_of_options_are_no_images() {
        for (line, want) in [
            ("docker pull -q --platform linux/amd64 app:1 2> log", Some("app:1")),
            ("docker image pull app:1", Some("app:1")),
            ("docker pull --platform=linux/amd64 app:1", Some("app:1")),
            ("echo docker pull app:1", None),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let want = want.map(|name| ImageCommand::Pull(vec![name.to_owned()]));
            assert_eq!(ImageCommand::read(&words), want, "{line}");
        }
    }

    #[test]
    fn compose_pulls_images_of_services() {
        for (line, want) in [
            ("docker compose -f ci.yml pull --policy always web api", Some("web api")),
            ("docker-compose pull", Some("")),
            ("docker compose up --pull always", None),
            ("docker compose run web pull", None),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let services = match ImageCommand::read(&words) {
                Some(ImageCommand::PullServices(services)) => Some(services.join(" ")),
                _ => None,
            };
            assert_eq!(services.as_deref(), want, "{line}");
        }
    }
}

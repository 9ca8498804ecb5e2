//! What a job does with registries: when it logs in, which names it gives images, which it pushes.

use crate::config::Place;
use crate::model::Text;

/// Registries as one job uses them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    logged_in: bool,
    /// `docker tag`: the name an image has, and the other it gets.
    tagged: Vec<(String, String)>,
    pushed: Vec<String>,
    /// Images come from a file: `docker load`.
    loaded: bool,
    /// Images that go into one: `docker save`.
    saved: Vec<String>,
}

impl Registry {
    /// The job has logged in by now.
    pub(crate) fn log_in(&mut self) {
        self.logged_in = true;
    }

    /// Looks at one command, given by its words.
    pub(super) fn observe(&mut self, words: &[&str]) {
        let names = |rest: &[&str]| {
            rest.iter().filter(|word| !word.starts_with('-')).map(|word| plain(word)).collect()
        };
        let names = |rest: &[&str]| -> Vec<String> { names(rest) };
        match words {
            ["docker" | "podman" | "buildah", "login", ..]
            | ["az", "acr", "login", ..]
            | ["gcloud", "auth", "configure-docker", ..] => self.log_in(),
            // `$(aws ecr get-login)` is the `docker login` itself.
            _ if words.iter().any(|word| word.contains("get-login")) => self.log_in(),
            ["docker", "load", ..] | ["docker", "image", "load", ..] => self.loaded = true,
            ["docker", "save", rest @ ..] | ["docker", "image", "save", rest @ ..] => {
                self.saved.extend(names(rest));
            }
            ["docker", "tag", rest @ ..] | ["docker", "image", "tag", rest @ ..] => {
                let mut names = names(rest).into_iter();
                self.tagged.extend(names.next().zip(names.next()));
            }
            ["docker", "push", rest @ ..] | ["docker", "image", "push", rest @ ..] => {
                self.pushed.extend(names(rest).into_iter().next());
            }
            _ => {}
        }
    }

    /// What is known when the build begins.
    pub(super) fn begin(&self, place: &mut Place) {
        place.logs_in_later = !self.logged_in;
        place.reloaded = self.loaded;
    }

    /// What is known when the job was read to its end.
    pub(crate) fn end(&self, place: &mut Place) {
        place.logs_in_later &= self.logged_in;
        place.without_registry = !self.logged_in && self.pushed.is_empty() && !place.command.push;
        let own = |name: &str| place.command.tags.iter().any(|tag| plain(tag) == name);
        let also = |name: &&String| self.tagged.iter().any(|(from, to)| to == *name && own(from));
        // `docker save -o image.tar $IMAGE`
        let may_be_own = |name: &String| own(name) || name.starts_with('$');
        place.reloaded &= self.saved.iter().any(may_be_own);
        let whole = |name: &&String| place.command.tags.iter().any(|tag| is_of(tag, name));
        place.pushed =
            self.pushed.iter().filter(|name| also(name) || whole(name)).cloned().collect();
    }
}

/// `docker push --all-tags $REG/web` pushes `$REG/web:latest` too.
fn is_of(tag: &Text, name: &str) -> bool {
    let tag = plain(tag);
    tag == name || tag.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
}

/// `${IMAGE}` is `$IMAGE`.
fn plain(name: &str) -> String {
    let braced = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut text = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        match after.split_once('}').filter(|(inner, _)| inner.chars().all(braced)) {
            Some((inner, behind)) if !behind.starts_with(braced) => {
                text.push('$');
                text.push_str(inner);
                rest = behind;
            }
            _ => {
                text.push_str("${");
                rest = after;
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Asked, Command};

    fn told(tag: &str, commands: &[&str]) -> Vec<String> {
        let mut registry = Registry::default();
        let asked = Asked { tags: vec![tag.into()], ..Asked::default() };
        let command = Command { asked: asked.into(), ..Command::default() };
        let mut place = Place { command, ..Place::default() };
        registry.begin(&mut place);
        for command in commands {
            registry.observe(&command.split(' ').collect::<Vec<_>>());
        }
        registry.end(&mut place);
        let login = place.logs_in_later.then(|| "login".to_owned());
        place.pushed.into_iter().chain(login).collect()
    }

    #[test]
    fn a_push_is_of_the_build_whose_name_it_gives() {
        for (tag, commands, names) in [
            ("app", &["docker push app"][..], &["app"][..]),
            ("${REG}/web:1", &["docker push --all-tags $REG/web"], &["$REG/web"]),
            (
                "app",
                &["docker tag app r.example.com/app:1", "docker push r.example.com/app:1"],
                &["r.example.com/app:1"],
            ),
            ("app", &["docker push web", "docker tag app other", "echo docker push app"], &[]),
            ("app", &["docker push application"], &[]),
            ("app", &["docker login -u x", "docker push app"], &["app", "login"]),
        ] {
            assert_eq!(told(tag, commands), names, "{tag} {commands:?}");
        }
    }
}

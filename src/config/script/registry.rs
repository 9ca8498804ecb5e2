//! What a job does with registries: when it logs in, which names it gives images, which it pushes.

use crate::config::Place;
use crate::model::{ImageCommand, NamedImage, Quote, Text};

/// Registries as one job uses them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    logged_in: bool,
    /// The name that an image has, and those that it is given.
    tagged: Vec<(String, Vec<String>)>,
    pushed: Vec<String>,
    pulled: Vec<NamedImage>,
    pulled_services: Vec<NamedImage>,
    /// Images come from a file.
    loaded: bool,
    /// Images that go into one.
    saved: Vec<String>,
}

impl Registry {
    /// The job has logged in by now.
    pub(crate) fn log_in(&mut self) {
        self.logged_in = true;
    }

    /// Images of an earlier run are loaded, and all that there are saved for the next one.
    pub(crate) fn reload(&mut self) {
        self.loaded = true;
        self.saved.push("$ALL".to_owned());
    }

    /// Looks at one command, given by its words.
    pub(super) fn observe(&mut self, words: &[&str]) {
        match words {
            ["docker" | "podman" | "buildah", "login", ..]
            | ["az", "acr", "login", ..]
            | ["gcloud", "auth", "configure-docker", ..] => self.log_in(),
            // `$(aws ecr get-login)` is the `docker login` itself.
            _ if words.iter().any(|word| word.contains("get-login")) => self.log_in(),
            _ => self.take(ImageCommand::read(words)),
        }
    }

    /// Images are pulled by the command of this line.
    pub(super) fn pull(&mut self, command: ImageCommand, quote: &Quote) {
        let pulled = |image: String| NamedImage { image: image.into(), quote: quote.clone() };
        match command {
            ImageCommand::Pull(images) => self.pulled.extend(images.into_iter().map(pulled)),
            ImageCommand::PullServices(services) if services.is_empty() => {
                self.pulled_services.push(pulled(String::new()));
            }
            ImageCommand::PullServices(services) => {
                self.pulled_services.extend(services.into_iter().map(pulled));
            }
            _ => {}
        }
    }

    fn take(&mut self, command: Option<ImageCommand>) {
        match command {
            Some(ImageCommand::Tag { from, to }) => {
                self.tagged.push((plain(&from), all_plain(&to)));
            }
            Some(ImageCommand::Copy { from, to }) => {
                self.pushed.extend(all_plain(&to));
                self.tagged.push((plain(&from), all_plain(&to)));
            }
            Some(ImageCommand::Push(names)) => self.pushed.extend(all_plain(&names)),
            Some(ImageCommand::Save(names)) => self.saved.extend(all_plain(&names)),
            Some(ImageCommand::Load) => self.loaded = true,
            // With its line, by `pull`.
            Some(ImageCommand::Pull(_) | ImageCommand::PullServices(_)) | None => {}
        }
    }

    /// What is known when the build begins.
    pub(super) fn begin(&self, place: &mut Place) {
        place.images.logs_in_later = !self.logged_in;
        self.brought_for(place);
    }

    /// What the job has pulled and loaded by now.
    pub(crate) fn brought_for(&self, place: &mut Place) {
        place.images.reloaded = self.loaded;
        self.pulled_for(place);
    }

    /// What the job has pulled by now.
    pub(crate) fn pulled_for(&self, place: &mut Place) {
        place.images.pulled.clone_from(&self.pulled);
        place.images.pulled_services.clone_from(&self.pulled_services);
    }

    /// What is known when the job was read to its end.
    pub(crate) fn end(&self, place: &mut Place) {
        place.images.logs_in_later &= self.logged_in;
        place.images.without_registry =
            !self.logged_in && self.pushed.is_empty() && !place.command.push;
        let own = |name: &str| place.command.tags.iter().any(|tag| plain(tag) == name);
        let also =
            |name: &&String| self.tagged.iter().any(|(from, to)| to.contains(name) && own(from));
        // `docker save -o image.tar $IMAGE`
        let may_be_own = |name: &String| own(name) || name.starts_with('$');
        place.images.reloaded &= self.saved.iter().any(may_be_own);
        let whole = |name: &&String| place.command.tags.iter().any(|tag| is_of(tag, name));
        place.images.pushed =
            self.pushed.iter().filter(|name| also(name) || whole(name)).cloned().collect();
    }
}

impl Place {
    /// The commands of its job before it that pull this image.
    pub fn pulls_of<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a NamedImage> {
        let of = |name: &str| plain(&self.expanded(name));
        let name = of(name);
        self.images.pulled.iter().filter(move |pulled| of(&pulled.image) == name)
    }
}

/// `docker push --all-tags $REG/web` pushes `$REG/web:latest` too.
fn is_of(tag: &Text, name: &str) -> bool {
    let tag = plain(tag);
    tag == name || tag.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
}

fn all_plain(names: &[String]) -> Vec<String> {
    names.iter().map(|name| plain(name)).collect()
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
        let login = place.images.logs_in_later.then(|| "login".to_owned());
        place.images.pushed.into_iter().chain(login).collect()
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

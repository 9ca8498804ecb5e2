//! What a build asks for by variables: `$CACHE_OPTS`, `"${args[@]}"`.

use super::Place;
use crate::model::{Asked, CacheSpec, Command, shell_words};

impl Place {
    /// Specifications that a variable of the file holds are what it holds; how they are written
    /// stays.
    pub(crate) fn resolve(&mut self) {
        for word in std::mem::take(&mut self.loose) {
            self.unfold(&word);
        }
        let held = |specs: &[CacheSpec]| -> Vec<CacheSpec> {
            specs.iter().map(|spec| self.held(spec)).collect()
        };
        let (from, to) = (held(&self.command.cache_from), held(&self.command.cache_to));
        if from != self.command.cache_from || to != self.command.cache_to {
            (self.command.cache_from, self.command.cache_to) = (from, to);
        }
    }

    /// Options that a variable holds are the command's. What a variable holds that the file does not
    /// set may be any cache.
    fn unfold(&mut self, word: &str) {
        let held = self.expanded(word);
        let held = held.trim();
        let options = shell_words(held).unwrap_or_default();
        if held.starts_with('$')
            || held.starts_with("{{")
            || (options.is_empty() && !held.is_empty())
        {
            self.command.cache_from.push(CacheSpec::hidden(word));
            self.command.cache_to.push(CacheSpec::hidden(word));
        }
        if !held.starts_with('-') {
            return;
        }
        let called = ["docker", "buildx", "build"].map(str::to_owned);
        let words: Vec<String> = called.into_iter().chain(options).collect();
        let Some(given) = Command::of_words(&words, &self.command.quote) else { return };
        // What the script itself puts together stands somewhere in it.
        let of_script = word.starts_with('-');
        let mut given = Asked::clone(&given);
        if !of_script {
            for spec in given.cache_from.iter_mut().chain(&mut given.cache_to) {
                word.clone_into(&mut spec.raw);
            }
        }
        self.context = self.context.take().or_else(|| given.context.clone());
        if given.builder.is_some() {
            self.machine.driver = None;
        }
        self.command.take(given);
    }

    fn held(&self, spec: &CacheSpec) -> CacheSpec {
        let held = self.expanded(&spec.raw);
        if spec.raw.starts_with('$') && held.starts_with("type=") {
            return CacheSpec { raw: spec.raw.clone(), ..CacheSpec::parse(&held) };
        }
        spec.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Machine;
    use crate::model::Shared;

    #[test]
    fn options_in_a_variable_are_the_commands() {
        let variables = [
            ("CACHE", "--cache-from type=registry,ref=$REG:c --cache-to=type=gha,mode=max"),
            ("ARGS", "--build-arg V=$SHA --no-cache --pull --builder ci --network host"),
            ("CONTEXT", "services/web"),
            ("REG", "r/web"),
        ];
        let variables: Shared<Vec<_>> = variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let loose = ["$CACHE", "${ARGS}", "$CONTEXT"].map(str::to_owned).to_vec();
        let driver = Some("docker".to_owned());
        let machine = Machine { driver, ..Machine::default() };
        let mut place = Place { variables: variables.clone(), loose, machine, ..Place::default() };
        place.resolve();
        let command = &place.command;
        assert_eq!(command.cache_from[0].get("ref"), Some("r/web:c"));
        assert_eq!((command.cache_to[0].raw.as_str(), command.cache_to.len()), ("$CACHE", 1));
        assert!(command.no_cache && command.build_args == ["V=$SHA"]);
        assert!(
            command.pull
                && command.builder.as_deref() == Some("ci")
                && place.machine.driver.is_none()
        );
        assert_eq!(command.options.len(), 1);
        let mut unknown = Place { variables, loose: vec!["$MORE".into()], ..Place::default() };
        unknown.resolve();
        assert!(unknown.command.cache_from[0].attributes.is_empty());
    }
}

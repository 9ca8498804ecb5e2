//! What a build asks for by variables: `$CACHE_OPTS`, `"${args[@]}"`.

use super::Place;
use crate::model::{CacheSpec, Command};

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
        let options = shlex::split(held).unwrap_or_default();
        if held.starts_with('$') || (options.is_empty() && !held.is_empty()) {
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
        let named = |spec: &CacheSpec| {
            if of_script {
                spec.clone()
            } else {
                CacheSpec { raw: word.to_owned(), ..spec.clone() }
            }
        };
        self.command.cache_from.extend(given.cache_from.iter().map(named));
        self.command.cache_to.extend(given.cache_to.iter().map(named));
        self.command.build_args.extend_from_slice(&given.build_args);
        self.command.tags.extend_from_slice(&given.tags);
        self.command.platforms.extend_from_slice(&given.platforms);
        self.command.no_cache |= given.no_cache;
        self.command.push |= given.push;
        self.command.target = self.command.target.take().or_else(|| given.target.clone());
        self.command.file = self.command.file.take().or_else(|| given.file.clone());
        self.context = self.context.take().or_else(|| given.context.clone());
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

    #[test]
    fn options_in_a_variable_are_the_commands() {
        let variables = [
            ("CACHE", "--cache-from type=registry,ref=$REG:c --cache-to=type=gha,mode=max"),
            ("ARGS", "--build-arg V=$SHA --no-cache"),
            ("CONTEXT", "services/web"),
            ("REG", "r/web"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let loose = ["$CACHE", "${ARGS}", "$CONTEXT"].map(str::to_owned).to_vec();
        let mut place = Place { variables: variables.clone(), loose, ..Place::default() };
        place.resolve();
        let command = &place.command;
        assert_eq!(command.cache_from[0].get("ref"), Some("r/web:c"));
        assert_eq!((command.cache_to[0].raw.as_str(), command.cache_to.len()), ("$CACHE", 1));
        assert!(command.no_cache && command.build_args == ["V=$SHA"]);
        let mut unknown = Place { variables, loose: vec!["$MORE".into()], ..Place::default() };
        unknown.resolve();
        assert!(unknown.command.cache_from[0].attributes.is_empty());
    }
}

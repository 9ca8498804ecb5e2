//! A command line as an action prints it: words that no shell has split, without quotation marks.

use crate::model::{CacheSpec, Command};

/// The option with what stands behind its blank:
/// `/usr/bin/docker buildx build --cache-from type=gha, scope=main --cache-to …` of
/// docker/build-push-action. In a list of words the blank is a part of the option.
pub(super) fn whole(command: &Command, spec: &CacheSpec) -> Option<CacheSpec> {
    let line = command.quote.text.as_str();
    let line = line.strip_prefix("[command]").unwrap_or(line);
    if !line.starts_with("/usr/bin/docker ") || !spec.raw.ends_with(',') {
        return None;
    }
    let start = format!("{} ", spec.raw);
    let (_, rest) = line.split_once(&start)?;
    let value = rest.split(" --").next()?;
    let value = value.strip_suffix(" .").unwrap_or(value);
    Some(CacheSpec::parse(&format!("{start}{value}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Quote;

    fn read(line: &str) -> Option<String> {
        let quote = Quote::new(1, line.as_bytes());
        let command = Command { quote, ..Command::default() };
        whole(&command, &CacheSpec::parse("type=gha,")).map(|spec| spec.raw.clone())
    }

    #[test]
    fn blanks_of_a_printed_list_are_part_of_the_option() {
        let action = "/usr/bin/docker buildx build --cache-from type=gha, scope=a b --push .";
        assert_eq!(read(action).as_deref(), Some("type=gha, scope=a b"));
        let last = "[command]/usr/bin/docker buildx build --cache-from type=gha, scope=a .";
        assert_eq!(read(last).as_deref(), Some("type=gha, scope=a"));
        assert_eq!(read("+ docker buildx build --cache-from type=gha, scope=a ."), None);
    }
}

//! A directory that builds of one log export to one after the other. Its index names one cache for
//! each tag, `latest` unless told otherwise (`client/solve.go`): an export takes the place of the
//! one before.

use super::super::past::Past;
use crate::finding::Fix;
use crate::model::{CacheKind, CacheSpec, Command, Text};
use crate::rules::remedy::reference;

/// The directory that a command line reads and writes: `type=local,dest=/cache`. One that is moved
/// into its place afterwards counts as it: `src=/cache` and `dest=/cache-new`.
pub(super) fn of(command: &Command) -> Option<String> {
    let local = |spec: &&CacheSpec| spec.kind() == CacheKind::Local;
    let from = command.cache_from.iter().find(local)?;
    let to = command.cache_to.iter().find(local)?;
    let (src, dest) = (from.get("src")?.trim_end_matches('/'), to.get("dest")?);
    let rest = dest.strip_prefix(src)?.trim_matches(['/', '-', '_', '.']);
    let tag = |spec: &CacheSpec| spec.get("tag").unwrap_or("latest").to_owned();
    if tag(from) != tag(to) || !matches!(rest, "" | "new") {
        return None;
    }
    let tag = to.get("tag").map(|tag| format!(",tag={tag}")).unwrap_or_default();
    Some(format!("type=local,dest={src}{tag}"))
}

/// It is the name of a directory.
pub(super) fn is_one(name: &str) -> bool {
    name.starts_with("type=local,")
}

/// Directories of one name on two machines are two: only one log proves that it is one machine.
pub(super) fn is_of_one_machine(sharers: &[&Past]) -> bool {
    let mut logs = sharers.iter().filter_map(|past| past.last()).map(|(run, _)| &run.source);
    let first = logs.next();
    logs.all(|source| Some(source) == first)
}

pub(super) fn fix(name: &str, who: &[Text]) -> Fix {
    let dir = name.split(',').find_map(|part| part.strip_prefix("dest=")).unwrap_or_default();
    let each = who.iter().map(|one| {
        let own = reference::repository(one).rsplit('/').next().unwrap_or(one);
        format!(
            "# {one}\n--cache-from type=local,src={dir}/{own}\n--cache-to \
                type=local,dest={dir}/{own},mode=max"
        )
    });
    Fix {
        summary: "give each build a directory of its own".to_owned(),
        steps: vec![
            "The index of the directory names only the last export's cache: use one directory for \
                each image, or give each build a `tag=` of its own in both options."
                .to_owned(),
        ],
        snippet: Some(each.collect::<Vec<_>>().join("\n\n")),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Quote;

    fn named(options: &str) -> Option<String> {
        of(&Command::parse(&format!("docker buildx build {options} ."), &Quote::default())?)
    }

    #[test]
    fn a_directory_is_named_where_it_is_read_and_written() {
        let read = "--cache-from type=local,src=/c";
        for (write, name) in [
            ("type=local,dest=/c,mode=max", Some("type=local,dest=/c")),
            ("type=local,dest=/c-new", Some("type=local,dest=/c")),
            ("type=local,dest=/cache", None),
            ("type=local,dest=/c,tag=web", None),
            ("type=registry,ref=r.example.com/a:c", None),
        ] {
            let found = named(&format!("{read} --cache-to {write}"));
            assert_eq!(found.as_deref(), name, "{write}");
        }
        let own = "--cache-from type=local,src=/c,tag=w --cache-to type=local,dest=/c,tag=w";
        assert_eq!(named(own).as_deref(), Some("type=local,dest=/c,tag=w"));
    }
}

//! Options of a build that are part of the cache key of every RUN.
//!
//! Source: `moby/buildkit` `solver/pb/ops.proto` (`ExecOp`, `Meta`), measured with v0.12.5 and
//! v0.32.2: the name of an added host counts, its address does not; secrets, ssh, labels,
//! provenance and outputs do not count.

use super::Asked;
use crate::model::Text;

/// One such option as a command line gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KeyOption {
    /// Without dashes: `add-host`, `network`.
    pub name: Text,
    /// What of its value is part of the key.
    pub value: Text,
}

/// Names of options of `docker buildx build` and of fields of actions and files that mean the same.
const NAMES: &[(&str, &[&str])] = &[
    ("add-host", &["add-host", "add-hosts", "extra-hosts", "extra_hosts"]),
    ("cgroup-parent", &["cgroup-parent"]),
    ("network", &["network", "force-network-mode"]),
    ("shm-size", &["shm-size", "shm_size"]),
    ("ulimit", &["ulimit", "ulimits"]),
];

impl Asked {
    /// Takes an option, written with or without dashes, that is part of cache keys; others are
    /// left.
    pub(super) fn key_option(&mut self, name: &str, value: &str) {
        let name = name.trim_start_matches('-');
        let Some((name, _)) = NAMES.iter().find(|(_, names)| names.contains(&name)) else { return };
        for item in value.split(['\n', ',']).map(str::trim).filter(|item| !item.is_empty()) {
            let counts = if *name == "add-host" { host(item) } else { item };
            self.options.push(KeyOption { name: Text::new(name), value: Text::new(counts) });
        }
        self.options.sort_unstable();
    }

    /// Whether an option is one that [`Asked::key_option`] takes.
    pub(super) fn is_key_option(name: &str) -> bool {
        let Some(name) = name.strip_prefix("--") else { return false };
        NAMES.iter().any(|(known, _)| *known == name)
    }
}

/// An argument that reaches each RUN without an ARG, and is then no part of its key (`moby/buildkit`
/// `frontend/dockerfile/dockerfile2llb/convert.go`, `proxyEnvFromBuildArgs`; measured with v0.12.5
/// and v0.32.2).
#[must_use]
pub fn is_proxy(argument: &str) -> bool {
    let (scheme, rest) = argument.split_once('_').unwrap_or((argument, ""));
    rest.eq_ignore_ascii_case("proxy")
        && ["http", "https", "ftp", "no", "all"].iter().any(|s| scheme.eq_ignore_ascii_case(s))
}

/// The name in `db:10.0.0.1`, `db=10.0.0.1`.
fn host(value: &str) -> &str {
    value.split_once([':', '=']).map_or(value, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use crate::model::{Command, Quote};

    fn options(line: &str) -> Vec<(String, String)> {
        let command = Command::parse(line, &Quote::default()).unwrap();
        command.options.iter().map(|o| (o.name.to_string(), o.value.to_string())).collect()
    }

    #[test]
    fn addresses_of_hosts_do_not_count_and_order_neither() {
        let build = "docker buildx build";
        let a = options(&format!(
            "{build} --network=host --add-host db:10.0.0.1 --ulimit nofile=1:2 ."
        ));
        let b = options(&format!(
            "{build} --ulimit nofile=1:2 --add-host=db:10.0.0.9 --network host ."
        ));
        assert_eq!(a, b);
        assert_eq!(a[0], ("add-host".to_owned(), "db".to_owned()));
        assert!(options(&format!("{build} --secret id=a --ssh default --label a=1 .")).is_empty());
    }
}

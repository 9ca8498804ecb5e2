//! Words of a command line that are neither options nor values of some: contexts, targets.

use super::Tool;
use super::words::{SimpleCall, parts};

/// The word behind an option that is not known here, where it is the option's value.
pub(super) fn value_behind(option: &str, rest: &[String]) -> Option<String> {
    let value = rest.first()?;
    (!value.starts_with('-') && !SWITCHES.contains(&option)).then(|| value.clone())
}

/// The directory or address that is built: the last word that is neither an option nor the value
/// of one. Options may follow it.
pub(super) fn context(call: &SimpleCall) -> Option<String> {
    if !matches!(call.tool, Tool::DockerBuild | Tool::BuildxBuild | Tool::Buildah) {
        return None;
    }
    plain(call).pop()
}

/// What bake is to build: `docker buildx bake --push web api`.
pub(super) fn targets(call: &SimpleCall) -> Vec<String> {
    if call.tool == Tool::BuildxBake { plain(call) } else { Vec::new() }
}

/// Words that are neither options nor values of some.
fn plain(call: &SimpleCall) -> Vec<String> {
    let mut plain = Vec::new();
    let mut words = call.rest.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word.as_str() == "-" {
            plain.push((*word).clone());
        } else if parts(word).1.is_none() && !SWITCHES.contains(&word.as_str()) {
            words.next();
        }
    }
    plain
}

/// Options of `docker build`, `docker buildx build`, `docker buildx bake`, `buildah build` and
/// `podman build` that take no value, or only one behind `=`.
const SWITCHES: [&str; 32] = [
    "--all-platforms",
    "--check",
    "--compress",
    "--debug",
    "--disable-compression",
    "--disable-content-trust",
    "--force-rm",
    "--http-proxy",
    "--identity-label",
    "--inherit-labels",
    "--layers",
    "--load",
    "--log-rusage",
    "--no-cache",
    "--no-hostname",
    "--no-hosts",
    "--omit-history",
    "--print",
    "--pull",
    "--pull-always",
    "--pull-never",
    "--push",
    "--quiet",
    "--rm",
    "--skip-unused-stages",
    "--squash",
    "--squash-all",
    "--stdin",
    "--stream",
    "--tls-verify",
    "-D",
    "-q",
];

//! The configuration: kaniko, which keeps nothing between runs, called without its cache.

use super::META;
use crate::finding::{Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::{Command, Tool};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{self, At, Site};

/// One note for each file.
pub(super) fn findings(open: &[At]) -> Vec<Finding> {
    let mut files: Vec<(&str, Vec<At>)> = Vec::new();
    for at in open.iter().copied().filter(|at| is_bare(&at.place.command)) {
        match files.iter_mut().find(|(path, _)| *path == at.config.path) {
            Some((_, places)) if places.iter().any(|known| known.index == at.index) => {}
            Some((_, places)) => places.push(at),
            None => files.push((&at.config.path, vec![at])),
        }
    }
    files.into_iter().filter_map(|(path, places)| finding(path, &places)).collect()
}

/// Neither the call itself nor a variable in it turns the cache on.
fn is_bare(command: &Command) -> bool {
    let mut caches = command.cache_from.iter().chain(&command.cache_to);
    command.tool == Tool::Kaniko && command.layers.is_none() && caches.next().is_none()
}

/// The options as the file has them: in a list of words, or as settings of what calls kaniko.
fn fix(at: At) -> Fix {
    let base = remedy::registry_max(&Site::written(at));
    let mut options = base.snippet.as_deref().unwrap_or_default().split_ascii_whitespace();
    // A variable may hold a tag, behind which no other name can stand.
    let repository = options.find_map(|word| word.strip_prefix("--cache-repo="));
    let repository = repository.filter(|name| !name.contains(['$', '{']));
    let written = at.place.command.quote.text.trim().trim_start_matches("- ");
    let pasted = Pasted { written, repository };
    let snippet = match at.config.kind.name() {
        "skaffold" => Some("kaniko:\n  cache: {}".to_owned()),
        // Drone's plugin calls the switch otherwise than those before it did.
        "drone" if !written.contains("drone-kaniko") => Some(pasted.settings("enable_cache")),
        "drone" | "woodpecker" => Some(pasted.settings("cache")),
        _ => pasted.words(),
    };
    let snippet = snippet.or_else(|| base.snippet.clone());
    Fix { snippet, ..base }
}

/// What is to be pasted beside a line of the file.
struct Pasted<'a> {
    written: &'a str,
    repository: Option<&'a str>,
}

impl Pasted<'_> {
    /// Plugins hand the name of the repository on where the cache is on.
    fn settings(&self, switch: &str) -> String {
        let repository = self.repository.map(|name| format!("\n  cache_repo: {name}"));
        format!("settings:\n  {switch}: true{}", repository.unwrap_or_default())
    }

    /// Words of a container's list, or arguments of the task that is called.
    fn words(&self) -> Option<String> {
        const LISTS: [&str; 3] = ["image:", "name:", "command:"];
        const TASKS: [&str; 2] = ["resolver:", "bundle:"];
        let begins = |key: &&str| self.written.starts_with(*key);
        let lead = if LISTS.iter().any(begins) {
            "args:\n  - "
        } else if TASKS.iter().any(begins) {
            "params:\n  - name: EXTRA_ARGS\n    value:\n      - "
        } else {
            return None;
        };
        let indent = lead.rsplit('\n').next().unwrap_or_default();
        let repository = self.repository.map(|name| format!("\n{indent}--cache-repo={name}"));
        Some(format!("{lead}--cache=true{}", repository.unwrap_or_default()))
    }
}

fn finding(path: &str, places: &[At]) -> Option<Finding> {
    let first = places.first()?;
    let builds = match places.len() {
        1 => "the build".to_owned(),
        n => format!("{n} builds"),
    };
    let words = Words {
        title: format!("{builds} of {path} by kaniko without `--cache=true`: every step runs"),
        cause: "kaniko keeps nothing on the machine. Without `--cache=true` it looks no layer up \
            and stores none, so every RUN is executed in every run."
            .to_owned(),
        fix: fix(*first),
        rules_out: vec![
            not_ruled_out("steps so quick that no cache is needed"),
            to_decide("give logs: they show how long the steps take"),
        ],
        subject: format!("{path}: kaniko"),
    };
    let shows = "neither `--cache=true` nor a cache repository";
    let lines = places.iter().filter_map(|at| at.evidence(shows)).collect();
    planned::finding(&META, Severity::Note, lines, words)
}

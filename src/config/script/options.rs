//! Options of a build command, with where they and their values stand.

use std::ops::Range;

use super::shell::Word;
use crate::model::{CacheKind, CacheSpec, Tool};

/// Options without a value (docker/buildx `commands/build.go`, docker/compose
/// `cmd/compose/build.go`, containers/buildah `pkg/cli/common.go`).
const FLAGS: [&str; 23] = [
    "--push",
    "--load",
    "--pull",
    "--no-cache",
    "--squash",
    "--force-rm",
    "--rm",
    "-q",
    "--quiet",
    "--compress",
    "--disable-content-trust",
    "--check",
    "--debug",
    "-D",
    "--print",
    "--with-dependencies",
    "--build",
    "-d",
    "--detach",
    "--parallel",
    "--layers",
    "--pull-always",
    "--squash-all",
];

/// Those of kaniko (GoogleContainerTools/kaniko `cmd/executor/cmd/root.go`).
const KANIKO_FLAGS: [&str; 21] = [
    "--cache",
    "--cache-copy-layers",
    "--cache-run-layers",
    "--cleanup",
    "--compressed-caching",
    "--force",
    "--ignore-var-run",
    "--insecure",
    "--insecure-pull",
    "--log-timestamp",
    "--no-push",
    "--no-push-cache",
    "--push-ignore-immutable-tag-errors",
    "--reproducible",
    "--single-snapshot",
    "--skip-default-registry-fallback",
    "--skip-push-permission-check",
    "--skip-tls-verify",
    "--skip-tls-verify-pull",
    "--skip-unused-stages",
    "--use-new-run",
];

/// One option.
#[derive(Clone, Debug)]
pub(super) struct Opt {
    /// `--cache-from`.
    pub(super) name: String,
    /// Its value; empty where it has none.
    pub(super) value: String,
    /// Which words of the command.
    pub(super) words: Range<usize>,
    /// Where the value stands in the script, quotes included.
    pub(super) at: Range<usize>,
}

/// Options and other words of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// In order.
    pub(super) all: Vec<Opt>,
    /// Words that are neither options nor values of some.
    pub(super) plain: Vec<usize>,
    /// The word behind the verb.
    pub(super) first: usize,
    /// Options of the tool that take no value.
    flags: &'static [&'static str],
}

impl Options {
    /// Reads the words of a command that begins with its program.
    pub(super) fn of(words: &[Word], tool: Tool) -> Self {
        let verbs: &[&str] = match tool {
            Tool::BuildxBake => &["bake"],
            Tool::BuildxBuild => &["build", "b"],
            Tool::Compose => &["build", "up"],
            // `/kaniko/executor --context build`
            Tool::Kaniko => &[],
            _ => &["build"],
        };
        let verb = words.iter().position(|word| verbs.contains(&word.value.as_str()));
        let first = verb.map_or(1, |at| at + 1);
        let flags: &[&str] = if tool == Tool::Kaniko { &KANIKO_FLAGS } else { &FLAGS };
        let mut options = Self { first, flags, ..Self::default() };
        let mut at = first;
        while let Some(word) = words.get(at) {
            at += options.add(at, word, words.get(at + 1));
        }
        options
    }

    /// Number of words that the option takes.
    fn add(&mut self, at: usize, word: &Word, next: Option<&Word>) -> usize {
        if !word.value.starts_with('-') || word.value == "-" {
            self.plain.push(at);
            return 1;
        }
        if let Some((name, value)) = word.value.split_once('=') {
            let start = word.range.start + name.len() + 1;
            let opt = Opt {
                name: name.into(),
                value: value.into(),
                words: at..at + 1,
                at: start..word.range.end,
            };
            self.all.push(opt);
            return 1;
        }
        let next = if self.flags.contains(&word.value.as_str()) { None } else { next };
        let length = 1 + usize::from(next.is_some());
        let (value, range) = next.map_or((String::new(), word.range.end..word.range.end), |n| {
            (n.value.clone(), n.range.clone())
        });
        self.all.push(Opt { name: word.value.clone(), value, words: at..at + length, at: range });
        length
    }

    /// Options of one of these names.
    pub(super) fn named(&self, names: &[&str]) -> Vec<&Opt> {
        self.all.iter().filter(|opt| names.contains(&opt.name.as_str())).collect()
    }

    /// Build arguments that ask for inline metadata.
    pub(super) fn inline(&self) -> Vec<&Opt> {
        let asks = |opt: &&Opt| {
            opt.value.trim_start_matches("build-arg:").starts_with("BUILDKIT_INLINE_CACHE=")
        };
        self.all
            .iter()
            .filter(|opt| matches!(opt.name.as_str(), "--build-arg" | "--opt"))
            .filter(asks)
            .collect()
    }

    /// The directory that is built.
    pub(super) fn context(&self, words: &[Word]) -> Option<String> {
        self.directory(words).map(|word| word.value.clone())
    }

    /// The directory that kaniko is told to build: `--context dir:///workspace/web`.
    pub(super) fn folder(&self) -> Option<String> {
        let named = self.named(&["--context", "-c"]);
        let folder = named.last()?.value.as_str();
        Some(folder.strip_prefix("dir://").unwrap_or(folder).to_owned())
    }

    /// Words that may hold options: variables beside the context.
    pub(super) fn loose(&self, words: &[Word]) -> Vec<String> {
        let directory = self.directory(words).map(|word| &word.range);
        let plain = self.plain.iter().filter_map(|at| words.get(*at));
        let beside = plain.filter(|word| Some(&word.range) != directory);
        beside.filter(|word| is_variable(&word.value)).map(|word| word.value.clone()).collect()
    }

    /// The same of a tool that is given its context as an option.
    pub(super) fn all_loose(&self, words: &[Word]) -> Vec<String> {
        let plain = self.plain.iter().filter_map(|at| words.get(*at));
        plain.filter(|word| is_variable(&word.value)).map(|word| word.value.clone()).collect()
    }

    /// The last word, where it is one that cannot be an option.
    fn directory<'a>(&self, words: &'a [Word]) -> Option<&'a Word> {
        let last = self.plain.last().and_then(|at| words.get(*at))?;
        let alone = self.plain.len() == 1 && !is_list(&last.value);
        (alone || !is_variable(&last.value)).then_some(last)
    }

    /// A variable that may hold options: an array, or a second word beside the context.
    pub(super) fn hidden<'a>(&self, words: &'a [Word]) -> Option<&'a str> {
        let plain: Vec<&Word> = self.plain.iter().filter_map(|at| words.get(*at)).collect();
        let variables = plain.iter().filter(|word| is_variable(&word.value));
        let named = |word: &Word| {
            let name = word.value.to_ascii_uppercase();
            is_list(&name) || ["ARGS", "OPTS", "OPTIONS", "FLAGS"].iter().any(|n| name.contains(n))
        };
        variables
            .copied()
            .find(|word| named(word) || plain.len() > 1)
            .map(|word| word.value.as_str())
    }
}

/// All elements of an array, all arguments: each is a word of its own.
fn is_list(word: &str) -> bool {
    word.contains("[@]") || word.contains("[*]") || matches!(word, "$@" | "$*")
}

/// `$OPTS`, `` `opts` ``, `{{inputs.parameters.opts}}`
fn is_variable(word: &str) -> bool {
    word.starts_with(['$', '`']) || word.starts_with("{{")
}

/// The specification is `type=inline`.
pub(super) fn is_inline(spec: &str) -> bool {
    CacheSpec::parse(spec).kind() == CacheKind::Inline
}

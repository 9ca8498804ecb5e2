//! Changes that a fix asks for, and the check that a kind made them and nothing else.
//!
//! What is right to change is for the rules, how it is written for the kinds.

mod instructions;
mod pulls;

use std::fmt::{self, Display, Formatter};

pub(super) use pulls::without_pulls;

use super::{Content, Place};
use crate::model::{CacheKind, CacheSpec};

/// One change to a configuration file. Places are indices into [`Content::places`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Other cache options for a build; those it has go.
    Caches {
        /// Which build.
        place: usize,
        /// What it is to have.
        settings: CacheSettings,
    },
    /// One cache specification is written otherwise.
    Spec {
        /// Which build.
        place: usize,
        /// Where it stands.
        side: Side,
        /// As it stands in the file.
        old: String,
        /// As it shall stand.
        new: String,
    },
    /// The build no longer asks for no cache: `--no-cache`, `no-cache: true` go.
    UseCache {
        /// Which build.
        place: usize,
    },
    /// The job no longer pulls an image that the build takes its cache from: the builder asks the
    /// registry itself.
    Unpull {
        /// Which build.
        place: usize,
        /// The image, as the build names it.
        image: String,
    },
    /// Dockerfile: a few files are copied before the instructions that need only them, and the COPY
    /// of everything comes behind those.
    CopyLater {
        /// Line of the COPY that takes everything.
        copy: u64,
        /// Lines of the instructions that need a few files only, in the order of the file.
        runs: Vec<u64>,
        /// The COPY of those files; `None` where they read none.
        first: Option<String>,
    },
    /// Dockerfile: new instructions stand right above another one.
    Insert {
        /// Line of the instruction below them.
        before: u64,
        /// Their texts.
        lines: Vec<String>,
    },
    /// Dockerfile: an ARG, and the ENV and LABEL made of it, come right before the first
    /// instruction that uses them.
    DeclareLater {
        /// Their lines, in the order of the file.
        declared: Vec<u64>,
        /// Line of the instruction they go in front of; one past the last line of the stage: to its
        /// end.
        before: u64,
    },
    /// Dockerfile: the base image is named with its digest.
    PinBase {
        /// Line of the FROM.
        from: u64,
        /// `sha256:…`.
        digest: String,
    },
    /// `.dockerignore`: one more pattern.
    Ignore {
        /// As written there: `.git`.
        pattern: String,
    },
}

/// Which of the specifications of a build: the same text may stand on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those that are imported.
    From,
    /// Those that are exported.
    To,
    /// All.
    Both,
}

impl Side {
    /// The options of these names that are meant: those that import, those that export.
    pub(super) fn of<'a>(self, from: &[&'a str], to: &[&'a str]) -> Vec<&'a str> {
        match self {
            Self::From => from.to_vec(),
            Self::To => to.to_vec(),
            Self::Both => [from, to].concat(),
        }
    }
}

/// Cache options of one build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheSettings {
    /// Specifications to import.
    pub from: Vec<String>,
    /// Specification to export.
    pub to: Option<String>,
    /// Inline metadata is written into the image: by `to` where that is `type=inline`, else in the
    /// way of the tool (`BUILDKIT_INLINE_CACHE=1`).
    pub inline: bool,
    /// A docker-container builder is needed and there is none.
    pub builder: bool,
}

/// Why a changed file is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// What the file itself does not allow.
    File(&'static str),
    /// The build in this line would be another one.
    Changed(u64),
    /// The build in this line is not as it was asked for.
    Unusual(u64),
}

impl Otherwise {
    /// The same, with the line as another file has it.
    pub(super) fn in_line(self, line: impl Fn(u64) -> Option<u64>) -> Option<Self> {
        Some(match self {
            Self::File(_) => self,
            Self::Changed(at) => Self::Changed(line(at)?),
            Self::Unusual(at) => Self::Unusual(line(at)?),
        })
    }
}

/// In words that complete "no patch:".
impl Display for Otherwise {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Self::File(why) => f.write_str(why),
            Self::Changed(line) => write!(f, "the build in line {line} would change with it"),
            Self::Unusual(line) => {
                write!(f, "the build in line {line} is written in an unusual way")
            }
        }
    }
}

/// Compares the file before and after: what was asked for is done, all other builds are as they
/// were.
///
/// # Errors
/// What is otherwise.
pub(super) fn verify(
    before: &Content,
    after: &Content,
    changes: &[Change],
) -> Result<(), Otherwise> {
    if !instructions::are_as_asked(before, after, changes) {
        return Err(Otherwise::File("another instruction would change with it"));
    }
    let added = changes
        .iter()
        .filter_map(|c| if let Change::Ignore { pattern } = c { Some(pattern) } else { None });
    if !before.ignored.iter().chain(added).eq(&after.ignored) {
        return Err(Otherwise::File("another pattern would change with it"));
    }
    if before.places.len() != after.places.len() {
        return Err(Otherwise::File("the file's structure does not allow it"));
    }
    for (index, (old, new)) in before.places.iter().zip(&after.places).enumerate() {
        let mut asked = changes.iter().filter(|change| change.place() == Some(index)).peekable();
        if asked.peek().is_none() && !alike(old, new) {
            return Err(Otherwise::Changed(old.command.quote.line));
        }
        if !asked.all(|change| done(new, change)) {
            return Err(Otherwise::Unusual(old.command.quote.line));
        }
    }
    Ok(())
}

impl Change {
    /// The build it concerns.
    #[must_use]
    pub fn place(&self) -> Option<usize> {
        match self {
            Self::Caches { place, .. }
            | Self::Spec { place, .. }
            | Self::UseCache { place }
            | Self::Unpull { place, .. } => Some(*place),
            _ => None,
        }
    }

    /// A builder comes with it that the build has not now.
    pub(crate) fn makes_a_builder(&self) -> bool {
        matches!(self, Self::Caches { settings, .. } if settings.builder)
    }

    /// The same of the build that has this number elsewhere.
    pub(super) fn renumbered(&self, number: impl Fn(usize) -> usize) -> Self {
        let mut change = self.clone();
        match &mut change {
            Self::Caches { place, .. }
            | Self::Spec { place, .. }
            | Self::UseCache { place }
            | Self::Unpull { place, .. } => *place = number(*place),
            _ => {}
        }
        change
    }

    /// It cannot change the image that is built, nor where it is built.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        match self {
            Self::Caches { settings, .. } => !settings.builder,
            Self::Spec { .. } | Self::UseCache { .. } | Self::Unpull { .. } => true,
            _ => false,
        }
    }
}

fn done(place: &Place, change: &Change) -> bool {
    let command = &place.command;
    match change {
        Change::Caches { settings, .. } => is_set(place, settings),
        Change::Spec { side, old, new, .. } => {
            let all: Vec<String> = match side {
                Side::From => raw(&command.cache_from),
                Side::To => raw(&command.cache_to),
                Side::Both => [raw(&command.cache_from), raw(&command.cache_to)].concat(),
            };
            all.contains(new) && !all.contains(old)
        }
        Change::Unpull { image, .. } => place.pulls_of(image).next().is_none(),
        Change::UseCache { .. } => !command.no_cache && command.no_cache_filter.is_empty(),
        _ => true,
    }
}

fn is_set(place: &Place, settings: &CacheSettings) -> bool {
    let command = &place.command;
    let to: Vec<String> = settings.to.iter().cloned().collect();
    let written = raw(&command.cache_to);
    let inline_only = written.iter().all(|spec| spec == "type=inline");
    let inline =
        settings.inline || to.iter().any(|spec| CacheSpec::parse(spec).kind() == CacheKind::Inline);
    imports(place, &settings.from)
        && command.inline() == inline
        && (written == to || (settings.inline && to.is_empty() && inline_only))
        && (!settings.builder || can_export(place))
}

/// It imports these, and beside them nothing but what is handed down to it.
fn imports(place: &Place, asked: &[String]) -> bool {
    let mut has = raw(&place.command.cache_from);
    if place.handed_down.is_empty() {
        return has == asked;
    }
    has.retain(|spec| asked.contains(spec) || !place.handed_down.contains(spec));
    has.len() == asked.len() && asked.iter().all(|spec| has.contains(spec))
}

/// Where the file does not tell the driver, nothing is known against it.
fn can_export(place: &Place) -> bool {
    place.machine.driver.as_deref() != Some("docker")
}

fn raw(specs: &[CacheSpec]) -> Vec<String> {
    specs.iter().map(|spec| spec.raw.clone()).collect()
}

/// Equal but for their lines.
fn alike(a: &Place, b: &Place) -> bool {
    let (one, other) = (&a.command, &b.command);
    a.job == b.job
        && a.target == b.target
        && a.machine.driver == b.machine.driver
        && one.cache_from == other.cache_from
        && one.cache_to == other.cache_to
        && one.build_args == other.build_args
        && one.tags == other.tags
        && one.no_cache == other.no_cache
}

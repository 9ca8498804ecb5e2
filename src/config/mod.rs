//! Configuration of CI systems and builders, read to correlate with logs and to be corrected.
//!
//! Reads texts given by `source`; never touches the disk itself, never judges. To add a kind of
//! file: one new file, its `mod` line and its row in [`KINDS`].

mod azure;
mod bake;
mod beside;
pub mod bitbucket;
mod buildkit_setting;
mod buildkite;
mod buildspec;
mod called;
mod change;
mod circleci;
mod cloudbuild;
mod cluster;
mod compose;
mod concourse;
mod contexts;
pub mod dockerfile;
pub mod dockerignore;
mod elsewhere;
mod excerpt;
mod expression;
mod foreign;
mod github;
mod gitlab;
mod items;
mod jenkinsfile;
mod job;
mod jobs;
mod justfile;
mod kept;
mod link;
mod machine;
mod makefile;
mod overridden;
mod package_scripts;
pub mod patch;
pub mod pattern;
mod place;
mod refs;
mod script;
mod shell_script;
mod skaffold;
mod splice;
mod taskfile;
mod travis;
mod variables;
mod woodpecker;
mod yaml;

pub use beside::Beside;
pub use buildkit_setting::{asks_for_buildkit, may_turn_buildkit_off, turns_buildkit_off};
pub use called::Called;
pub use change::{CacheSettings, Change, Side};
pub use excerpt::Parts;
pub use kept::{Fate, Kept};
pub use link::{calls_of, is_included, link};
pub(crate) use overridden::base_of;
pub use place::{Call, Caller, Content, Images, Instruction, Machine, Place, Stage, fits_tag};
pub use refs::Refs;
pub use script::{ImageBuild, ScriptCall, builds_images, image_builds};
pub use splice::{Splice, merged, unified_diff};
pub(crate) use variables::{Form, form, pieces, same_in_pipeline};

use std::sync::{Arc, OnceLock};

use self::excerpt::Excerpt;
use crate::model::{Quote, Tool};

/// A kind of configuration file.
pub trait Kind: std::fmt::Debug + Sync {
    /// Its name: `github-workflow`.
    fn name(&self) -> &'static str;
    /// The CI system that reads it, as `Run::ci` names it; `None` for files of builders.
    fn ci(&self) -> Option<&'static str> {
        None
    }
    /// The tool that reads it itself, and builds what it describes; `None` where it holds calls of
    /// tools.
    fn reader(&self) -> Option<Tool> {
        None
    }
    /// A shell runs it in the folder and with the environment of what calls it.
    fn is_script(&self) -> bool {
        false
    }
    /// It runs where something else calls it, and not by itself.
    fn is_called(&self) -> bool {
        self.is_script()
    }
    /// The variables that it sets are in the environment of its commands, without being exported.
    fn hands_variables_on(&self) -> bool {
        true
    }
    /// How a variable of the matrix is written in a value (`${{ matrix.os }}`); `None` where that
    /// is not known.
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
    /// The path has the name and folder that such files have. Some are read only where a CI calls
    /// what is in them: a tree is full of scripts that no CI runs.
    fn names(&self, _path: &str) -> bool {
        false
    }
    /// A file of this name that cannot be read need not be one of this kind: `dockerfile.spec.ts`.
    fn may_be_other(&self, _path: &str, _text: &str) -> bool {
        false
    }
    /// The text can be nothing else: decides for files that the user names himself.
    fn looks(&self, _text: &str) -> bool {
        false
    }
    /// What the file says. Parts of unexpected shape are left out.
    ///
    /// # Errors
    /// The parser's message, where it is no such file at all.
    fn read(&self, text: &str) -> Result<Content, String>;
    /// What the file of this name says.
    ///
    /// # Errors
    /// As [`Kind::read`].
    fn read_named(&self, _path: &str, text: &str) -> Result<Content, String> {
        self.read(text)
    }
    /// What the file says together with others that are part of the same configuration, as far as
    /// it is written in this one.
    ///
    /// # Errors
    /// As [`Kind::read`].
    fn read_among(&self, text: &str, _others: &[String]) -> Result<Content, String> {
        self.read(text)
    }
    /// As [`Kind::correct`], of a file read among others.
    ///
    /// # Errors
    /// As [`Kind::correct`].
    fn correct_among(
        &self,
        text: &str,
        _others: &[String],
        changes: &[Change],
    ) -> Result<String, String> {
        self.correct(text, changes)
    }
    /// The file in parts, so that each can be changed without most of the others; `None` where
    /// they are not told apart.
    fn parts(&self, _text: &str, _places: &[Place]) -> Option<Parts> {
        None
    }
    /// What a call makes the file build, each with the number of its place, and what that calls in
    /// turn: with what the job gives to the call.
    fn called(&self, _text: &str, _by: &Place) -> Vec<(usize, Place)> {
        Vec::new()
    }
    /// The text with these changes and no other; comments and formatting stay.
    ///
    /// # Errors
    /// Why it cannot be changed safely, in words that complete "no patch:".
    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String>;
}

/// All kinds, the most telling first.
pub static KINDS: &[&dyn Kind] = &[
    &bitbucket::BitbucketPipelines,
    &github::GithubWorkflow,
    &github::GithubAction,
    &gitlab::GitlabCi,
    &buildkite::BuildkitePipeline,
    &circleci::CircleCi,
    &azure::AzurePipelines,
    &cloudbuild::CloudBuild,
    &buildspec::Buildspec,
    &woodpecker::Woodpecker,
    &woodpecker::Drone,
    &cluster::Tekton,
    &cluster::ArgoWorkflow,
    &cluster::Kubernetes,
    &skaffold::Skaffold,
    &concourse::Concourse,
    &compose::Compose,
    &bake::BakeOverride,
    &bake::Bake,
    &dockerignore::Dockerignore,
    &dockerfile::Dockerfile,
    &travis::Travis,
    &jenkinsfile::Jenkinsfile,
    &foreign::Foreign,
];

/// One configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    /// Path as the user named it, with `/`.
    pub path: String,
    /// Its text, with the byte order mark that some editors of Windows put first.
    pub text: String,
    /// Which kind of file.
    pub kind: &'static dyn Kind,
    /// What it says.
    pub content: Content,
    /// Texts of the other files that are part of the same configuration.
    pub others: Arc<[String]>,
    /// The parts that its patches are tried on, once there is one; `None` where they are tried on
    /// the whole file.
    pub(crate) parts: OnceLock<Option<Parts>>,
    /// Where the lines of the text begin, once a line was asked for.
    pub(crate) lines: OnceLock<Vec<usize>>,
    /// What lies beside it and in the root of its checkout; `None` where it was given without one.
    pub beside: Option<Arc<Beside>>,
}

/// The part of a path that tells the forge whose files lie there.
#[must_use]
pub fn forge(path: &str) -> Option<&str> {
    path.split('/').find(|part| matches!(*part, ".github" | ".gitea" | ".forgejo"))
}

const TEMPLATE: &str = "is a template and is not read; give the file that is generated from it";

/// Jinja, Go templates, ERB. GitHub's `${{ … }}` stands in values.
fn is_template(text: &str) -> bool {
    let marks = |line: &str| {
        line.starts_with("{{") || ["{%", "{{-", " {{ ", "<%"].iter().any(|m| line.contains(m))
    };
    text.lines().any(|line| marks(line.trim_start()))
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The one name of a file that may be named in several ways: `./Dockerfile`.
#[must_use]
pub fn plain_path(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.trim_start_matches("./").to_owned()
}

/// A corrected file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// Its new text.
    pub text: String,
    /// What in it is new.
    pub change: Splice,
    /// The difference, as `git apply` takes it.
    pub diff: String,
}

impl Config {
    /// Whether a file of this name is read.
    #[must_use]
    pub fn is_config(path: &str) -> bool {
        KINDS.iter().any(|kind| kind.names(path))
    }

    /// A file of this name need not be one of ours: it is no fault where it cannot be read.
    #[must_use]
    pub fn may_be_other(path: &str) -> bool {
        let path = plain_path(path);
        let named = KINDS.iter().find(|kind| kind.names(&path));
        named.is_none_or(|kind| kind.may_be_other(&path, ""))
    }

    /// Reads a file by its name, else by its looks; `None` where it is none of ours, an error text
    /// where it cannot be read.
    #[must_use]
    pub fn read(path: &str, text: &str) -> Option<Result<Self, String>> {
        let path = plain_path(path);
        let named = KINDS.iter().find(|kind| kind.names(&path));
        let body = without_mark(text);
        let kind = *named.or_else(|| KINDS.iter().find(|kind| kind.looks(body)))?;
        Self::read_by(kind, path, text)
    }

    /// Reads a file by its looks alone; `None` where it is none of ours.
    #[must_use]
    pub fn read_by_looks(path: &str, text: &str) -> Option<Result<Self, String>> {
        let body = without_mark(text);
        let kind = KINDS.iter().find(|kind| kind.looks(body))?;
        Self::read_by(*kind, plain_path(path), text)
    }

    fn read_by(kind: &'static dyn Kind, path: String, text: &str) -> Option<Result<Self, String>> {
        let body = without_mark(text);
        let content = kind
            .read_named(&path, body)
            .map_err(|why| if is_template(body) { TEMPLATE.to_owned() } else { why });
        let nothing = content.as_ref().map_or(true, Content::is_empty);
        if nothing && kind.may_be_other(&path, body) {
            return None;
        }
        Some(content.map(|content| Self {
            path,
            text: text.to_owned(),
            kind,
            content,
            others: Arc::default(),
            parts: OnceLock::new(),
            lines: OnceLock::new(),
            beside: None,
        }))
    }

    /// Reads a file as one of the kind of another one that includes it.
    ///
    /// # Errors
    /// The parser's message.
    pub fn read_as(&self, path: &str, text: &str) -> Result<Self, String> {
        let content = self.kind.read(without_mark(text))?;
        let (path, text) = (plain_path(path), text.to_owned());
        let (others, parts, lines) = (Arc::default(), OnceLock::new(), OnceLock::new());
        Ok(Self { path, text, kind: self.kind, content, others, parts, lines, beside: None })
    }

    /// The file with changes, read again to see that they are there and nothing else changed.
    ///
    /// # Errors
    /// Why it cannot be changed safely, in words that complete "no patch:".
    pub fn corrected(&self, changes: &[Change]) -> Result<Corrected, String> {
        if let Some(done) = self.corrected_alone(changes) {
            return self.with_body(&done?);
        }
        let (body, others) = change::without_pulls(self.body(), &self.content, changes)?;
        let text = if others.is_empty() {
            body.into_owned()
        } else {
            self.kind.correct_among(&body, &self.others, &others)?
        };
        let after = self.kind.read_among(&text, &self.others)?;
        change::verify(&self.content, &after, changes).map_err(|why| why.to_string())?;
        self.with_body(&text)
    }

    /// The same by the part of the file that the changes reach; `None` where that does not do.
    fn corrected_alone(&self, changes: &[Change]) -> Option<Result<String, String>> {
        if changes.iter().any(|change| matches!(change, Change::Unpull { .. })) {
            return None;
        }
        let parts = self.parts.get_or_init(|| self.kind.parts(self.body(), &self.content.places));
        let excerpt = parts.as_ref()?.around(self.body(), changes)?;
        let read = |text: &str| self.kind.read_among(text, &self.others).ok();
        let before = read(&excerpt.text).filter(|before| self.holds(&excerpt, before, changes))?;
        let changes = excerpt.numbered(changes);
        let text = match self.kind.correct_among(&excerpt.text, &self.others, &changes) {
            Ok(text) => text,
            Err(why) => return Some(Err(why)),
        };
        if let Err(why) = change::verify(&before, &read(&text)?, &changes) {
            let why = why.in_line(|line| excerpt.line_of(self.body(), line))?;
            return Some(Err(why.to_string()));
        }
        excerpt.put_back(self.body(), &text).map(Ok)
    }

    /// The excerpt has the places of its parts, and those that are changed among them.
    fn holds(&self, excerpt: &Excerpt, before: &Content, changes: &[Change]) -> bool {
        let same = |place: usize| {
            let here = before.places.get(excerpt.number(place)).map(|place| &place.target);
            here == self.content.places.get(place).map(|place| &place.target)
        };
        before.places.len() == excerpt.places && changes.iter().filter_map(Change::place).all(same)
    }

    /// The text that a reader of the format sees: without a byte order mark.
    #[must_use]
    pub fn body(&self) -> &str {
        without_mark(&self.text)
    }

    /// The file with another body; a byte order mark stays.
    ///
    /// # Errors
    /// Where that changes nothing.
    pub fn with_body(&self, body: &str) -> Result<Corrected, String> {
        let mark = self.text.len() - self.body().len();
        let text = [self.text.get(..mark).unwrap_or_default(), body].concat();
        let nothing = "nothing to change was found";
        let diff = unified_diff(&self.path, &self.text, &text).ok_or(nothing)?;
        let change = Splice::between(&self.text, &text).ok_or(nothing)?;
        Ok(Corrected { text, change, diff })
    }

    /// A file that is not there, made with these changes.
    ///
    /// # Errors
    /// Why there can be no such file, in words that complete "no patch:".
    pub fn created(path: &str, changes: &[Change]) -> Result<Corrected, String> {
        let kind = KINDS
            .iter()
            .find(|kind| kind.names(path))
            .ok_or("is not a configuration file that cachediag knows")?;
        let text = kind.correct("", changes)?;
        let new = kind.read(&text)?;
        change::verify(&Content::default(), &new, changes).map_err(|why| why.to_string())?;
        let diff = splice::diff_of_new(path, &text);
        let change = Splice { range: 0..0, text: text.clone() };
        Ok(Corrected { text, change, diff })
    }

    /// The folder of the forge whose server keeps the caches of its jobs: `.github`, `.forgejo`;
    /// `None` where the file is of no such one.
    #[must_use]
    pub fn forge(&self) -> Option<&str> {
        forge(&self.path)
    }

    /// A line of the file, to be shown; `None` where it has no such line.
    #[must_use]
    pub fn quote(&self, line: u64) -> Option<Quote> {
        let body = self.body();
        let starts = self.lines.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', body.as_bytes());
            std::iter::once(0).chain(ends.map(|end| end + 1)).collect()
        });
        let start = starts.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
        let text = body.get(*start..)?.lines().next()?;
        Some(Quote { line, text: text.trim_end().into() })
    }
}

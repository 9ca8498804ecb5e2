//! Dockerfiles: stages and instructions with their lines, in the words that `BuildKit` prints them
//! with.
//!
//! Read by lines as `BuildKit` itself does (`frontend/dockerfile/parser`), because the texts are
//! compared with step headers and a correction moves whole lines. Tolerant: an unknown instruction
//! is one all the same. What an order of instructions means for the cache is for the rules.

mod correct;
mod heredoc;
mod lines;
mod moving;
mod read;
mod values;
mod words;

pub use read::{base_span, keyword_of};
pub use values::{declared, mentions};

use super::{Change, Content, Kind};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Dockerfile;

impl Kind for Dockerfile {
    fn name(&self) -> &'static str {
        "dockerfile"
    }

    fn names(&self, path: &str) -> bool {
        /// Ends of names of what is made from a Dockerfile, makes one, or tells an editor about
        /// them.
        #[rustfmt::skip]
        const OTHER: [&str; 22] = [
            "md", "txt", "j2", "jinja", "jinja2", "tmpl", "tpl", "template", "erb", "in", "bak", "orig",
            "go", "json", "nanorc", "py", "sh", "tmlanguage", "tmpreferences", "vim", "yaml", "yml",
        ];
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        // `Dockerfile.web`, `Dockerfile-web`, `Dockerfile_web`, `web.Dockerfile`.
        let (first, last) = (
            name.split(['.', '-', '_']).next().unwrap_or_default(),
            name.rsplit('.').next().unwrap_or_default(),
        );
        let word = |part: &str| matches!(part, "dockerfile" | "containerfile");
        (word(first) && !OTHER.contains(&last)) || (word(last) && first != last)
    }

    /// Source code and texts are named after what they are about; a Dockerfile has a FROM, and
    /// begins with an instruction.
    fn may_be_other(&self, path: &str, text: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let begins = || {
            let all = lines::instructions(text).unwrap_or_default();
            all.first().is_some_and(|first| read::is_instruction(&first.text))
        };
        let from = |line: &str| {
            line.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("FROM "))
        };
        let plain = matches!(name.as_str(), "dockerfile" | "containerfile");
        !(plain || (text.lines().any(from) && begins()))
    }

    fn looks(&self, text: &str) -> bool {
        let known = |all: Vec<lines::Joined>| all.iter().all(|one| read::is_instruction(&one.text));
        lines::instructions(text).is_ok_and(known) && read::read(text).is_ok()
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        read::read(text)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        correct::correct(text, changes)
    }
}

#[cfg(test)]
mod tests;

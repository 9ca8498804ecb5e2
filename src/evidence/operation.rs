//! Operations that can be named from the text of an instruction alone: `WORKDIR` and plain copies.
//!
//! They serve to find the record of a step, never to prove anything: an owner, an epoch or a
//! working directory of the base image makes another digest.

use super::formula;
use crate::model::{Digest, Step};

/// Follows the working directory through the steps of a stage.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkDir {
    cwd: String,
}

impl Default for WorkDir {
    fn default() -> Self {
        Self { cwd: "/".to_owned() }
    }
}

impl WorkDir {
    /// The operation of the next step, where its text tells.
    pub(super) fn operation(&mut self, step: &Step) -> Option<Digest> {
        self.of_text(&step.instruction, &step.text)
    }

    /// The working directory.
    pub(super) fn directory(&self) -> &str {
        &self.cwd
    }

    pub(super) fn of_text(&mut self, instruction: &str, text: &str) -> Option<Digest> {
        let rest = text.split_once(' ').map_or("", |(_, rest)| rest).trim();
        match instruction {
            "WORKDIR" => {
                self.cwd = join(&self.cwd, rest);
                Some(formula::workdir(&self.cwd))
            }
            "COPY" | "ADD" => self.copy(rest),
            _ => None,
        }
    }

    fn copy(&self, rest: &str) -> Option<Digest> {
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        let plain = |word: &&&str| !(word.starts_with("--from=") || **word == "--link");
        let words: Vec<&str> = words.iter().filter(plain).copied().collect();
        let (dest, sources) = words.split_last()?;
        let odd =
            |word: &&str| word.starts_with("--") || word.starts_with("<<") || word.starts_with('[');
        if sources.is_empty() || words.iter().any(odd) {
            return None;
        }
        let mut to = join(&self.cwd, dest);
        if (*dest == "." || dest.ends_with('/')) && to != "/" {
            to.push('/');
        }
        let lasts: Vec<String> = sources.iter().map(|source| last_part(source)).collect();
        Some(formula::copy(&lasts.iter().map(String::as_str).collect::<Vec<_>>(), &to))
    }
}

/// `lib` of `/src/lib`, `/` of `.`.
fn last_part(source: &str) -> String {
    let path = join("/", source);
    path.rsplit('/').next().filter(|part| !part.is_empty()).unwrap_or("/").to_owned()
}

/// A path behind another, without `.` and `..`.
pub(super) fn join(cwd: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_directory_is_followed() {
        let mut place = WorkDir::default();
        assert_eq!(place.of_text("WORKDIR", "WORKDIR /app"), Some(formula::workdir("/app")));
        let dot = place.of_text("COPY", "COPY package.json ./");
        assert_eq!(dot, Some(formula::copy(&["package.json"], "/app/")));
        assert_eq!(
            place.of_text("COPY", "COPY --from=deps /x/src/ src"),
            Some(formula::copy(&["src"], "/app/src"))
        );
        assert_eq!(place.of_text("COPY", "COPY . ."), Some(formula::copy(&["/"], "/app/")));
        assert_eq!(
            place.of_text("WORKDIR", "WORKDIR web/../api"),
            Some(formula::workdir("/app/api"))
        );
        assert_eq!(place.of_text("COPY", "COPY --chown=1 a b"), None);
    }
}

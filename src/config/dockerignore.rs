//! `.dockerignore`: what is left out of a build context.
//!
//! One pattern a line, `!` takes back, the last that fits decides (`moby/patternmatcher`).

use super::patch::Patch;
use super::{Change, Content, Kind};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Dockerignore;

impl Kind for Dockerignore {
    fn name(&self) -> &'static str {
        "dockerignore"
    }

    /// `Dockerfile.dockerignore` is read in its place for that Dockerfile.
    fn names(&self, path: &str) -> bool {
        path.ends_with(".dockerignore")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Content { ignored: patterns.map(str::to_owned).collect(), ..Content::default() })
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        let mut patterns = Vec::new();
        for change in changes {
            let Change::Ignore { pattern } = change else {
                return Err("a .dockerignore holds patterns only".to_owned());
            };
            patterns.push(pattern.clone());
        }
        Ok(append(text, &patterns))
    }
}

/// Whether a file or folder at the root of the context is left out.
#[must_use]
pub fn ignores(patterns: &[String], name: &str) -> bool {
    patterns.iter().fold(false, |ignored, pattern| match pattern.strip_prefix('!') {
        Some(back) => ignored && !fits(back, name),
        None => ignored || fits(pattern, name),
    })
}

/// At the end, where nothing can take them back.
fn append(text: &str, patterns: &[String]) -> String {
    if text.is_empty() {
        return patterns.iter().flat_map(|pattern| [pattern.as_str(), "\n"]).collect();
    }
    let mut patch = Patch::default();
    patch.insert_after(text, text.trim_end_matches(['\r', '\n']).len(), patterns);
    patch.apply(text).unwrap_or_default()
}

/// A pattern for one name in the root. What is in a folder (`.git/**`) is as good as the folder.
fn fits(pattern: &str, name: &str) -> bool {
    let bare =
        pattern.trim().trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    let bare = bare.strip_suffix("/**").or_else(|| bare.strip_suffix("/*")).unwrap_or(bare);
    let bare = bare.trim_start_matches("**/");
    !bare.contains('/') && glob(bare.as_bytes(), name.as_bytes())
}

/// `*` and `?` within one name.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            glob(rest, name)
                || name.split_first().is_some_and(|(_, shorter)| glob(pattern, shorter))
        }
        (Some((b'?', rest)), Some((_, name))) => glob(rest, name),
        (Some((a, rest)), Some((b, name))) => a == b && glob(rest, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(text: &str) -> Vec<String> {
        Dockerignore.read(text).unwrap().ignored
    }

    #[test]
    fn knows_what_leaves_git_out() {
        for text in [
            ".git",
            "/.git/\n",
            "**/.git",
            ".git*",
            "*\n!src",
            ".*",
            "# x\r\n.git\r\n",
            ".git/**",
            "**",
        ] {
            assert!(ignores(&patterns(text), ".git"), "{text}");
        }
        for text in ["", "git", ".git\n!.git", "docs/.git", ".github", "*.md", "# .git", "*/.git"] {
            assert!(!ignores(&patterns(text), ".git"), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_added_at_the_end() {
        let add = |text: &str| {
            Dockerignore.correct(text, &[Change::Ignore { pattern: ".git".into() }]).unwrap()
        };
        assert_eq!(add(""), ".git\n");
        assert_eq!(add("a\n!b\n"), "a\n!b\n.git\n");
        assert_eq!(add("a\r\nb"), "a\r\nb\r\n.git");
        assert_eq!(add("a\n\n\n"), "a\n.git\n\n\n");
    }
}

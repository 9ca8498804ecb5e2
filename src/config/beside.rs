//! What lies beside a Dockerfile and in the root of its checkout: names, and texts of the files that
//! say what an installation reads.

use std::collections::HashSet;

/// Names, and the texts of manifests among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    names: HashSet<String>,
    texts: Vec<(String, String)>,
}

impl Beside {
    /// Of these names, and of the texts of some of them.
    #[must_use]
    pub fn new(names: HashSet<String>, texts: Vec<(String, String)>) -> Self {
        Self { names, texts }
    }

    /// Something of that name is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The texts of files of that name: one may lie beside the Dockerfile and one in the root.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |(known, _): &&(String, String)| known == name;
        self.texts.iter().filter(named).map(|(_, text)| text.as_str())
    }

    /// The text of a file of that name says something.
    #[must_use]
    pub fn is_told(name: &str) -> bool {
        const NAMES: [&str; 13] = [
            "package.json",
            "go.mod",
            "pyproject.toml",
            "Pipfile",
            "setup.py",
            "setup.cfg",
            "build.rs",
            "build.gradle",
            "build.gradle.kts",
            "pom.xml",
            "Makefile",
            "makefile",
            "GNUmakefile",
        ];
        let requirements = matches!(name.rsplit_once('.'), Some((_, "txt" | "in")));
        NAMES.contains(&name) || requirements
    }
}

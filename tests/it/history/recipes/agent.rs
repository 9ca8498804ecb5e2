//! Agents of a CI, of which each is new, and what the CI keeps between them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::super::{absolute, exported};

/// What lasts: `store/` behind servers, `caches/`, and `home/` of an agent whose disk stays.
pub(super) struct Ci(TempDir);

impl Ci {
    pub(super) fn new() -> Self {
        let ci = Self(TempDir::new().unwrap());
        for folder in ["home", "store", "caches"] {
            fs::create_dir(ci.path(folder)).unwrap();
        }
        ci
    }

    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    /// A server has this.
    pub(super) fn keep(&self, url: &str, text: &str) {
        let place = self.path("store").join(url);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// The cache whose key begins so, the newest of several.
    pub(super) fn restore(&self, agent: &Agent, file: &Value, key: &str) {
        let key = key.replace('/', "%2F");
        let caches = fs::read_dir(self.path("caches")).unwrap().map(|cache| cache.unwrap().path());
        let fitting =
            caches.filter(|cache| cache.file_name().unwrap().to_str().unwrap().starts_with(&key));
        if let Some(newest) =
            fitting.max_by_key(|cache| fs::metadata(cache).unwrap().modified().unwrap())
        {
            fs::copy(newest, agent.folder().join(file.as_str().unwrap())).unwrap();
        }
    }

    /// Writes it, whatever is there.
    pub(super) fn save(&self, agent: &Agent, file: &Value, key: &str) {
        let place = self.path("caches").join(key.replace('/', "%2F"));
        fs::copy(agent.folder().join(file.as_str().unwrap()), place).unwrap();
    }
}

/// A machine with a log on it.
pub(super) struct Agent<'c> {
    ci: &'c Ci,
    folder: TempDir,
    /// What its commands printed.
    pub(super) said: RefCell<String>,
}

impl<'c> Agent<'c> {
    pub(super) fn new(ci: &'c Ci, log: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        fs::copy(log, folder.path().join("build.log")).unwrap();
        Self { ci, folder, said: RefCell::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Records in the agent's file.
    pub(super) fn remembers(&self) -> usize {
        exported(self.folder(), "cachediag.db").lines().count()
    }

    /// As CI systems call a shell: the first command that fails is the end.
    pub(super) fn sh(&self, script: &str, set: &BTreeMap<String, String>) {
        let program = Path::new(env!("CARGO_BIN_EXE_cachediag")).parent().unwrap();
        let path = format!(
            "{}:{}:/usr/bin:/bin",
            absolute("tests/history/recipes/bin").display(),
            program.display()
        );
        let mut command = Command::new("sh");
        command.args(["-e", "-c", script]).current_dir(self.folder()).env_clear();
        command
            .env("PATH", path)
            .env("HOME", self.ci.path("home"))
            .env("STORE", self.ci.path("store"));
        let output =
            command.envs(set.iter().filter(|(name, _)| !name.contains('.'))).output().unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{script}\n{said}");
        self.said.borrow_mut().push_str(&said);
    }

    /// A list of commands, of which each sees the variables of those before it.
    pub(super) fn lines(&self, list: &Value, set: &BTreeMap<String, String>) {
        let lines: Vec<&str> =
            list.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        self.sh(&lines.join("\n"), set);
    }

    /// The steps of a job of GitHub.
    pub(super) fn workflow(&self, steps: &Value, set: &BTreeMap<String, String>) {
        for step in steps.as_array().unwrap() {
            let with = |name: &str| filled(step["with"][name].as_str().unwrap(), set);
            match step["uses"].as_str() {
                Some("actions/cache/restore@v4") => {
                    assert!(with("key").starts_with(&with("restore-keys")));
                    self.ci.restore(self, &step["with"]["path"], &with("restore-keys"));
                }
                Some("actions/cache/save@v4") => {
                    let taken = self.ci.path("caches").join(with("key").replace('/', "%2F"));
                    assert!(!taken.exists(), "a cache is never overwritten");
                    self.ci.save(self, &step["with"]["path"], &with("key"));
                }
                Some("actions/upload-artifact@v4") => {
                    let folder = self
                        .ci
                        .path("store/artifacts")
                        .join(&set["github.run_id"])
                        .join(with("name"));
                    fs::create_dir_all(folder.parent().unwrap()).unwrap();
                    // An artifact of that name would be an error.
                    fs::create_dir(&folder).unwrap();
                    fs::copy(self.folder().join(with("path")), folder.join(with("path"))).unwrap();
                }
                Some(other) => panic!("nobody plays {other}"),
                None => self.sh(&filled(step["run"].as_str().unwrap(), set), set),
            }
        }
    }
}

/// `${{ github.run_id }}` as GitHub fills it in, before a shell sees it.
fn filled(text: &str, set: &BTreeMap<String, String>) -> String {
    let mut filled = text.to_owned();
    for (name, value) in set {
        filled = filled.replace(&format!("${{{{ {name} }}}}"), value);
    }
    assert!(!filled.contains("${{"), "{filled}");
    filled
}

//! A machine of a CI: a working directory with logs, and the programs that a wrapper calls.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a wrapper runs.
pub(super) struct Call {
    pub(super) script: String,
    pub(super) variables: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: i32,
    pub(super) said: String,
}

pub(super) struct Agent(TempDir);

/// Notes how it was called, and what was sent to it.
const NOTED: &str = "echo \"$(basename \"$0\") $*\" >>\"$HOME/called\"; cat >>\"$HOME/called\"";

impl Agent {
    pub(super) fn new() -> Self {
        let agent = Self(TempDir::new().unwrap());
        fs::create_dir(agent.file("bin")).unwrap();
        symlink(assert_cmd::cargo::cargo_bin("cachediag"), agent.file("bin/cachediag")).unwrap();
        symlink(repository("integrations/judge.sh"), agent.file("bin/cachediag-judge")).unwrap();
        for name in ["buildkite-agent", "curl", "gh"] {
            agent.program(name, NOTED);
        }
        agent.program("docker", "exit 1");
        agent
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn log(&self, sample: &str, name: &str) {
        fs::copy(repository("sample-logs").join(sample), self.file(name)).unwrap();
    }

    pub(super) fn program(&self, name: &str, script: &str) {
        let path = self.file("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Calls of programs that were noted.
    pub(super) fn called(&self) -> String {
        fs::read_to_string(self.file("called")).unwrap_or_default()
    }

    pub(super) fn run(&self, call: &Call) -> Outcome {
        let path = format!("{}:/usr/bin:/bin", self.file("bin").display());
        let done = Command::new("sh")
            .args(["-c", &call.script])
            .env_clear()
            .envs([
                ("PATH", path.as_str()),
                ("HOME", self.0.path().to_str().unwrap()),
                ("LANG", "C.UTF-8"),
            ])
            .envs(call.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [done.stdout, done.stderr].concat();
        Outcome { status: done.status.code().unwrap(), said: String::from_utf8(said).unwrap() }
    }
}

pub(super) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

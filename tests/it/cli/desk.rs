//! A folder with a log in it, and the program started there.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with one log in it, and the program started there.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
}

impl Desk {
    pub(crate) fn with(log: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("run.log"), log).unwrap();
        Self { folder }
    }

    /// One more file, with the folders it lies in.
    pub(crate) fn and(self, name: &str, text: &str) -> Self {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("cachediag").unwrap();
        command.current_dir(&self.folder).args(args);
        let ours =
            std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("CACHEDIAG_"));
        for variable in ours.chain(
            ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG"]
                .map(String::from),
        ) {
            command.env_remove(variable);
        }
        command
    }
}

pub(crate) fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

pub(crate) fn stderr(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

//! The sample logs: each is read by the envelope its folder names, and its report is as reviewed.

use std::fs;
use std::path::Path;

use cachediag::envelope::Stack;
use cachediag::pipeline::{self, Options};
use cachediag::render::{RENDERERS, Screen};

use crate::support::folder;

/// Folder and the envelope of its logs; `None` is a build's own output.
const ENVELOPES: [(&str, Option<&str>); 7] = [
    ("bitbucket-parallel-upload", Some("bitbucket")),
    ("buildkite-compose-plugin", Some("buildkite")),
    ("compression-typo", None),
    ("docker-driver-refuses-export", None),
    ("every-second-run", None),
    ("inline-multi-stage", None),
    ("registry-mode-max-healthy", None),
];

#[test]
fn every_folder_is_listed_and_says_what_it_is() {
    let folders: Vec<String> = folder::children(Path::new("sample-logs"))
        .iter()
        .map(|p| p.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(folders, ENVELOPES.map(|(name, _)| name));
    for name in folders {
        let readme =
            fs::read_to_string(Path::new("sample-logs").join(&name).join("README.md")).unwrap();
        assert_eq!(readme.trim().lines().count(), 1, "{name}");
    }
}

#[test]
fn every_log_is_read_by_its_own_envelope() {
    for (name, envelope) in ENVELOPES {
        for log in folder::children(&Path::new("sample-logs").join(name))
            .iter()
            .filter(|p| p.extension().is_some_and(|e| e == "log"))
        {
            let stack = Stack::recognise(&fs::read(log).unwrap());
            assert_eq!(stack.name(), envelope, "{}", log.display());
        }
    }
}

#[test]
fn reports_are_as_reviewed() {
    let human = RENDERERS.iter().find(|r| r.name() == "human").unwrap();
    for (name, _) in ENVELOPES {
        let paths = vec![Path::new("sample-logs").join(name)];
        let report = pipeline::run(&Options { paths, ..Options::default() });
        insta::assert_snapshot!(
            name,
            human.render(&report, Screen { width: 80, color: false, ascii: false })
        );
    }
}

//! A Dockerfile that Nixpacks wrote: nobody edits it. Which files a phase is given says
//! `nixpacks.toml` (<https://nixpacks.com/docs/configuration/file>).

use super::advice::manifests;
use crate::finding::Fix;
use crate::model::{Build, Step};

/// It copies the archive of Nix packages that Nixpacks writes beside it: `COPY
/// .nixpacks/nixpkgs-5148520b.nix .nixpacks/nixpkgs-5148520b.nix`.
pub(super) fn wrote(build: &Build) -> bool {
    build.steps.iter().any(|step| step.text.starts_with("COPY .nixpacks/"))
}

pub(super) fn fix(install: &Step) -> Fix {
    let files = manifests(&install.text).unwrap_or("THE-FILES-IT-READS");
    let list: Vec<String> = files.split(' ').map(|file| format!("\"{file}\"")).collect();
    Fix {
        summary: "name the files that the install phase reads in nixpacks.toml".to_owned(),
        steps: vec![
            "Nixpacks writes the Dockerfile of this build: a phase without `onlyIncludeFiles` is \
                given the whole context."
                .to_owned(),
            "Add scripts that the installation runs (`postinstall`, patches) to the list."
                .to_owned(),
        ],
        snippet: Some(format!(
            "# nixpacks.toml\n[phases.install]\nonlyIncludeFiles = [{}]",
            list.join(", ")
        )),
        ..Fix::default()
    }
}

//! The order that a stage should have: the installation before the COPY of everything.
//!
//! Looks at one stage of a Dockerfile; says either the change or why none is certain to build.

use super::inner;
use crate::config::{Change, Config, Instruction, Stage};
use crate::rules::{installation, manifests};

/// The change, where the files that it names are there: of those that name dependencies together
/// some lie beside the Dockerfile or in the root of the checkout, and so should the others. Where
/// none does, a job may make them, or they were not given.
pub(super) fn change_in(
    config: &Config,
    stage: &Stage,
    copy: &Instruction,
) -> Result<Change, String> {
    const READ_TOO: [&str; 6] =
        [".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "pnpm-workspace.yaml", "patches"];
    let change = change(stage, copy)?;
    let (Some(there), Change::CopyLater { first: Some(first), .. }) = (&config.beside, &change)
    else {
        return Ok(change);
    };
    let words = first.split_ascii_whitespace().skip(1).filter(|word| !word.starts_with("--"));
    let names: Vec<&str> = words.take_while(|word| !word.ends_with('/')).collect();
    if !names.iter().any(|name| there.contains(name)) {
        return Ok(change);
    }
    if let Some(missing) = names.iter().find(|name| !there.contains(name)) {
        return Err(format!("`{missing}` is neither next to it nor in the root of the checkout"));
    }
    let runs = runs_of(stage, &change);
    if let Some(why) = manifests::reads_more(there, &names, &runs) {
        return Err(why);
    }
    match READ_TOO.iter().find(|name| there.contains(name)) {
        Some(name) if names.contains(&"package.json") => {
            Err(format!("`{name}` is there too, and the installation may read it"))
        }
        _ => Ok(change),
    }
}

/// The texts of the installations that go above the COPY.
pub(super) fn runs_of(stage: &Stage, change: &Change) -> String {
    let Change::CopyLater { runs, .. } = change else { return String::new() };
    let moved = stage.instructions.iter().filter(|i| runs.contains(&i.line));
    moved.map(|i| i.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The COPY comes behind the installations that stand right below it; a WORKDIR may stand between
/// them.
pub(super) fn change(stage: &Stage, copy: &Instruction) -> Result<Change, String> {
    let below = stage.instructions.iter().filter(|i| i.line > copy.line);
    let runs = below
        .filter(|i| i.keyword == "RUN")
        .map_while(|run| Some((run, installation::reads(&run.text)?)));
    let runs: Vec<(&Instruction, Vec<String>)> = runs.collect();
    let Some((last, _)) = runs.last() else {
        return Err("which files the RUN below the COPY reads is not certain".to_owned());
    };
    let files: Vec<String> = runs.iter().flat_map(|(_, files)| files.clone()).collect();
    let first = first_copy(stage, copy, last.line, &files)?
        .filter(|_| !files.iter().all(|file| is_brought(stage, copy, file)));
    Ok(Change::CopyLater {
        copy: copy.line,
        runs: runs.iter().map(|(run, _)| run.line).collect(),
        first,
    })
}

/// Another COPY above brings the file to the same place.
fn is_brought(stage: &Stage, copy: &Instruction, file: &str) -> bool {
    let to = |i: &Instruction| {
        let target = i.text.split_ascii_whitespace().next_back().unwrap_or_default();
        target.trim_end_matches('/').to_owned()
    };
    let moves = |from: u64| {
        stage
            .instructions
            .iter()
            .any(|i| i.keyword == "WORKDIR" && (from..copy.line).contains(&i.line))
    };
    let mut above = stage.instructions.iter().filter(|i| i.line < copy.line);
    above.any(|i| inner::brings(i, file) && to(i) == to(copy) && !moves(i.line))
}

/// The COPY of the few files; `None` where none is needed.
pub(in crate::rules) fn first_copy(
    stage: &Stage,
    copy: &Instruction,
    last: u64,
    files: &[String],
) -> Result<Option<String>, String> {
    if files.is_empty() {
        return Ok(None);
    }
    let words: Vec<&str> = copy.text.split_ascii_whitespace().skip(1).collect();
    let options: Vec<&str> =
        words.iter().copied().take_while(|word| word.starts_with("--")).collect();
    let known = |option: &&str| {
        ["--chown=", "--chmod=", "--link"].iter().any(|name| option.starts_with(name))
    };
    let arguments: Vec<&str> = words.iter().copied().skip(options.len()).collect();
    let (["." | "./", target], true) = (arguments.as_slice(), options.iter().all(known)) else {
        return Err(format!("`{}` is written in an unusual way", copy.text));
    };
    let folder = target.trim_end_matches('/');
    let moves = stage
        .instructions
        .iter()
        .any(|i| i.keyword == "WORKDIR" && i.line > copy.line && i.line < last);
    let there = || workdir(stage, last).is_some_and(|workdir| workdir == folder);
    let here = (folder == "." && !moves) || there();
    let mut names: Vec<&str> = Vec::new();
    for file in files {
        let name = match file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
            Some(inside) if folder.starts_with('/') => inside,
            _ if here && !file.starts_with('/') => file,
            _ => return Err(format!("where `{file}` lies in the image is not certain")),
        };
        if name.contains('/') {
            return Err(format!("`{file}` is not in the root of the build context"));
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let options: String = options.iter().flat_map(|option| [*option, " "]).collect();
    Ok(Some(format!("COPY {options}{} {folder}/", names.join(" "))))
}

/// The directory in a line of a stage; `None` where the stage does not say.
pub(super) fn workdir(stage: &Stage, line: u64) -> Option<String> {
    let all = stage.instructions.iter().filter(|i| i.keyword == "WORKDIR" && i.line < line);
    all.fold(None, |now: Option<String>, workdir| {
        let path = workdir.text.split_once(' ')?.1.trim().trim_end_matches('/');
        match path {
            path if path.contains(['$', '"']) => None,
            path if path.starts_with('/') => Some(path.to_owned()),
            path => now.map(|now| format!("{now}/{path}")),
        }
    })
}

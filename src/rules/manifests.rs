//! Files that name dependencies, and what of the repository they lead to besides themselves.
//!
//! A helper of the rules about the Dockerfile; looks at texts beside it only. An installation that
//! stands above the COPY of everything has the files that were copied for it, and no others.

use serde_json::Value;

use crate::config::Beside;

/// Why these files are not all that a RUN reads, in words that complete "no patch:".
pub(super) fn reads_more(there: &Beside, files: &[&str], run: &str) -> Option<String> {
    files.iter().find_map(|file| {
        if *file == "go.mod" && there.contains("go.work") {
            return Some(
                "`go.work` is there too, and leads to modules in other folders".to_owned(),
            );
        }
        if *file == "package.json" && there.contains("binding.gyp") {
            return Some("`binding.gyp` is there too, and the installation builds it".to_owned());
        }
        let leads = there.texts(file).find_map(|text| leads_to(file, text, run))?;
        Some(format!("`{file}` {leads}"))
    })
}

/// What the text names beside packages of a registry.
fn leads_to(file: &str, text: &str, run: &str) -> Option<String> {
    match file {
        "package.json" => of_node(text, run),
        "go.mod" => of_go(text),
        "pyproject.toml" => of_pyproject(text),
        "Pipfile" => of_pipfile(text),
        _ if matches!(file.rsplit_once('.'), Some((_, "txt" | "in"))) => of_requirements(text),
        _ => None,
    }
}

/// `npm ci` with workspaces whose manifests are not there installs nothing of them, and runs these
/// scripts of the project (<https://docs.npmjs.com/cli/using-npm/scripts#life-cycle-operation-order>).
fn of_node(text: &str, run: &str) -> Option<String> {
    const SCRIPTS: [&str; 7] = [
        "preinstall",
        "install",
        "postinstall",
        "prepublish",
        "preprepare",
        "prepare",
        "postprepare",
    ];
    const PATHS: [&str; 5] = ["file:", "link:", "portal:", "workspace:", "patch:"];
    let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    if json.get("workspaces").is_some() {
        return Some("names workspaces, and the installation reads their manifests too".to_owned());
    }
    let scripts = json.get("scripts").and_then(Value::as_object);
    let has = |name: &&&str| scripts.is_some_and(|scripts| scripts.contains_key(**name));
    let runs = !run.contains("--ignore-scripts");
    if let Some(name) = SCRIPTS.iter().find(has).filter(|_| runs) {
        return Some(format!("has a script `{name}`, which the installation runs"));
    }
    let leads = |path: &&&str| text.contains(&format!("\"{path}"));
    let path = PATHS.iter().find(leads)?;
    Some(format!("names a dependency by `{path}`, which lies in the repository"))
}

/// `replace example.com/lib => ./lib`: the `go.mod` of that folder is read too
/// (<https://go.dev/ref/mod#go-mod-file-replace>).
fn of_go(text: &str) -> Option<String> {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut targets = lines.filter_map(|line| Some(line.split_once("=>")?.1.trim()));
    let folder = targets.find(|target| target.starts_with(['.', '/', '"', '`']))?;
    Some(format!("replaces a module by `{folder}`, whose `go.mod` is read too"))
}

/// Path dependencies of poetry and uv, members of a workspace of uv.
fn of_pyproject(text: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') && !line.starts_with("[[") && line.ends_with(']') {
            let dependencies = line.contains("dependencies") || line.starts_with("[tool.uv");
            inside = dependencies || line.starts_with("[dependency-groups");
        }
        let workspace = line.starts_with("[tool.uv.workspace")
            || inside && (has_key(line, "workspace") || has_key(line, "members"));
        if workspace {
            return Some("names a workspace, and the installation reads its members".to_owned());
        }
        if inside && has_key(line, "path") || line.contains("file:") {
            return Some(format!("names a dependency in the repository (`{line}`)"));
        }
    }
    None
}

fn of_pipfile(text: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut leading = lines.filter(|line| has_key(line, "path") || has_key(line, "file"));
    Some(format!("names a dependency in the repository (`{}`)", leading.next()?))
}

/// `path = "x"`, `{path="x"}`; not `pathspec = "*"`.
fn has_key(line: &str, key: &str) -> bool {
    line.match_indices(key).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default().chars().next_back();
        let behind = line.get(at + key.len()..).unwrap_or_default().trim_start();
        before.is_none_or(|c| matches!(c, ' ' | '{' | ',' | '.')) && behind.starts_with('=')
    })
}

/// Options and paths of a requirements file
/// (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>).
fn of_requirements(text: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut leading = lines.filter(|line| leads_elsewhere(line));
    Some(format!("leads to other files (`{}`)", leading.next()?))
}

fn leads_elsewhere(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if is_path_option(line) {
        return true;
    }
    let requirement = line.split(';').next().unwrap_or_default().trim();
    let local = requirement.contains('/') && !requirement.contains("://");
    let path = !line.starts_with('-') && (requirement.starts_with('.') || local);
    let archive = [".whl", ".tar.gz", ".zip"].iter().any(|end| requirement.ends_with(end));
    path || requirement.contains("file:") || archive && !requirement.contains("://")
}

/// An option of pip that names a file or folder: `-r base.txt`, `-cconstraints.txt`, `-e .`,
/// `--find-links=./wheels`.
pub(super) fn is_path_option(word: &str) -> bool {
    const LONG: [&str; 5] =
        ["--requirement", "--constraint", "--editable", "--find-links", "--target"];
    const SHORT: [&str; 5] = ["-r", "-c", "-e", "-f", "-t"];
    let long = LONG.iter().any(|name| word.starts_with(name));
    let short = !word.starts_with("--") && SHORT.iter().any(|name| word.starts_with(name));
    (long || short) && !word.contains("://")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn more(file: &str, text: &str) -> Option<String> {
        let names: HashSet<String> = [file.to_owned()].into();
        let there = Beside::new(names, vec![(file.to_owned(), text.to_owned())]);
        reads_more(&there, &[file], "RUN install")
    }

    #[test]
    fn manifests_that_lead_to_other_files_are_told() {
        for (file, text) in [
            ("package.json", r#"{"workspaces": ["packages/*"]}"#),
            ("package.json", r#"{"scripts": {"prepare": "husky"}}"#),
            ("package.json", r#"{"dependencies": {"a": "file:../a"}}"#),
            ("go.mod", "module x\nreplace a.b/c => ./c\n"),
            ("go.mod", "replace (\n\ta.b/c v1.0.0 => ../c // here\n)\n"),
            ("pyproject.toml", "[tool.poetry.dependencies]\nlib = {path = \"lib\"}\n"),
            ("pyproject.toml", "[tool.poetry.group.dev.dependencies.lib]\npath = \"lib\"\n"),
            ("pyproject.toml", "[tool.uv.workspace]\nmembers = [\"libs/*\"]\n"),
            ("pyproject.toml", "[tool.uv.sources]\na = { workspace = true }\n"),
            ("Pipfile", "[packages]\nx = {path = \".\", editable = true}\n"),
            ("requirements.txt", "flask==3\n-r requirements/base.txt\n"),
            ("requirements.txt", "-c constraints.txt\n"),
            ("requirements.txt", "-e .\n"),
            ("requirements.txt", "./libs/foo\n"),
            ("requirements.txt", "libs/foo ; python_version > '3'\n"),
            ("requirements.txt", "wheels/x-1.0-py3-none-any.whl\n"),
            ("requirements.txt", "foo @ file:///app/foo\n"),
        ] {
            assert!(more(file, text).is_some(), "{file} {text}");
        }
    }

    #[test]
    fn manifests_of_packages_alone_are_not() {
        for (file, text) in [
            ("package.json", r#"{"scripts": {"build": "tsc", "test": "x"}, "files": ["a"]}"#),
            ("go.mod", "module x\nreplace a.b/c => a.b/d v1.2.3 // => ./x\n"),
            ("pyproject.toml", "[tool.hatch.version]\npath = \"src/a.py\"\n"),
            ("pyproject.toml", "[tool.poetry.dependencies]\npathspec = \"*\"\n"),
            ("Pipfile", "[[source]]\nurl = \"https://pypi.org/simple\"\n[packages]\na = \"*\"\n"),
            ("requirements.txt", "# -r x\nflask==3 --hash=sha256:a\n--index-url https://a/b\n"),
            (
                "requirements.txt",
                "a @ git+https://github.com/a/b@1 # ./c\n--find-links https://a/b\n",
            ),
        ] {
            assert_eq!(more(file, text), None, "{file} {text}");
        }
    }
}

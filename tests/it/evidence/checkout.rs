//! With a checkout the files are named: those of a commit have the digest that a cache recorded.

use std::fs;
use std::path::Path;
use std::process::Command;

use cachediag::pipeline::Options;

use super::project::{Base, Builder, Left, Mode, Stage, Step, run, sha};
use super::{breaks_with, files};

fn git(folder: &Path, words: &[&str]) {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(words);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn header(mode: u32, kind: char, length: usize) -> String {
    format!("namemode{mode}uid0gid0size{length}typeflag{kind}linknameunamegnamedevmajor0devminor0")
}

fn file(content: &str, mode: u32) -> String {
    sha(&format!("{}{content}", header(mode, '0', content.len())))
}

/// A directory of files, with the modes of an umask.
fn directory(files: &[(&str, &str)], umask: u32) -> String {
    let mut text = format!("\0{}", sha(&header(0o777 & !umask, '5', 0)));
    for (name, content) in files {
        text.extend(["\0", name, &file(content, 0o666 & !umask)]);
    }
    sha(&text)
}

const BEFORE: [(&str, &str); 2] = [("a.txt", "a\n"), ("same.txt", "same\n")];
const AFTER: [(&str, &str); 3] = [("a.txt", "b\n"), ("new.txt", "new\n"), ("same.txt", "same\n")];

/// A repository with two commits; `src` lies in a folder of it that is the build context.
fn repository(context: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    let source = folder.path().join(context).join("src");
    fs::create_dir_all(&source).unwrap();
    fs::write(folder.path().join(context).join("Dockerfile"), "FROM base:1\n").unwrap();
    for files in [&BEFORE[..], &AFTER[..]] {
        for (name, content) in files {
            fs::write(source.join(name), content).unwrap();
        }
        git(folder.path(), &["add", "-A"]);
        git(folder.path(), &["commit", "-q", "-m", "a"]);
    }
    folder
}

fn left(umasks: [u32; 2]) -> Vec<Left> {
    let stage = |digest: String| {
        let steps = vec![Step::Workdir("/app"), Step::Copy("src", "/app/src", digest), run("make")];
        [Stage::of("web", Err(Base::of("base", "layers")), steps)]
    };
    let mut builder = Builder::default();
    let [before, after] = [directory(&BEFORE, umasks[0]), directory(&AFTER, umasks[1])];
    [before, after].map(|digest| builder.build(&stage(digest), Mode::Max, "")).into()
}

fn changed(left: &[Left], checkout: &Path, logs: bool) -> (Vec<String>, Vec<String>) {
    let options = Options { checkout: Some(checkout.to_owned()), ..Options::default() };
    let found = breaks_with(files(left, logs), 1, &options);
    assert_eq!(found.len(), 1, "{found:?}");
    let ((step, because, confidence, inputs), proof) = found.into_iter().next().unwrap();
    assert!(
        step.contains("COPY src") && because == "inputs-changed" && confidence == "proven",
        "{step} {because}"
    );
    (inputs, proof)
}

#[test]
fn changed_files_are_named_wherever_the_context_lies() {
    for (context, umask) in [("", 0o022), ("services/web", 0o022), ("", 0o000), ("", 0o077)] {
        let folder = repository(context);
        for logs in [true, false] {
            let (inputs, proof) = changed(&left([umask, umask]), folder.path(), logs);
            assert_eq!(inputs, ["src/a.txt", "src/new.txt"], "{context} {umask:o}");
            assert_eq!(proof, ["cacheconfig", "checkout"]);
        }
    }
}

#[test]
fn files_that_no_commit_has_leave_the_sources_of_the_copy() {
    let folder = repository("");
    fs::write(folder.path().join("src/made"), "by the job").unwrap();
    let mut left = left([0o022, 0o022]);
    let stage = [Stage::of(
        "web",
        Err(Base::of("base", "layers")),
        vec![
            Step::Workdir("/app"),
            Step::Copy("src", "/app/src", "files of nobody".to_owned()),
            run("make"),
        ],
    )];
    let mut builder = Builder::default();
    for _ in 0..3 {
        builder.build(&stage, Mode::Max, "");
    }
    builder.empty();
    left[1] = builder.build(&stage, Mode::Max, "");
    let options = Options { checkout: Some(folder.path().to_owned()), ..Options::default() };
    let found = breaks_with(files(&left, true), 1, &options);
    let copy = found.iter().find(|(found, _)| found.0.contains("COPY src")).unwrap();
    assert_eq!(
        (&copy.0.3[..], &copy.1[..]),
        (&["src".to_owned()][..], &["cacheconfig".to_owned()][..])
    );
}

#[test]
fn a_folder_that_is_no_checkout_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { checkout: Some(folder.path().to_owned()), ..Options::default() };
    let report = cachediag::pipeline::run_in_memory(files(&left([0o022, 0o022]), true), &options);
    assert!(
        report.problems.iter().any(|problem| problem.message.contains("git")),
        "{:?}",
        report.problems
    );
}

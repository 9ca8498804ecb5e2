//! Every message of `tests/ci-caches` is heard as the file says; the README there tells its form.

use std::fs;
use std::path::Path;

use cachediag::model::{CiCache, Run};
use cachediag::pipeline::{self, Options};

/// Lines of a step, and what is to be read of them.
struct Block<'a> {
    lines: Vec<&'a str>,
    expected: Vec<&'a str>,
}

#[test]
fn every_message_is_heard() {
    let (mut files, mut wrong) = (0, Vec::new());
    for file in fs::read_dir("tests/ci-caches").unwrap().map(|f| f.unwrap().path()) {
        if file.extension().is_some_and(|e| e == "txt") {
            wrong.extend(check(&file));
            files += 1;
        }
    }
    assert!(files > 9);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is heard wrongly of a file.
fn check(file: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = fs::read_to_string(file).unwrap();
    let (head, blocks) = parse(&text);
    assert!(blocks.len() > 4 && !head.is_empty(), "{}", file.display());
    let ci = file.file_stem().unwrap().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for block in blocks {
        let log = folder.path().join("build.log");
        fs::write(&log, [head.clone(), block.lines.clone()].concat().join("\n") + "\n").unwrap();
        let run = read(&log);
        let said: Vec<String> = run.ci_caches.iter().map(said).collect();
        let expected: Vec<&str> =
            block.expected.iter().copied().filter(|e| *e != "nothing").collect();
        if run.ci != Some(ci) || said != expected {
            wrong.push(format!(
                "{ci}:\n{}\n  heard as {:?} {said:?}\n",
                block.lines.join("\n"),
                run.ci
            ));
        }
    }
    wrong
}

/// Lines in front of every block, and the blocks.
fn parse(text: &str) -> (Vec<&str>, Vec<Block<'_>>) {
    let (mut head, mut blocks) =
        (Vec::new(), vec![Block { lines: Vec::new(), expected: Vec::new() }]);
    for line in text.lines() {
        let block = blocks.last_mut().unwrap();
        match line {
            "" if !block.expected.is_empty() => {
                blocks.push(Block { lines: Vec::new(), expected: Vec::new() });
            }
            "" => assert!(block.lines.is_empty(), "a block without `=>`: {:?}", block.lines),
            _ if line.starts_with("# ") => {}
            _ if line.starts_with("@ ") => head.push(&line[2..]),
            _ if line.starts_with("=> ") => block.expected.push(&line[3..]),
            _ => block.lines.push(line),
        }
    }
    blocks.retain(|block| !block.lines.is_empty());
    (head, blocks)
}

fn read(log: &Path) -> Run {
    let report = pipeline::run(&Options {
        paths: vec![log.to_owned()],
        threads: Some(1),
        ..Options::default()
    });
    report.study.runs.into_iter().next().unwrap()
}

/// `restore partial "a" from "b" Reason`
fn said(cache: &CiCache) -> String {
    let operation = format!("{:?} {:?}", cache.operation, cache.outcome).to_lowercase();
    let from = cache.restored.as_ref().map(|key| format!(" from \"{key}\"")).unwrap_or_default();
    let reason = cache.reason.map(|reason| format!(" {reason:?}")).unwrap_or_default();
    format!("{operation} \"{}\"{from}{reason}", cache.name)
}

//! Which commit the files of a COPY are of: its tree has the very digest that a cache recorded for
//! them.
//!
//! A cache holds one digest for all that a COPY takes. Where the files of a commit have it, they
//! are known one by one, and two runs can be compared file by file. Modes are those of a checkout:
//! git keeps only whether a file may be executed, the rest is the umask of the agent. A tree that
//! does not have the digest says nothing: files that are made before the build, submodules, LFS and
//! converted line ends are not in a commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;

use sha2::{Digest as _, Sha256};

use super::content::{Node, Taken, Tree, header};
use super::formula;
use crate::model::{Build, Digest, EvidenceKind, Few, Run, Step, StepKey, Text};
use crate::source::{Checkout, Tracked, TrackedKind};

/// Of agents: the usual one, that of a group, that of GitLab's helper image, a strict one.
const UMASKS: [u32; 4] = [0o022, 0o002, 0o000, 0o077];

/// Commits that are tried where a log does not name its own.
const COMMITS: usize = 64;

/// Folders with a Dockerfile that are tried as build contexts, besides the root.
const CONTEXTS: usize = 16;

/// Files of one COPY that are named, at most: of larger ones the sources are.
const FILES: usize = 50_000;

/// Finds the files of every COPY whose digest is known, and remembers them with the step.
pub fn name_files(runs: &mut [Run], checkout: &Checkout) {
    let mut commits = Commits::of(checkout);
    for run in runs {
        let own = run.commit.as_deref().and_then(|commit| checkout.commit(commit));
        for build in &mut run.builds {
            name_in_build(build, own.as_deref(), &mut commits);
        }
    }
}

fn name_in_build(build: &mut Build, own: Option<&str>, commits: &mut Commits) {
    let mut of = BTreeSet::new();
    for step in &mut build.steps {
        let Some((taken, contents)) = wanted(step) else { continue };
        let Some((commit, files)) = commits.find(own, &taken, &contents) else { continue };
        if files.len() <= FILES
            && let Some(key) = step.digests.as_mut()
        {
            key.files = files;
            of.insert(commit);
        }
    }
    build.told.extend(of.into_iter().map(|commit| (EvidenceKind::Checkout, Text::new(&commit))));
}

/// What a step takes of the build context, and the digests that are recorded for it.
fn wanted(step: &Step) -> Option<(Taken, Vec<Digest>)> {
    let key: &StepKey = step.digests.as_deref()?;
    let inputs = key.inputs.iter().skip(usize::from(key.inputs.len() > 1));
    let contents: Vec<Digest> =
        inputs.filter(|input| !input.step).flat_map(|input| input.contents.clone()).collect();
    if contents.is_empty() {
        return None;
    }
    Some((Taken::of(&step.text)?, contents))
}

/// Commits of a checkout, as far as they were read.
struct Commits<'a> {
    checkout: &'a Checkout,
    latest: Option<Vec<String>>,
    files: HashMap<String, Vec<Tracked>>,
    /// Digests of a content under each umask.
    hashed: HashMap<(String, TrackedKind), [String; UMASKS.len()]>,
    links: HashMap<String, String>,
    texts: HashMap<String, String>,
    trees: HashMap<(String, String, usize), Tree>,
    /// The context and umask that fitted before.
    usual: Option<(String, usize)>,
}

impl<'a> Commits<'a> {
    fn of(checkout: &'a Checkout) -> Self {
        Self {
            checkout,
            latest: None,
            files: HashMap::new(),
            hashed: HashMap::new(),
            links: HashMap::new(),
            texts: HashMap::new(),
            trees: HashMap::new(),
            usual: None,
        }
    }

    /// The commit whose files have one of these digests, and the files.
    fn find(
        &mut self,
        own: Option<&str>,
        taken: &Taken,
        contents: &[Digest],
    ) -> Option<(String, Few<(Text, Digest)>)> {
        if self.latest.is_none() {
            self.latest = Some(self.checkout.latest(COMMITS));
        }
        let latest = self.latest.iter().flatten().map(String::as_str);
        let commits: Vec<String> = own.into_iter().chain(latest).map(str::to_owned).collect();
        commits.into_iter().find_map(|commit| {
            let files = self.find_in(&commit, taken, contents)?;
            Some((commit, files))
        })
    }

    fn find_in(
        &mut self,
        commit: &str,
        taken: &Taken,
        contents: &[Digest],
    ) -> Option<Few<(Text, Digest)>> {
        self.read(commit);
        let usual = self.usual.clone();
        for context in usual.iter().map(|(context, _)| context.clone()).chain(self.contexts(commit))
        {
            for umask in 0..UMASKS.len() {
                let tree = self.tree(commit, &context, umask);
                let Some((records, files)) = tree.records(taken) else { break };
                if records.iter().any(|record| contents.contains(record)) {
                    self.usual = Some((context, umask));
                    let digest = |(path, digest): (String, String)| {
                        Some((Text::new(&path), Digest::parse(&digest)?))
                    };
                    return Some(files.into_iter().filter_map(digest).collect());
                }
            }
        }
        None
    }

    /// Reads the list of a commit's files, and all contents that were not read yet.
    fn read(&mut self, commit: &str) {
        if self.files.contains_key(commit) {
            return;
        }
        let files = self.checkout.files(commit);
        let is_ignore = |path: &str| path.ends_with(".dockerignore");
        let new: BTreeSet<(&str, TrackedKind)> = files
            .iter()
            .filter(|file| file.kind != TrackedKind::Submodule)
            .filter(|file| !self.hashed.contains_key(&(file.id.clone(), file.kind)))
            .map(|file| (file.id.as_str(), file.kind))
            .collect();
        let new: Vec<(&str, TrackedKind)> = new.into_iter().collect();
        let texts: BTreeSet<&str> = files
            .iter()
            .filter(|file| is_ignore(&file.path))
            .map(|file| file.id.as_str())
            .collect();
        let ids: Vec<&str> = new.iter().map(|(id, _)| *id).collect();
        let (hashed, links, kept) = (&mut self.hashed, &mut self.links, &mut self.texts);
        let read = self.checkout.contents(&ids, &mut |n, length, content| {
            let Some((id, kind)) = new.get(n) else { return };
            if *kind == TrackedKind::Link {
                let mut target = String::new();
                if content.read_to_string(&mut target).is_ok() {
                    links.insert((*id).to_owned(), target);
                }
                hashed.insert(((*id).to_owned(), *kind), Default::default());
                return;
            }
            let mut text = Vec::new();
            let digests = hash(*kind, length, content, texts.contains(id).then_some(&mut text));
            if texts.contains(id) {
                kept.insert((*id).to_owned(), String::from_utf8_lossy(&text).into_owned());
            }
            hashed.insert(((*id).to_owned(), *kind), digests);
        });
        // Contents that are missing make digests that nothing has.
        let files = if read.is_ok() { files } else { Vec::new() };
        self.files.insert(commit.to_owned(), files);
    }

    /// Folders that a build may have been given.
    fn contexts(&self, commit: &str) -> Vec<String> {
        let files = self.files.get(commit).map_or(&[][..], Vec::as_slice);
        let is_dockerfile = |name: &str| name.to_ascii_lowercase().contains("dockerfile");
        let folders = files.iter().filter_map(|file| {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            is_dockerfile(name).then(|| folder.to_owned())
        });
        let mut all: BTreeSet<String> = folders.take(CONTEXTS).collect();
        all.insert(String::new());
        all.into_iter().collect()
    }

    fn tree(&mut self, commit: &str, context: &str, umask: usize) -> &Tree {
        let at = (commit.to_owned(), context.to_owned(), umask);
        let (files, hashed, links, texts) = (&self.files, &self.hashed, &self.links, &self.texts);
        self.trees.entry(at).or_insert_with(|| {
            let files = files.get(commit).map_or(&[][..], Vec::as_slice);
            let front = if context.is_empty() { String::new() } else { format!("{context}/") };
            let within: BTreeMap<&str, &Tracked> = files
                .iter()
                .filter_map(|file| Some((file.path.strip_prefix(&front)?, file)))
                .collect();
            let ignore = within.get(".dockerignore").and_then(|file| texts.get(&file.id));
            let ignored: Vec<String> =
                ignore.into_iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
            let nodes = within.iter().filter_map(|(path, file)| {
                let node = match file.kind {
                    TrackedKind::Link => Node::Link(links.get(&file.id)?.clone()),
                    // As in a checkout without submodules.
                    TrackedKind::Submodule => Node::Directory(BTreeMap::new()),
                    kind => Node::File(hashed.get(&(file.id.clone(), kind))?.get(umask)?.clone()),
                };
                Some(((*path).to_owned(), node))
            });
            let mode = 0o777 & !UMASKS.get(umask).copied().unwrap_or_default();
            Tree::of(nodes, mode, &ignored)
        })
    }
}

/// What a content is called under each umask; `text` gets the content as well.
fn hash(
    kind: TrackedKind,
    length: u64,
    content: &mut dyn Read,
    mut text: Option<&mut Vec<u8>>,
) -> [String; UMASKS.len()] {
    let mode = if kind == TrackedKind::Executable { 0o777 } else { 0o666 };
    let mut hashes =
        UMASKS.map(|umask| Sha256::new_with_prefix(header(mode & !umask, '0', length, "")));
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = content.read(&mut buffer) {
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        for hash in &mut hashes {
            hash.update(bytes);
        }
        if let Some(text) = &mut text {
            text.extend_from_slice(bytes);
        }
    }
    hashes.map(|hash| formula::written(&hash.finalize().into()))
}

//! What `BuildKit` calls the files that a COPY takes, from the files themselves.
//!
//! A directory is hashed with all that is in it; a wildcard, `--exclude` and `--parents` make a
//! flat list. Owner and time are not part of it, modes are. Source: `moby/buildkit`
//! `cache/contenthash/checksum.go`, `filehash.go`, `solver/llbsolver/ops/file.go`.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};

use super::formula;
use super::operation::join;
use crate::model::Digest;

/// What a name in a directory stands for.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// What it is called by its content and mode.
    File(String),
    /// Where it leads.
    Link(String),
    Directory(BTreeMap<String, Node>),
}

/// Files as they lie in a build context.
pub(super) struct Tree {
    root: Node,
    /// The mode of directories.
    mode: u32,
}

/// What a COPY takes, as far as its text tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) sources: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) parents: bool,
}

/// The records of a COPY, one for each form of a wildcard, and its files with their digests.
pub(super) type Found = ([Digest; 2], Vec<(String, String)>);

/// Links that are followed one after another, at most.
const LINKS: usize = 40;

/// What is hashed of a file besides its content: `mode420`, `size2`.
pub(super) fn header(mode: u32, kind: char, length: u64, link: &str) -> String {
    format!(
        "namemode{mode}uid0gid0size{length}typeflag{kind}linkname{link}unamegnamedevmajor0devminor0"
    )
}

impl Taken {
    /// Of the text of a COPY or ADD of the build context, or of a RUN that mounts some of it;
    /// `None` where the text does not tell, or nothing of the context is taken.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (instruction, rest) = text.split_once(' ')?;
        if instruction == "RUN" {
            return Self::mounted(rest);
        }
        let mut taken = Self::default();
        let mut words = words_of(rest)?;
        let options = words.iter().take_while(|word| word.starts_with("--")).count();
        for option in words.drain(..options) {
            if option.starts_with("--from=") {
                return None;
            }
            taken.exclude.extend(option.strip_prefix("--exclude=").map(str::to_owned));
            taken.parents |= option == "--parents" || option == "--parents=true";
        }
        words.pop()?;
        taken.sources = words;
        let pivot = taken.parents && taken.sources.iter().any(|source| source.contains("/./"));
        let known = taken.sources.iter().all(|source| is_of_the_context(source));
        (!taken.sources.is_empty() && !pivot && known).then_some(taken)
    }

    /// `--mount=type=bind,source=go.mod,target=go.mod`: of one such mount.
    fn mounted(rest: &str) -> Option<Self> {
        let options = rest.split_ascii_whitespace().take_while(|word| word.starts_with("--"));
        let mounts = options.filter_map(|option| option.strip_prefix("--mount="));
        let binds = |mount: &&str| {
            !mount.contains("type=") || mount.split(',').any(|part| part == "type=bind")
        };
        let mut mounts = mounts
            .filter(binds)
            .filter(|mount| !mount.split(',').any(|part| part.starts_with("from=")));
        let mount = mounts.next()?;
        if mounts.next().is_some() {
            return None;
        }
        let source = mount
            .split(',')
            .find_map(|part| part.strip_prefix("source=").or(part.strip_prefix("src=")));
        Some(Self { sources: vec![source.unwrap_or("/").to_owned()], ..Self::default() })
    }
}

/// A source that is no address, repository or heredoc.
fn is_of_the_context(source: &str) -> bool {
    !source.contains("://") && !source.starts_with("git@") && !source.starts_with("<<")
}

/// Words as written, or those of a list: `["a b", "/c"]`.
fn words_of(rest: &str) -> Option<Vec<String>> {
    let Some(start) =
        rest.find('[').filter(|start| rest.trim_end().ends_with(']') && is_list(rest, *start))
    else {
        return Some(rest.split_ascii_whitespace().map(str::to_owned).collect());
    };
    let (options, list) = rest.split_at(start);
    let listed: Vec<String> = serde_json::from_str(list).ok()?;
    Some(options.split_ascii_whitespace().map(str::to_owned).chain(listed).collect())
}

/// Only options stand in front.
fn is_list(rest: &str, start: usize) -> bool {
    rest.get(..start)
        .is_some_and(|front| front.split_ascii_whitespace().all(|word| word.starts_with("--")))
}

impl Tree {
    /// Of files by their paths, without those that `.dockerignore` leaves out.
    pub(super) fn of(
        files: impl Iterator<Item = (String, Node)>,
        mode: u32,
        ignored: &[String],
    ) -> Self {
        let mut root = BTreeMap::new();
        for (path, node) in files {
            insert(&mut root, &path, node);
        }
        let patterns = Patterns::of(ignored);
        if !patterns.0.is_empty() {
            root = patterns.kept(root, "", false);
        }
        Self { root: Node::Directory(root), mode }
    }

    /// The records that a COPY has for these files, one for each form of a wildcard, and the files
    /// with their digests; `None` where one is not there.
    pub(super) fn records(&self, taken: &Taken) -> Option<Found> {
        let mut sources: Vec<String> =
            taken.sources.iter().map(|source| join("/", source)).collect();
        sources.sort();
        sources.dedup();
        let plain: Vec<String> =
            sources.iter().filter(|source| !is_wild(source)).cloned().collect();
        let flat = taken.parents || !taken.exclude.is_empty();
        let below = |source: &String| plain.iter().any(|other| is_below(source, other));
        let (mut digests, mut older) = (Vec::new(), Vec::new());
        let mut files = BTreeMap::new();
        for source in sources.iter().filter(|source| is_wild(source) || !below(source)) {
            let all = self.matching(source)?;
            let patterns = Patterns::of(&taken.exclude);
            let front = if taken.parents { String::new() } else { front(source) };
            for (path, node) in &all {
                self.list(path, node, (&front, &patterns), &mut files);
            }
            if !flat && !is_wild(source) {
                let digest = self.plain(&all)?;
                older.push(digest.clone());
                digests.push(digest);
                continue;
            }
            let entries = self.flat(source, &all, taken);
            older.push(listed_before(source, &entries));
            digests.push(listed(&entries));
        }
        let records = [formula::content(&digests), formula::content(&older)];
        Some((records, files.into_iter().collect()))
    }

    /// What is called so, each with its path, links followed.
    fn matching(&self, source: &str) -> Option<Vec<(String, &Node)>> {
        if !is_wild(source) {
            return Some(vec![(source.to_owned(), self.follow(source)?)]);
        }
        let mut all = vec![(String::new(), &self.root)];
        for part in source.split('/').filter(|part| !part.is_empty()) {
            let glob = glob(part)?;
            let mut next = Vec::new();
            for (path, node) in all {
                let Node::Directory(children) = node else { continue };
                for (name, child) in
                    children.iter().filter(|(name, _)| glob.is_match(name.as_str()))
                {
                    let path = format!("{path}/{name}");
                    let child =
                        if matches!(child, Node::Link(_)) { self.follow(&path)? } else { child };
                    next.push((path, child));
                }
            }
            all = next;
        }
        Some(all)
    }

    /// The file or directory behind a path, and behind the links on it.
    fn follow(&self, path: &str) -> Option<&Node> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let mut node = &self.root;
            let mut at = String::new();
            let mut parts = path.split('/').filter(|part| !part.is_empty());
            let leads = loop {
                let Some(part) = parts.next() else { return Some(node) };
                let Node::Directory(children) = node else { return None };
                match children.get(part)? {
                    Node::Link(target) => break join(&at, target),
                    child => node = child,
                }
                at = format!("{at}/{part}");
            };
            let rest: Vec<&str> = parts.collect();
            path = join(&leads, &rest.join("/"));
        }
        None
    }

    fn plain(&self, all: &[(String, &Node)]) -> Option<String> {
        let (path, node) = all.first()?;
        Some(match node {
            Node::Directory(children) if path == "/" => {
                self.directory(&formula::sha256(b""), children)
            }
            node => self.digest(node),
        })
    }

    /// The digest of a file, or of a directory with all that is in it.
    fn digest(&self, node: &Node) -> String {
        match node {
            Node::File(digest) => digest.clone(),
            Node::Link(target) => formula::sha256(header(0o777, '2', 0, target).as_bytes()),
            Node::Directory(children) => self.directory(&self.bare(), children),
        }
    }

    /// A directory by itself.
    fn bare(&self) -> String {
        formula::sha256(header(self.mode, '5', 0, "").as_bytes())
    }

    fn directory(&self, own: &str, children: &BTreeMap<String, Node>) -> String {
        let mut text = format!("\0{own}");
        for (name, child) in children {
            text.push('\0');
            text.push_str(name);
            text.push_str(&self.digest(child));
        }
        formula::sha256(text.as_bytes())
    }

    /// The list that a wildcard, `--exclude` and `--parents` make, each entry with a digest of its
    /// own.
    fn flat(
        &self,
        source: &str,
        all: &[(String, &Node)],
        taken: &Taken,
    ) -> BTreeMap<String, String> {
        let patterns = Patterns::of(&taken.exclude);
        let front = if taken.parents { String::new() } else { front(source) };
        let mut entries = BTreeMap::new();
        for (path, node) in all {
            if taken.parents {
                let parents = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
                let parents = parents.filter(|parent| !parent.is_empty());
                entries.extend(parents.map(|parent| (parent.replace('/', "\0"), self.bare())));
            }
            let is_link = is_wild(source) && self.is_link(path);
            self.entries(path, node, &front, (is_link, &patterns), &mut entries);
        }
        entries
    }

    fn entries(
        &self,
        path: &str,
        node: &Node,
        front: &str,
        how: (bool, &Patterns),
        entries: &mut BTreeMap<String, String>,
    ) {
        let (whole, patterns) = how;
        let key = path.strip_prefix(front).unwrap_or(path).replace('/', "\0");
        let key = if key.is_empty() { "\0".to_owned() } else { key };
        match node {
            Node::Directory(children) if !whole => {
                if path != "/" {
                    entries.insert(key, self.bare());
                }
                for (name, child) in children {
                    let below = format!("{}/{name}", path.trim_end_matches('/'));
                    if !patterns.leave_out_below(front, &below) {
                        self.entries(&below, child, front, (false, patterns), entries);
                    }
                }
            }
            node => drop(entries.insert(key, self.digest(node))),
        }
    }

    /// The path itself is a link.
    fn is_link(&self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = self.follow(folder);
        matches!(folder, Some(Node::Directory(children)) if matches!(children.get(name), Some(Node::Link(_))))
    }

    /// The files that are taken.
    fn list(
        &self,
        path: &str,
        node: &Node,
        how: (&str, &Patterns),
        files: &mut BTreeMap<String, String>,
    ) {
        match node {
            Node::Directory(children) => {
                let (front, patterns) = how;
                for (name, child) in children {
                    let below = format!("{}/{name}", path.trim_end_matches('/'));
                    if !patterns.leave_out_below(front, &below) {
                        self.list(&below, child, how, files);
                    }
                }
            }
            node => drop(files.insert(path.trim_start_matches('/').to_owned(), self.digest(node))),
        }
    }
}

/// The digest of a flat list.
fn listed(entries: &BTreeMap<String, String>) -> String {
    let text: String = entries.iter().flat_map(|(path, digest)| [&**path, &**digest]).collect();
    formula::sha256(text.as_bytes())
}

/// The same by `BuildKit` 0.25: names without their folders, and of one that is called as the
/// source is its own digest.
fn listed_before(source: &str, entries: &BTreeMap<String, String>) -> String {
    let own = source.rsplit('/').next().unwrap_or_default();
    let name = |path: &str| match path.rsplit('\0').next() {
        Some("") | None => own.to_owned(),
        Some(name) => name.to_owned(),
    };
    if let (1, Some((path, digest))) = (entries.len(), entries.first_key_value())
        && own == name(path)
    {
        return digest.clone();
    }
    let text: Vec<String> =
        entries.iter().map(|(path, digest)| format!("{}{digest}", name(path))).collect();
    formula::sha256(text.join("\0").as_bytes())
}

fn insert(folder: &mut BTreeMap<String, Node>, path: &str, node: Node) {
    let Some((first, rest)) = path.split_once('/') else {
        folder.insert(path.to_owned(), node);
        return;
    };
    let child = folder.entry(first.to_owned()).or_insert_with(|| Node::Directory(BTreeMap::new()));
    if let Node::Directory(children) = child {
        insert(children, rest, node);
    }
}

fn is_wild(source: &str) -> bool {
    source.contains(['*', '?', '[', '\\'])
}

fn is_below(path: &str, folder: &str) -> bool {
    path != folder
        && (folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// What stands in front of the first part with a wildcard: `/src` of `/src/*.ts`; all of it where
/// there is none.
fn front(source: &str) -> String {
    let parts = source.split('/').take_while(|part| !is_wild(part));
    let front = parts.collect::<Vec<_>>().join("/");
    if front == "/" { String::new() } else { front }
}

fn glob(pattern: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}

/// Lines of a `.dockerignore`, each with whether it takes back. The last that fits decides.
struct Patterns(Vec<(bool, GlobMatcher)>);

impl Patterns {
    fn of(lines: &[String]) -> Self {
        let lines = lines
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pattern = |line: &str| {
            let (back, pattern) =
                line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern.trim()));
            Some((back, glob(join("/", pattern).trim_start_matches('/'))?))
        };
        Self(lines.filter_map(pattern).collect())
    }

    /// A pattern that fits a folder fits all that is in it.
    fn leave_out(&self, path: &str) -> bool {
        let parents = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        let paths: BTreeSet<&str> = parents.chain([path]).collect();
        let fits = |glob: &GlobMatcher| paths.iter().any(|path| glob.is_match(path));
        self.0.iter().fold(false, |out, (back, glob)| if fits(glob) { !back } else { out })
    }

    /// The same of a path behind another one.
    fn leave_out_below(&self, front: &str, path: &str) -> bool {
        self.leave_out(path.strip_prefix(front).unwrap_or(path).trim_start_matches('/'))
    }

    /// What is left of a folder. One that is left out stays where something in it does.
    fn kept(
        &self,
        folder: BTreeMap<String, Node>,
        path: &str,
        out: bool,
    ) -> BTreeMap<String, Node> {
        let mut kept = BTreeMap::new();
        for (name, node) in folder {
            let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            let out = self.leave_out(&below) || (out && self.0.iter().all(|(back, _)| !back));
            match node {
                Node::Directory(children) => {
                    let children = self.kept(children, &below, out);
                    if !out || !children.is_empty() {
                        kept.insert(name, Node::Directory(children));
                    }
                }
                node if !out => drop(kept.insert(name, node)),
                Node::File(_) | Node::Link(_) => {}
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests;

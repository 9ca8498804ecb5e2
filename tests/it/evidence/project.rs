//! Projects that are built by a made-up builder, which leaves the log and the cache configuration
//! that `BuildKit` would.
//!
//! Digests are made by `BuildKit`'s formulas, written down here a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::stored::{Built, NO_FILES, Vertex};

pub(super) fn sha(text: &str) -> String {
    let mut hex = "sha256:".to_owned();
    Sha256::digest(text.as_bytes()).iter().for_each(|byte| write!(hex, "{byte:02x}").unwrap());
    hex
}

/// The digest of a base image, file or layer that is called so.
pub(super) fn made_up(name: &str) -> String {
    sha(&format!("made up: {name}"))
}

/// One instruction.
#[derive(Clone)]
pub(super) enum Step {
    Workdir(&'static str),
    Run(String),
    /// Sources, destination as it is hashed, and what the sources hold.
    Copy(&'static str, &'static str, String),
    /// Stage, path, and what the path holds.
    From(&'static str, &'static str, String),
}

#[derive(Clone)]
pub(super) struct Stage {
    pub(super) name: &'static str,
    /// A stage, or an image.
    pub(super) from: Result<&'static str, Base>,
    pub(super) steps: Vec<Step>,
    /// `ENV`, as written in the Dockerfile.
    pub(super) environment: Vec<String>,
    /// `ARG`, with values from outside.
    pub(super) arguments: Vec<String>,
    pub(super) user: &'static str,
    pub(super) shell: &'static str,
}

impl Stage {
    pub(super) fn of(
        name: &'static str,
        from: Result<&'static str, Base>,
        steps: Vec<Step>,
    ) -> Self {
        Self {
            name,
            from,
            steps,
            environment: Vec::new(),
            arguments: Vec::new(),
            user: "",
            shell: "/bin/sh",
        }
    }

    /// What is hashed of a command in this stage.
    pub(super) fn exec(&self, text: &str) -> String {
        let environment: Vec<String> =
            self.environment.iter().chain(&self.arguments).cloned().collect();
        exec(text, &environment_of(&environment), self.shell, self.user)
    }

    fn dockerfile(&self) -> String {
        let from = match &self.from {
            Ok(stage) => (*stage).to_owned(),
            Err(_) => "base:1".to_owned(),
        };
        let mut text = format!("FROM {from} AS {}\n", self.name);
        self.environment.iter().for_each(|variable| writeln!(text, "ENV {variable}").unwrap());
        let name = |argument: &String| argument.split('=').next().unwrap_or_default().to_owned();
        self.arguments
            .iter()
            .for_each(|argument| writeln!(text, "ARG {}", name(argument)).unwrap());
        if !self.user.is_empty() {
            writeln!(text, "USER {}", self.user).unwrap();
        }
        if self.shell != "/bin/sh" {
            writeln!(text, "SHELL [\"{}\", \"-c\"]", self.shell).unwrap();
        }
        self.steps.iter().for_each(|step| writeln!(text, "{}", step.text()).unwrap());
        text
    }
}

/// An image by its manifest and its layers.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) manifest: String,
    pub(super) layers: String,
    /// It is pulled for this build: then its layers are known, too.
    pub(super) pulled: bool,
}

/// A record: its digest, and for each input the records it may be, each with a selector.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key(String, Vec<Vec<(String, Key)>>);

impl Key {
    fn leaf(digest: String) -> Self {
        Self(digest, Vec::new())
    }
}

/// What a builder and its cache remember.
#[derive(Default)]
pub(super) struct Builder {
    /// When the result of a key was made.
    made: BTreeMap<Key, u32>,
    /// Steps of other stages that made a content.
    origins: BTreeMap<String, BTreeSet<(String, Key)>>,
    clock: u32,
    runs: u32,
}

/// What a run leaves.
#[derive(Default)]
pub(super) struct Left {
    pub(super) log: String,
    pub(super) cache: String,
    pub(super) provenance: String,
    pub(super) dockerbuild: Vec<u8>,
}

/// What a cache holds of stages that are copied from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Max,
    Min,
}

impl Builder {
    /// Forgets all results, as a new builder does.
    pub(super) fn empty(&mut self) {
        self.made.clear();
    }

    /// Forgets all results but those of these commands and directories, as an import of `mode=min`
    /// into a new builder does.
    pub(super) fn keep(&mut self, texts: &[&str]) {
        let exec = |text: &str| exec(text, &environment_of(&[]), "/bin/sh", "");
        let is_of = |key: &Key, text: &str| {
            key.0 == operation(&exec(text)) || key.0 == operation(&file(&[directory(text)]))
        };
        let kept = |key: &Key| texts.iter().any(|text| is_of(key, text));
        self.made.retain(|key, _| kept(key));
    }

    pub(super) fn build(&mut self, stages: &[Stage], mode: Mode, notes: &str) -> Left {
        self.clock += 100;
        self.runs += 1;
        let mut built = Built {
            number: self.runs,
            began: self.clock,
            vertices: Vec::new(),
            dockerfile: stages.iter().map(Stage::dockerfile).collect(),
            arguments: stages.iter().flat_map(|stage| stage.arguments.clone()).collect(),
        };
        let mut places: BTreeMap<Key, usize> = BTreeMap::new();
        let text: usize = stages.iter().map(|stage| stage.dockerfile().len()).sum();
        let size = text + "Dockerfile".len() + if text < 128 { 27 } else { 29 };
        let kilobytes = f64::from(u32::try_from(size).unwrap()) / 1000.0;
        let size = if size < 1000 { format!("{size}B") } else { format!("{kilobytes:.2}kB") };
        let mut log = format!(
            "#1 [internal] load build definition from Dockerfile\n#1 transferring dockerfile: \
                {size} done\n#1 DONE 0.0s\n\n{notes}"
        );
        let mut number = 2;
        let mut ends: BTreeMap<&str, Key> = BTreeMap::new();
        let mut results: Vec<(Key, bool)> = Vec::new();
        // Steps of two stages that are the same are one, and so are their base images.
        let mut printed: BTreeSet<Key> = BTreeSet::new();
        for (n, stage) in stages.iter().enumerate() {
            let last = n + 1 == stages.len();
            // The FROM of another stage is not counted.
            let begun = usize::from(stage.from.is_err());
            let of = stage.steps.len() + begun;
            let mut below: Vec<Key> = match &stage.from {
                Ok(stage) => vec![ends[stage].clone()],
                Err(base) => {
                    let done = if base.pulled { "DONE 0.1s" } else { "CACHED" };
                    let keys = base.keys();
                    if printed.insert(keys[0].clone()) {
                        let from = format!(
                            "[{} 1/{of}] FROM docker.io/library/base:1@{}",
                            stage.name, base.manifest
                        );
                        writeln!(log, "#{number} {from}\n#{number} {done}\n").unwrap();
                        number += 1;
                        places.insert(keys[0].clone(), built.vertices.len());
                        built.vertices.push(base.vertex(from));
                    }
                    keys
                }
            };
            for (position, step) in stage.steps.iter().enumerate() {
                let key = self.key(step, &below, stage, &ends);
                let hit = self.hit(&key);
                if !hit {
                    self.clock += 1;
                    self.made.insert(key.clone(), self.clock);
                }
                let at = position + 1 + begun;
                let end = if hit { "CACHED" } else { "DONE 0.4s" };
                if printed.insert(key.clone()) {
                    let name = format!("[{} {at}/{of}] {}", stage.name, step.text());
                    writeln!(log, "#{number} {name}\n#{number} {end}\n").unwrap();
                    number += 1;
                    let mut inputs = vec![places[&below[0]]];
                    if let Step::From(from, ..) = step {
                        inputs.push(places[&ends[from]]);
                    }
                    places.insert(key.clone(), built.vertices.len());
                    built.vertices.push(Vertex {
                        name,
                        op: step.definition(stage),
                        inputs,
                        context: matches!(step, Step::Copy(..)),
                        layer: self.layer(step, &key),
                        hit,
                    });
                }
                results.push((key.clone(), last || mode == Mode::Max));
                below = vec![key];
            }
            ends.insert(stage.name, below.remove(0));
        }
        let cache = self.export(&results);
        writeln!(
            log,
            "#{number} exporting cache to registry\n#{number} preparing build cache for \
            export\n#{number} writing config {} done\n#{number} DONE 0.2s",
            sha(&cache)
        )
        .unwrap();
        let (provenance, dockerbuild) = (built.provenance(), built.dockerbuild());
        Left { log, cache, provenance, dockerbuild }
    }

    /// The same operation with one common alternative for each input.
    fn hit(&self, key: &Key) -> bool {
        self.made.keys().any(|known| answers(known, key))
    }

    fn created(&self, key: &Key) -> u32 {
        *self.made.iter().filter(|(known, _)| answers(known, key)).map(|(_, at)| at).max().unwrap()
    }

    /// Whatever a command prints, a test changes no file.
    fn layer(&self, step: &Step, key: &Key) -> String {
        match step {
            Step::Run(text) if text.contains("test") => NO_FILES.to_owned(),
            _ => made_up(&format!("layer {}", self.created(key))),
        }
    }

    fn key(
        &mut self,
        step: &Step,
        below: &[Key],
        stage: &Stage,
        ends: &BTreeMap<&str, Key>,
    ) -> Key {
        let plain =
            |keys: &[Key]| keys.iter().map(|key| (String::new(), key.clone())).collect::<Vec<_>>();
        match step {
            Step::Workdir(path) => Key(operation(&file(&[directory(path)])), vec![plain(below)]),
            Step::Run(text) => {
                let rooted = below.iter().map(|key| (sha("/"), key.clone())).collect();
                Key(operation(&stage.exec(text)), vec![rooted])
            }
            Step::Copy(sources, dest, held) => {
                let files = Key::leaf(content(held));
                Key(
                    operation(&copy(sources, dest)),
                    vec![plain(below), vec![(String::new(), files)]],
                )
            }
            Step::From(from, path, held) => {
                let content = content(held);
                let origins = self.origins.entry(content.clone()).or_default();
                origins.insert((sha(path), ends[from].clone()));
                let mut inputs = vec![(String::new(), Key::leaf(content))];
                inputs.extend(origins.iter().cloned());
                Key(operation(&copy(path, "/app/out")), vec![plain(below), inputs])
            }
        }
    }

    /// The records of these results and all they are made of; only those of this run have results.
    fn export(&self, results: &[(Key, bool)]) -> String {
        let mut records: BTreeSet<&Key> = BTreeSet::new();
        let mut open: Vec<&Key> = results.iter().map(|(key, _)| key).collect();
        while let Some(key) = open.pop() {
            if records.insert(key) {
                open.extend(key.1.iter().flatten().map(|(_, key)| key));
            }
        }
        let places: BTreeMap<&Key, usize> = records.iter().copied().zip(0..).collect();
        let mut texts = Vec::new();
        for key in &records {
            let link = |(selector, key): &(String, Key)| {
                let selector = if selector.is_empty() {
                    String::new()
                } else {
                    format!(r#""selector":"{selector}","#)
                };
                format!(r#"{{{selector}"link":{}}}"#, places[key])
            };
            let input = |links: &Vec<_>| {
                format!("[{}]", links.iter().map(link).collect::<Vec<_>>().join(","))
            };
            let inputs: Vec<String> = key.1.iter().map(input).collect();
            let inputs = if inputs.is_empty() {
                String::new()
            } else {
                format!(r#","inputs":[{}]"#, inputs.join(","))
            };
            let stored = results.iter().any(|(own, stored)| own == *key && *stored);
            let layers = if stored {
                let at = self.created(key);
                format!(
                    r#""layers":[{{"layer":0,"createdAt":"2026-11-28T{:02}:{:02}:{:02}.5Z"}}],"#,
                    8 + at / 3600,
                    at / 60 % 60,
                    at % 60
                )
            } else {
                String::new()
            };
            texts.push(format!(r#"{{{layers}"digest":"{}"{inputs}}}"#, key.0));
        }
        format!(
            r#"{{"layers":[{{"blob":"{}","parent":-1}}],"records":[{}]}}"#,
            made_up("layer"),
            texts.join(",")
        )
    }
}

fn answers(known: &Key, key: &Key) -> bool {
    let same = |a: &(String, Key), b: &(String, Key)| {
        a.0 == b.0 && (a.1 == b.1 || !a.1.1.is_empty() && answers(&a.1, &b.1))
    };
    known.0 == key.0
        && known.1.len() == key.1.len()
        && known.1.iter().zip(&key.1).all(|(a, b)| a.iter().any(|a| b.iter().any(|b| same(a, b))))
}

impl Base {
    pub(super) fn of(manifest: &str, layers: &str) -> Self {
        Self { manifest: made_up(manifest), layers: made_up(layers), pulled: true }
    }

    fn keys(&self) -> Vec<Key> {
        let image =
            sha(&format!(r#"{{"Digest":"{}","OS":"linux","Arch":"amd64"}}"#, self.manifest));
        let manifest = sha(&format!("{}@0", sha(&format!("buildkit.source.v0:{image}"))));
        let chain = sha(&format!("{}@0", sha(&format!("buildkit.source.v0:{}", self.layers))));
        let mut keys = vec![Key::leaf(manifest)];
        keys.extend(self.pulled.then(|| Key::leaf(chain)));
        keys
    }
}

impl Step {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Workdir(path) => format!("WORKDIR {path}"),
            Self::Run(text) => format!("RUN {text}"),
            Self::Copy(sources, dest, _) => {
                format!("COPY {sources} {}", if *dest == "/app/" { "./" } else { dest })
            }
            Self::From(stage, path, _) => format!("COPY --from={stage} {path} out"),
        }
    }
}

pub(super) fn run(text: &str) -> Step {
    Step::Run(text.to_owned())
}

fn environment_of(more: &[String]) -> Vec<String> {
    std::iter::once("PATH=/bin:/usr/bin".to_owned()).chain(more.iter().cloned()).collect()
}

fn exec(text: &str, environment: &[String], shell: &str, user: &str) -> String {
    let command = serde_json::to_string(text).unwrap();
    let command = command.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let environment = serde_json::to_string(environment).unwrap();
    let user = if user.is_empty() { String::new() } else { format!(r#","user":"{user}""#) };
    format!(
        r#"{{"Type":"buildkit.exec.v0","Exec":{{"meta":{{"args":["{shell}","-c",{command}],"env":{environment},"cwd":"/app"{user},"removeMountStubsRecursive":true}}}},"OS":"linux","Arch":"amd64"}}"#
    )
}

pub(super) fn directory(path: &str) -> String {
    format!(r#"{{"path":"{path}","mode":493,"makeParents":true,"timestamp":-1}}"#)
}

fn copy(sources: &str, dest: &str) -> String {
    file(&copies(sources, dest))
}

pub(super) fn copies(sources: &str, dest: &str) -> Vec<String> {
    let action = |source: &str| {
        let last = source
            .trim_matches('/')
            .rsplit('/')
            .next()
            .filter(|last| !matches!(*last, "" | "."))
            .unwrap_or("/");
        format!(
            r#"{{"src":"{last}","dest":"{dest}","mode":-1,"followSymlink":true,"dirCopyContents":true,"createDestPath":true,"allowWildcard":true,"allowEmptyWildcard":true,"timestamp":-1}}"#
        )
    };
    sources.split(' ').map(action).collect()
}

fn file(actions: &[String]) -> String {
    let actions: Vec<String> =
        actions.iter().map(|action| format!("\"{}\"", BASE64_STANDARD.encode(action))).collect();
    format!(r#"{{"Type":"buildkit.file.v0","Actions":[{}]}}"#, actions.join(","))
}

fn operation(json: &str) -> String {
    sha(&format!("{}@0", sha(json)))
}

fn content(held: &str) -> String {
    let digest = if held.starts_with("sha256:") { held.to_owned() } else { made_up(held) };
    sha(&format!("{}@-1", sha(&digest)))
}

//! What a builder keeps of a build besides its log and cache: provenance with `mode=max`, and the
//! record that `docker buildx history export` writes, both as `BuildKit` v0.32.2 does.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::project::{Base, Stage, Step, copies, directory, made_up, sha};

/// The layer of no files, compressed.
pub(super) const NO_FILES: &str =
    "sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1";

/// One operation of a build.
pub(super) struct Vertex {
    /// As the log prints it.
    pub(super) name: String,
    pub(super) op: Value,
    pub(super) inputs: Vec<usize>,
    /// It takes files of the build context.
    pub(super) context: bool,
    pub(super) layer: String,
    pub(super) hit: bool,
}

impl Base {
    pub(super) fn vertex(&self, name: String) -> Vertex {
        let identifier = format!("docker-image://docker.io/library/base:1@{}", self.manifest);
        Vertex {
            name,
            op: json!({"source": {"identifier": identifier}}),
            inputs: Vec::new(),
            context: false,
            layer: made_up(&format!("layers of {}", self.layers)),
            hit: !self.pulled,
        }
    }
}

impl Step {
    /// What the definition says of it.
    pub(super) fn definition(&self, stage: &Stage) -> Value {
        let read = |json: &String| serde_json::from_str::<Value>(json).unwrap();
        let actions = |kind: &str, all: &[String]| {
            let all = all.iter().map(|action| json!({"Action": {kind: read(action)}}));
            json!({"file": {"actions": all.collect::<Vec<_>>()}})
        };
        match self {
            Self::Workdir(path) => actions("mkdir", &[directory(path)]),
            Self::Copy(sources, dest, _) => actions("copy", &copies(sources, dest)),
            Self::From(_, path, _) => actions("copy", &copies(path, "/app/out")),
            Self::Run(text) => {
                let mut exec = read(&stage.exec(text))["Exec"].take();
                exec["mounts"] = json!([{"dest": "/"}]);
                json!({"exec": exec})
            }
        }
    }
}

/// A build.
pub(super) struct Built {
    pub(super) number: u32,
    /// When it began, in seconds.
    pub(super) began: u32,
    pub(super) vertices: Vec<Vertex>,
    pub(super) dockerfile: String,
    /// `NAME=value`.
    pub(super) arguments: Vec<String>,
}

/// The second at which the clock of all builds begins.
const EPOCH: i64 = 1_795_852_800;

impl Built {
    fn vertex(&self, at: usize) -> String {
        sha(&format!("vertex {} of {}", at, self.number))
    }

    fn given(&self) -> Value {
        let pair = |argument: &String| {
            let (name, value) = argument.split_once('=').unwrap();
            (format!("build-arg:{name}"), Value::from(value))
        };
        Value::Object(self.arguments.iter().map(pair).collect())
    }

    /// The predicate of the attestation.
    pub(super) fn provenance(&self) -> String {
        let mut steps = vec![json!({"id": "context", "op": {"Op": {"source": {
            "attrs": {"local.sharedkeyhint": "context"}, "identifier": "local://context"}}}})];
        let mut chains: Vec<Vec<Value>> = Vec::new();
        let (mut mapping, mut layers) = (json!({}), json!({}));
        for (at, vertex) in self.vertices.iter().enumerate() {
            let id = format!("step{at}");
            let inputs = vertex.inputs.iter().map(|input| format!("step{input}:0"));
            let context = vertex.context.then(|| "context:0".to_owned());
            let inputs: Vec<String> = inputs.chain(context).collect();
            let platform = json!({"Architecture": "amd64", "OS": "linux"});
            steps.push(json!({"id": id, "inputs": inputs,
                "op": {"Op": vertex.op, "platform": platform}}));
            let mut chain = vertex.inputs.first().map_or(Vec::new(), |at| chains[*at].clone());
            chain.push(json!({"digest": vertex.layer, "size": 92}));
            layers[format!("{id}:0")] = json!([chain]);
            chains.push(chain);
            mapping[self.vertex(at)] = id.into();
        }
        let text = BASE64_STANDARD.encode(&self.dockerfile);
        let infos = json!([{"filename": "Dockerfile", "language": "Dockerfile", "data": text}]);
        let config = json!({"digestMapping": mapping, "llbDefinition": steps});
        json!({
            "buildDefinition": {
                "externalParameters": {"request": {"args": self.given()}},
                "internalParameters": {"buildConfig": config},
            },
            "runDetails": {"metadata": {
                "invocationId": self.reference(),
                "startedOn": stamp(self.began),
                "buildkit_metadata": {"source": {"infos": infos}, "layers": layers},
            }},
        })
        .to_string()
    }

    fn reference(&self) -> String {
        format!("build{}", self.number)
    }

    /// The archive.
    pub(super) fn dockerbuild(&self) -> Vec<u8> {
        let (status, provenance) = (self.status(), self.provenance());
        let record = json!({
            "Ref": self.reference(),
            "FrontendAttrs": self.given(),
            "CreatedAt": {"seconds": EPOCH + i64::from(self.began), "nanos": 1},
            "logs": {"digest": sha_of(&status)},
            "Result": {"Attestations": [{"digest": sha_of(provenance.as_bytes())}]},
        })
        .to_string();
        let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(encoder);
        for bytes in [&status[..], provenance.as_bytes(), record.as_bytes()] {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            let name = format!("blobs/sha256/{}", sha_of(bytes).trim_start_matches("sha256:"));
            archive.append_data(&mut header, name, bytes).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    /// Frames of `StatusResponse`: all vertices, then each with its times.
    fn status(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for ended in [false, true] {
            let mut message = Vec::new();
            for (at, vertex) in self.vertices.iter().enumerate() {
                let mut entry = field(1, self.vertex(at).as_bytes());
                for input in &vertex.inputs {
                    entry.extend(field(2, self.vertex(*input).as_bytes()));
                }
                entry.extend(field(3, vertex.name.as_bytes()));
                if ended {
                    entry.extend(if vertex.hit { &[4 << 3, 1][..] } else { &[] });
                    let seconds = EPOCH + i64::from(self.began);
                    entry.extend(field(5, &time(seconds)));
                    entry.extend(field(6, &time(seconds + i64::from(!vertex.hit))));
                }
                message.extend(field(1, &entry));
            }
            bytes.extend(u32::try_from(message.len()).unwrap().to_le_bytes());
            bytes.extend(message);
        }
        bytes
    }
}

fn stamp(second: u32) -> String {
    chrono::DateTime::from_timestamp(EPOCH + i64::from(second), 0).unwrap().to_rfc3339()
}

fn sha_of(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn number(mut value: u64, bytes: &mut Vec<u8>) {
    while value > 127 {
        bytes.write_all(&[u8::try_from(value & 127).unwrap() | 128]).unwrap();
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
}

/// A field of bytes.
fn field(tag: u8, of: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag << 3 | 2];
    number(of.len() as u64, &mut bytes);
    bytes.extend(of);
    bytes
}

fn time(seconds: i64) -> Vec<u8> {
    let mut bytes = vec![1 << 3];
    number(u64::try_from(seconds).unwrap(), &mut bytes);
    bytes
}

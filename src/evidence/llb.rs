//! One operation of a build's definition, as an attestation holds it: what its record in a cache is
//! called, and what is in it.
//!
//! Source: `moby/buildkit` `solver/pb/ops.proto`, `solver/llbsolver/ops`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::record::given;
use super::{Given, Part, formula};
use crate::model::Digest;

/// What is read of an operation. The operation itself is dropped at once: those of a long build
/// take twenty times the room of the file.
#[derive(Default, Deserialize)]
#[serde(from = "Op")]
pub(super) struct Operation {
    /// It runs a command.
    pub(super) runs: bool,
    /// It merges the results of its inputs.
    pub(super) merges: bool,
    /// It makes something of its inputs.
    pub(super) is_step: bool,
    /// What its record in a cache is called, where every part of it is known.
    pub(super) record: Option<Digest>,
    /// The text of a command in shell form, or the directory that is made.
    pub(super) command: Option<Box<str>>,
    /// Parts that can be named, each with a digest of its value.
    pub(super) fields: Given,
}

impl From<Op> for Operation {
    fn from(op: Op) -> Self {
        Self {
            runs: op.op.exec.is_some(),
            merges: op.op.merge.is_some(),
            is_step: op.op.exec.is_some() || op.op.file.is_some() || op.op.merge.is_some(),
            record: op.record(),
            command: op.command(),
            fields: op.fields(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Op {
    #[serde(rename = "Op")]
    op: Which,
    platform: Option<Platform>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Which {
    source: Option<Source>,
    exec: Option<Map<String, Value>>,
    file: Option<File>,
    merge: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    identifier: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    actions: Vec<Action>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Action {
    #[serde(rename = "Action")]
    action: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Platform {
    #[serde(rename = "Architecture")]
    arch: String,
    #[serde(rename = "OS")]
    os: String,
    #[serde(rename = "Variant")]
    variant: String,
}

impl Op {
    fn command(&self) -> Option<Box<str>> {
        if let Some(file) = &self.op.file {
            let [Action { action }] = file.actions.as_slice() else { return None };
            return action.get("mkdir")?.get("path")?.as_str().map(Into::into);
        }
        let args = self.op.exec.as_ref()?.get("meta")?.get("args")?.as_array()?;
        args.last()?.as_str().map(Into::into)
    }

    fn record(&self) -> Option<Digest> {
        let which = &self.op;
        if let Some(source) = &which.source {
            let (_, digest) = source.identifier.strip_prefix("docker-image://")?.split_once('@')?;
            let platform = self.platform.as_ref()?;
            return Some(formula::base(digest, &platform.os, &platform.arch, &platform.variant));
        }
        if let Some(exec) = &which.exec {
            return self.exec(exec);
        }
        let actions = which.file.as_ref()?.actions.iter().map(Action::json);
        Some(formula::file(&actions.collect::<Option<Vec<_>>>()?))
    }

    /// A command; `None` where it has parts that are not known.
    fn exec(&self, exec: &Map<String, Value>) -> Option<Digest> {
        const META: [&str; 8] = [
            "args",
            "env",
            "cwd",
            "user",
            "extraHosts",
            "hostname",
            "cgroupParent",
            "removeMountStubsRecursive",
        ];
        if exec.keys().any(|key| !matches!(key.as_str(), "meta" | "mounts" | "network")) {
            return None;
        }
        let meta = ordered(exec.get("meta")?.as_object()?, &META)?;
        let mounts = match exec.get("mounts").and_then(Value::as_array) {
            Some(mounts) if mounts.len() > 1 => format!(r#","mounts":[{}]"#, keyed(mounts)?),
            _ => String::new(),
        };
        let network = exec.get("network").map(|mode| format!(r#","network":{mode}"#));
        let network = network.unwrap_or_default();
        let platform = self.platform.as_ref()?;
        let variant = match platform.variant.as_str() {
            "" => String::new(),
            variant => format!(r#","Variant":{}"#, formula::text(variant)),
        };
        Some(formula::operation(&format!(
            r#"{{"Type":"buildkit.exec.v0","Exec":{{"meta":{meta}{mounts}{network}}},"OS":{},"Arch":{}{variant}}}"#,
            formula::text(&platform.os),
            formula::text(&platform.arch),
        )))
    }

    fn fields(&self) -> Given {
        let file = || {
            self.op.file.as_ref().map(|file| file.actions.iter().flat_map(Action::fields).collect())
        };
        let mut fields = self.op.exec.as_ref().map(fields).or_else(file).unwrap_or_default();
        // Another system is on another image; of one image `--platform` may ask for a variant.
        if self.op.exec.is_some()
            && let Some(Platform { variant, .. }) = &self.platform
            && !variant.is_empty()
        {
            fields.push(given("option platform", variant));
        }
        fields
    }
}

/// Mounts as a command with more than its root is hashed with them; `None` where one has parts
/// that are not known.
fn keyed(mounts: &[Value]) -> Option<String> {
    const KEYED: [&str; 9] = [
        "input",
        "dest",
        "output",
        "readonly",
        "mountType",
        "TmpfsOpt",
        "cacheOpt",
        "secretOpt",
        "SSHOpt",
    ];
    let keyed = mounts.iter().map(|mount| ordered(&without_link(mount)?, &KEYED));
    Some(keyed.collect::<Option<Vec<_>>>()?.join(","))
}

/// The mount without what is in the link to its input, and without the id of its cache.
fn without_link(mount: &Value) -> Option<Map<String, Value>> {
    let mut mount = mount.as_object()?.clone();
    mount.remove("selector");
    if let Some(id) = mount.get("cacheOpt").map(|cache| cache.get("ID").cloned()) {
        mount.insert("cacheOpt".to_owned(), keyed_cache(id, mount.get("dest")));
    }
    Some(mount)
}

/// A cache without `id=` is called by its target, `//root/.npm`, and hashed so; an id is taken off.
fn keyed_cache(id: Option<Value>, dest: Option<&Value>) -> Value {
    let target = dest.and_then(Value::as_str).map(|dest| format!("/{dest}"));
    match id {
        Some(Value::String(id)) if Some(&id) == target.as_ref() => serde_json::json!({ "ID": id }),
        _ => Value::Object(Map::new()),
    }
}

/// Parts of a command that can be named: `argument V`, `option add-host`, and what is written in
/// the Dockerfile by its bare name.
pub(super) fn fields(exec: &Map<String, Value>) -> Given {
    let mut fields = Given::new();
    for (name, value) in exec {
        match (name.as_str(), value) {
            ("meta", Value::Object(meta)) => {
                meta.iter().for_each(|(name, value)| field(name, value, &mut fields));
            }
            ("mounts", Value::Array(mounts)) => of_mounts(mounts, &mut fields),
            _ => fields.push(given(&format!("option {name}"), &value.to_string())),
        }
    }
    fields
}

/// `--shm-size` is a mount that no text of a RUN asks for.
fn of_mounts(mounts: &[Value], fields: &mut Given) {
    let (memory, written): (Vec<&Value>, Vec<&Value>) =
        mounts.iter().partition(|mount| is_shared_memory(mount));
    fields.push(given("mounts", &written.into_iter().map(mount).collect::<String>()));
    if let [memory] = memory.as_slice() {
        fields.push(given("option shm-size", &mount(memory)));
    }
}

/// `{"dest":"/dev/shm","input":-1,"mountType":4,"output":-1,"TmpfsOpt":{"size":33554432}}`
fn is_shared_memory(mount: &Value) -> bool {
    let dest = mount.get("dest").and_then(Value::as_str);
    dest == Some("/dev/shm") && mount.get("TmpfsOpt").is_some()
}

/// What of a mount is part of the key: neither which input it is, nor the name of a cache.
fn mount(mount: &Value) -> String {
    const KEYED: [&str; 6] = ["dest", "selector", "mountType", "TmpfsOpt", "secretOpt", "SSHOpt"];
    let part = |name: &&str| mount.get(*name).map(|value| format!("{name}={value};"));
    KEYED.iter().filter_map(part).collect()
}

fn field(name: &str, value: &Value, fields: &mut Given) {
    match (name, value.as_array()) {
        ("env", Some(variables)) => {
            for variable in variables.iter().filter_map(Value::as_str) {
                let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
                fields.push(given(&format!("argument {name}"), value));
            }
        }
        ("args", _) => fields.push(given("text", &value.to_string())),
        ("user" | "cwd", _) => fields.push(given(name, &value.to_string())),
        // Set by the builder's version.
        ("removeMountStubsRecursive" | "validExitCodes", _) => {}
        ("extraHosts", _) => fields.push(given("option add-host", &value.to_string())),
        _ => fields.push(given(&format!("option {name}"), &value.to_string())),
    }
}

fn of_directory(name: &str, value: &Value) -> Part {
    let name = if name == "timestamp" { "option SOURCE_DATE_EPOCH" } else { name };
    given(name, &value.to_string())
}

impl Action {
    /// Of a directory the time, which the build sets, and its owner; of anything else all of it.
    fn fields(&self) -> Given {
        let Some((kind, action)) = self.action.iter().next() else { return Given::new() };
        match action.as_object() {
            Some(parts) if kind == "mkdir" => {
                parts.iter().map(|(name, value)| of_directory(name, value)).collect()
            }
            _ => Given::from([given("text", &action.to_string())]),
        }
    }

    /// The JSON that an action is hashed as; `None` where it has parts that are not known.
    fn json(&self) -> Option<String> {
        const MKDIR: [&str; 4] = ["path", "mode", "makeParents", "timestamp"];
        const COPY: [&str; 9] = [
            "src",
            "dest",
            "mode",
            "followSymlink",
            "dirCopyContents",
            "createDestPath",
            "allowWildcard",
            "allowEmptyWildcard",
            "timestamp",
        ];
        let (kind, action) = self.action.iter().next()?;
        let mut action = action.as_object()?.clone();
        match kind.as_str() {
            "mkdir" => ordered(&action, &MKDIR),
            "copy" => {
                // Where in the context a source lies is not part of it.
                let last = action.get("src")?.as_str()?.rsplit('/').find(|part| !part.is_empty());
                let last = last.unwrap_or("/").to_owned();
                action.insert("src".to_owned(), Value::from(last));
                ordered(&action, &COPY)
            }
            _ => None,
        }
    }
}

/// JSON of an object with its members in this order; `None` where it has others.
fn ordered(object: &Map<String, Value>, order: &[&str]) -> Option<String> {
    if object.keys().any(|key| !order.contains(&key.as_str())) {
        return None;
    }
    let mut json = String::new();
    members(order.iter().filter_map(|key| Some((*key, object.get(*key)?))), &mut json);
    Some(json)
}

/// JSON as Go writes it.
fn go(value: &Value, json: &mut String) {
    match value {
        Value::String(text) => formula::push(json, text),
        Value::Array(items) => {
            json.push('[');
            for (n, item) in items.iter().enumerate() {
                json.push_str(if n > 0 { "," } else { "" });
                go(item, json);
            }
            json.push(']');
        }
        Value::Object(object) => {
            members(object.iter().map(|(key, value)| (key.as_str(), value)), json);
        }
        other => json.push_str(&other.to_string()),
    }
}

fn members<'a>(members: impl Iterator<Item = (&'a str, &'a Value)>, json: &mut String) {
    json.push('{');
    for (n, (key, value)) in members.enumerate() {
        json.push_str(if n > 0 { "," } else { "" });
        formula::push(json, key);
        json.push(':');
        go(value, json);
    }
    json.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(mounts: &str, variant: &str) -> Operation {
        let json = format!(
            r#"{{"Op":{{"exec":{{"meta":{{"args":["/bin/sh","-c","echo 1 > /x"],"cwd":"/app","env":["PATH=/bin:/usr/bin"],"removeMountStubsRecursive":true}},"mounts":[{{"dest":"/"}}{mounts}],"network":2}}}},"platform":{{"Architecture":"amd64","OS":"linux"{variant}}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn names(operation: &Operation) -> Vec<&str> {
        operation.fields.iter().map(|part| part.name.as_str()).collect()
    }

    const SHARED_MEMORY: &str =
        r#",{"TmpfsOpt":{"size":33554432},"dest":"/dev/shm","input":-1,"mountType":4,"output":-1}"#;

    /// Records of caches that `BuildKit` 0.25 wrote (`--network=none`).
    #[test]
    fn commands_with_mounts_and_networks_are_called_as_builders_call_them() {
        let record = |mounts| operation(mounts, "").record;
        let known = [
            ("", "64ac72ede44d584dd634d5308f4834f369d3d9daa15c23853083249b7c71355b"),
            (SHARED_MEMORY, "3ee9ba31f9c3929f283f4fcf1b04db4e155ccb24ed3370a5a916452333a72dc1"),
            (
                r#",{"cacheOpt":{"ID":"/a"},"dest":"/c","input":-1,"mountType":3,"output":-1}"#,
                "01b19d7a742adae675b495cdf403b433b4300f407e0bca52342c19228bc496bb",
            ),
            (
                r#",{"cacheOpt":{"ID":"//c"},"dest":"/c","input":-1,"mountType":3,"output":-1}"#,
                "4e13c8466966b75b1f6b62800a31c7dddd600089724f85065c6bdd84da069252",
            ),
            (
                r#",{"dest":"/run/secrets/tok","input":-1,"mountType":1,"secretOpt":{"ID":"tok","mode":256,"optional":true}}"#,
                "86ba6a3fc3595a1ff5517e7c0caab9559bdfdb7d55b3daa8d11e2d586a4d274e",
            ),
        ];
        for (mounts, digest) in known {
            assert_eq!(record(mounts), Digest::parse(&format!("sha256:{digest}")), "{mounts}");
        }
        assert_eq!(record(r#",{"dest":"/c","unknown":1}"#), None);
    }

    #[test]
    fn shared_memory_and_the_variant_are_options() {
        let plain = operation("", "");
        assert_eq!(names(&plain).last(), Some(&"option network"));
        assert!(names(&operation(SHARED_MEMORY, "")).contains(&"option shm-size"));
        let variant = operation("", r#","Variant":"v2""#);
        assert_eq!(names(&variant).last(), Some(&"option platform"));
        let tmpfs = r#",{"TmpfsOpt":{},"dest":"/tmp","input":-1,"mountType":4,"output":-1}"#;
        assert!(!names(&operation(tmpfs, "")).contains(&"option shm-size"));
    }
}

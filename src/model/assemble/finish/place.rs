//! What a vertex is in its build: a step, a base image, an import or an export.

use std::collections::BTreeSet;

use super::super::instruction;
use super::super::vertex::{End, Export, Vertex};
use super::EXPORT;
use crate::model::{
    Amount, Base, Build, CacheKind, Engine, Instruction, Operation, Outcome, Quote, Shared, Step,
    StepKind, Text, Transfer, parse_step_name,
};

pub(super) fn place(
    build: &mut Build,
    name: &str,
    rest: &str,
    header: &Quote,
    vertex: &Vertex,
    targets: &BTreeSet<String>,
) {
    if let Some(parsed) = parse_step_name(name) {
        step(build, instruction::of_step(name, &parsed, targets), header, vertex);
        return;
    }
    if let Some(image) = rest.strip_prefix("FROM ") {
        build.sources.push(source(image, header, vertex));
    } else if let Some(reference) = rest.strip_prefix("importing cache manifest from ") {
        build.imports.push(import(reference, header, vertex));
    } else if rest == "importing cache manifest" {
        // Builders of hosting services keep the reference to themselves.
        build.imports.push(transfer(header, vertex));
    } else if let Some(kind) = export_kind(rest, vertex) {
        build.exports.push(Transfer { kind, ..transfer(header, vertex) });
    } else if rest.starts_with(EXPORT) && vertex.end == End::Error && build.errors.is_empty() {
        // The client's last words are cut off: the image could not be written.
        build.errors.extend(vertex.ended.clone());
    }
    engine(build, vertex);
    sent(build, name, vertex);
}

fn step(build: &mut Build, what: Shared<Instruction>, header: &Quote, vertex: &Vertex) {
    if what.instruction == "FROM" {
        build.bases.push(base(&what, header, vertex));
        return;
    }
    let is_link = vertex.pulled.is_some() && Operation::parse(&what.text).is_link();
    let (outcome, verdict) = vertex.outcome(is_link);
    build.downloads.extend(vertex.downloads.clone().map(|line| (header.line, line)));
    build.steps.push(Step {
        what,
        kind: StepKind::Counted,
        outcome: if build.tangled { Outcome::Unknown } else { outcome },
        seconds: vertex.seconds,
        header: header.clone(),
        verdict,
        fetched: vertex.pulled.clone(),
        ..Step::default()
    });
    engine(build, vertex);
}

/// `[internal] load build definition from Dockerfile`, `[web internal] load build context`,
/// `[context assets] load from client`
fn sent(build: &mut Build, name: &str, vertex: &Vertex) {
    let Some((inside, what)) = name.strip_prefix('[').and_then(|name| name.split_once("] ")) else {
        return;
    };
    if what == "load from client" {
        let named = inside.rsplit_once("context ").map(|(_, name)| name);
        build.contexts.extend(named.map(Text::from));
        return;
    }
    if !inside.ends_with("internal") {
        return;
    }
    if let Some(file) = what.strip_prefix("load build definition from ") {
        build.dockerfile = vertex.sent.clone().filter(|amount| is_whole(amount, file));
    } else if what == "load build context" {
        build.context.clone_from(&vertex.sent);
    }
}

/// The file was sent, with its name. A builder before `BuildKit` v0.9 that still has the file is
/// sent its name and times only: `transferring dockerfile: 32B done`, 31B, 38B in Docker 20.10.
fn is_whole(sent: &Amount, file: &str) -> bool {
    const NAMED: usize = 28;
    sent.bytes().is_none_or(|bytes| bytes > (NAMED + file.len()) as u64)
}

/// `FROM docker.io/library/node:20@sha256:…`
fn base(what: &Instruction, quote: &Quote, vertex: &Vertex) -> Base {
    let image = what.text.split_ascii_whitespace().nth(1).unwrap_or_default();
    Base {
        stage: what.stage.clone(),
        platform: what.platform.clone(),
        ..source(image, quote, vertex)
    }
}

/// An image that only a `COPY --from=composer:2` names has a vertex without a position: `FROM
/// docker.io/library/composer:2@sha256:…` (`BuildKit` `dockerfile2llb/convert.go`).
fn source(image: &str, quote: &Quote, vertex: &Vertex) -> Base {
    let (image, digest) =
        image.split_once('@').map_or((image, None), |(i, d)| (i, Some(Text::from(d))));
    Base {
        image: image.into(),
        digest,
        quote: quote.clone(),
        pulled: vertex.pulled.clone(),
        ..Base::default()
    }
}

pub(super) fn transfer(header: &Quote, vertex: &Vertex) -> Transfer {
    Transfer {
        error: if vertex.end == End::Error { vertex.error.clone() } else { None },
        ended: matches!(vertex.end, End::Done | End::Error | End::Cached),
        seconds: vertex.seconds,
        header: header.clone(),
        verdict: vertex.ended.clone(),
        manifest_type: vertex.manifest_type.clone(),
        as_image: vertex.as_image,
        wrote: vertex.wrote.clone(),
        ..Transfer::default()
    }
}

/// Registry imports print their reference, the others `gha:153…`, `local:57…`, `s3:…`.
fn import(reference: &str, header: &Quote, vertex: &Vertex) -> Transfer {
    let hashed =
        reference.split_once(':').filter(|(_, hash)| hash.bytes().all(|b| b.is_ascii_digit()));
    let kind = hashed.map_or(CacheKind::Registry, |(kind, _)| CacheKind::from_type(kind));
    let kind = if kind == CacheKind::Unknown { CacheKind::Registry } else { kind };
    let listed = (kind == CacheKind::Azblob).then_some(vertex.listed);
    Transfer { reference: Some(reference.into()), kind, listed, ..transfer(header, vertex) }
}

/// Names of exporters over all versions (`cache/remotecache/*` `Name()`). The bare
/// `exporting cache` of versions up to 0.10 is inline where nothing is written (dockerd 20.10); an
/// error may come before that.
pub(super) fn export_kind(name: &str, vertex: &Vertex) -> Option<CacheKind> {
    Some(match name {
        "exporting cache to registry" => CacheKind::Registry,
        "exporting cache to client directory" => CacheKind::Local,
        "exporting to GitHub Actions Cache" | "exporting to GitHub cache" => CacheKind::Gha,
        "exporting cache to Amazon S3" | "exporting cache to s3" => CacheKind::S3,
        "exporting cache to Azure Blob Storage" | "exporting cache to azure blob store" => {
            CacheKind::Azblob
        }
        "exporting content cache" => CacheKind::Unknown,
        "exporting cache" if vertex.export == Export::Writes || vertex.end != End::Done => {
            CacheKind::Unknown
        }
        "exporting cache" | "exporting inline cache" | "preparing layers for inline cache" => {
            CacheKind::Inline
        }
        _ => return None,
    })
}

fn engine(build: &mut Build, vertex: &Vertex) {
    if !vertex.images.is_empty() {
        build.images.extend(vertex.images.iter().cloned());
        build.images.sort();
        build.images.dedup();
    }
    build.engine = match (build.engine, vertex.engine) {
        (known, Engine::Unknown)
        | (known @ (Engine::Graphdriver | Engine::Containerd), Engine::Buildkitd) => known,
        (_, new) => new,
    };
    build.config = vertex.config.clone().or(build.config.take());
    if let Some(quote) = &vertex.inline {
        build.inline = build.inline.take().or_else(|| Some(quote.clone()));
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Found;
    use crate::model::assemble::testing::build;

    fn found(import: &str) -> Found {
        build(&format!(
            "#4 importing cache manifest from {import}\n\n#5 [1/2] RUN make\n#5 DONE 1.0s"
        ))
        .imports[0]
            .found()
    }

    #[test]
    fn back_ends_say_in_their_own_way_whether_something_was_there() {
        for (import, want) in [
            ("r.example.com/app:cache\n#4 DONE 0.1s", Found::Yes),
            ("r.example.com/app:cache\n#4 ERROR: r.example.com/app:cache: not found", Found::No),
            ("local:571\n#4 DONE 0.0s", Found::Yes),
            ("gha:153\n#4 DONE 0.2s", Found::Unknown),
            ("s3:144\n#4 DONE 0.1s", Found::Unknown),
            (
                "s3:144\n#4 ERROR: api error NoSuchBucket: The specified bucket does not exist",
                Found::No,
            ),
            ("azblob:93\n#4 found 5 layers in cache\n#4 DONE 0.1s", Found::Yes),
            ("azblob:93\n#4 DONE 0.1s", Found::No),
            ("azblob:93", Found::Unknown),
        ] {
            assert_eq!(found(import), want, "{import}");
        }
    }
}

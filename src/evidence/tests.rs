//! Archives as tools write them, made with the crates of their formats, and what is not to be
//! believed.

use std::io::Write as _;

use oci_spec::image::{DescriptorBuilder, ImageManifestBuilder, MediaType, Sha256Digest};
use prost::Message as _;

use super::*;
use crate::model::{Outcome, Problem};
use crate::source::{self, Content, Entry, Reading, Whole};
use status::{Response, Time, Vertex, VertexLog};

fn digest(bytes: &[u8]) -> String {
    formula::sha256(bytes)
}

fn vertex(name: &str, inputs: &[&str], at: Option<(i64, i64)>, cached: bool) -> Vertex {
    let time = |seconds| Some(Time { seconds: 1_795_871_467 + seconds, nanos: 500_000_000 });
    Vertex {
        digest: digest(name.as_bytes()),
        inputs: inputs.iter().map(|name| digest(name.as_bytes())).collect(),
        name: name.to_owned(),
        cached,
        started: at.and_then(|(start, _)| time(start)),
        completed: at.and_then(|(_, end)| time(end)),
        ..Vertex::default()
    }
}

const FROM: &str = "[1/3] FROM \
    docker.io/library/alpine:3@sha256:32a9a592613c62eeaf6af81772a075b4a5e15a06fecdb0338f7b23b20ccbc92e";

fn frames() -> Vec<u8> {
    let frame = |vertexes: Vec<Vertex>| Response { vertexes, ..Response::default() };
    let (dir, make) = ("[2/3] WORKDIR /app", "[3/3] RUN make");
    let talk = VertexLog { vertex: digest(make.as_bytes()) };
    let all = [
        frame(vec![
            vertex(FROM, &[], None, false),
            vertex(dir, &[FROM], None, false),
            vertex(make, &[dir], None, false),
        ]),
        frame(vec![vertex(FROM, &[], Some((0, 0)), true)]),
        frame(vec![vertex(dir, &[FROM], Some((1, 1)), true)]),
        // The layer of a hit is fetched.
        frame(vec![vertex(dir, &[], Some((1, 2)), false)]),
        Response { logs: vec![talk], ..Response::default() },
        frame(vec![vertex(make, &[dir], Some((2, 7)), false)]),
    ];
    let mut bytes = Vec::new();
    for response in all {
        let message = response.encode_to_vec();
        bytes.extend(u32::try_from(message.len()).unwrap().to_le_bytes());
        bytes.extend(message);
    }
    bytes
}

/// An archive as `docker buildx history export` writes it.
fn dockerbuild() -> Vec<u8> {
    let log = frames();
    let provenance = br#"{"buildDefinition":{"externalParameters":{"request":{"args":{"build-arg:TOKEN":"hunter2"}}},"internalParameters":{"buildConfig":{"llbDefinition":[{"id":"step0","op":{"Op":{"source":{"identifier":"docker-image://docker.io/library/alpine:3@sha256:32a9a592613c62eeaf6af81772a075b4a5e15a06fecdb0338f7b23b20ccbc92e"}},"platform":{"Architecture":"amd64","OS":"linux"}}},{"id":"step1","inputs":["step0:0"],"op":{"Op":{"file":{"actions":[{"Action":{"mkdir":{"makeParents":true,"mode":493,"path":"/app","timestamp":-1}}}]}}}},{"id":"step2","inputs":["step1:0"],"op":{"Op":{"exec":{"meta":{"args":["/bin/sh","-c","make"],"env":["TOKEN=hunter2"],"cwd":"/app"},"mounts":[{"dest":"/"}]}},"platform":{"Architecture":"amd64","OS":"linux"}}}]}}},"runDetails":{"metadata":{"buildkit_metadata":{"source":{"infos":[{"filename":"Dockerfile","language":"Dockerfile","data":"RlJPTSBhbHBpbmU6MwpXT1JLRElSIC9hcHAKUlVOIG1ha2UK"}]}}}}}"#;
    let record = format!(
        r#"{{"Ref":"abc123","FrontendAttrs":{{"build-arg:TOKEN":"hunter2"}},"CreatedAt":{{"seconds":1795871467,"nanos":1}},"logs":{{"digest":"{}"}},"Result":{{"Attestations":[{{"digest":"{}"}}]}}}}"#,
        digest(&log),
        digest(provenance)
    );
    let descriptor = |kind: &str, bytes: &[u8]| {
        let hex = digest(bytes).trim_start_matches("sha256:").to_owned();
        let sha: Sha256Digest = hex.parse().unwrap();
        DescriptorBuilder::default()
            .media_type(MediaType::Other(kind.to_owned()))
            .digest(sha)
            .size(bytes.len() as u64)
            .build()
            .unwrap()
    };
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .config(descriptor("application/vnd.buildkit.historyrecord.v0", record.as_bytes()))
        .layers(vec![
            descriptor("application/vnd.buildkit.status.v0", &log),
            descriptor("application/vnd.in-toto+json", provenance),
        ])
        .build()
        .unwrap()
        .to_string()
        .unwrap();
    let mut archive =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for bytes in [&log[..], provenance, record.as_bytes(), manifest.as_bytes()] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        let name = format!("blobs/sha256/{}", digest(bytes).trim_start_matches("sha256:"));
        archive.append_data(&mut header, name, bytes).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap().into_inner()
}

/// Everything in a file, attached.
fn read_all(name: &str, bytes: &[u8]) -> (Vec<Run>, Attached, Vec<String>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    let whole = Whole { begins, longest: LONGEST };
    let entry = Entry::in_memory(name, bytes);
    source::each(
        &entry,
        &Reading { whole, expanded: 64 << 20, ..Reading::default() },
        &mut |part, content| match content {
            Ok(Content::Whole(bytes)) => match read(&part.name, &bytes) {
                Some(Ok(evidence)) => found.push(evidence),
                Some(Err(why)) => errors.push(why),
                None => {}
            },
            Ok(Content::Log(_)) => {}
            Err(e) => errors.push(e.to_string()),
        },
    );
    let mut runs = Vec::new();
    let attached = attach(&mut runs, found, &[]);
    (runs, attached, errors)
}

#[test]
fn a_stored_build_is_a_run_with_its_definition_and_dockerfile() {
    let file = dockerbuild();
    for (name, bytes) in
        [("web.dockerbuild", file.clone()), ("artifact.zip", zipped("web.dockerbuild", &file))]
    {
        let (runs, attached, errors) = read_all(name, &bytes);
        assert!(
            errors.is_empty() && attached.problems.is_empty(),
            "{errors:?} {:?}",
            attached.problems
        );
        let build = &runs[0].builds[0];
        let steps: Vec<_> =
            build.steps.iter().map(|s| (s.text.as_str(), s.outcome, s.digests.is_some())).collect();
        assert_eq!(
            steps,
            [("WORKDIR /app", Outcome::Hit, true), ("RUN make", Outcome::Miss, true)]
        );
        assert_eq!(
            build.steps[0].digests.as_ref().unwrap().operation,
            Some(formula::workdir("/app"))
        );
        assert_eq!(
            attached.dockerfiles,
            [("Dockerfile".to_owned(), "FROM alpine:3\nWORKDIR /app\nRUN make\n".to_owned())]
        );
        assert_eq!(
            build.given.iter().flatten().map(|part| part.name.as_str()).collect::<Vec<_>>(),
            ["TOKEN"]
        );
        assert!(!format!("{runs:?}").contains("hunter2"));
    }
}

#[test]
fn a_cut_archive_is_a_problem_or_nothing_and_never_a_panic() {
    let file = dockerbuild();
    for end in (0..file.len()).step_by(7) {
        let (runs, ..) = read_all("web.dockerbuild", &file[..end]);
        assert!(runs.len() <= 1);
    }
    let log = frames();
    for end in 0..log.len() {
        if let Some(Ok(Evidence { what: What::Log(run), .. })) = read("x", &log[..end]) {
            assert!(run.builds.len() <= 1);
        }
    }
}

#[test]
fn what_expands_without_end_or_nests_is_not_opened() {
    let bomb = vec![b' '; 40 << 20];
    let config = [&b"{\"records\":[{\"digest\":"[..], &bomb].concat();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&config).unwrap();
    let (.., errors) = read_all("x.json.gz", &encoder.finish().unwrap());
    assert!(errors.iter().any(|e| e.contains("longer than")), "{errors:?}");
    let twice = zipped("a.zip", &zipped("web.dockerbuild", &dockerbuild()));
    assert!(read_all("x.zip", &twice).0.is_empty());
}

#[test]
fn hostile_caches_are_problems() {
    let deep = format!("{{\"records\":[{{\"digest\":{}", "[".repeat(10_000));
    for text in ["{\"records\":[],\"digest\":1}", "{\"records\":[{\"digest\":\"x\"}]}", &deep] {
        assert!(matches!(read("x", text.as_bytes()), Some(Err(_))), "{text:.60}");
    }
    // Links in circles and to nowhere.
    let hex = "a".repeat(64);
    let circle = format!(
        "{{\"records\":[{{\"digest\":\"sha256:{hex}\",\"layers\":[{{\"layer\":9}}],\"inputs\":[[{{\"link\":0}},{{\"link\":99}}],[{{\"link\":1}}]]}},{{\"digest\":\"sha256:{hex}\",\"inputs\":[[{{\"link\":0}}]]}}]}}"
    );
    let file = read("x", circle.as_bytes()).unwrap().unwrap();
    let mut runs = Vec::new();
    let Attached { problems, .. } = attach(&mut runs, vec![file], &[]);
    assert_eq!((runs.len(), problems), (1, Vec::<Problem>::new()));
}

#[test]
fn a_copy_onto_an_empty_image_is_a_stage_of_its_own() {
    let hex = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let (base, make, copy, content) = (hex("a"), hex("b"), hex("c"), hex("d"));
    let (root, path) = (digest(b"/"), digest(b"/out/app"));
    let stored = "\"layers\":[{\"layer\":0}]";
    let cache = format!(
        "{{\"records\":[{{\"digest\":\"{base}\"}},{{{stored},\"digest\":\"{make}\",\"inputs\":[[{{\"selector\":\"{root}\",\"link\":0}}]]}},{{{stored},\"digest\":\"{copy}\",\"inputs\":[[{{\"link\":3}},{{\"selector\":\"{path}\",\"link\":1}}]]}},{{\"digest\":\"{content}\"}}]}}"
    );
    let mut runs = Vec::new();
    attach(&mut runs, vec![read("x", cache.as_bytes()).unwrap().unwrap()], &[]);
    let steps = &runs[0].builds[0].steps;
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["[stage-0 2/2] RUN", "[stage-1 1/1] COPY"]);
    assert_eq!(steps[1].trace.as_ref().unwrap().inputs, [0]);
}

/// `COPY --link` in a cache: base, directory, the copy of its own, and the merge of both.
fn linked(created: [&str; 3]) -> Vec<u8> {
    let hex = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let result = |created: &str| match created {
        "" => "{\"layer\":0}".to_owned(),
        at => format!("{{\"layer\":0,\"createdAt\":\"{at}\"}}"),
    };
    let record = |digit: &str, created: &str, inputs: &str| {
        format!(
            "{{\"layers\":[{}],\"digest\":\"{}\",\"inputs\":[{inputs}]}}",
            result(created),
            hex(digit)
        )
    };
    let [directory, copy, merge] = created;
    let records = [
        format!("{{\"digest\":\"{}\"}}", hex("a")),
        record("b", directory, "[{\"link\":0}]"),
        format!("{{\"digest\":\"{}\"}}", hex("c")),
        record("d", copy, "[{\"link\":2}]"),
        record("e", merge, "[{\"link\":1}],[{\"link\":3}]"),
    ];
    format!("{{\"records\":[{}]}}", records.join(",")).into_bytes()
}

#[test]
fn a_linked_copy_is_one_step_of_its_stage() {
    let day = "2026-11-28T13:05:28Z";
    let mut runs = Vec::new();
    attach(&mut runs, vec![read("x", &linked([day; 3])).unwrap().unwrap()], &[]);
    let steps = &runs[0].builds[0].steps;
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["[2/3] WORKDIR", "[3/3] COPY"]);
    // What it lies on is no part of its key.
    let key = steps[1].digests.as_ref().unwrap();
    assert_eq!(key.operation.unwrap().to_string(), "d".repeat(32));
    assert!(key.inputs[0].contents.is_empty() && key.inputs[1].contents.len() == 1);
}

#[test]
fn a_cache_without_times_does_not_make_the_next_one_new() {
    let day = "2026-11-28T13:05:28Z";
    let outcomes = |first: [&str; 3]| -> Vec<Outcome> {
        let files = [("run-1.json", first), ("run-2.json", [day; 3])];
        let files = files.map(|(name, created)| read(name, &linked(created)).unwrap().unwrap());
        let mut runs = Vec::new();
        attach(&mut runs, files.to_vec(), &[]);
        align(&mut runs);
        runs[1].builds[0].steps.iter().map(|step| step.outcome).collect()
    };
    assert_eq!(outcomes([""; 3]), [Outcome::Unknown; 2]);
    assert_eq!(outcomes(["2026-11-27T13:05:28Z"; 3]), [Outcome::Miss; 2]);
}

#[test]
fn logs_are_no_evidence() {
    for log in [
        "#1 [internal] load build definition\n",
        "{\"vertexes\":[{\"digest\":\"sha256:00\"}]}\n",
        "{\"level\":\"info\"}\n",
        "[{\"message\":\"a\",\"type\":\"out\"}]",
    ] {
        assert!(!begins(log.as_bytes()), "{log}");
    }
}

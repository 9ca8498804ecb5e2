//! Every container, and what is not to be opened.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use super::*;
use crate::source::{Sieve, Sink, Wanted};

struct Every;

impl Sieve for Every {
    type State = ();
    fn wants(&self, (): &mut (), _line: &[u8]) -> Wanted {
        Wanted::Yes
    }
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Sink for Lines {
    fn line(&mut self, _number: u64, bytes: &[u8]) {
        self.0.push(String::from_utf8_lossy(bytes).into_owned());
    }
}

/// Name, job, and lines or error of one log.
type Seen = (String, Option<String>, Result<Vec<String>, String>);

/// Each log in a file of these bytes, on the disk or in memory.
fn read(file: &str, bytes: &[u8], expanded: u64) -> Vec<Seen> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(file);
    fs::write(&path, bytes).unwrap();
    let seen = visited(&Entry { path, name: file.to_owned(), bytes: None }, expanded);
    assert_eq!(seen, visited(&Entry::in_memory(file, bytes), expanded));
    seen
}

fn visited(entry: &Entry, expanded: u64) -> Vec<Seen> {
    let mut seen = Vec::new();
    each(entry, &Reading { expanded, ..Reading::default() }, &mut |part, input| {
        let mut lines = Lines::default();
        let read = input.map_err(|e| e.to_string());
        let read = read.and_then(|content| match content {
            Content::Log(input) => input.scan(&Every, &mut lines).map_err(|e| e.to_string()),
            Content::Whole(bytes) => {
                lines.0.push(format!("whole: {}", bytes.len()));
                Ok(1)
            }
        });
        seen.push((part.name.clone(), part.job.clone(), read.map(|_| lines.0)));
    });
    seen
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(|l| (*l).to_owned()).collect()
}

#[test]
fn compressed_files_are_read_through_whatever_their_name() {
    let zstd = zstd::encode_all(&b"a\nb\n"[..], 1).unwrap();
    let two = [gzip(b"a\n"), gzip(b"b\n")].concat();
    for bytes in [gzip(b"a\nb\n"), zstd, two] {
        assert_eq!(
            read("build.log", &bytes, EXPANDED),
            [("build.log".to_owned(), None, Ok(lines(&["a", "b"])))]
        );
    }
}

#[test]
fn utf16_is_text() {
    for bytes in [&b"\xff\xfea\0\n\0\xe9\0"[..], b"\xfe\xff\0a\0\n\0\xe9"] {
        assert_eq!(read("build.log", bytes, EXPANDED)[0].2, Ok(lines(&["a", "é"])));
    }
}

#[test]
fn archives_give_each_log_of_theirs() {
    let files: [(&str, &[u8]); 3] =
        [("logs/b.log", b"b\n"), ("logs/a.log", b"a\n"), ("logs/Dockerfile", b"FROM x\n")];
    let found =
        [tar(&files), gzip(&tar(&files)), zip(&files)].map(|bytes| read("x.bin", &bytes, EXPANDED));
    for mut parts in found {
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            ("x.bin/logs/a.log".to_owned(), None, Ok(lines(&["a"]))),
            ("x.bin/logs/b.log".to_owned(), None, Ok(lines(&["b"]))),
        ];
        assert_eq!(parts, expected);
    }
}

#[test]
fn a_job_is_counted_once() {
    let bytes = zip(&[
        ("0_build.txt", b"whole\n"),
        ("build/1_Set up.txt", b"part\n"),
        ("lint/1_Run.txt", b"other\n"),
    ]);
    let parts = read("logs.zip", &bytes, EXPANDED);
    let seen: Vec<_> =
        parts.iter().map(|(name, job, _)| (name.as_str(), job.as_deref().unwrap())).collect();
    assert_eq!(seen, [("logs.zip/0_build.txt", "build"), ("logs.zip/lint/1_Run.txt", "lint")]);
}

#[test]
fn members_may_be_compressed_but_archives_in_archives_are_not_opened() {
    let inner = zip(&[("deep.log", b"x\n")]);
    let bytes = zip(&[("a.log.gz", &gzip(b"a\n")), ("b.zip", &inner)]);
    let parts = read("logs.zip", &bytes, EXPANDED);
    assert_eq!(parts[0].2, Ok(lines(&["a"])));
    assert!(parts[1].2.as_ref().unwrap_err().contains("in an archive"), "{parts:?}");
}

/// A `.dockerbuild` among the artifacts of a job that were packed.
#[test]
fn a_compressed_layout_in_a_compressed_archive_is_opened() {
    let layout = gzip(&tar(&[("blobs/sha256/run.log", b"#1 [1/2] FROM a")]));
    for archive in
        [gzip(&tar(&[("web.dockerbuild", &layout)])), zip(&[("web.dockerbuild", &layout)])]
    {
        let seen = read("artifacts.tar.gz", &archive, EXPANDED);
        let names: Vec<&str> = seen.iter().map(|seen| seen.0.as_str()).collect();
        assert_eq!(names, ["artifacts.tar.gz/web.dockerbuild/blobs/sha256/run.log"]);
        assert!(seen.iter().all(|seen| seen.2.is_ok()), "{seen:?}");
    }
    let deeper = gzip(&tar(&[("a.tar.gz", &gzip(&tar(&[("web.dockerbuild", &layout)])))]));
    assert!(read("deeper.tar.gz", &deeper, EXPANDED).iter().all(|seen| seen.2.is_err()));
}

#[test]
fn nothing_expands_without_bound() {
    let bomb = gzip(&vec![b'\n'; 1 << 20]);
    let parts = read("bomb.gz", &bomb, 1000);
    assert!(parts[0].2.as_ref().unwrap_err().contains("more than 1000 bytes"), "{parts:?}");
    let parts = read("bomb.zip", &zip(&[("a.log", &vec![b'\n'; 4096])]), 1000);
    assert!(parts[0].2.as_ref().unwrap_err().contains("more than 1000 bytes"), "{parts:?}");
}

#[test]
fn broken_and_unknown_containers_say_so() {
    let cut = gzip(b"a\nb\n")[..12].to_vec();
    assert!(read("a.gz", &cut, EXPANDED)[0].2.is_err());
    assert!(read("a.bz2", b"BZh91AY", EXPANDED)[0].2.as_ref().unwrap_err().contains("bzip2"));
    assert!(read("a.zip", b"PK\x03\x04rest", EXPANDED)[0].2.is_err());
}

#[test]
fn documents_of_apis_are_unwrapped() {
    let answer = br#"{"url":"https://api.buildkite.com/v2/x/log","content":"a\nb\r\n","size":4,"header_times":[1]}"#;
    assert_eq!(read("log.json", answer, EXPANDED)[0].2, Ok(lines(&["a", "b\r"])));
    let entries = br##"[ {"message":"#1 DO","type":"out"},{"message":"NE\n","type":"out"} ]"##;
    assert_eq!(read("log.json", entries, EXPANDED)[0].2, Ok(lines(&["#1 DONE"])));
    let no_log = b"[ {\"type\": 1},\n {\"type\": 2} ]\n";
    assert_eq!(
        read("x.log", no_log, EXPANDED)[0].2,
        Ok(lines(&["[ {\"type\": 1},", " {\"type\": 2} ]"]))
    );
    let other = b"{\"vertexes\":[]}\n";
    assert_eq!(read("raw.log", other, EXPANDED)[0].2, Ok(lines(&["{\"vertexes\":[]}"])));
}

#[test]
fn long_names_are_read_up_to_a_length() {
    let name = format!("{}/build.log", "folder".repeat(30));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    builder.append_data(&mut header, &name, &b"a\n"[..]).unwrap();
    let parts = read("x.tar", &builder.into_inner().unwrap(), EXPANDED);
    assert_eq!(parts, [(format!("x.tar/{name}"), None, Ok(lines(&["a"])))]);

    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 20);
    header.set_cksum();
    builder.append(&header, io::repeat(b'n').take(1 << 20)).unwrap();
    let parts = read("x.tar", &builder.into_inner().unwrap(), EXPANDED);
    assert!(parts[0].2.as_ref().unwrap_err().contains("longer than any path"), "{parts:?}");
}

#[test]
fn a_directory_of_any_number_of_members_is_refused() {
    let mut end = b"PK\x03\x04PK\x05\x06".to_vec();
    end.extend([0; 4]);
    end.extend(60_000_u16.to_le_bytes());
    end.extend(60_000_u16.to_le_bytes());
    end.extend([0; 10]);
    let parts = read("x.zip", &end, EXPANDED);
    assert!(parts[0].2.as_ref().unwrap_err().contains("more than 50000 members"), "{parts:?}");
}

#[test]
fn what_needs_much_memory_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(b"a\n").unwrap();
    let parts = read("x.log.zst", &encoder.finish().unwrap(), EXPANDED);
    assert!(parts[0].2.as_ref().unwrap_err().contains("without --long"), "{parts:?}");

    let answer = format!(r#"{{"url":"x","content":"{}"}}"#, "a".repeat(13 << 20));
    let parts = read("x.json", answer.as_bytes(), EXPANDED);
    assert!(parts[0].2.as_ref().unwrap_err().contains("more than 12 MiB"), "{parts:?}");
    let line = format!("{{\"url\":\"x\",\"content\":\"{}\"}}\n", "a".repeat(1000));
    let parts = read("x.json", line.repeat(13 << 10).as_bytes(), EXPANDED);
    assert_eq!(parts[0].2.as_ref().unwrap().len(), 13 << 10);
}

//! How long a whole diagnosis takes, from start to exit: `cargo bench`.
//!
//! The inputs are made anew in the temporary directory, of 64 MiB each; `CACHEDIAG_BENCH_MIB=2048
//! cargo bench` takes larger ones. They are in the page cache, so the disk has no part in it. To
//! compare: `time wc -l` on a file of the same size.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench fails by panicking")]

mod logs;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use logs::Logs;
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// The inputs, made when the first bench wants them.
struct Inputs {
    folder: TempDir,
    bytes: usize,
}

static INPUTS: LazyLock<Inputs> = LazyLock::new(|| {
    let mib: usize =
        std::env::var("CACHEDIAG_BENCH_MIB").ok().and_then(|n| n.parse().ok()).unwrap_or(64);
    let inputs = Inputs { folder: tempfile::tempdir().unwrap(), bytes: mib << 20 };
    inputs.make();
    inputs
});

/// Bytes of a log in the tree, and of the small log.
const SMALL: usize = 200 << 10;

impl Inputs {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn make(&self) {
        let mut file = BufWriter::new(File::create(self.path("one.log")).unwrap());
        Logs::new(1).write(self.bytes, &mut file).unwrap();
        file.flush().unwrap();
        Logs::new(2).write(1, File::create(self.path("small.log")).unwrap()).unwrap();
        let log = fs::read(self.path("one.log")).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(
            File::create(self.path("one.log.gz")).unwrap(),
            flate2::Compression::fast(),
        );
        gzip.write_all(&log).unwrap();
        gzip.finish().unwrap();
        fs::write(self.path("one.log.zst"), zstd::encode_all(&log[..], 1).unwrap()).unwrap();
        self.tree();
    }

    /// Logs of a hundred jobs, each in a folder of its own.
    fn tree(&self) {
        let mut logs = Logs::new(3);
        for n in 0..self.bytes / SMALL {
            let folder = self.path(&format!("tree/{:02}", n % 100));
            fs::create_dir_all(&folder).unwrap();
            logs.write(SMALL, File::create(folder.join(format!("run-{n}.log"))).unwrap()).unwrap();
        }
    }
}

fn size(path: &Path) -> usize {
    usize::try_from(fs::metadata(path).unwrap().len()).unwrap()
}

fn diagnose(bencher: Bencher, name: &str, bytes: usize) {
    let path = INPUTS.path(name);
    bencher
        .counter(BytesCount::new(bytes))
        .bench(|| run(Command::new(env!("CARGO_BIN_EXE_cachediag")).arg(&path)));
}

fn run(command: &mut Command) {
    assert!(command.args(["--format", "json"]).stdout(Stdio::null()).status().unwrap().success());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn file(bencher: Bencher) {
    diagnose(bencher, "one.log", size(&INPUTS.path("one.log")));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn tree(bencher: Bencher) {
    diagnose(bencher, "tree", INPUTS.bytes);
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn gz(bencher: Bencher) {
    diagnose(bencher, "one.log.gz", size(&INPUTS.path("one.log")));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn zst(bencher: Bencher) {
    diagnose(bencher, "one.log.zst", size(&INPUTS.path("one.log")));
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn small(bencher: Bencher) {
    diagnose(bencher, "small.log", size(&INPUTS.path("small.log")));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn pipe(bencher: Bencher) {
    let path = INPUTS.path("one.log");
    bencher.counter(BytesCount::new(size(&path))).bench(|| {
        let mut cat = Command::new("cat").arg(&path).stdout(Stdio::piped()).spawn().unwrap();
        run(Command::new(env!("CARGO_BIN_EXE_cachediag")).stdin(cat.stdout.take().unwrap()));
        cat.wait().unwrap();
    });
}

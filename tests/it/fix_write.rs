//! `fix --write` never damages a file: it holds the old text or the new one, whole, whatever
//! happens meanwhile.
//!
//! `KILLS=200 cargo test --test it fix_write` kills it so often; unless told otherwise a few times.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A mode that there is none of: one word is to be changed.
fn workflow(mode: &str) -> String {
    format!(
        "on: push\njobs:\n  image:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: \
            docker/setup-buildx-action@v3\n      - uses: docker/build-push-action@v6\n        \
            with:\n          push: true\n          tags: r.example.com/shop:1\n          \
            cache-from: type=registry,ref=r.example.com/shop:cache\n          cache-to: \
            type=registry,ref=r.example.com/shop:cache,mode={mode}\n"
    )
}

const NAMES: [&str; 2] = ["image.yml", "other.yml"];

/// A checkout with two workflows that are wrong in the same way.
struct Checkout(TempDir);

impl Checkout {
    fn new() -> Self {
        let checkout = Self(TempDir::new().unwrap());
        fs::create_dir_all(checkout.folder()).unwrap();
        checkout.reset();
        checkout
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join(".github/workflows")
    }

    fn reset(&self) {
        for name in NAMES {
            fs::write(self.folder().join(name), workflow("maxx")).unwrap();
        }
    }

    fn texts(&self) -> [String; 2] {
        NAMES.map(|name| fs::read_to_string(self.folder().join(name)).unwrap())
    }

    fn fix(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cachediag"));
        command
            .current_dir(self.0.path())
            .args(["fix", "--config", ".", "--write"])
            .stdin(Stdio::null());
        command
    }

    fn names(&self) -> usize {
        fs::read_dir(self.folder()).unwrap().count()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn both_are_changed_and_keep_their_mode() {
    let checkout = Checkout::new();
    let [one, two] = NAMES.map(|name| checkout.folder().join(name));
    mode(&one, 0o664);
    fs::rename(&two, checkout.0.path().join("elsewhere")).unwrap();
    symlink("../../elsewhere", &two).unwrap();
    // In a folder links are not followed, so this one is named.
    let output = checkout.fix().args(["--config", ".github/workflows/other.yml"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(checkout.texts(), [workflow("max"), workflow("max")]);
    assert_eq!(one.metadata().unwrap().mode() & 0o7777, 0o664);
    assert!(two.symlink_metadata().unwrap().is_symlink());
    assert_eq!(checkout.names(), 2);
}

#[test]
fn what_was_edited_meanwhile_is_not_written_over() {
    let checkout = Checkout::new();
    let mut fix = checkout.fix();
    let mut fix = fix.arg("-").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = fix.stdin.take().unwrap();
    // The configuration is read before the log, which goes on.
    log.write_all(b"Pulling the runner's image\n").unwrap();
    thread::sleep(Duration::from_millis(700));
    let edited = workflow("maxx") + "# edited\n";
    fs::write(checkout.folder().join("other.yml"), &edited).unwrap();
    drop(log);
    let output = fix.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("other.yml was changed while the logs were read"),
        "{}",
        said(&output)
    );
    assert_eq!(checkout.texts(), [workflow("maxx"), edited]);
}

#[test]
fn where_one_cannot_be_written_none_is() {
    let checkout = Checkout::new();
    mode(&checkout.folder().join("other.yml"), 0o444);
    let output = checkout.fix().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("other.yml: it is read-only"), "{}", said(&output));
    assert_eq!(checkout.texts(), [workflow("maxx"), workflow("maxx")]);
    assert_eq!(checkout.names(), 2);
}

/// What a full disk does too: the system takes no more bytes.
#[test]
fn no_room_for_the_new_text_leaves_the_old() {
    let checkout = Checkout::new();
    let program = env!("CARGO_BIN_EXE_cachediag");
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {program} fix --config . --write");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(checkout.0.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(checkout.texts(), [workflow("maxx"), workflow("maxx")]);
    assert_eq!(checkout.names(), 2);
}

#[test]
fn marks_and_line_ends_stay() {
    for (before, after) in [("\u{feff}", "\u{feff}"), ("", "")] {
        for windows in [false, true] {
            let form = |text: String| if windows { text.replace('\n', "\r\n") } else { text };
            let checkout = Checkout::new();
            let bare = |mode: &str| form(workflow(mode)).trim_end().to_owned();
            fs::write(checkout.folder().join("image.yml"), format!("{before}{}", bare("maxx")))
                .unwrap();
            assert!(checkout.fix().output().unwrap().status.success());
            assert_eq!(checkout.texts(), [format!("{after}{}", bare("max")), workflow("max")]);
        }
    }
}

#[test]
fn a_kill_leaves_the_old_text_or_the_new_one() {
    let kills: u32 = std::env::var("KILLS").ok().map_or(12, |kills| kills.parse().unwrap());
    let checkout = Checkout::new();
    let begin = Instant::now();
    assert!(checkout.fix().output().unwrap().status.success());
    let whole = begin.elapsed();
    let mut changed = 0;
    for _ in 0..kills {
        checkout.reset();
        let mut fix = checkout.fix().stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(whole.mul_f64(fastrand::f64() * 1.1));
        fix.kill().unwrap();
        fix.wait().unwrap();
        for text in checkout.texts() {
            assert!(text == workflow("maxx") || text == workflow("max"), "{text}");
            changed += u32::from(text == workflow("max"));
        }
    }
    println!("{kills} kills, {changed} of {} files had their new text", 2 * kills);
}

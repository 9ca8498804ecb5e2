//! Packages of the binary at hand: each is unpacked into an empty folder and says what the binary
//! says.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use base64::Engine as _;
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The triple of this machine; `None` where `packaging/` makes no packages for it.
fn target() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("x86_64-unknown-linux-gnu"),
        ("linux", "aarch64") => Some("aarch64-unknown-linux-gnu"),
        _ => None,
    }
}

fn has(program: &str) -> bool {
    let asked =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// All packages of the binary under test; `None` where there is nothing to make them with.
fn packages() -> Option<TempDir> {
    let target = target().filter(|_| has("python3"));
    if target.is_none() {
        assert!(std::env::var_os("CI").is_none(), "packages need python3, and Linux");
    }
    let out = TempDir::new().unwrap();
    let made = Command::new("python3")
        .arg("packaging/release.py")
        .args(["--level", "1", "--target", target?, "--out"])
        .arg(out.path())
        .arg("--binary")
        .arg(cargo_bin("cachediag"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(out)
}

/// The file whose name begins and ends so.
fn found(folder: &Path, start: &str, end: &str) -> PathBuf {
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(start) && name.ends_with(end)
    });
    assert_eq!(names.len(), 1, "{start}…{end}: {names:?}");
    names.remove(0)
}

/// What a program says of a sample, with nothing around it.
fn said(program: &Path, before: &[&str]) -> String {
    let done = Command::new(program)
        .args(before)
        .args(["--format", "json", "sample-logs/every-second-run"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}: {}",
        program.display(),
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap()
}

fn untar(bytes: &[u8], into: &Path) {
    tar::Archive::new(GzDecoder::new(bytes)).unpack(into).unwrap();
}

#[test]
fn every_package_says_what_the_binary_says() {
    let Some(out) = packages() else { return };
    let out = out.path();
    let want = said(&cargo_bin("cachediag"), &[]);
    let bare = TempDir::new().unwrap();
    for (name, program) in [
        ("tarball", tarball(out, bare.path())),
        ("wheel", wheel(out, bare.path())),
        ("deb", deb(out, bare.path())),
    ] {
        assert!(said(&program, &[]) == want, "{name}");
        let judge = program.with_file_name("cachediag-judge");
        assert!(fs::read(judge).unwrap() == fs::read("integrations/judge.sh").unwrap(), "{name}");
    }
    let launcher = npm(out, bare.path());
    if has("node") {
        assert!(
            said(Path::new("/usr/bin/env"), &["node", launcher.to_str().unwrap()]) == want,
            "npm"
        );
    }
    sums_are_right(out);
}

/// As `cargo binstall` unpacks it: by what Cargo.toml says.
fn tarball(out: &Path, bare: &Path) -> PathBuf {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string("Cargo.toml").unwrap()).unwrap();
    let package = &manifest["package"];
    let binstall = &package["metadata"]["binstall"];
    let filled = |key: &str| {
        let values = [
            ("{ repo }", package["repository"].as_str().unwrap()),
            ("{ name }", "cachediag"),
            ("{ bin }", "cachediag"),
            ("{ version }", env!("CARGO_PKG_VERSION")),
            ("{ target }", target().unwrap()),
            ("{ binary-ext }", ""),
        ];
        values.iter().fold(binstall[key].as_str().unwrap().to_owned(), |text, (mark, value)| {
            text.replace(mark, value)
        })
    };
    let address = filled("pkg-url");
    let archive = out.join(address.rsplit('/').next().unwrap());
    untar(&fs::read(archive).unwrap(), &bare.join("tarball"));
    let program = bare.join("tarball").join(filled("bin-dir"));
    let folder = program.parent().unwrap();
    for file in [
        "man/cachediag.1",
        "man/cachediag-fix.1",
        "completions/_cachediag",
        "LICENSE-MIT",
        "README.md",
    ] {
        assert!(fs::metadata(folder.join(file)).unwrap().len() > 100, "{file}");
    }
    program
}

/// As pip installs it: what the record lists, each with its hash, scripts into bin/.
fn wheel(out: &Path, bare: &Path) -> PathBuf {
    let mut archive =
        zip::ZipArchive::new(File::open(found(out, "cachediag-", ".whl")).unwrap()).unwrap();
    let folder = bare.join("wheel");
    archive.extract(&folder).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let info = folder.join(format!("cachediag-{version}.dist-info"));
    let record = fs::read_to_string(info.join("RECORD")).unwrap();
    assert_eq!(record.lines().count(), archive.len());
    for line in record.lines().filter(|line| !line.ends_with("RECORD,,")) {
        let [name, hash, size] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let data = fs::read(folder.join(name)).unwrap();
        let hashed = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(&data));
        assert_eq!(
            (hash, size),
            (&*format!("sha256={hashed}"), &*data.len().to_string()),
            "{name}"
        );
    }
    let metadata = fs::read_to_string(info.join("METADATA")).unwrap();
    assert!(metadata.contains(&format!("\nName: cachediag\nVersion: {version}\n")), "{metadata}");
    folder.join(format!("cachediag-{version}.data/scripts/cachediag"))
}

/// Read as dpkg reads it: members of an `ar` archive, each at an even offset.
fn deb(out: &Path, bare: &Path) -> PathBuf {
    let bytes = fs::read(found(out, "cachediag_", ".deb")).unwrap();
    let mut rest = bytes.strip_prefix(b"!<arch>\n").unwrap();
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (head, behind) = rest.split_at(60);
        let head = std::str::from_utf8(head).unwrap();
        let (name, size) = (head[..16].trim(), head[48..58].trim().parse::<usize>().unwrap());
        names.push(name.to_owned());
        if name.ends_with(".tar.gz") {
            untar(&behind[..size], &bare.join("deb").join(name));
        }
        rest = &behind[size + size % 2..];
    }
    assert_eq!(names, ["debian-binary", "control.tar.gz", "data.tar.gz"]);
    let control = fs::read_to_string(bare.join("deb/control.tar.gz/control")).unwrap();
    assert!(control.starts_with("Package: cachediag\nVersion: "), "{control}");
    let root = bare.join("deb/data.tar.gz/usr");
    let mut page = String::new();
    let packed = File::open(root.join("share/man/man1/cachediag.1.gz")).unwrap();
    GzDecoder::new(packed).read_to_string(&mut page).unwrap();
    assert!(page.contains(".TH cachediag"), "{page}");
    root.join("bin/cachediag")
}

/// As npm lays them out: the launcher beside the package of this platform, which it names among its
/// dependencies.
fn npm(out: &Path, bare: &Path) -> PathBuf {
    let version = env!("CARGO_PKG_VERSION");
    let modules = bare.join("node_modules");
    let mut names = Vec::new();
    for path in
        [found(out, "cachediag-linux-", ".tgz"), out.join(format!("cachediag-{version}.tgz"))]
    {
        let folder = bare.join("npm");
        untar(&fs::read(path).unwrap(), &folder);
        let about: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("package/package.json")).unwrap())
                .unwrap();
        names.push(about);
        fs::create_dir_all(&modules).unwrap();
        fs::rename(
            folder.join("package"),
            modules.join(names.last().unwrap()["name"].as_str().unwrap()),
        )
        .unwrap();
    }
    let platform = names[0]["name"].as_str().unwrap();
    assert_eq!(names[1]["optionalDependencies"][platform], version);
    modules.join("cachediag").join(names[1]["bin"]["cachediag"].as_str().unwrap())
}

fn sums_are_right(out: &Path) {
    let sums = fs::read_to_string(out.join("SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().count(), 5, "{sums}");
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let data = fs::read(out.join(name)).unwrap();
        let mut hex = String::new();
        for byte in Sha256::digest(data) {
            write!(hex, "{byte:02x}").unwrap();
        }
        assert_eq!(sum, hex, "{name}");
    }
}

/// The machine that runs a job reads it; these two are what makes a job unsafe.
#[test]
fn the_release_pins_what_it_uses() {
    let text = fs::read_to_string(".github/workflows/release.yml").unwrap()
        + &fs::read_to_string("action.yml").unwrap();
    let used: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, used)| used).collect();
    assert!(used.len() > 5);
    for action in used {
        let (_, version) = action.split_once('@').unwrap();
        let hash = version.split(' ').next().unwrap();
        assert!(hash.len() == 40 && version.contains(" # v"), "{action}");
    }
    for script in text.split("run: ").skip(1) {
        let script = script.split("\n      - ").next().unwrap();
        assert!(!script.lines().next().unwrap().contains("${{"), "{script}");
    }
}

//! Changes to configuration files: what is read, what is asked for, what comes out.
//!
//! `tests/fixes/<kind>/<case>/` holds `before` (the file), `changes`, and `after` or `refused`. The
//! patch of each case is applied with git. A `places` file in each kind's folder says what is read
//! in each case: `UPDATE_FIXES=1 cargo test --test it fixes` writes `places`, `after` and
//! `refused`; read them as a user would.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cachediag::config::{CacheSettings, Change, Config, Place, Side};

use crate::support::{folder, git};

/// Where files of a kind live in a repository.
fn path_of(kind: &str) -> &'static str {
    match kind {
        "bitbucket" => "bitbucket-pipelines.yml",
        "buildkite" => ".buildkite/pipeline.yml",
        "github" => ".github/workflows/ci.yml",
        "gitlab" => ".gitlab-ci.yml",
        other => panic!("no path is known for {other}"),
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    folder::children(path).into_iter().filter(|path| path.is_dir()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn read(kind: &str, text: &str) -> Config {
    Config::read(path_of(kind), text).unwrap().unwrap()
}

/// `caches 0` with `from`, `to`, `inline`, `builder` below it; `spec 0` with `old`, `new`, and
/// `exported` where only the export is meant; `use-cache 0`.
fn changes(text: &str) -> Vec<Change> {
    let mut found = Vec::new();
    for line in text.lines() {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let place = || rest.parse::<usize>().unwrap();
        match (word, found.last_mut()) {
            ("caches", _) => {
                found.push(Change::Caches { place: place(), settings: CacheSettings::default() });
            }
            ("spec", _) => {
                let (old, new) = (String::new(), String::new());
                found.push(Change::Spec { place: place(), side: Side::Both, old, new });
            }
            ("use-cache", _) => found.push(Change::UseCache { place: place() }),
            ("from", Some(Change::Caches { settings, .. })) => settings.from.push(rest.into()),
            ("to", Some(Change::Caches { settings, .. })) => settings.to = Some(rest.into()),
            ("inline", Some(Change::Caches { settings, .. })) => settings.inline = true,
            ("builder", Some(Change::Caches { settings, .. })) => settings.builder = true,
            ("exported", Some(Change::Spec { side, .. })) => *side = Side::To,
            ("old", Some(Change::Spec { old, .. })) => *old = rest.into(),
            ("new", Some(Change::Spec { new, .. })) => *new = rest.into(),
            other => panic!("{other:?}"),
        }
    }
    found
}

/// The file after `git apply` of the diff.
fn applied(path: &str, text: &str, diff: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    git::apply(folder.path(), diff);
    fs::read_to_string(file).unwrap()
}

/// Compares with a file, or writes it.
fn expect(file: &Path, text: &str) {
    if std::env::var_os("UPDATE_FIXES").is_some() {
        fs::write(file, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    assert!(expected == text, "{} is not as expected:\n{text}", file.display());
}

fn described(place: &Place) -> String {
    let command = &place.command;
    let mut text = format!("  line {} {:?}", command.quote.line, command.tool);
    let mut add = |name: &str, value: &str| write!(text, "\n    {name} {value}").unwrap();
    let raw = |specs: &[cachediag::model::CacheSpec]| {
        specs.iter().map(|s| s.raw.clone()).collect::<Vec<_>>()
    };
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let variables = place.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for (name, values) in [
        ("job", vec![place.job.clone()].into_iter().filter(|job| !job.is_empty()).collect()),
        ("key", one(&place.key)),
        ("target", one(&place.target)),
        ("driver", one(&place.machine.driver)),
        ("leg", place.legs.clone()),
        ("set", variables),
        ("context", one(&place.context)),
        ("file", one(&command.file)),
        ("stage", one(&command.target)),
        ("builds", command.targets.clone()),
        ("tag", command.tags.iter().map(ToString::to_string).collect()),
        ("from", raw(&command.cache_from)),
        ("to", raw(&command.cache_to)),
        ("arg", command.build_args.clone()),
        ("no-cache-filter", command.no_cache_filter.clone()),
    ] {
        for value in &values {
            add(name, value);
        }
    }
    for (name, asked) in
        [("push", command.push), ("pull", command.pull), ("no-cache", command.no_cache)]
    {
        if asked {
            add(name, "");
        }
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_read_of_each_file() {
    for kind in folders(Path::new("tests/fixes")) {
        let mut text = String::new();
        for case in folders(&kind) {
            let config = read(&name(&kind), &fs::read_to_string(case.join("before")).unwrap());
            writeln!(text, "{}", name(&case)).unwrap();
            config
                .content
                .places
                .iter()
                .for_each(|place| writeln!(text, "{}", described(place)).unwrap());
        }
        expect(&kind.join("places"), &text);
    }
}

#[test]
fn what_is_asked_for_is_done_or_refused() {
    let mut patched = 0;
    for kind in folders(Path::new("tests/fixes")) {
        for case in folders(&kind).into_iter().filter(|case| case.join("changes").exists()) {
            let text = fs::read_to_string(case.join("before")).unwrap();
            let asked = changes(&fs::read_to_string(case.join("changes")).unwrap());
            let config = read(&name(&kind), &text);
            match config.corrected(&asked) {
                Ok(new) => {
                    assert!(
                        !case.join("refused").exists(),
                        "{} is no longer refused",
                        case.display()
                    );
                    expect(&case.join("after"), &new.text);
                    assert_eq!(
                        applied(path_of(&name(&kind)), &text, &new.diff),
                        new.text,
                        "{}",
                        case.display()
                    );
                    // Asked for again, nothing is left to do.
                    assert!(
                        read(&name(&kind), &new.text).corrected(&asked).is_err(),
                        "{}",
                        case.display()
                    );
                    patched += 1;
                }
                Err(why) => {
                    assert!(!case.join("after").exists(), "{} is refused: {why}", case.display());
                    expect(&case.join("refused"), &format!("{why}\n"));
                }
            }
        }
    }
    assert!(patched > 0);
}

/// Windows' line ends, and a last line without one, stay as they are.
#[test]
fn line_ends_stay() {
    for kind in folders(Path::new("tests/fixes")) {
        for case in folders(&kind).into_iter().filter(|case| case.join("after").exists()) {
            let text = fs::read_to_string(case.join("before")).unwrap();
            let asked = changes(&fs::read_to_string(case.join("changes")).unwrap());
            let after = read(&name(&kind), &text).corrected(&asked).unwrap().text;
            if !text.contains('\r') {
                let windows =
                    read(&name(&kind), &text.replace('\n', "\r\n")).corrected(&asked).unwrap();
                assert_eq!(windows.text, after.replace('\n', "\r\n"), "{}", case.display());
            }
            let cut = read(&name(&kind), text.trim_end()).corrected(&asked).unwrap();
            assert_eq!(cut.text, after.trim_end(), "{}", case.display());
            assert_eq!(
                applied(path_of(&name(&kind)), text.trim_end(), &cut.diff),
                cut.text,
                "{}",
                case.display()
            );
        }
    }
}

/// All files of the cases, with their kinds.
fn files() -> Vec<(String, String)> {
    let kinds = folders(Path::new("tests/fixes"));
    let cases =
        kinds.iter().flat_map(|kind| folders(kind).into_iter().map(|case| (name(kind), case)));
    cases.map(|(kind, case)| (kind, fs::read_to_string(case.join("before")).unwrap())).collect()
}

/// What is read of a place, without the line where it is read.
fn unplaced(place: &Place) -> String {
    let text = described(place);
    let (_, rest) = text.trim_start().split_once(' ').unwrap();
    rest.split_once(' ').unwrap().1.to_owned()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(100))]

    /// Whatever is asked for of whichever build: it is refused, or no other build changes and git
    /// makes the same of the patch.
    #[test]
    fn a_change_changes_nothing_else(
        file in 0usize..1000, at in 0usize..8, inline: bool, builder: bool, windows: bool, what in 0u8..4,
        from in proptest::collection::vec("(type=registry,ref=)?r/[a-z]{1,4}:\\$[A-Z]{1,3}", 0..3),
        to in proptest::option::of("type=(gha|registry),(ref|scope)=[a-z/]{1,6},mode=(min|max)"),
    ) {
        let files = files();
        let (kind, text) = &files[file % files.len()];
        let text = if windows { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.clone() };
        let config = read(kind, &text);
        proptest::prop_assume!(!config.content.places.is_empty());
        let place = at % config.content.places.len();
        let change = match (what, config.content.places[place].command.cache_to.first()) {
            (0, _) => Change::UseCache { place },
            (1, Some(old)) => {
                let new = to.clone().unwrap_or("type=gha".into());
                Change::Spec { place, side: if inline { Side::To } else { Side::Both }, old: old.raw.clone(), new }
            }
            _ => Change::Caches { place, settings: CacheSettings { from, to, inline, builder } },
        };
        let Ok(new) = config.corrected(&[change]) else { return Ok(()) };
        proptest::prop_assert_eq!(applied(path_of(kind), &text, &new.diff), new.text.clone());
        let after = read(kind, &new.text);
        for (index, (one, other)) in config.content.places.iter().zip(&after.content.places).enumerate() {
            proptest::prop_assert!(index == place || unplaced(one) == unplaced(other), "{}", new.diff);
        }
        let bare = |text: &str| text.matches('\n').count() - text.matches("\r\n").count();
        proptest::prop_assert_eq!(if windows { bare(&new.text) } else { 0 }, 0);
    }
}

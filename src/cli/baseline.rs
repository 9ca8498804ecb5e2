//! The baseline as a file: JSON, sorted, of nothing that moves from day to day, so that its diffs
//! say something.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::screen;
use crate::render::Report;
use crate::render::redact::redact;
use crate::source;
use crate::triage::{Baseline, Known};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct WireBaseline {
    version: u32,
    findings: Vec<Entry>,
}

/// The fields stand in the order in which they are sorted.
#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    rule: String,
    subject: String,
    /// Empty where no build showed it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    build: String,
    fingerprint: String,
}

/// The baseline that was asked for.
pub(super) struct AskedBaseline {
    path: PathBuf,
    pub(super) known: Baseline,
    /// What is found is known from now on.
    pub(super) update: bool,
}

impl AskedBaseline {
    /// `None` where nobody asked for one. One that is asked for and not there is an error, but
    /// where it is made now.
    pub(super) fn open(path: Option<&Path>, update: bool) -> anyhow::Result<Option<Self>> {
        let Some(path) = path else {
            anyhow::ensure!(
                !update,
                "--update-baseline needs the file: --baseline cachediag-baseline.json"
            );
            return Ok(None);
        };
        let name = path.display().to_string();
        let known = match read(path)? {
            Some(known) => known,
            None if update => Baseline { name, ..Baseline::default() },
            None => anyhow::bail!(
                "there is no baseline {name}. To record what is found today, add --update-baseline \
                    once, and commit the file"
            ),
        };
        Ok(Some(Self { path: path.to_owned(), known, update }))
    }

    /// What is found is known from now on.
    pub(super) fn update(self, report: &Report) -> anyhow::Result<()> {
        let now = Baseline::of(self.known.name, &report.findings);
        write(&self.path, &now)?;
        let (all, new, gone) = (report.findings.len(), report.fresh().count(), report.gone().len());
        screen::complain(&format!(
            "{}: {all} known from now on, {new} of them new; {gone} taken off",
            now.name
        ));
        Ok(())
    }
}

/// Reads it; `None` where there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<Baseline>> {
    let name = path.display().to_string();
    let text = match source::read_small(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("cannot read the baseline {name}")),
    };
    let wire: WireBaseline = serde_json::from_str(&text).with_context(|| {
        format!(
            "{name} is not a baseline; give another name, or remove it and use --update-baseline"
        )
    })?;
    if wire.version != VERSION {
        anyhow::bail!(
            "{name} is a baseline of version {}, this cachediag reads {VERSION}",
            wire.version
        );
    }
    let known = wire.findings.into_iter();
    let known = known.map(|Entry { rule, subject, build, fingerprint }| {
        (fingerprint, Known { rule, subject, build })
    });
    Ok(Some(Baseline { name, known: known.collect() }))
}

/// Writes it beside its place and then moves it there, so that nobody ever reads half of it.
fn write(path: &Path, baseline: &Baseline) -> anyhow::Result<()> {
    let entry = |(fingerprint, known): (&String, &Known)| Entry {
        rule: known.rule.clone(),
        subject: redact(&known.subject).into_owned(),
        build: redact(&known.build).into_owned(),
        fingerprint: fingerprint.clone(),
    };
    let mut findings: Vec<Entry> = baseline.known.iter().map(entry).collect();
    findings.sort();
    let text = serde_json::to_string_pretty(&WireBaseline { version: VERSION, findings })? + "\n";
    replace(path, text.as_bytes())
        .with_context(|| format!("cannot write the baseline {}", path.display()))
}

fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // As any other file is made; else it could be read by nobody but its maker.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text)?;
    file.persist(path)?;
    Ok(())
}

//! Puts new texts in the place of files: all of them or none, and each whole at any moment.
//!
//! A new file is written beside the old one, synced, and renamed over it, so that whoever is
//! interrupted (a full disk, a kill, a power cut) finds the old text or the new one.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::{Builder, NamedTempFile};

/// One file to replace.
pub(super) struct Replacement<'a> {
    pub(super) path: &'a Path,
    /// What it held when it was read; `None` where it is a new file.
    pub(super) before: Option<&'a str>,
    pub(super) after: &'a str,
}

/// Writes all texts. Where one cannot be, none is: those that were renamed already get their old
/// text back.
pub(super) fn replace_all(files: &[Replacement]) -> anyhow::Result<()> {
    let staged: Vec<Staged> = files.iter().map(Staged::of).collect::<Result<_, _>>()?;
    // Nothing is touched yet; the last look comes right before it.
    for file in &staged {
        file.is_unchanged()?;
    }
    let mut done: Vec<Done> = Vec::new();
    for file in staged {
        match file.put_in_place() {
            Ok(file) => done.push(file),
            Err(why) => {
                let kept: Vec<String> = done.iter().rev().filter_map(Done::undo).collect();
                return Err(if kept.is_empty() { why } else { why.context(kept.join("\n")) });
            }
        }
    }
    Ok(())
}

/// A new text on the disk, beside the file that it shall replace.
struct Staged<'a> {
    asked: &'a Replacement<'a>,
    /// Where a link leads to; the file itself where it is none.
    target: PathBuf,
    new: NamedTempFile,
}

impl<'a> Staged<'a> {
    fn of(asked: &'a Replacement<'a>) -> anyhow::Result<Self> {
        let name = asked.path.display();
        let target = match asked.before {
            Some(_) => {
                fs::canonicalize(asked.path).with_context(|| format!("cannot change {name}"))?
            }
            None => asked.path.to_owned(),
        };
        let old = asked
            .before
            .map(|_| writable(&target))
            .transpose()
            .with_context(|| format!("cannot change {name}"))?;
        let new = beside(&target, old.as_ref(), asked.after)
            .with_context(|| format!("cannot write a new {name} next to the old one"))?;
        Ok(Self { asked, target, new })
    }

    /// It still holds the text that was diagnosed.
    fn is_unchanged(&self) -> anyhow::Result<()> {
        let name = self.asked.path.display();
        let Some(before) = self.asked.before else {
            if self.target.symlink_metadata().is_ok() {
                bail!("{name} is there already and was not read; name it with --config");
            }
            return Ok(());
        };
        let now = fs::read(&self.target).with_context(|| format!("cannot change {name}"))?;
        if now != before.as_bytes() {
            bail!(
                "{name} was changed while the logs were read, so nothing is written; run it again"
            );
        }
        Ok(())
    }

    fn put_in_place(self) -> anyhow::Result<Done<'a>> {
        let name = self.asked.path.display();
        let put = match self.asked.before {
            Some(_) => self.new.persist(&self.target),
            None => self.new.persist_noclobber(&self.target),
        };
        put.map_err(|failed| failed.error)
            .with_context(|| format!("cannot put the new {name} in place"))?;
        sync_folder(&self.target);
        Ok(Done { asked: self.asked, target: self.target })
    }
}

/// A file that has its new text.
struct Done<'a> {
    asked: &'a Replacement<'a>,
    target: PathBuf,
}

impl Done<'_> {
    /// Puts the old text back; what to tell where that is not possible.
    fn undo(&self) -> Option<String> {
        let undone = match self.asked.before {
            None => fs::remove_file(&self.target),
            Some(before) => self.put_back(before),
        };
        undone.err().map(|error| {
            format!("{} is changed and could not be put back: {error}", self.asked.path.display())
        })
    }

    fn put_back(&self, before: &str) -> io::Result<()> {
        let old = writable(&self.target)?;
        beside(&self.target, Some(&old), before)?
            .persist(&self.target)
            .map_err(|failed| failed.error)?;
        sync_folder(&self.target);
        Ok(())
    }
}

/// A plain file that its owner lets be written. To rename over a file asks its folder only, so it
/// is asked here.
fn writable(target: &Path) -> io::Result<Metadata> {
    let metadata = fs::metadata(target)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    File::options().write(true).open(target)?;
    Ok(metadata)
}

/// A file of this text in the folder of another, with its mode and owner, and safe on the disk.
fn beside(target: &Path, old: Option<&Metadata>, text: &str) -> io::Result<NamedTempFile> {
    let folder =
        target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // No name that is read as configuration: a kill may leave it there.
    let mut builder = Builder::new();
    builder.prefix(".cachediag-").suffix(".tmp");
    #[cfg(unix)]
    let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
    #[cfg(unix)]
    if old.is_none() {
        // As any new file: less what the umask takes.
        builder.permissions(mode);
    }
    let mut new = builder.tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    if let Some(old) = old {
        keep_owner(new.as_file(), old)?;
        new.as_file().set_permissions(old.permissions())?;
    }
    new.as_file().sync_all()?;
    Ok(new)
}

#[cfg(unix)]
fn keep_owner(new: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let made = new.metadata()?;
    if (made.uid(), made.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid())).map_err(|error| {
        io::Error::new(error.kind(), format!("its owner {} could not be kept: {error}", old.uid()))
    })
}

#[cfg(not(unix))]
fn keep_owner(_new: &File, _old: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The new name is on the disk as well. Not every system can sync a folder, and the file is whole
/// either way.
fn sync_folder(target: &Path) {
    if let Some(folder) = target.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file<'a>(path: &'a Path, before: Option<&'a str>, after: &'a str) -> Replacement<'a> {
        Replacement { path, before, after }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_are_replaced_or_none() {
        let desk = tempfile::tempdir().unwrap();
        let [one, two, new] = ["one", "two", "new"].map(|name| desk.path().join(name));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let edited =
            [file(&one, Some("1"), "I"), file(&two, Some("other"), "II"), file(&new, None, "III")];
        let why = replace_all(&edited).unwrap_err().to_string();
        assert!(why.contains("two was changed while"), "{why}");
        assert_eq!(
            (fs::read_to_string(&one).unwrap(), names(desk.path())),
            ("1".into(), vec!["one".into(), "two".into()])
        );
        replace_all(&[
            file(&one, Some("1"), "I"),
            file(&two, Some("2"), "II"),
            file(&new, None, "III"),
        ])
        .unwrap();
        assert_eq!(
            [&one, &two, &new].map(|path| fs::read_to_string(path).unwrap()),
            ["I", "II", "III"]
        );
        assert_eq!(names(desk.path()), ["new", "one", "two"]);
        let there = replace_all(&[file(&one, Some("I"), "1"), file(&new, None, "x")])
            .unwrap_err()
            .to_string();
        assert!(
            there.contains("is there already") && fs::read_to_string(&one).unwrap() == "I",
            "{there}"
        );
    }

    #[test]
    fn what_was_renamed_is_put_back_where_a_later_one_fails() {
        let desk = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| desk.path().join(name));
        fs::write(&one, "1").unwrap();
        let done = Done { asked: &file(&one, Some("old"), "1"), target: one.clone() };
        assert_eq!((done.undo(), fs::read_to_string(&one).unwrap()), (None, "old".to_owned()));
        let gone = Done { asked: &file(&two, Some("old"), "1"), target: two.clone() };
        assert!(gone.undo().unwrap().contains("could not be put back"));
    }

    #[test]
    #[cfg(unix)]
    fn mode_is_kept_and_a_link_stays_one() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        let desk = tempfile::tempdir().unwrap();
        let [target, link] = ["target", "link"].map(|name| desk.path().join(name));
        fs::write(&target, "1").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("target", &link).unwrap();
        replace_all(&[file(&link, Some("1"), "I")]).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        let after = target.metadata().unwrap();
        assert_eq!(
            (fs::read_to_string(&target).unwrap(), after.mode() & 0o7777),
            ("I".into(), 0o640)
        );
    }

    #[test]
    #[cfg(unix)]
    fn what_is_read_only_or_no_file_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let desk = tempfile::tempdir().unwrap();
        let path = desk.path().join("one");
        fs::write(&path, "1").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let why = format!("{:#}", replace_all(&[file(&path, Some("1"), "I")]).unwrap_err());
        assert!(why.contains("read-only") && fs::read_to_string(&path).unwrap() == "1", "{why}");
        assert!(replace_all(&[file(desk.path(), Some("1"), "I")]).is_err());
        assert_eq!(names(desk.path()), ["one"]);
    }
}

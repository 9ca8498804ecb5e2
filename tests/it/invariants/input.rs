//! Inputs of a test: the logs of one case, in memory, and the report on them.

use std::fs;
use std::path::Path;

use cachediag::render::{RENDERERS, Report, Screen};

/// One input file, named from the folder that all are in.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl File {
    pub(crate) fn is_log(&self) -> bool {
        Path::new(&self.name).extension().is_some_and(|e| e == "log")
    }

    /// A file that the build left, read where logs are.
    pub(crate) fn is_evidence(&self) -> bool {
        [".cache.json", ".dockerbuild", ".provenance.json"]
            .iter()
            .any(|end| self.name.ends_with(end))
    }
}

/// All files of a folder, and of the folders in it; not what a test wrote beside them.
pub(crate) fn files_of(folder: &Path) -> Vec<File> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(
                files_of(&path)
                    .into_iter()
                    .map(|f| File { name: format!("{name}/{}", f.name), ..f }),
            );
        } else if path.extension().is_none_or(|e| e != "snap") {
            files.push(File { name, bytes: fs::read(&path).unwrap() });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The report in every format.
pub(crate) fn rendered(report: &Report, width: usize, color: bool) -> Vec<(&'static str, String)> {
    RENDERERS
        .iter()
        .map(|r| (r.name(), r.render(report, Screen { width, color, ascii: false })))
        .collect()
}

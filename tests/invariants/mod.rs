//! What holds for every report, whatever the input was. Shared by `tests/total.rs` and by the fuzz
//! target, `fuzz/fuzz_targets/report.rs`.

pub(crate) mod input;
pub(crate) mod mangle;

use std::path::{Path, PathBuf};

use cachediag::envelope;
use cachediag::finding::Evidence;
use cachediag::pipeline::Options;
use cachediag::render::escape;

use input::{File, rendered, report_in};

/// Reads the files twice, as a whole and in small blocks, and panics where a promise is broken.
pub(crate) fn check(files: &[File]) {
    let folder = tempfile::tempdir().unwrap();
    let read = |block, threads| {
        report_in(folder.path(), files, Options { block, threads: Some(threads), ..Options::default() })
    };
    let report = read(None, 1);
    report.findings.iter().flat_map(|f| f.evidence.iter()).for_each(|e| is_quoted_truly(folder.path(), files, e));
    for finding in &report.findings {
        assert!(![&finding.title, &finding.cause, &finding.fix.summary].iter().any(|t| t.is_empty()), "{finding:?}");
    }
    let whole = rendered(&report, 80, false);
    let size: usize = files.iter().map(|f| f.bytes.len()).sum();
    for (format, text) in &whole {
        is_safe(format, text, size);
    }
    for (format, text) in rendered(&report, 60, true) {
        assert!(text.is_empty() || text.ends_with('\n'), "{format}");
    }
    let block = 1 + size % 1021;
    assert_eq!(whole, rendered(&read(Some(block), 2), 80, false), "in blocks of {block} bytes");
}

/// The quoted text stands in that line of that file. Letters and digits are compared: colours,
/// prefixes and escapes are not part of a quote.
fn is_quoted_truly(folder: &Path, files: &[File], evidence: &Evidence) {
    let path = PathBuf::from(&evidence.source);
    let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
    let file = files.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{evidence:?} is of no input"));
    let line = file.bytes.split(|b| *b == b'\n').nth(usize::try_from(evidence.line).unwrap() - 1);
    let line = line.unwrap_or_else(|| panic!("{evidence:?} is behind the end"));
    let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let start: String = bare(&evidence.text).chars().take(60).collect();
    let line = bare(&String::from_utf8_lossy(&envelope::clean(line)));
    assert!(line.contains(&start), "{evidence:?} is not in {line:?}");
}

fn is_safe(format: &str, text: &str, input: usize) {
    // Formats that list findings alone have nothing to say where there is none.
    assert!(text.is_empty() || text.ends_with('\n'), "{format}");
    if let Some(bad) = text.chars().find(|c| *c != '\n' && escape::must_show(*c)) {
        panic!("{format} prints {bad:?}");
    }
    if matches!(format, "json" | "sarif" | "gitlab" | "bitbucket") {
        serde_json::from_str::<serde_json::Value>(text).unwrap();
    }
    // What does not depend on the input is the list of rules in SARIF.
    assert!(text.len() < 400_000 + 100 * input, "{format}: {} bytes of {input}", text.len());
}

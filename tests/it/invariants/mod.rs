//! What holds for every report, whatever the input was. Shared by `tests/it/total.rs` and by the
//! fuzz target, `fuzz/fuzz_targets/report.rs`.

pub(crate) mod input;
pub(crate) mod mangle;

use std::sync::LazyLock;

use cachediag::envelope;
use cachediag::finding::Evidence;
use cachediag::pipeline::{Options, run_in_memory};
use cachediag::render::{Human, Json, Renderer, Report, Screen, escape};
use cachediag::source::Entry;
use rayon::{ThreadPool, ThreadPoolBuilder};

use input::{File, rendered};

/// Threads of one check after the other: a fuzzer makes hundreds a second.
static ONE: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPoolBuilder::new().num_threads(1).build().unwrap());
static TWO: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPoolBuilder::new().num_threads(2).build().unwrap());

/// Reads the files twice, as a whole and in small blocks, and panics where a promise is broken.
pub(crate) fn check(files: &[File]) {
    let report = ONE.install(|| report_on(files, None));
    report.findings.iter().flat_map(|f| f.evidence.iter()).for_each(|e| is_quoted_truly(files, e));
    for finding in &report.findings {
        assert!(
            ![&finding.title, &finding.cause, &finding.fix.summary].iter().any(|t| t.is_empty()),
            "{finding:?}"
        );
    }
    let size: usize = files.iter().map(|f| f.bytes.len()).sum();
    for (format, text) in rendered(&report, 80, false) {
        is_safe(format, &text, size);
    }
    let colored = Human.render(&report, Screen { width: 60, color: true, ascii: false });
    assert!(colored.ends_with('\n'), "{colored}");
    let block = 1 + size % 1021;
    let cut = TWO.install(|| report_on(files, Some(block)));
    // It holds all of a report, and so stands for the other formats.
    let json = |report| Json.render(report, Screen { width: 80, color: false, ascii: false });
    assert_eq!(json(&report), json(&cut), "in blocks of {block} bytes");
}

fn report_on(files: &[File], block: Option<usize>) -> Report {
    let entries = files.iter().map(|f| Entry::in_memory(&f.name, f.bytes.as_slice()));
    run_in_memory(entries, &Options { block, ..Options::default() })
}

/// The quoted text stands in that line of that file, or begins at its end and goes on in the next:
/// some forms cut lines. Letters and digits are compared: colours, prefixes and escapes are not part
/// of a quote.
fn is_quoted_truly(files: &[File], evidence: &Evidence) {
    let read = |file: &&File| file.name == *evidence.source && !file.is_evidence();
    let Some(file) = files.iter().find(read) else {
        // A stored build is packed, and holds its Dockerfile, which is quoted under its own name.
        assert!(files.iter().any(File::is_evidence), "{evidence:?} is of no input");
        return;
    };
    let lines = file.bytes.split(|b| *b == b'\n').skip(usize::try_from(evidence.line).unwrap() - 1);
    let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let lines: Vec<String> =
        lines.take(3).map(|l| bare(&String::from_utf8_lossy(&envelope::clean(l)))).collect();
    assert!(!lines.is_empty(), "{evidence:?} is behind the end");
    let start: String = bare(&evidence.text).chars().take(60).collect();
    // Several objects of the Engine API in one line are one text: `{"stream":"a"}{"stream":"b\n"}`.
    let spread = lines.iter().any(|line| line.contains("stream")) && in_order(&lines, &start);
    assert!(spread || begins(&lines, &start), "{evidence:?} is not in {lines:?}");
}

/// The letters of the text are in the lines, others between them.
fn in_order(lines: &[String], text: &str) -> bool {
    let mut letters = lines.iter().flat_map(|line| line.chars());
    text.replace("stream", "").chars().all(|letter| letters.any(|other| other == letter))
}

fn begins(lines: &[String], text: &str) -> bool {
    let Some((line, next)) = lines.split_first() else { return false };
    let goes_on = |at: usize| line.ends_with(&text[..at]) && begins(next, &text[at..]);
    line.contains(text) || (1..text.len()).any(goes_on)
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

//! Lines that were cut at one width, as Windows `PowerShell` writes what it redirects into a file.
//!
//! A line that fills the width goes on in the next one. Whether a log is cut is only seen where
//! `BuildKit`'s `#12 ` stands in front of all other lines: a line without it is then the rest of
//! one.

use memchr::memmem;

use crate::source::find;

/// Narrowest and widest console that is believed.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=400;

/// The width at which these lines of a text are cut; `None` where they are not.
pub(super) fn width(whole: &[u8], head: &[&[u8]]) -> Option<usize> {
    // The error record of `powershell.rs` is no output.
    let error = b"NativeCommandError";
    let record = memmem::find(whole, error)
        .and_then(|_| head.iter().rposition(|line| find(line, error).is_some()));
    let output = head.iter().skip(record.map_or(0, |at| at + 1));
    let counts = |line: &&[u8]| !line.trim_ascii().is_empty() && !sums_up(line);
    let lines: Vec<&[u8]> = output.copied().filter(counts).take(300).collect();
    let numbered = lines.iter().filter(|line| begins(line)).count();
    if numbered * 2 < lines.len() {
        return None;
    }
    // Of each line that has no number, the length of the one before it.
    let before: Vec<usize> = lines
        .windows(2)
        .filter_map(|pair| pair.last().filter(|line| !begins(line)).and(pair.first()))
        .map(|line| length(line))
        .collect();
    let width = before.iter().copied().max().filter(|width| WIDTHS.contains(width))?;
    let rests = before.iter().filter(|length| **length == width).count();
    let stray = before.len() - rests;
    let cut = rests > 2 && rests > stray * 4;
    (cut && lines.iter().all(|l| length(l) <= width)).then_some(width)
}

/// Whether the line may go on in the next one.
pub(super) fn is_full(line: &[u8], width: usize) -> bool {
    line.len() >= width && length(line) == width
}

/// `#12 `: a line of `BuildKit`'s, never the rest of one.
pub(super) fn begins(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"#") else { return false };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && rest.get(digits) == Some(&b' ')
}

/// A line of the summary of errors, which no number begins: `------`, ` > [2/3] RUN make:`,
/// `ERROR: failed to build: …` (`progressui/printer.go`, buildx `cmd/buildx/main.go`).
fn sums_up(line: &[u8]) -> bool {
    line == b"------" || [&b" > "[..], b"ERROR: "].iter().any(|begin| line.starts_with(begin))
}

/// In characters.
fn length(line: &[u8]) -> usize {
    line.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts every line of a log at a width.
    fn cut(log: &str, width: usize) -> Vec<Vec<u8>> {
        log.lines()
            .flat_map(|line| line.as_bytes().chunks(width).map(<[u8]>::to_vec).collect::<Vec<_>>())
            .collect()
    }

    fn found(lines: &[Vec<u8>]) -> Option<usize> {
        width(b"", &lines.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    const LOG: &str = "\
#4 importing cache manifest from registry.example.com/team/app/with/a/long/name:buildcache-main
#4 inferred cache manifest type: application/vnd.oci.image.manifest.v1+json done
#4 DONE 0.0s
#5 [1/3] FROM docker.io/library/node:20@sha256:0000000000000000000000000000000000000000000000000000
#5 CACHED
#6 [2/3] RUN apt-get update && apt-get install -y --no-install-recommends curl ca-certificates
#6 DONE 3.1s
#7 [3/3] COPY package.json package-lock.json tsconfig.json vite.config.ts .eslintrc.json README.md ./
#7 DONE 0.1s";

    #[test]
    fn the_width_shows_where_rests_have_no_number() {
        assert_eq!(found(&cut(LOG, 79)), Some(79));
        assert!(is_full(&[b'a'; 79], 79) && !is_full(&[b'a'; 78], 79));
        assert!(begins(b"#12 CACHED") && !begins(b"#no") && !begins(b"# a"));
    }

    #[test]
    fn a_summary_of_errors_is_no_rest() {
        let import = " > importing cache manifest from r.example.com/a:c:";
        let summed = format!("{LOG}\n------\n{import}\n------\n------\n{import}\n------\n");
        assert_eq!(found(&cut(&summed, 79)), Some(79));
    }

    #[test]
    fn whole_logs_have_none() {
        assert_eq!(found(&cut(LOG, 1000)), None);
        let output = "npm warn\n".repeat(30) + LOG;
        assert_eq!(found(&cut(&output, 1000)), None);
        // Lines of one length, followed by lines of the builder.
        let layers = format!("#5 sha256:{} 1.2MB / 1.2MB\n", "0".repeat(64)).repeat(9);
        assert_eq!(found(&cut(&layers, 1000)), None);
    }
}

//! No input makes the core panic: whatever is done to a real log, there is a report, and what holds
//! for every report holds for this one. The fuzz target goes on where these few cases end.

use proptest::prelude::*;

use crate::invariants::check;
use crate::invariants::input::{File, files_of};
use crate::invariants::mangle::mangle;
use crate::support::cases::{cases, edits};

fn few(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(few(48))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 1..4000)) {
        let file = |name: &str| File { name: name.to_owned(), bytes: bytes.clone() };
        check(&[file("run-1.log"), file("run-2.log")]);
    }

    #[test]
    fn real_logs_with_edits(case in any::<prop::sample::Index>(), edits in edits()) {
        let cases = cases();
        let mut files = files_of(&cases[case.index(cases.len())]);
        for file in files.iter_mut().filter(|f| f.is_log()) {
            file.bytes = mangle(&file.bytes, &edits);
        }
        check(&files);
    }

    /// The form a client's words come in, as random text seldom has it.
    #[test]
    fn lines_like_a_builders(lines in proptest::collection::vec("#[0-9]{1,2} (\\[(ba|b \
        )?[0-9]{1,2}/[0-9]\\] )?(CACHED|DONE [0-9].0s|FROM a|RUN \\PC{0,9}|ERROR: \
        \\PC{0,9}|exporting to \\PC{0,5}|importing cache \\PC{0,9}|[0-9]\\.1 \\PC{0,9})|-+>? \
        [a-f0-9]{3,12}|\\PC{0,20}", 0..60)) {
        let bytes = lines.join("\n").into_bytes();
        check(&[File { name: "run-1.log".to_owned(), bytes }]);
    }
}

//! Neither a secret nor a value of a build argument is in the file, in its log, or in an export.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{exported, program};

/// Put together here: secret scanners of hosting services reject files that look like secrets.
fn secrets() -> Vec<(String, String)> {
    let fake = |prefix: &str, length: usize| format!("{prefix}{}", "a1B2".repeat(length / 4));
    let jwt = format!("{}.{}.{}", fake("eyJ", 12), fake("eyJ", 12), fake("", 12));
    let both = |text: String, secret: &str| (text, secret.to_owned());
    let tokens =
        ["ghp_", "gho_", "github_pat_", "glpat-", "npm_", "xoxb-"].map(|prefix| fake(prefix, 40));
    let mut all: Vec<_> = tokens
        .into_iter()
        .chain([jwt])
        .map(|secret| (format!("said {secret} then"), secret))
        .collect();
    all.extend([
        both("https://user:hunter2hunter2@registry.example.com/v2/".to_owned(), "hunter2hunter2"),
        both("Authorization: Basic aHVudGVyMjpodW50ZXIy".to_owned(), "aHVudGVyMjpodW50ZXIy"),
        both("Authorization: Bearer hunter3hunter3hunter3".to_owned(), "hunter3hunter3hunter3"),
    ]);
    all
}

/// Values of arguments, in every way in which a log can hold them.
const VALUES: [&str; 7] = [
    "0f3c9a7d51e2",
    "release-2026.11",
    "two words",
    "s3cr3tPhrase",
    "quotedValue",
    "envValue9",
    "actionsValue",
];

fn log(said: &str) -> String {
    format!(
        "+ REVISION=envValue9 docker buildx build --build-arg GIT_SHA=0f3c9a7d51e2 --build-arg \
            \"TITLE=two words\" --build-arg='QUOTED=quotedValue' --build-arg \
            DB_PASSWORD=s3cr3tPhrase --build-arg REVISION --build-arg VERSION=release-2026.11 \
            --cache-from type=registry,ref=r.example.com/app:cache --tag \
            r.example.com/app:release-2026.11 .\n#0 building with \"default\" instance using \
            docker driver\n\n#1 [internal] load build definition from Dockerfile\n#1 DONE \
            0.0s\n\n#2 [build 1/3] FROM docker.io/library/alpine:3.20@sha256:{}\n#2 DONE \
            0.0s\n\n#3 importing cache manifest from r.example.com/app:cache\n#3 ERROR: failed to \
            configure registry cache importer: unexpected status from HEAD request to \
            https://r.example.com/v2/app/manifests/cache: 401 Unauthorized {said}\n\n#4 [build \
            2/3] RUN echo 0f3c9a7d51e2 \"two words\" && login s3cr3tPhrase {said}\n#4 0.1 \
            {said}\n#4 DONE 1.0s\n\n#5 [build 3/3] RUN |1 QUOTED=quotedValue make quotedValue\n#5 \
            ERROR: process \"/bin/sh -c make quotedValue {said}\" did not complete successfully: \
            exit code: 2\n------\n > [build 3/3] RUN make quotedValue:\n------\nERROR: failed to \
            solve: process \"/bin/sh -c make quotedValue\" did not complete successfully: exit \
            code: 2\n",
        "ab".repeat(32)
    )
}

/// The `with:` block of docker/build-push-action.
const ACTION: &str = "\
2026-05-04T09:00:00.0000000Z ##[group]Run docker/build-push-action@v6
2026-05-04T09:00:00.0000000Z with:
2026-05-04T09:00:00.0000000Z   build-args: FLAVOUR=actionsValue
2026-05-04T09:00:00.0000000Z   OTHER=envValue9
2026-05-04T09:00:00.0000000Z   tags: r.example.com/app:1
2026-05-04T09:00:00.0000000Z ##[endgroup]
2026-05-04T09:00:01.0000000Z #1 [internal] load build definition from Dockerfile
2026-05-04T09:00:01.0000000Z #1 DONE 0.0s
2026-05-04T09:00:01.0000000Z #2 [1/2] FROM docker.io/library/alpine:3.20
2026-05-04T09:00:01.0000000Z #3 [2/2] RUN echo actionsValue
2026-05-04T09:00:01.0000000Z #3 DONE 1.0s
";

#[test]
fn no_secret_and_no_value_of_an_argument_is_kept() {
    let desk = TempDir::new().unwrap();
    let secrets = secrets();
    for (n, (said, _)) in secrets.iter().enumerate() {
        keep(desk.path(), &format!("{n}.log"), &log(said));
    }
    keep(desk.path(), "action.log", ACTION);
    // Another connection holds the file open, so that its log is there to be looked at too.
    let held = rusqlite::Connection::open(desk.path().join("h.db")).unwrap();
    let _: i64 = held.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).unwrap();
    keep(desk.path(), "again.log", &log("once more"));
    assert!(desk.path().join("h.db-wal").metadata().unwrap().len() > 0);

    let text = exported(desk.path(), "h.db");
    assert_eq!(text.lines().count(), secrets.len() + 2);
    assert!(
        text.contains("GIT_SHA=<arg:")
            && text.contains("DB_PASSWORD=***")
            && text.contains("401 Unauthorized")
    );
    fs::write(desk.path().join("export.ndjson"), &text).unwrap();
    // What the file would hold if it were not compressed.
    let tables = Command::new("sh")
        .arg("-c")
        .arg("cat h.db h.db-wal export.ndjson | strings")
        .current_dir(desk.path())
        .output();
    let mut all = text.into_bytes();
    for file in ["h.db", "h.db-wal"] {
        all.extend(fs::read(desk.path().join(file)).unwrap());
    }
    all.extend(tables.map(|output| output.stdout).unwrap_or_default());
    let all = String::from_utf8_lossy(&all);
    for secret in secrets.iter().map(|(_, secret)| secret.as_str()).chain(VALUES) {
        assert!(!all.contains(secret), "{secret} is kept");
    }
}

fn keep(folder: &Path, name: &str, log: &str) {
    fs::write(folder.join(name), log).unwrap();
    assert!(program(folder).args(["--history", "h.db", name]).output().unwrap().status.success());
}

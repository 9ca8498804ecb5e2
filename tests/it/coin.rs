//! Where hits and misses fall by the toss of a coin there is no cause, and none may be claimed:
//! 200 random series yield no finding that says `proven` or `likely`.
use std::fmt::Write as _;
use std::fs;

use cachediag::finding::Confidence;
use cachediag::pipeline::{self, Options};

/// A small generator of its own, so that a seed means the same series for ever (Knuth's MMIX
/// constants).
struct Coin(u64);

impl Coin {
    fn toss(&mut self) -> bool {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 63 == 1
    }
}

const STEPS: [&str; 8] = [
    "[build 2/6] WORKDIR /src",
    "[build 3/6] COPY go.mod go.sum ./",
    "[build 4/6] RUN go mod download",
    "[build 5/6] COPY . .",
    "[build 6/6] RUN go build ./...",
    "[stage-1 2/4] RUN apk add ca-certificates",
    "[stage-1 3/4] COPY --from=build /out /bin",
    "[stage-1 4/4] COPY config /etc/app",
];

/// The form of a real log (`sample-logs/registry-mode-max-healthy`), with the verdicts of a coin.
fn log(coin: &mut Coin, inline: bool) -> String {
    let mut log =
        String::from("#0 building with \"ci\" instance using docker-container driver\n\n");
    let mut vertex = |n: usize, lines: &[&str]| {
        for line in lines {
            let _ = writeln!(log, "#{n} {line}");
        }
        log.push('\n');
    };
    vertex(1, &["[internal] load build definition from Dockerfile", "DONE 0.0s"]);
    vertex(2, &["importing cache manifest from r.example.com/app:cache", "DONE 0.1s"]);
    let digest = "b".repeat(64);
    vertex(
        3,
        &[&format!("[build 1/6] FROM docker.io/library/golang:1.22@sha256:{digest}"), "DONE 0.0s"],
    );
    vertex(
        4,
        &[
            &format!("[stage-1 1/4] FROM docker.io/library/alpine:3.20@sha256:{digest}"),
            "DONE 0.0s",
        ],
    );
    for (n, step) in STEPS.iter().enumerate() {
        vertex(n + 5, &[step, if coin.toss() { "CACHED" } else { "DONE 1.5s" }]);
    }
    let inline_line = "preparing layers for inline cache 0.1s done";
    let image =
        ["exporting to image", "exporting manifest sha256:00 done", inline_line, "DONE 0.1s"];
    vertex(20, if inline { &image } else { &["exporting to image", "DONE 0.1s"] });
    if !inline {
        vertex(21, &["exporting cache to registry", "DONE 0.4s"]);
    }
    log
}

#[test]
fn a_coin_has_no_cause() {
    for seed in 0..200 {
        let mut coin = Coin(seed * 7919 + 1);
        let folder = tempfile::tempdir().unwrap();
        for run in 1..=6 {
            let text = log(&mut coin, seed % 2 == 0);
            fs::write(folder.path().join(format!("run-{run}.log")), text).unwrap();
        }
        let report =
            pipeline::run(&Options { paths: vec![folder.path().to_owned()], ..Options::default() });
        assert_eq!(report.study.series.len(), 1, "seed {seed}");
        for finding in &report.findings {
            assert_eq!(
                finding.confidence,
                Confidence::Suspected,
                "seed {seed}: {} {}",
                finding.rule,
                finding.title
            );
        }
    }
}

//! `buildctl build --debug-json-cache-metrics`: which steps missed, and how many.
//!
//! The only file in which `BuildKit` counts hits itself. Source: `moby/buildkit` `client/build.go`.

use super::{Kind, Page, What};
use crate::model::EvidenceKind;

/// Counts, behind the steps that missed.
pub(super) struct Metrics;

impl Kind for Metrics {
    fn name(&self) -> &'static str {
        "count of hits and misses by buildctl"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::Metrics
    }

    fn begins(&self, start: &[u8]) -> bool {
        start.starts_with(b"cache miss: [") || super::has_keys(start, &["user_cacheable"])
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        let text = std::str::from_utf8(bytes).ok()?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let (counts, names): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with('{'));
        let only = names.iter().all(|line| line.starts_with("cache miss: "));
        let counts = counts.first().filter(|line| only && line.contains("\"user_cacheable\":"))?;
        let missed = names
            .iter()
            .filter_map(|line| line.strip_prefix("cache miss: "))
            .map(str::to_owned)
            .collect();
        Some(serde_json::from_str(counts).map_err(|e| super::misread(&e)).map(
            |Counts { cached, cacheable }| What::Metrics(Measured { missed, cached, cacheable }),
        ))
    }

    fn page(&self) -> Option<Page> {
        Some(PAGE)
    }
}

const PAGE: Page = Page {
    name: "count of hits and misses",
    proves: "which steps ran, where a log shows a hit as if it had run",
    get: &[("buildctl", "buildctl build --debug-json-cache-metrics metrics-$RUN.txt")],
};

#[derive(serde::Deserialize)]
struct Counts {
    #[serde(rename = "user_cached", default)]
    cached: u64,
    #[serde(rename = "user_cacheable")]
    cacheable: u64,
}

/// What the builder counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// Names of steps that missed, as a log prints them.
    pub(super) missed: Vec<String>,
    pub(super) cached: u64,
    pub(super) cacheable: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_and_counts_are_read_and_a_log_is_not() {
        let file = b"cache miss: [2/3] RUN \
            a\n{\"total\":9,\"user_total\":4,\"user_cached\":2,\"user_cacheable\":3,\"miss\":1}\n";
        let Some(Ok(What::Metrics(measured))) = Metrics.read(file) else { panic!("not read") };
        assert_eq!(
            measured,
            Measured { missed: vec!["[2/3] RUN a".to_owned()], cached: 2, cacheable: 3 }
        );
        assert!(Metrics.read(b"cache miss: [2/3] RUN a\n#1 DONE 0.1s\n").is_none());
    }
}

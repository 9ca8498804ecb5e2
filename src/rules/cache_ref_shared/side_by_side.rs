//! Targets of one bake that write one directory at the same time: one of them finds it locked, or
//! its files moved.

use super::META;
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::rules::Study;
use crate::rules::backend::{self, Cause, Draft, Refusal};

/// One finding, over all runs.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    backend::findings(study, &META, Cause::Crowded, |_, group| Some(draft(group)))
}

fn draft(group: &[Refusal]) -> Draft {
    let directory = group.iter().find_map(|r| directory(r.text));
    let into = directory
        .map_or_else(|| "one directory".to_owned(), |name| format!("one directory, {name}"));
    let own = directory.unwrap_or("/tmp/.buildx-cache");
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Likely,
        title: "targets that are built in parallel write their caches into one directory"
            .to_owned(),
        cause: format!(
            "The targets of a bake are exported at the same time, and several of them export into \
                {into}: one locks its index or moves its files while another still writes there, \
                and the export fails."
        ),
        fix: Fix {
            summary: "give each target a directory of its own".to_owned(),
            steps: vec![
                format!(
                    "Name a directory for each target, in `cache-to` \
                        (`type=local,dest={own}/TARGET`) and in `cache-from`."
                ),
                "Or build the targets one after the other: a call of `docker buildx bake` for \
                    each."
                    .to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: vec![
            not_ruled_out("targets with a directory each (their own `cache-to` is not in the log)"),
            to_decide("look at the targets' `cache-to`: do they name one directory?"),
        ],
    }
}

/// `could not lock DIR/index.json.lock`,
/// `rename DIR/ingest/0a/data DIR/blobs/sha256/00: no such file or directory`
fn directory(text: &str) -> Option<&str> {
    let between = |start: &str, end: &str| Some(text.split_once(start)?.1.split_once(end)?.0);
    let named =
        between("could not lock ", "/index.json.lock").or_else(|| between("rename ", "/ingest/"));
    named.filter(|name| !name.is_empty() && !name.contains(' '))
}

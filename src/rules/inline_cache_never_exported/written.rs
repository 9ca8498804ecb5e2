//! The configuration names an engine that stores no usable inline cache.

use super::META;
use crate::finding::{Finding, Severity, not_ruled_out};
use crate::rules::Study;
use crate::rules::lost_by::LostBy;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{self, At, Site};

pub(super) fn finding(study: &Study, at: At) -> Option<Finding> {
    let (name, lost) = planned::lost_inline(study, at)?;
    let LostBy::EmptyExport(major, minor) = lost.by else { return None };
    let words = Words {
        title: format!("Docker Engine {major}.{minor} stores no usable inline cache in {name}"),
        cause: format!("{} Every run rebuilds every step.", lost.by.bug()),
        fix: remedy::engine_upgrade(&Site::written(at)),
        rules_out: vec![not_ruled_out("the containerd image store, where the engine is set to it")],
        subject: name.to_owned(),
    };
    let asked = at.evidence("reads and writes an inline cache");
    planned::finding(&META, Severity::Warning, lost.line.into_iter().chain(asked).collect(), words)
}

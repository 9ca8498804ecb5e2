//! The words for the values of the model, the same in every format.

use crate::finding::{Confidence, Severity, Standing};
use crate::model::{BuildOutcome, CacheOperation, CacheOutcome, Dialect, Engine, Outcome};
use crate::series::{Because, Difference, KeyPart};
use crate::triage::{Verdict, Wanted};

/// `error`, `warning`, `note`.
#[must_use]
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// `proven`, `likely`, `suspected`.
#[must_use]
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Proven => "proven",
        Confidence::Likely => "likely",
        Confidence::Suspected => "suspected",
    }
}

/// `ruled-out`, `not-ruled-out`, `to-decide`.
#[must_use]
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::RuledOut => "ruled-out",
        Standing::NotRuledOut => "not-ruled-out",
        Standing::ToDecide => "to-decide",
    }
}

/// `healthy`, `trouble`, `too-little-to-tell`, `nothing-read`.
#[must_use]
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy => "healthy",
        Verdict::Trouble => "trouble",
        Verdict::TooLittleToTell => "too-little-to-tell",
        Verdict::NothingRead => "nothing-read",
    }
}

/// What would tell why steps ran.
#[must_use]
pub fn wanted(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::EarlierRuns => "earlier-runs",
        Wanted::SameCommit => "two-runs-of-one-commit",
        Wanted::Dockerfile => "dockerfile",
    }
}

/// Why a chain broke.
#[must_use]
pub fn because(because: Because) -> &'static str {
    match because {
        Because::FirstRun => "first-run",
        Because::InstructionChanged => "instruction-changed",
        Because::BaseChanged => "base-changed",
        Because::InputsChanged => "inputs-changed",
        Because::ArgumentChanged => "argument-changed",
        Because::OptionChanged => "option-changed",
        Because::NotStored => "not-stored",
        Because::RecordLost => "record-lost",
        Because::NotImported => "not-imported",
        Because::ImportFailed => "import-failed",
        Because::CacheDisabled => "cache-disabled",
        Because::Unknown => "unknown",
    }
}

/// What a step depends on, in words.
#[must_use]
pub fn key_part(part: &KeyPart) -> &'static str {
    match part {
        KeyPart::Instruction => "the text of the instruction",
        KeyPart::Base => "the base image",
        KeyPart::Dockerfile => "an ENV, USER or SHELL above it, or the default of an ARG",
        KeyPart::Files => "files",
        KeyPart::Stage => "files of another stage",
        KeyPart::Argument(_) | KeyPart::Values => "the value of a build argument",
        KeyPart::Option(_) | KeyPart::Options => "an option of the build",
    }
}

/// What files beside the logs prove to differ.
#[must_use]
pub fn difference(differs: Difference) -> &'static str {
    match differs {
        Difference::Instruction
        | Difference::Above
        | Difference::Arguments
        | Difference::Options => "operation",
        Difference::Base => "base",
        Difference::Files => "files",
        Difference::Nothing | Difference::NothingStored => "nothing",
    }
}

/// Form of log.
#[must_use]
pub fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::BuildkitPlain => "buildkit-plain",
        Dialect::BuildkitRawjson => "buildkit-rawjson",
        Dialect::BuildkitTty => "buildkit-tty",
        Dialect::Classic => "classic",
        Dialect::Kaniko => "kaniko",
        Dialect::Buildah => "buildah",
    }
}

/// Image store.
#[must_use]
pub fn engine(engine: Engine) -> &'static str {
    match engine {
        Engine::Graphdriver => "graphdriver",
        Engine::Containerd => "containerd",
        Engine::Buildkitd => "buildkitd",
        Engine::Unknown => "unknown",
    }
}

/// End of a build.
#[must_use]
pub fn build_outcome(outcome: BuildOutcome) -> &'static str {
    match outcome {
        BuildOutcome::Succeeded => "succeeded",
        BuildOutcome::Failed => "failed",
        BuildOutcome::Canceled => "canceled",
        BuildOutcome::Unknown => "unknown",
    }
}

/// What became of a step.
#[must_use]
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Hit => "hit",
        Outcome::Miss => "miss",
        Outcome::Failed => "failed",
        Outcome::Canceled => "canceled",
        Outcome::Unknown => "unknown",
    }
}

/// Direction of a CI cache operation.
#[must_use]
pub fn operation(operation: CacheOperation) -> &'static str {
    match operation {
        CacheOperation::Restore => "restore",
        CacheOperation::Save => "save",
    }
}

/// End of a CI cache operation.
#[must_use]
pub fn cache_outcome(outcome: CacheOutcome) -> &'static str {
    match outcome {
        CacheOutcome::Hit => "hit",
        CacheOutcome::Partial => "partial",
        CacheOutcome::Miss => "miss",
        CacheOutcome::Saved => "saved",
        CacheOutcome::Exists => "exists",
        CacheOutcome::Skipped => "skipped",
        CacheOutcome::Failed => "failed",
    }
}

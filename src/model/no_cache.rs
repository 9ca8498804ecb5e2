//! Steps that a build was told to run, whatever its caches hold.

use super::{Few, Step, Text};

/// `--no-cache` and `--no-cache-filter`, as the frontend was given them. No log prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NoCache {
    /// No file tells.
    #[default]
    Untold,
    /// Neither.
    No,
    /// All steps.
    All,
    /// Those of these stages.
    Stages(Few<Text>),
}

impl NoCache {
    /// `"no-cache": ""`, or `"no-cache": "build,test"`.
    #[must_use]
    pub fn of(attribute: Option<&str>) -> Self {
        match attribute {
            None => Self::No,
            Some("") => Self::All,
            Some(stages) => Self::Stages(stages.split(',').map(Text::new).collect()),
        }
    }

    /// Some steps had to run.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        matches!(self, Self::All | Self::Stages(_))
    }

    /// The step comes from the cache nevertheless: `BuildKit` keeps a WORKDIR.
    #[must_use]
    pub fn spares(step: &Step) -> bool {
        step.instruction == "WORKDIR"
    }

    /// The step had to run.
    #[must_use]
    pub fn holds_for(&self, step: &Step) -> bool {
        !Self::spares(step) && self.holds_for_stage(&step.stage)
    }

    fn holds_for_stage(&self, stage: &str) -> bool {
        match self {
            Self::Untold | Self::No => false,
            Self::All => true,
            Self::Stages(stages) => {
                stage.is_empty() || stages.iter().any(|name| name.eq_ignore_ascii_case(stage))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_of_stages_is_all_of_them() {
        assert!(NoCache::of(Some("")).holds_for_stage("build"));
        assert!(NoCache::of(Some("test,build")).holds_for_stage("build"));
        assert!(!NoCache::of(Some("test")).holds_for_stage("build"));
        assert!(!NoCache::of(None).holds_for_stage("build"));
    }
}

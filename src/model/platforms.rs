//! Steps that a build for several platforms makes once for all of them.
//!
//! What does not depend on the platform that is built for (a stage `FROM --platform=$BUILDPLATFORM`
//! up to its `ARG TARGETARCH`, copies onto `scratch`) is one vertex, which is printed under the
//! name of whichever platform came first: `[linux/amd64 build 3/6]` in one run,
//! `[linux/amd64->arm64 build 3/6]` in the next.

use foldhash::HashSet;

use super::{Build, BuildOutcome, Command, Step, Text};

impl Build {
    /// Takes the platform from steps and base images that are made once for all platforms. They
    /// stand above the first step of their stage that is printed for several.
    pub(super) fn share_platforms(&mut self, commands: &[Command]) {
        if self.outcome != BuildOutcome::Succeeded || !self.is_for_several(commands) {
            return;
        }
        let mut stages: Vec<Text> = self.steps.iter().map(|step| step.stage.clone()).collect();
        stages.sort_unstable();
        stages.dedup();
        for stage in stages {
            let own = own_from(&self.steps, &stage);
            let shared = |step: &&mut Step| step.stage == stage && step.position < own;
            for step in self.steps.iter_mut().filter(shared).filter(|s| !s.platform.is_empty()) {
                step.platform = Text::default();
            }
            let mut bases: Vec<_> =
                self.bases.iter_mut().filter(|base| base.stage == stage).collect();
            if let [base] = bases.as_mut_slice()
                && self.steps.iter().any(|s| s.stage == stage && s.platform.is_empty())
            {
                base.platform = Text::default();
            }
        }
    }

    /// Several platforms are printed, or asked for: the command lines name them.
    fn is_for_several(&self, commands: &[Command]) -> bool {
        let Some(first) = self.steps.iter().find(|step| !step.platform.is_empty()) else {
            return false;
        };
        self.steps.iter().any(|step| step.platform != first.platform)
            || commands.iter().any(|command| command.platforms.len() > 1)
    }
}

/// The position from which on a stage is printed for more than one platform.
fn own_from(steps: &[Step], stage: &str) -> u32 {
    let mut seen = HashSet::default();
    let mut several = u32::MAX;
    for step in steps.iter().filter(|step| *step.stage == *stage) {
        if !seen.insert(step.position) {
            several = several.min(step.position);
        }
    }
    several
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instruction;

    fn shared(steps: &[(&str, &str, u32)]) -> Vec<String> {
        let step = |&(platform, stage, position): &(&str, &str, u32)| {
            let what = Instruction {
                platform: platform.into(),
                stage: stage.into(),
                position,
                ..Instruction::default()
            };
            Step { what: what.into(), ..Step::default() }
        };
        let mut build = Build { steps: steps.iter().map(step).collect(), ..Build::default() };
        build.outcome = BuildOutcome::Succeeded;
        build.share_platforms(&[]);
        build.steps.iter().map(|step| step.platform.to_string()).collect()
    }

    #[test]
    fn what_is_printed_once_above_the_platforms_own_steps_is_shared() {
        let (amd, cross) = ("linux/amd64", "linux/amd64->arm64");
        let build =
            [(cross, "build", 2), (amd, "build", 3), (amd, "build", 4), (cross, "build", 4)];
        assert_eq!(shared(&build), ["", "", amd, cross]);
        let below = [(amd, "x", 2), (cross, "x", 2), (amd, "x", 3)];
        assert_eq!(shared(&below), [amd, cross, amd], "a line may be missing");
        assert_eq!(shared(&[(amd, "", 2), (amd, "", 3)]), [amd, amd], "one platform");
    }
}

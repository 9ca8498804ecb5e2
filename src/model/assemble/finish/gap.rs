//! Logs from whose middle lines were left out, as people do who paste them.
//!
//! A stage is built from its first step on, and each step is printed: `[5/6] COPY . .` without
//! `[4/6]` above it shows that lines are missing. Platforms share steps under the name of one.

use crate::model::{Build, Step};

/// The first step of which the one below is not in the log. A FROM, the first of each stage, is
/// none.
pub(in crate::model::assemble) fn behind_gap(build: &Build) -> Option<&Step> {
    let numbered = |step: &Step| step.name.starts_with('[') && step.platform.is_empty();
    let lacks = |(n, step): &(usize, &Step)| {
        let Some((before, after)) = build.steps.split_at_checked(*n) else { return false };
        let is_below = |other: &Step| {
            other.position + 1 == step.position && other.is_of(&step.stage, &step.platform)
        };
        step.position > 2 && numbered(step) && !before.iter().rev().chain(after).any(is_below)
    };
    build.steps.iter().enumerate().find(lacks).map(|(_, step)| step)
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::build;

    fn headless(steps: &[&str]) -> bool {
        let numbered = (2..).zip(steps).map(|(n, step)| format!("#{n} {step}\n#{n} DONE 0.1s\n"));
        let load = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n";
        build(&format!("{load}{}", numbered.collect::<String>())).headless
    }

    #[test]
    fn a_step_without_the_one_below_it_shows_a_gap() {
        assert!(headless(&["[1/6] FROM a", "[5/6] COPY . .", "[6/6] RUN make"]));
        assert!(headless(&["[b 2/2] RUN a", "[c 3/3] RUN b"]));
    }

    #[test]
    fn whole_stages_in_any_order_have_none() {
        assert!(!headless(&["[c 3/3] RUN b", "[b 2/2] RUN a", "[c 2/3] COPY a ."]));
        assert!(!headless(&["[1/3] FROM a", "[2/3] RUN a", "[linux/amd64 b 6/6] RUN b"]));
    }
}

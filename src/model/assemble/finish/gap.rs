//! Logs from whose middle lines were left out, as people do who paste them.
//!
//! Vertices are numbered as they are printed, and a stage is built from its first step on:
//! `[5/6] COPY . .` without a `[4/6]`, in a log that skips numbers, shows that lines are missing.
//! Without skipped numbers the step is one that stages share, printed under the name of another.

use crate::model::{Build, Step};

/// The first step of which the one below is not in the log, in any stage. A FROM, the first of each
/// stage, is none.
pub(in crate::model::assemble) fn behind_gap(build: &Build) -> Option<&Step> {
    let numbered = |step: &Step| step.name.starts_with('[') && step.platform.is_empty();
    let lacks = |(n, step): &(usize, &Step)| {
        let Some((before, after)) = build.steps.split_at_checked(*n) else { return false };
        let is_below = |other: &Step| other.position + 1 == step.position;
        step.position > 2 && numbered(step) && !before.iter().rev().chain(after).any(is_below)
    };
    build.steps.iter().enumerate().find(lacks).map(|(_, step)| step)
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::build;

    fn headless(steps: &[(u32, &str)]) -> bool {
        let line = |(n, step): &(u32, &str)| format!("#{n} {step}\n#{n} DONE 0.1s\n");
        let load = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n";
        build(&format!("{load}{}", steps.iter().map(line).collect::<String>())).headless
    }

    #[test]
    fn a_step_without_the_one_below_it_shows_a_gap() {
        assert!(headless(&[(2, "[1/6] FROM a"), (6, "[5/6] COPY . ."), (7, "[6/6] RUN make")]));
    }

    #[test]
    fn whole_stages_in_any_order_have_none() {
        assert!(!headless(&[(2, "[c 3/3] RUN b"), (3, "[b 2/2] RUN a"), (4, "[c 2/3] RUN c")]));
        assert!(!headless(&[(2, "[1/3] FROM a"), (4, "[2/3] RUN a"), (5, "[3/3] RUN b")]));
        assert!(!headless(&[(2, "[1/3] FROM a"), (4, "[linux/amd64 b 6/6] RUN b")]));
    }

    #[test]
    fn stages_may_share_their_first_steps() {
        assert!(!headless(&[(2, "[a 2/2] WORKDIR /app"), (3, "[b 3/3] RUN make")]));
        assert!(!headless(&[(2, "[a 2/3] RUN a"), (3, "[b 4/4] RUN make")]));
    }
}

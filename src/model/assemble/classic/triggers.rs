//! Steps of the base image (ONBUILD), which run below the FROM that names it.
//!
//! From 17.06 on they have no headers (`builder/dockerfile/dispatchers.go`,
//! `dispatchTriggeredOnBuild`): below `# Executing 3 build triggers` stands what became of each
//! (nothing of a COPY that is done), and then the image that they leave together. They are one step
//! here.

use super::ClassicSegment;
use crate::dialect::Classic;
use crate::model::{Instruction, Outcome, Quote, Step, StepKind};

/// What was announced below the last FROM.
#[derive(Debug)]
pub(super) struct Triggers {
    count: u32,
    /// So many of them came from the cache.
    found: u32,
    announced: Quote,
    /// They have no headers.
    as_one: bool,
}

impl ClassicSegment {
    /// `# Executing 3 build triggers`
    pub(super) fn triggered(&mut self, count: u32, line: u64, raw: &[u8]) {
        if self.under_base() && !self.build.bases.is_empty() {
            let announced = Quote::new(line, raw);
            self.triggers = Some(Triggers { count, found: 0, announced, as_one: false });
        }
    }

    /// Takes a line that is about triggers without headers; says whether it is nothing more.
    pub(super) fn is_of_triggers(&mut self, says: Classic, line: u64, raw: &[u8]) -> bool {
        let begins = self.under_base();
        let Some(triggers) = &mut self.triggers else { return false };
        if !begins && !triggers.as_one {
            return false;
        }
        triggers.as_one = true;
        triggers.found += u32::from(says == Classic::UsingCache);
        let all = triggers.found >= triggers.count;
        if begins {
            self.begin_triggers();
        }
        match says {
            Classic::UsingCache if all => self.outcome(Outcome::Hit, line, raw),
            Classic::UsingCache => {}
            Classic::Running => self.outcome(Outcome::Miss, line, raw),
            _ => return false,
        }
        true
    }

    /// The one step that stands for all of them.
    fn begin_triggers(&mut self) {
        let Some((triggers, base)) = self.triggers.as_ref().zip(self.build.bases.last()) else {
            return;
        };
        let many = if triggers.count == 1 { "trigger" } else { "triggers" };
        let what = Instruction {
            name: triggers.announced.text.clone(),
            stage: self.stage_name.clone(),
            position: self.position,
            of: self.of.unwrap_or_default(),
            instruction: "ONBUILD".into(),
            text: format!("ONBUILD: {} {many} of {}", triggers.count, base.image).into(),
            ..Instruction::default()
        };
        self.build.steps.push(Step {
            what: what.into(),
            kind: StepKind::Counted,
            header: triggers.announced.clone(),
            ..Step::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Outcome;
    use crate::model::assemble::testing::build;

    /// What became of the triggers of a base image, and whether the image below is taken for it.
    fn told(lines: &str) -> (Vec<Outcome>, bool) {
        let build = build(&format!(
            "Step 1/2 : FROM golang:onbuild\n{lines}\n ---> 5fb580609ee9\nStep 2/2 : RUN vet\n \
                ---> Running in 08ce1ad7db0b\n ---> 886e7d0ff8b9\nSuccessfully built 886e7d0ff8b9"
        ));
        assert_eq!(build.steps.last().map(|step| &*step.text), Some("RUN vet"));
        let steps = build.steps.iter().rev().skip(1);
        (steps.map(|step| step.outcome).collect(), build.bases[0].id.is_some())
    }

    #[test]
    fn triggers_without_headers_are_one_step() {
        const FOUND: &str = " ---> Using cache";
        const RAN: &str = " ---> Running in 5ae3764b4d34";
        let three = "# Executing 3 build triggers";
        assert_eq!(told(&format!("{three}\n{RAN}\n{RAN}")), (vec![Outcome::Miss], false));
        let all = format!("{three}\n{FOUND}\n{FOUND}\n{FOUND}");
        assert_eq!(told(&all), (vec![Outcome::Hit], false));
        assert_eq!(told(&format!("{three}\n{FOUND}\n{RAN}")), (vec![Outcome::Miss], false));
        // A copy that is done says nothing.
        assert_eq!(told(&format!("{three}\n{FOUND}\n{FOUND}")), (vec![Outcome::Miss], false));
        assert_eq!(told("# Executing 1 build trigger"), (vec![Outcome::Miss], false));
        assert_eq!(told("# Executing tests"), (vec![], true));
    }

    #[test]
    fn triggers_with_headers_ran_unless_they_were_found() {
        let lines = "# Executing 3 build triggers...\nStep 1/1 : COPY a /a\n ---> Using cache\nStep \
            1/1 : RUN install\n ---> Running in 2af6b63fe907\nStep 1/1 : RUN clean\n ---> Running \
            in 3af6b63fe907";
        assert_eq!(told(lines), (vec![Outcome::Miss, Outcome::Miss, Outcome::Hit], false));
    }
}

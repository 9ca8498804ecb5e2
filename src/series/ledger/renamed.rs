//! Stages that have another name than in the build before.

use super::super::chain;
use super::Ledger;
use crate::model::Build;

impl<'a> Ledger<'_, 'a> {
    /// What is known of a stage goes with it: `FROM node AS build` became `FROM node AS builder`.
    pub(super) fn rename(&mut self, build: &'a Build) {
        let last = self.last.and_then(|last| self.members.get(last));
        let Some(&(_, before)) = last else { return };
        for stage in chain::stages(build) {
            let name = (stage.name, stage.platform);
            if self.stages.contains_key(&name) {
                continue;
            }
            let old = chain::called_before(before, build, &stage);
            if let Some(line) = old.and_then(|old| self.stages.remove(&(old.name, old.platform))) {
                self.stages.insert(name, line);
            }
        }
    }
}

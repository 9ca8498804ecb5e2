//! Stages whose steps all stand behind a copy of the whole build context: whatever is stored, any
//! changed file reruns them.

use super::below;
use crate::config::{Instruction, Stage};
use crate::rules::instruction::copies_everything;

/// No step of the stage stands above a copy of the whole context, in it or in what it stands on.
pub(in crate::rules) fn is_late(stages: &[Stage], at: usize) -> bool {
    let stands_on_all = below(stages, at)
        .into_iter()
        .skip(1)
        .any(|base| stages.get(base).is_some_and(|stage| stage.instructions.iter().any(takes_all)));
    stands_on_all || stages.get(at).is_some_and(|stage| !runs_above(&stage.instructions))
}

/// A step of its own comes before the copy.
fn runs_above(instructions: &[Instruction]) -> bool {
    let mut above = instructions.iter().take_while(|i| !takes_all(i));
    above.any(|i| i.keyword == "RUN")
}

/// `COPY . .`, `RUN --mount=type=bind,target=. go build`.
fn takes_all(instruction: &Instruction) -> bool {
    copies_everything(&instruction.text) || mounts_all(&instruction.text)
}

/// A mount without a source is of the whole context.
fn mounts_all(run: &str) -> bool {
    let mounts = run.split_ascii_whitespace().filter_map(|word| word.strip_prefix("--mount="));
    mounts.map(|mount| mount.split(',').collect::<Vec<_>>()).any(|parts| {
        let bound = parts.iter().all(|part| !part.starts_with("type=") || *part == "type=bind");
        let other =
            |part: &&str| ["source=", "src=", "from="].iter().any(|key| part.starts_with(key));
        bound && !parts.iter().any(other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_stage_that_copies_all_first_finds_nothing_again_after_a_change() {
        let late = |text: &str, at: usize| {
            let config = Config::read("Dockerfile", text).unwrap().unwrap();
            is_late(&config.content.stages, at)
        };
        for text in [
            "FROM golang AS build\nCOPY . .\nRUN go build\n",
            "FROM golang AS build\nRUN --mount=target=. go build\n",
            "FROM golang AS build\nWORKDIR /src\nADD ./ /src\nRUN make\nRUN make check\n",
        ] {
            assert!(late(text, 0), "{text}");
        }
        for text in [
            "FROM golang AS build\nRUN apk add git\nCOPY . .\nRUN go build\n",
            "FROM golang AS build\nCOPY go.mod .\nRUN go mod download\nCOPY . .\nRUN go build\n",
            "FROM golang AS build\nCOPY src src\nRUN go build\n",
            "FROM golang AS build\nRUN --mount=type=cache,target=/c go install x@1\n",
            "FROM golang AS build\nRUN --mount=type=bind,source=go.mod,target=go.mod go mod x\n",
        ] {
            assert!(!late(text, 0), "{text}");
        }
        let chain = "FROM node AS base\nRUN npm i -g x\nCOPY . .\nFROM base AS build\nRUN x\n";
        assert!(!late(chain, 0) && late(chain, 1));
    }
}

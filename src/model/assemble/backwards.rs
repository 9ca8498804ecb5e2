//! A log whose newest line comes first, as `gcloud logging read` and consoles of clouds have it:
//! the lines of a build are kept until its first one, and read from there.

use super::classic::is_trigger;
use super::kaniko::seconds;
use crate::dialect::{Buildah, Classic, Event, Kaniko, KanikoSays};

/// So many lines may come before the first header: the end of a build, as it is read backwards.
const BEFORE: usize = 64;

/// Lines of a builder that counts its steps.
#[derive(Debug, Default)]
pub(super) struct Backwards {
    pub(super) order: Order,
    /// The header that came last, of a build whose end was not seen since.
    last: Option<Ordinal>,
    lines: Vec<(u64, Vec<u8>)>,
}

/// The order in which the lines of a log stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// No two headers were seen yet: lines are read, and kept.
    #[default]
    Unknown,
    /// As they were printed.
    Onwards,
    /// The newest first: lines are kept.
    Backwards,
}

/// What tells the order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ordinal {
    Step {
        stage: u32,
        position: u32,
        of: u32,
    },
    /// Seconds, of a builder that prints them: since its start, or since 1970.
    Clock(f64),
    /// The same of a line with which a build may begin: the clock is at nought, or ran on.
    Reset(f64),
}

impl Backwards {
    /// How many lines it holds.
    pub(super) fn held(&self) -> usize {
        self.lines.len()
    }

    /// Takes a line, and says in which order they come.
    pub(super) fn hear(&mut self, event: &Event, number: u64, text: &[u8]) -> Order {
        if self.order == Order::Onwards {
            return Order::Onwards;
        }
        if let Some(place) = place(event) {
            self.header(place);
        } else if ends(event) && self.order == Order::Unknown {
            // The next step may be one of another build.
            self.last = None;
        }
        if self.order == Order::Onwards {
            self.lines = Vec::new();
            return Order::Onwards;
        }
        if self.order == Order::Unknown && self.last.is_none() && self.lines.len() >= BEFORE {
            self.lines.clear();
        }
        self.lines.push((number, text.to_owned()));
        self.order
    }

    /// The lines of the build that was heard, the oldest first.
    pub(super) fn turned(&mut self) -> Vec<(u64, Vec<u8>)> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.reverse();
        lines
    }

    fn header(&mut self, place: Ordinal) {
        let before = self.last.replace(place);
        if self.order == Order::Backwards {
            return;
        }
        self.order = match (before, place) {
            (Some(before), _) if place.comes_before(before) => Order::Backwards,
            (Some(before), _) if place.time().is_some() && place.time() == before.time() => {
                Order::Unknown
            }
            (None, Ordinal::Clock(_) | Ordinal::Reset(_)) => Order::Unknown,
            (None, Ordinal::Step { position, .. }) if position > 1 => Order::Unknown,
            _ => Order::Onwards,
        };
    }
}

impl Ordinal {
    fn comes_before(self, other: Self) -> bool {
        match self {
            Self::Clock(now) => other.time().is_some_and(|before| now < before),
            Self::Reset(now) => 0.0 < now && other.time().is_some_and(|before| now < before),
            Self::Step { stage, position, of } => {
                other == Self::Step { stage, position: position.saturating_add(1), of }
            }
        }
    }

    fn time(self) -> Option<f64> {
        match self {
            Self::Clock(seconds) | Self::Reset(seconds) => Some(seconds),
            Self::Step { .. } => None,
        }
    }
}

/// Whether a build begins with the line, however the lines are ordered.
pub(super) fn begins(event: &Event) -> bool {
    matches!(place(event), Some(Ordinal::Step { stage: 1, position: 0 | 1, .. }))
}

fn place(event: &Event) -> Option<Ordinal> {
    match *event {
        // Steps of a base image are counted by themselves.
        Event::Classic(Classic::Step { position, of, text, .. })
            if position > 1 || !is_trigger(text) =>
        {
            Some(Ordinal::Step { stage: 1, position, of })
        }
        Event::Buildah(Buildah::Step { stage, position, of, .. }) => {
            Some(Ordinal::Step { stage, position, of })
        }
        Event::Kaniko(Kaniko { says, clock, .. }) => {
            let begins = matches!(
                says,
                KanikoSays::Named { .. }
                    | KanikoSays::Base(_)
                    | KanikoSays::Planned { .. }
                    | KanikoSays::Begun
                    | KanikoSays::Lookup(_)
            );
            seconds(clock).map(if begins { Ordinal::Reset } else { Ordinal::Clock })
        }
        _ => None,
    }
}

fn ends(event: &Event) -> bool {
    matches!(
        event,
        Event::Classic(Classic::Built | Classic::Failed)
            | Event::Buildah(Buildah::Commit(_) | Buildah::Failed)
    )
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::builds;

    const CLASSIC: &str = "Step 1/5 : FROM node:20\n20: Pulling from library/node\nDigest: \
        sha256:0a1b\nStatus: Downloaded newer image for node:20\n ---> 0a1b2c3d4e5f\nStep 2/5 : \
        WORKDIR /srv\n ---> Using cache\n ---> 1a1b2c3d4e5f\nStep 3/5 : COPY . .\n ---> \
        2a1b2c3d4e5f\nStep 4/5 : RUN npm ci\n ---> Running in 3a1b2c3d4e5f\nadded 12 packages\n\
        Removing intermediate container 3a1b2c3d4e5f\n ---> 4a1b2c3d4e5f\nStep 5/5 : CMD \
        [\"node\"]\n ---> Running in 5a1b2c3d4e5f\nRemoving intermediate container \
        5a1b2c3d4e5f\n ---> 6a1b2c3d4e5f\nSuccessfully built 6a1b2c3d4e5f\nSuccessfully tagged \
        shop/web:1";

    const BUILDAH: &str = "[1/2] STEP 1/3: FROM golang:1.22 AS build\n[1/2] STEP 2/3: COPY . .\n\
        --> Using cache 0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b\n--> \
        0a1b2c3d4e5f\n[1/2] STEP 3/3: RUN go build\n--> 1a1b2c3d4e5f\n[2/2] STEP 1/2: FROM \
        alpine\n[2/2] STEP 2/2: COPY --from=build /a /a\n[2/2] COMMIT shop/api\n--> \
        2a1b2c3d4e5f\nSuccessfully tagged shop/api";

    const KANIKO: &str = "INFO[0000] Resolved base name node:20 to build\nINFO[0000] Retrieving \
        image manifest node:20\nINFO[0001] Built cross stage deps: map[]\nINFO[0001] Executing 0 \
        build triggers\nINFO[0001] Building stage 'node:20' [idx: '0', base-idx: '-1']\n\
        INFO[0001] Checking for cached layer r/c:0a...\nINFO[0002] Using caching version of cmd: \
        RUN npm ci\nINFO[0002] Checking for cached layer r/c:0b...\nINFO[0002] No cached layer \
        found for cmd RUN npm test\nINFO[0002] RUN npm ci\nINFO[0002] Found cached layer, \
        extracting to filesystem\nINFO[0005] RUN npm test\nINFO[0009] Pushing layer r/c:0b to \
        cache now\nINFO[0010] Pushing image to r/app:1\nINFO[0012] Pushed r/app@sha256:0a";

    type Shown = (usize, Vec<(String, crate::model::Outcome)>, crate::model::BuildOutcome);

    fn shown<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Shown> {
        let of = |build: &crate::model::Build| {
            let steps = build.steps.iter().map(|s| (s.name.to_string(), s.outcome)).collect();
            (build.invocation, steps, build.outcome)
        };
        builds(lines).iter().map(of).collect()
    }

    #[test]
    fn a_log_says_the_same_backwards() {
        let failed = CLASSIC.replace("Removing intermediate container 3a1b2c3d4e5f", "");
        let (failed, _) = failed.split_once("\n ---> 4a1b").unwrap();
        let failed =
            format!("{failed}\nThe command '/bin/sh -c npm ci' returned a non-zero code: 1");
        let twice = format!("{failed}\n{CLASSIC}");
        let old = CLASSIC.replace("/5 :", " :");
        let quick = KANIKO.replace("[0001]", "[0000]").replace("[0002]", "[0000]");
        let quick = quick.replace("[0009]", "[0001]").replace("[0005]", "[0000]");
        for log in [CLASSIC, BUILDAH, KANIKO, &quick, &failed, &twice, &old] {
            let onwards = shown(log.lines());
            assert!(!onwards.is_empty());
            assert_eq!(shown(log.lines().rev()), onwards, "{log}");
        }
        assert_eq!(shown(twice.lines()).len(), 2);
    }

    #[test]
    fn the_end_of_a_build_before_another_one_is_not_the_other_way_round() {
        let (_, end) = CLASSIC.split_once("packages\n").unwrap();
        let two = CLASSIC.replace("/5", "/4").replace("Step 5", "Step 4");
        let log =
            format!("Step 3/5 : RUN npm ci\n{end}\nStep 4/5 : RUN a\n ---> Using cache\n{two}");
        assert_eq!(shown(log.lines()).len(), 2);
    }
}

//! The graph of a build: which steps a step takes its input from.
//!
//! Only the JSON status names inputs. What is no step (a base image, the context, the files of a
//! `COPY --link` before they are merged) is passed through.

use std::collections::{BTreeMap, BTreeSet};

use super::vertex::Vertex;
use crate::model::{Build, Trace};

/// The vertices of a segment, and which steps were made of them.
pub(super) struct Graph<'a> {
    vertices: &'a BTreeMap<u32, Vertex>,
    /// For each build the vertices of its steps, in their order.
    steps: Vec<Vec<u32>>,
    /// Some vertex names its inputs.
    known: bool,
}

impl<'a> Graph<'a> {
    pub(super) fn new(vertices: &'a BTreeMap<u32, Vertex>) -> Self {
        let known = vertices.values().any(|v| !v.inputs.is_empty());
        Self { vertices, steps: Vec::new(), known }
    }

    /// The log tells of inputs.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// These vertices, and all that they take their input from.
    pub(super) fn above(&self, mut found: BTreeSet<u32>) -> BTreeSet<u32> {
        let mut front: Vec<u32> = found.iter().copied().collect();
        while let Some(at) = front.pop() {
            let inputs = self.vertices.get(&at).into_iter().flat_map(|v| &v.inputs);
            front.extend(inputs.filter(|input| found.insert(**input)));
        }
        found
    }

    /// A vertex was given to build `at`, which may have made a step of it.
    pub(super) fn placed(&mut self, at: usize, build: &Build, number: u32) {
        if !self.known {
            return;
        }
        if self.steps.len() <= at {
            self.steps.resize_with(at + 1, Vec::new);
        }
        if let Some(steps) = self.steps.get_mut(at).filter(|steps| steps.len() < build.steps.len())
        {
            steps.push(number);
        }
    }

    /// Writes the edges into the steps.
    pub(super) fn trace(&self, builds: &mut [Build]) {
        for (build, numbers) in builds.iter_mut().zip(&self.steps) {
            let places: BTreeMap<u32, usize> = numbers.iter().copied().zip(0..).collect();
            for (step, number) in build.steps.iter_mut().zip(numbers) {
                let inputs = self.nearest(*number, &places);
                let vertex = self.vertices.get(number);
                step.trace = Some(Box::new(Trace {
                    inputs,
                    ran: vertex.and_then(|vertex| vertex.ran),
                    vertex: vertex.and_then(|vertex| vertex.digest),
                    declared: None,
                }));
            }
        }
    }

    /// The nearest steps on all ways to the sources.
    fn nearest(&self, number: u32, places: &BTreeMap<u32, usize>) -> Vec<usize> {
        let mut seen = BTreeSet::from([number]);
        let mut front = vec![number];
        let mut found = BTreeSet::new();
        while let Some(at) = front.pop() {
            for input in self.vertices.get(&at).into_iter().flat_map(|v| &v.inputs) {
                match places.get(input) {
                    _ if !seen.insert(*input) => {}
                    Some(step) => drop(found.insert(*step)),
                    None => front.push(*input),
                }
            }
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::build;

    /// As `docker buildx history logs` stores `COPY --from=build` into a stage that begins with an
    /// image: its inputs are the image and the last step of the other stage, behind a vertex that
    /// is no step.
    const STATUS: &str = r#"{"vertexes":[{"digest":"f1","name":"[build 1/3] FROM a@sha256:0"},{"digest":"b2","inputs":["f1"],"name":"[build 2/3] WORKDIR /a"},{"digest":"b3","inputs":["b2"],"name":"[build 3/3] RUN make"},{"digest":"s1","name":"[stage-1 1/2] FROM b@sha256:0"},{"digest":"x","inputs":["b3"],"name":"mount permissions"},{"digest":"s2","inputs":["s1","x"],"name":"[stage-1 2/2] COPY --from=build /a /a"}]}"#;

    #[test]
    fn edges_join_steps_across_stages() {
        let build = build(STATUS);
        let texts = |text: &str| -> Vec<&str> {
            let step = build.steps.iter().find(|s| s.text.starts_with(text)).unwrap();
            build.inputs(step).map(|s| s.text.as_str()).collect()
        };
        assert_eq!(texts("COPY"), ["RUN make"]);
        assert_eq!(texts("RUN"), ["WORKDIR /a"]);
        assert!(texts("WORKDIR").is_empty());
    }

    #[test]
    fn plain_progress_names_no_inputs() {
        assert!(build("#1 [1/2] FROM a\n\n#2 [2/2] RUN b\n#2 DONE 0.1s").steps[0].trace.is_none());
    }
}

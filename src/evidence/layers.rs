//! Layers of the results of steps, as an attestation lists them: `"step4:0": [[{"digest": …}, …]]`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::formula;
use crate::model::Digest;

/// A chain of layers, of which the last one is the step's own: those below are other steps', and
/// the chains of a long stage are most of an attestation.
pub(super) struct Chain<'a> {
    last: Option<&'a RawValue>,
    /// All of them, where they are no more than a base image has.
    few: Vec<&'a RawValue>,
}

/// Layers of a base image, at most.
const FEW: usize = 32;

impl Chain<'_> {
    /// The layer that a step made.
    pub(super) fn own(&self) -> Option<Digest> {
        Digest::parse(&digest(self.last?)?)
    }

    /// The layers of a base image.
    pub(super) fn all(&self) -> Option<Digest> {
        let texts: Option<Vec<Cow<str>>> = self.few.iter().copied().map(digest).collect();
        let texts = texts.filter(|texts| !texts.is_empty())?;
        Some(formula::of_parts(&texts.iter().map(AsRef::as_ref).collect::<Vec<_>>()))
    }
}

/// What a layer is called: `{"mediaType": …, "digest": "sha256:…", "size": …}`.
fn digest(layer: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Layer<'a> {
        #[serde(borrow)]
        digest: Cow<'a, str>,
    }
    serde_json::from_str(layer.get()).ok().map(|layer: Layer| layer.digest)
}

impl<'de: 'a, 'a> Deserialize<'de> for Chain<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Layers)
    }
}

struct Layers;

impl<'de> Visitor<'de> for Layers {
    type Value = Chain<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a chain of layers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut layers: A) -> Result<Chain<'de>, A::Error> {
        let mut chain = Chain { last: None, few: Vec::new() };
        let mut count = 0;
        while let Some(layer) = layers.next_element::<&RawValue>()? {
            count += 1;
            chain.last = Some(layer);
            if count <= FEW {
                chain.few.push(layer);
            }
        }
        if count > FEW {
            chain.few = Vec::new();
        }
        Ok(chain)
    }
}

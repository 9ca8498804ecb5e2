//! Layers of the results of steps, as an attestation lists them: `"step4:0": [[{"digest": …}, …]]`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::formula;
use crate::model::Digest;

/// A chain of layers, of which the last one is the step's own: those below are other steps', and
/// the chains of a long stage are most of an attestation.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    pub(super) own: Option<Digest>,
    /// All of them, where they are no more than a base image has.
    pub(super) all: Option<Digest>,
}

/// Layers of a base image, at most.
const FEW: usize = 32;

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(OwnLayer)
    }
}

struct OwnLayer;

impl<'de> Visitor<'de> for OwnLayer {
    type Value = Chain;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a chain of layers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut layers: A) -> Result<Chain, A::Error> {
        #[derive(Deserialize)]
        struct Layer<'a> {
            #[serde(borrow)]
            digest: Cow<'a, str>,
        }
        let (mut own, mut few) = (None, Vec::new());
        let mut count = 0;
        while let Some(Layer { digest }) = layers.next_element::<Layer>()? {
            count += 1;
            if count <= FEW {
                few.push(digest.clone());
            }
            own = Some(digest);
        }
        let texts = || few.iter().map(AsRef::as_ref).collect::<Vec<&str>>();
        let all = (1..=FEW).contains(&count).then(|| formula::of_parts(&texts()));
        Ok(Chain { own: own.and_then(|digest| Digest::parse(&digest)), all })
    }
}

//! Files that one call reads together: what a later one says of a target comes over the earlier.
//!
//! Source: `buildx` `bake/bake.go`, `Target.Merge`: an attribute takes the place of the earlier one,
//! but for mappings, which are merged, and for lists that hold what both say.

use super::target::{BakeValue, JOINED, Target};

/// The targets of one file, and over them those of another.
pub(super) fn over(mut below: Vec<Target>, above: &[Target]) -> Vec<Target> {
    for target in above {
        match below.iter_mut().find(|known| known.name == target.name) {
            Some(known) => take(known, target),
            None => below.push(target.clone()),
        }
    }
    below
}

fn take(known: &mut Target, above: &Target) {
    known.grouped |= above.grouped;
    for (name, value) in &above.fields {
        match known.fields.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => *own = joined(name, own, value),
            None => known.fields.push((name.clone(), value.clone())),
        }
    }
}

fn joined(name: &str, below: &BakeValue, above: &BakeValue) -> BakeValue {
    if let (BakeValue::Pairs(below), BakeValue::Pairs(above)) = (below, above) {
        let stays = |(key, _): &&(String, String)| above.iter().all(|(new, _)| new != key);
        let stays = below.iter().filter(stays);
        return BakeValue::Pairs(stays.chain(above).cloned().collect());
    }
    if name == "inherits" || JOINED.contains(&name) {
        return BakeValue::List([below.texts(), above.texts()].concat());
    }
    above.clone()
}

/// Groups of both: one that both name builds what either says.
pub(super) fn groups(
    mut below: Vec<(String, Vec<String>)>,
    above: Vec<(String, Vec<String>)>,
) -> Vec<(String, Vec<String>)> {
    for (name, members) in above {
        match below.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.extend(members),
            None => below.push((name, members)),
        }
    }
    below
}

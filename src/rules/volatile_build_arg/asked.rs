//! Arguments that the configuration gives, and no command line shows: `args:` of Compose and bake.

use super::configured;
use crate::finding::Evidence;
use crate::rules::past::Past;
use crate::rules::recurring::Spot;
use crate::rules::remedy::Site;

/// Names of those whose value is another one in each commit or run, and their lines. `declared` are
/// those of the Dockerfile, where it is known.
pub(super) fn of(past: &Past, spot: &Spot, declared: &[String]) -> (Vec<String>, Vec<Evidence>) {
    let newest = spot.broken.last().and_then(|&i| past.get(i));
    let Some(at) = newest.and_then(|(run, build)| Site::of(past.study, run, build).at) else {
        return (Vec::new(), Vec::new());
    };
    let arguments = at.place.command.build_args.iter().filter_map(|given| given.split_once('='));
    let reaches = |name: &str| declared.is_empty() || declared.iter().any(|known| known == name);
    let changes = |name: &&str| reaches(name) && configured::given(past.study, at, name).is_some();
    let names: Vec<&str> = arguments.map(|(name, _)| name.trim()).filter(changes).collect();
    let line =
        |name: &&str| at.evidence_of(name, "gives it a different value in each commit or run");
    let lines = names.iter().filter_map(line).collect();
    (names.into_iter().map(str::to_owned).collect(), lines)
}

//! What a job gets from `extends` and `default`, and where that is written.

use yaml_serde::Value;

use crate::config::script::Item;
use crate::config::yaml::{Document, Route, field, key, one_or_more, text};

/// GitLab allows eleven levels of `extends`, ten of nested lists.
const DEPTH: usize = 11;

/// A keyword of a job, with where it is written.
#[derive(Clone, Debug)]
pub(super) struct Inherited<'a> {
    pub(super) value: &'a Value,
    pub(super) route: Route,
    /// The last key of the route.
    name: Option<String>,
}

impl<'a> Inherited<'a> {
    fn keyword(mapping: &'a Value, at: &Route, name: &str) -> Option<Self> {
        Some(Self { value: mapping.get(name)?, route: key(at, name), name: Some(name.to_owned()) })
    }
}

/// The job and what it extends, nearest first: what comes first wins. Later entries of a list win
/// over earlier ones (GitLab `lib/gitlab/ci/config/extendable`).
pub(super) fn chain<'a>(root: &'a Value, job: &str) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    collect(root, job, 0, &mut found);
    found
}

fn collect<'a>(root: &'a Value, job: &str, depth: usize, found: &mut Vec<(String, &'a Value)>) {
    let Some(value) =
        root.get(job).filter(|value| value.is_mapping() && depth <= DEPTH && found.len() < 64)
    else {
        return;
    };
    found.push((job.to_owned(), value));
    for parent in value.get("extends").map(one_or_more).unwrap_or_default().iter().rev() {
        collect(root, parent, depth + 1, found);
    }
}

/// A keyword of a job: its own, an extended one, that of `default:`, or the old global one.
pub(super) fn keyword<'a>(
    root: &'a Value,
    chain: &[(String, &'a Value)],
    name: &str,
) -> Option<Inherited<'a>> {
    let top = Route::default();
    let own =
        chain.iter().find_map(|(job, value)| Inherited::keyword(value, &key(&top, job), name));
    let default = || Inherited::keyword(root.get("default")?, &key(&top, "default"), name);
    let global = || Inherited::keyword(root, &top, name);
    own.or_else(default).or_else(global)
}

/// The lines of a script. Lists in lists are one list; `!reference [.job, script]` stands for what
/// is written there.
pub(super) fn items(
    root: &Value,
    doc: Option<&Document>,
    from: &Inherited,
    depth: usize,
) -> Vec<Item> {
    let written = Inherited { route: written(doc, from), ..from.clone() };
    listed(root, doc, &written, depth)
}

fn listed(root: &Value, doc: Option<&Document>, from: &Inherited, depth: usize) -> Vec<Item> {
    if depth > DEPTH {
        return Vec::new();
    }
    match from.value {
        Value::Tagged(tagged) if tagged.tag == "reference" => referenced(root, &tagged.value)
            .map(|target| items(root, doc, &target, depth + 1))
            .unwrap_or_default(),
        Value::Sequence(list) => {
            let inner = |(index, value)| {
                listed(
                    root,
                    doc,
                    &Inherited { value, route: from.route.with_key(index), name: None },
                    depth + 1,
                )
            };
            list.iter().enumerate().flat_map(inner).collect()
        }
        value => text(value)
            .map(|value| Item { route: from.route.clone(), value: value.into() })
            .into_iter()
            .collect(),
    }
}

/// A keyword that is got by `<<:` is written in the mapping that is merged.
fn written(doc: Option<&Document>, from: &Inherited) -> Route {
    let found = doc.zip(from.route.parent()).zip(from.name.as_deref());
    let found = found.and_then(|((doc, mapping), name)| field(doc, &mapping, name));
    found.map_or_else(|| from.route.clone(), |field| field.route)
}

fn referenced<'a>(root: &'a Value, path: &Value) -> Option<Inherited<'a>> {
    let path = one_or_more(path);
    let (job, rest) = path.split_first()?;
    let top = Route::default();
    let Some((name, rest)) = rest.split_first() else { return Inherited::keyword(root, &top, job) };
    let target = chain(root, job)
        .into_iter()
        .find_map(|(job, value)| Inherited::keyword(value, &key(&top, &job), name))?;
    rest.iter().try_fold(target, |from, name| Inherited::keyword(from.value, &from.route, name))
}

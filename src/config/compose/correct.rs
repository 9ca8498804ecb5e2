//! Writes a corrected Compose file: cache options of a service's build.

use super::build_route;
use crate::config::items::{ItemList, lines, remove_key, trimmed_end};
use crate::config::patch::{Patch, indent_at, line_at};
use crate::config::yaml::{Document, Route, Scalar, field, flow_list, key, key_span, span};
use crate::config::{CacheSettings, Change, Content, Place, Side};
use crate::model::{CacheSpec, asks_inline};

/// The text with these changes.
pub(super) fn correct(text: &str, content: &Content, changes: &[Change]) -> Result<String, String> {
    let doc = Document::new(text)?;
    let mut patch = Patch::default();
    for change in changes {
        let place = change
            .place()
            .and_then(|index| content.places.get(index))
            .ok_or("a Compose file holds no such thing")?;
        let service = place.target.as_deref().unwrap_or_default();
        let build = own_build(&doc, service)?;
        match change {
            Change::Caches { settings, .. } => caches(&doc, place, &build, settings, &mut patch)?,
            Change::Spec { side, old, new, .. } => {
                spec(&doc, place, &build, (*side, old, new), &mut patch)?;
            }
            Change::UseCache { .. } => remove_key(&doc, &key(&build, "no_cache"), &mut patch)?,
            _ => return Err("a Compose file holds no such thing".to_owned()),
        }
    }
    patch.apply(text).ok_or_else(|| {
        "services that need different changes share the same lines by a YAML anchor".to_owned()
    })
}

/// The service's own build: what it has of another service cannot be changed for it alone.
fn own_build(doc: &Document, service: &str) -> Result<Route, String> {
    let service_route = key(&Route::from(["services"]), service);
    match field(doc, &service_route, "build") {
        Some(own) if !service.is_empty() || doc.query_exists(&build_route(service)) => {
            Ok(own.route)
        }
        _ => Err(format!("service {service} has its build from the service it extends")),
    }
}

fn caches(
    doc: &Document,
    place: &Place,
    build: &Route,
    settings: &CacheSettings,
    patch: &mut Patch,
) -> Result<(), String> {
    if settings.builder {
        return Err("the builder is created where the build is started".to_owned());
    }
    if doc.query_exists(&key(build, "x-bake")) {
        return Err("its caches are written for bake (`x-bake`) as well".to_owned());
    }
    let inline = settings.inline && settings.to.is_none();
    let to: Vec<String> =
        settings.to.iter().cloned().chain(inline.then(|| "type=inline".to_owned())).collect();
    if place.command.build_args.iter().any(|argument| asks_inline(argument)) && !settings.inline {
        remove_inline(doc, build, patch)?;
    }
    let command = &place.command;
    let lists =
        [("cache_from", &command.cache_from, &settings.from), ("cache_to", &command.cache_to, &to)];
    let other =
        lists.into_iter().filter(|(_, old, new)| !old.iter().map(|spec| &spec.raw).eq(new.iter()));
    let other: Vec<(&str, &[String])> =
        other.map(|(name, _, new)| (name, new.as_slice())).collect();
    match short_form(doc, build) {
        Some(short) => expand(doc, build, short, &other, patch),
        None => other.iter().try_for_each(|(name, items)| {
            ItemList { doc, mapping: build, name, json: false }.set(items, patch)
        }),
    }
}

/// `build: ./web`: the directory alone.
fn short_form(doc: &Document, build: &Route) -> Option<(usize, usize)> {
    let place = span(doc, build)?;
    let mapping =
        doc.query_exists(&key(build, "context")) || doc.query_exists(&key(build, "dockerfile"));
    let text = doc.source().get(place.start..place.end)?;
    let scalar = !mapping
        && !text.starts_with('{')
        && !text.trim_end().contains('\n')
        && !text.contains(": ");
    scalar.then(|| (place.start, trimmed_end(doc.source(), &place)))
}

/// Makes a mapping of the short form, with a list for each of these names.
fn expand(
    doc: &Document,
    build: &Route,
    (start, end): (usize, usize),
    lists: &[(&str, &[String])],
    patch: &mut Patch,
) -> Result<(), String> {
    let source = doc.source();
    let name = key_span(doc, build).ok_or("its build is written in an unusual way")?;
    let context = source.get(start..end).unwrap_or_default();
    if context.starts_with(['*', '&', '!'])
        || source.get(name.end..start).is_some_and(|gap| gap.contains('\n'))
    {
        return Err("its build is written in an unusual way".to_owned());
    }
    let lead = indent_at(source, name.start);
    if name.start != line_at(source, name.start).start + lead.len() {
        let entries: Vec<String> = lists
            .iter()
            .filter(|(_, l)| !l.is_empty())
            .map(|(n, l)| format!(", {n}: {}", flow_list(l)))
            .collect();
        patch.replace(start..end, format!("{{context: {context}{}}}", entries.concat()));
        return Ok(());
    }
    let inner = format!("{lead}  ");
    let mut new = vec![format!("{inner}context: {context}")];
    new.extend(
        lists
            .iter()
            .filter(|(_, list)| !list.is_empty())
            .flat_map(|(name, list)| lines(&inner, name, list)),
    );
    // A comment behind the directory stays behind `build:`.
    let gap = source.get(name.end..start).unwrap_or_default();
    let behind = source.get(end..line_at(source, end).end).unwrap_or_default();
    let value = if behind.trim().is_empty() {
        start - gap.len() + 1..end
    } else {
        start..end + behind.len() - behind.trim_start().len()
    };
    patch.replace(value, "");
    patch.insert_after(source, start, &new);
    Ok(())
}

/// The specification in any of the lists of the build that are meant.
fn spec(
    doc: &Document,
    place: &Place,
    build: &Route,
    (side, old, new): (Side, &str, &str),
    patch: &mut Patch,
) -> Result<(), String> {
    let bake = key(build, "x-bake");
    let own = side.of(&["cache_from"], &["cache_to"]).into_iter().map(|name| key(build, name));
    let of_bake = side.of(&["cache-from"], &["cache-to"]).into_iter().map(|name| key(&bake, name));
    let lists: Vec<Route> = own.chain(of_bake).collect();
    let items = lists.iter().flat_map(|list| {
        (0..64).map(|index| list.with_key(index)).take_while(|item| doc.query_exists(item))
    });
    let mut found = false;
    for scalar in items.filter_map(|item| Scalar::find(doc, &item, old)) {
        let range = scalar.offset(0).zip(scalar.end_offset(scalar.value.len()));
        let ((start, end), written) =
            range.zip(scalar.written(new)).ok_or("a specification is written in an unusual way")?;
        patch.replace(start..end, written);
        found = true;
    }
    for name in side.of(&["cache_from"], &["cache_to"]) {
        found |= own_list(doc, place, build, (name, old, new), patch)?;
    }
    if found {
        Ok(())
    } else {
        Err(format!("`{}` is not written there", CacheSpec::parse(old).raw))
    }
}

/// A list that several services have by `<<:` becomes one of this service; false where it has none
/// of that kind.
fn own_list(
    doc: &Document,
    place: &Place,
    build: &Route,
    (name, old, new): (&str, &str, &str),
    patch: &mut Patch,
) -> Result<bool, String> {
    let command = &place.command;
    let specs = if name == "cache_to" { &command.cache_to } else { &command.cache_from };
    let merged = field(doc, build, name).is_some_and(|field| field.merged);
    if !merged || !specs.iter().any(|spec| spec.raw == old) {
        return Ok(false);
    }
    let items: Vec<String> = specs
        .iter()
        .map(|spec| if spec.raw == old { new.to_owned() } else { spec.raw.clone() })
        .collect();
    ItemList { doc, mapping: build, name, json: false }.set(&items, patch)?;
    Ok(true)
}

fn remove_inline(doc: &Document, build: &Route, patch: &mut Patch) -> Result<(), String> {
    let args = key(build, "args");
    let named = key(&args, "BUILDKIT_INLINE_CACHE");
    let only = |route: &Route| {
        let place = span(doc, route)?;
        Some(doc.source().get(place.start..place.end)?.trim_end().lines().count() == 1)
    };
    if only(&args) == Some(true)
        && !doc
            .source()
            .get(span(doc, &args).map_or(0, |p| p.start)..)
            .is_some_and(|s| s.starts_with(['{', '[']))
    {
        return remove_key(doc, &args, patch);
    }
    if doc.query_exists(&named) {
        return remove_key(doc, &named, patch);
    }
    let items =
        (0..256).map(|index| args.with_key(index)).take_while(|item| doc.query_exists(item));
    let item = items.filter_map(|item| span(doc, &item)).find(|place| {
        doc.source()
            .get(place.start..place.end)
            .is_some_and(|text| text.contains("BUILDKIT_INLINE_CACHE"))
    });
    let item = item.ok_or("its arguments are written in an unusual way")?;
    patch.remove_line(doc.source(), item.start, None);
    Ok(())
}

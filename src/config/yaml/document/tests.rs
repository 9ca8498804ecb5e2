//! All that is found is what yamlpath finds, which goes through the tree for each question.

use std::path::Path;

use super::*;
use yamlpath::Component as Part;

/// Every route of a file, and some that lead nowhere.
fn routes(document: &Document) -> Vec<Route> {
    let mut all = vec![Route::default()];
    let mut open = vec![(Route::default(), document.index.top, 0)];
    while let Some((route, value, depth)) = open.pop() {
        all.push(route.with_key("no such key"));
        all.push(route.with_key(99));
        let Some(value) = value.and_then(|at| document.index.values.get(at)) else { continue };
        let inside = match &value.inside {
            Contents::Alias(name, place) => match document.index.anchored(name, *place) {
                Some(anchored) => &anchored.inside,
                None => continue,
            },
            inside => inside,
        };
        if depth > 12 || all.len() > 3_000 {
            continue;
        }
        let members: Vec<(Component, Option<usize>)> = match inside {
            Contents::Mapping(at) => {
                let mut keys: Vec<_> = document.index.mappings[*at].iter().collect();
                keys.sort_by_key(|(name, _)| *name);
                keys.into_iter().map(|(name, key)| (name.clone().into(), key.value)).collect()
            }
            Contents::List(at) => {
                let items = document.index.lists[*at].iter().enumerate();
                items.map(|(number, value)| (number.into(), *value)).collect()
            }
            _ => continue,
        };
        for (component, value) in members {
            let further = route.with_key(component);
            all.push(further.clone());
            open.push((further, value, depth + 1));
        }
    }
    all
}

fn theirs(route: &Route) -> yamlpath::Route<'static> {
    let parts = route.components().iter().map(|component| match component {
        Component::Key(name) => Part::from(name.clone()),
        Component::Index(number) => Part::from(*number),
    });
    parts.collect::<Vec<_>>().into()
}

fn place(feature: &yamlpath::Feature) -> Span {
    let ((row, _), _) = feature.location.point_span;
    let (start, end) = feature.location.byte_span;
    Span { start, end, line: row as u64 + 1 }
}

/// The number of routes that were compared.
fn compare(text: &str, name: &str) -> usize {
    let (ours, yamlpath) = (Document::new(text), yamlpath::Document::new(text));
    let (ours, yamlpath) = match (ours, yamlpath) {
        (Ok(ours), Ok(yamlpath)) => (ours, yamlpath),
        (ours, yamlpath) => {
            assert_eq!(ours.is_ok(), yamlpath.is_ok(), "{name}");
            return 0;
        }
    };
    let routes = routes(&ours);
    for route in &routes {
        let other = theirs(route);
        assert_eq!(ours.query_exists(route), yamlpath.query_exists(&other), "{name}: {route:?}");
        let span = yamlpath.query_exact(&other).ok().flatten();
        assert_eq!(ours.span(route), span.as_ref().map(place), "{name}: {route:?}");
        let key = yamlpath.query_key_only(&other).ok();
        assert_eq!(ours.key_span(route), key.as_ref().map(place), "{name}: {route:?}");
    }
    routes.len()
}

#[test]
fn unusual_forms_are_found_as_yamlpath_finds_them() {
    for text in [
        "",
        "# only a comment\n",
        "a",
        "---\na: 1\n---\nb: 2\n",
        "%YAML 1.2\n---\na: {b: [c, d: e, f: ]}\n",
        "a: &x {b: 1}\nc: *x\nd: [*x, *x]\n",
        "a: &x\n  b: 1\nc:\n  <<: *x\n  d: *x\ne: *none\n",
        "a: &x 1\nb: *x\nc: &x 2\nd: *x\n",
        "a: &x\nb: 1\n",
        "a: &x # why\n  b: 1\nc: *x\n",
        "a: !reference [b, c]\nd: !!map {e: f}\ng: &h !t [i]\nj: *h\nk: !t &l [m]\nn: *l\n",
        "a:\nb: ~\nc: ''\nd: \"\"\n",
        "'a b': 1\n\"c\\td\": 2\n? e\n: 3\n? [f]\n: 4\n: 5\nz: 6\n",
        "a: {b, c: d, e}\n",
        "{a: {b}, c}\n",
        "a: 1\na: 2\nb: {a: 1, a: 2}\n",
        "a:\n  - 1\n  -\n  - 3\n",
        "a:\n  - b: 1\n    c: 2\n  # a comment\n  - - d\n    - [e, [f]]\n",
        "a: |\n  x\n\n  y\nb: >-\n  z\nc: &s |\n  t\nd: *s\ne: plain\n  more\n",
        "&k a: 1\n*k : 2\n",
        "- &a b\n- *a\n- {c: *a}\n",
        "a: [\n  b, # c\n  d\n]\n",
        "a: [b\n",
        "ä: ö\r\nü:\r\n  - ß\r\n",
    ] {
        compare(text, text);
    }
}

/// All configuration among the tests.
#[test]
fn real_files_are_found_as_yamlpath_finds_them() {
    let mut compared = 0;
    let mut folders = vec![
        Path::new("tests").to_path_buf(),
        "sample-logs".into(),
        "integrations".into(),
        ".github".into(),
    ];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if super::super::is_file(&name)
                || path.extension().is_some_and(|end| end == "json")
            {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                if text.len() < 20_000 {
                    compared += compare(&text, &name);
                }
            }
        }
    }
    assert!(compared > 5_000, "{compared}");
}

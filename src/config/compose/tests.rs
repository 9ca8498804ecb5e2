//! What is read of Compose files, and that a change of one service leaves the others alone.

use proptest::prelude::*;

use super::*;
use crate::config::{CacheSettings, Config};

const FILE: &str = r#"
x-build: &build
  context: .
  args: { A: 1, EMPTY: }
services:
  web:
    image: registry.example.com/web:${TAG:-latest}
    build:
      <<: *build
      dockerfile: docker/web.Dockerfile
      target: final
      tags: ["registry.example.com/web:cache"]
      cache_from: ["type=registry,ref=registry.example.com/web:cache"]
      cache_to: ["type=registry,ref=registry.example.com/web:cache,mode=max"]
      no_cache: true
  api:
    build: ./api
  job:
    extends: { service: web }
  plain:
    extends:
      service: api
      file: other.yml
  args:
    build:
      context: .
      args: ["BUILDKIT_INLINE_CACHE=1", "FROM_ENVIRONMENT"]
  db: { image: postgres }
"#;

fn places(text: &str) -> Vec<Place> {
    Compose.read(text).unwrap().places
}

#[test]
fn reads_services_in_all_forms() {
    let all = places(FILE);
    let names: Vec<&str> = all.iter().filter_map(|place| place.target.as_deref()).collect();
    assert_eq!(names, ["web", "api", "job", "args"]);
    let web = &all[0];
    assert_eq!(
        (web.context.as_deref(), web.command.file.as_deref()),
        (Some("."), Some("docker/web.Dockerfile"))
    );
    assert_eq!(
        web.command.tags,
        ["registry.example.com/web:${TAG:-latest}", "registry.example.com/web:cache"]
    );
    assert_eq!(web.command.cache_to[0].get("mode"), Some("max"));
    assert_eq!((web.command.quote.line, &*web.command.quote.text), (6, "  web:"));
    assert_eq!(web.command.build_args, ["A=1", "EMPTY"]);
    assert!(web.command.no_cache && !all[1].command.no_cache && all[2].command.no_cache);
    assert_eq!(all[1].context.as_deref(), Some("./api"));
    assert!(all[3].command.inline());
}

#[test]
fn knows_its_names() {
    for name in
        ["compose.yaml", "a/docker-compose.yml", "docker-compose.ci.yml", "compose.override.yaml"]
    {
        assert!(Compose.names(name), "{name}");
    }
    for name in ["docker-composer.yml", "compose.json", "my-compose.yml", "compose"] {
        assert!(!Compose.names(name), "{name}");
    }
}

#[test]
fn what_is_inherited_is_not_changed_for_one_service() {
    let config = Config::read("compose.yaml", FILE).unwrap().unwrap();
    let change = Change::UseCache { place: 2 };
    assert!(config.corrected(&[change]).unwrap_err().contains("extends"));
}

const SERVICES: [&str; 6] = [
    "  a:\n    build: . # a\n",
    "  b:\n    # b\n    build:\n      context: b\n      cache_from:\n        - b:1 # one\n        \
        # two\n        - b:2\n",
    "  c:\n    build: {context: c, cache_to: [type=inline]}\n",
    "  d:\n    image: d\n\n",
    "  e:\n    build:\n      cache_to:\n      - 'type=gha,mode=max'\n      context: .\n    image: \
        e # e\n",
    "  f:\n    build:\n      context: f\n      no_cache: true # f\n      args:\n        \
        BUILDKIT_INLINE_CACHE: 1\n",
];

proptest! {
    /// Whatever is asked for one service: all other lines, and every comment, stay as they are.
    #[test]
    fn other_services_stay(which in prop::sample::subsequence((0..SERVICES.len()).collect::<Vec<_>>(), 1..6), place in 0_usize..5, count in 0_usize..4, export: bool, crlf: bool, ended: bool) {
        let mut text: String = std::iter::once("services:\n").chain(which.iter().filter_map(|&i| SERVICES.get(i)).copied()).collect();
        if !ended {
            text.truncate(text.trim_end().len());
        }
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let config = Config::read("compose.yaml", &text).unwrap().unwrap();
        let from = (0..count).map(|n| format!("r.example.com/x:{n}")).collect();
        let settings = CacheSettings { from, to: export.then(|| "type=gha,mode=max,scope=x".to_owned()), ..CacheSettings::default() };
        let Some(asked) = config.content.places.get(place).and_then(|place| place.target.clone()) else { return Ok(()) };
        let Ok(new) = config.corrected(&[Change::Caches { place, settings }]) else { return Ok(()) };
        for comment in text.lines().filter_map(|line| line.split_once('#')).map(|(_, comment)| comment) {
            prop_assert!(new.text.contains(&format!("#{comment}")), "{}", new.text);
        }
        let others = |text: &str| -> Vec<String> {
            let name = |line: &str| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
            let mut now = String::new();
            text.lines().filter(|line| {
                now = name(line).unwrap_or_else(|| now.clone());
                now != format!("{asked}:") && !line.trim().is_empty()
            }).map(str::to_owned).collect()
        };
        prop_assert_eq!(others(&text), others(&new.text));
        prop_assert_eq!(text.contains("\r\n"), new.text.contains("\r\n"));
        prop_assert_eq!(text.ends_with('\n'), new.text.ends_with('\n'));
    }
}

//! What is read of bake files, and that a change of one target leaves the others alone.

use proptest::prelude::*;

use super::*;
use crate::config::{Config, Place};

const HCL: &str = r#"
variable "TAG" { default = "latest" }
group "default" { targets = ["web", "tools"] }
target "_common" {
  dockerfile = "Dockerfile.ci"
  cache-from = ["type=registry,ref=r/base"]
}
target "tools" {
  inherits = ["_common"]
  args = { BUILDKIT_INLINE_CACHE = "1" }
}
target "web" {
  inherits  = ["_common", "tools"]
  context   = "web"
  tags      = ["r/web:${TAG}", tag("web")]
  matrix    = { os = ["a", "b"] }
  name      = "web-${os}"
  cache-to  = [{ type = "registry", ref = "r/web:${os}", mode = "max" }, "type=inline"]
  no-cache-filter = ["build"]
  output    = ["type=registry"]
}
"#;

fn read(text: &str) -> Vec<Place> {
    Bake.read(text).unwrap().places
}

#[test]
fn reads_targets_with_what_they_inherit() {
    let all = read(HCL);
    assert_eq!(all.len(), 2);
    let web = &all[1];
    assert_eq!(
        (web.target.as_deref(), web.legs.as_slice()),
        (Some("web-${os}"), &["os".to_owned()][..])
    );
    assert_eq!(web.command.cache_from[0].raw, "type=registry,ref=r/base");
    assert_eq!(web.command.cache_to[0].raw, "type=registry,ref=r/web:${os},mode=max");
    assert_eq!(web.command.tags, ["r/web:${TAG}", "${tag(\"web\")}"]);
    assert_eq!(web.command.file.as_deref(), Some("Dockerfile.ci"));
    assert_eq!((web.command.quote.line, &*web.command.quote.text), (12, "target \"web\" {"));
    assert!(web.command.push && web.command.inline() && web.command.no_cache_filter == ["build"]);
}

#[test]
fn json_is_read_alike() {
    let json = r#"{"group": {"default": {"targets": ["web"]}},
      "target": {"base": {"cache-from": ["r/base"]},
                 "web": {"inherits": ["base"], "no-cache": true, "cache-to": [{"type": "gha", "mode": "max"}]}}}"#;
    let all = read(json);
    assert_eq!(
        (all.len(), all[0].target.as_deref(), all[0].command.no_cache),
        (1, Some("web"), true)
    );
    assert_eq!(
        (all[0].command.cache_from[0].raw.as_str(), all[0].command.cache_to[0].raw.as_str()),
        ("r/base", "type=gha,mode=max")
    );
}

#[test]
fn knows_its_names_and_refuses_what_is_none() {
    for name in ["docker-bake.hcl", "a/docker-bake.override.json", "api.bake.hcl"] {
        assert!(Bake.names(name), "{name}");
    }
    assert!(
        Bake.may_be_other("main.hcl", "terraform {}")
            && !Bake.names("package.json")
            && !Bake.names("docker-bake.md")
    );
    assert!(Config::read("docker-bake.hcl", "target \"a\" {").unwrap().is_err());
}

const TARGETS: [&str; 5] = [
    "# a\ntarget \"a\" {\n  context = \"a\" # a\n}\n",
    "target \"b\" {\n\tcache-from = [\n\t\t\"b:1\",\n\t\t\"b:2\"\n\t]\n}\n\n",
    "target \"c\" { context = \"c\" }\n",
    "target \"d\" {\n  cache-to = [\"type=inline\"] // d\n  tags = tag(\"d\")\n}\n",
    "variable \"e\" {\n  default = \"\" /* e */\n}\n",
];

proptest! {
    /// Whatever is asked for one target: all other blocks, and every comment, stay as they are.
    #[test]
    fn other_targets_stay(which in prop::sample::subsequence((0..TARGETS.len()).collect::<Vec<_>>(), 1..5), place in 0_usize..4, count in 0_usize..4, export: bool, crlf: bool, ended: bool) {
        let mut text: String = which.iter().filter_map(|&i| TARGETS.get(i)).copied().collect();
        if !ended {
            text.truncate(text.trim_end().len());
        }
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let config = Config::read("docker-bake.hcl", &text).unwrap().unwrap();
        let from = (0..count).map(|n| format!("r.example.com/x:{n}")).collect();
        let settings = CacheSettings { from, to: export.then(|| "type=gha,mode=max".to_owned()), ..CacheSettings::default() };
        let Some(asked) = config.content.places.get(place).and_then(|place| place.target.clone()) else { return Ok(()) };
        let Ok(new) = config.corrected(&[Change::Caches { place, settings }]) else { return Ok(()) };
        let others = |text: &str| -> Vec<String> {
            let mut inside = false;
            text.lines().filter(|line| {
                inside = (inside && *line != "}") || line.starts_with(&format!("target \
                    \"{asked}\""));
                !inside
            }).map(str::to_owned).collect()
        };
        prop_assert_eq!(others(&text), others(&new.text));
        for comment in ["# a", "// d", "/* e */"].into_iter().filter(|comment| text.contains(comment)) {
            prop_assert!(new.text.contains(comment), "{}", new.text);
        }
        prop_assert_eq!(text.contains("\r\n"), new.text.contains("\r\n"));
        prop_assert_eq!(text.ends_with('\n'), new.text.ends_with('\n'));
    }
}

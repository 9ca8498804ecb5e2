//! Writes cache settings in the form of the tool in use, ready to paste.
//!
//! Knows the syntax of each tool and nothing else.

use super::builder::CREATE;
use super::{Form, PLACEHOLDER, Site};
use crate::config::CacheSettings;
use std::fmt::Write as _;

/// The settings in the form of the site's tool.
pub(super) fn write(site: &Site, settings: &CacheSettings) -> String {
    match site.form {
        Form::DockerBuild if settings.builder || settings.to.is_some() => {
            shell(site, settings, "docker buildx build")
        }
        Form::DockerBuild => shell(site, settings, "docker build"),
        Form::Buildx => shell(site, settings, "docker buildx build"),
        Form::Buildctl => buildctl(settings),
        Form::Bake => bake(site, settings),
        Form::Compose => compose(site, settings),
        Form::ComposePlugin => plugin(site, settings),
        Form::BuildPushAction => action(site, settings),
        Form::Kaniko | Form::Buildah | Form::Podman => super::plain::options(site),
    }
}

fn shell(site: &Site, settings: &CacheSettings, tool: &str) -> String {
    let mut options: Vec<String> =
        settings.from.iter().map(|s| format!("--cache-from {s}")).collect();
    options.extend(settings.to.iter().map(|s| format!("--cache-to {s}")));
    options.extend(by_argument(settings).then(|| "--build-arg BUILDKIT_INLINE_CACHE=1".to_owned()));
    options.extend(site.file.iter().map(|f| format!("--file {f}")));
    options.extend(site.stage.iter().map(|s| format!("--target {s}")));
    options.extend(site.kept.iter().cloned());
    options.push(match &site.tag {
        Some(tag) if site.image == PLACEHOLDER => format!("--tag {tag}"),
        _ => format!("--tag {}", site.image),
    });
    // A docker-container builder keeps its result to itself unless told where to put it.
    let context = site.context.as_deref().unwrap_or(".");
    let has_output = site.kept.iter().any(|o| o.starts_with("-o ") || o.starts_with("--output "));
    options.push(match site.push {
        _ if has_output || tool == "docker build" => context.to_owned(),
        true => format!("--push {context}"),
        false => format!("--load {context}   # or --push"),
    });
    let builder = if settings.builder { format!("{CREATE}\n") } else { String::new() };
    format!("{builder}{tool} \\\n  {}", options.join(" \\\n  "))
}

fn buildctl(settings: &CacheSettings) -> String {
    let mut options: Vec<String> =
        settings.from.iter().map(|s| format!("--import-cache {s}")).collect();
    options.extend(settings.to.iter().map(|s| format!("--export-cache {s}")));
    options.extend(by_argument(settings).then(|| "--export-cache type=inline".to_owned()));
    format!("buildctl build … \\\n  {}", options.join(" \\\n  "))
}

fn bake(site: &Site, settings: &CacheSettings) -> String {
    let mut text =
        if settings.builder { format!("# once per job: {CREATE}\n") } else { String::new() };
    if site.set_at_call {
        text.push_str(&set(site, settings));
        return text;
    }
    let _ = writeln!(text, "target \"{}\" {{", site.target.as_deref().unwrap_or("default"));
    if !settings.from.is_empty() {
        let _ = writeln!(text, "  cache-from = [{}]", quoted(&settings.from));
    }
    if let Some(to) = to_or_inline(settings) {
        let _ = writeln!(text, "  cache-to   = [\"{to}\"]");
    }
    text.push('}');
    text
}

/// What the call sets goes before the bake file, and is to be changed where it stands.
fn set(site: &Site, settings: &CacheSettings) -> String {
    let target = site.target.as_deref().unwrap_or("*");
    let from = settings.from.iter().map(|spec| format!("{target}.cache-from={spec}"));
    let to = to_or_inline(settings).map(|spec| format!("{target}.cache-to={spec}"));
    let lines: Vec<String> = from.chain(to).collect();
    format!("# each in a --set of the call, or a line of `set:`\n{}", lines.join("\n"))
}

fn compose(site: &Site, settings: &CacheSettings) -> String {
    let mut text =
        if settings.builder { format!("# once per job: {CREATE}\n") } else { String::new() };
    let _ = writeln!(text, "services:\n  {}:\n    build:", site.target_name());
    if !settings.from.is_empty() {
        let _ = writeln!(text, "      cache_from:{}", list(&settings.from, 8));
    }
    if let Some(to) = to_or_inline(settings) {
        let _ = writeln!(text, "      cache_to:{}", list(&[to], 8));
    }
    text.trim_end().to_owned()
}

/// The plugin's README, v5: `builder` and `cache-to` since v5.5.0, `buildkit-inline-cache` since
/// v5.1.0.
fn plugin(site: &Site, settings: &CacheSettings) -> String {
    let service = site.target_name();
    let mut text = format!("plugins:\n  - docker-compose#v5.14.0:\n      build: {service}\n");
    let _ = writeln!(text, "      push: {service}:{}", site.image);
    if settings.builder {
        text.push_str(
            "      builder:\n        name: ci\n        create: true\n        use: \
            true\n        driver: docker-container\n",
        );
    }
    if !site.arguments.is_empty() {
        let _ = writeln!(text, "      args:{}", list(&site.arguments, 8));
    }
    if settings.inline {
        text.push_str("      buildkit-inline-cache: true\n");
    }
    if !settings.from.is_empty() {
        let from: Vec<_> = settings.from.iter().map(|s| format!("{service}:{s}")).collect();
        let _ = writeln!(text, "      cache-from:{}", list(&from, 8));
    }
    if let Some(to) = &settings.to {
        let _ = writeln!(text, "      cache-to:{}", list(&[format!("{service}:{to}")], 8));
    }
    text.trim_end().to_owned()
}

fn action(site: &Site, settings: &CacheSettings) -> String {
    let mut text = if settings.builder {
        "- uses: docker/setup-buildx-action@v3\n".to_owned()
    } else {
        String::new()
    };
    text.push_str("- uses: docker/build-push-action@v6\n  with:\n");
    let own = [("context", &site.context), ("file", &site.file), ("target", &site.stage)];
    for (name, value) in own.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        let _ = writeln!(text, "    {name}: {value}");
    }
    if !site.platforms.is_empty() {
        let _ = writeln!(text, "    platforms: {}", site.platforms.join(","));
    }
    if !site.arguments.is_empty() {
        let _ = writeln!(text, "    build-args: |\n      {}", site.arguments.join("\n      "));
    }
    if site.push {
        text.push_str("    push: true\n");
    }
    if site.image != PLACEHOLDER || site.push {
        let _ = writeln!(text, "    tags: {}", site.image);
    }
    match settings.from.as_slice() {
        [] => {}
        [one] => drop(writeln!(text, "    cache-from: {one}")),
        many => drop(writeln!(text, "    cache-from: |\n      {}", many.join("\n      "))),
    }
    if let Some(to) = to_or_inline(settings) {
        let _ = writeln!(text, "    cache-to: {to}");
    }
    text.trim_end().to_owned()
}

fn to_or_inline(settings: &CacheSettings) -> Option<String> {
    settings.to.clone().or_else(|| settings.inline.then(|| "type=inline".to_owned()))
}

/// The inline cache is asked for in the way of the tool and not by an export.
fn by_argument(settings: &CacheSettings) -> bool {
    settings.inline && settings.to.is_none()
}

fn quoted(items: &[String]) -> String {
    items.iter().map(|i| format!("\"{i}\"")).collect::<Vec<_>>().join(", ")
}

/// A YAML list in quotes, each item on a line of its own.
fn list(items: &[String], indent: usize) -> String {
    items.iter().fold(String::new(), |text, item| format!("{text}\n{:indent$}- \"{item}\"", ""))
}

//! What one option of a command line says.

use super::list;
use crate::model::command::operands::value_behind;
use crate::model::command::words::SimpleCall;
use crate::model::command::{Asked, CacheSpec, Command, Tool};

/// An option, and the words behind it.
pub(super) struct Opt<'a, 'w> {
    pub(super) name: &'a str,
    /// `--tag=app`
    pub(super) inline: Option<String>,
    pub(super) words: &'w mut std::slice::Iter<'a, String>,
}

impl Opt<'_, '_> {
    fn is_on(&self) -> bool {
        self.inline.as_deref() != Some("false")
    }

    fn value(&mut self) -> String {
        self.inline.take().or_else(|| self.words.next().cloned()).unwrap_or_default()
    }
}

/// A command while its options are read.
pub(super) struct OptionReader<'a> {
    pub(super) call: &'a SimpleCall<'a>,
    pub(super) command: Command,
    /// kaniko's `--cache-repo`.
    pub(super) repository: Option<CacheSpec>,
}

impl OptionReader<'_> {
    pub(super) fn option(&mut self, option: &mut Opt) {
        if !self.of_cache(option) && !self.of_image(option) {
            self.any(option);
        }
    }

    /// What a cache is asked for; `false` where the option says nothing of it.
    fn of_cache(&mut self, option: &mut Opt) -> bool {
        let Self { call, command, .. } = self;
        match option.name {
            "--cache-from" | "--import-cache" => {
                command.cache_from.extend(CacheSpec::parse_list(&option.value()));
            }
            "--cache-to" | "--export-cache" => {
                command.cache_to.extend(CacheSpec::parse_list(&option.value()));
            }
            "--no-cache" => command.no_cache = option.is_on(),
            // buildah `pkg/cli/build.go`: of nought is `--no-cache`
            "--cache-ttl" if call.tool == Tool::Buildah => {
                let ttl = option.value();
                command.no_cache |= is_nought(&ttl);
                command.cache_ttl = Some(ttl);
            }
            "--no-cache-filter" => command.no_cache_filter.extend(list(&option.value())),
            "--layers" | "--cache" => command.layers = Some(option.is_on()),
            // podman `cmd/podman/common/build.go`: both turn layers off; beside `--squash-all` they
            // can be asked for.
            "--squash" if option.is_on() && call.podman => command.layers = Some(false),
            "--squash-all" if call.podman => {
                command.layers.get_or_insert(false);
            }
            "--cache-repo" => self.repository = Some(CacheSpec::parse(&option.value())),
            "--no-push-cache" if option.is_on() => command.cache_to.clear(),
            _ => return false,
        }
        true
    }

    /// What is built, how, and where it goes; `false` where the option says nothing of it.
    fn of_image(&mut self, option: &mut Opt) -> bool {
        let Self { call, command, .. } = self;
        match option.name {
            "--build-arg" => command.build_args.push(option.value()),
            "--opt" => command.frontend(&option.value()),
            "--set" => command.overridden(&option.value()),
            "--builder" => command.builder = Some(option.value()),
            "--driver" => command.driver = Some(option.value()),
            "-f" | "--file" | "--dockerfile" => command.file = Some(option.value()),
            "--target" => command.target = Some(option.value()),
            "--platform" | "--custom-platform" => command.platforms.extend(list(&option.value())),
            "-t" | "--tag" | "--destination" => command.tags.push(option.value().into()),
            "-d" if call.tool == Tool::Kaniko => command.tags.push(option.value().into()),
            "-o" | "--output" => {
                let value = option.value();
                command.output(&value);
                command.other(call, option.name, Some(value));
            }
            "--push" => command.push = option.is_on(),
            "--pull" => command.pull = option.is_on(),
            _ => return false,
        }
        true
    }

    fn any(&mut self, option: &mut Opt) {
        let name = option.name;
        if Asked::is_key_option(name) {
            let value = option.value();
            self.command.key_option(name, &value);
            self.command.other(self.call, name, Some(value));
        } else if name.starts_with('-') {
            let own = option.inline.take().or_else(|| value_behind(name, option.words.as_slice()));
            self.command.other(self.call, name, own);
        }
    }
}

/// `0`, `0s`, `0h0m0s`: a duration of Go.
fn is_nought(duration: &str) -> bool {
    duration.starts_with('0') && duration.chars().all(|c| matches!(c, '0' | 'h' | 'm' | 's'))
}

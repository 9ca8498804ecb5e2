//! From a run to its record. Every text passes the function that takes out what may not be kept.

use super::super::arguments::short_mark;
use super::wire::{
    Amount, Base, Below, Build, CiCache, Command, Digests, Input, KeyOption, NamedImage, Note,
    Part, Quote, Ran, Reason, Run, Step, Transfer,
};
use crate::model;

/// Makes the texts of a record.
pub(super) struct Writer<'a> {
    /// A text of the log as it may be kept.
    pub text: &'a dyn Fn(&str) -> String,
    /// A command line as it may be kept.
    pub line: &'a dyn Fn(&str) -> String,
    /// A build argument, `NAME=value`, as it may be kept.
    pub argument: &'a dyn Fn(&str) -> String,
}

impl Writer<'_> {
    pub(super) fn run(&self, run: &model::Run) -> Run {
        Run {
            source: self.text(&run.source),
            ci: run.ci.map(str::to_owned),
            job: self.maybe(run.job.as_ref()),
            commit: self.maybe(run.commit.as_ref()),
            branch: self.maybe(run.branch.as_ref()),
            started: run.started,
            lines: run.lines,
            builds: run.builds.iter().map(|build| self.build(build)).collect(),
            ci_caches: run.ci_caches.iter().map(|cache| self.ci_cache(cache)).collect(),
            pulls: run.pulls.iter().map(|pull| self.pull(pull)).collect(),
            unpulled: run.unpulled.iter().map(|pull| self.pull(pull)).collect(),
            loads: run.loads.iter().map(|pull| self.pull(pull)).collect(),
            fetched: run.fetched.iter().map(|pull| self.pull(pull)).collect(),
            named: run.named.iter().map(|name| self.pull(name)).collect(),
            prunes: self.quotes(&run.prunes),
            commands: run.commands.iter().map(|command| self.command(command)).collect(),
            notes: run.notes.iter().map(|note| self.note(note)).collect(),
        }
    }

    fn text(&self, text: &str) -> String {
        (self.text)(text)
    }

    fn texts<T: AsRef<str>>(&self, texts: &[T]) -> Vec<String> {
        texts.iter().map(|text| self.text(text.as_ref())).collect()
    }

    fn maybe<T: AsRef<str>>(&self, text: Option<&T>) -> Option<String> {
        text.map(|text| self.text(text.as_ref()))
    }

    fn quote(&self, quote: &model::Quote) -> Quote {
        Quote(quote.line, self.text(&quote.text))
    }

    fn line(&self, quote: &model::Quote) -> Quote {
        Quote(quote.line, (self.line)(&quote.text))
    }

    fn quotes(&self, quotes: &[model::Quote]) -> Vec<Quote> {
        quotes.iter().map(|quote| self.quote(quote)).collect()
    }

    fn quoted(&self, quote: Option<&model::Quote>) -> Option<Quote> {
        quote.map(|quote| self.quote(quote))
    }

    fn below(
        &self,
        quote: Option<&model::Quote>,
        header: &Quote,
        seconds: Option<f64>,
    ) -> Option<Below> {
        quote.map(|quote| Below::of(self.quote(quote), header, seconds))
    }

    fn build(&self, build: &model::Build) -> Build {
        Build {
            dialect: build.dialect,
            outcome: build.outcome,
            engine: build.engine,
            driver: self.maybe(build.driver.as_ref()),
            builder: self.maybe(build.builder.as_ref()),
            booted: self.quoted(build.booted.as_ref()),
            target: self.maybe(build.target.as_ref()),
            invocation: build.invocation,
            steps: build.steps.iter().map(|step| self.step(step)).collect(),
            bases: build.bases.iter().map(|base| self.base(base)).collect(),
            sources: build.sources.iter().map(|base| self.base(base)).collect(),
            contexts: self.texts(&build.contexts),
            imports: build.imports.iter().map(|import| self.transfer(import)).collect(),
            exports: build.exports.iter().map(|export| self.transfer(export)).collect(),
            inline: self.quoted(build.inline.as_ref()),
            errors: self.quotes(&build.errors),
            answers: self.quotes(&build.answers),
            behind_export: self.quoted(build.behind_export.as_ref()),
            gone: self.quoted(build.gone.as_ref()),
            expired: self.quotes(&build.expired),
            pruned: self.quoted(build.pruned.as_deref()),
            pushed: build.pushed.iter().map(|(step, quote)| (*step, self.quote(quote))).collect(),
            downloads: build
                .downloads
                .iter()
                .map(|(header, quote)| (*header, self.quote(quote)))
                .collect(),
            warnings: self.quotes(&build.warnings),
            images: self.texts(&build.images),
            config: self.maybe(build.config.as_ref()),
            dockerfile: build.dockerfile.as_ref().map(|amount| self.amount(amount)),
            context: build.context.as_ref().map(|amount| self.amount(amount)),
            line: build.line,
            tangled: build.tangled,
            told: build.told.iter().map(|(told, _)| told.name().to_owned()).collect(),
            no_cache: no_cache(&build.no_cache),
            given: build.given.as_ref().map(|given| given.iter().map(part).collect()),
            headless: build.headless,
        }
    }

    fn amount(&self, amount: &model::Amount) -> Amount {
        Amount { size: amount.size.to_string(), quote: self.quote(&amount.quote) }
    }

    fn step(&self, step: &model::Step) -> Step {
        let header = self.quote(&step.header);
        Step {
            name: self.name(step),
            stage: step.stage.to_string(),
            platform: step.platform.to_string(),
            position: step.position,
            of: step.of,
            instruction: step.instruction.to_string(),
            text: self.text(&step.text),
            kind: step.kind,
            outcome: step.outcome,
            seconds: step.seconds,
            verdict: self.below(step.verdict.as_ref(), &header, step.seconds),
            fetched: self.below(step.fetched.as_ref(), &header, None),
            header,
            key: self.maybe(step.key.as_ref()),
            stored: self.quoted(step.stored.as_ref()),
            digests: step.digests.as_deref().map(digests),
            ran: step
                .trace
                .as_ref()
                .map(|trace| Ran { inputs: trace.inputs.clone(), time: trace.ran }),
        }
    }

    /// `[build 2/6] RUN make`: a stage is no value, although one may be called the same.
    fn name(&self, step: &model::Step) -> String {
        match step.name.strip_suffix(step.text.as_str()) {
            Some(stage) => format!("{stage}{}", self.text(&step.text)),
            None => self.text(&step.name),
        }
    }

    fn base(&self, base: &model::Base) -> Base {
        Base {
            stage: base.stage.to_string(),
            platform: base.platform.to_string(),
            image: self.text(&base.image),
            digest: self.maybe(base.digest.as_ref()),
            pinned: base.pinned,
            id: self.maybe(base.id.as_ref()),
            quote: self.quote(&base.quote),
            pulled: self.quoted(base.pulled.as_ref()),
        }
    }

    fn transfer(&self, transfer: &model::Transfer) -> Transfer {
        let header = self.quote(&transfer.header);
        Transfer {
            reference: self.maybe(transfer.reference.as_ref()),
            kind: transfer.kind,
            error: self.maybe(transfer.error.as_ref()),
            ended: transfer.ended,
            seconds: transfer.seconds,
            verdict: self.below(transfer.verdict.as_ref(), &header, transfer.seconds),
            header,
            manifest_type: self.maybe(transfer.manifest_type.as_ref()),
            own_image: transfer.own_image,
            as_image: transfer.as_image,
            wrote: transfer.wrote.iter().map(ToString::to_string).collect(),
            listed: transfer.listed,
        }
    }

    fn option(&self, option: &model::KeyOption) -> KeyOption {
        KeyOption(option.name.to_string(), self.text(&option.value))
    }

    fn ci_cache(&self, cache: &model::CiCache) -> CiCache {
        CiCache {
            name: self.text(&cache.name),
            operation: cache.operation,
            outcome: cache.outcome,
            reason: cache.reason.map(Reason),
            restored: self.maybe(cache.restored.as_ref()),
            quote: self.quote(&cache.quote),
        }
    }

    fn pull(&self, pull: &model::NamedImage) -> NamedImage {
        NamedImage { image: self.text(&pull.image), quote: self.quote(&pull.quote) }
    }

    fn note(&self, note: &model::CiNote) -> Note {
        Note { kind: note.kind, value: self.text(&note.value), quote: self.quote(&note.quote) }
    }

    fn command(&self, command: &model::Command) -> Command {
        let specs =
            |specs: &[model::CacheSpec]| specs.iter().map(|spec| self.text(&spec.raw)).collect();
        Command {
            quote: self.line(&command.quote),
            more: command.more.iter().map(|quote| self.line(quote)).collect(),
            tool: command.tool,
            cache_from: specs(&command.cache_from),
            cache_to: specs(&command.cache_to),
            build_args: command
                .build_args
                .iter()
                .map(|argument| (self.argument)(argument))
                .collect(),
            no_cache: command.no_cache,
            no_cache_filter: self.texts(&command.no_cache_filter),
            layers: command.layers,
            cache_ttl: self.maybe(command.cache_ttl.as_ref()),
            builder: self.maybe(command.builder.as_ref()),
            driver: self.maybe(command.driver.as_ref()),
            file: self.maybe(command.file.as_ref()),
            target: self.maybe(command.target.as_ref()),
            platforms: self.texts(&command.platforms),
            tags: self.texts(&command.tags),
            push: command.push,
            pull: command.pull,
            options: command.options.iter().map(|option| self.option(option)).collect(),
        }
    }
}

/// Digests of a step.
fn digests(key: &model::StepKey) -> Digests {
    let input = |input: &model::KeyInput| Input {
        selector: input.selector.map(|digest| digest.to_string()),
        contents: input.contents.iter().map(ToString::to_string).collect(),
        layers: input.layers.map(|digest| digest.to_string()),
        step: input.step,
    };
    Digests {
        operation: key.operation.map(|digest| digest.to_string()),
        inputs: key.inputs.iter().map(input).collect(),
        fields: key.fields.iter().map(part).collect(),
        stored: key.stored,
        created: key.created,
        layer: key.layer.map(|digest| digest.to_string()),
    }
}

fn no_cache(told: &model::NoCache) -> Option<Vec<String>> {
    match told {
        model::NoCache::Untold => None,
        model::NoCache::No => Some(Vec::new()),
        model::NoCache::All => Some(vec![String::new()]),
        model::NoCache::Stages(stages) => Some(stages.iter().map(ToString::to_string).collect()),
    }
}

/// A part with as much of its digest as may be kept.
fn part(part: &model::Part) -> Part {
    Part(part.name.to_string(), part.value.and_then(|value| short_mark(&part.name, value)))
}

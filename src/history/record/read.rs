//! From a record back to the run that it was made of.

use super::wire::{
    Amount, Base, Below, Build, CiCache, Command, Digests, Input, KeyOption, NamedImage, Note,
    Part, Quote, Ran, Run, Step, Transfer,
};
use crate::envelope::ENVELOPES;
use crate::model::{self, CacheSpec, Text};

/// Makes the texts of a run.
pub(super) struct RunReader<'a> {
    /// A text of the record as the rules are to see it.
    pub text: &'a dyn Fn(&str) -> String,
}

impl RunReader<'_> {
    pub(super) fn run(&self, run: &Run) -> model::Run {
        let commands = run.commands.iter().map(|command| self.command(command));
        let mut run = model::Run {
            source: self.text(&run.source),
            ci: run.ci.as_deref().and_then(ci),
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
            notes: run.notes.iter().map(|note| self.note(note)).collect(),
            ..model::Run::default()
        };
        run.asked_by(commands);
        run.settle();
        run
    }

    fn string(&self, text: &str) -> String {
        (self.text)(text)
    }

    fn text(&self, text: &str) -> Text {
        Text::new(&self.string(text))
    }

    fn strings(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.string(text)).collect()
    }

    fn maybe(&self, text: Option<&String>) -> Option<Text> {
        text.map(|text| self.text(text))
    }

    fn quote(&self, Quote(line, text): &Quote) -> model::Quote {
        model::Quote { line: *line, text: self.text(text) }
    }

    fn quotes(&self, quotes: &[Quote]) -> model::Few<model::Quote> {
        quotes.iter().map(|quote| self.quote(quote)).collect()
    }

    fn quoted(&self, quote: Option<&Quote>) -> Option<model::Quote> {
        quote.map(|quote| self.quote(quote))
    }

    fn below(
        &self,
        quote: Option<&Below>,
        header: &Quote,
        seconds: Option<f64>,
    ) -> Option<model::Quote> {
        quote.map(|quote| self.quote(&quote.quote(header, seconds)))
    }

    fn build(&self, build: &Build) -> model::Build {
        model::Build {
            dialect: build.dialect,
            outcome: build.outcome,
            engine: build.engine,
            driver: self.maybe(build.driver.as_ref()),
            builder: self.maybe(build.builder.as_ref()),
            booted: self.quoted(build.booted.as_ref()),
            target: self.maybe(build.target.as_ref()),
            invocation: build.invocation,
            final_step: model::FinalStep::default(),
            steps: build.steps.iter().map(|step| self.step(step)).collect(),
            bases: build.bases.iter().map(|base| self.base(base)).collect(),
            sources: build.sources.iter().map(|base| self.base(base)).collect(),
            contexts: build.contexts.iter().map(|name| self.text(name)).collect(),
            imports: build.imports.iter().map(|import| self.transfer(import)).collect(),
            exports: build.exports.iter().map(|export| self.transfer(export)).collect(),
            inline: self.quoted(build.inline.as_ref()),
            errors: self.quotes(&build.errors),
            answers: self.quotes(&build.answers),
            behind_export: self.quoted(build.behind_export.as_ref()),
            gone: self.quoted(build.gone.as_ref()),
            expired: self.quotes(&build.expired),
            pruned: self.quoted(build.pruned.as_ref()).map(Box::new),
            pushed: build.pushed.iter().map(|(step, quote)| (*step, self.quote(quote))).collect(),
            downloads: build
                .downloads
                .iter()
                .map(|(header, quote)| (*header, self.quote(quote)))
                .collect(),
            warnings: self.quotes(&build.warnings),
            images: build.images.iter().map(|image| self.text(image)).collect(),
            config: self.maybe(build.config.as_ref()),
            dockerfile: self.amount(build.dockerfile.as_ref()),
            context: self.amount(build.context.as_ref()),
            line: build.line,
            tangled: build.tangled,
            headless: build.headless,
            told: build
                .told
                .iter()
                .filter_map(|told| Some((model::EvidenceKind::named(told)?, Text::default())))
                .collect(),
            no_cache: no_cache(build.no_cache.as_deref()),
            given: build.given.as_ref().map(|given| given.iter().map(part).collect()),
            reference: None,
            // Found when the run is complete.
            commands: (0, 0),
        }
    }

    fn amount(&self, amount: Option<&Amount>) -> Option<model::Amount> {
        let Amount { size, quote } = amount?;
        Some(model::Amount { size: self.text(size), quote: self.quote(quote) })
    }

    fn step(&self, step: &Step) -> model::Step {
        let what = model::Instruction {
            name: self.text(&step.name),
            stage: self.text(&step.stage),
            platform: self.text(&step.platform),
            position: step.position,
            of: step.of,
            instruction: self.text(&step.instruction),
            text: self.text(&step.text),
            ..model::Instruction::default()
        };
        let trace = |ran: &Ran| {
            let inputs = ran.inputs.clone();
            Box::new(model::Trace { inputs, ran: ran.time, ..model::Trace::default() })
        };
        model::Step {
            what: what.into(),
            kind: step.kind,
            outcome: step.outcome,
            seconds: step.seconds,
            header: self.quote(&step.header),
            verdict: self.below(step.verdict.as_ref(), &step.header, step.seconds),
            key: self.maybe(step.key.as_ref()),
            stored: self.quoted(step.stored.as_ref()),
            fetched: self.below(step.fetched.as_ref(), &step.header, None),
            trace: step.ran.as_ref().map(trace),
            digests: step.digests.as_ref().map(|digests| Box::new(key(digests))),
        }
    }

    fn base(&self, base: &Base) -> model::Base {
        model::Base {
            stage: self.text(&base.stage),
            platform: self.text(&base.platform),
            image: self.text(&base.image),
            digest: self.maybe(base.digest.as_ref()),
            pinned: base.pinned,
            id: self.maybe(base.id.as_ref()),
            quote: self.quote(&base.quote),
            pulled: self.quoted(base.pulled.as_ref()),
        }
    }

    fn transfer(&self, transfer: &Transfer) -> model::Transfer {
        model::Transfer {
            reference: self.maybe(transfer.reference.as_ref()),
            kind: transfer.kind,
            error: self.maybe(transfer.error.as_ref()),
            ended: transfer.ended,
            seconds: transfer.seconds,
            header: self.quote(&transfer.header),
            verdict: self.below(transfer.verdict.as_ref(), &transfer.header, transfer.seconds),
            manifest_type: self.maybe(transfer.manifest_type.as_ref()),
            own_image: transfer.own_image,
            as_image: transfer.as_image,
            listed: transfer.listed,
            wrote: transfer
                .wrote
                .iter()
                .filter_map(|digest| model::Digest::of_hex(digest))
                .collect(),
        }
    }

    fn option(&self, KeyOption(name, value): &KeyOption) -> model::KeyOption {
        model::KeyOption { name: self.text(name), value: self.text(value) }
    }

    fn ci_cache(&self, cache: &CiCache) -> model::CiCache {
        model::CiCache {
            name: self.text(&cache.name),
            operation: cache.operation,
            outcome: cache.outcome,
            reason: cache.reason.map(|reason| reason.0),
            restored: self.maybe(cache.restored.as_ref()),
            quote: self.quote(&cache.quote),
        }
    }

    fn pull(&self, pull: &NamedImage) -> model::NamedImage {
        model::NamedImage { image: self.text(&pull.image), quote: self.quote(&pull.quote) }
    }

    fn note(&self, note: &Note) -> model::CiNote {
        model::CiNote {
            kind: note.kind,
            value: self.text(&note.value),
            quote: self.quote(&note.quote),
        }
    }

    fn command(&self, command: &Command) -> model::Command {
        // What an option says is read again from its text: that is all it was made of.
        let specs = |texts: &[String]| {
            texts.iter().map(|text| CacheSpec::parse(&self.string(text))).collect()
        };
        let string = |text: &Option<String>| text.as_deref().map(|text| self.string(text));
        let asked = model::Asked {
            tool: command.tool,
            cache_from: specs(&command.cache_from),
            cache_to: specs(&command.cache_to),
            build_args: self.strings(&command.build_args),
            no_cache: command.no_cache,
            no_cache_filter: self.strings(&command.no_cache_filter),
            layers: command.layers,
            cache_ttl: string(&command.cache_ttl),
            builder: string(&command.builder),
            driver: string(&command.driver),
            file: string(&command.file),
            target: string(&command.target),
            platforms: self.strings(&command.platforms),
            tags: command.tags.iter().map(|tag| self.text(tag)).collect(),
            push: command.push,
            pull: command.pull,
            options: command.options.iter().map(|option| self.option(option)).collect(),
            // Only tell builds of one log apart, and may hold anything.
            context: None,
            targets: Vec::new(),
            // Only goes into what is pasted.
            others: Vec::new(),
        };
        model::Command {
            quote: self.quote(&command.quote),
            more: self.quotes(&command.more),
            asked: asked.into(),
        }
    }
}

fn key(digests: &Digests) -> model::StepKey {
    let digest = |text: &String| model::Digest::of_hex(text);
    let input = |input: &Input| model::KeyInput {
        selector: input.selector.as_ref().and_then(digest),
        contents: input.contents.iter().filter_map(digest).collect(),
        layers: input.layers.as_ref().and_then(digest),
        step: input.step,
    };
    model::StepKey {
        operation: digests.operation.as_ref().and_then(digest),
        inputs: digests.inputs.iter().map(input).collect(),
        fields: digests.fields.iter().map(part).collect(),
        stored: digests.stored,
        created: digests.created,
        layer: digests.layer.as_ref().and_then(digest),
        ..model::StepKey::default()
    }
}

fn no_cache(told: Option<&[String]>) -> model::NoCache {
    match told {
        None => model::NoCache::Untold,
        Some([]) => model::NoCache::No,
        Some(stages) => model::NoCache::of(Some(&stages.join(","))),
    }
}

/// What is not kept of the digest is the same in all that are read.
fn part(Part(name, mark): &Part) -> model::Part {
    let digest = |mark: &String| model::Digest::of_hex(&format!("{mark:0<32}"));
    model::Part { name: Text::new(name), value: mark.as_ref().and_then(digest) }
}

/// The CI of this name; `None` where this version does not know it.
fn ci(name: &str) -> Option<&'static str> {
    ENVELOPES.iter().filter_map(|envelope| envelope.ci()).find(|ci| *ci == name)
}

//! A mistake in `--cache-from` or `--cache-to`.

mod branch;
mod printed;

use foldhash::HashSet;

use super::backend::{self, Cause, Refusal, cost_of, refusals_for};
use super::options::{
    Kind, Mistake, bad_reference, bare_type, capital_letters, from_error, hidden, inline, lint,
    lint_buildah, no_repository, slash, unusable, words,
};
use super::planned;
use super::remedy::{At, patch, reference};
use super::{Effect, Rule, RuleMeta, Study};
use crate::config::Side;
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity};
use crate::model::{Build, CacheSpec, Command, NoteKind, Quote, Run, Tool};

pub(super) struct CacheOptionInvalid;

static META: RuleMeta = RuleMeta {
    id: "cache-option-invalid",
    title: "a cache option is misspelt, unknown or incomplete",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "The builder names a mistake in `--cache-from` or `--cache-to` (`unsupported compression \
        type ztsd`, `unknown cache exporter`, `requires ref`, missing settings of s3, azblob or \
        gha), or a command line echoed in the log shows one that no builder complains about: \
        `mode=maxx`, an unknown attribute, a space after the comma, a build argument that is \
        nearly `BUILDKIT_INLINE_CACHE=1`. Without a log, the options in the configuration are \
        judged the same way.",
    why: "Some mistakes stop the build before its first step. The others are ignored silently: \
        `mode=maxx` is `mode=min`, `type=gha, scope=x` has no scope.",
    fix: "Correct the option; the finding names the nearest valid one.",
    rules_out: "Values with variables in them are not judged. Attributes that have no effect in \
        one direction (`mode` in `--cache-from`) are not reported.",
    limits: "Options without effect and without an error are only seen where the log shows the \
        command line. The options known are those of buildx 0.36 and BuildKit 0.32; newer ones may \
        be reported as unknown.",
    example: include_str!("examples/cache-option-invalid.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/",
        "moby/buildkit control/control.go, cache/remotecache",
        "docker/buildx util/buildflags/cache.go",
    ],
    since: "0.1.0",
};

impl Rule for CacheOptionInvalid {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let mut sightings = refused(study);
        sightings.extend(denied(study));
        sightings.extend(written(study));
        sightings.extend(planned::places(study).flat_map(|at| in_configuration(&at)));
        by_token(sightings).into_iter().filter_map(|group| finding(study, &group)).collect()
    }
}

/// One mistake in one place.
struct Sighting<'a> {
    mistake: Mistake,
    evidence: Evidence,
    builds: Vec<&'a Build>,
    /// In a configuration, no log was given.
    planned: bool,
}

/// What builders say. The error text is the first thing to quote.
fn refused(study: &Study) -> Vec<Sighting<'_>> {
    let all = refusals_for(study, Cause::OptionInvalid);
    all.iter()
        .map(|r| Sighting {
            mistake: in_error(r, &all),
            evidence: Study::quote(r.run, r.quote, "the builder refuses the option"),
            builds: vec![r.build],
            planned: false,
        })
        .collect()
}

/// A registry denies access to the image that the name of a backend was read as:
/// `docker.io/library/inline`.
fn denied(study: &Study) -> Vec<Sighting<'_>> {
    let all = refusals_for(study, Cause::AccessDenied);
    let named = all.into_iter().filter_map(|refusal| {
        let name = refusal.reference()?;
        Some((bare_type(reference::without_hub(&name))?, refusal))
    });
    named
        .map(|(mistake, r)| Sighting {
            mistake,
            evidence: Study::quote(r.run, r.quote, "the registry denies access to such an image"),
            builds: vec![r.build],
            planned: false,
        })
        .collect()
}

fn in_error(refusal: &Refusal, all: &[Refusal]) -> Mistake {
    if let Some(mistake) = named(refusal) {
        return mistake;
    }
    // A refusal without words has the reason that another one of the same build gives.
    let mut same_build = all.iter().filter(|other| other.at == refusal.at);
    if backend::is_bare(refusal.text)
        && let Some(mistake) = same_build.find_map(named)
    {
        return mistake;
    }
    from_error(refusal.text)
}

fn named(refusal: &Refusal) -> Option<Mistake> {
    let name = refusal.transfer.and_then(|t| t.reference.as_deref());
    // An export prints no name: the command line has it.
    let known = refusal.reference();
    no_repository(refusal.text)
        .or_else(|| hidden(refusal.text, name?, is_imported(refusal.run, name)))
        .or_else(|| bad_reference(refusal.text, name))
        .or_else(|| capital_letters(refusal.text, name.or(known.as_deref())))
        .or_else(|| unusable(&refusal.said()))
}

/// An option that is printed alike is not refused.
fn is_imported(run: &Run, name: Option<&str>) -> bool {
    let mut imports = run.builds.iter().flat_map(|build| &build.imports);
    imports.any(|import| import.ok() && import.reference.as_deref() == name)
}

/// What command lines and the compose plugin's override file show.
fn written(study: &Study) -> Vec<Sighting<'_>> {
    let of_run =
        |run| on_command_lines(run).into_iter().chain(in_override_file(run)).chain(in_imports(run));
    study.runs.iter().flat_map(of_run).collect()
}

/// `importing cache manifest from gha`: what GitHub's caches are called has a number behind it.
fn in_imports(run: &Run) -> Vec<Sighting<'_>> {
    let imports = run.builds.iter().flat_map(|build| &build.imports);
    let named =
        imports.filter_map(|import| Some((import, bare_type(import.reference.as_deref()?)?)));
    named.map(|(import, mistake)| sighting(run, mistake, &import.header)).collect()
}

fn on_command_lines(run: &Run) -> Vec<Sighting<'_>> {
    let mut found = Vec::new();
    for command in &run.commands {
        let mistakes = of_command(command).into_iter();
        found.extend(mistakes.map(|mistake| sighting(run, mistake, &command.quote)));
        let arguments = command.build_args.iter().filter_map(|argument| inline(argument));
        found.extend(
            arguments.map(|mistake| sighting(run, mistake, command.line_with("--build-arg"))),
        );
    }
    found
}

fn of_command(command: &Command) -> Vec<Mistake> {
    if command.tool == Tool::Buildah {
        return command
            .cache_from
            .iter()
            .chain(&command.cache_to)
            .filter_map(lint_buildah)
            .collect();
    }
    let lint = |spec: &CacheSpec, export| match printed::whole(command, spec) {
        Some(whole) => lint(&whole, export),
        None => lint(spec, export),
    };
    let from = command.cache_from.iter().flat_map(|spec| lint(spec, false));
    from.chain(command.cache_to.iter().flat_map(|spec| lint(spec, true))).collect()
}

fn in_override_file(run: &Run) -> Vec<Sighting<'_>> {
    let mut found = Vec::new();
    for note in &run.notes {
        let export = note.kind == NoteKind::ComposeCacheTo;
        if export || note.kind == NoteKind::ComposeCacheFrom {
            let spec = CacheSpec::parse(note.value.trim_matches(['"', '\'']));
            found.extend(
                lint(&spec, export).into_iter().map(|mistake| sighting(run, mistake, &note.quote)),
            );
        }
    }
    found
}

fn sighting<'a>(run: &'a Run, mistake: Mistake, quote: &Quote) -> Sighting<'a> {
    Sighting {
        mistake,
        evidence: Study::quote(run, quote, "the option as written"),
        builds: run.builds.iter().collect(),
        planned: false,
    }
}

fn in_configuration<'a>(at: &At<'a>) -> Vec<Sighting<'a>> {
    let command = &at.place.command;
    let mistakes = of_command(command).into_iter();
    let slashes = specs(at).filter_map(|spec| slash_of_branch(at, spec));
    let sighting = |mistake: Mistake| {
        let evidence = shown(at, &mistake)?;
        Some(Sighting { mistake, evidence, builds: Vec::new(), planned: true })
    };
    let arguments = command.build_args.iter().filter_map(|argument| inline(argument));
    let names = at.place.ignored.iter().map(unknown_name);
    mistakes.chain(slashes).chain(arguments).chain(names).filter_map(sighting).collect()
}

/// The line of the option: a name that is missing is written nowhere.
fn shown(at: &At, mistake: &Mistake) -> Option<Evidence> {
    const WORDS: &str = "the option as written";
    let command = &at.place.command;
    let lacks = |spec: &&CacheSpec, export: bool| {
        mistake.kind == Kind::Missing && lint(spec, export).contains(mistake)
    };
    if let Some(spec) = command.cache_from.iter().find(|spec| lacks(spec, false)) {
        return at.evidence_of_spec(spec, Side::From, WORDS);
    }
    match command.cache_to.iter().find(|spec| lacks(spec, true)) {
        Some(spec) => at.evidence_of_spec(spec, Side::To, WORDS),
        None => at.evidence_of(&mistake.token, WORDS),
    }
}

/// `cache_from` of a bake target.
fn unknown_name((name, meant): &(String, &str)) -> Mistake {
    Mistake {
        token: name.clone(),
        nearest: Some((*meant).to_owned()),
        kind: Kind::UnknownName,
        valid: Vec::new(),
    }
}

fn slash_of_branch(at: &At, spec: &CacheSpec) -> Option<Mistake> {
    if !at.place.slashes {
        return None;
    }
    slash(spec, &at.place.expanded(spec.get("ref").unwrap_or_default()))
}

/// A mistake in import and export, in the command and in the error, is one mistake.
fn by_token(sightings: Vec<Sighting<'_>>) -> Vec<Vec<Sighting<'_>>> {
    let mut groups: Vec<Vec<Sighting>> = Vec::new();
    for sighting in sightings {
        let same = |g: &&mut Vec<Sighting>| {
            g.first().is_some_and(|s| is_same(&s.mistake, &sighting.mistake))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(sighting),
            None => groups.push(vec![sighting]),
        }
    }
    groups
}

/// A blank before a name is one mistake, whether its value is filled in (in a log) or not.
fn is_same(one: &Mistake, other: &Mistake) -> bool {
    let name = |mistake: &Mistake| mistake.token.split('=').next().map(str::to_owned);
    let blanks = one.kind == Kind::Blank && other.kind == Kind::Blank;
    one.token == other.token || blanks && name(one) == name(other)
}

/// The mistake as it is written in a file, which a patch corrects; else as it was seen first.
fn lead<'a>(group: &'a [Sighting]) -> Option<&'a Mistake> {
    let written = group.iter().find(|sighting| sighting.planned);
    written.or(group.first()).map(|sighting| &sighting.mistake)
}

/// Builds that the mistake stops, each once: one command may hold it twice.
fn builds<'a>(group: &[Sighting<'a>]) -> Vec<&'a Build> {
    let mut seen: HashSet<*const Build> = HashSet::default();
    let all = group.iter().filter(|s| s.mistake.kind.stops()).flat_map(|s| &s.builds);
    all.copied().filter(|build| seen.insert(std::ptr::from_ref(*build))).collect()
}

fn finding(study: &Study, group: &[Sighting]) -> Option<Finding> {
    let mistake = lead(group)?;
    let mut proof: Option<Proof> = None;
    for sighting in group.iter().take(12) {
        match &mut proof {
            Some(proof) => proof.push(sighting.evidence.clone()),
            None => proof = Some(Proof::new(sighting.evidence.clone())),
        }
    }
    Some(Finding {
        rule: META.id,
        severity: if mistake.kind == Kind::UnknownAttribute && mistake.nearest.is_none() {
            Severity::Warning
        } else {
            META.severity
        },
        confidence: if group.iter().all(|s| s.planned) {
            Confidence::Likely
        } else {
            Confidence::Proven
        },
        title: words::title(mistake),
        cause: words::cause(mistake),
        evidence: proof?,
        fix: fix(study, mistake),
        impact: cost_of(builds(group).into_iter()),
        rules_out: Vec::new(),
        subject: mistake.token.clone(),
    })
}

fn fix(study: &Study, mistake: &Mistake) -> Fix {
    let fix = words::fix(mistake);
    match &mistake.nearest {
        Some(_) if mistake.kind == Kind::UnknownName => fix,
        Some(_) if mistake.kind == Kind::Argument => {
            let passes = |at: &At| at.place.command.build_args.contains(&mistake.token);
            let places = planned::places(study).filter(passes);
            places.fold(fix, |fix, at| {
                patch::refused(fix, at, "an argument may be used by the Dockerfile too")
            })
        }
        Some(right) => patch::with_spelling(fix, study, &mistake.token, right),
        None if mistake.kind == Kind::Cut => {
            let holds = |at: &At| specs(at).any(|spec| spec.raw == mistake.token);
            let places = planned::places(study).filter(holds);
            places.fold(fix, |fix, at| {
                patch::refused(
                    fix,
                    at,
                    "the file does not show which of the words after it belong to it",
                )
            })
        }
        None if mistake.kind == Kind::Slash => branch::without_slashes(fix, study, &mistake.token),
        None => fix,
    }
}

fn specs<'a>(at: &At<'a>) -> impl Iterator<Item = &'a CacheSpec> {
    let command = &at.place.command;
    command.cache_from.iter().chain(&command.cache_to)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of, study};
    use super::*;
    use crate::model::CiNote;

    #[test]
    fn silent_mistakes_are_seen_on_the_command_line() {
        let command = "docker buildx build --cache-to \
            type=registry,ref=r.example.com/a:c,mode=maxx --cache-from 'type=gha, scope=x' .";
        let found =
            CacheOptionInvalid.check(&of(vec![made().command(command), made().command(command)]));
        assert_eq!(
            found.iter().map(|f| f.subject.as_str()).collect::<Vec<_>>(),
            [" scope=x", "mode=maxx"]
        );
    }

    #[test]
    fn the_plugins_override_file_is_read_too() {
        let note =
            |kind, value: &str| CiNote { kind, value: value.into(), quote: Quote::default() };
        let notes = [
            note(NoteKind::ComposeCacheFrom, "r.example.com/a:c"),
            note(
                NoteKind::ComposeCacheTo,
                "ref=r.example.com/a:c,type=registry,mode=max,compression=ztsd",
            ),
        ];
        let found =
            CacheOptionInvalid.check(&study(vec![Run { notes: notes.into(), ..made().run() }]));
        assert_eq!(
            found.iter().map(|f| f.subject.as_str()).collect::<Vec<_>>(),
            ["compression=ztsd"]
        );
    }

    #[test]
    fn leaves_valid_options_and_other_errors() {
        let run = made()
            .command(
                "docker buildx build --cache-from r.example.com/a:c --cache-to \
                type=registry,ref=r.example.com/a:c,mode=max .",
            )
            .error("ERROR: failed to solve: invalid reference format")
            .error("ERROR: failed to solve: failed to compute cache key: \"/x\": not found");
        assert!(CacheOptionInvalid.check(&of(vec![run])).is_empty());
    }
}

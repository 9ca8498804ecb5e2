//! The whole context is copied before the steps that do not need it.

use super::instruction::{brief, copies_context, copies_everything, installs};
use super::past::Past;
use super::recurring::{Spot, same_stage, spots};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Proof, Severity};
use crate::model::{Outcome, Step};

pub(super) struct ContextCopiedTooEarly;

static META: RuleMeta = RuleMeta {
    id: "context-copied-too-early",
    title: "the whole build context is copied before dependencies are installed",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "The first COPY of a stage copies the whole context (`COPY . .`), it is where the cache breaks in nearly every run, and RUN steps behind it install dependencies or prepare the build.",
    why: "Any changed file in the context, a README or `.git` included, makes the COPY run again and with it everything after it, the installation of dependencies above all.",
    fix: "Copy the files that name the dependencies first, install, and copy the rest after that. Keep `.git` and what the build does not read out of the context with a `.dockerignore`.",
    rules_out: "Stages that copy something else of the context first (the usual good order), a whole-context COPY with only one RUN behind it that is not an installation, copies from other stages, changed base images, a cache that was not found, `--no-cache`. One changed run proves nothing: two are needed. Where no RUN behind it is a known installation it is a note: they may all need the sources.",
    limits: "It sees the order of instructions, not the files: which of them an installation needs has to be looked up in the Dockerfile.",
    example: include_str!("examples/context-copied-too-early.txt"),
    references: &[
        "https://docs.docker.com/build/cache/optimize/#order-your-layers",
        "https://docs.docker.com/build/concepts/context/#dockerignore-files",
    ],
    since: "0.1.0",
};

impl Rule for ContextCopiedTooEarly {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        Past::all(study).flat_map(|past| findings(&past)).collect()
    }
}

fn findings(past: &Past) -> Vec<Finding> {
    let early = spots(past).into_iter().filter(|spot| copies_everything(spot.row.text) && spot.nearly_always());
    early.filter_map(|spot| finding(past, &spot)).collect()
}

fn finding(past: &Past, spot: &Spot) -> Option<Finding> {
    let at = *spot.broken.last()?;
    let step = spot.last()?;
    let (_, build) = past.get(at)?;
    let used = |i: usize| past.builds.get(i).is_some_and(|b| b.hits() > 0);
    if !first_copy(same_stage(build, step), step) || !spot.broken.iter().all(|&i| used(i) || stored(past, i)) {
        return None;
    }
    let after: Vec<&Step> = runs_after(spot.rerun(past, at));
    let install = after.iter().copied().find(|s| installs(&s.text));
    let shown = install.or(after.first().copied().filter(|_| after.len() > 1))?;
    let sure = install.is_some() && spot.behind_hits(past);
    Some(Finding {
        rule: META.id,
        severity: if install.is_some() { META.severity } else { Severity::Note },
        confidence: if sure { Confidence::Likely } else { Confidence::Suspected },
        title: format!("`{}` comes before `{}` and reruns it {}", step.text, brief(&shown.text), spot.often(past)),
        cause: format!(
            "`{}` takes in the whole build context and is the first step that ran in these runs: something in the context is another one each time. `{}` runs again with it, though it can only need a few of the files.",
            step.text,
            brief(&shown.text)
        ),
        evidence: Proof::from_lines(lines(past, spot, shown))?,
        fix: fix(step, shown, &after),
        impact: spot.impact(past),
        rules_out: rules_out(install.is_some()),
        subject: format!("{}:{}", step.stage, step.text),
    })
}

/// An earlier run wrote a cache, and this one read one: a miss of the first step then has its reason in the files.
fn stored(past: &Past, i: usize) -> bool {
    past.imported(i) && (0..i).any(|j| past.exported(j))
}

fn first_copy<'a>(mut stage: impl Iterator<Item = &'a Step>, step: &Step) -> bool {
    !stage.any(|s| s.position < step.position && copies_context(&s.text))
}

fn runs_after(steps: Vec<&Step>) -> Vec<&Step> {
    steps.into_iter().filter(|s| s.instruction == "RUN" && s.outcome == Outcome::Miss).collect()
}

fn lines(past: &Past, spot: &Spot, shown: &Step) -> Vec<crate::finding::Evidence> {
    let mut lines = spot.lines(past, "ran: something in the context changed");
    let run = spot.broken.last().and_then(|&i| past.get(i));
    lines.extend(run.map(|(run, _)| super::past::header(run, shown, "and so this ran as well")));
    lines
}

fn fix(copy: &Step, shown: &Step, after: &[&Step]) -> Fix {
    let last = after.last().filter(|s| s.text != shown.text).map(|s| format!("\n{}", s.text)).unwrap_or_default();
    let target = copy.text.rsplit(' ').next().unwrap_or(".");
    let folder = if target.ends_with('/') || target == "." { "./" } else { target };
    let manifests = manifests(&shown.text);
    let first = manifests.map(|files| format!("COPY {files} {folder}\n")).unwrap_or_default();
    let reads = manifests.map_or_else(|| "no file of the context".to_owned(), |files| format!("only {files}"));
    Fix {
        summary: format!("run `{}` before `{}`", brief(&shown.text), copy.text),
        steps: vec![
            format!("`{}` has to read {reads}: copy that first, run it, and copy the rest afterwards.", brief(&shown.text)),
            "List `.git`, build results and whatever the build does not read in `.dockerignore`: `.git` changes with every commit.".to_owned(),
        ],
        snippet: Some(format!(
            "# before\n{copy}\n{run}{last}\n# after\n{first}{run}\n{copy}{last}\n# .dockerignore\n.git",
            copy = copy.text,
            run = shown.text
        )),
        cost: String::new(),
        ..Fix::default()
    }
}

/// The files that name the dependencies, by the tool that installs them; none for the system's packages.
fn manifests(run: &str) -> Option<&'static str> {
    const FILES: [(&str, &str); 17] = [
        ("pnpm", "package.json pnpm-lock.yaml"),
        ("npm", "package.json package-lock.json"),
        ("yarn", "package.json yarn.lock"),
        ("bun ", "package.json bun.lock"),
        ("poetry", "pyproject.toml poetry.lock"),
        ("uv ", "pyproject.toml uv.lock"),
        ("pipenv", "Pipfile Pipfile.lock"),
        ("pip", "requirements.txt"),
        ("bundle", "Gemfile Gemfile.lock"),
        ("go mod", "go.mod go.sum"),
        ("cargo", "Cargo.toml Cargo.lock"),
        ("composer", "composer.json composer.lock"),
        ("dotnet", "*.sln */*.csproj"),
        ("mvn", "pom.xml"),
        ("mix", "mix.exs mix.lock"),
        ("gradle", "settings.gradle build.gradle"),
        ("", "THE-FILES-IT-READS"),
    ];
    let system = ["apt-get ", "apt ", "apk ", "yum ", "dnf "].iter().any(|tool| run.contains(tool));
    let found = FILES.iter().find(|(tool, _)| run.contains(tool)).map(|(_, files)| *files)?;
    (!system || !found.starts_with("THE")).then_some(found)
}

fn rules_out(installs: bool) -> Vec<String> {
    let mut said = vec![
        "which file changed is not in a build log; `git diff --stat` between the commits shows it, and file modes and `.git` count too".to_owned(),
    ];
    if !installs {
        said.push("whether the RUN steps need the sources is for the Dockerfile's author to say: none of them is a known installation".to_owned());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::CacheKind;

    fn run() -> Made {
        made().import("r.example.com/a:c", None).from("node:20", "aa")
    }

    fn three(cold: &dyn Fn() -> Made, warm: &dyn Fn() -> Made) -> Vec<Finding> {
        ContextCopiedTooEarly.check(&of(vec![cold(), warm(), warm()]))
    }

    #[test]
    fn fires_before_an_installation() {
        let cold = || run().miss("WORKDIR /app").miss("COPY . .").miss("RUN npm ci").miss("RUN npm run build");
        let warm = || run().hit("WORKDIR /app").miss("COPY . .").miss("RUN npm ci").miss("RUN npm run build");
        let found = three(&cold, &warm);
        assert_eq!((found.len(), found[0].confidence, found[0].impact.steps), (1, Confidence::Likely, 6));
        let snippet = found[0].fix.snippet.clone().unwrap_or_default();
        assert!(
            snippet.contains("COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build"),
            "{snippet}"
        );
    }

    #[test]
    fn fires_where_it_is_the_first_step_of_a_stored_stage() {
        let one = || {
            run().miss("COPY . /app").miss("RUN pip install -r /app/requirements.txt").export(CacheKind::Registry, None)
        };
        assert_eq!(three(&one, &one)[0].confidence, Confidence::Suspected);
    }

    #[test]
    fn leaves_the_usual_order() {
        let warm = || {
            run()
                .hit("COPY package.json ./")
                .hit("RUN npm ci")
                .miss("COPY . .")
                .miss("RUN npm run build")
                .miss("RUN npm test")
        };
        let cold = || {
            run()
                .miss("COPY package.json ./")
                .miss("RUN npm ci")
                .miss("COPY . .")
                .miss("RUN npm run build")
                .miss("RUN npm test")
        };
        assert!(three(&cold, &warm).is_empty());
    }

    #[test]
    fn leaves_a_lone_build_step_and_a_single_change() {
        let warm = || run().hit("WORKDIR /src").miss("COPY . .").miss("RUN make");
        assert!(three(&warm, &warm).is_empty());
        let early = || run().hit("WORKDIR /app").miss("COPY . .").miss("RUN npm ci");
        let same = || run().hit("WORKDIR /app").hit("COPY . .").hit("RUN npm ci");
        assert!(ContextCopiedTooEarly.check(&of(vec![early(), early()])).is_empty());
        assert!(ContextCopiedTooEarly.check(&of(vec![early(), same(), early(), same(), early()])).is_empty());
    }
}

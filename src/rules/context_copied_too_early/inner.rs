//! Copies of less than the whole context above an installation: folders of it, of which the
//! installation reads nothing, or of which other instructions bring what it reads; a folder that is
//! a project of its own; and what another stage copied as a whole.

use super::configured::{EarlyContext, step};
use super::{advice, order};
use crate::config::{Change, Instruction, Stage};
use crate::rules::installation;
use crate::rules::instruction::{
    commands, copies_a_folder, copies_context, copies_everything, fetches, installs,
    is_bare_manifest, script, sources,
};

/// `COPY app /app` above `RUN pip install flask`: what names its packages itself reads no file.
pub(super) fn of_folder(stage: &Stage) -> Option<EarlyContext<'_>> {
    let copy = stage
        .instructions
        .iter()
        .find(|i| copies_a_folder(&i.text) && !holds_settings(stage, i))?;
    let run = stage.instructions.iter().find(|i| i.line > copy.line && i.keyword == "RUN")?;
    let named = installation::reads(&run.text).is_some_and(|files| files.is_empty());
    named.then(|| EarlyContext {
        copy,
        run,
        change: order::change(stage, copy),
        takes: "a folder of the build context".to_owned(),
        reads: "none",
        step: "Install above the COPY: the packages are named in the command itself.".to_owned(),
    })
}

/// `COPY src ./src` above `COPY package.json package-lock.json ./`, `RUN npm ci`: all that the
/// installation reads is brought by itself, and the folder is one of sources. Folders of packages
/// are left: `workspaces` may name them.
pub(super) fn of_sources(stage: &Stage) -> Option<EarlyContext<'_>> {
    let copy = stage.instructions.iter().find(|i| copies_sources(&i.text))?;
    let run = stage.instructions.iter().find(|i| i.line > copy.line && i.keyword == "RUN")?;
    let certain = installation::reads(&run.text).filter(|files| !files.is_empty());
    let files = certain.clone().or_else(|| named(&run.text))?;
    let above = || stage.instructions.iter().filter(|i| i.line < run.line && i.line != copy.line);
    let brought = |file: &String| above().any(|i| brings(i, file));
    files.iter().all(brought).then(|| EarlyContext {
        copy,
        run,
        change: match certain {
            Some(_) => Ok(Change::CopyLater { copy: copy.line, runs: vec![run.line], first: None }),
            None => Err(UNCERTAIN.to_owned()),
        },
        takes: "a folder of sources".to_owned(),
        reads: "none",
        step: format!(
            "Copy the folder below the installation: what the installation reads is copied by \
                itself.{}",
            advice::without_sources(&run.text)
        ),
    })
}

const UNCERTAIN: &str = "which files the installation reads is not certain";

/// The files that the installation of a project reads by the name of its tool; scripts of the
/// project that it calls may read others. What names its packages itself is none.
pub(super) fn named(run: &str) -> Option<Vec<String>> {
    if !installation::is_all(run) && installation::split(run).is_none() {
        return None;
    }
    let part = commands(script(run)).find(|part| fetches(part) && is_of_project(part))?;
    let part = format!("RUN {part}");
    let files = advice::named_files(&part).filter(|files| !files.contains('*'))?;
    Some(files.split(' ').map(str::to_owned).collect())
}

/// `npm install --omit=dev`, `pip install -r a.txt`; not `npm install -g serve`, `apk add npm`.
fn is_of_project(command: &str) -> bool {
    const TOOLS: [&str; 11] =
        ["bun", "bundle", "composer", "go", "mix", "npm", "pipenv", "pnpm", "poetry", "uv", "yarn"];
    let words: Vec<&str> =
        command.split_ascii_whitespace().skip_while(|word| word.contains('=')).collect();
    let Some((tool, rest)) = words.split_first() else { return false };
    if matches!(*tool, "pip" | "pip3") {
        return rest.iter().any(|word| matches!(*word, "-r" | "--requirement"));
    }
    let global = rest.iter().any(|word| matches!(*word, "-g" | "--global" | "global" | "pip"));
    let number = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    let plain = rest.iter().filter(|word| !word.starts_with('-') && !number(word)).count();
    let most = if matches!(*tool, "go" | "mix") { 2 } else { 1 };
    TOOLS.contains(tool) && !global && plain <= most
}

/// `COPY frontend ./` above `RUN npm install`, in the folder that it is copied to: a project of
/// several, copied as a whole. Nothing else brings what the installation reads, and nothing below
/// the rest of the program.
pub(super) fn of_project(stage: &Stage) -> Option<EarlyContext<'_>> {
    let mut runs = stage.instructions.iter().filter(|i| named(&i.text).is_some());
    runs.find_map(|run| project_above(stage, run))
}

fn project_above<'a>(stage: &'a Stage, run: &'a Instruction) -> Option<EarlyContext<'a>> {
    let place = order::workdir(stage, run.line)?;
    let there = |i: &&Instruction| place_of(stage, i).is_none_or(|to| within(&to, &place));
    let copies = stage.instructions.iter().filter(|i| copies_context(&i.text));
    let into: Vec<&Instruction> = copies.filter(there).collect();
    let [copy] = into.as_slice() else { return None };
    let one_folder = sources(&copy.text).len() == 1 && copies_a_folder(&copy.text);
    let exact = place_of(stage, copy).as_deref() == Some(place.as_str());
    (copy.line < run.line && one_folder && exact).then(|| EarlyContext {
        copy,
        run,
        change: Err(UNCERTAIN.to_owned()),
        takes: "a folder of the build context".to_owned(),
        reads: "only a few",
        step: step(&run.text, &folder_of(copy)),
    })
}

/// The only folder that a COPY names.
fn folder_of(copy: &Instruction) -> String {
    let folder = sources(&copy.text).into_iter().next().unwrap_or_default();
    folder.trim_start_matches("./").trim_end_matches('/').to_owned()
}

/// The folder of the context that an installation stands in, where all of it was copied; empty for
/// its root, and where that is not known.
pub(super) fn folder(stage: &Stage, copy: &Instruction, run: &Instruction) -> String {
    let to = place_of(stage, copy);
    let at = order::workdir(stage, run.line);
    let inside = to.zip(at).and_then(|(to, at)| Some(at.strip_prefix(&to)?.to_owned()));
    let inside = inside.filter(|rest| rest.starts_with('/'));
    inside.unwrap_or_default().trim_start_matches('/').to_owned()
}

/// A path is another one or lies in it.
fn within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(in crate::rules) fn copies_sources(text: &str) -> bool {
    const FOLDERS: [&str; 14] = [
        "app",
        "client",
        "cmd",
        "docs",
        "internal",
        "public",
        "server",
        "source",
        "spec",
        "src",
        "static",
        "templates",
        "test",
        "tests",
    ];
    let known =
        |source: &String| FOLDERS.contains(&source.trim_start_matches("./").trim_end_matches('/'));
    copies_context(text) && sources(text).iter().all(known)
}

/// A COPY of the context that holds one of these files, or a folder that may.
pub(super) fn may_bring(text: &str, files: &[String]) -> bool {
    let folder = |source: &String| {
        let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let bare = !name.trim_start_matches('.').contains('.') && !is_bare_manifest(name);
        source.ends_with('/') || bare
    };
    sources(text).iter().any(folder) || files.iter().any(|file| names(text, file))
}

/// Names the file itself, or a pattern that it fits: `package*.json`.
pub(super) fn brings(copy: &Instruction, file: &str) -> bool {
    copies_context(&copy.text) && names(&copy.text, file)
}

fn names(text: &str, file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let fits = |source: &String| {
        let source = source.rsplit('/').next().unwrap_or(source);
        match source.split_once('*') {
            Some((start, end)) => name.starts_with(start) && name.ends_with(end),
            None => source == name,
        }
    };
    sources(text).iter().any(fits)
}

/// It may bring what tells an installer where to look: `/etc/apt`, `/root/.pip`. A folder whose
/// place in the image is not known may be any.
pub(super) fn holds_settings(stage: &Stage, copy: &Instruction) -> bool {
    let to = copy.text.split_ascii_whitespace().next_back().unwrap_or_default();
    let workdir = || order::workdir(stage, copy.line);
    let place = if to.starts_with('/') { Some(to.to_owned()) } else { workdir() };
    place.is_none_or(|place| {
        let place = place.trim_end_matches('/');
        place.is_empty()
            || ["/etc", "/usr", "/root", "/home", "/opt"].iter().any(|own| place.starts_with(own))
            || place.contains('$')
    })
}

/// `COPY --from=source /app ./` above an installation: the other stage copied the whole context
/// there, and so did this one.
pub(super) fn of_stage(stages: &[Stage], at: usize) -> Option<EarlyContext<'_>> {
    let stage = stages.get(at)?;
    let copy = stage.instructions.iter().find(|i| takes_in_all(stages, at, i))?;
    let run = stage.instructions.iter().find(|i| i.line > copy.line && installs(&i.text))?;
    let from = copy.from.first()?;
    let history = sources(&copy.text).iter().any(|source| source.ends_with("/.git"));
    let takes = if history {
        "the history of the repository, different in each commit".to_owned()
    } else {
        format!("the build context, which the stage `{from}` copied as a whole")
    };
    (!installs_above(stage, copy.line)).then(|| EarlyContext {
        copy,
        run,
        change: Err("which files the installation reads is not certain".to_owned()),
        takes,
        reads: if history { "hardly any" } else { "only a few" },
        step: "Copy the files that name the dependencies from there, install, and copy the rest \
            afterwards."
            .to_owned(),
    })
}

/// What was copied above the line has been installed there: the stage has the order in mind.
/// Packages of the system come before any copy.
fn installs_above(stage: &Stage, line: u64) -> bool {
    let above = || stage.instructions.iter().filter(|i| i.line < line);
    let first = above().find(|i| i.keyword == "COPY").map_or(line, |copy| copy.line);
    above().any(|i| i.line > first && installs(&i.text))
}

/// The source is where the other stage copied the whole context, or the history in it.
fn takes_in_all(stages: &[Stage], at: usize, copy: &Instruction) -> bool {
    if copy.keyword != "COPY" {
        return false;
    }
    let Some(from) = copy.from.first() else { return false };
    let earlier = stages.iter().take(at).rfind(|stage| stage.name.eq_ignore_ascii_case(from));
    let Some(other) = earlier else { return false };
    let places: Vec<String> =
        other.instructions.iter().filter_map(|i| place_of_all(other, i)).collect();
    sources(&copy.text).iter().any(|source| {
        let source = source.trim_end_matches('/');
        let source = source.strip_suffix("/.git").unwrap_or(source);
        places.iter().any(|place| place == source)
    })
}

/// Where a COPY of everything puts it.
fn place_of_all(stage: &Stage, copy: &Instruction) -> Option<String> {
    if !copies_everything(&copy.text) {
        return None;
    }
    place_of(stage, copy)
}

/// Where a COPY puts what it takes.
fn place_of(stage: &Stage, copy: &Instruction) -> Option<String> {
    let to = copy.text.trim_end_matches([' ', ']', '"']);
    let to = to.rsplit([' ', '"']).next()?.trim_end_matches('/');
    if to.contains('$') {
        return None;
    }
    let place = match to {
        to if to.starts_with('/') => to.to_owned(),
        "." | "" => order::workdir(stage, copy.line)?,
        to => format!("{}/{}", order::workdir(stage, copy.line)?, to.trim_start_matches("./")),
    };
    Some(place).filter(|place| place.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn found(text: &str) -> Option<(String, String)> {
        let config = Config::read("Dockerfile", text).unwrap().unwrap();
        let stages = &config.content.stages;
        let early = stages.iter().find_map(of_folder);
        let early = early.or_else(|| (0..stages.len()).find_map(|at| of_stage(stages, at)))?;
        Some((early.copy.text.clone(), early.run.text.clone()))
    }

    #[test]
    fn a_folder_above_packages_that_are_named_is_told() {
        let told = found("FROM python\nWORKDIR /app\nCOPY ./app /app\nRUN pip install flask\n");
        assert_eq!(told.unwrap().0, "COPY ./app /app");
        for text in [
            "FROM python\nCOPY etc /etc\nRUN apt-get install -y curl\n",
            "FROM python\nCOPY rootfs /\nRUN apt-get install -y curl\n",
            "FROM python\nCOPY app /app\nRUN pip install -r /app/requirements.txt\n",
            "FROM python\nCOPY app /app\nRUN make -C /app\nRUN pip install flask\n",
            "FROM python\nRUN pip install flask\nCOPY app /app\n",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_folder_of_sources_above_what_the_installation_reads_is_told() {
        let found = |text: &str| {
            let config = Config::read("Dockerfile", text).unwrap().unwrap();
            let stage = &config.content.stages[0];
            of_sources(stage).map(|early| (early.copy.line, early.run.line))
        };
        let node = "FROM node\nWORKDIR /app\nCOPY src ./src\n";
        for manifests in ["package.json package-lock.json ./", "package*.json ./"] {
            for run in ["npm ci", "npm install && npm run build"] {
                let text = format!("{node}COPY {manifests}\nRUN {run}\n");
                assert_eq!(found(&text), Some((3, 5)), "{text}");
            }
        }
        assert_eq!(
            found(
                "FROM python\nCOPY ./app /app\nCOPY requirements.txt .\nRUN pip install -r \
                requirements.txt\n"
            ),
            Some((2, 4))
        );
        for text in [
            "FROM node\nCOPY packages packages\nCOPY package.json yarn.lock ./\nRUN yarn install \
                --immutable\n",
            "FROM node\nCOPY src src\nCOPY package.json ./\nRUN npm ci\n",
            "FROM node\nCOPY src src\nCOPY package*.json ./\nRUN npm run a && npm ci\n",
            "FROM node\nCOPY package*.json ./\nRUN npm ci\nCOPY src src\n",
            "FROM node\nCOPY src src\nRUN make -C src\nCOPY package*.json ./\nRUN npm ci\n",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_project_that_is_copied_as_a_whole_is_told() {
        let told = |text: &str| {
            let config = Config::read("Dockerfile", text).unwrap().unwrap();
            of_project(&config.content.stages[0]).map(|early| (early.copy.line, early.run.line))
        };
        let node = "FROM node\nWORKDIR /app\nCOPY frontend ./\nRUN npm install && npm run build\n";
        assert_eq!(told(node), Some((3, 4)));
        let inner = "FROM node\nWORKDIR /src\nCOPY package.json ./\nRUN npm i -g pnpm\n\
            COPY web/ web/\nWORKDIR /src/web\nRUN npm ci\n";
        assert_eq!(told(inner), Some((5, 7)));
        for text in [
            node.replace("COPY frontend ./\n", "COPY frontend/package.json ./\nCOPY frontend ./\n"),
            node.replace("COPY frontend ./", "COPY tools /tools"),
            node.replace("COPY frontend ./", "COPY prisma ./prisma"),
            node.replace("COPY frontend ./", "COPY requirements ./"),
            node.replace("npm run build\n", "npm run build\nCOPY src ./src\n"),
            node.replace("WORKDIR /app\n", ""),
            node.replace("npm install && npm run build", "make"),
        ] {
            assert_eq!(told(&text), None, "{text}");
        }
    }

    #[test]
    fn what_another_stage_copied_as_a_whole_is_told() {
        let all =
            "FROM node AS all\nWORKDIR /src\nCOPY . .\nRUN npm run x\nFROM node\nWORKDIR /app\n";
        for copy in ["COPY --from=all /src .", "COPY --from=all /src/.git ./.git"] {
            let told = found(&format!("{all}{copy}\nRUN npm ci\n"));
            assert_eq!(told.unwrap(), (copy.to_owned(), "RUN npm ci".to_owned()));
        }
        for copy in ["COPY --from=all /src/package.json .", "COPY --from=all /src/dist dist"] {
            assert_eq!(found(&format!("{all}{copy}\nRUN npm ci\n")), None, "{copy}");
        }
        let system = format!("{all}RUN apk add git\nCOPY --from=all /src .\nRUN npm ci\n");
        assert!(found(&system).is_some());
        assert_eq!(found(&format!("{all}RUN npm ci\nCOPY --from=all /src .\n")), None);
    }
}

//! Copies of less than the whole context above an installation: folders of it, of which the
//! installation reads nothing, and what another stage copied as a whole.

use super::configured::Early;
use super::order;
use crate::config::{Instruction, Stage};
use crate::rules::installation;
use crate::rules::instruction::{copies_a_folder, copies_everything, installs, sources};

/// `COPY app /app` above `RUN pip install flask`: what names its packages itself reads no file.
pub(super) fn of_folder(stage: &Stage) -> Option<Early<'_>> {
    let copy = stage
        .instructions
        .iter()
        .find(|i| copies_a_folder(&i.text) && !holds_settings(stage, i))?;
    let run = stage.instructions.iter().find(|i| i.line > copy.line && i.keyword == "RUN")?;
    let named = installation::reads(&run.text).is_some_and(|files| files.is_empty());
    named.then(|| Early {
        copy,
        run,
        change: order::change(stage, copy),
        takes: "a folder of the build context".to_owned(),
        reads: "none",
        step: "Install above the COPY: the packages are named in the command itself.",
    })
}

/// It may bring what tells an installer where to look: `/etc/apt`, `/root/.pip`. A folder whose
/// place in the image is not known may be any.
fn holds_settings(stage: &Stage, copy: &Instruction) -> bool {
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
pub(super) fn of_stage(stages: &[Stage], at: usize) -> Option<Early<'_>> {
    let stage = stages.get(at)?;
    let copy = stage.instructions.iter().find(|i| takes_in_all(stages, at, i))?;
    let run = stage.instructions.iter().find(|i| i.line > copy.line && installs(&i.text))?;
    let from = copy.from.first()?;
    let history = sources(&copy.text).iter().any(|source| source.ends_with("/.git"));
    let takes = if history {
        "the history of the repository, another one in each commit".to_owned()
    } else {
        format!("the build context, which the stage `{from}` copied as a whole")
    };
    (!installs_above(stage, copy.line)).then(|| Early {
        copy,
        run,
        change: Err("which files the installation reads is not certain".to_owned()),
        takes,
        reads: if history { "hardly any" } else { "only a few" },
        step: "Copy the files that name the dependencies from there, install, and copy the rest \
            afterwards.",
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
    let Some(from) = copy.from.first().filter(|_| copy.keyword == "COPY") else { return false };
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
    let to = copy.text.split_ascii_whitespace().next_back()?.trim_end_matches('/');
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

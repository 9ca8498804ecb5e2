//! Reading as `BuildKit` does, and changes that lose nothing.

use proptest::prelude::*;

use super::*;
use crate::config::Config;

fn read(text: &str) -> Content {
    Dockerfile.read(text).unwrap()
}

fn texts(text: &str) -> Vec<String> {
    read(text).stages.into_iter().flat_map(|s| s.instructions).map(|i| i.text).collect()
}

#[test]
fn joins_lines_as_buildkit_prints_them() {
    let text = "from alpine AS Base\nrun a && \\\n    # why\n\n    b   \\  \n  && c\ncopy . /x\n";
    assert_eq!(texts(text), ["RUN a &&     b     && c", "COPY . /x"]);
    assert_eq!(read(text).stages[0].name, "base");
    let lines: Vec<(u64, u64)> =
        read(text).stages[0].instructions.iter().map(|i| (i.line, i.end)).collect();
    assert_eq!(lines, [(2, 6), (7, 7)]);
}

#[test]
fn the_escape_directive_counts_at_the_top_only() {
    let windows =
        "# syntax=docker/dockerfile:1\r\n# escape=`\r\nFROM x\r\nRUN dir `\r\n  c:\\\r\nRUN b\r\n";
    assert_eq!(texts(windows), ["RUN dir   c:\\", "RUN b"]);
    assert_eq!(texts("# a comment\n# escape=`\nFROM x\nRUN a \\\n b"), ["RUN a  b"]);
    assert_eq!(texts("FROM x\nRUN a \\\\\nRUN b"), ["RUN a \\\\", "RUN b"]);
}

#[test]
fn here_documents_end_at_their_word() {
    let text = "FROM x\nRUN <<EOF\nset -e\nFROM no\nEOF\nRUN <<'PY' sh\n# body\n\tPY\nPY\nCOPY \
        <<-A <<\"B\" /x/\n\tA\nRUN no\nB\nRUN a <<< b 1<<2\n2\nRUN c";
    let all = read(text).stages.remove(0).instructions;
    let found: Vec<(&str, u64, u64)> =
        all.iter().map(|i| (i.text.as_str(), i.line, i.end)).collect();
    assert_eq!(
        found,
        [
            ("RUN <<EOF (set -e...)", 2, 5),
            ("RUN <<'PY' sh", 6, 9),
            ("COPY <<-A <<\"B\" /x/", 10, 13),
            ("RUN a <<< b 1<<2", 14, 15),
            ("RUN c", 16, 16),
        ]
    );
    assert_eq!(all[1].body, "# body\n\tPY\n");
    assert!(Dockerfile.read("FROM x\nRUN <<EOF\na").is_err());
}

#[test]
fn stages_and_what_they_read() {
    let text = "ARG V=1\nFROM --platform=$BUILDPLATFORM golang:$V as Build\nONBUILD COPY . .\nFROM \
        build\nCOPY --from=Build --chown=a /a /b\nRUN --mount=type=cache,target=/c \
        --mount=type=bind,from=build,target=/d make\nRUN echo --from=x\n";
    let content = read(text);
    assert_eq!(content.arguments[0].text, "ARG V=1");
    assert_eq!(
        (content.stages[0].base.as_str(), content.stages[1].base.as_str()),
        ("golang:$V", "build")
    );
    let from: Vec<&[String]> =
        content.stages[1].instructions.iter().map(|i| i.from.as_slice()).collect();
    assert_eq!(from, [&["build".to_owned()][..], &["build".to_owned()], &[]]);
}

#[test]
fn names_that_are_declared_and_used() {
    assert_eq!(declared("ARG A=1 B"), ["A", "B"]);
    assert_eq!(declared("ENV A=\"x y\" B=2"), ["A", "B"]);
    assert_eq!(declared("ENV PATH /a:$PATH x=y"), ["PATH"]);
    assert!(declared("LABEL a=b").is_empty());
    assert!(
        mentions("RUN echo ${A:-x}", "A")
            && mentions("RUN x$A/b", "A")
            && mentions("RUN \"$A\"", "A")
    );
    assert!(!mentions("RUN echo $AB A ${BA}", "A"));
}

#[test]
fn names_of_files() {
    for name in [
        "Dockerfile",
        "a/dockerfile",
        "Containerfile",
        "api.Dockerfile",
        "Dockerfile.prod",
        "Dockerfile.x.y",
    ] {
        assert!(Dockerfile.names(name), "{name}");
    }
    for name in [
        "Dockerfile.md",
        "my-dockerfile",
        "Dockerfile.tmpl",
        "dockerfiles/x.yml",
        "Dockerfile.d/readme.txt",
    ] {
        assert!(!Dockerfile.names(name), "{name}");
    }
    let other = |text: &str| Dockerfile.may_be_other("docs/Dockerfile.rst", text);
    assert!(other("Dockerfile reference\n====\nFROM what to where\n") && other("RUN a\n"));
    assert!(!other("# syntax=docker/dockerfile:1\nARG A\nFROM a\n"));
    assert_eq!(
        Config::read("Dockerfile.dockerignore", ".git\n").unwrap().unwrap().content.ignored,
        [".git"]
    );
    assert!(
        Dockerfile.looks("# x\nARG A\nFROM a\n")
            && !Dockerfile.looks("from here on\n")
            && !Dockerfile.looks("a")
    );
}

#[test]
fn refuses_what_would_build_something_else() {
    let refused = |text: &str, change: Change| {
        Config::read("Dockerfile", text).unwrap().unwrap().corrected(&[change]).unwrap_err()
    };
    let later = |line, before| Change::DeclareLater { declared: vec![line], before };
    let two = "FROM a\nARG X\nRUN echo ${X}\nFROM b\nRUN c\n";
    assert!(refused(two, later(2, 5)).contains("cannot move"));
    assert!(refused(two, later(2, 4)).contains("RUN in line 3 depends"));
    assert!(refused("FROM a\nARG X\nENV Y=$X\nRUN c\n", later(2, 4)).contains("ENV in line 3"));
    assert!(refused("FROM a\nENV X=1\nWORKDIR /$X\nRUN c\n", later(2, 4)).contains("WORKDIR"));
    assert!(
        refused("FROM a\nARG X\nRUN <<E\necho $X\nE\nRUN c\n", later(2, 6))
            .contains("RUN in line 3")
    );
    let copy = |copy, run| Change::CopyLater { copy, runs: vec![run], first: None };
    assert!(
        refused("FROM a\nCOPY . .\nWORKDIR /x\nRUN c\n", copy(2, 4)).contains("WORKDIR in line 3")
    );
    assert!(refused("FROM a\nCOPY . $D\nENV D=1\nRUN c\n", copy(2, 4)).contains("ENV in line 3"));
    let pin = |from| Change::PinBase { from, digest: "sha256:00".into() };
    assert!(refused("ARG B\nFROM $B\n", pin(2)).contains("`$B`"));
    assert!(refused("FROM \\\n  a\n", pin(1)).contains("unusual"));
}

#[test]
fn new_instructions_stand_above_the_comment_of_the_one_below() {
    let lines = vec!["COPY go.mod ./".to_owned(), "RUN go mod download".to_owned()];
    let change = Change::Insert { before: 4, lines };
    let config =
        Config::read("Dockerfile", "FROM a\nWORKDIR /src\n# all\nCOPY . .\n").unwrap().unwrap();
    assert_eq!(
        config.corrected(&[change]).unwrap().text,
        "FROM a\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\n# all\nCOPY . .\n"
    );
}

proptest! {
    /// Whatever is asked for: no comment and no instruction is lost, all line ends stay as they
    /// are.
    #[test]
    fn moves_lose_nothing(parts in prop::collection::vec(0..PARTS.len(), 1..12), a in 2_u64..20, b in 2_u64..20, crlf: bool, ended: bool) {
        let mut text = format!("# syntax=docker/dockerfile:1\nFROM a\n{}", parts.iter().filter_map(|&i| PARTS.get(i)).copied().collect::<String>());
        if !ended {
            text.truncate(text.trim_end().len());
        }
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let config = Config::read("Dockerfile", &text).unwrap().unwrap();
        for change in [
            Change::DeclareLater { declared: vec![a], before: b },
            Change::CopyLater { copy: a, runs: vec![b], first: None },
        ] {
            let Ok(new) = config.corrected(&[change]) else { continue };
            let sorted = |text: &str| {
                let mut lines: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
                lines.sort();
                lines
            };
            prop_assert_eq!(sorted(&text), sorted(&new.text));
            let ends = |text: &str| (text.matches('\n').count(), text.matches("\r\n").count());
            let (all, windows) = ends(&new.text);
            prop_assert_eq!(windows, if crlf { all } else { 0 });
            prop_assert_eq!(text.ends_with('\n'), new.text.ends_with('\n'));
        }
    }
}

const PARTS: [&str; 10] = [
    "ARG SHA\n",
    "# of the build\nARG DATE=1\n",
    "ENV V=$SHA\n",
    "RUN a && \\\n  # why\n  b\n",
    "RUN <<EOF\necho $V\nEOF\n",
    "COPY . .\n",
    "\n",
    "WORKDIR /app\n",
    "LABEL a=$DATE\n",
    "FROM b AS c\n",
];

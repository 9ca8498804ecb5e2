//! Pipelines files as people write them.

use proptest::prelude::*;

use super::*;

const ANCHORED: &str = "\
image: node:20
options:
  runtime:
    cloud:
      version: 2
definitions:
  caches:
    sonar: ~/.sonar
    api:
      key:
        files:
          - api/Dockerfile
      path: .cache/api
  steps:
    - step: &build
        name: Build
        caches:
          - docker # shared
          - node
        services: [docker]
        script:
          - docker build .
          - pipe: atlassian/x:1.0
            variables:
              A: b
pipelines:
  default:
    - stage:
        steps:
          - step: *build
    - parallel:
        fail-fast: true
        steps:
          - step: *build
          - step:
              <<: *build
              name: Other
              image: {name: docker:28}
              runtime: {cloud: {version: \"3\"}}
  branches:
    main:
      - parallel:
          - step:
              caches: [docker]
              script: [make]
          - step:
              script: [make]
";

#[test]
fn reads_steps_through_stages_groups_anchors_and_merges() {
    let file = Pipelines::parse(ANCHORED).unwrap();
    let names: Vec<_> =
        file.steps.iter().map(|s| (s.name.as_str(), s.pipeline.as_str(), s.parallel)).collect();
    let expected = [
        ("Build", "default", None),
        ("Build", "default", Some(0)),
        ("Other", "default", Some(0)),
        ("step 4", "branches.main", Some(1)),
        ("step 5", "branches.main", Some(1)),
    ];
    assert_eq!(names, expected);
    let other = &file.steps[2];
    assert_eq!((other.image.as_deref(), other.runtime.as_deref()), (Some("docker:28"), Some("3")));
    assert_eq!(other.script, ["docker build .", "pipe: atlassian/x:1.0"]);
    assert_eq!((file.image.as_deref(), file.runtime.as_deref()), (Some("node:20"), Some("2")));
}

#[test]
fn tells_the_lines_of_steps_and_caches() {
    let file = Pipelines::parse(ANCHORED).unwrap();
    let line = |n: u64| ANCHORED.lines().nth(usize::try_from(n).unwrap() - 1).unwrap().trim();
    assert_eq!(line(file.steps[1].line), "- step: *build");
    for step in [1, 2] {
        assert_eq!(line(file.steps[step].caches[0].line), "- docker # shared");
    }
    assert_eq!(line(file.steps[3].caches[0].line), "caches: [docker]");
}

#[test]
fn reads_definitions_and_sharing_groups() {
    let file = Pipelines::parse(ANCHORED).unwrap();
    assert_eq!(file.caches[0].path, "~/.sonar");
    assert_eq!(
        (file.caches[1].path.as_str(), file.caches[1].key_files.as_slice()),
        (".cache/api", &["api/Dockerfile".into()][..])
    );
    // One of the two steps has runtime 3, which ignores this cache.
    assert!(file.sharing("docker").is_empty() && file.sharing("sonar").is_empty());
    let older = Pipelines::parse(&ANCHORED.replace("version: \"3\"", "version: \"2\"")).unwrap();
    assert_eq!(older.sharing("docker").len(), 1);
}

#[test]
fn only_text_that_is_no_yaml_is_an_error() {
    assert!(Pipelines::parse("a: [").is_err());
    for odd in [
        "",
        "x",
        "- a",
        "pipelines: 3",
        "pipelines: {default: [3, {step: }, {step: [x]}, {parallel: }]}",
        "a: *b",
    ] {
        let _ = Pipelines::parse(odd);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(cuts in proptest::collection::vec((0usize..1200, "[-:{}\\[\\]*&<|>'\"# \
        \n\ta-c]{0,6}"), 0..4)) {
        let mut text = ANCHORED.to_owned();
        for (at, put) in cuts {
            let at = at.min(text.len());
            let end = (at + put.len() / 2).min(text.len());
            text.replace_range(at..end, &put);
        }
        if let Ok(file) = Pipelines::parse(&text) {
            let corrections: Vec<_> = file.steps.iter().map(|s| Correction {
                route: s.route.clone(), cache: "docker".into(), instead: None,
                setting: Setting { image: Some("docker:28-cli".into()), runtime: Some("3".into()) }, builds: vec![BuildChange { item: 0, text: s.script.first().cloned().unwrap_or_default(), verbs: vec!["x".into()], ..BuildChange::default() }],
            }).collect();
            let _ = correct(&text, &corrections, &[]);
        }
    }
}

//! The patch for a pipelines file is taken by `git apply` and does what it says.

use std::fs;

use cachediag::config::Config;
use cachediag::config::bitbucket::Pipelines;
use cachediag::finding::Finding;
use cachediag::model::{Build, CacheOperation, CacheOutcome, CiCache, Dialect, Quote, Run};
use cachediag::rules::{Study, by_id};

use crate::support::git;

const NAME: &str = "bitbucket-pipelines.yml";

const LIST: &str = r#"# Builds all images.
image: atlassian/default-image:4 # has git

definitions:
  caches:
    sonar: ~/.sonar # of the scanner
    # end of the caches

pipelines:
  default:
    # both at once
    - parallel:
        - step:
            name: "Build: api"
            caches:
              - docker # layers
              - sonar
            services: [docker]
            script:
              - docker login -u $USER -p $PASS registry.example.com
              # the service
              - docker build -t registry.example.com/api:$BITBUCKET_COMMIT api # slow
              - docker push registry.example.com/api:$BITBUCKET_COMMIT
        - step:
            name: Build web
            # the same cache
            caches: [ docker, "sonar" ]
            script:
              - "docker build -f web/Dockerfile ."
              - |
                cd jobs
                # not this one: docker build .
                docker build -t jobs \
                  --build-arg A=1 .
                cd ..
    - step:
        name: Deploy
        caches:
          - docker
        script:
          - ./deploy.sh
"#;

const MAPPING: &str = r#"pipelines:
  branches:
    main:
      - parallel:
          fail-fast: true # stop early
          steps:
            - step:
                caches: [docker] # alone
                script: # of one
                  - docker build one
            - step:
                name: Two
                image: node:22
                runtime: {cloud: {version: "2"}}
                caches:
                  # kept between runs
                  - docker
                script:
                  - DOCKER_BUILDKIT=1 docker build two
"#;

const ANCHORS: &str = r"definitions:
  services:
    docker:
      memory: 2048
  steps:
    # used twice
    - step: &api
        name: Api
        caches: &docker-cache
          - docker
          - node
        script:
          - docker build -t api api
    - step: &base
        caches: *docker-cache
        services:
          - docker

pipelines:
  default:
    - parallel:
        - step: *api
        - step:
            <<: *base
            name: Web
            script:
              - docker build -t web web # the site
  branches:
    main:
      - step: *api
";

#[test]
fn registry_caches_for_both_forms_of_parallel() {
    for text in [LIST, MAPPING] {
        let new = patched(text, Dialect::BuildkitPlain);
        let file = Pipelines::parse(&new).unwrap();
        assert!(file.sharing("docker").is_empty());
        for step in file.steps.iter().filter(|s| s.parallel.is_some()) {
            assert_eq!(
                (step.runtime.as_deref(), step.image.as_deref()),
                (Some("3"), Some("docker:28-cli"))
            );
            assert!(step.script.iter().any(|line| line.contains("mode=max")));
        }
        comments_survive(text, &new);
    }
}

#[test]
fn registry_caches_stand_where_the_image_is_pushed() {
    let file = Pipelines::parse(&patched(LIST, Dialect::BuildkitPlain)).unwrap();
    let script = &file.steps[0].script;
    assert_eq!(script[1], "docker buildx create --use --driver docker-container");
    let place = "type=registry,ref=registry.example.com/api:buildcache-build-api";
    let line = format!(
        "docker buildx build --load --cache-from {place} --cache-to \
            {place},mode=max,ignore-error=true -t registry.example.com/api:$BITBUCKET_COMMIT api"
    );
    assert_eq!(script[2], line);
    assert!(
        file.steps[1].script[2].contains("ref=$CACHE_REPOSITORY:buildcache-build-web-2,mode=max")
    );
    assert!(file.steps[1].script[2].contains("# not this one: docker build .\n"));
    assert_eq!(file.steps[2].caches[0].name, "docker");
}

#[test]
fn custom_caches_for_the_older_builder() {
    for text in [LIST, MAPPING] {
        let new = patched(text, Dialect::Classic);
        let file = Pipelines::parse(&new).unwrap();
        assert!(file.sharing("docker").is_empty());
        for step in file.steps.iter().filter(|s| s.parallel.is_some()) {
            let own = step.caches.iter().find(|c| c.name.starts_with("docker-")).unwrap();
            let defined = file.caches.iter().find(|c| c.name == own.name).unwrap();
            assert_eq!(defined.path, format!("~/{}", own.name));
            assert!(
                step.script
                    .iter()
                    .any(|l| l.contains(&format!("docker load -i {}/image.tar", defined.path)))
            );
            assert!(
                step.script
                    .last()
                    .is_some_and(|l| l.contains("docker save") || l.contains("docker push"))
            );
        }
        comments_survive(text, &new);
    }
}

#[test]
fn anchored_steps_are_changed_where_they_are_written() {
    let new = patched(ANCHORS, Dialect::BuildkitPlain);
    let file = Pipelines::parse(&new).unwrap();
    assert!(file.steps.iter().all(|s| !s.uses("docker") && s.uses("node")));
    assert_eq!(file.steps[0].script, file.steps[2].script);
    comments_survive(ANCHORS, &new);
}

#[test]
fn lines_shared_with_other_needs_are_left_alone() {
    let finding = diagnose(ANCHORS, Dialect::Classic).unwrap();
    assert!(finding.fix.edits.is_empty());
    assert!(
        finding
            .fix
            .steps
            .iter()
            .any(|s| s.starts_with("No patch for the file") && s.contains("anchor"))
    );
    let other = LIST
        .replace("docker login -u $USER -p $PASS registry.example.com", "npm ci")
        .replace("cd jobs", "aws ecr x");
    let finding = diagnose(&other, Dialect::BuildkitPlain).unwrap();
    assert!(finding.fix.steps.iter().any(|s| s.contains("also calls `npm`")));
    let after = MAPPING.replace(
        "            - step:\n",
        "            - step:\n                after-script: [./report.sh]\n",
    );
    let finding = diagnose(&after, Dialect::BuildkitPlain).unwrap();
    assert!(
        finding.fix.edits.is_empty()
            && finding.fix.steps.iter().any(|s| s.contains("also calls `./report.sh`"))
    );
}

#[test]
fn line_ends_stay_as_they_are() {
    for text in [LIST, MAPPING, ANCHORS] {
        let crlf = text.replace('\n', "\r\n");
        let new = patched(&crlf, Dialect::BuildkitPlain);
        assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());
        assert_eq!(new.replace("\r\n", "\n"), patched(text, Dialect::BuildkitPlain));
        for dialect in [Dialect::BuildkitPlain, Dialect::Classic] {
            if text != ANCHORS {
                assert!(!patched(text.trim_end(), dialect).ends_with('\n'));
            }
        }
    }
}

#[test]
fn nothing_is_changed_where_each_step_has_its_own() {
    let apart = LIST.replacen("- docker # layers", "- api-images", 1);
    assert!(diagnose(&apart, Dialect::BuildkitPlain).is_none());
}

fn comments_survive(old: &str, new: &str) {
    for comment in
        old.lines().filter_map(|line| line.split_once('#')).map(|(_, comment)| comment.trim_end())
    {
        assert!(new.contains(&format!("#{comment}")), "#{comment} is gone from\n{new}");
    }
}

fn diagnose(text: &str, dialect: Dialect) -> Option<Finding> {
    let line = Quote { line: 7, text: "Cache \"docker: docker.tar\": Upload failed".into() };
    let save = CiCache {
        name: "docker: docker.tar".into(),
        operation: CacheOperation::Save,
        outcome: CacheOutcome::Failed,
        reason: None,
        restored: None,
        quote: line,
    };
    let run = Run {
        source: "step.log".into(),
        ci: Some("bitbucket"),
        builds: vec![Build { dialect, ..Build::default() }],
        ci_caches: [save].into(),
        ..Run::default()
    };
    let config = Config::read(NAME, text).unwrap().unwrap();
    let study = Study::new(vec![run], Vec::new(), vec![config]);
    by_id("parallel-steps-share-cache").unwrap().check(&study).into_iter().next()
}

/// The file after `git apply` of the one edit.
fn patched(text: &str, dialect: Dialect) -> String {
    let fix = diagnose(text, dialect).unwrap().fix;
    assert_eq!(fix.edits.len(), 1, "{:#?}", fix.steps);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(NAME), text).unwrap();
    git::apply(folder.path(), &fix.edits[0].diff);
    fs::read_to_string(folder.path().join(NAME)).unwrap()
}

//! Fixes as they are pasted.

use super::super::testing::made;
use super::*;
use crate::model::{CiNote, Engine, NoteKind, Quote, Run};

fn site(run: Run) -> Site<'static> {
    let study = Box::leak(Box::new(super::super::testing::study(vec![run])));
    Site::of(study, &study.runs[0], &study.runs[0].builds[0])
}

fn snippet(fix: &crate::finding::Fix) -> &str {
    fix.snippet.as_deref().unwrap()
}

#[test]
fn what_the_command_asks_for_beside_caches_is_kept() {
    let command = "docker build --build-arg DEBUG=yes --build-arg 'NOTE=two words' --build-arg \
        BUILDKIT_INLINE_CACHE=0 --platform linux/arm64 --secret id=npm,src=.npmrc --network=host \
        --ssh default --progress plain --label 'a=b c' --pull -t r.example.com/app:1 services/app";
    let site = site(made().command(command).image("r.example.com/app:1").run());
    insta::assert_snapshot!(snippet(&inline_args(&site)), @r"
    docker build \
      --build-arg BUILDKIT_INLINE_CACHE=1 \
      --build-arg DEBUG=yes \
      --build-arg NOTE='two words' \
      --platform linux/arm64 \
      --pull \
      --secret id=npm,src=.npmrc \
      --network host \
      --ssh default \
      --label 'a=b c' \
      --tag r.example.com/app:1 \
      services/app
    ");
}

#[test]
fn a_docker_driver_gets_a_builder_and_a_tag_beside_the_image() {
    let run = made()
        .command(
            "docker build --cache-from r.example.com/app:latest --build-arg \
            BUILDKIT_INLINE_CACHE=1 -t r.example.com/app:latest .",
        )
        .import("r.example.com/app:latest", None)
        .with(|b| b.driver = Some("docker".into()))
        .run();
    let site = site(run);
    assert_eq!(
        (site.form, site.cache.as_str(), site.capable),
        (Form::DockerBuild, "r.example.com/app:buildcache", false)
    );
    insta::assert_snapshot!(snippet(&registry_max(&site)), @r"
    docker buildx create --name ci --driver docker-container --use
    docker buildx build \
      --cache-from type=registry,ref=r.example.com/app:buildcache \
      --cache-from type=registry,ref=r.example.com/app:latest \
      --cache-to type=registry,ref=r.example.com/app:buildcache,mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd \
      --tag r.example.com/app:latest \
      --load .   # or --push
    ");
}

#[test]
fn a_cache_of_its_own_stays_where_it_is() {
    let command = "docker buildx build --cache-to type=registry,ref=r.example.com/app:cache --push \
        -t r.example.com/app:1 .";
    let site = site(made().command(command).with(|b| b.engine = Engine::Buildkitd).run());
    assert_eq!(
        (site.cache.as_str(), site.capable, site.push),
        ("r.example.com/app:cache", true, true)
    );
    assert!(!snippet(&registry_max(&site)).contains("buildx create"));
}

#[test]
fn the_plugin_gets_its_block() {
    let note = |kind, value: &str| CiNote { kind, value: value.into(), quote: Quote::default() };
    let notes = [
        note(NoteKind::ComposePluginVersion, "5-10-0"),
        note(NoteKind::ComposePluginBuilds, "app"),
        note(NoteKind::ComposeImage, "r.example.com/app:42"),
        note(NoteKind::ComposeCacheFrom, "r.example.com/app:latest"),
    ];
    let run =
        Run { notes: notes.into(), ..made().with(|b| b.inline = Some(Quote::default())).run() };
    insta::assert_snapshot!(snippet(&registry_max(&site(run))), @r#"
    plugins:
      - docker-compose#v5.14.0:
          build: app
          push: app:r.example.com/app:42
          builder:
            name: ci
            create: true
            use: true
            driver: docker-container
          cache-from:
            - "app:type=registry,ref=r.example.com/app:buildcache"
            - "app:type=registry,ref=r.example.com/app:latest"
          cache-to:
            - "app:type=registry,ref=r.example.com/app:buildcache,mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd"
    "#);
}

#[test]
fn bake_compose_action_and_buildctl_have_their_forms() {
    let base = Site {
        cache: "r.example.com/a:c".into(),
        image: "r.example.com/a:1".into(),
        target: Some("web".into()),
        ..Site::default()
    };
    for (form, wants) in [
        (
            Form::Bake,
            ["target \"web\" {", "cache-to   = [\"type=registry,ref=r.example.com/a:c,mode=max"],
        ),
        (
            Form::Compose,
            ["  web:\n    build:\n      cache_from:", "      cache_to:\n        - \"type=registry"],
        ),
        (
            Form::BuildPushAction,
            ["- uses: docker/setup-buildx-action@v3", "    cache-to: type=registry"],
        ),
        (Form::Buildctl, ["--import-cache type=registry", "--export-cache type=registry"]),
    ] {
        let fix = registry_max(&Site { form, ..base.clone() });
        assert!(wants.iter().all(|want| snippet(&fix).contains(want)), "{}", snippet(&fix));
    }
}

#[test]
fn what_the_log_does_not_name_is_a_placeholder() {
    let fix = registry_max(&site(made().run()));
    assert!(
        snippet(&fix).contains("ref=REGISTRY/IMAGE:buildcache")
            && fix.steps.iter().any(|s| s.contains("stands for"))
    );
}

#[test]
fn the_engine_fix_says_what_does_not_help() {
    let fix = engine_upgrade(&site(made().run()));
    let all = fix.steps.join("\n");
    assert!(["27.2", "25.x", "containerd", "docker pull"].iter().all(|word| all.contains(word)));
}

#[test]
fn inline_metadata_is_asked_for_in_the_tools_words() {
    let base = Site {
        cache: "r/a:c".into(),
        image: "r/a:1".into(),
        imports: vec!["r/a:1".into()],
        ..Site::default()
    };
    for (form, want) in [
        (Form::DockerBuild, "--build-arg BUILDKIT_INLINE_CACHE=1"),
        (Form::Buildx, "--cache-to type=inline"),
        (Form::ComposePlugin, "buildkit-inline-cache: true"),
        (Form::Compose, "cache_to:\n        - \"type=inline\""),
    ] {
        let fix = inline_args(&Site { form, ..base.clone() });
        assert!(snippet(&fix).contains(want), "{}", snippet(&fix));
    }
}

#[test]
fn targets_get_references_of_their_own() {
    let target = |name: &str| Site {
        form: Form::Bake,
        cache: "r/a:c".into(),
        target: Some(name.into()),
        ..Site::default()
    };
    let fix = own_refs(&[target("web"), target("api")], &[]);
    assert!(
        snippet(&fix).contains("ref=r/a:c-web,mode=max")
            && snippet(&fix).contains("ref=r/a:c-api,mode=max")
    );
    assert!(
        snippet(&add_import(&target("web"))).contains("cache-from = [\"type=registry,ref=r/a:c\"]")
    );
}

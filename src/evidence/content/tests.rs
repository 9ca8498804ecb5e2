//! Digests of made-up contexts: those that a daemon wrote, and those that the formulas give by
//! hand.

use super::*;

fn file(content: &str, mode: u32) -> Node {
    let whole = format!("{}{content}", header(mode, '0', content.len() as u64, ""));
    Node::File(formula::sha256(whole.as_bytes()))
}

/// A context with links, folders in folders, and names that sort around a slash.
fn tree(ignored: &[&str]) -> Tree {
    let files = [
        ("package.json", file("{\"name\":\"x\"}\n", 0o644)),
        ("tsconfig.json", file("{}\n", 0o644)),
        ("run.sh", file("make\n", 0o755)),
        ("link", Node::Link("package.json".to_owned())),
        ("linkdir", Node::Link("src/lib".to_owned())),
        ("broken", Node::Link("nowhere".to_owned())),
        ("src/a.txt", file("a\n", 0o644)),
        ("src/lib/c.ts", file("c\n", 0o644)),
        ("src/lib/deep/d.ts", file("d\n", 0o644)),
        ("src/lib.ts", file("lib\n", 0o644)),
        ("logs/x.log", file("x\n", 0o644)),
    ];
    let ignored: Vec<String> = ignored.iter().map(|line| (*line).to_owned()).collect();
    Tree::of(files.into_iter().map(|(path, node)| (path.to_owned(), node)), 0o755, &ignored)
}

#[track_caller]
fn record(tree: &Tree, text: &str) -> Digest {
    tree.records(&Taken::of(text).unwrap()).unwrap().0[0]
}

fn names(tree: &Tree, text: &str) -> Vec<String> {
    tree.records(&Taken::of(text).unwrap()).unwrap().1.into_iter().map(|(name, _)| name).collect()
}

fn digest(tree: &Tree, path: &str) -> String {
    tree.digest(tree.follow(path).unwrap())
}

/// The record of one source that has this digest.
fn one(text: &str) -> Digest {
    formula::content(&[formula::sha256(text.as_bytes())])
}

#[test]
fn files_and_directories_have_the_records_that_the_daemon_writes() {
    let starts = |digest: Digest, hex: &str| {
        assert!(digest.to_string().starts_with(hex), "{digest} is not {hex}");
    };
    starts(record(&tree(&[]), "COPY package.json ./"), "fddfdc76");
    let of = |node| Tree::of([("src/a.txt".to_owned(), node)].into_iter(), 0o755, &[]);
    starts(record(&of(file("a\n", 0o644)), "COPY src src"), "c7a92834");
    starts(record(&of(file("b\n", 0o644)), "COPY src src"), "49b49a6d");
    let executable = [("package.json".to_owned(), file("{\"name\":\"x\"}\n", 0o755))];
    starts(
        record(&Tree::of(executable.into_iter(), 0o755, &[]), "COPY package.json ./"),
        "2895b432",
    );
}

#[test]
fn a_path_is_cleaned_and_options_of_the_operation_do_not_count() {
    let tree = tree(&[]);
    let plain = record(&tree, "COPY src /x");
    for text in [
        "COPY src/ /x",
        "COPY ./src /x",
        "COPY /src /x",
        "COPY src/lib/.. /x",
        "COPY --chown=1 --link src /x",
        "ADD src /x",
        "COPY [\"src\", \"/x\"]",
        "COPY src src/lib /x",
        "RUN --mount=type=bind,source=src,target=/src make",
    ] {
        assert_eq!(record(&tree, text), plain, "{text}");
    }
    assert_ne!(record(&tree, "COPY src/lib /x"), plain);
    assert_eq!(record(&tree, "RUN --mount=target=/src make"), record(&tree, "COPY . ."));
}

#[test]
fn links_are_followed_where_they_are_named_and_kept_inside_a_directory() {
    let tree = tree(&[]);
    assert_eq!(record(&tree, "COPY link ./"), record(&tree, "COPY package.json ./"));
    assert_eq!(record(&tree, "COPY linkdir/ ./"), record(&tree, "COPY src/lib ./"));
    assert_eq!(record(&tree, "COPY linkdir/c.ts ./"), record(&tree, "COPY src/lib/c.ts ./"));
    assert!(tree.records(&Taken::of("COPY broken ./").unwrap()).is_none());
    assert!(tree.records(&Taken::of("COPY nothing ./").unwrap()).is_none());
    let broken = formula::sha256(header(0o777, '2', 0, "nowhere").as_bytes());
    assert_eq!(digest_of_link(&tree), broken);
    let round = Tree::of([("a".to_owned(), Node::Link("a".to_owned()))].into_iter(), 0o755, &[]);
    assert!(round.records(&Taken::of("COPY a ./").unwrap()).is_none());
}

fn digest_of_link(tree: &Tree) -> String {
    let Node::Directory(root) = &tree.root else { panic!() };
    tree.digest(&root["broken"])
}

#[test]
fn the_root_has_no_header_of_its_own() {
    let tree = tree(&["*", "!run.sh"]);
    let text = format!("\0{}\0run.sh{}", formula::sha256(b""), digest(&tree, "/run.sh"));
    assert_eq!(record(&tree, "COPY . ."), one(&text));
    assert_eq!(names(&tree, "COPY . ."), ["run.sh"]);
}

#[test]
fn a_wildcard_is_a_flat_list_behind_what_stands_in_front_of_it() {
    let tree = tree(&[]);
    let (package, config) = (digest(&tree, "/package.json"), digest(&tree, "/tsconfig.json"));
    assert_eq!(
        record(&tree, "COPY *.json ./"),
        one(&format!("\0package.json{package}\0tsconfig.json{config}"))
    );
    assert_eq!(record(&tree, "COPY packag?.json ./"), one(&format!("\0package.json{package}")));
    assert_ne!(record(&tree, "COPY packag?.json ./"), record(&tree, "COPY package.json ./"));
    let (bare, c, d) =
        (tree.bare(), digest(&tree, "/src/lib/c.ts"), digest(&tree, "/src/lib/deep/d.ts"));
    let lib = digest(&tree, "/src/lib.ts");
    let below =
        format!("\0lib{bare}\0lib\0c.ts{c}\0lib\0deep{bare}\0lib\0deep\0d.ts{d}\0lib.ts{lib}");
    assert_eq!(record(&tree, "COPY src/l* ./"), one(&below));
    assert_eq!(record(&tree, "COPY src/*/c.ts ./"), one(&format!("\0lib\0c.ts{c}")));
    // A link that fits is followed, and nothing below it is listed.
    let dir = digest(&tree, "/src/lib");
    assert_eq!(record(&tree, "COPY link* ./"), one(&format!("\0link{package}\0linkdir{dir}")));
    assert_eq!(record(&tree, "COPY *.none ./"), one(""));
}

#[test]
fn several_sources_are_sorted_and_each_counts_once() {
    let tree = tree(&[]);
    let sources = [digest(&tree, "/package.json"), digest(&tree, "/src")];
    assert_eq!(record(&tree, "COPY src package.json ./"), formula::content(&sources));
    assert_eq!(
        record(&tree, "COPY package.json src ./src package.json ./"),
        formula::content(&sources)
    );
}

#[test]
fn exclude_and_parents_make_lists() {
    let tree = tree(&[]);
    let (bare, a, lib) = (tree.bare(), digest(&tree, "/src/a.txt"), digest(&tree, "/src/lib.ts"));
    let without = format!("\0{bare}\0a.txt{a}\0lib.ts{lib}");
    assert_eq!(record(&tree, "COPY --exclude=lib src /x"), one(&without));
    assert_eq!(names(&tree, "COPY --exclude=lib src /x"), ["src/a.txt", "src/lib.ts"]);
    let c = digest(&tree, "/src/lib/c.ts");
    let parents = format!("\0src{bare}\0src\0lib{bare}\0src\0lib\0c.ts{c}");
    assert_eq!(record(&tree, "COPY --parents src/lib/c.ts /x/"), one(&parents));
    assert_eq!(
        record(&tree, "COPY --exclude=package.json packag*.json ./"),
        record(&tree, "COPY packag*.json ./")
    );
}

#[test]
fn what_dockerignore_names_is_not_there() {
    assert!(names(&tree(&["**/*.ts"]), "COPY src ./").iter().eq(["src/a.txt"]));
    // The folder stays where all of its files go, and goes where it is named itself.
    assert!(tree(&["**/*.log"]).follow("/logs").is_some());
    assert!(tree(&["logs"]).follow("/logs").is_none());
    let back = tree(&["src", "!src/lib/deep"]);
    assert_eq!(names(&back, "COPY src ./"), ["src/lib/deep/d.ts"]);
    assert!(
        names(&tree(&["# src", "", "*", "!*.json"]), "COPY . .")
            .iter()
            .eq(["package.json", "tsconfig.json"])
    );
}

#[test]
fn what_is_not_of_the_context_is_left_alone() {
    for text in [
        "COPY --from=build /app /app",
        "ADD https://example.com/x.tgz /x",
        "COPY <<EOF /x",
        "RUN make",
        "RUN --mount=type=cache,target=/root make",
        "RUN --mount=type=bind,from=deps,source=/x,target=/x make",
        "WORKDIR /app",
        "COPY",
        "COPY --parents a/./b /x",
    ] {
        assert_eq!(Taken::of(text), None, "{text}");
    }
}

/// Docker Engine 28.5.2, with `BuildKit` 0.25.
#[test]
fn wildcards_of_older_builders() {
    let files = [
        ("package.json", "{\"name\":\"shop\",\"dependencies\":{\"a\":\"1\"}}\n"),
        ("package-lock.json", "{\"lockfileVersion\":3}\n"),
        ("src/a.txt", "a\n"),
        ("src/lib/c.ts", "c\n"),
        ("src/lib/deep/d.ts", "d\n"),
        ("src/lib.ts", "e\n"),
        ("one/x.json", "{}\n"),
    ];
    let files = files.map(|(path, content)| (path.to_owned(), file(content, 0o644)));
    let tree = Tree::of(files.into_iter(), 0o755, &[]);
    for (text, digest) in [
        (
            "COPY package*.json ./",
            "d14d5417835d0a814dd8a7df4d92135851d80babf3ae0a560139e6ce7d616829",
        ),
        ("COPY src/* /x/", "5fb877411eb0ef1cb4cd2eeaf1cae735cc0ddf17c79b69edc59b071effe1822d"),
        ("COPY one/*.json /y/", "624a48f4272a8fe0f83327305298e86c96d6c2d8562cb177a328c31c61e590b3"),
        (
            "COPY --exclude=*.ts src /z/",
            "360b063fd239f59f7bf76fa7486360e05556b11694042873bc1ad0040927ecfa",
        ),
        ("COPY src/li* /w/", "1b1190329fd163be6f619b421ca403b540ee76dae99f8b10a702e16c2ca7649f"),
    ] {
        let [_, older] = tree.records(&Taken::of(text).unwrap()).unwrap().0;
        assert_eq!(Digest::parse(&format!("sha256:{digest}")), Some(older), "{text}");
    }
}

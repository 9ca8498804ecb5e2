//! Scripts, and the commands in them.

use super::*;

fn words(text: &str) -> Vec<Vec<String>> {
    commands(text).into_iter().map(|c| c.words.into_iter().map(|w| w.value).collect()).collect()
}

#[test]
fn commands_begin_where_the_grammar_lets_them() {
    assert_eq!(
        words("a b && c; d | e\n(f) & g || ! h"),
        [vec!["a", "b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"], vec!["g"], vec!["h"]]
    );
    assert_eq!(words("if a; then b; else c; fi"), [vec!["a"], vec!["b"], vec!["c"], vec!["fi"]]);
    assert_eq!(words("a # b\n# c\nd#e"), [vec!["a"], vec!["d#e"]]);
}

#[test]
fn words_lose_quotes_and_keep_variables() {
    let text =
        "a \"b $C\" 'd e' f\\ g --x=\"y,${Z:-a b}\" ${{ matrix.a b }} $(h \"i j\") \\\n  k `l m`";
    let expected = [
        "a",
        "b $C",
        "d e",
        "f g",
        "--x=y,${Z:-a b}",
        "${{ matrix.a b }}",
        "$(h \"i j\")",
        "k",
        "`l m`",
    ];
    assert_eq!(words(text), [expected]);
    let found = commands(text);
    assert_eq!(found[0].words[4].range, text.find("--x").unwrap()..text.find(" ${{").unwrap());
}

#[test]
fn here_documents_and_redirections_are_no_words() {
    assert_eq!(
        words("a <<-'END' >x 2>&1 &>y b\n\tdocker build\n\tEND\nc <<E -\nd\nE\ne"),
        [vec!["a", "b"], vec!["c", "-"], vec!["e"]]
    );
    assert_eq!(words("a <<< b c"), [vec!["a", "c"]]);
    assert_eq!(words("a <<END\nnever ended"), [vec!["a"]]);
}

#[test]
fn loops_and_functions_are_known() {
    let text = "for x in a b; do\n c $x\ndone\nd\nbuild() {\n e\n}\n{ f; }\nwhile g; do h; done; i";
    let outer: Vec<_> = commands(text)
        .into_iter()
        .filter(|c| c.words[0].value.len() == 1 && c.words[0].value != "for")
        .map(|c| {
            (
                c.words[0].value.clone(),
                c.outer
                    .map(|at| text.get(at..).unwrap().split([' ', '(']).next().unwrap().to_owned()),
            )
        })
        .collect();
    let at = |name: &str, outer: Option<&str>| (name.to_owned(), outer.map(str::to_owned));
    assert_eq!(
        outer,
        [
            at("c", Some("for")),
            at("d", None),
            at("e", Some("build")),
            at("f", None),
            at("g", Some("while")),
            at("h", Some("while")),
            at("i", None)
        ]
    );
}

#[test]
fn loops_have_their_words_and_arrays_their_elements() {
    let text = "for x in a b; do\n for y in $Z\n do\n  c $x\n done\ndone\nfor ((;;)); do d; done";
    let loops = |name: &str| {
        let found = commands(text).into_iter().find(|c| c.words[0].value == name).unwrap();
        found.loops.into_iter().map(|(x, of)| (x, of.join(" "))).collect::<Vec<_>>()
    };
    let pair = |x: &str, of: &str| (x.to_owned(), of.to_owned());
    assert_eq!(loops("c"), [pair("x", "a b"), pair("y", "$Z")]);
    assert_eq!(loops("d"), []);
    let found = commands("export a=(--x 'y z' # why\n \"$W\") b\nc=(");
    assert_eq!(found[0].array, ["--x", "y z", "$W"]);
    assert_eq!(
        found[0].words.iter().map(|w| w.value.as_str()).collect::<Vec<_>>(),
        ["export", "a=", "b"]
    );
    assert_eq!(found[1].array, [""; 0]);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a\\\\\"'`$(){}<>&|;# \n\u{e9}]{0,40}") {
        for word in commands(&text).iter().flat_map(|c| &c.words) {
            proptest::prop_assert!(text.get(word.range.clone()).is_some());
        }
    }
}

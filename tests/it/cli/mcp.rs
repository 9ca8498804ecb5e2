//! `cachediag mcp` where the other side makes mistakes. What it answers to a real client is tested
//! in `integrations/tests`.

use assert_cmd::Command;
use serde_json::{Value, json};

const HELLO: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
const READY: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Answers by the id of their requests. The input ends at once: what was asked is answered all the
/// same.
fn answers(lines: &[String]) -> Vec<Value> {
    let input = [&[HELLO.to_owned(), READY.to_owned()], lines].concat().join("\n") + "\n";
    let mut server = Command::cargo_bin("cachediag").unwrap();
    let output = server
        .arg("mcp")
        .timeout(std::time::Duration::from_mins(1))
        .write_stdin(input)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn call(id: u64, tool: &str, arguments: &Value) -> String {
    let params = json!({ "name": tool, "arguments": arguments });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
}

fn answer(all: &[Value], id: u64) -> &Value {
    all.iter()
        .find(|answer| answer["id"] == id)
        .unwrap_or_else(|| panic!("no answer to {id} in {all:?}"))
}

#[test]
fn mistakes_of_the_client_are_answered_and_end_nothing() {
    let mistakes = [
        "not JSON",
        "{\"jsonrpc\":\"2.0\"",
        "[]",
        "null",
        "{}",
        r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"no-such"}}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"fix","arguments":{"write":true}}}"#,
    ];
    let mut lines = mistakes.map(str::to_owned).to_vec();
    lines.push(call(5, "explain", &json!({ "rule": "cache-lost" })));
    let said = answers(&lines);
    assert_eq!(answer(&said, 1)["error"]["code"], -32601);
    assert!(answer(&said, 2)["error"]["message"].as_str().unwrap().contains("no such tool"));
    assert_eq!(answer(&said, 4)["result"]["isError"], true);
    assert!(
        answer(&said, 5)["result"]["content"][0]["text"].as_str().unwrap().contains("cache-lost")
    );
}

/// Names of files, log text and numbers of all kinds.
#[test]
fn odd_arguments_are_refused_or_read() {
    let odd = [
        json!({ "paths": ["\u{0}"] }),
        json!({ "paths": ["/dev/null"] }),
        json!({ "paths": ["."], "log": "x" }),
        json!({ "log": "\u{1b}[2J\u{feff}\r\r\n#1 [internal" }),
        json!({ "log": "" }),
        json!({ "config": ["/nowhere"] }),
        json!({ "paths": null }),
        json!([1]),
        json!(7),
    ];
    let lines: Vec<String> =
        (1..).zip(&odd).map(|(id, arguments)| call(id, "diagnose", arguments)).collect();
    let said = answers(&lines);
    assert!(
        answer(&said, 1)["result"]["isError"] == true
            && answer(&said, 3)["result"]["isError"] == true
    );
    assert_eq!(answer(&said, 4)["result"]["isError"], false);
}

/// Who types the command at a keyboard, or ends it at once.
#[test]
fn without_a_client_it_ends() {
    let mut server = Command::cargo_bin("cachediag").unwrap();
    let output = server
        .arg("mcp")
        .timeout(std::time::Duration::from_mins(1))
        .write_stdin("")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .starts_with("error: the client did not begin with initialize")
    );
}

//! The protocol: the order of things, refusals, encodings, changes, and messages that are none.

use serde_json::{Value, json};

use super::client::{Client, framed, uri};
use crate::harness::Home;

const BROKEN: &str =
    "version = 1\n[[capability]]\nid = \"a\"\ndescription = \"ü🦀\"\nwindow = [\"a\"]\n";

fn range(value: &Value) -> [u64; 4] {
    let at = |end: &str, unit: &str| value[end][unit].as_u64().unwrap();
    [at("start", "line"), at("start", "character"), at("end", "line"), at("end", "character")]
}

#[test]
fn a_session_begins_and_ends_in_order() {
    let home = Home::new();
    let mut client = Client::start(home.sidegate());
    let early = client.ask("textDocument/hover", &json!({}));
    assert_eq!(early["error"]["code"], -32002);
    client.tell("initialized", &json!({}));
    assert_eq!(client.ask("initialize", &json!("?"))["error"]["code"], -32602);
    let offered = client
        .ask("initialize", &json!({ "processId": null, "rootUri": null, "capabilities": {} }));
    assert_eq!(offered["result"]["serverInfo"]["name"], "sidegate");
    assert_eq!(offered["result"]["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(client.ask("initialize", &json!({}))["error"]["code"], -32600);
    assert_eq!(client.ask("workspace/symbol", &json!({}))["error"]["code"], -32601);
    assert_eq!(client.ask("textDocument/hover", &json!({ "x": 1 }))["error"]["code"], -32602);
    client.tell("$/whatever", &json!({}));
    client.tell("textDocument/didChange", &json!([]));
    assert_eq!(client.at("textDocument/hover", "file:///not/open.toml", (0, 0)), Value::Null);
    assert_eq!(client.ask("shutdown", &Value::Null)["result"], Value::Null);
    assert_eq!(client.ask("textDocument/hover", &json!({}))["error"]["code"], -32600);
    client.tell("exit", &Value::Null);
    assert_eq!(client.hang_up(), (0, String::new()));
}

#[test]
fn the_exit_status_tells_how_it_ended() {
    let home = Home::new();
    let fresh = Client::start(home.sidegate());
    assert_eq!(fresh.hang_up().0, 1, "without a word");
    let mut early = Client::start(home.sidegate());
    early.tell("exit", &Value::Null);
    assert_eq!(early.hang_up().0, 1, "exit before all");
    let (mut rude, _) = Client::initialized(home.sidegate(), &[]);
    rude.tell("exit", &Value::Null);
    assert_eq!(rude.hang_up().0, 1, "exit without shutdown");
    let (gone, _) = Client::initialized(home.sidegate(), &[]);
    assert_eq!(gone.hang_up().0, 1, "gone");
    let (mut polite, _) = Client::initialized(home.sidegate(), &[]);
    polite.ask("shutdown", &Value::Null);
    assert_eq!(polite.hang_up().0, 0, "shut down, then gone");
}

#[test]
fn places_are_in_the_encoding_that_was_agreed_on() {
    let home = Home::new();
    let file = uri(&home.path().join("a.toml"));
    let text = "version = 1\n[[capability]]\nid = \"ü🦀\"\nwindows = [\"🦀ü\", \"b c\"]\n";
    let cases = [
        (&["utf-32", "utf-8", "utf-16"][..], "utf-8", 13, [21, 26]),
        (&["utf-16"], "utf-16", 10, [18, 23]),
        (&[], "utf-16", 10, [18, 23]),
    ];
    for (encodings, agreed, id_end, window) in cases {
        let (mut client, offered) = Client::initialized(home.sidegate(), encodings);
        assert_eq!(offered["capabilities"]["positionEncoding"], agreed);
        client.open(&file, text);
        let found = client.diagnostics(&file);
        let of = |code: &'static str| found.iter().filter(move |found| found["code"] == code);
        let id = of("bad-id").next().unwrap();
        assert_eq!(range(&id["range"]), [2, 5, 2, id_end], "{agreed}");
        let second = of("bad-window").nth(1).unwrap();
        assert_eq!(range(&second["range"]), [3, window[0], 3, window[1]], "{agreed}");
        client.end();
    }
}

#[test]
fn changes_come_whole_or_piece_by_piece() {
    let home = Home::new();
    let file = uri(&home.path().join("a.toml"));
    for (encodings, crab) in [(&["utf-8"][..], 6), (&["utf-16"], 3)] {
        let (mut client, _) = Client::initialized(home.sidegate(), encodings);
        client.open(&file, BROKEN);
        assert_eq!(client.diagnostics(&file).len(), 2);
        let at = |line: u32, character: u32| json!({ "line": line, "character": character });
        let change = |from: Value, to: Value, text: &str| json!({ "range": { "start": from, "end": to }, "text": text });
        // `window` becomes `windows`; what is between the quotes is replaced in two steps.
        let pieces = json!([
            change(at(4, 6), at(4, 6), "s"),
            change(at(3, 15), at(3, 15 + crab), "é"),
            change(at(3, 15), at(3, 16), "plain"),
        ]);
        client.change(&file, 2, &pieces);
        let found = client.diagnostics(&file);
        assert!(found.is_empty(), "{found:#?}");
        let hover = client.at("textDocument/hover", &file, (2, 6));
        let said = hover["contents"]["value"].as_str().unwrap();
        assert!(said.starts_with("capability `a`: plain"), "{said}");
        client.change(&file, 3, &json!([{ "text": BROKEN }]));
        assert_eq!(client.diagnostics(&file).len(), 2);
        client.tell("textDocument/didClose", &json!({ "textDocument": { "uri": file } }));
        assert!(client.diagnostics(&file).is_empty(), "a closed file has no diagnostics");
        client.end();
    }
}

#[test]
fn a_request_can_be_taken_back_before_its_turn() {
    let home = Home::new();
    let (mut client, _) = Client::initialized(home.sidegate(), &[]);
    let file = uri(&home.path().join("a.toml"));
    let ask = |id: u32| {
        framed(
            &json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/hover", "params": {
            "textDocument": { "uri": file }, "position": { "line": 0, "character": 0 } } })
            .to_string(),
        )
    };
    let cancel = |id: u32| {
        let params = json!({ "id": id });
        framed(
            &json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": params }).to_string(),
        )
    };
    // Whether a request is still waiting is a matter of time; that each is answered once is not.
    client.bytes([ask(901), ask(902), cancel(902), cancel(77), ask(903)].concat().as_bytes());
    let answers: Vec<_> = (0..3).map(|_| client.hear()).collect();
    assert_eq!(answers[0]["id"], 901);
    assert_eq!(answers[1]["id"], 902);
    let is_cancelled = answers[1]["error"]["code"] == -32800;
    assert!(is_cancelled || answers[1].get("result").is_some(), "{answers:?}");
    assert_eq!(answers[2]["id"], 903);
    client.end();
}

#[test]
fn messages_that_are_none_are_answered_and_the_next_one_read() {
    let home = Home::new();
    let (mut client, _) = Client::initialized(home.sidegate(), &[]);
    for (text, code) in [
        ("{ \"secret\": ", -32700),
        ("", -32700),
        ("[1, 2]", -32600),
        ("{ \"jsonrpc\": \"2.0\" }", -32600),
        ("{ \"jsonrpc\": \"1.0\", \"id\": 1, \"method\": \"shutdown\" }", -32600),
        ("\u{feff}{}", -32700),
    ] {
        client.raw(text);
        let answer = client.hear();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&Value::Null, &json!(code)),
            "{text}"
        );
    }
    client.bytes(b"Content-Length: 2\r\n\r\n\xff\xfe");
    assert_eq!(client.hear()["error"]["code"], -32700);
    client.raw("{ \"jsonrpc\": \"2.0\", \"id\": 4711, \"result\": null }");
    client.end();
}

#[test]
fn a_stream_out_of_step_ends_the_server_and_tells_nothing_of_the_text() {
    let home = Home::new();
    for bytes in [
        &b"GET /secret HTTP/1.1\r\n\r\n"[..],
        b"Content-Length: secret\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\nsecret",
        b"Content-Length: 500\r\n\r\n{ \"secret\": ",
    ] {
        let (mut client, _) = Client::initialized(home.sidegate(), &[]);
        client.bytes(bytes);
        let (status, words) = client.hang_up();
        assert_eq!(status, 2, "{words}");
        assert!(words.starts_with("error: the editor's messages: "), "{words}");
        assert!(!words.contains("secret"), "{words}");
    }
}

#[test]
fn a_document_over_the_bounds_is_said_to_be_and_not_looked_at() {
    let home = Home::new();
    let (mut client, _) = Client::initialized(home.sidegate(), &[]);
    let file = uri(&home.write("a.toml", "version = 1\n"));
    client.open(&file, &"#".repeat(1024 * 1024 + 1));
    let found = client.diagnostics(&file);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["code"], "too-much");
    assert_eq!(client.at("textDocument/hover", &file, (0, 0)), Value::Null);
    client.change(&file, 2, &json!([{ "text": "version = 1\n" }]));
    assert!(client.diagnostics(&file).is_empty());
    client.raw(&"x".repeat(8 * 1024 * 1024 + 1));
    assert_eq!(client.hear()["error"]["code"], -32600);
    client.end();
}

//! Delegation as a bridge asks for it: how a token is narrowed, what is refused, and what is left of
//! it once it is taken back.

use serde_json::{Value, json};
use sidegate::Peer;
use sidegate::audit::Entry;
use sidegate::token::Token;

use super::{App, app, root};

/// The messages of one document, each with the next number.
struct Bridge<'a> {
    peer: &'a Peer,
    last: u64,
}

impl Bridge<'_> {
    async fn say(&mut self, kind: char, token: &Token, text: &Value) -> Value {
        self.last += 1;
        let message = format!("{kind}{} {}\n{text}", token.text(), self.last);
        let reply = self.peer.send(message.as_bytes()).await.unwrap();
        serde_json::from_str(&reply).unwrap()
    }

    async fn delegate(&mut self, token: &Token, wanted: &Value) -> Result<Token, Value> {
        let reply = self.say('d', token, wanted).await;
        assert_eq!(reply["id"], self.last);
        match reply["ok"]["token"].as_str() {
            Some(text) => Ok(Token::parse(text.as_bytes()).unwrap()),
            None => Err(reply["error"]["code"].clone()),
        }
    }

    async fn call(&mut self, token: &Token, command: &str) -> Value {
        let reply = self.say('c', token, &json!({ "command": command })).await;
        reply["error"].get("code").cloned().unwrap_or_else(|| "ok".into())
    }

    async fn take_back(&self, token: &Token, number: u64) {
        let message = format!("r{} {number}", token.text());
        assert_eq!(self.peer.send(message.as_bytes()).await, None);
    }
}

fn reason(app: &App) -> Value {
    let record: Entry = app.records("call").pop().unwrap();
    record.get("reason").cloned().unwrap_or_default()
}

#[tokio::test]
async fn what_is_delegated_is_what_was_asked_for_and_the_log_has_it() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let (root, mut bridge) = (root(&peer), Bridge { peer: &peer, last: 0 });
    let wanted = json!({ "commands": ["work.quick", "app.*"], "expires": 60_000, "uses": 2 });
    let lent = bridge.delegate(&root, &wanted).await.unwrap();
    let entry = app.records("delegated").pop().unwrap();
    let lines = json!(["commands work.quick app.*", "expires 60000", "uses 2"]);
    assert_eq!((entry.get("caveats"), entry.get("window")), (Some(&lines), Some(&json!("editor"))));
    for (command, code, why) in [
        ("work.quick", "ok", None),
        ("work.wait", "denied", Some("caveat-commands")),
        ("app.info", "ok", None),
        ("work.quick", "denied", Some("caveat-uses")),
    ] {
        assert_eq!(bridge.call(&lent, command).await, code, "{command}");
        if let Some(why) = why {
            assert_eq!(reason(&app), why);
        }
    }
    // With a scope, a call has to name it; and each delegation has its own count.
    let keys = json!({ "commands": ["work.*"], "key": ["notes.*"] });
    let keyed = bridge.delegate(&root, &keys).await.unwrap();
    assert_eq!(
        (bridge.call(&keyed, "work.quick").await, reason(&app)),
        (json!("denied"), json!("caveat-key"))
    );
    let again = bridge.delegate(&root, &wanted).await.unwrap();
    assert_eq!(bridge.call(&again, "work.quick").await, "ok");
    // Who was lent a token lends less of it, and never more.
    let less = bridge.delegate(&again, &json!({ "commands": ["work.*"] })).await.unwrap();
    assert_eq!(bridge.call(&less, "app.info").await, "denied");
    assert_eq!(bridge.call(&less, "work.quick").await, "ok");
    assert_eq!(bridge.call(&again, "work.quick").await, "denied", "the uses are shared");
    let log = std::fs::read_to_string(&app.log).unwrap();
    for token in [&root, &lent, &keyed, &again, &less] {
        assert!(!log.contains(&token.text()));
    }
}

#[tokio::test]
async fn what_cannot_be_narrowed_to_is_refused() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let (root, mut bridge) = (root(&peer), Bridge { peer: &peer, last: 0 });
    for (wanted, code) in [
        (json!({}), "invalid"),
        (json!({ "path": ["$APPDATA/**"] }), "invalid"),
        (json!({ "commands": "work.*" }), "invalid"),
        (json!({ "commands": [] }), "invalid"),
        (json!({ "commands": [""] }), "invalid"),
        (json!({ "commands": [7] }), "invalid"),
        (json!({ "commands": ["not a command"] }), "invalid"),
        (json!({ "commands": ["work.*"], "path": ["../x"] }), "invalid"),
        (json!({ "commands": ["work.*"], "origin": ["https://a.example"] }), "invalid"),
        (json!({ "commands": ["work.*"], "scope": {} }), "invalid"),
        (json!({ "commands": ["work.*"], "expires": 0 }), "invalid"),
        (json!({ "commands": ["work.*"], "expires": -1 }), "invalid"),
        (json!({ "commands": ["work.*"], "expires": 2_400_001 }), "invalid"),
        (json!({ "commands": ["work.*"], "expires": null }), "invalid"),
        (json!({ "commands": ["work.*"], "uses": 0 }), "invalid"),
        (json!({ "commands": ["work.*"], "uses": 1.5 }), "invalid"),
        (json!({ "commands": ["work.*"], "uses": 4_294_967_296_u64 }), "invalid"),
        (json!({ "commands": [format!("work.{}", "x".repeat(2_100))] }), "invalid"),
        (json!(["work.*"]), "invalid"),
    ] {
        assert_eq!(bridge.delegate(&root, &wanted).await.unwrap_err(), code, "{wanted}");
        assert_eq!(reason(&app), "not-delegated", "{wanted}");
    }
    // A number is good once, for this as for a call.
    let again = format!("d{} {}\n{{\"commands\":[\"work.*\"]}}", root.text(), bridge.last);
    assert!(peer.send(again.as_bytes()).await.unwrap().contains("denied"));
    assert_eq!(reason(&app), "replay");
    assert_eq!(app.records("delegated").len(), 0);
}

#[tokio::test]
async fn what_is_taken_back_is_gone_and_nothing_else_is() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let (root, mut bridge) = (root(&peer), Bridge { peer: &peer, last: 0 });
    let wanted = json!({ "commands": ["work.*"] });
    let first = bridge.delegate(&root, &wanted).await.unwrap();
    let of_first = bridge.delegate(&first, &wanted).await.unwrap();
    let third = bridge.delegate(&root, &json!({ "commands": ["work.*", "app.*"] })).await.unwrap();
    // Nobody takes back what was delegated by somebody else, or what is not there.
    for (token, number) in [(&first, 1), (&first, 3), (&third, 1), (&root, 9)] {
        bridge.take_back(token, number).await;
    }
    assert_eq!(app.records("taken_back").len(), 0);
    for token in [&first, &of_first, &third] {
        assert_eq!(bridge.call(token, "work.quick").await, "ok");
    }
    bridge.take_back(&root, 1).await;
    bridge.take_back(&root, 1).await;
    assert_eq!(app.records("taken_back").len(), 1, "once");
    for (token, code) in [(&first, "denied"), (&of_first, "denied"), (&third, "ok"), (&root, "ok")]
    {
        assert_eq!(bridge.call(token, "work.quick").await, code);
    }
    assert_eq!(bridge.delegate(&first, &wanted).await.unwrap_err(), "denied");
    assert_eq!(reason(&app), "revoked");
}

#[tokio::test]
async fn a_document_delegates_sixty_four_times_and_loses_nothing_by_it() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let (root, mut bridge) = (root(&peer), Bridge { peer: &peer, last: 0 });
    let brief = json!({ "commands": ["work.*"], "expires": 60_000 });
    let mut made = 0;
    while bridge.delegate(&root, &brief).await.is_ok() {
        bridge.take_back(&root, bridge.last).await;
        made += 1;
    }
    assert_eq!((made, reason(&app)), (64, json!("not-delegated")));
    assert_eq!(bridge.call(&root, "work.quick").await, "ok", "and has lost nothing");
}

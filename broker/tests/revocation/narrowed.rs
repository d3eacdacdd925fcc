//! Narrowed tokens as a holder has them: what is refused, who is told why, and what nobody can add.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Value, json};
use sidegate::Revoke;
use sidegate::capabilities::{Origin, WindowLabel};
use sidegate::token::Caveat;

use super::{app, code, root};

#[tokio::test]
async fn a_narrowed_token_is_revoked_without_its_root() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let root = root(&peer);
    let narrowed = root.attenuate(&Caveat::commands(["work.*"]).unwrap()).unwrap();
    let mine = app.waiting(&peer, &root, false).await;
    let theirs = app.waiting(&peer, &narrowed, false).await;
    let revoked = app.broker.revoke(Revoke::Token(&narrowed), "handed back");
    assert_eq!((revoked.documents, revoked.cancelled), (1, 1));
    assert_eq!(theirs.await.unwrap().unwrap_err()["code"], "denied");
    assert!(!mine.is_finished());
    assert_eq!(code(&peer, &narrowed, "work.quick").await, "denied");
    assert_eq!(code(&peer, &root, "work.quick").await, "ok");
    let record = app.records("call").into_iter().find(|entry| entry.get("reason").is_some());
    assert_eq!(record.unwrap().get("reason").unwrap(), "revoked");
    mine.abort();
}

#[tokio::test]
async fn a_refusal_by_a_caveat_is_told_to_the_log_and_not_to_the_page() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let narrow = |caveat: &Caveat| root(&peer).attenuate(caveat).unwrap();
    let refused = peer.invoke("fs.list", json!({})).await.unwrap_err();
    for (caveat, command, reason) in [
        (Caveat::commands(["app.*"]).unwrap(), "work.quick", "caveat-commands"),
        (Caveat::path(["$APPDATA/**"]).unwrap(), "work.quick", "caveat-path"),
        (Caveat::url(["https://a.example/**"]).unwrap(), "work.quick", "caveat-url"),
        (Caveat::key(["a.*"]).unwrap(), "work.quick", "caveat-key"),
        (Caveat::expires(Duration::ZERO), "work.quick", "caveat-expires"),
        (
            Caveat::Origin(Origin::parse("https://a.example").unwrap()),
            "work.quick",
            "caveat-origin",
        ),
        (Caveat::Window(WindowLabel::parse("preview").unwrap()), "work.quick", "caveat-window"),
    ] {
        let answer = peer.invoke_with(&narrow(&caveat), command, json!({})).await.unwrap_err();
        assert_eq!(answer, refused, "{reason}");
        let record = app.records("call").pop().unwrap();
        assert_eq!(record.get("reason").unwrap(), reason);
        let why = record.get("why").unwrap().as_str().unwrap();
        assert!(why.starts_with("the token was narrowed: "), "{why}");
    }
    let twice = narrow(&Caveat::uses(NonZeroU32::new(2).unwrap(), 0));
    let mut answers = Vec::new();
    for command in ["work.quick", "work.none", "work.quick", "work.quick"] {
        answers.push(code(&peer, &twice, command).await);
    }
    assert_eq!(answers, ["ok", "denied", "ok", "denied"], "a refused call costs no use");
    let record = app.records("call").pop().unwrap();
    assert_eq!(record.get("reason").unwrap(), "caveat-uses");
}

/// B09: whatever a page writes beside its command, the authority is the token's.
#[tokio::test]
async fn b09_no_field_of_a_call_widens_it() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let narrowed = root(&peer).attenuate(&Caveat::commands(["app.*"]).unwrap()).unwrap();
    let text = narrowed.text();
    let mut call = 0;
    for (row, envelope, expected) in [
        ("what it may", json!({ "command": "app.info" }), None),
        ("what it may not", json!({ "command": "work.quick" }), Some("denied")),
        ("a scope beside it", json!({ "command": "work.quick", "scope": ["*"] }), Some("invalid")),
        (
            "another token beside it",
            json!({ "command": "work.quick", "token": root(&peer).text() }),
            Some("invalid"),
        ),
        ("caveats beside it", json!({ "command": "work.quick", "caveats": [] }), Some("invalid")),
        (
            "a window beside it",
            json!({ "command": "work.quick", "window": "editor" }),
            Some("invalid"),
        ),
        (
            "all of it in the arguments",
            json!({ "command": "work.quick", "args": { "scope": "*", "token": root(&peer).text(), "commands": ["*"] } }),
            Some("denied"),
        ),
        (
            "a command twice named",
            json!({ "command": ["app.info", "work.quick"] }),
            Some("invalid"),
        ),
    ] {
        call += 1;
        let reply = peer.send(format!("c{text} {call}\n{envelope}").as_bytes()).await.unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["error"]["code"].as_str(), expected, "{row}: {reply}");
    }
}

/// B11: whole or in part, a token is in no record, refused or allowed, and in no answer.
#[tokio::test]
async fn b11_no_token_is_in_the_log_or_an_answer() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let narrowed = root(&peer).attenuate(&Caveat::commands(["app.*"]).unwrap()).unwrap();
    let (text, root) = (narrowed.text(), root(&peer).text());
    let mut answers = String::new();
    for (call, message) in [
        format!("c{text} 1\n{{\"command\":\"work.quick\"}}"),
        format!("c{text} 2\n{{\"command\":\"app.info\"}}"),
        format!("c{text} 2\n{{\"command\":\"app.info\"}}"),
        format!("c{text} 3\n{{\"token\":\"{root}\"}}"),
        format!("c{text}A 4\n{{}}"),
        format!("c{root} 5\n{{"),
    ]
    .into_iter()
    .enumerate()
    {
        answers += &peer.send(message.as_bytes()).await.unwrap_or_else(|| call.to_string());
    }
    app.broker.revoke(Revoke::Token(&narrowed), "a test");
    app.broker.revoke(Revoke::All, "a test");
    let log = std::fs::read_to_string(&app.log).unwrap();
    assert!(log.lines().count() > 6);
    // The tag is what matters, and any third of it is too much.
    for token in [&text, &root] {
        for third in token.as_bytes()[token.len() - 42..].chunks(14) {
            let third = std::str::from_utf8(third).unwrap();
            assert!(!log.contains(third) && !answers.contains(third));
        }
    }
}

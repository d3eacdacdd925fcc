//! What the log has of a call beside its verdict: whose it was, how much it said, and what of that is
//! shown.

use super::*;

use serde_json::json;

use crate::audit::Digest;

const POLICY: &str = r#"{ commands = ["settings.set", "settings.get"], key = ["theme"] }"#;

#[tokio::test]
async fn a_record_has_who_called_and_the_weight_of_what_was_said() {
    let app = App::new(&allowing(POLICY), []);
    let peer = app.peer();
    let text = r#"{"command":"settings.set","args":{"key":"theme","value":"dark"}}"#;
    let message = format!("c{} 3\n{text}", peer.token().unwrap().text());
    peer.send(message.as_bytes()).await.unwrap();
    let call = app.records("call").pop().unwrap();
    let number = |name: &str| call.number(name);
    assert_eq!((call.text("window"), call.text("origin")), (Some("main"), Some("app://localhost")));
    assert_eq!((number("call"), number("document")), (Some(3), Some(1)));
    assert_eq!(number("args_bytes"), Some(text.len() as u64));
    assert_eq!(call.get("args_digest"), Some(&json!(Digest::of(text.as_bytes()))));
    assert_eq!(call.get("args"), None);
    assert!(call.text("rule").unwrap().starts_with("app.toml:5"), "{call:?}");
}

/// A policy that comes later does not decide whether values are shown: who runs the app did.
#[tokio::test]
async fn h03_a_reload_shows_neither_more_nor_less_values() {
    for log_args in [false, true] {
        let app = App::with(&allowing(POLICY), [], |builder| {
            if log_args { builder.dangerously_log_args() } else { builder }
        });
        let peer = app.peer();
        for more in ["app.info", "window.list"] {
            peer.invoke("settings.get", json!({ "key": "theme" })).await.unwrap();
            let shown = app.records("call").pop().unwrap().get("args").cloned();
            assert_eq!(shown, log_args.then(|| json!({ "key": "theme" })), "{more}");
            app.reload(&allowing(&format!("{POLICY}, {{ commands = [\"{more}\"] }}")));
        }
    }
}

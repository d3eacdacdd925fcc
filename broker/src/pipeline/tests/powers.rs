//! What a document reaches for by way of its WebView: decided and recorded as a call of it would be.

use super::*;

use serde_json::json;

use crate::pipeline::{Asked, Reached};
use crate::wire::Power;

const POLICY: &str = r#"
  { commands = ["webview.navigate"], url = ["https://example.com/**"] },
  { commands = ["webview.open_window"], key = ["help"] },
  { commands = ["webview.open_window"], key = ["docs"], url = ["https://docs.example.com/**"] },
  { commands = ["webview.print"], limit = { rate = "1/h" } },
  { commands = ["webview.camera"], audit = { args = true } },
"#;

/// What the document of `main` reaches for.
fn asked<'a>(power: Power, url: Option<&'a str>, template: Option<&'a str>) -> Asked<'a> {
    Asked { host: HOST, window: WINDOW, document: DOCUMENT, number: 5, power, url, template }
}

/// Whether it may, and why not.
fn ask(app: &App, asked: Asked<'_>) -> Option<String> {
    let permitted = match app.pipeline().reach(asked, Now::read()) {
        Reached::Permitted(permitted) => permitted.grant(app.pipeline(), || ()).is_some(),
        Reached::Refused => false,
        Reached::Person(_) => panic!("nobody is asked here"),
    };
    let record = app.records("call").pop().unwrap();
    assert_eq!(record.text("verdict"), Some(if permitted { "allow" } else { "deny" }));
    assert_eq!(record.text("command"), Some(asked.power.command()));
    assert_eq!(record.number("call"), Some(5));
    record.text("reason").map(str::to_owned)
}

#[tokio::test]
async fn c17_a_power_is_had_by_a_grant_of_its_own() {
    let app = App::new(&allowing(POLICY), []);
    let _token = app.open();
    let (navigate, open) = (Power::Navigate, Power::OpenWindow);
    let (page, docs) = ("app://localhost/help.html", "https://docs.example.com/a");
    let other = "https://example.org/a";
    for (power, url, template, expected) in [
        (navigate, Some("https://example.com/a"), None, None),
        (navigate, Some(other), None, Some("out-of-scope")),
        // A page of the app's own is no address that a pattern could name, nor none at all.
        (navigate, Some(page), None, Some("argument-invalid")),
        (navigate, None, None, Some("argument-missing")),
        (open, Some(page), Some("help"), None),
        (open, Some(page), Some("other"), Some("out-of-scope")),
        (open, Some(docs), Some("docs"), None),
        (open, Some(other), Some("docs"), Some("out-of-scope")),
        // Who may open a page of the app's may not open an address by it.
        (open, Some(other), Some("help"), Some("out-of-scope")),
        (Power::Camera, None, None, None),
        (Power::Microphone, None, None, Some("not-granted")),
        (Power::Print, None, None, None),
        (Power::Print, None, None, Some("rate")),
    ] {
        let reason = ask(&app, asked(power, url, template));
        assert_eq!(reason.as_deref(), expected, "{power:?} {url:?} {template:?}");
    }
}

#[tokio::test]
async fn c10_an_address_for_which_there_is_no_window_opens_none() {
    let app = App::new(&allowing(r#"{ commands = ["webview.open_window"] }"#), []);
    let _token = app.open();
    let open = |template| asked(Power::OpenWindow, Some("app://localhost/a.html"), template);
    assert_eq!(ask(&app, open(None)).as_deref(), Some("no-template"));
}

#[tokio::test]
async fn who_has_shown_no_origin_has_no_power() {
    let app = App::new(&allowing(POLICY), []);
    let camera = asked(Power::Camera, None, None);
    assert_eq!(ask(&app, camera).as_deref(), Some("origin-unproved"), "it has no session");
    let _token = app.open();
    assert_eq!(ask(&app, camera), None);
    let others = Asked { document: DocumentId(2), ..camera };
    assert_eq!(ask(&app, others).as_deref(), Some("origin-unproved"));
    app.pipeline().sessions.revoke(|_| true);
    assert_eq!(ask(&app, camera).as_deref(), Some("origin-unproved"));
}

/// The address is in the log where its entry wants that, and nowhere else.
#[tokio::test]
async fn h03_what_a_power_is_about_is_shown_where_it_was_asked_for() {
    let url = "https://example.com/a";
    let entry = |more: &str| {
        let navigate = r#"commands = ["webview.navigate"], url = ["https://example.com/**"]"#;
        allowing(&format!("{{ {navigate}{more} }}"))
    };
    for (policy, shown) in
        [(entry(""), None), (entry(", audit = { args = true }"), Some(json!({ "url": url })))]
    {
        let app = App::new(&policy, []);
        let _token = app.open();
        assert_eq!(ask(&app, asked(Power::Navigate, Some(url), None)), None);
        let record = app.records("call").pop().unwrap();
        assert_eq!(record.get("args"), shown.as_ref());
        let bytes = json!({ "url": url }).to_string().len();
        assert_eq!(record.number("args_bytes"), Some(bytes as u64));
        assert_eq!(
            (record.text("origin"), record.text("window")),
            (Some("app://localhost"), Some("main"))
        );
    }
}

use super::*;

use serde_json::{Value, json};
use sidegate_capabilities::{Args, CommandName, Origin, Verdict, WindowLabel};
use tempfile::TempDir;

use crate::audit::Reader;
use crate::confirm::Lasting;
use crate::wire::SandboxLevel;
use crate::{Call, Command, HandlerError, Heard, NoArgs, POWERS, Peer};

/// An app whose hosts cannot be started.
fn app(home: &TempDir) -> AskingApp {
    let id = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(home.path(), &id);
    let host = Some(home.path().join("no-such-host"));
    let (name, least) = ("An app".to_owned(), SandboxLevel::A);
    AskingApp { id, name, directories, host, least, debug: false }
}

fn question() -> Question {
    Question::like("do the work", &[("key", "a")], Lasting::ForGood)
}

/// The second broker of a question, the question, and where its answer comes out.
fn shown(home: &TempDir) -> (Broker, Arc<Asked>, tokio::sync::oneshot::Receiver<Answer>) {
    let app = app(home);
    let (asked, answered) = Asked::new(3, &app, &question());
    let asked = Arc::new(asked);
    (build(&app, &asked).unwrap(), asked, answered)
}

fn page(broker: &Broker) -> Peer {
    broker.connect(LABEL, &Origin::local()).unwrap()
}

fn records(log: &std::path::Path) -> Vec<Value> {
    let entries = Reader::open(log).unwrap().map(|entry| entry.unwrap().to_json());
    entries.map(|text| serde_json::from_str(&text).unwrap()).collect()
}

#[tokio::test]
async fn its_window_has_two_commands_and_no_other_window_has_any() {
    let home = TempDir::new().unwrap();
    let (broker, ..) = shown(&home);
    let policy = broker.core().pipeline.force.load().policies.enforced.clone();
    let now = crate::clock::Now::read().wall;
    let mut allowed = Vec::new();
    let commands = broker.commands().into_iter().map(|name| name.to_string());
    for name in commands.chain(POWERS.iter().map(|name| (*name).to_owned())) {
        let command = CommandName::parse(&name).unwrap();
        for (label, origin) in
            [(LABEL, "app://localhost"), ("editor", "app://localhost"), (LABEL, "app://dev")]
        {
            let label = WindowLabel::parse(label).unwrap();
            let principal = policy.principal(&label, &Origin::parse(origin).unwrap(), now);
            let args = Args::new(serde_json::Map::new());
            if matches!(principal.decide(&command, &args), Verdict::Allow(_)) {
                allowed.push((name.clone(), label.to_string(), origin));
            }
        }
    }
    let two = ["question.answer", "question.watch"];
    let two = two.map(|name| (name.to_owned(), LABEL.to_owned(), "app://localhost"));
    assert_eq!(allowed, two);
}

#[tokio::test]
async fn an_early_yes_is_no_yes_and_stands_in_the_log() {
    let home = TempDir::new().unwrap();
    let (broker, asked, mut answered) = shown(&home);
    let page = page(&broker);
    let mut watch = page.stream("question.watch", json!({}));
    let Ok(Some(Heard::Item(first))) = watch.next().await else { panic!("no question") };
    assert_eq!(first["question"]["number"], 3);
    let yes = json!({ "number": 3, "answer": "yes", "lasting": "for-good" });
    let early = page.invoke("question.answer", yes.clone()).await.unwrap_err();
    assert_eq!(early["code"], "too_early");
    answered.try_recv().unwrap_err();
    // It has the keyboard, and has had it for long enough.
    let before = Moment::from_nanos(Moment::now().as_nanos() - 10_000_000_000);
    asked.stands(true, before);
    let early = page.invoke("question.answer", yes.clone()).await.unwrap_err();
    assert_eq!(early["code"], "too_early", "the page has just had it");
    asked.back_dated();
    page.invoke("question.answer", yes).await.unwrap();
    assert_eq!(answered.await.unwrap(), Answer::Yes(Lasting::ForGood));
    drop(watch);
    let log = home.path().join(".local/state/org.example.app/question/audit.jsonl");
    let said = records(&log).into_iter().filter(|record| record["command"] == "question.answer");
    let said: Vec<_> = said.map(|record| record["args"]["answer"].clone()).collect();
    assert_eq!(said, ["yes", "yes", "yes"]);
}

#[tokio::test]
async fn what_its_page_says_is_one_of_its_answers_or_nothing() {
    let home = TempDir::new().unwrap();
    let (broker, _asked, mut answered) = shown(&home);
    let page = page(&broker);
    let no = json!({ "number": 3, "answer": "no", "lasting": "session" });
    for (args, code) in [
        (json!({}), "invalid"),
        (json!({ "number": 3, "answer": "maybe", "lasting": "call" }), "invalid"),
        (json!({ "number": 3, "answer": "yes", "lasting": "always" }), "invalid"),
        (json!({ "number": 3, "answer": "no", "lasting": "call", "more": 1 }), "invalid"),
        (json!({ "number": 2, "answer": "no", "lasting": "call" }), "another_question"),
    ] {
        let error = page.invoke("question.answer", args.clone()).await.unwrap_err();
        assert_eq!(error["code"], code, "{args}");
    }
    answered.try_recv().unwrap_err();
    page.invoke("question.answer", no.clone()).await.unwrap();
    assert_eq!(answered.await.unwrap(), Answer::No(Lasting::Session));
    let again = page.invoke("question.answer", no).await.unwrap_err();
    assert_eq!(again["code"], "over");
}

/// Whoever reads the page's script finds no way from a text to markup or to a script, and none out.
#[test]
fn its_pages_make_text_of_what_they_show_and_nothing_else() {
    let text = |name: &str| {
        let (_, body) = UI.into_iter().find(|(one, _)| *one == name).unwrap();
        std::str::from_utf8(body).unwrap()
    };
    let script = text("question.js");
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval",
        "Function(",
        "DOMParser",
        "setAttribute",
        "location",
        "open(",
        "fetch",
        "import",
        "href",
        "src",
        "srcdoc",
    ] {
        assert!(!script.contains(way), "{way}");
    }
    assert!(script.contains(".textContent = "));
    let html = text("index.html");
    assert!(html.contains("default-src 'none'; script-src 'self'; style-src 'self'"));
    let handlers =
        html.split_whitespace().filter(|word| word.starts_with("on") && word.contains('='));
    assert_eq!((html.matches("<script").count(), handlers.count()), (1, 0), "{html}");
}

#[test]
fn its_title_says_who_asks_and_about_what() {
    let long = "x".repeat(61);
    let cut = format!("Sidegate: a question about {}…", "x".repeat(60));
    for (name, expected) in [
        ("Notes", "Sidegate: a question about Notes"),
        ("a\nb\u{202e}", "Sidegate: a question about a\\nb\\u{202e}"),
        (&long, &cut),
    ] {
        assert_eq!(title(name), expected);
    }
}

/// What shows it is not there: nobody was asked, the next question neither waits nor hangs, and one
/// that is withdrawn leaves nothing behind.
#[tokio::test]
async fn a_question_that_cannot_be_shown_has_no_answer() {
    use futures_util::FutureExt;
    let home = TempDir::new().unwrap();
    let window = QuestionWindow::of(app(&home));
    assert_eq!(window.ask(question()).await, Answer::Unasked);
    let mut withdrawn = window.ask(question());
    assert!(withdrawn.as_mut().now_or_never().is_none());
    drop(withdrawn);
    assert_eq!(window.ask(question()).await, Answer::Unasked);
    // The last window is gone when its place is free.
    let _free = window.one.lock().await;
    let log = home.path().join(".local/state/org.example.app/question/audit.jsonl");
    let records = records(&log);
    let count = |event: &str| records.iter().filter(|record| record["event"] == event).count();
    assert_eq!(count("start"), count("stop"), "{records:#?}");
    let gave_up = records.iter().any(|record| record["state"] == "given_up");
    assert!(gave_up, "{records:#?}");
}

#[tokio::test]
async fn without_its_window_a_call_that_asks_is_refused_and_the_log_says_so() {
    const POLICY: &str = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"editor\"]\n\
                          allow = [{ commands = [\"work.do\"], ask = \"once\" }]\n";
    let home = TempDir::new().unwrap();
    let app = app(&home);
    let broker = Broker::builder()
        .id("org.example.app")
        .unwrap()
        .policy("app.toml", POLICY)
        .directories(app.directories.clone())
        .host(app.host.clone().unwrap())
        .command(Command::new("work.do", async |_: Call, _: NoArgs| Ok::<_, HandlerError>(1)))
        .confirm_in_window()
        .build()
        .unwrap();
    let editor = broker.connect("editor", &Origin::local()).unwrap();
    // A page cannot have it come up without end.
    for reason in ["ask-unasked", "ask-unasked", "ask-unasked", "ask-worn-out"] {
        let refused = editor.invoke("work.do", json!({})).await.unwrap_err();
        assert_eq!(refused["code"], "denied");
        let calls = records(&app.directories.audit_log());
        assert_eq!(calls.last().unwrap()["reason"], reason, "{calls:#?}");
    }
}

/// In the app's own broker there is nothing of it to be named.
#[tokio::test]
async fn no_page_of_the_app_reaches_it() {
    let home = TempDir::new().unwrap();
    let app = app(&home);
    const POLICY: &str = "version = 1\n[[capability]]\nid = \"a\"\n\
                          windows = [\"editor\", \"question\"]\n\
                          allow = [{ commands = [\"window.*\"], key = [\"question\"] }]\n";
    let broker = Broker::builder()
        .id("org.example.app")
        .unwrap()
        .policy("app.toml", POLICY)
        .directories(app.directories.clone())
        .confirm_in_window()
        .build()
        .unwrap();
    assert!(broker.commands().iter().all(|name| !name.as_str().starts_with("question.")));
    for label in ["editor", LABEL] {
        let page = broker.connect(label, &Origin::local()).unwrap();
        let answer = json!({ "number": 1, "answer": "yes", "lasting": "call" });
        let refused = page.invoke("question.answer", answer).await.unwrap_err();
        assert_eq!(refused["code"], "denied", "{label}");
        let other = page.invoke("window.focus", json!({ "key": LABEL })).await.unwrap_err();
        assert_eq!(other["code"], "not_found", "{label}");
    }
    for (name, _) in UI {
        let request = crate::wire::AssetRequest {
            request: crate::wire::RequestId(1),
            window: crate::wire::WindowId(1),
            method: "GET".to_owned(),
            url: format!("app://localhost/{name}"),
            headers: Vec::new(),
        };
        assert_eq!(broker.core().assets.serve(&request).status, 404, "{name}");
    }
}

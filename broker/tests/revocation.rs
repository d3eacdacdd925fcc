//! Authority taken back: what starts, what is stopped, what the log says, and what the page learns.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use sidegate::app::{AppDirectories, AppId};
use sidegate::audit::{Entry, Reader, verify};
use sidegate::capabilities::{Origin, WindowLabel};
use sidegate::token::{Caveat, Token};
use sidegate::{Broker, Call, Command, HandlerError, NoArgs, Peer, Revoke, Revoked};
use tempfile::TempDir;
use tokio::sync::Notify;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "work"
windows = ["editor", "preview"]
origins = ["app://localhost", "https://help.example.com"]
allow = [{ commands = ["work.*"], dangerous = "nothing is changed" }]
[[capability]]
id = "look"
windows = ["editor"]
allow = [{ commands = ["app.info"] }]
"#;

/// An app whose handlers wait to be let on.
struct App {
    broker: Broker,
    inside: Arc<Notify>,
    _home: TempDir,
    log: PathBuf,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Waits {
    /// Whether the handler commits itself before it waits.
    commits: bool,
}

fn app() -> App {
    let inside = Arc::new(Notify::new());
    let arrived = Arc::clone(&inside);
    let wait = move |call: Call, args: Waits| {
        let arrived = Arc::clone(&arrived);
        async move {
            if args.commits {
                call.commitment().commit()?;
            }
            arrived.notify_one();
            std::future::pending::<()>().await;
            Ok::<_, HandlerError>(true)
        }
    };
    let quick = |_: Call, _: NoArgs| std::future::ready(Ok::<_, HandlerError>(true));
    let commands = [Command::new("work.wait", wait), Command::new("work.quick", quick)];
    let (broker, home, log) = broker(POLICY, commands);
    App { broker, inside, _home: home, log }
}

fn broker(policy: &str, commands: impl IntoIterator<Item = Command>) -> (Broker, TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    let id = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(home.path(), &id);
    let log = home.path().join("audit.jsonl");
    let builder = Broker::builder().id("org.example.app").unwrap().policy("app.toml", policy);
    let builder = builder.directories(directories).audit_log(&log);
    let builder = commands.into_iter().fold(builder, sidegate::Builder::command);
    (builder.build().unwrap(), home, log)
}

impl App {
    fn peer(&self, window: &str, origin: &str) -> Arc<Peer> {
        Arc::new(self.broker.connect(window, &Origin::parse(origin).unwrap()).unwrap())
    }

    /// Makes a call and waits until its handler is inside.
    async fn waiting(
        &self,
        peer: &Arc<Peer>,
        token: &Token,
        commits: bool,
    ) -> tokio::task::JoinHandle<Result<Value, Value>> {
        let (peer, token) = (Arc::clone(peer), token.clone());
        let call = tokio::spawn(async move {
            peer.invoke_with(&token, "work.wait", json!({ "commits": commits })).await
        });
        self.inside.notified().await;
        call
    }

    fn records(&self, event: &str) -> Vec<Entry> {
        assert_eq!(verify(&self.log).unwrap().finding, None);
        let entries = Reader::open(&self.log).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.event() == event).collect()
    }
}

async fn code(peer: &Peer, token: &Token, command: &str) -> String {
    match peer.invoke_with(token, command, json!({})).await {
        Ok(_) => "ok".to_owned(),
        Err(error) => error["code"].as_str().unwrap_or_default().to_owned(),
    }
}

fn root(peer: &Peer) -> Token {
    peer.token().unwrap().clone()
}

#[tokio::test]
async fn each_revocation_meets_what_it_names_and_nothing_else() {
    let help = Origin::parse("https://help.example.com").unwrap();
    let label = |text| WindowLabel::parse(text).unwrap();
    let (editor, preview, nobody) = (label("editor"), label("preview"), label("nobody"));
    for (row, what, documents, alive) in [
        ("a window", Revoke::Window(&editor), 2, [false, false, true]),
        ("another window", Revoke::Window(&preview), 1, [true, true, false]),
        ("an origin", Revoke::Origin(&help), 1, [true, false, true]),
        ("a capability that all have", Revoke::Capability("work"), 3, [false; 3]),
        ("a capability that one has", Revoke::Capability("look"), 1, [false, true, true]),
        ("no window", Revoke::Window(&nobody), 0, [true; 3]),
        ("no capability", Revoke::Capability("none"), 0, [true; 3]),
        ("all", Revoke::All, 3, [false; 3]),
    ] {
        let app = app();
        let peers = [
            app.peer("editor", "app://localhost"),
            app.peer("editor", "https://help.example.com"),
            app.peer("preview", "app://localhost"),
        ];
        let revoked = app.broker.revoke(what, "a test");
        assert_eq!(revoked, Revoked { documents, ..Revoked::default() }, "{row}");
        assert_eq!(app.broker.revoke(what, "again").documents, 0, "{row}");
        for (peer, alive) in peers.iter().zip(alive) {
            let expected = if alive { "ok" } else { "denied" };
            assert_eq!(code(peer, &root(peer), "work.quick").await, expected, "{row}");
        }
        assert_eq!(app.records("token").len(), documents, "{row}");
    }
}

#[tokio::test]
async fn a_document_that_comes_after_a_revocation_has_what_the_policy_gives_it() {
    let app = app();
    app.peer("editor", "app://localhost");
    app.broker.revoke(Revoke::All, "a test");
    let peer = app.peer("editor", "app://localhost");
    assert_eq!(code(&peer, &root(&peer), "work.quick").await, "ok");
}

#[tokio::test]
async fn g06_g07_each_call_in_flight_has_one_outcome() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let token = root(&peer);
    let mut calls = Vec::new();
    for commits in [false, true, false, true, true] {
        calls.push(app.waiting(&peer, &token, commits).await);
    }
    let revoked = app.broker.revoke(Revoke::All, "the person said so");
    assert_eq!(revoked, Revoked { documents: 1, cancelled: 2, completed: 3, running: 0 });
    for call in calls {
        let answer = call.await.unwrap().unwrap_err();
        assert_eq!(answer["code"], "denied", "its result reaches nobody");
    }
    let stopped = app.records("stopped");
    let mut outcomes: Vec<_> = stopped
        .iter()
        .map(|entry| {
            let text = |key: &str| entry.get(key).unwrap().as_str().unwrap().to_owned();
            assert_eq!((text("window"), text("command")), ("editor".into(), "work.wait".into()));
            assert_eq!(text("why"), "the person said so");
            (entry.get("call").unwrap().as_u64().unwrap(), text("outcome"))
        })
        .collect();
    outcomes.sort();
    let words =
        ["cancelled", "completed_before", "cancelled", "completed_before", "completed_before"];
    let expected: Vec<_> = (1..).zip(words.map(str::to_owned)).collect();
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn g06_a_window_that_goes_leaves_an_outcome_of_each_call() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let token = root(&peer);
    let call = app.waiting(&peer, &token, false).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // Nobody waits for that call any more, and it is not in flight.
    drop(peer);
    assert_eq!(app.records("stopped").len(), 0);
}

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

/// What the handlers of a race and who revokes know of each other.
#[derive(Default)]
struct Race {
    /// Whether the revocation of this round has returned.
    over: AtomicBool,
    /// Handlers that ran after that.
    late: AtomicU64,
    begun: AtomicU64,
}

impl Race {
    /// A handler that looks, each time that it runs, whether it still may.
    fn command(self: &Arc<Self>) -> Command {
        let race = Arc::clone(self);
        Command::new("work.quick", move |_: Call, _: NoArgs| {
            let race = Arc::clone(&race);
            async move {
                race.begun.fetch_add(1, Ordering::Relaxed);
                for _ in 0..20 {
                    let late = race.over.load(Ordering::SeqCst);
                    race.late.fetch_add(u64::from(late), Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
                Ok::<_, HandlerError>(true)
            }
        })
    }

    /// Waits until so many more have begun than `before`.
    fn wait_for(&self, before: u64, more: u64) {
        let patience = Instant::now();
        while self.begun.load(Ordering::Relaxed) < before + more
            && patience.elapsed() < Duration::from_secs(10)
        {
            std::thread::yield_now();
        }
    }
}

/// Calls of one round.
const AT_ONCE: u64 = 50;

/// Revokes what the calls of this round are made with, in one way or another.
fn revoke(broker: &Broker, round: u64, root: &Token, narrowed: &Token) -> Revoked {
    let (editor, origin) = (WindowLabel::parse("editor").unwrap(), Origin::local());
    let what = match round % 5 {
        0 => Revoke::Token(narrowed),
        1 => Revoke::Token(root),
        2 => Revoke::Window(&editor),
        3 => Revoke::Origin(&origin),
        _ => Revoke::All,
    };
    broker.revoke(what, "a race")
}

/// «Nothing starts after a revocation returned»: a million calls race with revocations of every kind
/// in a soak, a thousandth of that otherwise. Nor does anything go on after it.
#[test]
fn g06_nothing_starts_after_a_revocation_returned() {
    let soaks = std::env::var_os("SIDEGATE_SOAK").is_some();
    let rounds = if soaks { 1_000_000 } else { 1_000 } / AT_ONCE;
    let race = Arc::new(Race::default());
    let entry = "commands = [\"work.*\"],";
    let counted = POLICY.replace(entry, &format!("{entry} audit = {{ calls = \"counted\" }},"));
    let (broker, _home, _log) = broker(&counted, [race.command()]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_time()
        .build()
        .unwrap();
    let mut refused = 0;
    for round in 0..rounds {
        let peer = Arc::new(broker.connect("editor", &Origin::local()).unwrap());
        let narrowed = root(&peer).attenuate(&Caveat::commands(["work.*"]).unwrap()).unwrap();
        let shown = if round % 5 == 0 { narrowed.clone() } else { root(&peer) };
        let before = race.begun.load(Ordering::Relaxed);
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (peer, shown) = (Arc::clone(&peer), shown.clone());
                runtime.spawn(async move { code(&peer, &shown, "work.quick").await })
            })
            .collect();
        // Somewhere among them: when none, some, or all but one have begun.
        race.wait_for(before, (round * 7) % AT_ONCE);
        let _revoked = revoke(&broker, round, peer.token().unwrap(), &narrowed);
        race.over.store(true, Ordering::SeqCst);
        for call in calls {
            match runtime.block_on(call).unwrap().as_str() {
                "ok" => {}
                "denied" => refused += 1,
                other => panic!("a call ended as {other:?}"),
            }
        }
        race.over.store(false, Ordering::SeqCst);
    }
    let (made, begun) = (rounds * AT_ONCE, race.begun.load(Ordering::Relaxed));
    assert_eq!(race.late.load(Ordering::SeqCst), 0, "of {made}");
    // Neither came always first.
    let some = made / 10;
    assert!(begun > some && refused > some, "{begun} of {made} begun, {refused} refused");
}

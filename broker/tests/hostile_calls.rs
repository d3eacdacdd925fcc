//! Calls that are not what they seem, handlers that are not what they should be, and what a page
//! learns of either. Each test is named after the row of the table of adversaries that it is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::{Broker, BuildError, Builder, Call, Command, HandlerError, NoArgs, Resource};
use tempfile::TempDir;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "the-rule"
windows = ["main"]
allow = [
  { commands = ["work.file", "fs.*"], path = ["$APPDATA/**"] },
  { commands = ["work.address"], url = ["https://example.com/**"] },
  { commands = ["work.key"], key = ["a.*"] },
  { commands = ["work.text"], args = { properties = { text = { type = "string", maxLength = 4096 } } } },
  { commands = ["work.fails", "work.panics", "work.raw"] },
]
"#;

/// What nobody but the core may learn.
const SECRET: &str = "/home/somebody/.ssh/id_rsa: hunter2";

#[derive(Deserialize, JsonSchema)]
struct Text {
    text: Value,
}

struct App {
    home: TempDir,
    broker: Broker,
    ran: Arc<AtomicUsize>,
}

fn builder(home: &TempDir, policy: &str) -> Builder {
    let id = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(home.path(), &id);
    let builder = Broker::builder().id("org.example.app").unwrap().policy("app.toml", policy);
    builder.directories(directories)
}

/// A handler that counts.
fn counted(name: &str, ran: &Arc<AtomicUsize>) -> Command {
    let ran = Arc::clone(ran);
    Command::new(name, move |_: Call, _: NoArgs| {
        ran.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, HandlerError>(true))
    })
}

fn app() -> App {
    let (home, ran) = (TempDir::new().unwrap(), Arc::new(AtomicUsize::new(0)));
    let text = Arc::clone(&ran);
    let raw = Arc::clone(&ran);
    let broker = builder(&home, POLICY)
        .command(counted("work.file", &ran).takes(Resource::Path))
        .command(counted("work.address", &ran).takes(Resource::Url))
        .command(counted("work.key", &ran).takes(Resource::Key))
        .command(Command::new("work.text", move |_: Call, args: Text| {
            text.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok::<_, HandlerError>(args.text))
        }))
        .command(Command::new("work.raw", move |_: Call, _: Map<String, Value>| {
            raw.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok::<_, HandlerError>(true))
        }))
        .command(Command::new("work.fails", async |_: Call, _: NoArgs| {
            Err::<(), _>(HandlerError::internal(SECRET))
        }))
        .command(Command::new("work.panics", async |_: Call, _: NoArgs| {
            if true {
                panic!("{SECRET}")
            }
            Ok::<_, HandlerError>(())
        }))
        .build()
        .unwrap();
    App { home, broker, ran }
}

impl App {
    async fn ask(&self, command: &str, args: Value) -> Result<Value, Value> {
        let peer = self.broker.connect("main", &Origin::local()).unwrap();
        peer.invoke(command, args).await
    }

    fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn d06_a_nul_is_in_no_path_no_address_and_no_key() {
    let app = app();
    for (row, (command, resource, good, bad)) in [
        ("work.file", "path", "$APPDATA/a", "$APPDATA/a\0"),
        ("work.file", "path", "$APPDATA/a", "$APPDATA/a\0/../../b"),
        ("work.file", "path", "$APPDATA/a.txt", "$APPDATA/a.sh\0.txt"),
        ("work.file", "path", "$APPDATA/a", "\0$APPDATA/a"),
        ("work.address", "url", "https://example.com/a", "https://example.com\0.evil.org/a"),
        ("work.address", "url", "https://example.com/a", "https://example.com/a\0b"),
        ("work.address", "url", "https://example.com/a", "\0https://example.com/a"),
        ("work.key", "key", "a.b", "a.b\0"),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = app.ask(command, json!({ resource: bad })).await.unwrap_err();
        assert_eq!(refused["code"], "denied", "{bad:?}");
        assert_eq!(app.ran(), row, "{bad:?}");
        assert_eq!(app.ask(command, json!({ resource: good })).await, Ok(json!(true)), "{good}");
    }
}

#[tokio::test]
async fn d09_a_huge_string_for_a_small_field_reaches_no_handler() {
    let app = app();
    for (length, ran) in [(4096, 1), (4097, 1), (1 << 20, 1), (16 << 20, 1)] {
        let answer = app.ask("work.text", json!({ "text": "x".repeat(length) })).await;
        assert_eq!(answer.is_ok(), length <= 4096, "{length}");
        assert_eq!(app.ran(), ran, "{length}");
    }
}

/// On a stack that is small for a thread of today: what a page, a host or a policy's author can nest
/// ends in a refusal, and never at the end of the stack. What a handler itself does there is its own.
#[test]
fn j03_no_nesting_from_outside_uses_up_the_stack() {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let app = app();
        let peer = app.broker.connect("main", &Origin::local()).unwrap();
        for (call, (open, close)) in (1..).zip([("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")]) {
            for levels in [100, 10_000, 200_000] {
                let nested = format!("{}1{}", open.repeat(levels), close.repeat(levels));
                let token = peer.token().unwrap().text();
                let call = call * 1_000_000 + levels;
                let message = format!(
                    "c{token} {call}\n{{\"command\":\"work.text\",\"args\":{{\"text\":{nested}}}}}"
                );
                let reply = runtime.block_on(peer.send(message.as_bytes())).unwrap();
                assert!(reply.contains("\"invalid\""), "{levels} {open}: {reply}");
            }
        }
        assert_eq!(app.ran(), 0);
        for (open, close) in [("[", "]"), ("{ a = ", " }")] {
            let home = TempDir::new().unwrap();
            let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            let built = builder(&home, &format!("version = 1\nx = {deep}\n")).build();
            assert!(matches!(built, Err(BuildError::Policy(..))), "{open}");
        }
    });
    thread.unwrap().join().unwrap();
}

#[tokio::test]
async fn j06_no_error_tells_a_page_a_path_a_rule_or_a_secret() {
    let app = app();
    let data = app.home.path().join(".local/share/org.example.app");
    app.ask("fs.write_text", json!({ "path": "$APPDATA/a/b", "text": "x" })).await.ok();
    std::fs::create_dir_all(data.join("directory")).unwrap();
    std::fs::write(data.join("binary"), b"\xff").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", data.join("link")).unwrap();
    let file = |name: &str| json!({ "path": format!("$APPDATA/{name}") });
    let home = app.home.path().to_str().unwrap().to_owned();
    for (command, args, code) in [
        ("work.fails", json!({}), "failed"),
        ("work.panics", json!({}), "failed"),
        ("fs.read_text", file("none"), "not_found"),
        ("fs.read_text", file("binary"), "not_text"),
        ("fs.read_text", json!({ "path": "/etc/passwd" }), "denied"),
        ("fs.read_text", file("link"), "not_found"),
        ("fs.read_text", file("directory"), "not_a_file"),
        ("fs.list", file("binary"), "not_a_directory"),
        ("nobody.knows", json!({}), "denied"),
        ("work.file", json!({}), "denied"),
    ] {
        let told = app.ask(command, args).await.unwrap_err();
        assert_eq!(told["code"], code, "{command}");
        let text = told.to_string();
        for kept in [&home, SECRET, "hunter2", "passwd", "the-rule", "app.toml", "/", "src"] {
            assert!(!text.contains(kept), "{command}: {text}");
        }
    }
}

#[test]
fn j08_a_command_has_one_handler_and_a_capability_names_one_that_is_there() {
    let home = TempDir::new().unwrap();
    let ran = Arc::default();
    let none = "version = 1\n";
    for name in ["work.file", "fs.read_text", "app.info"] {
        let twice = builder(&home, none).command(counted(name, &ran)).command(counted(name, &ran));
        let error = twice.build().unwrap_err().to_string();
        assert_eq!(error, format!("there are two handlers for the command `{name}`"));
    }
    let error = builder(&home, none).command(counted("fs.read_text", &ran)).build().unwrap_err();
    assert!(error.to_string().contains("two handlers"), "a built-in one: {error}");
    let unknown = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
                   allow = [{ commands = [\"work.fiel\"] }]\n";
    let error = builder(&home, unknown).command(counted("work.file", &ran)).build().unwrap_err();
    assert!(error.to_string().contains("unknown-command"), "{error}");
}

/// What names a resource reaches a handler as a handle: not as a member of its arguments, and not in a
/// type that would take any.
#[tokio::test]
async fn j09_no_handler_sees_a_raw_path() {
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "it is refused before it is read")]
    struct Raw {
        path: String,
    }
    let home = TempDir::new().unwrap();
    let raw = Command::new("work.file", async |_: Call, _: Raw| Ok::<_, HandlerError>(()));
    let error = builder(&home, "version = 1\n").command(raw).build().unwrap_err().to_string();
    assert!(error.contains("a resource reaches the handler through the call alone"), "{error}");
    let app = app();
    for name in ["path", "url", "key", "other"] {
        assert!(app.ask("work.raw", json!({ name: "a" })).await.is_err(), "{name}");
    }
    assert_eq!(app.ran(), 0);
    assert_eq!(app.ask("work.raw", json!({})).await, Ok(json!(true)));
}

//! What a page delegates, over a real host, a real WebView and the real broker: a sandboxed frame and
//! a worker call what they were given and nothing else, until it is taken back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers are part of the test"
)]

use std::{
    path::PathBuf,
    process::{Child, Command as Process, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sidegate::{
    Broker, Bytes, Call, Command, ContentSecurity, HandlerError, NoArgs,
    app::{AppDirectories, AppId, Window},
    wire::SandboxLevel,
};
use sidegate_tests::{Display, fake_broker, records, wait};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Nothing that is waited for takes this long, but on a machine that is busy otherwise.
const LIMIT: Duration = Duration::from_secs(30);

const POLICY: &str = r#"
version = 1
[[capability]]
id = "all"
windows = ["main"]
allow = [{ commands = ["test.*"] }, { commands = ["fs.read_text"], path = ["$APPDATA/**"] }]
"#;

/// In the frame and in the worker: holds what port it is given, asks over it what it is told to, and
/// says what was answered.
const HOLDER: &str = "
    let port = null;
    const waiting = new Map();
    const reply = globalThis.parent === undefined
      ? (message) => postMessage(message)
      : (message) => parent.postMessage(message, '*');
    const ask = (message) => new Promise((answered) => {
      waiting.set(message.id, answered);
      port.postMessage(message);
    });
    addEventListener('message', ({ data, ports }) => {
      if (ports.length > 0) {
        port = ports[0];
        port.onmessage = (answer) => waiting.get(answer.data.id)?.(answer.data);
        reply({ has: typeof globalThis.sidegate });
      } else if (data.send !== undefined) {
        for (const message of data.send) port.postMessage(message);
        reply({ sent: true });
      } else {
        Promise.all(data.ask.map(ask)).then((answers) => reply({ answers }));
      }
    });
    reply({ is: location.origin ?? 'a worker' });";

/// In the page: a holder, and one message to it with one answer.
const PAGE: &str = "
    const { delegate, invoke } = sidegate;
    const report = (value) => invoke('test.report', { value });
    addEventListener('unhandledrejection', (e) => report('rejected: ' + e.reason));
    const code = (promise) => promise.then(() => 'ok', (error) => error.code);
    const holder = (kind) => new Promise((ready) => {
      let heard = null;
      const worker = kind === 'worker' ? new Worker('holder.js') : null;
      const frame = worker === null ? document.createElement('iframe') : null;
      const hear = ({ data, source }) => {
        if (frame !== null && source !== frame.contentWindow) return;
        if (heard === null) ready(tell); else heard(data);
      };
      const tell = (message, transfer = []) => new Promise((answered) => {
        heard = answered;
        if (worker !== null) worker.postMessage(message, transfer);
        else frame.contentWindow.postMessage(message, '*', transfer);
      });
      tell.frame = frame;
      if (worker !== null) return void (worker.onmessage = hear);
      addEventListener('message', hear);
      frame.sandbox = 'allow-scripts';
      frame.srcdoc = `<!doctype html><body><script src='app://localhost/holder.js'></script>`;
      document.body.append(frame);
    });
    const answers = (tell, ...ask) => tell({ ask }).then((all) => all.answers.map(
      ({ id, ok, error }) => error === undefined ? [id, ok] : [id, error.code]));";

struct App {
    host: Child,
    reports: mpsc::Receiver<Value>,
    log: PathBuf,
    end: Option<oneshot::Sender<()>>,
    running: Option<thread::JoinHandle<()>>,
    _display: Display,
    _home: TempDir,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Report {
    value: Value,
}

fn commands(reports: mpsc::Sender<Value>) -> Vec<Command> {
    vec![
        Command::new("test.report", move |_: Call, args: Report| {
            std::future::ready(reports.send(args.value).map_err(HandlerError::internal))
        }),
        Command::new("test.echo", async |_: Call, args: Report| Ok(args.value)),
        Command::new("test.wait", async |_: Call, _: NoArgs| {
            std::future::pending::<Result<(), HandlerError>>().await
        }),
        Command::bytes("test.bytes", async |_: Call, _: NoArgs| Ok(Bytes::from_static(b"bytes"))),
    ]
}

impl App {
    fn start(script: &str) -> Self {
        let home = tempfile::Builder::new().prefix("sidegate-delegation-").tempdir().unwrap();
        let ui = home.path().join("ui");
        std::fs::create_dir(&ui).unwrap();
        for (name, text) in [
            ("main.html", "<!doctype html><body><script src='main.js'></script>".to_owned()),
            ("main.js", format!("{PAGE}\n{script}")),
            ("holder.js", HOLDER.to_owned()),
            ("empty.html", "<!doctype html><p>nothing".to_owned()),
        ] {
            std::fs::write(ui.join(name), text).unwrap();
        }
        let (display, (reported, reports)) = (Display::start().unwrap(), mpsc::channel());
        let id = AppId::parse("org.example.delegation").unwrap();
        let log = home.path().join("audit.jsonl");
        let directories = AppDirectories::beneath(home.path(), &id);
        let builder = Broker::builder()
            .id("org.example.delegation")
            .unwrap()
            .policy("policy.toml", POLICY)
            .least_sandbox(SandboxLevel::None)
            .directories(directories)
            .audit_log(&log)
            .ui(&ui)
            .content_security(ContentSecurity::default().add("worker-src", "'self'").unwrap())
            .window(Window::new("main", "main.html").unwrap());
        let builder = commands(reported).into_iter().fold(builder, sidegate::Builder::command);
        let broker = builder.build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (attachment, theirs) = {
            let _inside = runtime.enter();
            broker.attach().unwrap()
        };
        let mut process = Process::new(fake_broker::host().unwrap());
        process.env_clear().envs(display.environment()).args(["--least", "A"]);
        let host = process.stdin(Stdio::from(theirs)).spawn().unwrap();
        drop(process);
        let (pid, (end, ending)) = (host.id(), oneshot::channel::<()>());
        let running = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    served = attachment.serve(pid) => drop(served),
                    _ = ending => {}
                }
            });
            drop(broker);
        });
        let (end, running) = (Some(end), Some(running));
        Self { host, reports, log, end, running, _display: display, _home: home }
    }

    fn expect(&self, value: impl Into<Value>) {
        assert_eq!(self.reports.recv_timeout(LIMIT).unwrap(), value.into());
    }

    /// The records of an event.
    fn records(&self, event: &str) -> Vec<Value> {
        let all = records::read(&self.log).unwrap();
        all.into_iter().filter(|record| record["event"] == event).collect()
    }

    /// The reasons of the refusals of a command, in order.
    fn refusals(&self, command: &str) -> Vec<Value> {
        let calls = self.records("call").into_iter();
        let refused = calls.filter(|call| call["verdict"] == "deny" && call["command"] == command);
        refused.map(|call| call["reason"].clone()).collect()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.end.take());
        let _ended = self.running.take().map(thread::JoinHandle::join);
        let _killed = self.host.kill();
        let _waited = self.host.wait();
    }
}

#[test]
fn a_frame_and_a_worker_call_what_they_were_given_and_lose_it() {
    for kind in ["frame", "worker"] {
        let app = App::start(&format!(
            "(async () => {{
               const tell = await holder('{kind}');
               const lent = await delegate({{
                 commands: ['test.echo', 'test.wait', 'test.bytes', 'fs.read_text'], expires: 600000,
               }});
               report([Object.isFrozen(lent), Reflect.ownKeys(lent), (await tell('port', [lent.port])).has]);
               report(await answers(tell,
                 {{ id: 1, command: 'test.echo', args: {{ value: 'grüße' }} }},
                 {{ id: 2, command: 'test.report', args: {{ value: 'stolen' }} }},
                 {{ id: 3, command: 'test.echo', args: {{ other: 1 }} }},
                 {{ id: 4, command: 'test.bytes' }},
               ));
               const running = answers(tell, {{ id: 5, command: 'test.wait' }});
               await new Promise((done) => setTimeout(done, 300));
               lent.revoke();
               report(await running);
               lent.revoke();
               await tell({{ send: [{{ id: 6, command: 'test.echo', args: {{ value: 'late' }} }}] }});
               report([await invoke('test.echo', {{ value: 'mine' }}), await code(invoke('test.none'))]);
             }})();"
        ));
        app.expect(json!([true, ["port", "revoke"], "undefined"]));
        app.expect(json!([[1, "grüße"], [2, "denied"], [3, "invalid"], [4, {}]]));
        app.expect(json!([[5, "denied"]]));
        app.expect(json!(["mine", "denied"]));
        assert_eq!(app.refusals("test.report"), ["caveat-commands"], "{kind}");
        let (delegated, back) = (app.records("delegated"), app.records("taken_back"));
        assert_eq!((delegated.len(), back.len()), (1, 1));
        let expected = ["commands test.echo test.wait test.bytes fs.read_text", "expires 600000"];
        assert_eq!(delegated[0]["caveats"], json!(expected));
        assert_eq!(delegated[0]["call"], back[0]["call"]);
        let stopped = app.records("cancelled");
        assert_eq!(
            (&stopped[0]["command"], &stopped[0]["why"]),
            (&json!("test.wait"), &json!("revoked"))
        );
        let calls = app.records("call").into_iter().filter(|call| call["command"] == "test.echo");
        assert_eq!(calls.count(), 3, "the late one never left the page");
    }
}

#[test]
fn two_delegations_share_nothing_and_uses_are_exact() {
    let app = App::start(
        "(async () => {
           const [one, two] = [await holder('frame'), await holder('frame')];
           const twice = await delegate({ commands: ['test.echo'], uses: 2 });
           const other = await delegate({ commands: ['test.echo'], uses: 2 });
           await one('port', [twice.port]);
           await two('port', [other.port]);
           const echo = (id) => ({ id, command: 'test.echo', args: { value: id } });
           report(await answers(one, echo(1), echo(2), echo(3)));
           report(await answers(two, echo(1)));
           // A cancellation is of one's own calls.
           other.revoke();
           report([await code(invoke('test.echo', { value: 1 }))]);
           report([
             await code(delegate()), await code(delegate({})), await code(delegate({ commands: 'test.*' })),
             await code(delegate({ commands: ['test.*'], admin: true })),
             await code(delegate({ commands: ['test.*'], uses: 0 })),
             await code(delegate({ commands: ['x'.repeat(3000)] })), await code(delegate({ commands: [1n] })),
           ]);
         })();",
    );
    app.expect(json!([[1, 1], [2, 2], [3, "denied"]]));
    app.expect(json!([[1, 1]]));
    app.expect(json!(["ok"]));
    app.expect(json!(vec!["invalid"; 7]));
    assert_eq!(app.refusals("test.echo"), ["caveat-uses"]);
}

#[test]
fn what_comes_over_a_port_cannot_hurt_the_bridge() {
    let app = App::start(
        "(async () => {
           const tell = await holder('frame');
           const lent = await delegate({ commands: ['test.echo', 'test.wait'] });
           await tell('port', [lent.port]);
           const loop = { id: 1, command: 'test.echo' }; loop.args = loop;
           await tell({ send: [
             null, undefined, 7, 'text', [], new Map([['id', 1]]), new ArrayBuffer(9), { id: -1 }, { id: 1.5 },
             { id: '1' }, { id: NaN }, { id: 2 ** 60, command: 'test.echo' }, { cancel: true }, { id: 77, cancel: true },
             'rx1', 'm', { id: { id: 1 } },
           ] });
           report(await answers(tell, { id: 10, command: 7 }, { id: 11, command: 'test.echo', args: 1n },
             loop, { id: 12, command: 'test.echo', args: 'text' },
             { id: 13, command: 'test.echo', args: { value: 'x'.repeat(2 << 20) } },
             { id: 14, command: 'test.echo', args: { value: 'fine' } }));
           // Eight at once, and no more; one is given back.
           const waits = (from, many) => Array.from({ length: many }, (_, i) => ({ id: from + i, command: 'test.wait' }));
           await tell({ send: waits(100, 8) });
           report(await answers(tell, { id: 200, command: 'test.echo', args: { value: 1 } }));
           await tell({ send: [{ id: 103, cancel: true }] });
           report(await answers(tell, { id: 201, command: 'test.echo', args: { value: 1 } }));
           report(await code(invoke('test.echo', { value: 'the page itself' })));
           // Who floods loses the port, and what it had in flight.
           await tell({ send: Array.from({ length: 1000 }, () => 'flood') });
           report(await code(invoke('test.echo', { value: 'still there' })));
         })();",
    );
    app.expect(json!([
        [10, "invalid"],
        [11, "invalid"],
        [1, "invalid"],
        [12, "invalid"],
        [13, "too_large"],
        [14, "fine"],
    ]));
    app.expect(json!([[200, "busy"]]));
    app.expect(json!([[201, 1]]));
    app.expect(json!("ok"));
    app.expect(json!("ok"));
    wait::until(LIMIT, || app.records("taken_back").len() == 1);
    let stopped = app.records("cancelled");
    let of = |why: &str| stopped.iter().filter(|record| record["why"] == why).count();
    assert_eq!((of("by-page"), of("revoked")), (1, 7));
}

#[test]
fn c11_a_page_that_overwrites_what_there_is_delegates_all_the_same() {
    let app = App::start(
        "(async () => {
           const tell = await holder('frame');
           const evil = function () { throw new Error('overwritten'); };
           JSON.stringify = JSON.parse = evil;
           window.MessageChannel = window.MessageEvent = window.CustomEvent = window.Map = evil;
           for (const name of ['data', 'ports']) {
             Object.defineProperty(MessagePort.prototype, name, { get: evil, configurable: true });
           }
           MessagePort.prototype.close = Object.getOwnPropertyDescriptor = Object.freeze = evil;
           for (const name of ['id', 'command', 'cancel', 'error', 'ok', 'toJSON', 'port', 'lent', '0']) {
             Object.defineProperty(Object.prototype, name, { get() { return undefined; }, set() {}, configurable: true });
           }
           const lent = await delegate({ commands: ['test.echo'] });
           const port = Object.keys(lent).map((name) => lent[name])[0];
           await tell('port', [port]);
           const { answers } = await tell({ ask: [{ id: 1, command: 'test.echo', args: { value: 'through' } }] });
           const { ok } = answers[0];
           report(ok);
         })();",
    );
    app.expect(json!("through"));
}

#[test]
fn a_delegation_ends_with_its_document_and_the_frames_navigation_leaves_nobody() {
    let app = App::start(
        "(async () => {
           if (location.search === '') {
             const tell = await holder('frame');
             const lent = await delegate({ commands: ['test.wait', 'test.report'] });
             await tell('port', [lent.port]);
             await tell({ send: [{ id: 1, command: 'test.wait' }] });
             await code(invoke('test.echo', { value: 1 }));
             tell.frame.removeAttribute('srcdoc');
             tell.frame.src = 'empty.html';
             await new Promise((done) => { tell.frame.onload = done; });
             report('the frame went');
             location.href = 'main.html?again';
           } else {
             const again = await delegate({ commands: ['test.echo'] });
             const { port } = again;
             port.onmessage = ({ data }) => report(data);
             port.postMessage({ id: 7, command: 'test.echo', args: { value: 'anew' } });
           }
         })();",
    );
    app.expect(json!("the frame went"));
    app.expect(json!({ "id": 7, "ok": "anew" }));
    let stopped = app.records("cancelled");
    assert_eq!((&stopped[0]["command"], &stopped[0]["why"]), (&json!("test.wait"), &json!("gone")));
    let delegated = app.records("delegated");
    assert_eq!(delegated.len(), 2);
    assert!(delegated[0]["document"].as_u64() < delegated[1]["document"].as_u64());
}

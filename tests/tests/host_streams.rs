//! Calls that go on, over a real host, a real WebView and the real broker: bytes both ways, streams
//! with back-pressure, events and shared state, and that each document has its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test's helpers are part of the test"
)]

use std::{
    process::{Child, Command as Process, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sidegate::{
    Broker, Bytes, Call, Command, HandlerError, NoArgs,
    app::{AppDirectories, AppId, Window},
    events::{Events, Topic},
    state::State,
    wire::SandboxLevel,
};
use sidegate_tests::{Display, fake_broker, wait};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Nothing that is waited for takes this long, but on a machine that is busy otherwise.
const LIMIT: Duration = Duration::from_secs(30);

/// Nothing more happens after this long.
const QUIET: Duration = Duration::from_millis(400);

const POLICY: &str = r#"
version = 1
[[capability]]
id = "all"
windows = ["main", "other"]
allow = [
  { commands = ["test.*"] },
  { commands = ["events.subscribe"], key = ["notes.*"] },
  { commands = ["state.*"], key = ["shared.*"] },
  { commands = ["fs.read", "fs.write"], path = ["$APPDATA/**"] },
]
"#;

/// The app: its broker within this process, and a host with its windows.
struct App {
    host: Child,
    events: Events,
    state: State,
    made: Arc<AtomicUsize>,
    reports: mpsc::Receiver<(String, Value)>,
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

/// Counts itself down when it is dropped.
struct Made(Arc<AtomicUsize>);

fn commands(reports: mpsc::Sender<(String, Value)>, made: &Arc<AtomicUsize>) -> Vec<Command> {
    let counter = Arc::clone(made);
    vec![
        Command::new("test.report", move |call: Call, args: Report| {
            let sent = reports.send((call.window().to_string(), args.value));
            std::future::ready(sent.map_err(HandlerError::internal))
        }),
        Command::bytes("test.echo", async |mut call: Call, _: NoArgs| {
            call.body()?.bytes(8 << 20).await
        })
        .takes_body(),
        Command::stream_bytes("test.swap", async |mut call: Call, _: NoArgs| {
            Ok(call.body()?.into_stream())
        })
        .takes_body(),
        Command::stream("test.count", async |_: Call, _: NoArgs| {
            Ok(futures_util::stream::iter((0..100).map(Ok::<u32, HandlerError>)))
        }),
        Command::stream("test.fails", async |_: Call, _: NoArgs| {
            Ok(futures_util::stream::iter([Ok(1), Err(HandlerError::new("broken", "it broke"))]))
        }),
        Command::stream_bytes("test.endless", move |_: Call, _: NoArgs| {
            let made = Made(Arc::clone(&counter));
            std::future::ready(Ok(futures_util::stream::repeat_with(move || {
                made.0.fetch_add(1, Ordering::SeqCst);
                Ok(Bytes::from(vec![0; 128 << 10]))
            })))
        }),
    ]
}

impl Drop for Made {
    fn drop(&mut self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

impl App {
    /// The app with these windows, each with its script.
    fn start(pages: &[(&str, &str)]) -> Self {
        let home = tempfile::Builder::new().prefix("sidegate-streams-").tempdir().unwrap();
        let ui = home.path().join("ui");
        std::fs::create_dir(&ui).unwrap();
        std::fs::write(ui.join("empty.html"), "<!doctype html><p>nothing").unwrap();
        let (display, (reported, reports)) = (Display::start().unwrap(), mpsc::channel());
        let (events, state, made) = (Events::default(), State::default(), Arc::default());
        let id = AppId::parse("org.example.streams").unwrap();
        let mut builder = Broker::builder()
            .id("org.example.streams")
            .unwrap()
            .policy("policy.toml", POLICY)
            .least_sandbox(SandboxLevel::None)
            .directories(AppDirectories::beneath(home.path(), &id))
            .events(&events)
            .state(&state)
            .ui(&ui);
        for (label, script) in pages {
            let script = format!(
                "const report = (value) => sidegate.invoke('test.report', {{ value }});
                 const code = (promise) => promise.then(() => 'ok', (error) => error.code);
                 addEventListener('error', ({{ message }}) => report('error: ' + message));
                 addEventListener('unhandledrejection', (e) => report('rejected: ' + e.reason));
                 {script}"
            );
            std::fs::write(ui.join(format!("{label}.js")), script).unwrap();
            let page = format!("<!doctype html><body><script src='{label}.js'></script>");
            std::fs::write(ui.join(format!("{label}.html")), page).unwrap();
            builder = builder.window(Window::new(label, &format!("{label}.html")).unwrap());
        }
        for command in commands(reported, &made) {
            builder = builder.command(command);
        }
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
        Self { host, events, state, made, reports, end, running, _display: display, _home: home }
    }

    /// The next report of any window.
    fn report(&self) -> (String, Value) {
        self.reports.recv_timeout(LIMIT).unwrap()
    }

    fn expect(&self, window: &str, value: Value) {
        assert_eq!(self.report(), (window.to_owned(), value));
    }

    fn listeners(&self, topic: &str) -> usize {
        self.events.listeners(&Topic::parse(topic).unwrap())
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

/// What a page needs to tell bytes apart.
const BYTES: &str = "
    const pattern = (n, by) => new Uint8Array(n).map((_, at) => at * by);
    const same = (one, other) => {
      const left = new Uint8Array(one), right = new Uint8Array(other);
      return left.length === right.length && left.every((byte, at) => byte === right[at]);
    };
    const joined = (parts) => {
      const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
      parts.reduce((at, part) => (all.set(new Uint8Array(part), at), at + part.byteLength), 0);
      return all;
    };";

#[test]
fn every_byte_and_eight_mebibytes_go_both_ways_as_buffers() {
    let script = format!(
        "{BYTES}
         const all = pattern(256, 1), many = pattern(8 << 20, 7);
         const echo = (body) => sidegate.invoke('test.echo', {{}}, {{ body }});
         const parts = async function* () {{ yield all; yield many.buffer; yield new Uint8Array(0); yield all; }};
         const stream = () => new ReadableStream({{
           start(to) {{ to.enqueue(all); to.enqueue(all.subarray(3, 7)); to.close(); }},
         }});
         (async () => {{
           const path = '$APPDATA/a.bin';
           const none = await echo(new ArrayBuffer(0));
           report([
             none instanceof ArrayBuffer && none.byteLength,
             same(await echo(all), all),
             same(await echo(all.buffer), all),
             same(await echo(all.subarray(250)), all.subarray(250)),
             same(await echo(new DataView(all.buffer, 5, 9)), all.subarray(5, 14)),
             same(await echo(many), many),
             same(await echo(parts()), joined([all, many, all])),
             same(await echo(stream()), joined([all, all.subarray(3, 7)])),
             await sidegate.invoke('fs.write', {{ path }}, {{ body: many }}),
             same(await sidegate.invoke('fs.read', {{ path }}), many),
           ]);
         }})().catch((error) => report(error.code + error.message));"
    );
    let app = App::start(&[("main", &script)]);
    // Ten kinds of body; the seventh is over what the handler takes.
    let (_, seen) = app.report();
    assert_eq!(seen, json!("too_largethe body of the call is too large"));

    let app = App::start(&[("main", &script.replace("many.buffer", "many.buffer.slice(512)"))]);
    let written = json!({ "bytes": 8 << 20 });
    let expected = json!([0, true, true, true, true, true, false, true, written, true]);
    app.expect("main", expected);
}

#[test]
fn a_body_that_cannot_be_sent_fails_its_call_and_no_other() {
    let app = App::start(&[(
        "main",
        "const echo = (body, options) => code(sidegate.invoke('test.echo', {}, { body, ...options }));
         const broken = async function* () { yield new Uint8Array(9); throw new Error('mine'); };
         const odd = async function* () { yield 'text'; };
         const stop = new AbortController();
         const slow = async function* () { yield new Uint8Array(9); stop.abort(); await new Promise(() => {}); };
         const locked = new ReadableStream({}); locked.getReader();
         (async () => report([
           await echo('text'), await echo(7), await echo({}), await echo(locked),
           await echo(new Other()),
           await echo(broken()), await echo(odd()), await echo(slow(), { signal: stop.signal }),
           await code(sidegate.invoke('test.report', { value: 'x' }, { body: new ArrayBuffer(1) })),
           await code(sidegate.invoke('test.echo', {})),
           await echo(new Uint8Array(9)),
         ]))();
         function Other() {}",
    )]);
    let expected = json!([
        "invalid",
        "invalid",
        "invalid",
        "invalid",
        "invalid",
        "invalid",
        "invalid",
        "cancelled",
        "invalid",
        "invalid",
        "ok",
    ]);
    app.expect("main", expected);
}

#[test]
fn a_page_reads_a_stream_in_order_and_hears_its_end() {
    let script = format!(
        "{BYTES}
         (async () => {{
           const numbers = [];
           for await (const number of sidegate.stream('test.count')) numbers.push(number);
           report(numbers);
           const failed = [];
           try {{
             for await (const item of sidegate.stream('test.fails')) failed.push(item);
           }} catch (error) {{ failed.push(error.code); }}
           report(failed);
           const denied = sidegate.stream('fs.list', {{ path: '/' }});
           report([await code(denied.next()), await denied.next(), await code(sidegate.stream(7).next())]);
           const many = pattern(3 << 20, 3), parts = [];
           for await (const part of sidegate.stream('test.swap', {{}}, {{ body: many }})) parts.push(part);
           report([parts.every((part) => part instanceof ArrayBuffer), same(joined(parts), many)]);
         }})();"
    );
    let app = App::start(&[("main", &script)]);
    app.expect("main", json!((0..100).collect::<Vec<u32>>()));
    app.expect("main", json!([1, "broken"]));
    app.expect("main", json!(["denied", { "done": true }, "invalid"]));
    app.expect("main", json!([true, true]));
}

#[test]
fn a_page_that_does_not_read_holds_the_core_up_and_leaving_frees_it() {
    let app = App::start(&[(
        "main",
        "const stream = sidegate.stream('test.endless');
         stream.next().then(() => report('first'));
         sidegate.listen('notes.go', async () => {
           for (let taken = 0; taken < 20; taken += 1) await stream.next();
           report('more');
         });
         sidegate.listen('notes.leave', () => stream.return(7).then(report));",
    )]);
    app.expect("main", json!("first"));
    // One was taken, eight are under way, and no more is made, however long it takes.
    thread::sleep(QUIET);
    assert_eq!(app.made.load(Ordering::SeqCst), 9);
    assert_eq!(app.events.emit("notes.go", &()), Ok(1));
    app.expect("main", json!("more"));
    thread::sleep(QUIET);
    assert_eq!(app.made.load(Ordering::SeqCst), 29);
    assert_eq!(app.events.emit("notes.leave", &()), Ok(1));
    app.expect("main", json!({ "value": 7, "done": true }));
    let dropped = wait::until(LIMIT, || app.made.load(Ordering::SeqCst) == 0);
    assert!(dropped.is_some(), "the stream goes on");
}

#[test]
fn c06_events_arrive_at_the_document_that_listens_and_at_no_later_one() {
    let listener = "
        sidegate.listen('notes.saved', (payload) => report(['saved', payload]));
        sidegate.listen('notes.gone', () => { location.href = 'empty.html'; });
        sidegate.listen('notes.ready', () => {}).then(() => report('ready'));";
    let bystander = "
        sidegate.listen('notes.other', (payload) => report(['other', payload]))
          .then((stop) => { report('ready');
            sidegate.listen('notes.stop', () => { stop(); stop(); report('stopped'); }); });
        code(sidegate.listen('weather.rain', () => {})).then((told) => { if (told !== 'denied') report(told); });
        code(sidegate.listen('notes.other', 'no function')).then((told) => { if (told !== 'invalid') report(told); });";
    let app = App::start(&[("main", listener), ("other", bystander)]);
    let mut ready = [app.report(), app.report()];
    ready.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(ready, ["main", "other"].map(|window| (window.to_owned(), json!("ready"))));
    let both = wait::until(LIMIT, || app.listeners("notes.stop") == 1);
    assert!(both.is_some());
    assert_eq!(app.events.emit("notes.saved", &json!({ "id": 1 })), Ok(1));
    app.expect("main", json!(["saved", { "id": 1 }]));
    assert_eq!(app.events.emit("notes.other", &2), Ok(1));
    app.expect("other", json!(["other", 2]));
    // The document leaves while events are on their way: they reach nobody.
    app.events.emit("notes.gone", &()).unwrap();
    let mut told = 0;
    let gone = wait::until(LIMIT, || {
        told += app.events.emit("notes.saved", &"late").unwrap();
        app.listeners("notes.saved") == 0
    });
    assert!(gone.is_some(), "the document listens on");
    assert_eq!(app.events.emit("notes.saved", &"later"), Ok(0));
    let late = std::iter::from_fn(|| app.reports.recv_timeout(QUIET).ok()).collect::<Vec<_>>();
    assert!(late.len() <= told && late.iter().all(|(window, _)| window == "main"), "{late:?}");
    app.events.emit("notes.stop", &()).unwrap();
    app.expect("other", json!("stopped"));
    assert!(wait::until(LIMIT, || app.listeners("notes.other") == 0).is_some());
}

#[test]
fn a_page_that_is_flooded_with_events_hears_that_it_missed_some() {
    let app = App::start(&[(
        "main",
        "const spin = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
         const heard = [];
         sidegate.listen('notes.many', (number) => { heard.push(number); spin(2); }, {
           ended: (error) => report([error.code, heard.every((number, at) => number === at)]),
         });
         let last = -1, rising = true;
         sidegate.listen('notes.many', (number) => {
           rising = rising && number > last; last = number;
           if (number === 4999) report(rising);
         }, { overflow: 'latest' }).then(() => report('ready'));",
    )]);
    app.expect("main", json!("ready"));
    assert!(wait::until(LIMIT, || app.listeners("notes.many") == 2).is_some());
    for number in 0..5000 {
        app.events.emit("notes.many", &number).unwrap();
    }
    let mut found = [app.report().1, app.report().1];
    found.sort_by_key(Value::is_array);
    assert_eq!(found, [json!(true), json!(["lagged", true])]);
}

#[test]
fn windows_see_one_state_and_change_it_under_its_version() {
    let watcher = "
        sidegate.state.watch('shared.n', (value, version) => { if (value === 50) report([value, version]); })
          .then(() => report('ready'));";
    let adders = "
        const add = async () => {
          for (;;) {
            const { value, version } = await sidegate.state.get('shared.n');
            try { return await sidegate.state.set('shared.n', value + 1, { version }); }
            catch (error) { if (error.code !== 'conflict') throw error; }
          }
        };
        sidegate.listen('notes.go', async () => {
          await Promise.all(Array.from({ length: 25 }, add));
          report(['added', await code(sidegate.state.set('private', 1))]);
        }).then(() => report('ready'));";
    let app = App::start(&[("main", &format!("{watcher}{adders}")), ("other", adders)]);
    app.state.set("shared.n", &0, None).unwrap();
    (0..3).for_each(|_| assert_eq!(app.report().1, json!("ready")));
    assert_eq!(app.events.emit("notes.go", &()), Ok(2));
    let mut found: Vec<_> = (0..3).map(|_| app.report().1).collect();
    found.sort_by_key(|value| value[0].is_number());
    let now = app.state.get("shared.n").unwrap();
    assert_eq!(now.value, json!(50));
    assert_eq!(
        found,
        [json!(["added", "denied"]), json!(["added", "denied"]), json!([50, now.version])]
    );
}

#[test]
fn c11_what_a_page_overwrites_is_not_used_for_streams() {
    let app = App::start(&[(
        "main",
        "const evil = function () { throw new Error('overwritten'); };
         const { asyncIterator } = Symbol;
         JSON.stringify = JSON.parse = evil;
         for (const name of ['bind', 'call', 'apply']) Function.prototype[name] = evil;
         Reflect.apply = Reflect.construct = evil;
         for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
           EventTarget.prototype[name] = evil;
         }
         for (const name of ['slice', 'indexOf', 'push', 'shift', 'concat', 'includes']) {
           String.prototype[name] = Array.prototype[name] = evil;
         }
         ArrayBuffer.prototype.slice = ArrayBuffer.isView = evil;
         ReadableStream.prototype.getReader = evil;
         window.ArrayBuffer = window.Uint8Array.prototype.subarray = evil;
         window.CustomEvent = window.MouseEvent = window.Event = window.Error = window.reportError = evil;
         window.TextEncoder = window.Map = window.Number = window.RegExp = window.atob = window.btoa = evil;
         Object.defineProperty = Object.freeze = evil;
         Object.prototype.hasOwnProperty = evil;
         for (const name of ['id', 'ok', 'error', 'item', 'open', 'more', 'done', 'fail', 'source', 'credit',
             'value', 'next', 'buffer', 'at', 'end', 'resolve', 'reject', 'detail', 'key', 'overflow',
             'version', 'toJSON', '0', '1']) {
           Reflect.defineProperty(Object.prototype, name, { __proto__: null,
             get() { return undefined; }, set() {}, configurable: true,
           });
         }
         Array.prototype[Symbol.iterator] = evil;
         window.Promise = evil;
         const body = new Uint8Array(300000);
         body[299999] = 7;
         const stream = sidegate.stream('test.count');
         const failed = (error) => report('failed: ' + error.message);
         let items = 0;
         const drain = () => stream.next().then((item) => {
           if (item.done !== true) { items += 1; return drain(); }
           return sidegate.invoke('test.echo', {}, { body }).then((bytes) =>
             sidegate.listen('notes.saved', (text) =>
               sidegate.state.set('shared.a', 1).then((set) => report(
                 { items, own: stream[asyncIterator]() === stream, length: bytes.byteLength, text, set: typeof set.version },
               )).then(undefined, failed)).then(() => report('ready')));
         });
         drain().then(undefined, failed);",
    )]);
    app.expect("main", json!("ready"));
    app.events.emit("notes.saved", &"heard").unwrap();
    let expected =
        json!({ "items": 100, "own": true, "length": 300_000, "text": "heard", "set": "number" });
    app.expect("main", expected);
}

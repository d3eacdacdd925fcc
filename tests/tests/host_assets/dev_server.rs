//! Pages from a server of the developer's, in a debug run: a stand-in that serves a page, and
//! says over a WebSocket, as Vite does, when to load it again. (`make vite` does it with Vite.)

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::folder::Folder;

/// What the policy has to say for the server's pages.
const FOR_DEV: &str = "[[capability]]\nid = \"dev\"\ndescription = \"the developer's server\"\n\
     windows = [\"main\"]\norigins = [\"app://dev\"]\n\
     dangerous = \"debug runs alone have this origin\"\nallow = [{ commands = [\"window.set_title\"] }]\n";

/// What Vite's client does that matters here.
const CLIENT: &str = "
    const socket = new WebSocket(`ws://${new URL(import.meta.url).host}/?token=x`, 'vite-hmr');
    socket.addEventListener('message', ({ data }) => {
      const { type } = JSON.parse(data);
      if (type === 'connected') socket.send('{\"type\":\"ping\"}');
      if (type === 'full-reload') location.reload();
    });";

struct Server {
    port: u16,
    version: Arc<AtomicUsize>,
    sockets: Arc<Mutex<Vec<TcpStream>>>,
    pings: Receiver<()>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (version, sockets) = (Arc::new(AtomicUsize::new(1)), Arc::default());
        let (pinged, pings) = channel();
        let server = Self { port, version, sockets, pings };
        let (version, sockets) = (Arc::clone(&server.version), Arc::clone(&server.sockets));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, pinged) = (stream.unwrap(), pinged.clone());
                let (version, sockets) = (Arc::clone(&version), Arc::clone(&sockets));
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let head = head(&mut reader);
                    if let Some(key) = value(&head, "Sec-WebSocket-Key") {
                        assert!(head.starts_with("GET /?token=x "), "{head}");
                        assert_eq!(value(&head, "Sec-WebSocket-Protocol"), Some("vite-hmr"));
                        open(&mut stream, key);
                        sockets.lock().unwrap().push(stream);
                        // Anything that comes is the page's ping.
                        if reader.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
                            let _ = pinged.send(());
                        }
                        return;
                    }
                    answer(&mut stream, &head, version.load(Ordering::SeqCst));
                });
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Changes the page, and says so.
    fn change(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
        for socket in self.sockets.lock().unwrap().iter_mut() {
            say(socket, r#"{"type":"full-reload"}"#);
        }
    }
}

fn head(reader: &mut impl BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
    head
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn answer(stream: &mut TcpStream, head: &str, version: usize) {
    let tell = format!(
        "const names = {{ title: `${{location.origin}}, version {version}` }};
         const info = await sidegate.invoke('app.info').then(() => 'told', () => 'denied');
         names.title += `, ${{info}}`;
         sidegate.invoke('window.set_title', names);"
    );
    let (kind, body) = match head.split(' ').nth(1) {
        Some("/index.html") => (
            "text/html",
            "<!doctype html><script type=module src=/@vite/client></script>\
             <script type=module src=/tell.js></script>",
        ),
        Some("/@vite/client") => ("text/javascript", CLIENT),
        Some("/tell.js") => ("text/javascript", tell.as_str()),
        _ => ("text/plain", ""),
    };
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
}

fn open(stream: &mut TcpStream, key: &str) {
    let both = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, both.as_bytes()));
    let _ = write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: vite-hmr\r\n\r\n"
    );
    say(stream, r#"{"type":"connected"}"#);
}

/// A text in one frame.
fn say(stream: &mut TcpStream, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126, "a longer one has another head");
    // Who has reloaded does not listen any more.
    let _ = stream.write_all(&[&[0x81, length], text.as_bytes()].concat());
}

#[test]
fn pages_of_the_dev_server_are_a_principal_of_their_own_and_reload_when_told() {
    let server = Server::start();
    let folder = Folder::new(&format!("dev_url = \"{}\"", server.url()), FOR_DEV);
    let run = folder.run(&["--debug"]);
    run.wait_for_title("app://dev, version 1, denied");
    server.pings.recv().unwrap();
    server.change();
    run.wait_for_title("app://dev, version 2, denied");
    server.pings.recv().unwrap();
    server.change();
    run.wait_for_title("app://dev, version 3, denied");
    assert!(run.errors().contains("an origin that a capability must name"), "{}", run.errors());
}

#[test]
fn only_a_dangerous_word_makes_them_the_app_s_own() {
    let server = Server::start();
    let url = server.url();
    let keys = format!("dev_url = {{ url = \"{url}\", dangerously_as_local = true }}");
    let folder = Folder::new(&keys, "");
    let run = folder.run(&["--debug"]);
    run.wait_for_title("app://localhost, version 1, told");
    assert!(run.errors().contains("as the app's own"), "{}", run.errors());
}

#[test]
fn a_run_that_is_not_for_developers_has_its_own_pages() {
    let server = Server::start();
    let url = server.url();
    for keys in [
        format!("dev_url = \"{url}\""),
        format!("dev_url = {{ url = \"{url}\", dangerously_as_local = true }}"),
    ] {
        let folder = Folder::new(&keys, FOR_DEV);
        folder.write("index.html", "<script src=tell.js></script>");
        let tell = "sidegate.invoke('window.set_title', { title: location.origin + ', built' });";
        folder.write("tell.js", tell);
        folder.run(&[]).wait_for_title("app://localhost, built");
    }
}

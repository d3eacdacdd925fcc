//! Hot reload with Vite itself, in a window that has no network. Node.js and Vite are not among
//! what the other suites need, so this one is asked for by name: `make vite`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sidegate_tests::{Desk, Display, Home, Launch, wait::until_some};

/// A first start looks through what the app depends on.
const LIMIT: Duration = Duration::from_secs(60);

const POLICY: &str = "version = 1
[[capability]]
id = \"dev\"
description = \"the developer's server\"
windows = [\"main\"]
origins = [\"app://dev\"]
dangerous = \"debug runs alone have this origin\"
allow = [{ commands = [\"window.set_title\"] }]
";

const INDEX: &str = "<!doctype html><html><head><title>Vite</title></head><body>
<script>document.documentElement.dataset.inline = 'inline';</script>
<script type=module src='/main.js'></script></body></html>";

/// Tells what it is, and how often a module of it was replaced: nought after a load.
const MAIN: &str = "
import './style.css';
import { text } from './part.js';
let [shown, replaced] = [text, 0];
import.meta.hot.accept('./part.js', (part) => { shown = part.text; replaced += 1; });
setInterval(() => {
  const { color } = getComputedStyle(document.body);
  const { inline, extra } = document.documentElement.dataset;
  const title = [location.origin, inline, extra, shown, replaced, color].join(' ');
  sidegate.invoke('window.set_title', { title });
}, 100);";

const CONFIG: &str = "export default { html: { cspNonce: '{{nonce}}' }, clearScreen: false };";

struct Vite(Child);

impl Vite {
    fn start(folder: &Path, port: u16) -> Self {
        let vite = env::var("SIDEGATE_VITE").expect("`make vite` says where Vite is");
        let child = Command::new("node")
            .arg(Path::new(&vite).join("bin/vite.js"))
            .args(["--strictPort", "--port", &port.to_string()])
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn();
        let vite = Self(child.unwrap());
        until_some(LIMIT, || TcpStream::connect(("localhost", port)).ok()).expect("it listens");
        vite
    }
}

impl Drop for Vite {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn vite_replaces_modules_and_styles_and_reloads_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (app, web) = (folder.path().join("app"), folder.path().join("web"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let write = |path: &str, text: &str| fs::write(folder.path().join(path), text).unwrap();
    fs::create_dir_all(app.join("policies")).unwrap();
    fs::create_dir(&web).unwrap();
    write(
        "app/sidegate.toml",
        &format!(
            "version = 1\nid = \"org.example.vite\"\nname = \"Vite\"\n\
             dev_url = \"http://localhost:{port}\"\n[[window]]\nlabel = \"main\"\n\
             title = \"not told yet\"\npage = \"index.html\"\n"
        ),
    );
    write("app/policies/app.toml", POLICY);
    write("web/vite.config.js", CONFIG);
    write("web/index.html", INDEX);
    write("web/main.js", MAIN);
    write("web/part.js", "export const text = 'one';");
    write("web/style.css", "body { color: rgb(1, 0, 0) }");

    let vite = Vite::start(&web, port);
    let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
    let mut launch = Launch::new(&app, &home, &display).unwrap();
    launch.arguments.push("--debug".into());
    let run = launch.start().unwrap();
    let desk = Desk::at(&display).unwrap();
    let wait_for = |title: &str| {
        let found = desk.wait_for(title, LIMIT, |seen| seen == title);
        found.unwrap_or_else(|error| panic!("{error}; the broker said:\n{}", run.errors()));
    };

    wait_for("app://dev inline  one 0 rgb(1, 0, 0)");
    write("web/part.js", "export const text = 'two';");
    wait_for("app://dev inline  two 1 rgb(1, 0, 0)");
    write("web/style.css", "body { color: rgb(2, 0, 0) }");
    wait_for("app://dev inline  two 1 rgb(2, 0, 0)");
    write("web/index.html", &INDEX.replace("<html>", "<html data-extra=extra>"));
    wait_for("app://dev inline extra two 0 rgb(2, 0, 0)");

    // A server that was started again is found again, and the page loaded anew.
    drop(vite);
    write("web/part.js", "export const text = 'three';");
    let _vite = Vite::start(&web, port);
    wait_for("app://dev inline extra three 0 rgb(2, 0, 0)");
}

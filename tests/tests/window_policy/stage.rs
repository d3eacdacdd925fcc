//! An app of two windows, its policy and its script given by each test.

use std::{fs, path::PathBuf, time::Duration};

use serde_json::Value;
use sidegate_tests::{App, Desk, Display, Home, Launch};

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The manifest, but for what a test adds.
const MANIFEST: &str = r#"version = 1
id = "org.example.windows"
name = "Windows"

[[window]]
label = "editor"
title = "Editor"
page = "index.html"
width = 500
height = 360

[[template]]
name = "preview"
title = "Preview"
page = "preview.html"
width = 420
height = 300
takes = ["https://docs.example.com"]
most = 2
"#;

/// An app that runs, and what it stands on.
pub(crate) struct Stage {
    // In the order in which they have to go.
    pub(crate) app: App,
    pub(crate) desk: Desk,
    pub(crate) _display: Display,
    pub(crate) _home: Home,
}

/// A folder of an app in `home`: `script` is run in the page of `editor`, `other` in that of previews.
pub(crate) fn folder(home: &Home, more: &str, policy: &str, script: &str, other: &str) -> PathBuf {
    let app = home.path().join("app");
    for folder in ["policies", "ui"] {
        fs::create_dir_all(app.join(folder)).unwrap();
    }
    fs::write(app.join("sidegate.toml"), format!("{MANIFEST}{more}")).unwrap();
    fs::write(app.join("policies/app.toml"), format!("version = 1\n{policy}")).unwrap();
    for (name, script, colour) in [("index", script, "#224433"), ("preview", other, "#663344")] {
        let page = format!(
            "<!doctype html><body bgcolor='{colour}'><script src='{name}.js'></script></body>"
        );
        fs::write(app.join(format!("ui/{name}.html")), page).unwrap();
        fs::write(app.join(format!("ui/{name}.js")), script).unwrap();
    }
    app
}

impl Stage {
    pub(crate) fn start(more: &str, policy: &str, script: &str, other: &str) -> Self {
        let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
        let folder = folder(&home, more, policy, script, other);
        let app = Launch::new(&folder, &home, &display).unwrap().start().unwrap();
        let desk = Desk::at(&display).unwrap();
        Self { app, desk, _display: display, _home: home }
    }

    /// Waits for the decision on `command` by a window.
    pub(crate) fn decision(&self, window: &str, command: &str) -> Value {
        let wanted = |record: &Value| {
            record["event"] == "call" && record["window"] == window && record["command"] == command
        };
        let found = self.app.wait_for_record(&format!("{window}: {command}"), LIMIT, wanted);
        found.unwrap_or_else(|error| panic!("{error}\n{:#?}", self.app.records().unwrap()))
    }

    /// The decisions of that kind so far.
    pub(crate) fn decisions(&self, window: &str, command: &str) -> Vec<Value> {
        let mut all = self.app.records().unwrap();
        all.retain(|it| {
            it["event"] == "call" && it["window"] == window && it["command"] == command
        });
        all
    }

    pub(crate) fn window(&self, title: &str) -> sidegate_tests::x11::Window {
        let found = self.desk.wait_for(title, LIMIT, |found| found == title);
        found.unwrap_or_else(|error| panic!("{error}\n{}", self.app.errors()))
    }
}

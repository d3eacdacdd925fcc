//! Every deliberate difference, with an example of it.

use serde_json::{Value, json};
use sidegate_tools::tauri::{Difference, Kind};

use crate::apps::{APP, App, Call, written};
use crate::oracle::Answer;
use crate::ours::Ours;

/// A deliberate difference.
pub(crate) struct Row {
    /// The code that the report has for it.
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
    /// Whether a call is allowed here that is denied there; otherwise it is the other way round.
    pub(crate) wider: bool,
    /// An app, and a call that only one of the two allows.
    pub(crate) example: fn() -> (App, Call),
    /// Whether a difference of this name speaks of a call.
    about: fn(&Difference, &Call) -> bool,
}

/// Those of the commands that change something by their name.
pub(crate) const CHANGING: [&str; 5] = ["save-note", "write_file", "save", "close", "fetch_send"];

/// What is not in the report, since it is so for every pattern: what stands for a run of
/// characters where something is denied takes in names that begin with a dot.
const HIDDEN: &str = "hidden-denied";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "deny-per-window",
        why: "who denies a command to one window means that window; Tauri's is held to be a fault",
        wider: true,
        example: || {
            let grant = json!({ "identifier": "a", "windows": ["main"], "permissions": ["greet"] });
            let refuse = json!({ "identifier": "b", "windows": ["other"], "permissions": ["no"] });
            (own(vec![grant, refuse]), greet("main", None))
        },
        about: |found, call| found.subject == call.full(),
    },
    Row {
        name: "scope-per-window",
        why: "a capability is about its windows, and so is what it denies",
        wider: true,
        example: || {
            let refuse = json!({ "identifier": "fs:scope", "deny": [{ "path": NOTE }] });
            let refuse =
                json!({ "identifier": "b", "windows": ["other"], "permissions": [refuse] });
            (files(vec![reads("main", NOTE), refuse]), read(NOTE))
        },
        about: |found, call| found.subject == call.key,
    },
    Row {
        name: "scope-per-window",
        why: "a capability is about its windows, and so is what it allows",
        wider: false,
        example: || {
            let grant =
                json!({ "identifier": "a", "windows": ["main"], "permissions": ["fs:read"] });
            let scope = json!({ "identifier": "fs:scope", "allow": [{ "path": NOTE }] });
            let scope = json!({ "identifier": "b", "windows": ["other"], "permissions": [scope] });
            (files(vec![grant, scope]), read(NOTE))
        },
        about: |found, call| found.subject == call.key,
    },
    Row {
        name: "app-commands",
        why: "what is not granted is denied, whether or not the app has permissions of its own",
        wider: false,
        example: || (written(&[], Vec::new()), greet("main", None)),
        about: |_, call| call.key == APP,
    },
    Row {
        name: "command-name",
        why: "a command has one spelling",
        wider: false,
        example: || {
            let one = json!([{ "identifier": "p", "commands": { "allow": ["saveAll"] } }]);
            let grant = json!({ "identifier": "a", "windows": ["main"], "permissions": ["p"] });
            let call = Call { command: "saveAll", ..greet("main", None) };
            (written(&[(APP, one)], vec![grant]), call)
        },
        about: |found, call| found.subject == call.full(),
    },
    Row {
        name: "window-any",
        why: "a window that is not there yet is granted nothing",
        wider: false,
        example: || {
            let grant = json!({ "identifier": "a", "windows": ["*"], "permissions": ["greet"] });
            (own(vec![grant]), greet("stranger", None))
        },
        about: everything,
    },
    Row {
        name: "window-pattern",
        why: "window patterns have one wildcard",
        wider: false,
        example: || {
            let grant = json!({ "identifier": "a", "windows": ["mai?"], "permissions": ["greet"] });
            (own(vec![grant]), greet("main", None))
        },
        about: everything,
    },
    Row {
        name: "remote-url",
        why: "an origin is granted as a whole: its pages are not apart in a browser either",
        wider: false,
        example: || {
            let page = "https://example.com/app/x";
            let urls = json!({ "urls": ["https://example.com/app/*"] });
            let grant = json!({ "identifier": "a", "windows": ["main"], "remote": urls, "permissions": ["greet"] });
            (own(vec![grant]), greet("main", Some(page)))
        },
        about: |_, call| call.page.is_some(),
    },
    Row {
        name: "remote-change",
        why: "to let a page from the network change something takes a reason, which an import has not",
        wider: false,
        example: || {
            let one = json!([{ "identifier": "p", "commands": { "allow": ["save-note"] } }]);
            let urls = json!({ "urls": ["https://example.com"] });
            let grant = json!({ "identifier": "a", "windows": ["main"], "remote": urls, "permissions": ["p"] });
            let call = Call { command: "save-note", ..greet("main", Some("https://example.com/")) };
            (written(&[(APP, one)], vec![grant]), call)
        },
        about: |_, call| call.page.is_some() && CHANGING.contains(&call.command),
    },
    Row {
        name: "scope",
        why: "no policy grants the whole home directory",
        wider: false,
        example: || (files(vec![reads("main", "$HOME/**")]), read("$DOCUMENTS/a.md")),
        about: |found, call| found.subject.starts_with(&format!("{} ", call.full())),
    },
    Row {
        name: "scope-deny",
        why: "what cannot be denied in part is denied whole",
        wider: false,
        example: || {
            let deny = json!([{ "path": "$APPDATA/notes/[xy]" }]);
            let one = json!({ "identifier": "fs:read", "allow": [{ "path": NOTE }], "deny": deny });
            let grant = json!({ "identifier": "a", "windows": ["main"], "permissions": [one] });
            (files(vec![grant]), read(NOTE))
        },
        about: |found, call| found.subject.starts_with(&format!("{} ", call.key)),
    },
    Row {
        name: "scope-unknown",
        why: "one permission's scope is joined with that of another, and what the two mean is the plugin's",
        wider: false,
        example: || {
            let one = json!([{ "identifier": "p", "commands": { "allow": ["save"] } }]);
            let scoped = json!({ "identifier": "window-state:p", "allow": [{ "name": "x" }] });
            let grant = json!({ "identifier": "a", "windows": ["main"], "permissions": ["window-state:p"] });
            let other = json!({ "identifier": "b", "windows": ["other"], "permissions": [scoped] });
            let call = Call { key: "window-state", command: "save", ..greet("main", None) };
            (written(&[("window-state", one)], vec![grant, other]), call)
        },
        about: |found, call| found.subject == call.full(),
    },
    Row {
        name: "command-scope",
        why: "what `rename` touches is in two arguments, and a scope is about one",
        wider: false,
        example: || {
            let one = json!([{ "identifier": "p", "commands": { "allow": ["rename"] } }]);
            let grant = json!({ "identifier": "a", "windows": ["main"], "permissions": ["fs:p"] });
            let call = Call { key: "fs", command: "rename", ..greet("main", None) };
            (written(&[("fs", one)], vec![grant]), call)
        },
        about: |found, call| found.subject == call.full(),
    },
    Row {
        name: HIDDEN,
        why: "who denies all files of a directory means the hidden ones too",
        wider: false,
        example: || {
            let secret = "$APPDATA/notes/.secret";
            let deny = json!([{ "path": "$APPDATA/notes/*" }]);
            let one =
                json!({ "identifier": "fs:read", "allow": [{ "path": secret }], "deny": deny });
            let grant = json!({ "identifier": "a", "windows": ["main"], "permissions": [one] });
            (files(vec![grant]), read(secret))
        },
        about: |_, _| false,
    },
];

fn everything(_: &Difference, _: &Call) -> bool {
    true
}

/// The row that accounts for a difference, if there is one. `hidden` is what Tauri would say if a
/// wildcard took in hidden names where it denies.
pub(crate) fn of(
    ours: &Ours,
    call: &Call,
    here: bool,
    there: bool,
    hidden: Answer,
) -> Option<&'static str> {
    let accounts = |row: &&Row| {
        let is_row = |found: &&Difference| {
            found.code == row.name && (found.kind == Kind::Wider) >= row.wider
        };
        row.wider == here
            && ours.differences.iter().filter(is_row).any(|found| (row.about)(found, call))
    };
    if here == there {
        return None;
    }
    if let Some(row) = ROWS.iter().find(accounts) {
        return Some(row.name);
    }
    (there && hidden == Answer::Denied).then_some(HIDDEN)
}

const NOTE: &str = "$APPDATA/notes/a.md";

/// An app with one command, and permissions for and against it.
fn own(capabilities: Vec<Value>) -> App {
    let permissions = json!([
        { "identifier": "greet", "commands": { "allow": ["greet"] } },
        { "identifier": "no", "commands": { "deny": ["greet"] } },
    ]);
    written(&[(APP, permissions)], capabilities)
}

/// An app that reads files.
fn files(capabilities: Vec<Value>) -> App {
    let permissions = json!([
        { "identifier": "read", "commands": { "allow": ["read_file"] } },
        { "identifier": "scope" },
    ]);
    written(&[("fs", permissions)], capabilities)
}

fn reads(window: &str, path: &str) -> Value {
    let one = json!({ "identifier": "fs:read", "allow": [{ "path": path }] });
    json!({ "identifier": "a", "windows": [window], "permissions": [one] })
}

fn greet(window: &'static str, page: Option<&'static str>) -> Call {
    Call { window, page, key: APP, command: "greet", touched: None }
}

fn read(path: &'static str) -> Call {
    let touched = Some(("path", path));
    Call { key: "fs", command: "read_file", touched, ..greet("main", None) }
}

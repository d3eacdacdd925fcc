//! Generated Tauri apps, and the calls that tell them apart.

use std::collections::BTreeMap;
use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use sidegate_capabilities::Platform;
use tauri_utils::platform::Target as Theirs;

/// The key of the app's own permissions.
pub(crate) const APP: &str = "__app-acl__";

/// What an app's files say.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) manifests: Value,
    pub(crate) capabilities: Vec<Value>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.manifests)?;
        self.capabilities.iter().try_for_each(|one| writeln!(f, "{one}"))
    }
}

/// The windows of its configuration.
pub(crate) const WINDOWS: [&str; 3] = ["main", "editor-1", "other"];

/// A platform by both names.
pub(crate) struct Target {
    pub(crate) platform: Platform,
    pub(crate) theirs: Theirs,
}

pub(crate) const TARGETS: [Target; 2] = [
    Target { platform: Platform::Linux, theirs: Theirs::Linux },
    Target { platform: Platform::Macos, theirs: Theirs::MacOS },
];

/// What an app may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// What has a counterpart in our language.
    Sayable,
    /// Anything.
    Any,
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) window: &'static str,
    /// The page's address; the app's own where there is none.
    pub(crate) page: Option<&'static str>,
    pub(crate) key: &'static str,
    pub(crate) command: &'static str,
    /// The name of the argument that names a resource, and the resource.
    pub(crate) touched: Option<(&'static str, &'static str)>,
}

impl Call {
    /// The command as Tauri's invoke takes it.
    pub(crate) fn full(&self) -> String {
        if self.key == APP {
            return self.command.to_owned();
        }
        format!("plugin:{}|{}", self.key.trim_start_matches("core:"), self.command)
    }
}

const COMMANDS: [(&str, &[&str]); 6] = [
    (APP, &["greet", "save-note", "saveAll", "a-b", "a_b"]),
    ("core:window", &["title", "close"]),
    ("fs", &["read_file", "write_file", "read", "rename"]),
    ("http", &["fetch", "fetch_send"]),
    ("window-state", &["save"]),
    ("shell", &["execute"]),
];

/// Those that have no counterpart, or whose scopes are not known.
const UNSAID: [&str; 5] = ["saveAll", "a-b", "a_b", "rename", "execute"];

pub(crate) const PATHS: [&str; 9] = [
    "$APPDATA/notes",
    "$APPDATA/notes/a.md",
    "$APPDATA/notes/b.txt",
    "$APPDATA/notes/x/a.md",
    "$APPDATA/notes/x/y/b",
    "$APPDATA/notes/.secret",
    "$APPDATA/notes/.d/a.md",
    "$APPDATA/other",
    "$DOCUMENTS/a.md",
];

const ADDRESSES: [&str; 9] = [
    "https://example.com",
    "https://example.com/v1/x",
    "https://example.com/v1/x?q=1#h",
    "https://example.com/v1/",
    "https://example.com/v1",
    "https://example.com/v1/x/y",
    "https://a.b.example.com/v1/x",
    "https://example.com:8443/v1/x",
    "http://example.com/v1/x",
];

const PAGES: [Option<&str>; 6] = [
    None,
    Some("https://example.com/"),
    Some("https://a.example.com/app/x"),
    Some("https://example.com:8443/x?q"),
    Some("http://localhost:1420/"),
    Some("https://evil.test/"),
];

/// Every call that the generated apps can tell apart.
pub(crate) fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for window in ["main", "editor-1", "other", "stranger"] {
        for page in PAGES {
            for (key, commands) in COMMANDS {
                for command in commands {
                    let mut call =
                        |touched| calls.push(Call { window, page, key, command, touched });
                    match (key, *command) {
                        ("fs", "read_file" | "write_file") => {
                            PATHS.into_iter().for_each(|path| call(Some(("path", path))));
                        }
                        ("http", "fetch") => {
                            ADDRESSES.into_iter().for_each(|url| call(Some(("url", url))));
                        }
                        _ => call(None),
                    }
                }
            }
        }
    }
    calls
}

/// An app.
pub(crate) fn app(form: Form) -> impl Strategy<Value = App> {
    (manifests(form), vec(capability(form), 1..4)).prop_map(|(manifests, mut capabilities)| {
        for (at, capability) in capabilities.iter_mut().enumerate() {
            capability["identifier"] = json!(format!("c{at}"));
        }
        App { manifests, capabilities }
    })
}

fn keys(form: Form) -> Vec<&'static str> {
    let known = COMMANDS.map(|(key, _)| key).into_iter();
    known.filter(|key| form == Form::Any || *key != "shell").collect()
}

fn manifests(form: Form) -> impl Strategy<Value = Value> {
    let each: Vec<_> = keys(form).into_iter().map(|key| manifest(form, key)).collect();
    let without_own = if form == Form::Any { 0.1 } else { 0.0 };
    (each, proptest::bool::weighted(without_own)).prop_map(move |(each, without_own)| {
        let mut manifests: Map<String, Value> =
            keys(form).into_iter().map(str::to_owned).zip(each).collect();
        if without_own {
            manifests.remove(APP);
        }
        Value::Object(manifests)
    })
}

/// Permissions `p0`, `p1` and `scope`, sets `s0` and `s1` above them, and a default.
fn manifest(form: Form, key: &'static str) -> BoxedStrategy<Value> {
    let schema = if key == "shell" { json!({}) } else { Value::Null };
    let commands: Vec<_> = COMMANDS
        .into_iter()
        .filter(|(theirs, _)| *theirs == key)
        .flat_map(|(_, commands)| commands.to_vec())
        .filter(|command| form == Form::Any || !UNSAID.contains(command))
        .collect();
    let permission = move || {
        let deny = if form == Form::Any { 0.15 } else { 0.1 };
        let chosen = subsequence(commands.clone(), 0..=commands.len());
        let denied = proptest::option::weighted(deny, select(commands.clone()));
        (chosen, denied, scope(form, key), platforms())
    };
    let names = |names: &'static [&'static str]| subsequence(names.to_vec(), 0..=names.len());
    let sets = (
        names(&["p0", "p1", "scope"]),
        names(&["p0", "s0", "fs:p0", "fs:s0", "http:scope"]),
        names(&["p1", "scope", "s0", "s1"]),
    );
    let default = proptest::bool::weighted(0.9);
    ([permission(), permission()], scope(form, key), sets, default)
        .prop_map(move |(permissions, global, (s0, s1, all), has_default)| {
            let mut map = Map::new();
            for (at, (allow, deny, scope, platforms)) in permissions.into_iter().enumerate() {
                let name = format!("p{at}");
                let deny: Vec<_> = deny.into_iter().collect();
                let mut one =
                    json!({ "identifier": name, "commands": { "allow": allow, "deny": deny } });
                one["scope"] = scope;
                if let Some(platforms) = platforms {
                    one["platforms"] = json!(platforms);
                }
                map.insert(name, one);
            }
            map.insert("scope".into(), json!({ "identifier": "scope", "scope": global }));
            let set = |name: &str, permissions: Vec<&str>| json!({ "identifier": name, "description": "", "permissions": permissions });
            json!({
                "default_permission": has_default.then(|| set("default", all)),
                "permissions": map,
                "permission_sets": { "s0": set("s0", s0), "s1": set("s1", s1) },
                "global_scope_schema": schema,
            })
        })
        .boxed()
}

fn scope(form: Form, key: &'static str) -> BoxedStrategy<Value> {
    let allow: Vec<Value> = values(form, key, false);
    let deny: Vec<Value> = values(form, key, true);
    let list = |values: Vec<Value>, often| {
        let all = values.len().min(2);
        proptest::option::weighted(often, subsequence(values, 0..=all))
    };
    if allow.is_empty() {
        return Just(json!({})).boxed();
    }
    (list(allow, 0.5), list(deny, 0.25))
        .prop_map(|(allow, deny)| json!({ "allow": allow, "deny": deny }))
        .boxed()
}

fn values(form: Form, key: &str, denied: bool) -> Vec<Value> {
    let (name, sayable, more): (_, &[&str], &[&str]) = match key {
        "fs" => (
            "path",
            &[
                "$APPDATA/notes/*",
                "$APPDATA/notes/**",
                "$APPDATA/notes/**/a.md",
                "$APPDATA/notes",
                "$APPDATA/notes/a.*",
                "$DOCUMENT/a.md",
                "$APPDATA/notes/x/",
            ],
            &[
                "$APPDATA/notes/.secret",
                "$HOME/**",
                "**",
                "$APPDATA/notes/[ab].md",
                "$APPDATA/notes/.d/*",
                "$TEMP/x",
                "$APPDATA/notes/?.md",
            ],
        ),
        "http" => (
            "url",
            &[
                "https://example.com",
                "https://*.example.com/*",
                "https://example.com/v1/*",
                "https://example.com/v1/x",
                "https://example.com:8443/*",
            ],
            &[
                "https://*",
                "https://example.com/*/x",
                "https://example.com/:v/x",
                "http://example.com/*",
                "https://*example.com/v1/*",
                "https://example.com/v1/x?q=1",
                "https://example.com/v1",
            ],
        ),
        _ if form == Form::Sayable => return Vec::new(),
        _ => ("name", &["x"], &["y"]),
    };
    // A name that begins with a dot is no `*` there either where it is denied, and is here.
    let sayable = sayable.iter().filter(|text| !denied || form == Form::Any || !text.is_empty());
    let more = more.iter().filter(|_| form == Form::Any);
    sayable.chain(more).map(|text| json!({ name: text })).collect()
}

fn platforms() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    let some =
        select(vec![vec!["linux"], vec!["macOS", "iOS"], vec!["linux", "macOS"], vec!["android"]]);
    proptest::option::weighted(0.25, some)
}

fn capability(form: Form) -> impl Strategy<Value = Value> {
    let any = form == Form::Any;
    let pick = |sayable: &[&'static str], more: &[&'static str]| {
        let more = more.iter().filter(|_| any);
        sayable.iter().chain(more).copied().collect::<Vec<_>>()
    };
    let windows = pick(&["main", "editor-*", "other", "*r"], &["*", "?ain", "[em]*", "**"]);
    let urls = pick(
        &[
            "https://example.com",
            "https://*.example.com/*",
            "https://example.com:8443/*",
            "http://localhost:1420",
        ],
        &["https://example.com/app/*", "https://*", "https://:a.example.com", "*://example.com"],
    );
    let webviews = pick(&[], &["main", "edi*"]);
    let windows = subsequence(windows, 0..=2);
    let most = webviews.len().min(1);
    let webviews = subsequence(webviews, 0..=most);
    let urls = proptest::option::weighted(0.4, subsequence(urls, 0..=2));
    let permissions = vec(used(form), 0..5);
    (windows, webviews, proptest::bool::weighted(0.8), urls, permissions, platforms()).prop_map(
        |(windows, webviews, local, urls, permissions, platforms)| {
            let mut value = json!({ "identifier": "", "windows": windows, "webviews": webviews,
                "local": local, "permissions": permissions });
            if let Some(urls) = urls {
                value["remote"] = json!({ "urls": urls });
            }
            if let Some(platforms) = platforms {
                value["platforms"] = json!(platforms);
            }
            value
        },
    )
}

fn used(form: Form) -> impl Strategy<Value = Value> {
    let names = select(vec!["p0", "p1", "scope", "s0", "s1", "default"]);
    (select(keys(form)), names).prop_flat_map(move |(key, bare)| {
        let name = if key == APP { bare.to_owned() } else { format!("{key}:{bare}") };
        (scope(form, key), any::<bool>()).prop_map(move |(mut scope, scoped)| {
            // A scope of one plugin for a set with another's permissions is an error at run time.
            if !scoped || matches!(bare, "s1" | "default") {
                return json!(name);
            }
            scope["identifier"] = json!(name);
            scope
        })
    })
}

/// The app of a table's row.
pub(crate) fn written(manifests: &[(&str, Value)], capabilities: Vec<Value>) -> App {
    let manifests: BTreeMap<&str, Value> = manifests
        .iter()
        .map(|(key, permissions)| {
            let named = |one: &Value| (one["identifier"].as_str().unwrap().to_owned(), one.clone());
            let map: Map<String, Value> =
                permissions.as_array().unwrap().iter().map(named).collect();
            (*key, json!({ "default_permission": null, "permissions": map, "permission_sets": {} }))
        })
        .collect();
    App { manifests: json!(manifests), capabilities }
}

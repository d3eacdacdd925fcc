//! What the server says of policies: across files, in words, with what there is to type.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::{Client, place, uri};
use crate::harness::Home;

const MANIFEST: &str = "version = 1\nid = \"org.example.a\"\nname = \"A\"\n[[window]]\nlabel = \
                        \"editor\"\ntitle = \"A\"\npage = \"a.html\"\n";

const SHARED: &str = "version = 1\n[[permission]]\nid = \"notes:read\"\ndescription = \"reads\"\n\
                      allow = [{ commands = [\"fs.read_text\"], path = [\"$APPDATA/notes/**\"] }]\n";

const EDITOR: &str = "version = 1

# 🦀 the notes
[[capability]]
id = \"editor\"
windows = [\"editor\"]
use = [\"notes:read\"]
allow = [
  { commands = [\"fs.write_text\"], path = [\"$APPDATA/notes/*.md\"], limit = { rate = \"20/s\" } },
  { commands = [\"settings.*\"], key = [\"a.*\"] },
]
";

/// An app with two files, and a client that has opened one of them.
fn app(home: &Home) -> (Client, PathBuf, String) {
    home.write("app/sidegate.toml", MANIFEST);
    let shared = home.write("app/policies/shared.toml", SHARED);
    let editor = uri(&home.write("app/policies/sub/editor.toml", EDITOR));
    let (mut client, _) = Client::initialized(home.sidegate(), &["utf-16"]);
    client.open(&editor, EDITOR);
    assert_eq!(client.diagnostics(&editor), [] as [Value; 0]);
    (client, shared, editor)
}

#[test]
fn files_of_a_policy_are_looked_at_together_as_the_editor_has_them() {
    let home = Home::new();
    let (mut client, shared, editor) = app(&home);
    let shared = uri(&shared);
    // Renamed in the editor, not on the disk: the use is broken, and the other file is told of.
    client.open(&shared, &SHARED.replace("notes:read", "notes:reed"));
    let found = client.diagnostics(&editor);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["code"], "unknown-permission");
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(found[0]["source"], "sidegate");
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.ends_with("help: did you mean `notes:reed`?"), "{message}");
    let range = found[0]["range"].clone();
    let fixes = client.ask(
        "textDocument/codeAction",
        &json!({ "textDocument": { "uri": editor }, "range": range, "context": { "diagnostics": [] } }),
    );
    let fix = &fixes["result"][0];
    assert_eq!(fix["kind"], "quickfix");
    let edit = json!([{ "range": range, "newText": "\"notes:reed\"" }]);
    assert_eq!(fix["edit"]["changes"][&editor], edit);
    // Closed unsaved, what is on the disk holds again.
    client.tell("textDocument/didClose", &json!({ "textDocument": { "uri": shared } }));
    assert!(client.diagnostics(&editor).is_empty());
    // A mistake in a file that is not open is told of, and taken back.
    home.write("app/policies/shared.toml", &SHARED.replace("description", "descripton"));
    client.tell("textDocument/didSave", &json!({ "textDocument": { "uri": editor } }));
    assert_eq!(client.diagnostics(&shared)[0]["code"], "unknown-key");
    home.write("app/policies/shared.toml", SHARED);
    client.tell("textDocument/didSave", &json!({ "textDocument": { "uri": editor } }));
    assert!(client.diagnostics(&shared).is_empty());
    client.end();
}

#[test]
fn a_file_may_be_new_or_of_no_app_or_no_file_at_all() {
    let home = Home::new();
    home.write("app/sidegate.toml", MANIFEST);
    let (mut client, _) = Client::initialized(home.sidegate(), &[]);
    let unused = SHARED.replace("$APPDATA", "$NOWHERE");
    for new in [
        uri(&home.path().join("app/policies/new.toml")),
        uri(&home.path().join("elsewhere/new.toml")),
        "untitled:Untitled-1".to_owned(),
    ] {
        client.open(&new, &unused);
        let found = client.diagnostics(&new);
        assert!(found.iter().any(|found| found["code"] == "unknown-variable"), "{new} {found:#?}");
        client.tell("textDocument/didClose", &json!({ "textDocument": { "uri": new } }));
        assert!(client.diagnostics(&new).is_empty());
    }
    // The manifest is no capability file, and nothing is said of it.
    let manifest = uri(&home.path().join("app/sidegate.toml"));
    client.open(&manifest, MANIFEST);
    assert_eq!(client.at("textDocument/hover", &manifest, (0, 0)), Value::Null);
    // Nor is other people's TOML; once it is ours, there is something to say.
    let cargo = uri(&home.path().join("Cargo.toml"));
    client.open(&cargo, "[package]\nname = \"a\"\nversion = \"1\"\n[[test]]\nname = \"b\"\n");
    assert_eq!(client.at("textDocument/hover", &cargo, (0, 1)), Value::Null);
    client.change(&cargo, 2, &json!([{ "text": "[[capability]]\nid = \"a\"\n" }]));
    assert_eq!(client.diagnostics(&cargo)[0]["code"], "missing-key");
    client.change(&cargo, 3, &json!([{ "text": "[package]\n" }]));
    assert!(client.diagnostics(&cargo).is_empty());
    // What cannot be read beside it is said, and the file is looked at by itself.
    let beside = home.write("broken/policies/a.toml", "version = 2\n");
    std::os::unix::fs::symlink("/etc/hosts", beside.with_file_name("b.toml")).unwrap();
    client.open(&uri(&beside), "version = 2\n");
    let found = client.diagnostics(&uri(&beside));
    let codes: Vec<_> = found.iter().map(|found| found["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unknown-version", "unreadable"]);
    client.end();
}

#[test]
fn a_place_is_explained_in_words() {
    let home = Home::new();
    let (mut client, _, editor) = app(&home);
    let grant = "window `editor` at the app's own pages may call `fs.write_text` on \
                 `$APPDATA/notes/*.md`, at most 20 a second";
    let cases = [
        ("windows =", "`windows`: The windows it is for"),
        ("20/s", grant),
        ("{ commands = [\"fs", grant),
        ("fs.write", "`fs.write_text`: writes a "),
        ("settings.*", "`settings.*` is\n- `settings.get`\n- `settings.set`"),
        ("$APPDATA", "`$APPDATA` is `"),
        ("notes:read", "permission `notes:read`: reads\n\n- whoever uses `notes:read` may call"),
        ("[[capability", "capability `editor`\n\n- window `editor`"),
        ("rate", "`rate`: Calls over time"),
        ("version", "`version`: The version"),
    ];
    for (what, expected) in cases {
        let hover = client.at("textDocument/hover", &editor, place(EDITOR, what));
        let said = hover["contents"]["value"].as_str().unwrap_or_default();
        assert!(said.starts_with(expected), "{what}: {said}");
        assert_eq!(hover["contents"]["kind"], "markdown");
    }
    let variable = client.at("textDocument/hover", &editor, place(EDITOR, "$APPDATA"));
    let said = variable["contents"]["value"].as_str().unwrap();
    assert!(said.contains("/.local/share/org.example.a` here\n\nwindow `editor`"), "{said}");
    assert_eq!(client.at("textDocument/hover", &editor, place(EDITOR, "# 🦀")), Value::Null);
    client.end();
}

#[test]
fn a_permission_is_found_from_its_uses_and_the_uses_from_it() {
    let home = Home::new();
    let (mut client, shared, editor) = app(&home);
    let shared = uri(&shared);
    let id = json!({ "uri": shared, "range": {
        "start": { "line": 2, "character": 5 }, "end": { "line": 2, "character": 17 } } });
    let usage = json!({ "uri": editor, "range": {
        "start": { "line": 6, "character": 7 }, "end": { "line": 6, "character": 19 } } });
    let at = place(EDITOR, "notes:read");
    assert_eq!(client.at("textDocument/definition", &editor, at), json!([id]));
    assert_eq!(client.at("textDocument/references", &editor, at), json!([id, usage]));
    client.open(&shared, SHARED);
    let at = place(SHARED, "notes:read");
    assert_eq!(client.at("textDocument/references", &shared, at), json!([id, usage]));
    // With parameters; and the file of an include.
    let other = uri(&home.path().join("app/policies/other.toml"));
    let text = "include = [\"shared.toml\"]\n[[capability]]\nuse = [{ id = \"notes:read\" }]\n";
    client.open(&other, text);
    let found = client.at("textDocument/definition", &other, place(text, "notes:read"));
    assert_eq!(found, json!([id]));
    let found = client.at("textDocument/definition", &other, place(text, "shared"));
    assert_eq!(found[0]["uri"], shared);
    let nothing = client.at("textDocument/definition", &other, place(text, "capability"));
    assert_eq!(nothing, json!([]));
    client.end();
}

#[test]
fn a_document_has_its_tables_as_symbols() {
    let home = Home::new();
    let (mut client, _) = Client::initialized(home.sidegate(), &[]);
    let file = uri(&home.path().join("a.toml"));
    let text = "[[permission]]\nid = \"p\"\n\n[[capability]]\nid = \"c\"\ndescription = \"d\"\n\n\
                [[test]]\ncall = \"a.b\"\n[[never]]\nwhy = \"w\"\n[[capability]]\n";
    client.open(&file, text);
    let answer =
        client.ask("textDocument/documentSymbol", &json!({ "textDocument": { "uri": file } }));
    let symbols = answer["result"].as_array().unwrap();
    let shown: Vec<_> = symbols
        .iter()
        .map(|symbol| {
            let line = |end: &str| symbol["range"][end]["line"].as_u64().unwrap();
            (symbol["name"].as_str().unwrap(), line("start"), line("end"))
        })
        .collect();
    let expected = [("p", 0, 1), ("c", 3, 5), ("a.b", 7, 8), ("w", 9, 10), ("capability", 11, 11)];
    assert_eq!(shown, expected);
    client.end();
}

#[test]
fn what_may_be_typed_is_proposed() {
    let home = Home::new();
    let (mut client, shared, editor) = app(&home);
    // What is before the place, and some of what is proposed there.
    let cases: [(&str, &[&str], &[&str]); 12] = [
        ("", &["version", "[[capability]]", "[[never]]"], &["id"]),
        ("[[capability]]\nid = \"a\"\n", &["windows", "use", "allow"], &["id", "path"]),
        ("[[capability]]\nallow = [{ commands = [\"", &["fs.list", "app.info"], &["allow"]),
        (
            "[[capability]]\nallow = [{ commands = [\"x\"], ",
            &["path", "limit"],
            &["commands", "id"],
        ),
        ("[[capability]]\nallow = [{ limit = { ", &["rate", "deadline"], &["path"]),
        ("[[capability]]\nallow = [", &["{ commands = […] }"], &[]),
        ("[[capability]]\nuse = [\"no", &["notes:read"], &[]),
        ("[[capability]]\nuse = [{ id = \"", &["notes:read"], &[]),
        ("[[capability]]\nwindows = [\"", &["editor"], &[]),
        ("[[capability]]\nplatforms = [\"", &["linux", "macos", "windows"], &[]),
        ("[[permission]]\ndeny = [{ path = [\"$AP", &["$APPDATA/", "$HOME/"], &[]),
        ("[[test]]\nexpect = \"", &["allow", "deny"], &[]),
    ];
    for (version, (text, wanted, unwanted)) in (2..).zip(cases) {
        client.change(&editor, version, &json!([{ "text": text }]));
        let end = text.rsplit('\n').next().unwrap();
        let at = (text.matches('\n').count(), end.len());
        let items = client.at("textDocument/completion", &editor, at);
        let labels: Vec<_> =
            items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect();
        for label in wanted {
            assert!(labels.contains(label), "{text}: no {label} in {labels:?}");
        }
        for label in unwanted {
            assert!(!labels.contains(label), "{text}: {label} in {labels:?}");
        }
    }
    let text = "[[capability]]\nuse = [no";
    client.change(&editor, 50, &json!([{ "text": text }]));
    let items = client.at("textDocument/completion", &editor, (1, 9));
    let edit = json!({ "newText": "\"notes:read\"", "range": {
        "start": { "line": 1, "character": 7 }, "end": { "line": 1, "character": 9 } } });
    assert_eq!(items[0]["textEdit"], edit, "with the quotes that it wants");
    let text = "include = [\"";
    let shared_uri = uri(&shared);
    client.open(&shared_uri, text);
    let items = client.at("textDocument/completion", &shared_uri, (0, text.len()));
    assert_eq!(items[0]["label"], "sub/editor.toml");
    client.end();
}

#[test]
fn a_document_is_laid_out_as_fmt_does() {
    let home = Home::new();
    let (mut client, _) = Client::initialized(home.sidegate(), &[]);
    let file = home.path().join("a.toml");
    let options = json!({ "tabSize": 8, "insertSpaces": false });
    let mut laid_out = |text: &str| {
        client.open(&uri(&file), text);
        let params = json!({ "textDocument": { "uri": uri(&file) }, "options": options });
        client.ask("textDocument/formatting", &params)["result"].clone()
    };
    let text = "version=1\n[[capability]]\nwindows=['🦀']\nid='a'";
    let edits = laid_out(text);
    let end = json!({ "line": 3, "character": 6 });
    assert_eq!(edits[0]["range"], json!({ "start": { "line": 0, "character": 0 }, "end": end }));
    let path = home.write("a.toml", text);
    assert_eq!(home.ask(&["fmt", path.to_str().unwrap()]).status, 0);
    let formatted = std::fs::read_to_string(&path).unwrap();
    assert_eq!(edits[0]["newText"], formatted);
    assert_eq!(laid_out(&formatted), json!([]), "nothing is left to do");
    assert_eq!(laid_out("version = 1\n[[\n"), json!([]), "no TOML");
    client.end();
}

#[test]
fn an_apps_own_commands_are_known_with_what_they_say() {
    let home = Home::new();
    home.write(
        "app/commands.json",
        r#"{ "version": 1, "commands": [{ "name": "notes.share", "description": "shares a note",
             "resources": ["path"], "args": { "type": "object", "properties": {
                 "with": { "type": "string", "description": "whom" } } } }] }"#,
    );
    let (mut client, _, editor) = app(&home);
    let text = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"a\"]\nallow = [{ commands = \
                [\"notes.share\"], path = [\"$APPDATA/*\"] }]\nuse = [\"notes:read\"]\n";
    client.change(&editor, 2, &json!([{ "text": text }]));
    assert_eq!(client.diagnostics(&editor), [] as [Value; 0]);
    let hover = client.at("textDocument/hover", &editor, place(text, "notes.share"));
    let said = hover["contents"]["value"].as_str().unwrap();
    assert!(said.starts_with("`notes.share`: shares a note\n\n- `path`: the file"), "{said}");
    assert!(said.contains("\n- `with`: whom\n"), "{said}");
    client.end();
}

use super::*;
use sidegate_capabilities::WindowLabel;

const GOOD: &str = r#"
version = 1
id = "org.sidegate.notes"
name = "Notes"
[[window]]
label = "editor"
title = "Notes"
page = "editor.html"
"#;

#[test]
fn a_small_manifest_is_whole() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!(manifest.id.as_str(), "org.sidegate.notes");
    assert_eq!(manifest.least, SandboxLevel::A);
    let [window] = manifest.windows.as_slice() else { panic!("one window") };
    assert_eq!(window.url, "app://localhost/editor.html");
    assert_eq!((window.width, window.height), (960, 640));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (from, to, expected) in [
        ("version = 1", "version = 2", "sidegate.toml: `version`: `version = 2` is not known"),
        ("name =", "nmae =", "line 4"),
        ("org.sidegate.notes", "notes", "`id`: `notes` is not of the form"),
        ("org.sidegate.notes", "org..notes", "`id`"),
        ("org.sidegate.notes", "../../etc", "`id`"),
        ("\"editor\"", "\"the editor\"", "`window.label`"),
        ("editor.html", "../editor.html", "`window.page`"),
        ("editor.html", ".secret", "`window.page`"),
        ("page = \"editor.html\"", "url = \"http://example.com\"", "`window.url`"),
        ("page = \"editor.html\"", "", "either a `page` or a `url`"),
        ("page = \"editor.html\"", "page = \"a\"\nwidth = 5", "`window.width`"),
        ("[[window]]", "observe = \"../next\"\n[[window]]", "`observe`: `../next` is not another"),
        (
            "[[window]]",
            "observe = \"policies\"\n[[window]]",
            "`observe`: `policies` is not another",
        ),
        ("editor.html\"", "a\"\n[window.sandbox]\ntasks = 1", "`window.sandbox.tasks`: `1`"),
        ("[[window]]", "drain_seconds = 61\n[[window]]", "`drain_seconds`: a person who closed"),
        ("[[window]]", "[[windows]]", "unknown field `windows`"),
        (
            "[[window]]",
            "dev_url = \"http://example.com:80\"\n[[window]]",
            "`dev_url`: `http://example.com:80` is not `http://localhost:PORT`",
        ),
        (
            "[[window]]",
            "csp.script-src = [\"'unsafe-eval'\"]\n[[window]]",
            "`csp`: `'unsafe-eval'` in `script-src` undoes",
        ),
        ("[[window]]", "csp.img-src = \"data:\"\n[[window]]", "line 5"),
    ] {
        let error = Manifest::parse(&GOOD.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn a_dev_server_is_less_trusted_unless_it_says_otherwise() {
    for (written, local) in [
        ("dev_url = \"http://localhost:5173\"", Some(false)),
        ("dev_url = { url = \"http://localhost:5173\" }", Some(false)),
        ("dev_url = { url = \"http://[::1]:1\", dangerously_as_local = true }", Some(true)),
        ("dev_url = { url = \"http://localhost:1\", as_local = true }", None),
        ("dev_url = 5173", None),
    ] {
        let text = GOOD.replace("[[window]]", &format!("{written}\n[[window]]"));
        let server = Manifest::parse(&text).ok().and_then(|manifest| manifest.dev_server);
        assert_eq!(server.map(|server| server.is_local()), local, "{written}");
    }
}

const MORE: &str = r#"
[[template]]
name = "preview"
title = "Preview"
page = "preview.html"
most = 2
takes = ["https://docs.example.com"]
sandbox = { jit = false, memory = "512 MiB" }
[[menu]]
title = "File"
[[menu.item]]
title = "Quit"
command = "app.quit"
[[menu.item]]
title = "Save"
event = "save"
keys = "<Control>s"
"#;

#[test]
fn templates_and_menus_are_read() {
    let manifest = Manifest::parse(&format!("{GOOD}{MORE}")).unwrap();
    let labels: Vec<_> = manifest.templates[0].labels().map(|it| it.to_string()).collect();
    assert_eq!(labels, ["preview-1", "preview-2"]);
    let made = manifest.templates[0].window(WindowLabel::parse("preview-1").unwrap(), None);
    assert!(!made.sandbox.jit, "what the template says of the sandbox is its windows'");
    assert_eq!(made.sandbox.memory, 512 << 20);
    assert_eq!(manifest.menus.chosen(1), Some(&Chosen::Event("save".into())));
    assert_eq!(manifest.menus.chosen(2), None);
    let [menu] = &manifest.menus.for_host()[..] else { panic!("one menu") };
    let numbers: Vec<_> = menu.items.iter().map(|item| item.number).collect();
    assert_eq!(numbers, [0, 1]);
}

#[test]
fn what_is_wrong_with_a_template_or_a_menu_is_said() {
    for (from, to, expected) in [
        ("\"preview\"", "\"the preview\"", "`template.name`"),
        ("most = 2", "most = 65", "`template.most`"),
        ("most = 2", "most = 0", "`template.most`"),
        ("https://docs.example.com", "http://docs.example.com", "`template.takes`"),
        ("https://docs.example.com", "https://docs.example.com/a", "`template.takes`"),
        ("https://docs.example.com", "https://*.example.com", "`template.takes`"),
        ("preview.html", "../preview.html", "`template.page`"),
        (
            "page = \"preview.html\"",
            "page = \"a\"\nheight = 5",
            "`template.height`: 5 is not from 64",
        ),
        ("512 MiB", "1 MiB", "`template.sandbox.memory`: `1 MiB` is not a size"),
        ("jit = false", "network = true", "unknown field `network`"),
        ("label = \"editor\"", "label = \"preview-1\"", "could be called `preview-1`"),
        ("label = \"editor\"", "label = \"core\"", "`core` is the app itself"),
        (
            "[[menu]]",
            "[[template]]\nname=\"preview\"\ntitle=\"x\"\npage=\"x\"\n[[menu]]",
            "two templates",
        ),
        ("\"app.quit\"", "\"App quit\"", "`menu.item.command`"),
        ("\"app.quit\"", "\"app.quit\"\nargs = 1", "`menu.item.args`"),
        ("\"app.quit\"", "\"app.quit\"\nevent = \"x\"", "either a `command`"),
        ("event = \"save\"", "args = {}", "either a `command`"),
        ("<Control>s", "<Control> s", "`menu.item.keys`"),
        ("\"Save\"", "\"\"", "`menu.title`"),
    ] {
        let text = format!("{GOOD}{MORE}").replacen(from, to, 1);
        let error = Manifest::parse(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn a_label_stands_once() {
    let window = GOOD.split("[[window]]").nth(1).unwrap();
    let error = Manifest::parse(&format!("{GOOD}[[window]]{window}")).unwrap_err();
    assert!(error.to_string().contains("two windows `editor`"), "{error}");
}

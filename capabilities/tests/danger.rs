//! Grants that nobody means: an error each, unless the file says why.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that panics has failed")]

use sidegate_capabilities::{CommandName, Context, Directories, Policy, Sources};

/// The paths of an entry that allows, and what is said of them.
#[test]
fn e18_what_grants_powers_what_is_started_and_keys_need_a_reason() {
    #[rustfmt::skip]
    let cases = [
        ("$RESOURCES/**", "`$RESOURCES/**` reaches `$RESOURCES/policies`, the app's own policy"),
        ("$RESOURCES/sidegate.toml", "`$RESOURCES/sidegate.toml` reaches `$RESOURCES/sidegate.toml`, the app's own policy"),
        ("$APPLOG/*", "`$APPLOG/*` reaches `$APPLOG`, the app's own log"),
        ("$HOME/.config/*/*", "`$HOME/.config/*/*` reaches `$HOME/.config/autostart`, what is started without being asked for"),
        ("$HOME/.bashrc", "`$HOME/.bashrc` reaches `$HOME/.bashrc`, what every shell runs"),
        ("/home/user/.ssh/*", "`/home/user/.ssh/*` reaches `$HOME/.ssh`, where keys and passwords are kept"),
        ("$HOME/.gnupg", "`$HOME/.gnupg` reaches `$HOME/.gnupg`, where keys and passwords are kept"),
    ];
    for (path, expected) in cases {
        let allow = |more: &str| {
            format!("allow = [{{ commands = [\"fs.write\"], path = [{path:?}]{more} }}]")
        };
        assert_eq!(errors(&capability("", &allow(""))), [format!("5:45 {expected}")], "{path}");
        assert_eq!(errors(&capability("", &allow(", dangerous = \"x\""))), [""; 0], "{path}");
        assert_eq!(errors(&capability("dangerous = \"x\"", &allow(""))), [""; 0], "{path}");
        let deny = format!("deny = [{{ commands = [\"fs.write\"], path = [{path:?}] }}]");
        assert_eq!(errors(&capability("", &deny)), [""; 0], "{path}");
    }
}

/// The commands that a page from the network is allowed, and whether that needs a reason.
#[test]
fn e18_a_page_from_the_network_changes_nothing_without_a_reason() {
    let cases = [
        ("fs.write_text", true),
        ("settings.set", true),
        ("window.close", true),
        ("fs.*", true),
        ("fs.re*", true),
        ("fs.read_*", false),
        ("fs.read_text", false),
        ("app.info", false),
    ];
    let remote = "origins = [\"local\", \"https://example.com\"]";
    for (command, is_dangerous) in cases {
        let allow = |more: &str| format!("allow = [{{ commands = [{command:?}]{more} }}]");
        let expected =
            format!("6:24 `{command}` may change something, and `https://example.com` may call it");
        let expected: Vec<_> = is_dangerous.then_some(expected).into_iter().collect();
        assert_eq!(errors(&capability(remote, &allow(""))), expected, "{command}");
        assert_eq!(errors(&capability("", &allow(""))), [""; 0], "{command}");
        let meant = capability(remote, &allow(", dangerous = \"x\""));
        assert_eq!(errors(&meant), [""; 0], "{command}");
    }
}

/// The permission is nobody's fault: the page is named, and what brings the command in.
#[test]
fn e18_what_a_permission_brings_in_counts_too() {
    let body =
        "use = [\"p\"]\n[[permission]]\nid = \"p\"\nallow = [{ commands = [\"fs.remove\"] }]";
    let text = capability("origins = [\"https://example.com\"]", body);
    let sources = Sources::from_texts([("p.toml", text.clone())]);
    let errors = compile(&sources, None).unwrap_err();
    let told: Vec<_> = errors.iter().map(|d| (d.line, d.help.as_deref().unwrap_or(""))).collect();
    let help = "leave out what brings in p.toml:9 (capability `a`, permission `p`, allow 1); if it is \
                meant, say why: `dangerous = \"…\"`";
    assert_eq!(told, [(5, help)]);
}

/// A permission's reason is for what it says itself. That a page from the network uses it is another
/// matter, and another's.
#[test]
fn e18_a_permissions_reason_is_not_the_reason_of_who_uses_it() {
    let body = "use = [\"p\"]\n[[permission]]\nid = \"p\"\nallow = [{ commands = [\"fs.remove\"], dangerous = \"x\" }]";
    let remote = "origins = [\"https://example.com\"]";
    let expected = "5:12 `fs.remove` may change something, and `https://example.com` may call it";
    assert_eq!(errors(&capability(remote, body)), [expected]);
    let meant = format!("{remote}\ndangerous = \"y\"");
    assert_eq!(errors(&capability(&meant, body)), [""; 0]);
}

/// What the WebView could give a page without a call of its.
#[test]
fn c17_a_power_of_the_webview_is_not_for_pages_from_the_network() {
    for (command, is_dangerous) in [
        ("webview.camera", true),
        ("webview.microphone", true),
        ("webview.devtools", true),
        ("webview.c*", true),
        ("webview.*", true),
        ("webview.print", false),
        ("webview.navigate", false),
    ] {
        let allow = |more: &str| format!("allow = [{{ commands = [{command:?}]{more} }}]");
        let remote = "origins = [\"https://example.com\"]";
        let said = format!(
            "6:24 `{command}` is for the app's own pages, and `https://example.com` may have it"
        );
        let expected: Vec<_> = is_dangerous.then_some(said).into_iter().collect();
        assert_eq!(errors(&capability(remote, &allow(""))), expected, "{command}");
        assert_eq!(
            errors(&capability(remote, &allow(", dangerous = \"x\""))),
            [""; 0],
            "{command}"
        );
        assert_eq!(errors(&capability("", &allow(""))), [""; 0], "{command} of the app's own");
    }
}

#[test]
fn g04_every_command_in_whatever_spelling_needs_a_reason() {
    for command in ["*", "**", "*.*", "*.*.*", "**.*"] {
        let allow = |more: &str| format!("allow = [{{ commands = [{command:?}]{more} }}]");
        let told = errors(&capability("", &allow("")));
        let expected = format!("5:24 `{command}` allows every command there is or ever will be");
        assert_eq!(told, [expected], "{command}");
        assert_eq!(errors(&capability("", &allow(", dangerous = \"x\""))), [""; 0], "{command}");
    }
}

/// By its own words `notes.get_*` reads; the handlers that there are say more.
#[test]
fn e18_a_command_that_is_there_is_asked_too() {
    let allow = "allow = [{ commands = [\"notes.get_*\"] }]";
    let text = capability("origins = [\"https://example.com\"]", allow);
    let sources = Sources::from_texts([("p.toml", text)]);
    for (command, is_dangerous) in [("notes.get_all", false), ("notes.get_and_remove", true)] {
        let commands = [CommandName::parse(command).unwrap()];
        assert_eq!(compile(&sources, Some(&commands)).is_err(), is_dangerous, "{command}");
    }
}

#[test]
fn g04_to_deny_everybody_is_never_dangerous() {
    let deny =
        "deny = [{ commands = [\"*\"] }]\norigins = [\"https://*.com\", \"http://a.example\"]";
    assert_eq!(errors(&capability("", deny).replace("\"main\"", "\"*\"")), [""; 0]);
}

/// `windows`, and what else stands before the entries, are on the lines 4 and 5.
fn capability(head: &str, body: &str) -> String {
    let head = if head.is_empty() { String::new() } else { format!("{head}\n") };
    format!("version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n{head}{body}\n")
}

fn errors(text: &str) -> Vec<String> {
    let sources = Sources::from_texts([("p.toml", text)]);
    let errors = compile(&sources, None).err().unwrap_or_default();
    errors.iter().map(|d| format!("{}:{} {}", d.line, d.column, d.message)).collect()
}

fn compile(
    sources: &Sources,
    commands: Option<&[CommandName]>,
) -> Result<sidegate_capabilities::Compiled, sidegate_capabilities::Diagnostics> {
    let directories = Directories::sample();
    Policy::compile(sources, &Context::new(&directories).commands(commands))
}

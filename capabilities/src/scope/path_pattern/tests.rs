//! What path patterns match, as tables, and against a naive matcher.

use std::sync::LazyLock;

use super::*;
use crate::platform::Platform;
use proptest::prelude::*;

fn pattern(text: &str, effect: Effect) -> PathPattern {
    PathPattern::parse(text, effect, &Directories::sample()).unwrap()
}

fn path(text: &str) -> ResolvedPath<'_> {
    static SAMPLE: LazyLock<Directories> = LazyLock::new(Directories::sample);
    ResolvedPath::parse(text, &SAMPLE, Platform::Linux).unwrap()
}

#[test]
fn e12_wildcards_cross_neither_slashes_nor_leading_dots() {
    // pattern, path, matches in allow, matches in deny
    #[rustfmt::skip]
    let cases = [
        ("$APPDATA/notes/*.md", "$APPDATA/notes/a.md", true, true),
        ("$APPDATA/notes/*.md", "/home/user/.local/share/app/notes/a.md", true, true),
        ("$APPDATA/notes/*.md", "$APPDATA/notes/b/a.md", false, false),
        ("$APPDATA/notes/*.md", "$APPDATA/notes/.a.md", false, true),
        ("$APPDATA/notes/.*", "$APPDATA/notes/.a.md", true, true),
        ("$APPDATA/notes/?.md", "$APPDATA/notes/é.md", true, true),
        ("$APPDATA/notes/?.md", "$APPDATA/notes/ab.md", false, false),
        ("$APPDATA/notes/?a", "$APPDATA/notes/.a", false, true),
        ("$APPDATA/notes/a?b", "$APPDATA/notes/a/b", false, false),
        ("$APPDATA/notes/**", "$APPDATA/notes", true, true),
        ("$APPDATA/notes/**", "$APPDATA/notes/a/b/c", true, true),
        ("$APPDATA/notes/**", "$APPDATA/notesx", false, false),
        ("$APPDATA/notes/**", "$APPDATA", false, false),
        ("$APPDATA/notes/**", "$APPDATA/notes/.git/config", false, true),
        ("$APPDATA/notes/**", "$APPDATA/notes/a/.b", false, true),
        ("$APPDATA/notes/**/.b", "$APPDATA/notes/a/.b", true, true),
        ("$APPDATA/notes/.git/**", "$APPDATA/notes/.git/config", true, true),
        ("$APPDATA/notes/**/*.md", "$APPDATA/notes/a.md", true, true),
        ("$APPDATA/notes/**/*.md", "$APPDATA/notes/x/y/a.md", true, true),
        ("$APPDATA/notes", "$APPDATA/notes", true, true),
        ("$APPDATA/notes", "$APPDATA/notes/a", false, false),
        ("$APPDATA", "$APPDATA", true, true),
        ("/etc/*", "/etc/passwd", true, true),
        ("/etc/*", "/etc/ssl/cert.pem", false, false),
        ("/a/*.md", "/a/x.MD", false, false),
        ("/a/\u{e9}", "/a/e\u{301}", false, false),
    ];
    for (written, named, allow, deny) in cases {
        let matches = |effect| pattern(written, effect).matches(&path(named));
        assert_eq!(matches(Effect::Allow), allow, "allow {written} {named}");
        assert_eq!(matches(Effect::Deny), deny, "deny {written} {named}");
    }
}

/// On macOS and Windows `.SSH` is `.ssh`: what denies the one denies the other there.
#[test]
fn e12_a_deny_entry_stands_for_every_spelling_where_they_are_one_file() {
    // pattern, path, whether a deny entry matches it where case does not count
    #[rustfmt::skip]
    let cases = [
        ("**/.ssh/**", "/home/user/.SSH/id", true),
        ("**/.SSH/**", "/home/user/.ssh/id", true),
        ("**/.ssh/**", "/home/user/.sSh", true),
        ("$HOME/Secret/*.Key", "/HOME/uSER/secret/a.kEY", true),
        ("/d/?a.md", "/D/Xa.MD", true),
        ("/d/*_B*", "/d/a_b", true),
        ("/d/é", "/d/É", true),
        ("/d/k", "/d/\u{212a}", true),
        ("/d/s", "/d/\u{17f}", true),
        ("/d/ß", "/d/ẞ", true),
        ("/d/ß", "/d/ss", false),
        ("/d/a", "/d/b", false),
        ("/d/*_b", "/d/aab", false),
        ("/d/a", "/d/A/x", false),
    ];
    for (written, named, expected) in cases {
        for platform in Platform::ALL {
            let ignores = platform != Platform::Linux;
            let deny = pattern(written, Effect::Deny).on(platform);
            assert_eq!(deny.matches(&path(named)), expected && ignores, "{written} {named}");
            let sample = Directories::sample();
            if let Ok(allow) = PathPattern::parse(written, Effect::Allow, &sample) {
                assert!(!allow.on(platform).matches(&path(named)), "{written} {named}");
            }
        }
    }
    let deny = pattern("/d/.SSH/**", Effect::Deny).on(Platform::Macos);
    assert!(deny.may_meet(&pattern("/D/.ssh/a", Effect::Allow)));
}

/// A name with what a pattern would call a wildcard is a name like others.
#[test]
fn e14_wildcards_in_the_path_of_a_call_are_literal() {
    #[rustfmt::skip]
    let cases = [
        ("/d/a", "/d/*", false),
        ("/d/ab", "/d/a?", false),
        ("/d/a", "/d/[ab]", false),
        ("/d/a/b", "/d/**", false),
        ("/d/a/b", "/d/**/b", false),
        ("/d/*", "/d/*", true),
        ("/d/*", "/d/[ab]{c,d}?!", true),
        ("/d/?", "/d/*", true),
        ("/d/**", "/d/**", true),
        ("/d/?b?", "/d/[b]", true),
    ];
    for (written, named, matches) in cases {
        for effect in [Effect::Allow, Effect::Deny] {
            let matched = pattern(written, effect).matches(&path(named));
            assert_eq!(matched, matches, "{written} {named}");
        }
    }
}

/// Bytes are compared: what looks the same, or folds to the same, is another name.
#[test]
fn e15_names_are_compared_as_bytes() {
    let pairs = [
        ("\u{e9}", "e\u{301}"),
        ("\u{df}", "ss"),
        ("\u{df}", "\u{1e9e}"),
        ("i", "\u{131}"),
        ("I", "\u{130}"),
        ("a", "A"),
        ("a", "\u{430}"),
        ("ab", "a\u{200b}b"),
        ("a", "\u{202e}a"),
        ("k", "\u{212a}"),
        ("..", "\u{ff0e}\u{ff0e}"),
        ("a.md", "a.md "),
    ];
    for (one, other) in pairs {
        for (one, other) in [(one, other), (other, one)] {
            if one == ".." {
                continue;
            }
            let written = format!("/d/{one}");
            for effect in [Effect::Allow, Effect::Deny] {
                let pattern = pattern(&written, effect);
                assert!(pattern.matches(&path(&written)), "{one:?}");
                if other != ".." {
                    let named = format!("/d/{other}");
                    assert!(!pattern.matches(&path(&named)), "{one:?} {other:?}");
                }
            }
        }
    }
    // A full-width slash separates nothing.
    assert!(!pattern("/d/*/b", Effect::Allow).matches(&path("/d/a\u{ff0f}b")));
    assert!(pattern("/d/*", Effect::Allow).matches(&path("/d/a\u{ff0f}b")));
}

#[test]
fn a_deny_entry_may_speak_of_anywhere() {
    let cases = [
        ("**/.*", "$APPDATA/notes/.a", true),
        ("**/.*", "$APPDATA/notes/a", false),
        ("**/.*/**", "$APPDATA/notes/a", true),
        ("**/*.key", "/x.key", true),
        ("**", "/x", true),
    ];
    for (written, named, matches) in cases {
        assert_eq!(
            pattern(written, Effect::Deny).matches(&path(named)),
            matches,
            "{written} {named}"
        );
    }
}

#[test]
fn what_a_deny_entry_cannot_speak_of() {
    for written in ["", "a", "notes/*", "./a", "*", "*.md", "**a", "***/a", "~/x"] {
        let parsed = PathPattern::parse(written, Effect::Deny, &Directories::sample());
        assert!(parsed.is_err(), "{written}");
    }
}

/// A place is reached by a pattern of it, or of something beneath it.
#[test]
fn which_places_a_pattern_reaches() {
    // pattern, place, reached by an allow entry, reached where hidden names match
    #[rustfmt::skip]
    let cases = [
        ("/a/b", "", true, true),
        ("/a/b", "a", true, true),
        ("/a/b", "a/b", true, true),
        ("/a/b", "a/b/c", false, false),
        ("/a/b", "b", false, false),
        ("/a/*/c", "a/b", true, true),
        ("/a/*/c", "a/b/c", true, true),
        ("/a/*/c", "a/b/d", false, false),
        ("/a/*", "a/.b", false, true),
        ("/a/.*", "a/.b", true, true),
        ("/a/**", "a", true, true),
        ("/a/**", "b", false, false),
        ("/a/**", "a/b/c", true, true),
        ("/a/**", "a/.b", false, true),
        ("/a/**/.b", "a/.b", true, true),
        ("/a/**/.b", "a/c/.b", true, true),
        ("/a/**/.b", "a/.b/c", false, true),
        ("/a/**/.b/**/c", "a/.b/d", true, true),
        ("/a/**/b/**/c", "a/b/c", true, true),
        ("/a/b/**/c", "a/c", false, false),
    ];
    for (written, place, allow, hidden) in cases {
        let pattern = pattern(written, Effect::Allow);
        let reaches = |pattern: &PathPattern| {
            pattern.reaches(place.split('/').filter(|name| !name.is_empty()).map(PlaceName::Is))
        };
        assert_eq!(reaches(&pattern), allow, "{written} {place}");
        assert_eq!(reaches(&pattern.with_hidden()), hidden, "{written} {place}, hidden");
    }
}

#[test]
fn e13_dots_never_reach_a_pattern() {
    let directories = Directories::sample();
    for written in ["/d/..", "/d/../etc", "/d/./x", "$APPDATA/..", "$APPDATA/../**"] {
        assert!(PathPattern::parse(written, Effect::Deny, &directories).is_err(), "{written}");
    }
    assert!(ResolvedPath::parse("/d/../etc/passwd", &directories, Platform::Linux).is_err());
}

#[test]
fn what_is_no_path_pattern() {
    let bad = [
        "",
        "notes/*",
        "./notes",
        "*",
        "*.md",
        "**",
        "**/a",
        "/",
        "/a/",
        "/a//b",
        "/a**",
        "/**a/b",
        "$NOPE/**",
        "$",
        "$APPDATA/",
        "/a/[ab]",
        "/a/{b,c}",
        "/a\\b",
        "/a\nb",
        "~/x",
    ];
    for text in bad {
        assert!(PathPattern::parse(text, Effect::Allow, &Directories::sample()).is_err(), "{text}");
    }
}

#[test]
fn the_base_is_the_longest_literal_directory() {
    let app = "/home/user/.local/share/app";
    let cases = [
        (
            "$APPDATA/notes/**",
            "$APPDATA/notes/a/b.md",
            "/home/user/.local/share/app/notes",
            "a/b.md",
        ),
        ("$APPDATA/notes/**", "$APPDATA/notes", "/home/user/.local/share/app/notes", ""),
        ("$APPDATA/*/x", "$APPDATA/a/x", app, "a/x"),
        ("$APPDATA/notes/a.md", "$APPDATA/notes/a.md", "/home/user/.local/share/app/notes", "a.md"),
        ("$APPDATA/notes", "$APPDATA/notes", app, "notes"),
        ("$APPDATA", "$APPDATA", app, ""),
        ("/etc", "/etc", "/", "etc"),
        ("/home/*/.local/**", "$APPDATA/a", "/home", "user/.local/share/app/a"),
        ("/home/*/.local/**", "$APPDATA", "/home", "user/.local/share/app"),
        ("/home/user/.local/**", "$APPDATA/a/b", "/home/user/.local", "share/app/a/b"),
        ("/*", "/etc", "/", "etc"),
    ];
    for (written, named, base, relative) in cases {
        let pattern = pattern(written, Effect::Allow);
        assert!(pattern.matches(&path(named)), "{written}");
        let grant = pattern.grant(&path(named));
        assert_eq!((grant.base().to_str(), grant.relative()), (Some(base), relative), "{written}");
        assert_eq!((pattern.written(), grant.pattern()), (written, written));
    }
}

#[test]
fn patterns_that_take_in_a_home_are_too_wide() {
    let cases = [
        ("/**", true),
        ("/*", true),
        ("/*/user/x", true),
        ("/home/**", true),
        ("/home/*/**", true),
        ("/home/user/**", true),
        ("$HOME/**", true),
        ("$HOME/**/x", true),
        ("/root/**", true),
        ("$HOME/*", false),
        ("$HOME/Documents/**", false),
        ("$APPDATA/**", false),
        ("/etc/**", false),
        ("$HOME", false),
    ];
    for (written, wide) in cases {
        let pattern = pattern(written, Effect::Allow);
        assert_eq!(pattern.is_too_wide(&Directories::sample()), wide, "{written}");
    }
}

/// The road on foot: every number of names for every `**`.
fn naive(pattern: &[&str], names: &[&str], hidden: Hidden) -> bool {
    let crosses = |name: &str| hidden == Hidden::Matched || !name.starts_with('.');
    match (pattern.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=names.len())
            .take_while(|count| names[..*count].iter().all(|name| crosses(name)))
            .any(|count| naive(rest, &names[count..], hidden)),
        (Some((item, rest)), Some((name, names))) => {
            let literal = !item.contains('*');
            let fits = if literal {
                item == name
            } else {
                (crosses(name) || item.starts_with('.'))
                    && glob::text_matches(item, name, Question::AnyOne)
            };
            fits && naive(rest, names, hidden)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn agrees_with_the_naive_matcher(
        written in prop::collection::vec(prop::sample::select(vec!["a", ".a", "*", ".*", "*a", "**"]), 1..7),
        names in prop::collection::vec(prop::sample::select(vec!["a", ".a", "b", ".b"]), 1..8),
    ) {
        let text = format!("/{}", names.join("/"));
        let named = path(&text);
        for (effect, hidden) in [(Effect::Allow, Hidden::Skipped), (Effect::Deny, Hidden::Matched)] {
            let pattern = pattern(&format!("/{}", written.join("/")), effect);
            prop_assert_eq!(pattern.matches(&named), naive(&written, &names, hidden));
        }
    }
}

#[test]
fn a_sample_is_a_path_that_matches() {
    for written in ["/d/a", "/d/*.md", "/d/**", "/d/a?c/**/x*", "$HOME/notes/*"] {
        let pattern = pattern(written, Effect::Allow);
        let sample = pattern.sample();
        assert!(pattern.matches(&path(&sample)), "{written} {sample}");
    }
}

/// Whatever a wildcard at the front stands for, nothing included, what is left may not begin with a
/// dot that nobody wrote.
#[test]
fn what_a_wildcard_at_the_front_may_stand_for() {
    let (one, any) = (ANY_BUT_DOT, ANY);
    let cases = [
        ("*ab", vec![format!("{one}{any}*ab"), "ab".to_owned()]),
        ("*.md", vec![format!("{one}{any}*\\x{{2e}}md")]),
        ("*", vec![format!("{one}{any}*")]),
        ("?b", vec![format!("{one}b")]),
        ("*?b", vec![format!("{one}{any}*{any}b"), format!("{one}b")]),
        ("ab*", vec![format!("ab{any}*")]),
    ];
    for (wild, expected) in cases {
        assert_eq!(visible(wild), expected, "{wild}");
    }
}

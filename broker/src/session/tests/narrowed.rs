//! Narrowed tokens: what is left is what both the policy and every caveat allow, by a second and
//! naive road; uses are counted to the last; tables are bounded, and full ones refuse.

use super::*;

use std::num::NonZeroU32;

use proptest::prelude::*;
use serde_json::json;

use super::super::calls::{MAX_REVOKED, STILL_STARTING};
use super::super::tokens::{MAX_COUNTED, MAX_VERIFIED};
use crate::token::Caveat;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "editor"
windows = ["editor"]
allow = [
  { commands = ["app.info"] },
  { commands = ["fs.*"], path = ["$APPDATA/notes/**", "$APPDATA/*.md"] },
  { commands = ["settings.*"], key = ["editor.*", "theme"] },
]
deny = [{ commands = ["fs.*"], path = ["**/secret*"] }]
"#;

const COMMANDS: [&str; 7] = [
    "app.info",
    "app.quit",
    "fs.list",
    "fs.read_text",
    "fs.remove",
    "settings.get",
    "settings.set",
];
const COMMAND_PATTERNS: [&str; 7] =
    ["*", "fs.*", "*.list", "app.info", "fs.read*", "settings.get", "x.*"];
const PATHS: [&str; 8] = [
    "$APPDATA/notes",
    "$APPDATA/notes/a.md",
    "$APPDATA/notes/b/c.md",
    "$APPDATA/notes/b/.git",
    "$APPDATA/notes/secret.md",
    "$APPDATA/d.md",
    "$APPDATA/../d.md",
    "/etc/passwd",
];
const PATH_PATTERNS: [&str; 6] = [
    "$APPDATA/**",
    "$APPDATA/notes/**",
    "$APPDATA/notes/*.md",
    "$APPDATA/notes/b/**",
    "$APPDATA/d.md",
    "/etc/*",
];
const KEYS: [&str; 4] = ["editor.font", "editor.font.size", "theme", "other"];
const KEY_PATTERNS: [&str; 4] = ["editor.*", "editor.**", "theme", "*"];

/// One character run of a name pattern, by trying every split.
fn name_matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skip| name_matches(rest, &name[skip..])),
        Some((byte, rest)) => name.first() == Some(byte) && name_matches(rest, &name[1..]),
    }
}

/// Words of a pattern against words of a name; `**` is any number of words, and no wildcard stands
/// for a hidden one.
fn words_match(pattern: &[&str], words: &[&str], least: usize) -> bool {
    match pattern.split_first() {
        None => words.is_empty(),
        Some((&"**", rest)) => (least..=words.len()).any(|skip| {
            let (run, after) = words.split_at(skip);
            !run.iter().any(|word| word.starts_with('.')) && words_match(rest, after, least)
        }),
        Some((first, rest)) => words.split_first().is_some_and(|(word, after)| {
            let hidden = word.starts_with('.') && !first.starts_with('.');
            !hidden
                && name_matches(first.as_bytes(), word.as_bytes())
                && words_match(rest, after, least)
        }),
    }
}

fn allows(caveat: &Caveat, command: &str, args: &Value) -> bool {
    let split = |text: &'static str| -> Vec<&'static str> { text.split('/').collect() };
    let among = |pool: &'static [&'static str], text: &str| -> &'static str {
        pool.iter().find(|known| **known == text).unwrap()
    };
    match caveat {
        Caveat::Commands(patterns) => {
            patterns.iter().any(|pattern| name_matches(pattern.as_bytes(), command.as_bytes()))
        }
        Caveat::Path(patterns) => args["path"].as_str().is_some_and(|path| {
            let words = split(among(&PATHS, path));
            !words.contains(&"..")
                && patterns
                    .iter()
                    .any(|pattern| words_match(&split(among(&PATH_PATTERNS, pattern)), &words, 0))
        }),
        Caveat::Key(patterns) => args["key"].as_str().is_some_and(|key| {
            let words: Vec<_> = key.split('.').collect();
            patterns.iter().any(|pattern| key_matches(pattern, &words))
        }),
        Caveat::Expires { after_issue } => *after_issue > 0,
        Caveat::Window(label) => label.as_str() == "editor",
        Caveat::Origin(origin) => *origin == Origin::local(),
        Caveat::Url(_) => args["url"].is_string(),
        Caveat::Uses { .. } => true,
    }
}

fn key_matches(pattern: &str, words: &[&str]) -> bool {
    let pattern: Vec<_> = pattern.split('.').collect();
    words_match(&pattern, words, 0)
}

fn any_caveat() -> impl Strategy<Value = Caveat> {
    use proptest::sample::subsequence;
    let some = |pool: &'static [&'static str]| subsequence(pool, 1..=2);
    prop_oneof![
        3 => some(&COMMAND_PATTERNS).prop_map(|patterns| Caveat::commands(patterns).unwrap()),
        3 => some(&PATH_PATTERNS).prop_map(|patterns| Caveat::path(patterns).unwrap()),
        3 => some(&KEY_PATTERNS).prop_map(|patterns| Caveat::key(patterns).unwrap()),
        1 => (0_u64..2).prop_map(|after_issue| Caveat::Expires { after_issue }),
        1 => Just(Caveat::url(["https://a.example/**"]).unwrap()),
        1 => prop_oneof![Just("editor"), Just("preview")]
            .prop_map(|label| Caveat::Window(WindowLabel::parse(label).unwrap())),
        1 => prop_oneof![Just("app://localhost"), Just("https://a.example")]
            .prop_map(|origin| Caveat::Origin(Origin::parse(origin).unwrap())),
    ]
}

fn any_call() -> impl Strategy<Value = (&'static str, Value)> {
    use proptest::sample::select;
    let path = proptest::option::of(select(&PATHS[..]));
    let key = proptest::option::of(select(&KEYS[..]));
    (select(&COMMANDS[..]), path, key).prop_map(|(command, path, key)| {
        let mut args = serde_json::Map::new();
        args.extend(path.map(|path| ("path".to_owned(), json!(path))));
        args.extend(key.map(|key| ("key".to_owned(), json!(key))));
        (command, Value::Object(args))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// A narrowed token allows what its root allows and each of its caveats, by a naive reading, and
    /// nothing else; so no caveat widens, in whatever order they come.
    #[test]
    fn what_is_left_is_what_the_root_and_each_caveat_allow(
        caveats in proptest::collection::vec(any_caveat(), 0..4),
        calls in proptest::collection::vec(any_call(), 1..6),
    ) {
        let (sessions, policies) = (sessions(), policies(POLICY));
        let opened = sessions.open(identity(2, 10, 100), standing(&policies), NOW);
        let (_, root) = opened.unwrap();
        let mut token = root.clone();
        for caveat in &caveats {
            token = token.attenuate(caveat).unwrap();
        }
        for (command, args) in calls {
            let verdict = |token: &Token| {
                verdict(&sessions, &policies, token, (command, &args), NOW).unwrap() == "allow"
            };
            let each = caveats.iter().all(|caveat| allows(caveat, command, &args));
            prop_assert_eq!(verdict(&token), verdict(&root) && each, "{} {}", command, args);
        }
    }
}

fn uses(count: u32, serial: u64) -> Caveat {
    Caveat::uses(NonZeroU32::new(count).unwrap(), serial)
}

fn opened(policies: &Policies) -> (Sessions, Arc<Session>, Token) {
    let sessions = sessions();
    let opened = sessions.open(identity(2, 10, 100), standing(policies), NOW);
    let (session, root) = opened.unwrap();
    (sessions, session, root)
}

#[test]
fn uses_are_counted_along_the_chain_and_never_begin_anew() {
    let policies = policies(POLICY);
    let (sessions, session, root) = opened(&policies);
    let call = |token: &Token| {
        verdict(&sessions, &policies, token, ("app.info", &json!({})), NOW).unwrap()
    };
    let three = root.attenuate(&uses(3, 0)).unwrap();
    let two_of_three = three.attenuate(&uses(2, 0)).unwrap();
    let child = two_of_three.attenuate(&Caveat::commands(["app.*"]).unwrap()).unwrap();
    let rows = [
        (&child, "allow"),
        (&two_of_three, "allow"),
        (&child, "uses"),
        (&two_of_three, "uses"),
        (&three, "allow"),
        (&three, "uses"),
        (&root, "allow"),
    ];
    for (place, (token, expected)) in rows.into_iter().enumerate() {
        assert_eq!(call(token), expected, "row {place}");
    }
    // Found again or checked anew, a count goes on: others take its place among the verified.
    for serial in 0..=u64::try_from(MAX_VERIFIED).unwrap() {
        let other = root.attenuate(&Caveat::Expires { after_issue: serial + 1 }).unwrap();
        assert_eq!(call(&other), "allow");
    }
    assert_eq!(call(&three), "uses");
    // A renewal leaves it be, and the new root's count is its own.
    let renewed = sessions.renew(&session, NOW).unwrap();
    assert_eq!(call(&three), "uses");
    assert_eq!(call(&renewed.attenuate(&uses(3, 0)).unwrap()), "allow");
}

#[test]
fn a_use_that_races_is_taken_once() {
    let policies = policies(POLICY);
    let (sessions, _, root) = opened(&policies);
    let token = root.attenuate(&uses(100, 0)).unwrap();
    let allowed = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let call = ("app.info", &json!({}));
                    if verdict(&sessions, &policies, &token, call, NOW).unwrap() == "allow" {
                        allowed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(allowed.into_inner(), 100);
}

#[test]
fn a_table_of_counts_that_is_full_refuses_what_is_new_and_counts_on() {
    let policies = policies(POLICY);
    let (sessions, session, root) = opened(&policies);
    let call = |token: &Token| {
        verdict(&sessions, &policies, token, ("app.info", &json!({})), NOW).unwrap()
    };
    let token = |serial: usize| root.attenuate(&uses(2, serial.try_into().unwrap())).unwrap();
    for serial in 0..MAX_COUNTED {
        assert_eq!(call(&token(serial)), "allow", "{serial}");
    }
    let bearer = sessions
        .authenticate(&token(MAX_COUNTED), HostId(2), WindowId(10), DocumentId(100), NOW)
        .unwrap();
    let now = Now { moment: NOW, wall: WallTime::from_unix(0) };
    let attenuated = bearer.attenuated(&policies, now).unwrap();
    assert_eq!(attenuated.spend().unwrap_err(), Outside::Uncounted);
    assert_eq!((call(&token(0)), call(&token(0))), ("allow".to_owned(), "uses".to_owned()));
    // Another root has a table of its own.
    let renewed = sessions.renew(&session, NOW).unwrap();
    assert_eq!(call(&renewed.attenuate(&uses(1, 0)).unwrap()), "allow");
}

#[test]
fn b04_a_narrowed_token_ends_to_the_nanosecond_and_never_after_its_root() {
    let policies = policies(POLICY);
    let (sessions, _, root) = opened(&policies);
    let at = |token: &Token, nanos: u64| {
        let moment = Moment::from_nanos(nanos);
        verdict(&sessions, &policies, token, ("app.info", &json!({})), moment)
    };
    let short = root.attenuate(&Caveat::expires(Duration::from_millis(7))).unwrap();
    let long = root.attenuate(&Caveat::expires(TOKEN_LIFE * 2)).unwrap();
    let (end, root_end) = (NOW.as_nanos() + 7_000_000, NOW.after(TOKEN_LIFE).as_nanos());
    assert_eq!(at(&short, end - 1), Ok("allow".to_owned()));
    assert_eq!(at(&short, end), Ok("expires".to_owned()));
    assert_eq!(at(&long, root_end - 1), Ok("allow".to_owned()));
    assert_eq!(at(&long, root_end), Err(Impostor::Expired));
}

#[test]
fn a_narrowed_token_is_as_good_as_its_root_for_others() {
    let (sessions, _, root) = opened(&policies(POLICY));
    let token = root.attenuate(&uses(1, 0)).unwrap();
    for (row, host, window, document, expected) in [
        ("itself", 2, 10, 100, None),
        ("b05 another window of the same host", 2, 11, 100, Some(Impostor::OtherWindow)),
        ("b06 another host", 1, 10, 100, Some(Impostor::OtherHost)),
        ("b07 another document", 2, 10, 101, Some(Impostor::OtherDocument)),
    ] {
        let (host, window, document) = (HostId(host), WindowId(window), DocumentId(document));
        let found = sessions.authenticate(&token, host, window, document, NOW);
        assert_eq!(found.err(), expected, "{row}");
    }
}

#[test]
fn a_revoked_narrowed_token_takes_its_own_along_and_no_other() {
    let policies = policies(POLICY);
    let (sessions, session, root) = opened(&policies);
    let token = root.attenuate(&Caveat::commands(["app.*"]).unwrap()).unwrap();
    let child = token.attenuate(&uses(9, 0)).unwrap();
    let sibling = root.attenuate(&Caveat::commands(["app.info"]).unwrap()).unwrap();
    let command = CommandName::parse("app.info").unwrap();
    let start = |token: &Token, call: u64| {
        let shown = (HostId(2), WindowId(10), DocumentId(100));
        let bearer = sessions.authenticate(token, shown.0, shown.1, shown.2, NOW).unwrap();
        start(&bearer, call, &command, 64)
    };
    let running: Vec<_> = [&root, &token, &child, &sibling]
        .into_iter()
        .zip(1..)
        .map(|(token, call)| start(token, call).unwrap())
        .collect();
    let taken = sessions.revoke_token(&token, NOW).unwrap();
    let mut ended: Vec<_> = taken.ended.iter().map(|ended| ended.call).collect();
    ended.sort_unstable();
    assert_eq!(ended, [2, 3]);
    let stops: Vec<_> = running.iter().map(InFlight::why_stopped).collect();
    assert_eq!(stops, [None, Some(Stop::Revoked), Some(Stop::Revoked), None]);
    for (row, token, starts) in [
        ("root", &root, true),
        ("itself", &token, false),
        ("its child", &child, false),
        ("its child's child", &child.attenuate(&uses(1, 1)).unwrap(), false),
        ("its sibling", &sibling, true),
    ] {
        assert_eq!(start(token, 9).is_ok(), starts, "{row}");
    }
    for (row, token) in [("itself", &token), ("its child", &child)] {
        assert!(sessions.revoke_token(token, NOW).is_none(), "{row} was revoked before");
    }
    // A root of the same session takes all of it along.
    sessions.revoke_token(&sessions.renew(&session, NOW).unwrap(), NOW).unwrap();
    assert_eq!(start(&sibling, 10).unwrap_err(), StartError::Revoked);
}

#[test]
fn one_revocation_too_many_ends_the_session() {
    let (sessions, session, root) = opened(&policies(POLICY));
    for serial in 0..=MAX_REVOKED {
        assert!(!session.is_revoked(), "{serial}");
        let token = root.attenuate(&uses(1, serial.try_into().unwrap())).unwrap();
        sessions.revoke_token(&token, NOW).unwrap();
    }
    assert!(session.is_revoked());
}

#[test]
fn what_has_expired_needs_not_be_remembered_as_revoked() {
    let (sessions, session, root) = opened(&policies(POLICY));
    let life = Duration::from_secs(1);
    let mut now = NOW;
    for number in 1..=u64::try_from(2 * MAX_REVOKED).unwrap() {
        let found = sessions.authenticate(&root, HostId(2), WindowId(10), DocumentId(100), now);
        let bearer = found.unwrap();
        let scopes = vec![Caveat::commands(["app.info"]).unwrap()];
        let wanted = Wanted { scopes, life, uses: None };
        let (token, _) = bearer.delegate((number, &root), wanted, now).unwrap();
        let find = |at| {
            let shown = sessions.authenticate(&token, HostId(2), WindowId(10), DocumentId(100), at);
            shown.unwrap()
        };
        assert!(!find(now).is_revoked());
        assert!(bearer.take_back(number, now).is_some());
        assert!(find(now).is_revoked());
        // Of what is over by itself nothing is taken, and it is forgotten a while after.
        now = now.after(life);
        assert!(bearer.take_back(number, now).is_none());
        assert!(find(now).is_revoked());
        now = now.after(STILL_STARTING);
        assert!(!session.is_revoked(), "{number}");
    }
}

#[test]
fn who_makes_up_a_token_revokes_nothing() {
    let (sessions, session, root) = opened(&policies(POLICY));
    let stranger = Mint::new().unwrap().mint(&Claims {
        session: root.session(),
        generation: root.generation(),
        host: HostId(2),
        window: WindowId(10),
        document: DocumentId(100),
        origin: "app://localhost",
        policy: "0",
        issued: NOW,
        expires: NOW.after(TOKEN_LIFE),
    });
    for token in [&stranger, &stranger.attenuate(&uses(1, 0)).unwrap()] {
        assert!(sessions.revoke_token(token, NOW).is_none());
    }
    assert!(!session.is_revoked());
}

#[test]
fn a_token_cancels_its_own_calls_and_those_of_what_was_narrowed_from_it() {
    let policies = policies(POLICY);
    let command = CommandName::parse("app.info").unwrap();
    for (row, by, of, cancelled) in [
        ("a root, its own", 0, 0, true),
        ("a root, a narrowed one's", 0, 2, true),
        ("a narrowed one, its child's", 1, 2, true),
        ("a child, its own", 2, 2, true),
        ("a child, its parent's", 2, 1, false),
        ("a narrowed one, the root's", 1, 0, false),
        ("a narrowed one, its sibling's", 3, 1, false),
    ] {
        let (sessions, _, root) = opened(&policies);
        let narrowed = root.attenuate(&uses(5, 0)).unwrap();
        let child = narrowed.attenuate(&uses(5, 1)).unwrap();
        let sibling = root.attenuate(&uses(5, 1)).unwrap();
        let bearers = [root, narrowed, child, sibling].map(|token| {
            let (host, window, document) = (HostId(2), WindowId(10), DocumentId(100));
            sessions.authenticate(&token, host, window, document, NOW).unwrap()
        });
        let _running = start(&bearers[of], 1, &command, 8).unwrap();
        assert_eq!(bearers[by].cancel(1), cancelled, "{row}");
    }
}

//! Frames and texts that are too long, too deep, ambiguous, or not what they seem.

use serde_json::json;
use sidegate::wire::{Calls, MAX_FROM_HOST};
use sidegate_tests::hostile::Order;

use crate::broker_stage::{Puppet, Stage, frame, message};

#[test]
fn d01_a_length_out_of_bounds_ends_the_host() {
    let limit = u32::try_from(MAX_FROM_HOST).unwrap();
    for (length, expected) in [
        (0, "the frame is empty"),
        (limit + 1, "over the bound"),
        (1 << 31, "over the bound"),
        (u32::MAX, "over the bound"),
    ] {
        let stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        host.order(&Order::Write(length.to_le_bytes().to_vec()));
        let why = stage.killed(host.pid);
        assert!(why.contains(expected), "{length}: {why}");
        assert!(host.is_gone(), "{length}");
    }
}

#[test]
fn d01_the_longest_frame_is_taken() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    let around = frame(&message(window, 1, &vec![b'x'; MAX_FROM_HOST - 100])).len();
    let bytes = vec![b'x'; MAX_FROM_HOST - 100 + (MAX_FROM_HOST + 4 - around)];
    let longest = frame(&message(window, 1, &bytes));
    assert_eq!(longest.len(), MAX_FROM_HOST + 4);
    host.does(&Order::Write(longest)).unwrap();
    assert_eq!(host.asks((window, 1), &token, 1, "test.count", &json!({}))["ok"], 1);
}

#[test]
fn d01_a_frame_that_is_no_message_ends_the_host() {
    let whole = frame(&message(sidegate::wire::WindowId(1), 1, b"hello"));
    let body = &whole[4..];
    let longer = [body, b"!"].concat();
    for (bytes, expected) in [
        (b"\xff".as_slice(), "not a message"),
        (b"\x03", "not a message"),
        (&body[..body.len() - 1], "not a message"),
        (longer.as_slice(), "1 bytes follow the message"),
    ] {
        let stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        host.order(&Order::Write([&length, bytes].concat()));
        let why = stage.killed(host.pid);
        assert!(why.contains(expected), "{bytes:?}: {why}");
    }
}

/// The answer to a call with this JSON, and why it was refused if it was.
fn answer(stage: &Stage, host: &mut Puppet, token: &str, id: u64, text: &[u8]) -> String {
    let window = host.window();
    host.says(window, 1, &[format!("c{token} {id}\n").as_bytes(), text].concat());
    let reply = host.reply(window, id);
    match reply["error"]["code"].as_str() {
        None => "ok".to_owned(),
        Some(code) => format!("{} {code}", stage.refusal(id)),
    }
}

/// After so many refusals of a kind the log has but their count.
const WRITTEN_IN_FULL: usize = 8;

/// What becomes of texts that a host sends as calls.
fn judge(table: &[(&str, Vec<u8>, &str)]) {
    table.chunks(WRITTEN_IN_FULL).for_each(judge_some);
}

fn judge_some(table: &[(&str, Vec<u8>, &str)]) {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    let mut honest = 0;
    for ((what, text, expected), id) in table.iter().zip(1..) {
        let found = answer(&stage, &mut host, &token, id * 2, text);
        assert_eq!(&found, expected, "{what}");
        // It costs the host nothing, and what comes after it is understood.
        honest += 1;
        let after = host.asks((window, 1), &token, id * 2 + 1, "test.count", &json!({}));
        assert_eq!(after["ok"], honest, "after {what}");
    }
}

const REFUSED: &str = "unreadable invalid";

fn echo(text: &str) -> Vec<u8> {
    format!(r#"{{"command":"test.echo","args":{{"text":{text}}}}}"#).into_bytes()
}

/// So many arrays in one another, two objects round them.
fn nested(levels: usize) -> Vec<u8> {
    echo(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)))
}

#[test]
fn d02_nesting_has_an_end() {
    let bottomless =
        format!(r#"{{"command":"test.echo","args":{{"text":{}"#, "[".repeat(1_000_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert!(bottomless.len() < Calls::MAX_MESSAGE);
    judge(&[
        ("as deep as it goes", nested(30), "ok"),
        ("one more", nested(31), REFUSED),
        ("127", nested(125), REFUSED),
        ("128", nested(126), REFUSED),
        ("half a million", nested(500_000), REFUSED),
        ("a million that never end", bottomless.into_bytes(), REFUSED),
        ("objects", echo(&objects), REFUSED),
    ]);
}

#[test]
fn d03_duplicate_keys_are_refused() {
    let texts = [
        r#"{"command":"test.echo","command":"test.count","args":{}}"#,
        r#"{"command":"test.count","command":"test.count"}"#,
        r#"{"command":"test.echo","args":{},"args":{"text":1}}"#,
        r#"{"command":"test.echo","args":{"text":1,"text":2}}"#,
        r#"{"command":"test.echo","args":{"text":1,"t\u0065xt":2}}"#,
        r#"{"command":"test.echo","args":{"text":{"a":1,"a":1}}}"#,
        r#"{"command":"test.echo","args":{"text":[{"a":{"b":1,"c":2,"b":3}}]}}"#,
        r#"{"comm\u0061nd":"test.echo","command":"test.count","args":{}}"#,
    ];
    let table = texts.map(|text| (text, text.as_bytes().to_vec(), REFUSED));
    judge(&table);
}

#[test]
fn d05_a_text_is_utf_8_and_nothing_else() {
    let plain = echo(r#""a""#);
    let utf_16: Vec<u8> = plain.iter().flat_map(|byte| [*byte, 0]).collect();
    judge(&[
        ("plain", plain.clone(), "ok"),
        ("a byte order mark", [b"\xef\xbb\xbf", plain.as_slice()].concat(), REFUSED),
        ("UTF-16", utf_16, REFUSED),
        ("not UTF-8", [&echo("\"a")[..], b"\xff\"}}"].concat(), REFUSED),
        ("overlong", replaced(&plain, b"\xc1\xa1"), REFUSED),
        ("a surrogate in UTF-8", replaced(&plain, b"\xed\xa0\x80"), REFUSED),
        ("half a surrogate pair", echo(r#""\ud800""#), REFUSED),
        ("a raw control", echo("\"\u{1}\""), REFUSED),
        ("nothing", Vec::new(), REFUSED),
        ("two texts", [&plain[..], b"{}"].concat(), REFUSED),
        ("a text and a newline", [&plain[..], b"\n"].concat(), "ok"),
    ]);
}

/// `text` with the letter of its argument replaced.
fn replaced(text: &[u8], by: &[u8]) -> Vec<u8> {
    let at = text.len() - br#"a"}}"#.len();
    [&text[..at], by, &text[at + 1..]].concat()
}

#[test]
fn d07_nothing_is_accepted_that_nobody_named() {
    let texts = [
        (r#"{"command":"test.echo","args":{},"more":1}"#, REFUSED),
        (r#"{"command":"test.echo","args":{},"__proto__":{}}"#, REFUSED),
        (r#"{"command":"test.echo","args":[]}"#, REFUSED),
        (r#"{"command":"test.echo","args":null}"#, REFUSED),
        (r#"["test.echo",{}]"#, REFUSED),
        (r#"{"args":{}}"#, REFUSED),
        (r#"{"command":["test.echo"]}"#, REFUSED),
        (r#"{"command":"test.echo"}"#, "ok"),
        (r#"{"command":"test.echo","args":{"__proto__":1}}"#, "invalid invalid"),
        (r#"{"command":"test.echo","args":{"constructor":1}}"#, "invalid invalid"),
        (r#"{"command":"test.echo","args":{"text":1,"more":1}}"#, "invalid invalid"),
    ];
    let table = texts.map(|(text, expected)| (text, text.as_bytes().to_vec(), expected));
    judge(&table);
}

#[test]
fn d08_a_command_has_a_plain_name() {
    let named = |name: &str| json!({ "command": name }).to_string().into_bytes();
    let allowed_nowhere = "not-granted denied";
    judge(&[
        ("empty", named(""), REFUSED),
        ("a megabyte", named(&"a".repeat(1_000_000)), REFUSED),
        ("a wildcard", named("test.*"), REFUSED),
        ("a colon", named("test:echo"), REFUSED),
        ("a space", named("test.echo "), REFUSED),
        ("a capital", named("Test.echo"), REFUSED),
        ("a look-alike", named("t\u{435}st.echo"), REFUSED),
        ("NUL", named("test.echo\0"), REFUSED),
        ("a method of objects", named("constructor"), allowed_nowhere),
        ("unknown", named("absent.command"), allowed_nowhere),
    ]);
}

/// One of the two may be called and the other may not; `test.count` would be counted if it ran.
#[test]
fn d14_a_batch_is_no_call_and_none_of_it_runs() {
    let allowed = r#"{"command":"test.count"}"#;
    let denied = r#"{"command":"fs.read_text","args":{"path":"/etc/passwd"}}"#;
    let texts = [
        format!("[{allowed},{denied}]"),
        format!("[{denied},{allowed}]"),
        format!("[{allowed}]"),
        format!("{allowed}{denied}"),
        format!("{allowed}\n{denied}"),
        format!("{allowed},{denied}"),
        format!(r#"{{"batch":[{allowed},{denied}]}}"#),
        r#"{"command":["test.count","fs.read_text"]}"#.to_owned(),
        r#"{"command":"test.count","args":[{},{"path":"/etc/passwd"}]}"#.to_owned(),
        format!(r#"{{"command":"test.count","args":{{}},"next":{denied}}}"#),
    ];
    let table = texts.each_ref().map(|text| (text.as_str(), text.clone().into_bytes(), REFUSED));
    judge(&table);
}

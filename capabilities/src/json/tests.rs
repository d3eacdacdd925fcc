//! What the strict reader takes and what it refuses, as tables.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn kind(text: impl AsRef<[u8]>) -> Option<JsonErrorKind> {
    let error = parse_object(text.as_ref()).err();
    assert_eq!(error, parse_members(text.as_ref(), ["a", "c"]).err(), "two ways to read it");
    error.map(|error| error.kind)
}

#[test]
fn of_the_members_those_are_kept_that_are_wanted() {
    for (text, wanted, has_others) in [
        ("{}", [None, None], false),
        (r#"{"c":{"a":1},"\u0061":null}"#, [Some(json!(null)), Some(json!({"a": 1}))], false),
        (r#"{"c":1,"d":{"a":2}}"#, [None, Some(json!(1))], true),
        (r#"{"A":1,"a ":2}"#, [None, None], true),
    ] {
        let members = parse_members(text.as_bytes(), ["a", "c"]);
        assert_eq!(members, Ok(Members { wanted, has_others }), "{text}");
    }
}

#[test]
fn objects_are_read_whole() {
    let cases = [
        ("{}", json!({})),
        (" \n{\"a\":1}\t", json!({"a": 1})),
        (
            r#"{"a":[1,{"b":null}],"c":"\u00e9\ud83d\ude00"}"#,
            json!({"a": [1, {"b": null}], "c": "é😀"}),
        ),
        (r#"{"a":{"a":{"a":true}}}"#, json!({"a": {"a": {"a": true}}})),
        (
            r#"{"n":"-0 1e999 \" 99999999999999999999"}"#,
            json!({"n": "-0 1e999 \" 99999999999999999999"}),
        ),
    ];
    for (text, value) in cases {
        assert_eq!(parse_object(text.as_bytes()).map(Value::Object), Ok(value), "{text}");
    }
}

#[test]
fn what_is_not_one_object() {
    for text in ["[]", "[{}]", "1", "null", "\"a\"", "true"] {
        assert_eq!(kind(text), Some(JsonErrorKind::NotAnObject), "{text}");
    }
    for text in [
        "",
        " ",
        "{",
        "{}{}",
        "{} x",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{}\0",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "/**/{}",
    ] {
        assert!(
            kind(text)
                .is_some_and(|kind| matches!(kind, JsonErrorKind::Syntax | JsonErrorKind::Number)),
            "{text}"
        );
    }
}

#[test]
fn d02_depth_is_refused_at_our_own_limit_with_a_flat_stack() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(kind(nested(MAX_DEPTH - 1)), None);
    for depth in [MAX_DEPTH, 127, 128, 1_000_000] {
        assert_eq!(kind(nested(depth)), Some(JsonErrorKind::TooDeep), "{depth}");
    }
    let objects = "{\"a\":".repeat(1_000_000);
    assert_eq!(kind(objects), Some(JsonErrorKind::TooDeep));
}

#[test]
fn d03_duplicate_keys_are_refused_at_every_level() {
    let cases = [
        r#"{"cmd":"read","cmd":"write"}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":[{"b":1},{"b":1,"c":2,"b":3}]}"#,
        r#"{"a":1,"\u0061":2}"#,
    ];
    for text in cases {
        assert_eq!(kind(text), Some(JsonErrorKind::DuplicateKey), "{text}");
    }
    assert_eq!(kind(r#"{"a":{"b":1},"c":{"b":1}}"#), None);
}

#[test]
fn d04_numbers_are_kept_exactly_or_refused() {
    let digits = "9".repeat(300);
    let refused = [
        "18446744073709551616",
        "-9223372036854775809",
        digits.as_str(),
        "1e400",
        "-1e400",
        "1e-400",
        "0.1e-330",
        "-0",
    ];
    for number in refused {
        assert_eq!(kind(format!("{{\"n\":{number}}}")), Some(JsonErrorKind::Number), "{number}");
    }
    let kept = [
        ("18446744073709551615", json!(u64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("9007199254740993", json!(9_007_199_254_740_993_u64)),
        ("0", json!(0)),
        ("0.0", json!(0.0)),
        ("0e-999", json!(0.0)),
        ("-1.5e3", json!(-1500.0)),
        ("5e-324", json!(5e-324)),
    ];
    for (number, value) in kept {
        let object = parse_object(format!("{{\"n\":{number}}}").as_bytes()).unwrap();
        assert_eq!(object["n"], value, "{number}");
    }
}

#[test]
fn d05_only_plain_utf8_is_read() {
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], JsonErrorKind); 8] = [
        (b"{\"a\":\"\xff\"}", JsonErrorKind::NotUtf8),
        (b"{\"a\":\"\xc0\xaf\"}", JsonErrorKind::NotUtf8),
        (b"{\"a\":\"\xed\xa0\x80\"}", JsonErrorKind::NotUtf8),
        (b"\xef\xbb\xbf{}", JsonErrorKind::ByteOrderMark),
        (br#"{"a":"\ud800"}"#, JsonErrorKind::Syntax),
        (br#"{"a":"\udc00"}"#, JsonErrorKind::Syntax),
        (b"{\"a\":\"\n\"}", JsonErrorKind::Syntax),
        (&utf16, JsonErrorKind::Syntax),
    ];
    for (bytes, expected) in cases {
        assert_eq!(kind(bytes), Some(expected), "{bytes:?}");
    }
}

#[test]
fn the_number_of_keys_is_bounded_in_all() {
    let members = |count: usize| {
        let list: Vec<_> = (1..count).map(|n| format!("\"k{n}\":1")).collect();
        format!("{{\"in\":{{{}}}}}", list.join(","))
    };
    assert_eq!(kind(members(MAX_KEYS)), None);
    assert_eq!(kind(members(MAX_KEYS + 1)), Some(JsonErrorKind::TooManyKeys));
}

#[test]
fn the_number_of_items_is_bounded_in_all() {
    let flat = |count: usize| format!("{{\"in\":[{}0]}}", "0,".repeat(count - 1));
    let pairs = |count: usize| format!("{{\"a\":[{}[]]}}", "[0],".repeat((count - 1) / 2));
    let spread = |count: usize| {
        let half = "0,".repeat(count / 2 - 1);
        format!("{{\"a\":[{half}0],\"b\":{{\"c\":[{half}0]}}}}")
    };
    for (what, of) in [("in one", &flat as &dyn Fn(usize) -> String), ("in one another", &pairs)] {
        let even = MAX_ITEMS - usize::from(what != "in one");
        assert_eq!(kind(of(even)), None, "{what}");
        assert_eq!(kind(of(MAX_ITEMS + 1)), Some(JsonErrorKind::TooManyItems), "{what}");
    }
    assert_eq!(kind(spread(MAX_ITEMS)), None);
    assert_eq!(kind(spread(MAX_ITEMS + 2)), Some(JsonErrorKind::TooManyItems));
}

#[test]
fn an_error_says_where() {
    let cases = [
        ("{\n \"a\": 1,\n \"a\": 2}", (3, 4)),
        ("{\n \"a\": 1e999}", (2, 7)),
        ("{\"a\" 1}", (1, 6)),
        ("\u{feff}{}", (1, 1)),
    ];
    for (text, place) in cases {
        let error = parse_object(text.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.column), place, "{text}");
    }
}

proptest! {
    /// Two readers: what this one reads, the ordinary one reads alike.
    #[test]
    fn never_panics_and_never_disagrees_with_serde_json(text in "[\\[\\]{}:,\"a\\\\0-9.eE+ tru-]{0,40}") {
        if let Ok(map) = parse_object(text.as_bytes()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(Value::Object(map)));
        }
    }

    /// Whether a map is made of it or not, a text is the same, and so is what is wrong with it.
    #[test]
    fn members_are_those_of_the_object(
        text in "\\{(\"[abc]\":(1|-0|null|\"x\"|\\[1?,?\\]|\\{(\"a\":1,?)?(\"a\":2)?\\}),?){0,4}\\}?( |1)?"
    ) {
        let map = parse_object(text.as_bytes());
        let members = parse_members(text.as_bytes(), ["a", "c"]);
        let of_map = map.map(|mut map| {
            let wanted = ["a", "c"].map(|name| map.remove(name));
            Members { wanted, has_others: !map.is_empty() }
        });
        prop_assert_eq!(of_map, members);
    }
}

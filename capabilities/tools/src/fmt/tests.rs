use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(before: &str, after: &str) {
    let once = format(before).unwrap();
    assert_eq!(once, after, "\n{once}");
    assert_eq!(format(&once).unwrap(), once, "formatting again changes it");
}

#[test]
fn keys_stand_in_order_and_take_their_comments_along() {
    check(
        "
# head

version=1


[[test]]
expect = 'deny'
call='a.b'
[[capability]] # the one
# what it may
allow=[{commands=['a.b']}]
id  =  \"a\"
  # for whom
windows = [ 'w',
]
unknown = 0x10
[[permission]]
allow = []
id = 'p'
# the end
",
        "\
# head

version = 1

[[permission]]
id = \"p\"
allow = []

[[capability]] # the one
id = \"a\"
# for whom
windows = [\"w\"]
# what it may
allow = [{ commands = [\"a.b\"] }]
unknown = 0x10

[[test]]
call = \"a.b\"
expect = \"deny\"
# the end
",
    );
}

#[test]
fn entries_stand_one_a_line_and_fill_their_lines() {
    let path = "$APPDATA/notes/and/a/directory/below/them/*.md";
    let result = "result = { omit = [\"/owner\"], max_bytes = 1 }";
    check(
        &format!(
            "[[capability]]\ndeny = [{{path=['{path}'], limit.rate = '1/s',commands=['a.b'],{result}}}]\n"
        ),
        &format!(
            "[[capability]]\ndeny = [\n  {{ commands = [\"a.b\"], path = [\"{path}\"],\n    limit.rate = \"1/s\", {result} }},\n]\n"
        ),
    );
    check(
        "[[capability]]
allow = [{limit = {burst = 1, rate = '1/s'}, commands = ['a.b']}, # the first

  # the second
  {commands = ['c.d'] # not a good place
  }, {commands = ['e.f']}
  # no more

]
",
        "\
[[capability]]
allow = [
  { commands = [\"a.b\"], limit = { rate = \"1/s\", burst = 1 } }, # the first

  # the second
  {commands = ['c.d'] # not a good place
  },
  { commands = [\"e.f\"] },
  # no more
]
",
    );
}

#[test]
fn what_cannot_be_broken_is_left_as_it_is() {
    let long = "x".repeat(120);
    check(&format!("description = \"{long}\"\n"), &format!("description = \"{long}\"\n"));
    check("a = '''\nb\n'''\n", "a = '''\nb\n'''\n");
    check("a = 'C:\\x' \r\nb = 'say \"x\"'\r\n", "a = 'C:\\x'\nb = 'say \"x\"'\n");
    check("\"a b\" = 1\n'c' = nan\n", "\"a b\" = 1\nc = nan\n");
    check("", "");
    check("# only\n\n\n# comments\n\n", "# only\n\n# comments\n");
    check(
        "a.b = 1\na.c = 2\n[x.y.z]\nd = 1979-05-27T07:32:00Z\n",
        "a.b = 1\na.c = 2\n\n[x.y.z]\nd = 1979-05-27T07:32:00Z\n",
    );
    check("a = [\n  # nothing\n]\n", "a = [\n  # nothing\n]\n");
    check("a = []#c\n", "a = [] #c\n");
}

#[test]
fn long_lists_have_an_item_a_line() {
    let item = format!("\"{}\"", "p".repeat(60));
    check(&format!("a = [{item}, {item}]\n"), &format!("a = [\n  {item},\n  {item},\n]\n"));
}

#[test]
fn what_is_not_toml_is_refused_with_its_place() {
    let error = format("version = 1\n[[capability]\n").unwrap_err();
    let FmtError::Syntax { span, .. } = error else { panic!("{error:?}") };
    assert_eq!(span, 25..25);
}

/// Any text that is TOML: made of pieces, so that most are.
fn texts() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("'a # b'".to_owned()),
        Just("\"x\\ny\"".to_owned()),
        Just("\"\"\"\nlong # no comment\n\"\"\"".to_owned()),
        Just("{ a.b = 1, commands = ['x'] }".to_owned()),
        Just("nan".to_owned()),
    ];
    let blank = prop_oneof![Just(""), Just(" "), Just("\n"), Just(" # c\n"), Just("\n\n  # d\n  ")];
    let list = prop::collection::vec((blank.clone(), value.clone(), blank.clone()), 0..4).prop_map(
        |items| {
            let items: Vec<_> = items.iter().map(|(a, b, c)| format!("{a}{b}{c}")).collect();
            format!("[{}]", items.join(","))
        },
    );
    let pair =
        (blank.clone(), 0..8_usize, prop_oneof![value, list], prop_oneof![Just(""), Just("  # e")]);
    let body = prop::collection::vec(pair, 0..5).prop_map(|pairs| {
        let keys = ["id", "allow", "deny", "windows", "use", "odd", "'a b'", "limit"];
        let mut seen = Vec::new();
        let mut out = String::new();
        for (blank, key, value, comment) in pairs {
            if !seen.contains(&key) {
                seen.push(key);
                out += &format!(
                    "{}{} = {value}{comment}\n",
                    if blank.ends_with('\n') || blank.is_empty() { blank } else { "" },
                    keys[key]
                );
            }
        }
        out
    });
    let header = prop_oneof![
        Just("[[test]]"),
        Just("[[capability]] # f"),
        Just("\n# g\n\n[[permission]]"),
        Just("[[capability.allow]]"),
        Just("[x]"),
    ];
    (body.clone(), prop::collection::vec((header, body), 0..4)).prop_map(|(first, tables)| {
        tables.iter().fold(first, |text, (header, body)| format!("{text}{header}\n{body}"))
    })
}

proptest! {
    #[test]
    fn formatting_is_faithful_and_done_in_one_go(text in texts()) {
        match format(&text) {
            Ok(once) => prop_assert_eq!(format(&once), Ok(once.clone()), "{}\n---\n{}", text, once),
            Err(error) => prop_assert!(matches!(error, FmtError::Syntax { .. }), "{error}\n{text}"),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}=.,#'\"a1 \n]{0,40}") {
        let _either = format(&text);
    }
}

//! Which rules do nothing, and which say a thing twice.

use super::super::lint::lint;
use super::world::compile;
use crate::sources::Sources;

/// The codes of the remarks, with their lines, on a capability with these lists.
fn remarks(allow: &[&str], deny: &[&str]) -> Vec<String> {
    let list = |entries: &[&str]| entries.join(",\n");
    let text = format!(
        "version = 1\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nallow = [\n{}]\ndeny = [\n{}]\n",
        list(allow),
        list(deny)
    );
    let found = lint(&compile(&text), &Sources::from_texts([("p.toml", text.as_str())]));
    found.iter().map(|one| format!("{}:{}", one.code, one.line)).collect()
}

#[test]
fn g09_rules_that_do_nothing_are_remarked_on() {
    const WRITE: &str = r#"{ commands = ["fs.write"], path = ["/d/**"] }"#;
    const WRITE_MD: &str = r#"{ commands = ["fs.write"], path = ["/d/*.md"] }"#;
    const SLOWLY: &str =
        r#"{ commands = ["fs.write"], path = ["/d/*.md"], limit = { rate = "1/s" } }"#;
    const READ: &str =
        r#"{ commands = ["fs.read"], path = ["/e/*"], args = { required = ["n"] } }"#;
    #[rustfmt::skip]
    let cases: [(&[&str], &[&str], &[&str]); 11] = [
        (&[WRITE, READ], &[], &[]),
        (&[WRITE], &[r#"{ commands = ["fs.*"] }"#], &["unreachable-rule:6"]),
        (&[WRITE], &[r#"{ commands = ["fs.*"], path = ["/d/a"] }"#], &[]),
        (&[r#"{ commands = ["fs.write"], path = [] }"#], &[], &["unreachable-rule:6"]),
        (&[WRITE, WRITE_MD], &[], &["shadowed-rule:7"]),
        (&[WRITE_MD, WRITE], &[], &["shadowed-rule:6"]),
        (&[WRITE, WRITE], &[], &["shadowed-rule:7"]),
        (&[WRITE, SLOWLY], &[], &[]),
        (&[WRITE], &[r#"{ commands = ["fs.*"], path = ["/dd/**"] }"#], &["idle-deny:8"]),
        (&[WRITE], &[r#"{ commands = ["fs.*"], path = ["**/.*"] }"#], &[]),
        (&[WRITE, r#"{ commands = ["fs.list"], path = ["/d/**"] }"#], &[], &["near-duplicate:7"]),
    ];
    for (allow, deny, expected) in cases {
        assert_eq!(remarks(allow, deny), expected, "{allow:?} {deny:?}");
    }
}

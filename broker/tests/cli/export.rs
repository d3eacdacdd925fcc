//! `sidegate export`.

use std::fs;

use crate::harness::{Home, example};

const POLICY: &str = r#"
version = 1
[[capability]]
id = "c"
description = "d"
windows = ["main"]
allow = [
  { commands = ["fs.read"], path = ["$DOCUMENTS/**"], args = { required = ["n"] } },
  { commands = ["fs.list"], path = [] },
]
deny = [{ commands = ["fs.*"], path = ["**/.git/**"] }]
"#;

#[test]
fn a_policy_becomes_cedar() {
    let home = Home::new();
    home.write("p.toml", POLICY);
    let printed = home.ask(&["export", "cedar", "p.toml"]);
    assert_eq!((printed.status, printed.err.as_str()), (0, ""));
    assert!(printed.out.starts_with("// What a Sidegate policy enforces, in Cedar.\n"));
    let answer = home.ask(&["export", "cedar", "p.toml", "--out", "x/cedar"]);
    let wrote = "wrote `x/cedar/policies.cedar`\nwrote `x/cedar/schema.cedarschema`\n";
    assert_eq!((answer.status, answer.out.as_str()), (0, wrote), "{}", answer.err);
    let read = |name: &str| fs::read_to_string(home.path().join("x/cedar").join(name)).unwrap();
    assert_eq!(read("policies.cedar"), printed.out);
    let report = home.ask(&["export", "cedar", "p.toml", "--json"]).report("export");
    assert_eq!(report["files"], serde_json::json!([]));
    assert_eq!(report["policies"], printed.out);
    assert_eq!(report["schema"], read("schema.cedarschema"));
    assert_eq!(report["args"], serde_json::json!({"args-1": {"required": ["n"]}}));
    let counts = ["permits", "forbids", "left_out"].map(|name| report[name].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1)]);
}

#[test]
fn every_example_can_be_exported() {
    for name in ["kiosk", "notes", "remote", "viewer"] {
        let home = Home::new();
        let answer = home.ask(&["export", "cedar", &example(name), "--json"]);
        assert_eq!(answer.status, 0, "{name}: {}", answer.err);
        assert!(answer.report("export")["permits"].as_u64() > Some(0), "{name}");
    }
}

#[test]
fn no_file_is_written_over_and_what_does_not_compile_is_not_exported() {
    let home = Home::new();
    home.write("p.toml", POLICY);
    home.write("bad.toml", "version = 1\n[[capability]]\n");
    home.write("out/schema.cedarschema", "mine");
    let answer = home.ask(&["export", "cedar", "p.toml", "--out", "out"]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("cannot write `out/schema.cedarschema`"), "{}", answer.err);
    assert!(!home.path().join("out/policies.cedar").exists());
    let answer = home.ask(&["export", "cedar", "bad.toml"]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("the policy does not compile"), "{}", answer.err);
}

//! `sidegate check`.

use crate::harness::{Home, example};

#[test]
fn every_example_is_without_a_remark() {
    let home = Home::new();
    for name in ["kiosk", "notes", "remote", "viewer"] {
        let answer = home.ask(&["check", &example(name)]);
        assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
        assert!(answer.out.ends_with("no errors, no warnings\n"), "{}", answer.out);
        let report = home.ask(&["check", &example(name), "--json"]).report("check");
        assert_eq!(report["ok"], true);
    }
}

#[test]
fn what_is_wrong_is_in_the_report_with_its_place() {
    let home = Home::new();
    let file = home.write("p.toml", "version = 1\n[[capability]]\nid = \"a\"\nwindow = [\"a\"]\n");
    let answer = home.ask(&["check", file.to_str().unwrap(), "--json"]);
    assert_eq!(answer.status, 1);
    let report = answer.report("check");
    assert_eq!(report["errors"], 2);
    assert_eq!(report["diagnostics"][1]["line"], 4);
    assert_eq!(home.ask(&["check", "nowhere.toml"]).status, 2);
}

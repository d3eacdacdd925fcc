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

const POLICY: &str = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"w\"]\nallow = [{ commands = [\"app.info\"] }]\n";
const COMMANDS: &str = "{ \"version\": 1, \"commands\": [\n  { \"name\": \"stock.sell\" }\n] }\n";

#[test]
fn pages_and_handlers_that_drifted_away_are_shown() {
    let home = Home::new();
    home.write("app/sidegate.toml", "version = 1\nid = \"org.example.a\"\nname = \"A\"\n[[window]]\nlabel = \"w\"\ntitle = \"W\"\npage = \"w.html\"\n");
    home.write("app/policies/p.toml", POLICY);
    home.write("app/commands.json", COMMANDS);
    home.write("app/ui/main.ts", "const { invoke } = window.sidegate;\n\tinvoke('fs.list');\ninvoke(name);\ninvoke('app.info');\n");
    home.write("app/ui/node_modules/x/main.js", "sidegate.invoke('fs.list')");
    home.write("app/ui/assets/built.js", &"sidegate.invoke('fs.list');".repeat(100));
    let answer = home.ask(&["check", "app"]);
    assert_eq!(answer.status, 0, "warnings are no errors: {}", answer.out);
    for expected in [
        "warning[uncovered-call]: no capability allows the command `fs.list`, which is called here",
        "--> app/ui/main.ts:2:9",
        "warning[unused-command]: no capability allows the command `stock.sell`",
        "commands.json:2:13",
        "1 call cannot be read: app/ui/main.ts:3:8\n",
        "1 file: no errors, 2 warnings\n",
    ] {
        assert!(answer.out.contains(expected), "{expected}\n{}", answer.out);
    }
    let report =
        home.ask(&["check", "app/policies/p.toml", "--app", "app", "--json"]).report("check");
    assert_eq!(report["warnings"], 2);
    assert_eq!(report["front_end"]["passed_over"], 1);
    assert_eq!(report["front_end"]["calls"], 2);
    assert_eq!(home.ask(&["check", "app", "--app", "nowhere"]).status, 2);
    let report = home.ask(&["check", "app/policies/p.toml", "--json"]).report("check");
    assert!(report["front_end"].is_null());
}

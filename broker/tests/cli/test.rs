//! `sidegate test`.

use crate::harness::Home;

const POLICY: &str = r#"version = 1
[[capability]]
id = "editor"
windows = ["editor"]
allow = [
  { commands = ["fs.read_text"], path = ["$APPDATA/notes/**"] },
  { commands = ["app.info"] },
]
deny = [{ commands = ["fs.*"], path = ["**/.*"] }]
[[test]]
window = "editor"
call = "fs.read_text"
args = { path = "$APPDATA/notes/a.md" }
expect = "allow"
because = "editor"
"#;

/// What is added to the policy; the exit status and how the answer ends.
#[test]
fn tests_hold_or_say_what_became_of_the_call() {
    let cases = [
        ("", 0, "1 test, 0 failed; 1 of 3 rules touched, 33 %\n"),
        (
            "[[test]]\nwindow = \"editor\"\ncall = \"fs.list\"\nargs = { path = \"/x/.git\" }\nexpect = \"deny\"\nbecause = \"denied-by-rule\"\n",
            0,
            "2 tests, 0 failed; 2 of 3 rules touched, 66 %\n",
        ),
        (
            "[[test]]\nwindow = \"editor\"\ncall = \"fs.list\"\nexpect = \"allow\"\n",
            1,
            "2 tests, 1 failed; 1 of 3 rules touched, 33 %\n",
        ),
    ];
    let home = Home::new();
    for (more, status, end) in cases {
        let file = home.write("p.toml", &format!("{POLICY}{more}"));
        let file = file.to_str().unwrap();
        let answer = home.ask(&["test", file]);
        assert_eq!(answer.status, status, "{}{}", answer.out, answer.err);
        assert!(answer.out.ends_with(end), "{}", answer.out);
        let report = home.ask(&["test", file, "--json"]).report("test");
        assert_eq!(report["ok"], status == 0);
        assert_eq!(report["tests"][0]["passed"], true);
    }
}

#[test]
fn a_test_that_fails_says_why_at_its_place() {
    let home = Home::new();
    let test = "[[test]]\nwindow = \"editor\"\ncall = \"fs.list\"\nexpect = \"allow\"\n";
    home.write("p.toml", &format!("{POLICY}{test}"));
    let answer = home.ask(&["test", "p.toml"]);
    let expected = "\
ok     p.toml:10:1 allow `fs.read_text` from window `editor` at app://localhost
FAILED p.toml:16:1 allow `fs.list` from window `editor` at app://localhost
       it is denied, and was to be allowed (not-granted)
no test touches
  p.toml:7 (capability `editor`, allow 2)
  p.toml:9 (capability `editor`, deny 1)
";
    assert!(answer.out.starts_with(expected), "{}", answer.out);
}

#[test]
fn a_policy_can_be_asked_for_more_tests() {
    let home = Home::new();
    home.write("p.toml", POLICY);
    assert_eq!(home.ask(&["test", "p.toml", "--min-coverage", "33"]).status, 0);
    let answer = home.ask(&["test", "p.toml", "--min-coverage", "34"]);
    assert_eq!(answer.status, 1);
    assert!(answer.out.ends_with("less than the 34 % of --min-coverage\n"), "{}", answer.out);
    assert_eq!(home.ask(&["test", "p.toml", "--min-coverage", "101"]).status, 2);
}

#[test]
fn no_test_is_no_success_and_a_broken_file_cannot_be_tested() {
    let home = Home::new();
    home.write("p.toml", "version = 1\n");
    let answer = home.ask(&["test", "p.toml"]);
    assert_eq!((answer.status, answer.out.starts_with("there is no test")), (1, true));
    home.write("q.toml", "version = 1\ntset = 1\n");
    let answer = home.ask(&["test", "q.toml"]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("unknown key `tset`"), "{}", answer.err);
    assert_eq!(home.ask(&["test", "nowhere.toml"]).status, 2);
}

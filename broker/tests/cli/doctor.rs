//! `sidegate doctor` where there is nothing to show windows on. With a display it is in the
//! end-to-end suites.

use serde_json::Value;

use crate::harness::Home;

#[test]
fn without_a_display_no_host_starts_and_the_report_says_what_helps() {
    let answer = Home::new().ask(&["doctor", "--json"]);
    if answer.status == 2 {
        assert!(answer.err.contains("there is no `sidegate-webview-host`"), "{}", answer.err);
        return; // this crate alone was built
    }
    let report = answer.report("doctor");
    assert_eq!((answer.status, &report["level"], &report["ok"]), (1, &Value::Null, &false.into()));
    let words = Home::new().ask(&["doctor"]);
    assert_eq!(words.status, 1);
    assert!(words.out.starts_with("no host starts\n  missing: no display: "), "{}", words.out);
    assert!(words.out.contains("\n     help: run it in a desktop session"), "{}", words.out);
}

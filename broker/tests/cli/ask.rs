//! `sidegate run --headless` where the policy has the person asked: nobody is there, or whoever wrote the
//! command line says what they answer.

use std::fs;

use serde_json::Value;
use sidegate::audit::Reader;

use crate::harness::Home;

const MANIFEST: &str = "version = 1\nid = \"org.example.shop\"\nname = \"Shop\"\n\
    [[window]]\nlabel = \"till\"\ntitle = \"Till\"\npage = \"index.html\"\n";

const POLICY: &str = "version = 1\n[[capability]]\nid = \"till\"\nwindows = [\"till\"]\n\
    allow = [{ commands = [\"app.info\"], ask = \"once\" }]\n";

/// More words of the command line, the status, whether the call runs, and what the log has of it.
#[test]
fn a_script_is_told_what_the_person_answers_or_refused() {
    for (more, status, runs, reason) in [
        (&[][..], 1, false, "ask-nobody"),
        (&["--answer", "no"], 1, false, "ask-no"),
        (&["--answer", "yes"], 0, true, ""),
        (&["--answer", "maybe"], 2, false, ""),
    ] {
        let home = Home::new();
        home.write("app/sidegate.toml", MANIFEST);
        home.write("app/policies/till.toml", POLICY);
        home.write("app/ui/index.html", "");
        home.write("calls.jsonl", "{\"window\":\"till\",\"command\":\"app.info\"}\n");
        let words = ["run", "app", "--headless", "--script", "calls.jsonl", "--audit", "log"];
        let answer = home.ask(&[&words[..], more].concat());
        assert_eq!(answer.status, status, "{more:?}: {}", answer.err);
        assert_eq!(answer.out.contains("\"ok\""), runs, "{more:?}: {}", answer.out);
        if status == 2 {
            continue;
        }
        let records: Vec<Value> = Reader::open(&home.path().join("log"))
            .unwrap()
            .map(|entry| serde_json::from_str(&entry.unwrap().to_json()).unwrap())
            .collect();
        let call = records.iter().find(|record| record["event"] == "call").unwrap();
        assert_eq!(call["reason"].as_str().unwrap_or_default(), reason, "{call}");
        if reason == "ask-nobody" {
            assert!(answer.err.contains("nobody who asks"), "{}", answer.err);
            assert!(call["why"].as_str().unwrap().contains("--answer"), "{call}");
        }
        // Nothing is remembered that no person said.
        let kept = home.path().join(".local/state/org.example.shop/answers.json");
        let kept = fs::read_to_string(kept).unwrap_or_default();
        assert!(!kept.contains("app.info"), "{kept}");
    }
}

#[test]
fn an_answer_is_for_a_run_without_windows() {
    let home = Home::new();
    let answer = home.ask(&["run", "app", "--answer", "yes"]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("--headless"), "{}", answer.err);
}

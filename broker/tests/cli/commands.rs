//! `sidegate commands`, and the file that it and the other verbs read.

use serde_json::{Value, json};

use crate::harness::{Home, example, repository};

const MANIFEST: &str = "version = 1\nid = \"org.example.shop\"\nname = \"Shop\"\n[[window]]\nlabel = \"till\"\ntitle = \"Till\"\npage = \"till.html\"\n";
const COMMANDS: &str = r#"{"version":1,"commands":[{"name":"stock.sell","description":"sells",
  "args":{"properties":{"thing":{"type":"string"},"count":{"type":"integer"}},"required":["thing"]}}]}"#;
const POLICY: &str = "version = 1\n[[capability]]\nid = \"till\"\nwindows = [\"till\"]\nallow = [{ commands = [\"stock.sell\"] }]\n";

#[test]
fn the_built_in_commands_are_listed_with_what_they_take() {
    let home = Home::new();
    let answer = home.ask(&["commands"]);
    assert_eq!(answer.status, 0, "{}", answer.err);
    assert!(
        answer.out.contains("\nfs.write_text             path, text           writes a text file"),
        "{}",
        answer.out
    );
    let report = home.ask(&["commands", &example("notes"), "--json"]).report("commands");
    assert_eq!(report["commands"].as_array().unwrap().len(), answer.out.lines().count());
}

#[test]
fn an_apps_own_commands_are_known_to_the_verbs() {
    let home = Home::new();
    home.write("app/sidegate.toml", MANIFEST);
    home.write("app/policies/p.toml", POLICY);
    let answer = home.ask(&["check", "app"]);
    assert_eq!(answer.status, 1, "{}", answer.out);
    assert!(answer.out.contains("unknown-command"), "{}", answer.out);

    home.write("app/commands.json", COMMANDS);
    let answer = home.ask(&["check", "app"]);
    assert_eq!(answer.status, 0, "{}", answer.out);
    let listed = home.ask(&["commands", "app"]).out;
    assert!(listed.contains("stock.sell                count?, thing        sells"), "{listed}");

    for (text, expected) in
        [("{", "EOF"), (&COMMANDS.replace("stock.sell", "fs.list"), "`fs.list` stands there twice")]
    {
        home.write("app/commands.json", text);
        for words in [&["commands", "app"][..], &["check", "app"]] {
            let answer = home.ask(words);
            assert_eq!(answer.status, 2);
            assert!(answer.err.contains("commands.json`: "), "{}", answer.err);
            assert!(answer.err.contains(expected), "{}", answer.err);
        }
    }
}

#[test]
fn what_a_broker_writes_is_the_documented_form() {
    let schema = repository().join("policies/schemas/commands.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (value, valid) in [
        (serde_json::to_value(sidegate::describe()).unwrap(), true),
        (serde_json::from_str(COMMANDS).unwrap(), true),
        (json!({ "version": 1, "commands": [{ "name": "A" }] }), false),
        (json!({ "version": 2, "commands": [] }), false),
        (json!([]), false),
    ] {
        assert_eq!(validator.is_valid(&value), valid, "{value}");
    }
}

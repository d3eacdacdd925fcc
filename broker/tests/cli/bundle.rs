//! `sidegate bundle`, and `sidegate run` with one: whose policies are taken, and which are too old.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::harness::{Answer, Home};

const MANIFEST: &str = "version = 1\nid = \"org.example.small\"\nname = \"Small\"\n\n[[window]]\nlabel = \"main\"\ntitle = \"Main\"\npage = \"index.html\"\n";
const POLICY: &str = "version = 1\n[[capability]]\nid = \"main\"\nwindows = [\"main\"]\nallow = [{ commands = [\"app.info\"] }]\n";

/// An app, and a key whose public half is returned.
fn app(home: &Home) -> String {
    home.write("app/sidegate.toml", MANIFEST);
    home.write("app/policies/main.toml", POLICY);
    home.write("app/ui/index.html", "<!doctype html>");
    home.write("calls.jsonl", "{\"window\": \"main\", \"command\": \"app.info\"}\n");
    let made = home.ask(&["bundle", "key", "--out", "key.pem"]);
    assert_eq!(made.status, 0, "{}", made.err);
    made.out.trim().to_owned()
}

fn sign(home: &Home, release: &str, out: &str) -> Answer {
    home.ask(&["bundle", "sign", "app", "--key", "key.pem", "--release", release, "--out", out])
}

fn run(home: &Home, bundle: &str, key: &str) -> Answer {
    let calls = ["run", "app", "--headless", "--script", "calls.jsonl"];
    home.ask(&[&calls[..], &["--bundle", bundle, "--key", key]].concat())
}

#[test]
fn a_broker_takes_the_bundle_of_its_key_and_nothing_else() {
    let home = Home::new();
    let key = app(&home);
    let signed = sign(&home, "3", "three.bundle");
    assert_eq!(signed.status, 0, "{}{}", signed.out, signed.err);
    // What lies in the folder no longer counts.
    home.write("app/policies/main.toml", "version = 1\n");
    let ran = run(&home, "three.bundle", &key);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("org.example.small"), "{}", ran.out);
    home.write("key.pub", &format!("{key}\n"));
    assert_eq!(run(&home, "three.bundle", "key.pub").status, 0, "a key may be in a file");

    let other = home.ask(&["bundle", "key", "--out", "other.pem"]).out;
    let refused = run(&home, "three.bundle", other.trim());
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("it was signed with the key"), "{}", refused.err);

    let text = fs::read_to_string(home.path().join("three.bundle")).unwrap();
    home.write("wider.bundle", &text.replace("app.info", "app.*"));
    let refused = run(&home, "wider.bundle", &key);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("its signature does not fit what it holds"), "{}", refused.err);
}

#[test]
fn g10_an_older_bundle_is_not_taken_again() {
    let home = Home::new();
    let key = app(&home);
    for release in ["3", "4"] {
        assert_eq!(sign(&home, release, &format!("{release}.bundle")).status, 0);
    }
    assert_eq!(run(&home, "3.bundle", &key).status, 0);
    assert_eq!(run(&home, "4.bundle", &key).status, 0);
    let refused = run(&home, "3.bundle", &key);
    assert_eq!(refused.status, 2);
    let why = "its version 3 is older than 4, which has run here";
    assert!(refused.err.contains(why), "{}", refused.err);
    assert_eq!(run(&home, "4.bundle", &key).status, 0);
}

#[test]
fn verify_says_whose_a_bundle_is() {
    let home = Home::new();
    let key = app(&home);
    sign(&home, "7", "policy.bundle");
    let words = ["bundle", "verify", "policy.bundle", "--key", &key];
    let good = home.ask(&words);
    assert_eq!((good.status, good.err.as_str()), (0, ""));
    let expected =
        "policy.bundle: release 7 of org.example.small, as it was signed\n  policies/main.toml\n";
    assert_eq!(good.out, expected);
    let report = home.ask(&[&words[..], &["--json"]].concat()).report("bundle-verify");
    assert_eq!((&report["release"], &report["files"]), (&json!(7), &json!(["policies/main.toml"])));

    let for_other = home.ask(&[&words[..], &["--app", "org.example.other", "--json"]].concat());
    assert_eq!(for_other.status, 1);
    assert_eq!(for_other.report("bundle-verify")["ok"], false);
    home.write("junk.bundle", "junk");
    assert_eq!(home.ask(&["bundle", "verify", "junk.bundle", "--key", &key]).status, 1);
    assert_eq!(home.ask(&["bundle", "verify", "nowhere.bundle", "--key", &key]).status, 2);
    assert_eq!(home.ask(&["bundle", "verify", "policy.bundle", "--key", "key.pem"]).status, 2);
}

#[test]
fn what_does_not_compile_is_not_signed_and_no_key_is_written_over() {
    let home = Home::new();
    app(&home);
    let key = fs::read_to_string(home.path().join("key.pem")).unwrap();
    assert_eq!(home.ask(&["bundle", "key", "--out", "key.pem"]).status, 2);
    assert_eq!(fs::read_to_string(home.path().join("key.pem")).unwrap(), key);
    home.write("app/policies/main.toml", &POLICY.replace("app.info", "app.inof"));
    let refused = sign(&home, "1", "policy.bundle");
    assert_eq!(refused.status, 1);
    assert!(refused.out.contains("did you mean `app.info`?"), "{}", refused.out);
    assert!(!home.path().join("policy.bundle").exists());
}

/// A key that another program made, and a signature that it takes for good.
#[test]
fn openssl_signs_and_verifies_the_same() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("there is no openssl here to compare with");
        return;
    }
    let home = Home::new();
    app(&home);
    let openssl = |words: &[&str]| {
        let done = Command::new("openssl").args(words).current_dir(home.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    assert_eq!(sign(&home, "1", "policy.bundle").status, 0);
    let text = fs::read_to_string(home.path().join("policy.bundle")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let signature = lines[1].rsplit(' ').next().unwrap();
    let pairs = signature.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    fs::write(home.path().join("signature"), bytes.collect::<Vec<_>>()).unwrap();
    home.write("message", &format!("sidegate policy bundle 1\0{}", lines[2]));
    openssl(&["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
    openssl(&[
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pub",
        "-rawin",
        "-in",
        "message",
        "-sigfile",
        "signature",
    ]);
}

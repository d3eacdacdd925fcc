//! `--help`, `sidegate man` and `sidegate completions`: what there is to read about every verb.

use std::fs;
use std::process::{Command, Stdio};

use crate::harness::Home;

/// The verbs, from the help.
fn verbs(home: &Home) -> Vec<String> {
    let help = home.ask(&["--help"]);
    assert_eq!(help.status, 0);
    let listed = help
        .out
        .lines()
        .skip_while(|line| !line.ends_with(':'))
        .take_while(|line| *line != "Options:");
    let verbs = listed.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    verbs.map(str::to_owned).collect()
}

#[test]
fn every_verb_has_help_with_its_exit_status_and_an_example() {
    let home = Home::new();
    let verbs = verbs(&home);
    assert!(["run", "check", "fmt", "man"].iter().all(|verb| verbs.contains(&(*verb).to_owned())));
    for verb in verbs.iter().filter(|verb| *verb != "help") {
        let help = home.ask(&[verb, "--help"]);
        assert_eq!(help.status, 0, "{verb}");
        assert!(help.out.contains("Exit status: "), "{verb}: {}", help.out);
        let example = help.out.contains(&format!("  sidegate {verb}"));
        assert!(example && help.out.contains("Example"), "{verb}: {}", help.out);
    }
    assert!(!home.ask(&["--help"]).out.contains("\nOthers:"), "put the new verb into a group");
}

#[test]
fn every_verb_has_a_manual_page() {
    let home = Home::new();
    let answer = home.ask(&["man", "--out", "man1"]);
    assert_eq!((answer.status, answer.out.as_str()), (0, ""), "{}", answer.err);
    for verb in verbs(&home).iter().filter(|verb| *verb != "help") {
        let page = home.path().join(format!("man1/sidegate-{verb}.1"));
        let page = fs::read_to_string(&page).unwrap_or_else(|_| panic!("no page of {verb}"));
        assert!(page.contains(&format!("sidegate\\-{} \\- ", verb.replace('-', "\\-"))), "{page}");
        assert!(page.contains(".SH SYNOPSIS") && page.contains("Exit status: "), "{page}");
    }
    assert!(home.path().join("man1/sidegate-audit-verify.1").is_file());
    let main = home.ask(&["man"]).out;
    assert!(main.contains(".TH sidegate 1"), "{main}");
    assert_eq!(main, fs::read_to_string(home.path().join("man1/sidegate.1")).unwrap());
    home.write("file", "");
    assert_eq!(home.ask(&["man", "--out", "file"]).status, 2);
}

#[test]
fn shells_can_read_their_completions() {
    let home = Home::new();
    for (shell, check) in
        [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute"), ("powershell", "")]
    {
        let answer = home.ask(&["completions", shell]);
        assert_eq!(answer.status, 0, "{}", answer.err);
        for verb in verbs(&home) {
            assert!(answer.out.contains(&verb), "{shell}: {verb}");
        }
        let file = home.write(&format!("sidegate.{shell}"), &answer.out);
        let mut command = Command::new(shell);
        command.arg(check).arg(&file).stdin(Stdio::null());
        // Of the shells, those that are here are asked.
        if let (false, Ok(read)) = (check.is_empty(), command.output()) {
            assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
        }
    }
    assert_eq!(home.ask(&["completions", "cmd"]).status, 2);
}

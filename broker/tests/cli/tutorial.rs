//! The tutorial in `policies/README.md`, done to the letter: each file it shows is written, each command
//! is typed, and what it says the answer is must be the answer.
//!
//! A fence whose first line is ```` ```toml my-app/x.toml ```` is a file, and with ` add` behind it the end of one.
//! In a `console` fence a line
//! after `$ ` is a command (one that ends with `\` goes on), and what follows is what it prints; `…` alone on a line is any
//! number of lines, within a line any run of characters. `status=1` after `console` is the exit
//! status of its last command; all others answer 0.

use std::path::Path;
use std::process::Command;

use crate::harness::{Answer, Home, repository};

#[test]
fn every_command_of_the_tutorial_answers_as_it_says() {
    let text = std::fs::read_to_string(repository().join("policies/README.md")).unwrap();
    let tutorial = text.split("\n## ").find(|part| part.starts_with("From an empty file"));
    let home = Home::new();
    let mut commands = 0;
    for fence in fences(tutorial.expect("the tutorial has its heading")) {
        match fence.info.split_once(' ').unwrap_or((fence.info, "")) {
            ("console", status) => commands += console(&home, status, &fence.body),
            (_, "") => {}
            (_, file) => match file.strip_suffix(" add") {
                None => drop(home.write(file, &fence.body)),
                Some(file) => {
                    let before = std::fs::read_to_string(home.path().join(file)).unwrap();
                    home.write(file, &(before + &fence.body));
                }
            },
        }
    }
    assert!(commands > 15, "the tutorial was found, and only {commands} commands in it");
}

struct Fence<'t> {
    info: &'t str,
    body: String,
}

fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut fences = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => open = Some(Fence { info, body: String::new() }),
            (Some(_), Some(fence)) => fences.push(fence),
            (None, Some(mut fence)) => {
                fence.body.push_str(line);
                fence.body.push('\n');
                open = Some(fence);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    fences
}

/// Types the commands of a fence; how many there were.
fn console(home: &Home, status: &str, body: &str) -> usize {
    let steps = steps(body);
    let last = steps.len() - 1;
    for (at, (typed, expected)) in steps.iter().enumerate() {
        let answer = shell(home, typed);
        let status = match status.strip_prefix("status=") {
            Some(status) if at == last => status.parse().unwrap(),
            _ => 0,
        };
        let said = format!("$ {typed}\n{}{}", answer.out, answer.err);
        assert_eq!(answer.status, status, "{said}");
        let printed = format!("{}{}", answer.out, answer.err);
        assert!(
            fits(expected, &printed),
            "{said}\n--- the tutorial says:\n{}",
            expected.join("\n")
        );
    }
    steps.len()
}

fn steps(body: &str) -> Vec<(String, Vec<&str>)> {
    let mut steps: Vec<(String, Vec<&str>)> = Vec::new();
    let mut goes_on = false;
    for line in body.lines() {
        if let Some(typed) = line.strip_prefix("$ ") {
            steps.push((typed.to_owned(), Vec::new()));
        } else if goes_on {
            let (typed, _) = steps.last_mut().unwrap();
            typed.push('\n');
            typed.push_str(line);
        } else {
            steps.last_mut().expect("a command comes first").1.push(line);
        }
        goes_on = line.ends_with('\\') && (goes_on || line.starts_with("$ "));
    }
    steps
}

fn shell(home: &Home, typed: &str) -> Answer {
    let program = Path::new(env!("CARGO_BIN_EXE_sidegate")).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let mut shell = Command::new("sh");
    shell.args(["-c", typed]).current_dir(home.path());
    shell.env_clear().env("HOME", home.path()).env("PATH", path).env("LC_ALL", "C.UTF-8");
    Answer::of(shell.output().unwrap())
}

/// Whether the lines are those that the tutorial shows. An answer that it does not show may be
/// anything.
fn fits(expected: &[&str], printed: &str) -> bool {
    let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    expected.is_empty() || lines_fit(expected, &printed)
}

fn lines_fit(expected: &[&str], printed: &[&str]) -> bool {
    match (expected.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((&"…", rest)), _) => (0..=printed.len()).any(|at| lines_fit(rest, &printed[at..])),
        (Some((line, rest)), Some((found, more))) => {
            line_fits(line, found) && lines_fit(rest, more)
        }
        _ => false,
    }
}

fn line_fits(expected: &str, found: &str) -> bool {
    match expected.split_once('…') {
        None => expected == found,
        Some((front, rest)) => found.strip_prefix(front).is_some_and(|tail| {
            let mut ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.any(|at| tail.get(at..).is_some_and(|tail| line_fits(rest, tail)))
        }),
    }
}

#[test]
fn what_fits_what() {
    let cases = [
        (&["a", "…", "z"][..], "a\nb\nc\nz\n", true),
        (&["a", "…", "z"], "a\nz", true),
        (&["a", "…"], "b\n", false),
        (&["took … ms, … calls"], "took 5 ms, 7 calls\n", true),
        (&["took … ms"], "took 5 s\n", false),
        (&[], "anything", true),
        (&["a"], "a\nb", false),
    ];
    for (expected, printed, fit) in cases {
        assert_eq!(fits(expected, printed), fit, "{expected:?} {printed:?}");
    }
}

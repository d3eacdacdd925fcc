//! `sidegate --help`: the verbs by what they are for.

use std::fmt::Write as _;

use clap::Command;

/// What there is to do, and with which verbs. One that is not named here comes last.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Run an app", &["run", "new", "serve", "doctor", "inspect", "ui-archive"]),
    (
        "Write a policy",
        &["check", "fmt", "commands", "types", "schema", "lsp", "import", "export", "bundle"],
    ),
    ("Ask what it grants", &["explain", "who-can", "test", "diff"]),
    ("Look at what happened", &["audit", "learn", "minimize", "replay"]),
    ("Set up the command line", &["completions", "man"]),
];

/// The heading of the verbs that are in no group.
const OTHERS: &str = "Others";

/// How a command without verbs of its own would show them.
const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n{before-help}Options:\n{options}{after-help}";

/// The command with its verbs in groups.
pub(crate) fn grouped(command: Command) -> Command {
    let verbs: Vec<_> = command
        .get_subcommands()
        .map(|verb| {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            (verb.get_name().to_owned(), about)
        })
        .collect();
    let width = verbs.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut section = |heading: &str, wanted: &dyn Fn(&str) -> bool| {
        let mut mine = verbs.iter().filter(|(name, _)| wanted(name)).peekable();
        if mine.peek().is_some() {
            let _ = writeln!(text, "\n{heading}:");
            for (name, about) in mine {
                let _ = writeln!(text, "  {name:width$}  {about}");
            }
        }
    };
    for (heading, names) in GROUPS {
        section(heading, &|name| names.contains(&name));
    }
    section(OTHERS, &|name| GROUPS.iter().all(|(_, names)| !names.contains(&name)));
    text.push_str("\nOf each verb `sidegate VERB --help` says more.\n");
    command.help_template(TEMPLATE).before_help(text)
}

//! What the tables of a policy file come to: permissions with parameters and sets of them, files that
//! include others, platforms, dates, what is only observed, what a policy says of itself.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod files;
mod force;
mod permissions;
mod statements;

use serde_json::Value;
use sidegate_capabilities::{
    Args, Color, CommandName, Compiled, Context, Diagnostics, Directories, Origin, Platform,
    Policy, Sources, Verdict, WallTime, WindowLabel,
};

const NOW: WallTime = WallTime::from_unix(1_000_000_000);

fn compile(body: &str) -> Compiled {
    let sources = Sources::from_texts([("p.toml", format!("version = 1{body}"))]);
    let directories = Directories::sample();
    let context = Context::new(&directories).platform(Platform::Linux);
    Policy::compile(&sources, &context)
        .unwrap_or_else(|errors| panic!("{}", errors.render(&sources, Color::Never)))
}

fn policy(body: &str) -> Policy {
    compile(body).policy
}

fn errors(text: &str) -> Diagnostics {
    let sources = Sources::from_texts([("p.toml", text)]);
    Policy::compile(&sources, &Context::new(&Directories::sample())).unwrap_err()
}

fn told(diagnostics: &Diagnostics) -> Vec<String> {
    let line = |d: &sidegate_capabilities::Diagnostic| {
        let help = d.help.as_deref().unwrap_or("-");
        let also: String = d
            .labels
            .iter()
            .map(|l| format!("; {}: {}:{}:{}", l.text, d.file, l.line, l.column))
            .collect();
        format!("{}:{} {}: {} ({help}{also})", d.line, d.column, d.code, d.message)
    };
    diagnostics.iter().map(line).collect()
}

fn label(text: &str) -> WindowLabel {
    WindowLabel::parse(text).unwrap()
}

fn code(policy: &Policy, window: &str, command: &str, args: &Value) -> &'static str {
    code_at(policy, NOW, window, command, args)
}

fn code_at(
    policy: &Policy,
    at: WallTime,
    window: &str,
    command: &str,
    args: &Value,
) -> &'static str {
    let principal = policy.principal(&label(window), &Origin::local(), at);
    let args = Args::new(args.as_object().unwrap().clone());
    match principal.decide(&CommandName::parse(command).unwrap(), &args) {
        Verdict::Allow(_) => "allow",
        Verdict::Deny(denial) => denial.reason.code(),
    }
}

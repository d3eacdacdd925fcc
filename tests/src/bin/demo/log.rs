//! The audit log after the demo: by the command that people use for it, and by a look of our own.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;
use sidegate_tests::{Binaries, records};

use crate::Outcome;

/// The refused calls, as a table.
pub(crate) fn denials(binaries: &Binaries, log: &Path) -> Outcome<String> {
    let shown = audit(binaries, &["audit"], log, &["--denied"])?;
    Ok(String::from_utf8_lossy(&shown.stdout).into_owned())
}

/// Prints the same, as wide as the terminal is where this is one.
pub(crate) fn print_denials(binaries: &Binaries, log: &Path) -> Outcome<()> {
    let status = binaries.sidegate().arg("audit").arg(log).arg("--denied").status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`sidegate audit` ended with {status}").into())
    }
}

/// Copies a log, and its head, without which nobody can say whether its end was cut off.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::copy(head_of(from), head_of(to))?;
    Ok(())
}

fn head_of(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".head");
    name.into()
}

/// Whether the chain of the log is whole; what the command says of it.
pub(crate) fn verify(binaries: &Binaries, log: &Path) -> Outcome<String> {
    let shown = audit(binaries, &["audit", "verify"], log, &[])?;
    let said = String::from_utf8_lossy(&shown.stdout);
    Ok(said.lines().next().unwrap_or_default().trim().to_owned())
}

/// What the preview is for: to read a note, and to say in its title how the tries went.
const HONEST: [&str; 2] = ["fs.read_text", "window.set_title"];

/// What the log says of the preview: that much was refused, something was allowed, and nothing
/// that is not what it is for. The page under attack has no say in this.
pub(crate) fn of_the_preview(log: &Path) -> Outcome<String> {
    judge(&records::read(log)?)
}

fn judge(records: &[Value]) -> Outcome<String> {
    let mut counts = [0_usize; 2];
    let is_call = |record: &&Value| record["event"] == "call" && record["window"] == "preview";
    for record in records.iter().filter(is_call) {
        let command = record["command"].as_str().unwrap_or_default();
        let allowed = record["verdict"] != "deny";
        if allowed && !HONEST.contains(&command) {
            return Err(format!("the preview was allowed `{command}`: {record}").into());
        }
        let [allowed_calls, denied_calls] = &mut counts;
        let count = if allowed { allowed_calls } else { denied_calls };
        *count = count.saturating_add(1);
    }
    match counts {
        [0, _] => Err("nothing was allowed: that would refuse everybody".into()),
        [_, 0] => Err("nothing was refused".into()),
        [allowed, denied] => Ok(format!("{denied} of its calls refused, {allowed} allowed")),
    }
}

fn audit(binaries: &Binaries, verb: &[&str], log: &Path, options: &[&str]) -> Outcome<Output> {
    let ran = binaries.sidegate().args(verb).arg(log).args(options).output()?;
    if ran.status.success() {
        return Ok(ran);
    }
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Err(format!("`sidegate {}` ended with {}: {said}", verb.join(" "), ran.status).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(window: &str, command: &str, verdict: &str) -> Value {
        json!({"event": "call", "window": window, "command": command, "verdict": verdict})
    }

    #[test]
    fn a_log_is_good_where_the_preview_read_and_was_refused() {
        let read = call("preview", "fs.read_text", "allow");
        let refused = call("preview", "fs.write_text", "deny");
        let written = call("preview", "fs.write_text", "allow");
        let others = call("editor", "fs.write_text", "allow");
        let unclear = call("preview", "fs.list", "perhaps");
        for (records, end) in [
            (vec![&read, &refused, &others], "1 of its calls refused, 1 allowed"),
            (vec![&read, &refused, &written], "the preview was allowed `fs.write_text`"),
            (vec![&read, &refused, &unclear], "the preview was allowed `fs.list`"),
            (vec![&read, &others], "nothing was refused"),
            (vec![&refused, &others], "nothing was allowed"),
            (vec![], "nothing was allowed"),
        ] {
            let records: Vec<_> = records.into_iter().cloned().collect();
            let said = judge(&records).unwrap_or_else(|error| error.to_string());
            assert!(said.starts_with(end), "{said}");
        }
    }
}

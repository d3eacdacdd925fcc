//! The audit log after the demo, by the command that people use for it.

use std::{path::Path, process::Output};

use sidegate_tests::Binaries;

use crate::Outcome;

/// The refused calls, as a table.
pub(crate) fn denials(binaries: &Binaries, log: &Path) -> Outcome<String> {
    let shown = audit(binaries, &["audit"], log, &["--denied"])?;
    Ok(String::from_utf8_lossy(&shown.stdout).into_owned())
}

/// Whether the chain of the log is whole; what the command says of it.
pub(crate) fn verify(binaries: &Binaries, log: &Path) -> Outcome<String> {
    let shown = audit(binaries, &["audit", "verify"], log, &[])?;
    let said = String::from_utf8_lossy(&shown.stdout);
    Ok(said.lines().next().unwrap_or_default().trim().to_owned())
}

fn audit(binaries: &Binaries, verb: &[&str], log: &Path, options: &[&str]) -> Outcome<Output> {
    let ran = binaries
        .sidegate()
        .args(verb)
        .arg(log)
        .args(options)
        .output()?;
    if ran.status.success() {
        return Ok(ran);
    }
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Err(format!(
        "`sidegate {}` ended with {}: {said}",
        verb.join(" "),
        ran.status
    )
    .into())
}

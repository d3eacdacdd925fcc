//! What nothing is proposed for, whatever was asked.

use sidegate_capabilities::{CommandName, Origin};

use crate::calls::{Answer, Logged};

/// Words of a command's name that say that it runs other programs.
const SHELLS: [&str; 11] = [
    "shell", "exec", "execute", "spawn", "process", "run", "eval", "system", "terminal", "command",
    "script",
];

/// Words that a command's last part begins with when it only looks. Whatever begins otherwise may
/// change something.
const LOOKING: [&str; 17] = [
    "read", "get", "list", "info", "stat", "exists", "query", "search", "find", "show", "count",
    "version", "watch", "is", "has", "metadata", "status",
];

/// Names of files and directories where keys and credentials lie, whole.
const SECRET_NAMES: [&str; 22] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".password-store",
    ".git-credentials",
    ".env",
    "keyrings",
    "shadow",
    "key4.db",
    "key3.db",
    "logins.json",
    "cookies.sqlite",
    "login data",
    "cookies",
    "wallet.dat",
    "keychains",
];

/// What such names begin with.
const SECRET_STARTS: [&str; 8] =
    ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "credential", "secret", "password", ".env."];

/// What such names end with.
const SECRET_ENDS: [&str; 11] =
    [".pem", ".key", ".p12", ".pfx", ".kdbx", ".jks", ".keystore", ".gpg", ".asc", ".ppk", ".p8"];

/// Words of a setting's key that name a secret.
const SECRET_WORDS: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "credentials",
    "apikey",
    "private",
];

/// Whether a proposal may be made for the call at all.
///
/// # Errors
/// Why not.
pub(super) fn of(call: &Logged, now: Option<&Answer>) -> Result<(), String> {
    let reason = call.reason.as_deref().unwrap_or_default();
    if !call.is_of_policy() {
        return Err(format!("it was not the policy that refused it, but `{reason}`"));
    }
    // The policy of today counts, where it is known and can tell.
    match now {
        Some(Answer::Refuses("denied-by-rule", rule)) => return Err(denied(rule.as_deref())),
        Some(Answer::CannotTell) | None if reason == "denied-by-rule" => {
            return Err(denied(call.rule.as_deref()));
        }
        Some(Answer::Refuses("argument-invalid", _)) => return Err(invalid()),
        Some(Answer::CannotTell) | None if reason == "argument-invalid" => return Err(invalid()),
        _ => {}
    }
    if runs_programs(&call.command) {
        return Err("by its name it runs other programs: write such a grant by hand".to_owned());
    }
    if call.origin != Origin::local() && !only_looks(&call.command) {
        return Err("by its name it may change something, and the origin is remote".to_owned());
    }
    Ok(())
}

fn denied(rule: Option<&str>) -> String {
    format!("a deny entry refuses it, which no allow entry outweighs: {}", rule.unwrap_or("?"))
}

fn invalid() -> String {
    "its arguments are malformed, or refused by the schema of an entry that its author wrote"
        .to_owned()
}

fn words(command: &CommandName) -> impl Iterator<Item = &str> {
    command.as_str().split(['.', '_'])
}

fn runs_programs(command: &CommandName) -> bool {
    words(command).any(|word| SHELLS.contains(&word))
}

fn only_looks(command: &CommandName) -> bool {
    let last = command.as_str().rsplit('.').next().unwrap_or_default();
    let word = last.split('_').next().unwrap_or_default();
    LOOKING.contains(&word)
}

/// Whether a name in a path is one of a place where secrets lie.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_NAMES.contains(&name.as_str())
        || SECRET_STARTS.iter().any(|start| name.starts_with(start))
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a setting's key names a secret.
pub(super) fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase();
    key.split(['.', '_', '-']).any(|word| SECRET_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_says_of_a_command() {
        for (name, runs, looks) in [
            ("fs.read_text", false, true),
            ("fs.write_text", false, false),
            ("app.info", false, true),
            ("shell.open", true, false),
            ("os.exec", true, false),
            ("process.list", true, true),
            ("task.run_script", true, false),
            ("notes.runner_up", false, false),
            ("notes.reader", false, false),
        ] {
            let command = CommandName::parse(name).unwrap();
            assert_eq!((runs_programs(&command), only_looks(&command)), (runs, looks), "{name}");
        }
    }

    #[test]
    fn where_secrets_lie() {
        for (name, secret) in [
            (".ssh", true),
            ("ID_RSA.pub", true),
            ("id_ed25519", true),
            ("server.pem", true),
            ("Login Data", true),
            (".env.local", true),
            ("credentials.json", true),
            ("notes.md", false),
            ("keyboard.md", false),
        ] {
            assert_eq!(is_secret_name(name), secret, "{name}");
        }
        for (key, secret) in [
            ("mail.password", true),
            ("sync.auth-token", true),
            ("editor.font", false),
            ("tokens", false),
        ] {
            assert_eq!(is_secret_key(key), secret, "{key}");
        }
    }
}

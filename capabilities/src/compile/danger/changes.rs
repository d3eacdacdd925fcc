//! Which commands change something, as far as a name tells. It is asked where a page from the network
//! is granted a command: a name on this list needs a reason there, and one that is not on it is no
//! promise.

use crate::rule::CommandPattern;

/// Words that say so, where one of them is a word of the last segment of a command: `fs.write_text`,
/// `notes.remove`, `shell.open`.
#[rustfmt::skip]
pub(super) const WORDS: [&str; 75] = [
    "add", "append", "apply", "assign", "cancel", "chmod", "chown", "clear", "close", "commit",
    "copy", "cp", "create", "delete", "destroy", "disable", "drop", "edit", "enable", "erase", "eval", "exec",
    "execute", "exit", "format", "grant", "import", "insert", "install", "kill", "launch", "link",
    "make", "merge", "mkdir", "mount", "move", "mv", "open", "overwrite", "patch", "pay", "post",
    "publish", "purge", "push", "put", "quit", "remove", "rename", "replace", "reset", "restart",
    "restore", "revoke", "rm", "rmdir", "run", "save", "send", "set", "shell", "spawn", "start",
    "stop", "store", "submit", "truncate", "uninstall", "unlink", "update", "upload", "upsert",
    "wipe", "write",
];

/// Whether a pattern is, or may well match, the name of a command that changes something.
///
/// `*` crosses dots, so that in the end every pattern with one could match such a name. Taken for one
/// are those whose `*` stands for a whole command or for the beginning of a word (`fs.*`, `fs.w*`), and
/// not those that go on after a word of another meaning (`fs.read_*`). Where no dot comes before it,
/// the word may be that of a group of commands: `fs*` is all of `fs.*`.
pub(crate) fn may_change(pattern: &CommandPattern) -> bool {
    let last = pattern.0.rsplit('.').next().unwrap_or_default();
    let first_word = last.split('_').next().unwrap_or_default();
    if last.starts_with('*') || (last.len() == pattern.0.len() && first_word.contains('*')) {
        return true;
    }
    last.split('_').any(|word| match word.split_once('*') {
        None => WORDS.contains(&word),
        // Nothing before it: the words before say what the command does, and are looked at.
        Some(("", _)) => false,
        Some((front, _)) => WORDS.iter().any(|known| known.starts_with(front)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e18_names_that_change_something() {
        let cases = [
            ("fs.write_text", true),
            ("settings.set", true),
            ("window.set_title", true),
            ("save", true),
            ("text_append", true),
            ("shell.open", true),
            ("process.kill", true),
            ("fs.read_text", false),
            ("fs.list", false),
            ("app.info", false),
            ("settings.get", false),
            ("app.settings", false),
            ("write.read", false),
            ("*", true),
            ("fs.*", true),
            ("fs.w*", true),
            ("fs.re*", true),
            ("fs.write_*", true),
            ("fs.*_text", true),
            ("fs.read_*", false),
            ("fs.read*", false),
            ("fs*", true),
            ("notes*", true),
            ("no*s", true),
            ("read_*", false),
            ("*.get", false),
        ];
        for (text, expected) in cases {
            assert_eq!(may_change(&CommandPattern(text.into())), expected, "{text}");
        }
    }

    #[test]
    fn the_words_are_in_order_and_each_once() {
        assert!(WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

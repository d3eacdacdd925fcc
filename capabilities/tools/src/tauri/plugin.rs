//! The plugins whose scopes are understood, and what each command of theirs names.

/// What a command of a plugin with scopes names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Nothing that a scope is about: it speaks of what is open already.
    Nothing,
    /// A file, by `path`.
    Path,
    /// An address, by `url`.
    Url,
    /// An address that is opened in the user's browser.
    OpenedUrl,
    /// Something that no scope of ours is about, and why.
    Other(&'static str),
}

const FS_PATH: [&str; 15] = [
    "create",
    "exists",
    "lstat",
    "mkdir",
    "open",
    "read_dir",
    "read_file",
    "read_text_file",
    "read_text_file_lines",
    "remove",
    "size",
    "stat",
    "truncate",
    "write_file",
    "write_text_file",
];

const FS_OPEN: [&str; 7] =
    ["fstat", "ftruncate", "read", "read_text_file_lines_next", "seek", "unwatch", "write"];

const FETCH_OPEN: [&str; 4] =
    ["fetch_cancel", "fetch_cancel_body", "fetch_read_body", "fetch_send"];

/// What a command names. `None`: the plugin's scopes are not known.
pub(super) fn names(key: &str, command: &str) -> Option<Names> {
    Some(match key {
        "fs" if FS_PATH.contains(&command) => Names::Path,
        "fs" if FS_OPEN.contains(&command) => Names::Nothing,
        "fs" => Names::Other("it names files by other arguments than `path`"),
        "http" if command == "fetch" => Names::Url,
        "http" if FETCH_OPEN.contains(&command) => Names::Nothing,
        "http" => Names::Other("nothing is known of what it names"),
        "opener" if command == "open_url" => Names::OpenedUrl,
        "opener" => Names::Other("it hands files to other programs"),
        _ => return None,
    })
}

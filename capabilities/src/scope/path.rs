//! A path as a call names it, resolved to absolute names. No file is looked at: where the path leads
//! is for whoever opens it, beneath a directory handle.

use crate::directories::Directories;

/// The most bytes of one name: `NAME_MAX` of Linux.
pub(super) const MAX_NAME_BYTES: usize = 255;

/// The most bytes of a path: `PATH_MAX` of Linux.
pub(super) const MAX_PATH_BYTES: usize = 4_096;

/// An absolute path of one name or more, none of them empty, `.`, `..`, longer than 255 bytes or
/// with a control character. Bytes are kept as they came: there is no Unicode normalisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedPath(String);

impl ResolvedPath {
    /// Reads `$VAR/a/b` or `/a/b`. `$VAR` alone is the directory itself.
    pub(crate) fn parse(text: &str, directories: &Directories) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("a path cannot be empty");
        }
        if text.len() > MAX_PATH_BYTES {
            return Err("the path is too long");
        }
        let (base, below) = match text.strip_prefix('$') {
            Some(rest) => {
                let (name, below) = split_variable(rest);
                (directories.text(name).ok_or("the path begins with an unknown variable")?, below)
            }
            None => (
                "",
                Some(
                    text.strip_prefix('/')
                        .ok_or("the path is neither absolute nor begins with a variable")?,
                ),
            ),
        };
        for name in below.into_iter().flat_map(|below| below.split('/')) {
            check_name(name)?;
        }
        let resolved = below.map_or_else(|| base.to_owned(), |below| format!("{base}/{below}"));
        if resolved.len() > MAX_PATH_BYTES {
            return Err("the path is too long");
        }
        Ok(Self(resolved))
    }

    /// The names, from the root on.
    pub(crate) fn names(&self) -> std::str::Split<'_, char> {
        self.0.strip_prefix('/').unwrap_or(&self.0).split('/')
    }
}

/// Splits what follows a `$` into the variable and what is below it, if anything is.
pub(super) fn split_variable(text: &str) -> (&str, Option<&str>) {
    match text.split_once('/') {
        Some((name, below)) => (name, Some(below)),
        None => (text, None),
    }
}

/// Whether a text can be the name of a file.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("the path has an empty name: `//`, or a `/` at its end"),
        "." | ".." => Err("the path has a name `.` or `..`"),
        _ if name.len() > MAX_NAME_BYTES => Err("a name of the path is too long"),
        _ if name.contains(char::is_control) => Err("the path has a control character"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<String, &'static str> {
        ResolvedPath::parse(text, &Directories::sample()).map(|path| path.0)
    }

    #[test]
    fn paths_resolve_to_absolute_names() {
        let name = "n".repeat(MAX_NAME_BYTES);
        let named = format!("/{name}");
        let cases = [
            ("$APPDATA/notes/a.md", "/home/user/.local/share/app/notes/a.md"),
            ("$HOME", "/home/user"),
            ("/etc/passwd", "/etc/passwd"),
            ("/a/.b/...", "/a/.b/..."),
            ("/a b/\u{202e}\u{ff0e}\u{ff0e}\u{ff0f}/*", "/a b/\u{202e}\u{ff0e}\u{ff0e}\u{ff0f}/*"),
            ("/$HOME", "/$HOME"),
            ("/a\\..\\b", "/a\\..\\b"),
            (&named, &named),
        ];
        for (text, resolved) in cases {
            assert_eq!(resolve(text), Ok(resolved.to_owned()), "{text}");
        }
    }

    #[test]
    fn e01_a_path_is_written_in_one_way_or_refused() {
        let bad = [
            "",
            "a",
            "a/b",
            ".",
            "..",
            "./a",
            "../a",
            "/",
            "//",
            "//a",
            "/a//b",
            "/a/",
            "/a/.",
            "/./a",
            "/..",
            "/a/..",
            "/a/../b",
            "$APPDATA/",
            "$APPDATA/../x",
            "$APPDATA//x",
            "$APPDATA/a/../../b",
            "$",
            "$/a",
            "$NOPE/a",
            "$APPDATAx/a",
            "$appdata/a",
            "~/a",
            "file:///a",
            " /a",
            "notes/a.md",
        ];
        for text in bad {
            assert!(resolve(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn e02_names_and_paths_are_bounded_and_without_control_characters() {
        for bad in ["/a\0b", "/a\nb", "/a\r", "/\u{1b}[2J", "/a\u{7f}", "/a\u{85}b", "$APPDATA/a\0"]
        {
            assert!(resolve(bad).is_err(), "{bad:?}");
        }
        assert!(resolve(&format!("/{}", "n".repeat(MAX_NAME_BYTES + 1))).is_err());
        let long = "/n".repeat(MAX_PATH_BYTES / 2);
        assert!(resolve(&long).is_ok());
        assert!(resolve(&format!("{long}n")).is_err());
        let below = "/n".repeat(MAX_PATH_BYTES / 2 - 6);
        assert!(resolve(&format!("$APPDATA{below}")).is_err(), "too long once it is resolved");
    }
}

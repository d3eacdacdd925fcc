//! A path as a call names it, resolved to absolute names. No file is looked at: where the path leads
//! is for whoever opens it, beneath a directory handle.
//!
//! Which operating system will read it is an argument. On Windows a name can be a device, a stream
//! or a shorter spelling of another one, so there all that is not plainly one name is refused, and
//! a path begins with a variable: what `/a` or `C:` is depends on where a program runs.

use std::borrow::Cow;

use super::windows;
use crate::directories::Directories;
use crate::platform::Platform;

/// The most bytes of one name: `NAME_MAX` of Linux.
pub(super) const MAX_NAME_BYTES: usize = 255;

/// The most bytes of a path: `PATH_MAX` of Linux.
pub(super) const MAX_PATH_BYTES: usize = 4_096;

/// An absolute path of one name or more, none of them empty, `.`, `..`, longer than 255 bytes or
/// with a control character. Bytes are kept as they came: there is no Unicode normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResolvedPath<'a> {
    /// The directory of the variable, where the path begins with one.
    base: Option<&'a str>,
    /// What follows it, or the `/` of the root.
    below: Option<&'a str>,
}

/// The names of a path, from the root on.
#[derive(Debug, Clone)]
pub(crate) struct Names<'a> {
    here: Option<&'a str>,
    then: Option<&'a str>,
}

impl<'a> ResolvedPath<'a> {
    /// Reads `$VAR/a/b` or `/a/b`. `$VAR` alone is the directory itself.
    pub(crate) fn parse(
        text: &'a str,
        directories: &'a Directories,
        platform: Platform,
    ) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("a path cannot be empty");
        }
        if text.len() > MAX_PATH_BYTES {
            return Err("the path is too long");
        }
        let path = Self::split(text, directories)?;
        for name in path.below.into_iter().flat_map(|below| below.split('/')) {
            check_name(name)?;
            if platform == Platform::Windows {
                windows::check(name)?;
            }
        }
        if platform == Platform::Windows && path.base.is_none() {
            return Err("on Windows a path begins with a variable");
        }
        let base = path.base.map_or(0, str::len);
        let below = path.below.map_or(0, |below| below.len().saturating_add(1));
        if base.saturating_add(below) > MAX_PATH_BYTES {
            return Err("the path is too long");
        }
        Ok(path)
    }

    fn split(text: &'a str, directories: &'a Directories) -> Result<Self, &'static str> {
        if let Some(rest) = text.strip_prefix('$') {
            let (name, below) = split_variable(rest);
            let base = directories.text(name).ok_or("the path begins with an unknown variable")?;
            return Ok(Self { base: Some(base), below });
        }
        let below = text
            .strip_prefix('/')
            .ok_or("the path is neither absolute nor begins with a variable")?;
        Ok(Self { base: None, below: Some(below) })
    }

    /// The names, from the root on.
    pub(crate) fn names(&self) -> Names<'a> {
        let base = self.base.map(|base| base.strip_prefix('/').unwrap_or(base));
        Names { here: base.or(self.below), then: base.and(self.below) }
    }
}

impl<'a> Names<'a> {
    /// What is left after so many names, joined by `/`. It is a part of what the call named, and
    /// new only where it begins above the variable's own directory.
    pub(crate) fn below(mut self, depth: usize) -> Cow<'a, str> {
        self.by_ref().take(depth).for_each(drop);
        match (self.here, self.then) {
            (Some(here), Some(then)) => Cow::Owned(format!("{here}/{then}")),
            (here, then) => Cow::Borrowed(here.or(then).unwrap_or_default()),
        }
    }
}

impl<'a> Iterator for Names<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.here.take().or_else(|| self.then.take())?;
        // Names are short: this is faster than a search that sets itself up first.
        let end = text.bytes().position(|byte| byte == b'/');
        let Some((name, rest)) = end.and_then(|end| text.split_at_checked(end)) else {
            return Some(text);
        };
        self.here = rest.strip_prefix('/');
        Some(name)
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
        let directories = Directories::sample();
        let path = ResolvedPath::parse(text, &directories, Platform::Linux)?;
        Ok(path.names().fold(String::new(), |path, name| path + "/" + name))
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
        let app = "/home/user/.local/share/app".len();
        let resolved = |bytes: usize| {
            let below = "/n".repeat((bytes - app) / 2) + ["", "n"][(bytes - app) % 2];
            resolve(&format!("$APPDATA{below}")).map(|path| path.len())
        };
        assert_eq!(resolved(MAX_PATH_BYTES), Ok(MAX_PATH_BYTES));
        assert_eq!(resolved(MAX_PATH_BYTES + 1), Err("the path is too long"));
    }
}

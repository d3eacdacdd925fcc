//! The texts of a policy: the only place of this crate that reads a file, and it does nothing else.

mod named;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::visible::{is_visible, visible};

pub(crate) use named::is_beneath;

/// The most files of one policy. Ten thousand capability files are a supported size.
pub const MAX_FILES: usize = 20_000;

/// The most bytes of one file: far more than a person writes, and parsed in well under a second.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The most bytes of all files together.
pub const MAX_TOTAL_BYTES: u64 = 16 * 1024 * 1024;

/// The most directories inside one another.
const MAX_DEPTH: usize = 16;

/// The policy files (`.toml`) and the schema files that they name (`.json`), as read, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, Source>,
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) text: String,
    /// The name that counts for the version: without the directory that was given, so that the
    /// same policy has the same version wherever it lies.
    pub(crate) inner_name: String,
}

impl Sources {
    /// Reads policy files, and directories of them recursively.
    ///
    /// In a directory, names that begin with a dot and files that are not `.toml` are passed over.
    /// With a policy file come the schema files that it names.
    ///
    /// # Errors
    /// Something cannot be read, is no UTF-8, is a symbolic link within a directory, is no regular
    /// file, has a name that does not show as it is, or is more than the bounds; or there is no policy
    /// file at all.
    pub fn read(paths: &[PathBuf]) -> Result<Self, SourceError> {
        Self::read_with(paths, &BTreeMap::new())
    }

    /// The same with `unsaved` texts, by path, in the place of what the files hold: what an editor
    /// shows and has not written yet. One that is beneath a directory of `paths` and on no disk is
    /// read as if it were there.
    ///
    /// # Errors
    /// As for [`Sources::read`].
    pub fn read_with(
        paths: &[PathBuf],
        unsaved: &BTreeMap<PathBuf, String>,
    ) -> Result<Self, SourceError> {
        let mut reading = Reading { sources: Self::default(), total: 0, unsaved };
        for path in paths {
            if unsaved.contains_key(path) {
                reading.policy(path.parent().unwrap_or(Path::new("")), path)?;
                continue;
            }
            let kind = fs::metadata(path).map_err(|error| SourceError::io(path, error))?;
            if kind.is_dir() {
                reading.directory(path, path, 0)?;
                reading.unsaved_beneath(path)?;
            } else {
                reading.policy(path.parent().unwrap_or(Path::new("")), path)?;
            }
        }
        if reading.sources.files.is_empty() {
            return Err(SourceError::NoPolicy);
        }
        Ok(reading.sources)
    }

    /// Takes texts as they are, by name: for tests and for callers that hold them already.
    #[must_use]
    pub fn from_texts<N, T>(texts: impl IntoIterator<Item = (N, T)>) -> Self
    where
        N: Into<String>,
        T: Into<String>,
    {
        let files = texts.into_iter().map(|(name, text)| {
            let name = name.into();
            (name.clone(), Source { text: text.into(), inner_name: name })
        });
        Self { files: files.collect() }
    }

    /// The same texts and one more: what a policy would be with a proposal beside it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        let name = name.into();
        let source = Source { text: text.into(), inner_name: name.clone() };
        self.files.insert(name, source);
        self
    }

    /// The same texts with names that are relative to `directory`, where they lie in it: for a log
    /// that tells where a rule is and not where its reader lives.
    #[must_use]
    pub fn named_from(self, directory: &Path) -> Self {
        let relative = |name: String| {
            let shown = Path::new(&name).strip_prefix(directory).ok().and_then(Path::to_str);
            shown.map_or(name.clone(), str::to_owned)
        };
        Self { files: self.files.into_iter().map(|(name, file)| (relative(name), file)).collect() }
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(|source| source.text.as_str())
    }

    /// The names of all files, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Names and texts of the policy files, in order.
    pub(crate) fn policies(&self) -> impl Iterator<Item = (&str, &str)> {
        let toml = self.files.iter().filter(|(name, _)| has_extension(name, "toml"));
        toml.map(|(name, source)| (name.as_str(), source.text.as_str()))
    }

    /// What the version is made of.
    pub(crate) fn versioned(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.values().map(|source| (source.inner_name.as_str(), source.text.as_str()))
    }
}

/// Why the texts could not be read. The caller's paths or the operating system are to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The operating system refused.
    #[error("cannot read `{path}`: {error}", path = shown(.path))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        #[source]
        error: io::Error,
    },
    /// A file of bytes that are no text.
    #[error("`{path}` is not UTF-8", path = shown(.0))]
    NotUtf8(PathBuf),
    /// A link could lead out of the directory that was named.
    #[error("`{path}` is a symbolic link; a policy directory holds none", path = shown(.0))]
    SymbolicLink(PathBuf),
    /// A pipe or a device: reading it may never end.
    #[error("`{path}` is not a regular file", path = shown(.0))]
    NotAFile(PathBuf),
    /// A name with a control character, or with one that turns the text around: every message that
    /// names the file would show something else.
    #[error("the file name `{path}` has a character that does not show; rename it", path = shown(.0))]
    HiddenCharacter(PathBuf),
    /// A bound was passed.
    #[error("`{path}` is too much: {bound}", path = shown(.0), bound = .1)]
    TooMuch(PathBuf, &'static str),
    /// Nothing to compile: an empty policy is more likely a wrong path.
    #[error("there is no `.toml` file")]
    NoPolicy,
}

impl SourceError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// A path as a terminal may have it.
fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

struct Reading<'u> {
    sources: Sources,
    total: u64,
    unsaved: &'u BTreeMap<PathBuf, String>,
}

impl Reading<'_> {
    /// The policy files of a directory that are on no disk yet.
    fn unsaved_beneath(&mut self, root: &Path) -> Result<(), SourceError> {
        for path in self.unsaved.keys() {
            let Ok(inner) = path.strip_prefix(root) else {
                continue;
            };
            let is_hidden = |part: Component<'_>| match part {
                Component::Normal(name) => name.as_encoded_bytes().starts_with(b"."),
                Component::Prefix(_)
                | Component::RootDir
                | Component::CurDir
                | Component::ParentDir => true,
            };
            let is_policy = inner.extension().is_some_and(|found| found == "toml");
            if is_policy && !inner.components().any(is_hidden) {
                self.policy(root, path)?;
            }
        }
        Ok(())
    }

    fn directory(
        &mut self,
        root: &Path,
        directory: &Path,
        depth: usize,
    ) -> Result<(), SourceError> {
        if depth > MAX_DEPTH {
            return Err(SourceError::TooMuch(directory.to_owned(), "at most 16 directories deep"));
        }
        let entries = fs::read_dir(directory).map_err(|error| SourceError::io(directory, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| SourceError::io(directory, error))?;
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| SourceError::NotUtf8(path.clone()))?;
            let kind = entry.file_type().map_err(|error| SourceError::io(&path, error))?;
            let is_policy = has_extension(name, "toml");
            if name.starts_with('.') {
                continue;
            }
            if kind.is_symlink() && (is_policy || path.is_dir()) {
                return Err(SourceError::SymbolicLink(path));
            }
            if kind.is_dir() {
                self.directory(root, &path, depth.saturating_add(1))?;
            } else if is_policy {
                self.policy(root, &path)?;
            }
        }
        Ok(())
    }

    /// A policy file, with the schema files that it names and the policy files that it includes. One
    /// that is not there is the compiler's to report, since it knows the line.
    fn policy(&mut self, root: &Path, path: &Path) -> Result<(), SourceError> {
        let mut open = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            let read_before = self.sources.files.len();
            let name = self.file(root, &path)?;
            if self.sources.files.len() == read_before {
                // It has been read, and so has what it names.
                continue;
            }
            let named = named::named_in(self.sources.text(&name).unwrap_or_default());
            let directory = path.parent().unwrap_or(Path::new(""));
            for schema in named.schemas {
                if let Some(path) = self.there(directory, &schema)? {
                    self.file(root, &path)?;
                }
            }
            for policy in named.policies {
                open.extend(self.there(directory, &policy)?);
            }
        }
        Ok(())
    }

    /// The file of a name, where there is one. Neither it nor a directory on the way may be a link.
    fn there(&self, directory: &Path, name: &str) -> Result<Option<PathBuf>, SourceError> {
        if self.unsaved.contains_key(&directory.join(name)) {
            return Ok(Some(directory.join(name)));
        }
        let mut path = directory.to_owned();
        for part in Path::new(name) {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(kind) if kind.is_symlink() => return Err(SourceError::SymbolicLink(path)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(SourceError::io(&path, error)),
            }
        }
        Ok(path.is_file().then_some(path))
    }

    /// Reads a file, once; its name in the sources.
    fn file(&mut self, root: &Path, path: &Path) -> Result<String, SourceError> {
        // `./a.toml` is `a.toml` to people and to the schemas that are named beside it.
        let shown = path.strip_prefix(".").unwrap_or(path);
        let name = shown.to_str().ok_or_else(|| SourceError::NotUtf8(path.to_owned()))?;
        if self.sources.files.contains_key(name) {
            return Ok(name.to_owned());
        }
        if !name.chars().all(is_visible) {
            return Err(SourceError::HiddenCharacter(path.to_owned()));
        }
        if self.sources.files.len() >= MAX_FILES {
            return Err(SourceError::TooMuch(path.to_owned(), "at most 20,000 files"));
        }
        let text = match self.unsaved.get(path) {
            Some(text) => bounded(path, text)?,
            None => read_bounded(path)?,
        };
        self.total = self.total.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        if self.total > MAX_TOTAL_BYTES {
            return Err(SourceError::TooMuch(path.to_owned(), "at most 16 MiB in all"));
        }
        let inner = path.strip_prefix(root).unwrap_or(path);
        let inner_name = inner.to_string_lossy().into_owned();
        self.sources.files.insert(name.to_owned(), Source { text, inner_name });
        Ok(name.to_owned())
    }
}

fn bounded(path: &Path, text: &str) -> Result<String, SourceError> {
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(SourceError::TooMuch(path.to_owned(), "at most 1 MiB a file"));
    }
    Ok(text.to_owned())
}

fn read_bounded(path: &Path) -> Result<String, SourceError> {
    let io = |error| SourceError::io(path, error);
    // Before it is opened: to open a pipe waits for whoever writes to it.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(SourceError::NotAFile(path.to_owned()));
    }
    let file = fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(SourceError::TooMuch(path.to_owned(), "at most 1 MiB a file"));
    }
    String::from_utf8(bytes).map_err(|_| SourceError::NotUtf8(path.to_owned()))
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests;

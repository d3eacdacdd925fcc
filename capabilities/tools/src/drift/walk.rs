//! The scripts of an app's front end: what its authors wrote, as far as that can be told.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sidegate_capabilities::visible;

/// What is read.
const EXTENSIONS: [&str; 10] =
    ["js", "mjs", "cjs", "ts", "mts", "tsx", "jsx", "svelte", "vue", "html"];

/// What is not gone into: other people's code, and what tools have made.
const PASSED: [&str; 4] = ["node_modules", "target", "dist", "policies"];

/// The most files. A front end of that size has its own tools.
const MAX_FILES: usize = 5_000;

/// The most bytes of a file that somebody wrote.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The most bytes of all of them.
const MAX_TOTAL_BYTES: u64 = 64 * 1024 * 1024;

/// The most directories inside one another.
const MAX_DEPTH: usize = 16;

/// A line of this many bytes was written by a tool: a bundle, whose calls stand in its sources too,
/// and cannot be told from each other in a drawing.
const BUILT_LINE_BYTES: usize = 1_000;

/// Why a front end cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`: {error}", path.display())]
pub struct WalkError {
    path: PathBuf,
    error: io::Error,
}

/// Scripts by name.
#[derive(Debug, Default)]
pub struct FrontEnd {
    files: BTreeMap<String, String>,
    total: u64,
    /// How many were passed over, for being built, too large, or too many.
    passed: usize,
}

impl FrontEnd {
    /// Reads the scripts beneath the directory of an app. Links are not followed.
    ///
    /// # Errors
    /// [`WalkError`] where a directory or a script cannot be read.
    pub fn read(app: &Path) -> Result<Self, WalkError> {
        let mut found = Self::default();
        found.directory(app, 0)?;
        Ok(found)
    }

    /// Takes texts as they are, by name.
    #[must_use]
    pub fn from_texts<N: Into<String>, T: Into<String>>(
        texts: impl IntoIterator<Item = (N, T)>,
    ) -> Self {
        let files = texts.into_iter().map(|(name, text)| (name.into(), text.into()));
        Self { files: files.collect(), ..Self::default() }
    }

    /// Names and texts.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// How many scripts were passed over, for being built, too large, or too many.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.passed
    }

    fn directory(&mut self, directory: &Path, depth: usize) -> Result<(), WalkError> {
        let failed = |path: &Path, error| WalkError { path: path.to_owned(), error };
        let entries = fs::read_dir(directory).map_err(|error| failed(directory, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed(directory, error))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| failed(&path, error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() && !PASSED.contains(&&*name) {
                if depth < MAX_DEPTH {
                    self.directory(&path, depth.saturating_add(1))?;
                }
            } else if kind.is_file() && is_script(&name) {
                self.file(&path).map_err(|error| failed(&path, error))?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        let size = fs::metadata(path)?.len();
        self.total = self.total.saturating_add(size);
        let is_too_much =
            size > MAX_FILE_BYTES || self.total > MAX_TOTAL_BYTES || self.files.len() >= MAX_FILES;
        let text = if is_too_much { None } else { String::from_utf8(fs::read(path)?).ok() };
        match text.filter(|text| !is_built(text)) {
            Some(text) => {
                let shown = path.strip_prefix(".").unwrap_or(path);
                let name = visible(&shown.to_string_lossy()).into_owned();
                self.files.insert(name, text);
            }
            None => self.passed = self.passed.saturating_add(1),
        }
        Ok(())
    }
}

fn is_script(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) && !name.ends_with(".d.ts")
}

fn is_built(text: &str) -> bool {
    text.lines().any(|line| line.len() > BUILT_LINE_BYTES)
}

//! Where the programs under test are: beside the tests, since cargo puts both there.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The broker and its command line.
pub const SIDEGATE: &str = "sidegate";

/// The process with the windows.
pub const HOST: &str = "sidegate-webview-host";

/// Why there are no programs.
#[derive(Debug, thiserror::Error)]
pub enum BinariesError {
    /// They were not built.
    #[error(
        "`{missing}` is not in `{}`: `cargo build -p sidegate -p sidegate-webview-host` makes it \
         (with `--release`, where these are release tests)",
        folder.display()
    )]
    NotBuilt {
        /// The program that is missing.
        missing: &'static str,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The system does not say where this program is.
    #[error("where this program lies cannot be found out: {0}")]
    Lost(#[from] io::Error),
}

/// The folder with the programs under test, which were there when it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The programs that cargo built into the same folder as the running one, which is a test
    /// (`target/debug/deps/…`), an example (`target/debug/examples/…`) or a binary.
    ///
    /// # Errors
    /// [`BinariesError::NotBuilt`], which says what builds them.
    pub fn beside_this_program() -> Result<Self, BinariesError> {
        let program = env::current_exe()?;
        let folder = program.parent().unwrap_or(Path::new("/"));
        let above = match folder.file_name().and_then(|name| name.to_str()) {
            Some("deps" | "examples") => folder.parent().unwrap_or(folder),
            _ => folder,
        };
        Self::in_folder(above)
    }

    /// The programs in a folder.
    ///
    /// # Errors
    /// [`BinariesError::NotBuilt`] where one of them is not there.
    pub fn in_folder(folder: &Path) -> Result<Self, BinariesError> {
        match [SIDEGATE, HOST].into_iter().find(|name| !folder.join(name).is_file()) {
            Some(missing) => Err(BinariesError::NotBuilt { missing, folder: folder.to_owned() }),
            None => Ok(Self { folder: folder.to_owned() }),
        }
    }

    /// The folder they are in: `target/debug`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command that starts `sidegate`.
    #[must_use]
    pub fn sidegate(&self) -> Command {
        Command::new(self.folder.join(SIDEGATE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_was_not_built_is_named_with_what_builds_it() {
        let folder = tempfile::tempdir().unwrap();
        for missing in [SIDEGATE, HOST] {
            let error = Binaries::in_folder(folder.path()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{missing}` is not in `/")), "{error}");
            assert!(error.contains("cargo build -p sidegate"), "{error}");
            fs::write(folder.path().join(missing), "").unwrap();
        }
        assert_eq!(Binaries::in_folder(folder.path()).unwrap().folder(), folder.path());
    }
}

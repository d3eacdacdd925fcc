//! Why there is no broker.

use std::io;
use std::path::PathBuf;

use sidegate_capabilities::{Color, Diagnostics, SourceError, Sources};

use crate::app::{ManifestError, NoHome};
use crate::assets::{ArchiveError, DevServerError, PagesError};
use crate::audit::AuditError;
use crate::bundle::{BundleError, FloorError};
use crate::confined::FileError;
use crate::handler::RegistryError;
use crate::settings::SettingsError;
use crate::token::NoRandomness;

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The app's manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The policy's files cannot be read.
    #[error(transparent)]
    Sources(#[from] SourceError),
    /// The policy does not compile.
    #[error("the policy does not compile:\n{}", .0.render(.1, Color::Never))]
    Policy(Diagnostics, Sources),
    /// The policy that was to be observed does not compile.
    #[error("the policy to be observed does not compile:\n{}", .0.render(.1, Color::Never))]
    Observed(Diagnostics, Sources),
    /// There is no policy.
    #[error(
        "the app has no policy: put a capability file into `policies`, or give the builder one"
    )]
    NoPolicy,
    /// The signed bundle that the policy is to come from.
    #[error("the policy bundle `{}`: {error}", path.display())]
    Bundle {
        /// The bundle.
        path: PathBuf,
        /// Why it is not taken.
        error: BundleError,
    },
    /// The bundle is older than one that has run.
    #[error("the policy bundle: {0}")]
    Floor(#[from] FloorError),
    /// There is no home directory.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// The app's directories cannot be policy variables.
    #[error("the directories of the app: {0}")]
    Directories(String),
    /// The handlers.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The app's pages.
    #[error("cannot serve the pages in `{}`: {error}", path.display())]
    Pages {
        /// The directory.
        path: PathBuf,
        /// Why not.
        error: FileError,
    },
    /// The archive of the app's pages.
    #[error("the archive of the app's pages: {0}")]
    Archive(#[from] ArchiveError),
    /// The developer's server that the pages were to come from.
    #[error("the dev server: {0}")]
    DevServer(#[from] DevServerError),
    /// The audit log.
    #[error("the audit log: {0}")]
    Audit(#[from] AuditError),
    /// The directory of the audit log.
    #[error("cannot make the directory of `{}`: {error}", path.display())]
    LogDirectory {
        /// The log.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The settings.
    #[error("the settings: {0}")]
    Settings(#[from] SettingsError),
    /// The operating system's randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl BuildError {
    /// The same for a terminal: what does not compile is shown as `sidegate check` shows it.
    #[must_use]
    pub fn render(&self, color: Color) -> String {
        let which = if matches!(self, Self::Observed(..)) { " to be observed" } else { "" };
        if let Self::Policy(found, sources) | Self::Observed(found, sources) = self {
            let found = found.render(sources, color);
            return format!("the policy{which} does not compile:\n{found}");
        }
        self.to_string()
    }
}

impl From<PagesError> for BuildError {
    fn from(error: PagesError) -> Self {
        match error {
            PagesError::Directory(path, error) => Self::Pages { path, error },
            PagesError::DevServer(error) => Self::DevServer(error),
        }
    }
}

//! Where an app's pages come from, as its builder is told.

use std::path::PathBuf;

use super::builder::{BuildError, Builder};
use crate::assets::{ContentSecurity, DevServer, Place, UiArchive};

impl Builder {
    /// Takes the app's pages from `directory`.
    #[must_use]
    pub fn ui(mut self, directory: impl Into<PathBuf>) -> Self {
        self.pages.place = Place::Directory(directory.into());
        self
    }

    /// Takes the app's pages from an archive within the program: `sidegate ui-archive` or
    /// [`UiArchive::pack`] makes it, `include_bytes!` puts it there. All of it is verified here.
    ///
    /// # Errors
    /// [`BuildError::Archive`].
    pub fn ui_archive(mut self, archive: &'static [u8]) -> Result<Self, BuildError> {
        self.pages.place = Place::Archive(UiArchive::parse(archive)?);
        Ok(self)
    }

    /// Takes the pages from files that are built into this crate.
    pub(crate) fn built_in_ui(mut self, files: &[(&'static str, &'static [u8])]) -> Self {
        self.pages.place = Place::Archive(UiArchive::of_files(files));
        self
    }

    /// Takes the app's pages from the developer's own server in a [debug](Self::debug) run, and
    /// in no other. They are at `app://dev`, which a capability must name among its `origins`.
    #[must_use]
    pub fn dev_server(mut self, server: DevServer) -> Self {
        self.pages.dev_server = Some(server);
        self
    }

    /// Adds to the content security policy of the app's pages.
    #[must_use]
    pub fn content_security(mut self, security: ContentSecurity) -> Self {
        self.pages.security = security;
        self
    }
}

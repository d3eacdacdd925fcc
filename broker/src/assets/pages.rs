//! Where an app's pages come from, as its manifest or its builder says it, until the broker is
//! built. Nothing is opened before that.

use std::path::PathBuf;

use super::archive::UiArchive;
use super::content_security::ContentSecurity;
use super::dev_server::{DevServer, DevServerError, Proxy};
use super::source::Source;
use super::{Assets, DEV, OWN};
use crate::confined::{Directory, FileError};

/// What is known of an app's pages before they are served.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub(crate) place: Place,
    pub(crate) security: ContentSecurity,
    pub(crate) dev_server: Option<DevServer>,
}

/// Where the pages of an app are.
#[derive(Debug, Default)]
pub(crate) enum Place {
    /// It has none of its own.
    #[default]
    Nowhere,
    Directory(PathBuf),
    Archive(UiArchive),
}

/// Why an app's pages cannot be served.
#[derive(Debug)]
pub(crate) enum PagesError {
    Directory(PathBuf, FileError),
    DevServer(DevServerError),
}

impl Pages {
    /// Opens them. The developer's server is for debug runs; in any other it is as if it had not
    /// been named.
    pub(crate) fn open(self, debug: bool) -> Result<Assets, PagesError> {
        let server = self.dev_server.filter(|_| debug);
        let source = match self.place {
            Place::Nowhere => Source::Nowhere,
            Place::Archive(archive) => Source::Archive(archive),
            Place::Directory(path) => match Directory::open(&path) {
                Ok(directory) => Source::Directory(directory),
                // What is built from the server's files has not been built yet.
                Err(FileError::NotFound) if server.is_some() => Source::Nowhere,
                Err(error) => return Err(PagesError::Directory(path, error)),
            },
        };
        if let Some(server) = &server {
            announce(server);
        }
        let proxy = server.map(Proxy::to).transpose().map_err(PagesError::DevServer)?;
        Ok(Assets { source, security: self.security, proxy })
    }
}

/// Not by way of `tracing`, which an app may not have set up: whoever sits before it is to see it.
fn announce(server: &DevServer) {
    let (origin, whose) = if server.is_local() {
        (OWN, "as the app's own: whatever listens there has all that its windows have")
    } else {
        (DEV, "an origin that a capability must name")
    };
    let origin = origin.trim_end_matches('/');
    eprintln!("warning: the pages come from {server}, at `{origin}`, {whose}");
}

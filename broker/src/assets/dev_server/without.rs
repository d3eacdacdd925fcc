//! What stands for the client of the dev server where it was not built: nothing that there is.

use super::{DevServer, DevServerError, FetchError, Fetched};

/// There is none.
#[derive(Debug)]
pub(in crate::assets) enum Proxy {}

impl Proxy {
    pub(in crate::assets) fn to(_: DevServer) -> Result<Self, DevServerError> {
        Err(DevServerError::NotBuilt)
    }

    pub(in crate::assets) fn prefix(&self) -> &'static str {
        match *self {}
    }

    pub(in crate::assets) fn fetch(&self, _: &str, _: Option<&str>) -> Result<Fetched, FetchError> {
        match *self {}
    }
}

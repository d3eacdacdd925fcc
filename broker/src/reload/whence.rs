//! Where a broker has its policy from, and has it again from when it reloads.

use std::path::PathBuf;

use sidegate_capabilities::{SourceError, Sources};

use super::Set;
use crate::app::AppId;
use crate::broker::BuildError;
use crate::bundle::{Bundle, PublicKey};

/// Where capability files are read from.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// They were given as texts, and stay.
    Given(Sources),
    /// A file, or a directory of them, named in messages as from another directory.
    Files { path: PathBuf, named_from: Option<PathBuf> },
}

impl Reading {
    pub(crate) fn read(&self) -> Result<Sources, SourceError> {
        match self {
            Self::Given(sources) => Ok(sources.clone()),
            Self::Files { path, named_from } => {
                let sources = Sources::read(std::slice::from_ref(path))?;
                Ok(match named_from {
                    Some(directory) => sources.named_from(directory),
                    None => sources,
                })
            }
        }
    }
}

/// A bundle to take the policy from, and whose it must be.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) path: PathBuf,
    pub(crate) key: PublicKey,
}

/// Where everything is from.
#[derive(Debug)]
pub(crate) struct Whence {
    pub(crate) app: AppId,
    /// The one place for the policy, where there is a signer.
    pub(crate) signed: Option<Signed>,
    pub(crate) policies: Option<Reading>,
    pub(crate) observed: Option<Reading>,
}

impl Whence {
    /// Reads all of it.
    pub(crate) fn read(&self) -> Result<Set, BuildError> {
        if let Some(Signed { path, .. }) = &self.signed {
            let text = Bundle::read_text(path);
            let text = text.map_err(|error| BuildError::Bundle { path: path.clone(), error })?;
            return self.unpack(&text).unwrap_or(Err(BuildError::NoPolicy));
        }
        let policies = self.policies.as_ref().ok_or(BuildError::NoPolicy)?;
        self.with_observed(policies.read()?, None)
    }

    /// Takes a bundle as it was read; `None` where there is no key to hold it against.
    pub(crate) fn unpack(&self, text: &str) -> Option<Result<Set, BuildError>> {
        let Signed { path, key } = self.signed.as_ref()?;
        let bundle = Bundle::verify_for(text, key, &self.app);
        let bundle = bundle.map_err(|error| BuildError::Bundle { path: path.clone(), error });
        Some(bundle.and_then(|bundle| {
            self.with_observed(bundle.sources().clone(), Some(bundle.release().version))
        }))
    }

    /// The set of these sources, with what is observed beside them.
    pub(crate) fn with_observed(
        &self,
        sources: Sources,
        release: Option<u64>,
    ) -> Result<Set, BuildError> {
        let observed = self.observed.as_ref().map(Reading::read).transpose()?;
        Ok(Set { sources, observed, release })
    }
}

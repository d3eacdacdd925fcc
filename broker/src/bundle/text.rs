//! The text of a bundle: signed, and read back by whoever has the signer's key.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sidegate_capabilities::Sources;

use super::key::{PublicKey, SIGNATURE_BYTES, SecretKey, from_hex, to_hex};
use crate::app::AppId;

/// The first line.
const MAGIC: &str = "sidegate-bundle 1";

/// What the signature is over begins so, lest a signature of something else be taken for one.
const CONTEXT: &[u8] = b"sidegate policy bundle 1\0";

/// The most bytes of a bundle: twice what a policy may have, since JSON escapes some of its letters.
const MAX_BUNDLE_BYTES: u64 = 2 * sidegate_capabilities::sources::MAX_TOTAL_BYTES;

/// What a bundle is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The app: no other one takes the bundle.
    pub app: AppId,
    /// Counts up with each release.
    pub version: u64,
}

/// The capability files of a bundle whose signature was good.
#[derive(Debug, Clone)]
pub struct Bundle {
    release: Release,
    sources: Sources,
}

/// Why a text is not taken for a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The file cannot be read.
    #[error("{0}")]
    File(String),
    /// The form is another, or the text was cut.
    #[error("it is not a policy bundle")]
    NotABundle,
    /// A later version of the form.
    #[error("it is a policy bundle of a later form than this broker reads")]
    LaterForm,
    /// Somebody else signed it.
    #[error("it was signed with the key {signer}, and not with {wanted}")]
    OtherKey {
        /// Whose signature it claims to have.
        signer: PublicKey,
        /// Whose it must have.
        wanted: PublicKey,
    },
    /// It was changed after it was signed, or never was.
    #[error("its signature does not fit what it holds")]
    BadSignature,
    /// What was signed is no policy: the signer is to blame.
    #[error("it is signed, and what it holds cannot be read: {0}")]
    Content(String),
    /// It is another app's.
    #[error("it is for the app `{found}`, and not for `{wanted}`")]
    OtherApp {
        /// The app it is for.
        found: AppId,
        /// The app that it was offered to.
        wanted: AppId,
    },
}

/// The third line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    app: String,
    version: u64,
    files: BTreeMap<String, String>,
}

impl Bundle {
    /// The text of a bundle of `sources`, by the names that they have there.
    ///
    /// # Errors
    /// [`BundleError::Content`], where the key has no public half or there is nothing to sign.
    pub fn sign(
        release: &Release,
        sources: &Sources,
        key: &SecretKey,
    ) -> Result<String, BundleError> {
        let content = |error: &dyn std::fmt::Display| BundleError::Content(error.to_string());
        let files = sources
            .names()
            .filter_map(|name| sources.text(name).map(|text| (name.to_owned(), text.to_owned())));
        let files: BTreeMap<_, _> = files.collect();
        if files.is_empty() {
            return Err(content(&"there is no capability file"));
        }
        let content_line = serde_json::to_string(&Content {
            app: release.app.as_str().to_owned(),
            version: release.version,
            files,
        })
        .map_err(|error| content(&error))?;
        let signer = key.public().map_err(|error| content(&error))?;
        let signature = to_hex(&key.sign(&signed(&content_line)));
        Ok(format!("{MAGIC}\ned25519 {signer} {signature}\n{content_line}\n"))
    }

    /// Reads the text in a file, as long as a bundle can be.
    ///
    /// # Errors
    /// [`BundleError::File`], and [`BundleError::NotABundle`] for what is no text or too long.
    pub fn read_text(path: &Path) -> Result<String, BundleError> {
        let unreadable = |error: io::Error| BundleError::File(error.to_string());
        let file = File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_BUNDLE_BYTES.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BUNDLE_BYTES {
            return Err(BundleError::NotABundle);
        }
        String::from_utf8(bytes).map_err(|_| BundleError::NotABundle)
    }

    /// Reads a bundle that `key` signed.
    ///
    /// # Errors
    /// [`BundleError`], and nothing of the text has been believed.
    pub fn verify(text: &str, key: &PublicKey) -> Result<Self, BundleError> {
        let mut lines = text.strip_suffix('\n').ok_or(BundleError::NotABundle)?.split('\n');
        let parts = (lines.next(), lines.next(), lines.next(), lines.next());
        let (Some(magic), Some(seal), Some(content), None) = parts else {
            return Err(BundleError::NotABundle);
        };
        if magic != MAGIC {
            let is_later = magic.starts_with("sidegate-bundle ");
            return Err(if is_later { BundleError::LaterForm } else { BundleError::NotABundle });
        }
        let (signer, signature) = read_seal(seal).ok_or(BundleError::NotABundle)?;
        if signer != *key {
            return Err(BundleError::OtherKey { signer, wanted: *key });
        }
        if !key.verifies(&signed(content), &signature) {
            return Err(BundleError::BadSignature);
        }
        Self::read(content)
    }

    /// The same, for one app.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify), and [`BundleError::OtherApp`].
    pub fn verify_for(text: &str, key: &PublicKey, app: &AppId) -> Result<Self, BundleError> {
        let bundle = Self::verify(text, key)?;
        if bundle.release.app != *app {
            let (found, wanted) = (bundle.release.app, app.clone());
            return Err(BundleError::OtherApp { found, wanted });
        }
        Ok(bundle)
    }

    /// What it is for.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Its capability files, and the schemas that they name.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    fn read(content: &str) -> Result<Self, BundleError> {
        let unreadable = |error: &dyn std::fmt::Display| BundleError::Content(error.to_string());
        let content: Content = serde_json::from_str(content).map_err(|error| unreadable(&error))?;
        let app = AppId::parse(&content.app).map_err(|error| unreadable(&error))?;
        if content.files.is_empty() {
            return Err(unreadable(&"there is no capability file"));
        }
        let release = Release { app, version: content.version };
        Ok(Self { release, sources: Sources::from_texts(content.files) })
    }
}

fn signed(content: &str) -> Vec<u8> {
    [CONTEXT, content.as_bytes()].concat()
}

fn read_seal(line: &str) -> Option<(PublicKey, Vec<u8>)> {
    let (signer, signature) = line.strip_prefix("ed25519 ")?.split_once(' ')?;
    // The key's own reader passes over blanks around it.
    let is_bare = signer.bytes().all(|byte| byte.is_ascii_hexdigit());
    let signature = from_hex(signature).filter(|bytes| bytes.len() == SIGNATURE_BYTES)?;
    PublicKey::parse(signer).ok().filter(|_| is_bare).map(|signer| (signer, signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: u64) -> Release {
        Release { app: AppId::parse("org.example.notes").unwrap(), version }
    }

    fn sources() -> Sources {
        Sources::from_texts([("policies/a.toml", "version = 1\n# \"é\"\n"), ("b.json", "{}")])
    }

    fn signed_text() -> (String, PublicKey) {
        let (secret, _) = SecretKey::generate().unwrap();
        let text = Bundle::sign(&release(7), &sources(), &secret).unwrap();
        (text, secret.public().unwrap())
    }

    #[test]
    fn what_was_signed_is_what_is_read() {
        let (text, key) = signed_text();
        let bundle = Bundle::verify_for(&text, &key, &release(7).app).unwrap();
        assert_eq!((bundle.release(), bundle.sources()), (&release(7), &sources()));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let (text, key) = signed_text();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(Bundle::verify(&changed, &key).is_err(), "byte {at} of {text}");
            }
            if let (true, Some(cut)) = (at > 0, text.get(..at)) {
                assert!(Bundle::verify(cut, &key).is_err(), "cut at {at}");
            }
        }
    }

    #[test]
    fn g10_another_key_another_app_and_another_form_are_named() {
        let (text, key) = signed_text();
        let (other, _) = SecretKey::generate().unwrap();
        let other = other.public().unwrap();
        let wrong = Bundle::verify(&text, &other).unwrap_err();
        assert_eq!(wrong, BundleError::OtherKey { signer: key, wanted: other });
        // That the line names the wanted key is no signature.
        let forged = text.replace(&key.to_string(), &other.to_string());
        assert_eq!(Bundle::verify(&forged, &other).unwrap_err(), BundleError::BadSignature);
        let app = AppId::parse("org.example.other").unwrap();
        let wrong = Bundle::verify_for(&text, &key, &app).unwrap_err();
        assert!(matches!(wrong, BundleError::OtherApp { .. }), "{wrong}");
        let later = text.replace("sidegate-bundle 1", "sidegate-bundle 2");
        assert_eq!(Bundle::verify(&later, &key).unwrap_err(), BundleError::LaterForm);
        for not in ["", "\n", "sidegate-bundle 1\n", &format!("{text}\n"), text.trim_end()] {
            assert_eq!(Bundle::verify(not, &key).unwrap_err(), BundleError::NotABundle, "{not:?}");
        }
    }

    #[test]
    fn a_signature_does_not_make_nonsense_a_policy() {
        let (secret, _) = SecretKey::generate().unwrap();
        let public = secret.public().unwrap();
        for content in [
            "{}",
            r#"{"app":"org.example.a","version":1,"files":{}}"#,
            r#"{"app":"../x","version":1,"files":{"a.toml":""}}"#,
            r#"{"app":"org.example.a","version":-1,"files":{"a.toml":""}}"#,
            r#"{"app":"org.example.a","version":1,"files":{"a.toml":""},"more":1}"#,
            r#"{"app":"org.example.a","app":"org.example.b","version":1,"files":{"a.toml":""}}"#,
        ] {
            let signature = to_hex(&secret.sign(&signed(content)));
            let text = format!("{MAGIC}\ned25519 {public} {signature}\n{content}\n");
            let refused = Bundle::verify(&text, &public).unwrap_err();
            assert!(matches!(refused, BundleError::Content(_)), "{content}: {refused}");
        }
    }
}

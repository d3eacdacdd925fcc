//! The keys of bundles: Ed25519, the secret one as PKCS#8 in PEM, as `openssl genpkey` writes it too;
//! the public one as 64 hexadecimal digits.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// Bytes of a public key.
const PUBLIC_BYTES: usize = 32;

/// Bytes of a signature.
pub(super) const SIGNATURE_BYTES: usize = 64;

/// The most bytes of a secret key's text; one takes about a hundred and seventy.
const MAX_SECRET_TEXT: usize = 4_096;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Letters in a line of PEM (RFC 7468, section 2).
const PEM_LINE: usize = 64;

/// Whose bundles are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; PUBLIC_BYTES]);

/// What signs bundles. It prints as `[redacted]`.
pub struct SecretKey(Ed25519KeyPair);

/// Why a text is no key. The text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 64 hexadecimal digits in lower case.
    #[error("a public key is 64 hexadecimal digits, in lower case")]
    Public,
    /// Not an Ed25519 key in PKCS#8 and PEM.
    #[error("a secret key is an Ed25519 key in PKCS#8, as PEM: `{BEGIN}` …")]
    Secret,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

impl PublicKey {
    /// Reads 64 hexadecimal digits; white space around them is passed over.
    ///
    /// # Errors
    /// [`KeyError::Public`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = from_hex(text.trim_ascii()).ok_or(KeyError::Public)?;
        bytes.try_into().map(Self).map_err(|_| KeyError::Public)
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl SecretKey {
    /// A fresh key, and its text: for a file that nobody else reads.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<(Self, String), KeyError> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let pkcs8 = pkcs8.map_err(|_| KeyError::NoRandomness)?;
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| KeyError::Secret)?;
        Ok((Self(pair), to_pem(pkcs8.as_ref())))
    }

    /// Reads the text of a key.
    ///
    /// # Errors
    /// [`KeyError::Secret`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let pkcs8 = from_pem(text).ok_or(KeyError::Secret)?;
        // OpenSSL leaves the public half out, which is then computed and so not checked.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8);
        pair.map(Self).map_err(|_| KeyError::Secret)
    }

    /// The public half.
    ///
    /// # Errors
    /// Never, for a key that was parsed or generated; the types cannot say so.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        self.0.public_key().as_ref().try_into().map(PublicKey).map_err(|_| KeyError::Secret)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey([redacted])")
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

fn to_pem(der: &[u8]) -> String {
    let letters = BASE64.encode(der);
    let mut pem = format!("{BEGIN}\n");
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(PEM_LINE).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(END);
    pem.push('\n');
    pem
}

/// Reads one PEM block and nothing around it.
fn from_pem(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_SECRET_TEXT {
        return None;
    }
    let inner = text.trim_ascii().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let letters: String = inner.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    BASE64.decode(letters).ok()
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Lower case alone: one spelling of each value.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a')?.checked_add(10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first test vector of RFC 8032, section 7.1: its secret key as `openssl` writes one.
    const RFC_8032: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    const RFC_8032_PUBLIC: &str =
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const RFC_8032_SIGNATURE: &str = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

    #[test]
    fn the_standards_own_vector() {
        let secret = SecretKey::parse(RFC_8032).unwrap();
        assert_eq!(secret.public().unwrap().to_string(), RFC_8032_PUBLIC);
        assert_eq!(to_hex(&secret.sign(b"")), RFC_8032_SIGNATURE);
        let public = PublicKey::parse(RFC_8032_PUBLIC).unwrap();
        assert!(public.verifies(b"", &from_hex(RFC_8032_SIGNATURE).unwrap()));
        assert!(!public.verifies(b"x", &from_hex(RFC_8032_SIGNATURE).unwrap()));
    }

    #[test]
    fn a_generated_key_is_read_back() {
        let (secret, text) = SecretKey::generate().unwrap();
        let again = SecretKey::parse(&text).unwrap();
        assert_eq!(again.public(), secret.public());
        let public = secret.public().unwrap();
        assert_eq!(PublicKey::parse(&format!("{public}\n")), Ok(public));
        assert_eq!(format!("{secret:?}"), "SecretKey([redacted])");
    }

    #[test]
    fn what_is_no_key() {
        let upper = RFC_8032_PUBLIC.to_uppercase();
        for bad in [
            "",
            "d7",
            RFC_8032,
            &upper,
            RFC_8032_PUBLIC.trim_start_matches('d'),
            &format!("{RFC_8032_PUBLIC}00"),
        ] {
            assert_eq!(PublicKey::parse(bad), Err(KeyError::Public), "{bad}");
        }
        let twice = RFC_8032.repeat(2);
        let long = RFC_8032.replace("MC4C", &"MC4C".repeat(2_000));
        for bad in ["", RFC_8032_PUBLIC, &RFC_8032.replace("MC4", "MC5"), &twice, &long] {
            assert_eq!(SecretKey::parse(bad).unwrap_err(), KeyError::Secret, "{bad:.200}");
        }
    }
}

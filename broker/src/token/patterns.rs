//! The lists of patterns that caveats are made of: texts of the policy language, as yet unread. What
//! they match is for whoever checks the token, who knows the app's directories.

/// One pattern or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns(Vec<String>);

/// Why texts make no list of patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternsError {
    /// There is none.
    #[error("a caveat names at least one pattern")]
    None,
    /// One is empty.
    #[error("a pattern cannot be empty")]
    Empty,
    /// One has more bytes than a token can carry.
    #[error("the patterns are longer than a token may be")]
    TooLong,
}

impl Patterns {
    /// Takes the patterns in their order.
    ///
    /// # Errors
    /// [`PatternsError`].
    pub fn new<T: Into<String>>(
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, PatternsError> {
        let patterns: Vec<String> = patterns.into_iter().map(Into::into).collect();
        let bytes = patterns.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        match patterns.iter().any(String::is_empty) {
            _ if patterns.is_empty() => Err(PatternsError::None),
            true => Err(PatternsError::Empty),
            false if bytes > super::MAX_CAVEAT_BYTES => Err(PatternsError::TooLong),
            false => Ok(Self(patterns)),
        }
    }

    /// The patterns.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Each as its length in two bytes, big endian, and its UTF-8.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for pattern in &self.0 {
            let length = u16::try_from(pattern.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(pattern.as_bytes());
        }
        bytes
    }

    pub(super) fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut patterns = Vec::new();
        while let Some((&length, rest)) = bytes.split_first_chunk::<2>() {
            let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(length)))?;
            patterns.push(std::str::from_utf8(text).ok()?.to_owned());
            bytes = rest;
        }
        if bytes.is_empty() { Self::new(patterns).ok() } else { None }
    }
}

//! What a handler says when it fails: one part for the page, one for the log.

use std::fmt;

/// A handler's failure. The page learns `code` and `message`; `detail` stays in the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerError {
    code: &'static str,
    message: String,
    detail: Option<String>,
    is_refusal: bool,
}

impl HandlerError {
    /// A failure with a stable code (`snake_case`) and a sentence that the page may show.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, is_refusal: false }
    }

    /// A failure that is nobody's business but the core's: the page learns `failed`.
    #[must_use]
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new("failed", "the command failed").with_detail(detail)
    }

    /// The same, with what really happened, for the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// The same as a refusal: what the call asked for must not be given, which only showed when it
    /// was reached for. The log has a refusal then, besides the grant that it followed.
    #[must_use]
    pub fn as_refusal(mut self) -> Self {
        self.is_refusal = true;
        self
    }

    /// Whether this is a refusal, see [`HandlerError::as_refusal`].
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.is_refusal
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for the page.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What really happened, for the log.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)?;
        self.detail.iter().try_for_each(|detail| write!(f, ": {detail}"))
    }
}

impl std::error::Error for HandlerError {}

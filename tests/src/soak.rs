//! Whether the full counts run: they take from minutes to an hour.

/// Whether `SIDEGATE_SOAK` is 1. Otherwise a hundredth of each count is run.
#[must_use]
pub fn soak() -> bool {
    std::env::var_os("SIDEGATE_SOAK").is_some_and(|value| value == "1")
}

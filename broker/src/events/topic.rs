//! What an event is about, and what a shared value is called.

/// The longest topic, in bytes: longer than any that a person would write.
const MAX_TOPIC: usize = 128;

/// One or more names joined by `.`, each of letters, digits, `_` and `-` (ASCII); 128 bytes at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic(String);

/// A text that is no topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no topic: names of letters, digits, `_` and `-`, joined by `.`, are one")]
pub struct NotATopic(String);

impl Topic {
    /// Reads a topic.
    ///
    /// # Errors
    /// [`NotATopic`].
    pub fn parse(text: &str) -> Result<Self, NotATopic> {
        match text.len() <= MAX_TOPIC && text.split('.').all(is_name) {
            true => Ok(Self(text.to_owned())),
            // What was given may be of any length; its beginning shows what it was.
            false => Err(NotATopic(text.chars().take(MAX_TOPIC).collect())),
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !name.is_empty() && name.bytes().all(is_of_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_dotted_names() {
        let (long, longer) = ("a".repeat(MAX_TOPIC), "a".repeat(MAX_TOPIC + 1));
        for (text, is_topic) in [
            ("notes", true),
            ("notes.saved", true),
            ("notes.42", true),
            ("notes.a-b_C", true),
            (long.as_str(), true),
            (longer.as_str(), false),
            ("", false),
            (".", false),
            ("notes.", false),
            ("notes..saved", false),
            ("notes.*", false),
            ("notes/saved", false),
            ("nötes", false),
            ("notes.saved\n", false),
        ] {
            assert_eq!(Topic::parse(text).is_ok(), is_topic, "{text:?}");
        }
    }
}

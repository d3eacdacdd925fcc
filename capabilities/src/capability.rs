//! A compiled capability: whom it is for, and its rules.

use std::sync::Arc;

use crate::diagnostics::Span;
use crate::glob::{self, Question};
use crate::names::WindowLabel;
use crate::origin::{Origin, OriginPattern};
use crate::rule::Rule;
use crate::time::WallTime;

/// A compiled capability.
#[derive(Debug, Clone)]
pub(crate) struct Capability {
    pub(crate) id: String,
    pub(crate) description: Option<String>,
    /// From this moment on it grants and denies nothing.
    pub(crate) expires: Option<WallTime>,
    /// Where that is written: the file, and the bytes.
    pub(crate) expires_at: Option<(Arc<str>, Span)>,
    /// Whether it says that its entries are dangerous on purpose.
    pub(crate) is_dangerous: bool,
    pub(crate) windows: Vec<WindowPattern>,
    pub(crate) origins: Vec<OriginPattern>,
    pub(crate) allow: Vec<Rule>,
    pub(crate) deny: Vec<Rule>,
}

/// A pattern of window labels: `*` is any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowPattern(pub(crate) Arc<str>);

impl WindowPattern {
    /// Whether the pattern is every window.
    pub(crate) fn is_any(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*')
    }

    pub(crate) fn matches(&self, window: &WindowLabel) -> bool {
        glob::text_matches(&self.0, window.as_str(), Question::Literal)
    }
}

impl Capability {
    /// Whether it names the window.
    pub(crate) fn names(&self, window: &WindowLabel) -> bool {
        self.windows.iter().any(|pattern| pattern.matches(window))
    }

    /// Whether it has expired.
    pub(crate) fn is_over(&self, now: WallTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether it is for the documents of this origin in this window.
    pub(crate) fn is_for(&self, window: &WindowLabel, origin: &Origin) -> bool {
        self.names(window) && self.has_origin(origin)
    }

    /// Whether it is for documents of this origin.
    pub(crate) fn has_origin(&self, origin: &Origin) -> bool {
        self.origins.iter().any(|pattern| pattern.matches(origin))
    }

    /// All of its rules: what it allows, then what it denies.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.allow.iter().chain(&self.deny)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capability(windows: &[&str], origins: &[&str], expires: Option<i64>) -> Capability {
        Capability {
            id: "c".to_owned(),
            description: None,
            expires_at: None,
            is_dangerous: false,
            expires: expires.map(WallTime::from_unix),
            windows: windows.iter().map(|text| WindowPattern((*text).into())).collect(),
            origins: origins.iter().map(|text| OriginPattern::parse(text).unwrap()).collect(),
            allow: Vec::new(),
            deny: Vec::new(),
        }
    }

    #[test]
    fn a_capability_ends_at_its_moment() {
        for (expires, now, is_over) in
            [(None, 10, false), (Some(10), 9, false), (Some(10), 10, true), (Some(10), 11, true)]
        {
            let capability = capability(&["a"], &["local"], expires);
            assert_eq!(capability.is_over(WallTime::from_unix(now)), is_over, "{expires:?} {now}");
        }
    }

    #[test]
    fn a_capability_is_for_its_windows_at_its_origins() {
        let capability = capability(&["a", "b-*"], &["local", "https://example.com"], None);
        let cases = [
            ("a", "app://localhost", true),
            ("b-1", "https://example.com", true),
            ("b", "app://localhost", false),
            ("a", "https://example.org", false),
        ];
        for (window, origin, expected) in cases {
            let (window, origin) =
                (WindowLabel::parse(window).unwrap(), Origin::parse(origin).unwrap());
            assert_eq!(capability.is_for(&window, &origin), expected, "{window} {origin}");
        }
        for (pattern, is_any) in [("*", true), ("**", true), ("a*", false), ("a", false)] {
            assert_eq!(WindowPattern(pattern.into()).is_any(), is_any, "{pattern}");
        }
    }
}

//! The content security policy of an app's pages: what it is where the app says nothing, and
//! what an app may add to it, source by source. What would undo it needs the word `dangerously`.

mod source;

use std::collections::BTreeMap;

use serde::Deserialize;

use self::source::Risk;
use super::nonce::Nonce;

/// What a page may load and do, where its app does not say otherwise: its own files, and no
/// inline script without the document's nonce, no `eval`, no form, no plugin, no other site. That
/// a page has no network is the sandbox's doing; this keeps it from trying.
const BASE: [(&str, &str); 13] = [
    ("default-src", NONE),
    ("script-src", "'self'"),
    ("style-src", "'self'"),
    ("img-src", "'self' data: blob:"),
    ("font-src", "'self'"),
    ("media-src", "'self'"),
    ("connect-src", "'self'"),
    ("frame-src", "'self'"),
    ("worker-src", NONE),
    ("object-src", NONE),
    ("base-uri", NONE),
    ("form-action", NONE),
    ("frame-ancestors", "'self'"),
];

/// Nothing, which is not said beside something.
const NONE: &str = "'none'";

/// The directives that an app may add to. The others have no other value that is of use to an
/// app and does not open what they are there to close.
const OPEN: [&str; 8] = [
    "script-src",
    "style-src",
    "img-src",
    "font-src",
    "media-src",
    "connect-src",
    "frame-src",
    "worker-src",
];

/// Those that a nonce is put into.
const WITH_NONCE: [&str; 2] = ["script-src", "style-src"];

/// The most bytes that an app adds, in all: with the longest file they have to fit into a frame,
/// whose envelope has 4 KiB.
pub(super) const MAX_ADDED: usize = 2 << 10;

/// What an app adds to the content security policy of its pages. The default adds nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentSecurity {
    added: BTreeMap<&'static str, Vec<String>>,
}

/// Why something cannot be added to a content security policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentSecurityError {
    /// It is no directive that an app may add to.
    #[error("`{}` is not one of {}", .0.escape_debug(), OPEN.join(", "))]
    Directive(String),
    /// It is no source of that directive.
    #[error("`{}` is no source for `{directive}`; one is an origin, like `https://example.com`", written.escape_debug())]
    Source {
        /// The directive.
        directive: &'static str,
        /// The source as it was written.
        written: String,
    },
    /// It opens more than one place, or lets script in that is not the app's.
    #[error(
        "`{written}` in `{directive}` undoes what the policy is for; who means it writes it under `dangerously`"
    )]
    Dangerous {
        /// The directive.
        directive: &'static str,
        /// The source as it was written.
        written: String,
    },
    /// There are more than any app needs.
    #[error("more than {MAX_ADDED} bytes are added in all")]
    TooLong,
}

impl ContentSecurity {
    /// Adds `source` to `directive`: `img-src`, `https://images.example.com`.
    ///
    /// # Errors
    /// [`ContentSecurityError`]; of a source that undoes what the policy is for,
    /// [`ContentSecurityError::Dangerous`].
    pub fn add(self, directive: &str, source: &str) -> Result<Self, ContentSecurityError> {
        self.extended(directive, source, Risk::None)
    }

    /// The same for a source that may undo what the policy is for: `'unsafe-eval'`, `*`.
    ///
    /// # Errors
    /// [`ContentSecurityError`].
    pub fn dangerously_add(
        self,
        directive: &str,
        source: &str,
    ) -> Result<Self, ContentSecurityError> {
        self.extended(directive, source, Risk::Dangerous)
    }

    fn extended(
        mut self,
        directive: &str,
        source: &str,
        taken: Risk,
    ) -> Result<Self, ContentSecurityError> {
        let known = OPEN.into_iter().find(|known| *known == directive);
        let directive =
            known.ok_or_else(|| ContentSecurityError::Directive(directive.to_owned()))?;
        let written = source.to_owned();
        let Some(risk) = source::risk(directive, source) else {
            return Err(ContentSecurityError::Source { directive, written });
        };
        if risk > taken {
            return Err(ContentSecurityError::Dangerous { directive, written });
        }
        self.added.entry(directive).or_default().push(written);
        // Each with the blank before it.
        let lengths = self.added.values().flatten().map(|source| source.len().saturating_add(1));
        if lengths.fold(0, usize::saturating_add) > MAX_ADDED {
            return Err(ContentSecurityError::TooLong);
        }
        Ok(self)
    }

    /// The header, for a document with its nonce or for anything else.
    pub(super) fn header(&self, nonce: Option<&Nonce>) -> String {
        let directive = |(name, base): &(&str, &str)| self.directive(name, base, nonce);
        BASE.iter().map(directive).collect::<Vec<_>>().join("; ")
    }

    fn directive(&self, name: &str, base: &str, nonce: Option<&Nonce>) -> String {
        let added = self.added.get(name).map(Vec::as_slice).unwrap_or_default();
        let base = if added.is_empty() { Some(base) } else { Some(base).filter(|b| *b != NONE) };
        let added_texts = added.iter().map(String::as_str);
        let mut text = name.to_owned();
        for source in base.into_iter().chain(added_texts) {
            text.push(' ');
            text.push_str(source);
        }
        // A nonce takes the effect from `'unsafe-inline'`, by the specification.
        let inline = added.iter().any(|source| source == source::UNSAFE_INLINE);
        if let Some(nonce) = nonce.filter(|_| WITH_NONCE.contains(&name) && !inline) {
            text.push_str(&format!(" 'nonce-{}'", nonce.as_str()));
        }
        text
    }
}

/// As a manifest has it: directives with their sources, and those of a table `dangerously`.
#[derive(Debug, Deserialize)]
pub(crate) struct Written {
    #[serde(default)]
    dangerously: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    directives: BTreeMap<String, Vec<String>>,
}

impl TryFrom<Written> for ContentSecurity {
    type Error = ContentSecurityError;

    fn try_from(written: Written) -> Result<Self, ContentSecurityError> {
        let mut security = Self::default();
        for (directive, source) in pairs(&written.directives) {
            security = security.add(directive, source)?;
        }
        for (directive, source) in pairs(&written.dangerously) {
            security = security.dangerously_add(directive, source)?;
        }
        Ok(security)
    }
}

fn pairs(table: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = (&str, &str)> {
    table.iter().flat_map(|(directive, sources)| {
        sources.iter().map(move |source| (directive.as_str(), source.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
         img-src 'self' data: blob:; font-src 'self'; media-src 'self'; connect-src 'self'; \
         frame-src 'self'; worker-src 'none'; object-src 'none'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'";

    fn written(text: &str) -> Result<ContentSecurity, ContentSecurityError> {
        toml::from_str::<Written>(text).unwrap().try_into()
    }

    #[test]
    fn what_nobody_adds_to_is_the_strictest() {
        assert_eq!(ContentSecurity::default().header(None), DEFAULT);
        assert_eq!(written("").unwrap(), ContentSecurity::default());
    }

    #[test]
    fn what_is_added_stands_in_its_directive() {
        let nonce = Nonce::draw().unwrap();
        let drawn = format!("'nonce-{}'", nonce.as_str());
        for (text, expected) in [
            ("", format!("script-src 'self' {drawn}; style-src 'self' {drawn}; img-src")),
            (
                "img-src = ['https://a.example']",
                "img-src 'self' data: blob: https://a.example;".into(),
            ),
            ("worker-src = [\"'self'\"]", "worker-src 'self';".into()),
            (
                "connect-src = ['wss://a.example:8443/x']",
                "connect-src 'self' wss://a.example:8443/x;".into(),
            ),
            (
                "script-src = [\"'wasm-unsafe-eval'\"]",
                format!("script-src 'self' 'wasm-unsafe-eval' {drawn};"),
            ),
            (
                "dangerously.style-src = [\"'unsafe-inline'\"]",
                format!("script-src 'self' {drawn}; style-src 'self' 'unsafe-inline'; img-src"),
            ),
        ] {
            let header = written(text).unwrap().header(Some(&nonce));
            assert!(header.contains(&expected), "{text}: {header}");
        }
    }

    #[test]
    fn what_opens_too_much_needs_the_word() {
        for (directive, source) in [
            ("script-src", "'unsafe-inline'"),
            ("script-src", "'unsafe-eval'"),
            ("script-src", "*"),
            ("img-src", "*"),
            ("connect-src", "https:"),
            ("script-src", "data:"),
        ] {
            let plain = written(&format!("{directive} = [\"{source}\"]")).unwrap_err();
            assert!(plain.to_string().contains("under `dangerously`"), "{plain}");
            let meant = written(&format!("dangerously.{directive} = [\"{source}\"]")).unwrap();
            assert!(meant.header(None).contains(&format!(" {source};")), "{source}");
        }
    }

    #[test]
    fn what_is_no_directive_or_no_source_is_refused_whatever_the_word() {
        for directive in
            ["default-src", "base-uri", "sandbox", "report-uri", "img-src;", "IMG-SRC", ""]
        {
            let text = format!("\"{directive}\" = [\"'self'\"]");
            assert!(matches!(written(&text), Err(ContentSecurityError::Directive(_))), "{text}");
            let security = ContentSecurity::default();
            assert!(security.dangerously_add(directive, "'self'").is_err(), "{directive}");
        }
        for source in
            ["https://a.example; script-src *", "'nonce-abc'", "https://a.example\r\nx: y"]
        {
            let security = ContentSecurity::default();
            assert!(security.dangerously_add("img-src", source).is_err(), "{source}");
        }
        let mut security = ContentSecurity::default();
        for _ in 0..MAX_ADDED / 16 {
            security = security.add("img-src", "https://a.bcdef").unwrap();
        }
        let full = security.add("img-src", "data:").unwrap_err();
        assert_eq!(full, ContentSecurityError::TooLong);
    }
}

//! The origins of a window, as the broker lists them: whole ones, and `scheme://*.host[:port]`
//! for one label or more before the host. Where a window may go and who gets the bridge is asked
//! here; what each of them may do is for the broker.

use serde_json::{Value, json};

use crate::origin::Origin;

/// A window's origins.
#[derive(Debug, Clone)]
pub(crate) struct Origins(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exactly(Origin),
    /// What lies beneath, and not the origin itself.
    Beneath(Origin),
}

impl Origins {
    /// Reads the list.
    ///
    /// # Errors
    /// The first text that is neither an origin nor a pattern of some.
    pub(crate) fn parse(list: &[String]) -> Result<Self, String> {
        let pattern = |text: &String| Pattern::parse(text).ok_or_else(|| text.clone());
        list.iter().map(pattern).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `origin` is one of them.
    pub(crate) fn contain(&self, origin: &Origin) -> bool {
        self.0.iter().any(|pattern| pattern.matches(origin))
    }

    /// Patterns for WebKit's allow-list of user scripts. They know no ports, and take a host for
    /// one beneath itself: the scripts look again.
    pub(crate) fn script_patterns(&self) -> Vec<String> {
        let pattern = |pattern: &Pattern| match pattern {
            Pattern::Exactly(origin) => format!("{}/*", origin.without_port("")),
            Pattern::Beneath(origin) => format!("{}/*", origin.without_port("*.")),
        };
        self.0.iter().map(pattern).collect()
    }

    /// The same for the scripts, which compare it with their document's `location.origin`: whole
    /// origins, and the beginnings and ends of the others.
    pub(crate) fn for_scripts(&self) -> Value {
        let (mut exactly, mut beneath) = (Vec::new(), Vec::new());
        for pattern in &self.0 {
            match pattern {
                Pattern::Exactly(origin) => exactly.push(origin.to_string()),
                Pattern::Beneath(origin) => beneath.push(origin.around_subdomains()),
            }
        }
        json!({ "exactly": exactly, "beneath": beneath })
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once("://*.") {
            None => Origin::exactly(text).map(Self::Exactly),
            Some((scheme, host)) => {
                Origin::exactly(&format!("{scheme}://{host}")).map(Self::Beneath)
            }
        }
    }

    fn matches(&self, origin: &Origin) -> bool {
        match self {
            Self::Exactly(exactly) => exactly == origin,
            Self::Beneath(parent) => origin.is_beneath(parent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(list: &[&str]) -> Result<Origins, String> {
        Origins::parse(&list.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn an_origin_is_in_the_list_label_by_label() {
        let list = ["app://localhost", "https://*.example.com", "https://*.example.org:8443"];
        let list = origins(&list).unwrap();
        for (url, contained) in [
            ("app://localhost/a", true),
            ("app://a.localhost/", false),
            ("https://www.example.com/", true),
            ("https://a.b.example.com:443/", true),
            ("https://example.com/", false),
            ("https://.example.com/", false),
            ("https://a..example.com/", false),
            ("https://notexample.com/", false),
            ("https://example.com.evil.com/", false),
            ("https://www.example.com.evil.com/", false),
            ("http://www.example.com/", false),
            ("https://www.example.com:8443/", false),
            ("https://www.example.org:8443/", true),
            ("https://www.example.org/", false),
        ] {
            let origin = Origin::of(url);
            assert_eq!(origin.is_some_and(|o| list.contain(&o)), contained, "{url}");
        }
    }

    #[test]
    fn what_is_no_origin_is_named() {
        for text in ["*", "null", "https://*", "https://a.*.com", "https://*.*.com", "app://*./"] {
            assert_eq!(origins(&["app://localhost", text]).unwrap_err(), text);
        }
    }

    #[test]
    fn the_scripts_are_told_the_same() {
        let list = origins(&["app://localhost", "https://*.example.org:8443"]).unwrap();
        let patterns = ["app://localhost/*", "https://*.example.org/*"];
        assert_eq!(list.script_patterns(), patterns);
        let told = json!({
            "exactly": ["app://localhost"],
            "beneath": [["https://", ".example.org:8443"]],
        });
        assert_eq!(list.for_scripts(), told);
    }
}

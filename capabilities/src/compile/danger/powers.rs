//! What the WebView could give a page without a call of its, and nobody means to give one from the
//! network by a slip of the pen: what sees and hears the person, and what opens the page to others.

use crate::rule::CommandPattern;

/// The commands that stand for such powers. The host asks for them; no page can call them.
const POWERS: [&str; 7] = [
    "webview.camera",
    "webview.microphone",
    "webview.geolocation",
    "webview.clipboard_read",
    "webview.devtools",
    "webview.open_window",
    "webview.drop_files",
];

/// Whether a pattern takes in one of them.
pub(super) fn takes_in_a_power(pattern: &CommandPattern) -> bool {
    POWERS.iter().any(|power| pattern.matches(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_by_their_patterns() {
        for (pattern, expected) in [
            ("webview.camera", true),
            ("webview.c*", true),
            ("webview.*", true),
            ("*.microphone", true),
            ("webview.print", false),
            ("webview.navigate", false),
            ("webview.notifications", false),
            ("app.info", false),
        ] {
            assert_eq!(takes_in_a_power(&CommandPattern(pattern.into())), expected, "{pattern}");
        }
    }
}

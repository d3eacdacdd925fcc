//! What a page is refused, whoever it is: downloads, a memory of its own, and each switch of WebKit
//! that no document of its window could make use of. All of it stands in this file; what a policy
//! may grant is asked for in [`super::powers`].

use sidegate::wire::{OpenWindow, Power, WindowId};
use webkit2gtk::{DownloadExt, SettingsExt, URIRequestExt, WebContextExt, WebView, WebViewExt};
use wry::WebViewBuilder;

use crate::link::Outbox;
use crate::origin::Origin;
use crate::origins::Origins;

use super::powers::{self, Slot};
use super::report_dropped;

/// Takes from a WebView what wry lets one take.
pub(super) fn apply(builder: WebViewBuilder<'_>, page: Slot) -> WebViewBuilder<'_> {
    builder
        // None gets so far as to need a place: see [`refuse_downloads`].
        .with_download_started_handler(|_, _| false)
        .with_drag_drop_handler(powers::drops(page))
        .with_clipboard(false)
        .with_back_forward_navigation_gestures(false)
}

/// Takes from a WebView what wry has no call for.
pub(super) fn harden(view: &WebView, open: &OpenWindow, debug: bool) {
    let Some(settings) = WebViewExt::settings(view) else {
        return;
    };
    let may_have = |power| open.powers.contains(&power);
    let media = may_have(Power::Camera) || may_have(Power::Microphone);
    settings.set_enable_developer_extras(debug && open.devtools || may_have(Power::Devtools));
    // A page restored from this cache is an old document under a new commit.
    settings.set_enable_page_cache(false);
    settings.set_enable_dns_prefetching(false);
    settings.set_enable_media_stream(media);
    settings.set_enable_webrtc(false);
    settings.set_javascript_can_open_windows_automatically(false);
    settings.set_allow_file_access_from_file_urls(false);
    settings.set_allow_universal_access_from_file_urls(false);
}

/// Ends each download when it begins, and says so. wry would ask once the first bytes are there, and
/// never of one that fails before: of those nobody would know that they were tried.
pub(super) fn refuse_downloads(view: &WebView, window: WindowId, outbox: &Outbox) {
    let Some(context) = view.context() else {
        return;
    };
    let outbox = outbox.clone();
    // Each WebView has a context of its own.
    context.connect_download_started(move |_, download| {
        let url = download.request().and_then(|request| request.uri()).unwrap_or_default();
        report_dropped(&outbox, window, &format!("a download of {url}"));
        download.cancel();
    });
}

/// Whether a window, or a frame in it, may go to an address without the broker being asked: the
/// origins of the window, and the documents that a page writes itself. WebKit does not say which
/// frame asks. The latter are for the page's content security policy to forbid; no bridge is put
/// into them, in the main frame or below.
pub(super) fn may_navigate(url: &str, origins: &Origins) -> bool {
    let written_by_the_page = ["about:blank", "about:srcdoc"].contains(&url)
        || url.starts_with("data:")
        || url.starts_with("blob:");
    written_by_the_page || Origin::of(url).is_some_and(|origin| origins.contain(&origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_stays_within_its_origins() {
        let origins = Origins::parse(&["app://localhost".to_owned()]).unwrap();
        for (url, allowed) in [
            ("app://localhost/", true),
            ("app://localhost/a?b#c", true),
            ("about:blank", true),
            ("about:srcdoc", true),
            ("data:text/html,x", true),
            ("blob:app://localhost/1", true),
            ("app://other/", false),
            ("app://localhost.evil/", false),
            ("app://localhost@evil/", false),
            ("https://localhost/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("about:config", false),
            ("webkit://gpu", false),
            ("inspector://x", false),
            ("", false),
        ] {
            assert_eq!(may_navigate(url, &origins), allowed, "{url}");
        }
    }
}

//! What a page is refused, whoever it is: other addresses, new windows, downloads, devices,
//! files dropped on it, a memory of its own. All of it stands in this file.

use sidegate::wire::WindowId;
use webkit2gtk::{SettingsExt, WebView, WebViewExt};
use wry::{NewWindowResponse, PermissionResponse, WebViewBuilder};

use crate::link::Outbox;
use crate::origin::Origin;
use crate::origins::Origins;

use super::report_dropped;

/// Takes from a WebView what wry lets one take.
pub(super) fn apply<'a>(
    builder: WebViewBuilder<'a>,
    window: WindowId,
    origins: Origins,
    outbox: &Outbox,
) -> WebViewBuilder<'a> {
    let report = |what: &'static str| {
        let outbox = outbox.clone();
        move |url: &str| report_dropped(&outbox, window, &format!("{what} {url}"))
    };
    let (navigation, opening) = (report("a navigation to"), report("a new window for"));
    let download = report("a download of");
    builder
        .with_navigation_handler(move |url| {
            let allowed = may_navigate(&url, &origins);
            if !allowed {
                navigation(&url);
            }
            allowed
        })
        .with_new_window_req_handler(move |url, _| {
            opening(&url);
            NewWindowResponse::Deny
        })
        .with_download_started_handler(move |url, _| {
            download(&url);
            false
        })
        .with_permission_handler(|_| PermissionResponse::Deny)
        .with_drag_drop_handler(|_| true)
        .with_clipboard(false)
        .with_back_forward_navigation_gestures(false)
}

/// Takes from a WebView what wry has no call for.
pub(super) fn harden(view: &WebView, devtools: bool) {
    let Some(settings) = WebViewExt::settings(view) else {
        return;
    };
    settings.set_enable_developer_extras(devtools);
    // A page restored from this cache is an old document under a new commit.
    settings.set_enable_page_cache(false);
    settings.set_enable_dns_prefetching(false);
    settings.set_enable_media_stream(false);
    settings.set_enable_webrtc(false);
    settings.set_javascript_can_open_windows_automatically(false);
    settings.set_allow_file_access_from_file_urls(false);
    settings.set_allow_universal_access_from_file_urls(false);
}

/// Whether a window, or a frame in it, may go to an address: the origins of the window, and
/// the documents that a page writes itself. WebKit does not say which frame asks. The latter
/// are for the page's content security policy to forbid; no bridge is put into them, in the
/// main frame or below.
fn may_navigate(url: &str, origins: &Origins) -> bool {
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

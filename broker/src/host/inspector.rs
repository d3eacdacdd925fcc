//! Variables of the environment that open WebKit's windows to whoever connects. No host is given
//! one; that somebody set one is a reason not to start where the app's users are.

use std::ffi::OsStr;

/// Their names: servers for a remote inspector, and for automation.
const VARIABLES: [&str; 3] =
    ["WEBKIT_INSPECTOR_SERVER", "WEBKIT_INSPECTOR_HTTP_SERVER", "TAURI_WEBVIEW_AUTOMATION"];

/// One of them is set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is set, which is to open the windows to an inspector; unset it, or make this a run for \
     the app's developers (`--debug`)"
)]
pub(crate) struct Inspected(&'static str);

/// Looks for one among the names of an environment.
pub(crate) fn refuse_inspectors<N: AsRef<OsStr>>(
    names: impl IntoIterator<Item = N>,
) -> Result<(), Inspected> {
    let mut found = None;
    for name in names {
        let name = name.as_ref();
        found = found.or_else(|| VARIABLES.into_iter().find(|variable| name == *variable));
    }
    found.map_or(Ok(()), |variable| Err(Inspected(variable)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c18_an_inspectors_variable_is_refused_by_name() {
        for (names, found) in [
            (&["HOME", "WEBKIT_INSPECTOR_SERVER"][..], Some("WEBKIT_INSPECTOR_SERVER")),
            (&["WEBKIT_INSPECTOR_HTTP_SERVER"], Some("WEBKIT_INSPECTOR_HTTP_SERVER")),
            (&["TAURI_WEBVIEW_AUTOMATION"], Some("TAURI_WEBVIEW_AUTOMATION")),
            (&["HOME", "WEBKIT_INSPECTOR_SERVER_X", "webkit_inspector_server"], None),
            (&[], None),
        ] {
            assert_eq!(refuse_inspectors(names).err(), found.map(Inspected), "{names:?}");
        }
    }
}

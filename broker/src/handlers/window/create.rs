//! `window.create`: another window, by a template of the manifest.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::handler::{Call, Command, HandlerError, NoArgs, Resource};
use crate::windows::Windows;

#[derive(Serialize, JsonSchema)]
struct Made {
    /// The label of the new window.
    window: String,
}

/// The `key` is the name of the template. The window is a principal of its own: what it may do is
/// what the policy has for its label.
pub(super) fn create(windows: Option<&Arc<Windows>>) -> Command {
    let windows = windows.cloned();
    let handler = move |call: Call, _: NoArgs| {
        let none = || HandlerError::new("unavailable", "no windows are opened here");
        let made = windows
            .as_ref()
            .ok_or_else(none)
            .and_then(|windows| windows.make(call.key()?, None))
            .map(|label| Made { window: label.to_string() });
        std::future::ready(made)
    };
    Command::new("window.create", handler)
        .takes(Resource::Key)
        .describe("opens another window by the template of that name in the manifest")
        .returns::<Made>()
}

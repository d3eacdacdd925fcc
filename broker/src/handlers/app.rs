//! `app.info`: what the app is called.

use schemars::JsonSchema;
use serde::Serialize;

use crate::handler::{Call, Command, HandlerError, NoArgs};

/// What an app says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AppInfo {
    /// Its name, for people.
    pub name: String,
    /// Its identifier.
    pub id: String,
    /// Its version.
    pub version: String,
}

#[derive(Serialize, JsonSchema)]
struct Info {
    #[serde(flatten)]
    app: AppInfo,
    /// The label of the window that asks.
    window: String,
}

pub(super) fn info(app: AppInfo) -> Command {
    Command::new("app.info", move |call: Call, _: NoArgs| {
        let info = Info { app: app.clone(), window: call.window().to_string() };
        std::future::ready(Ok::<_, HandlerError>(info))
    })
    .describe("says what the app and the asking window are called")
    .returns::<Info>()
}

//! `settings.get` and `settings.set`: one value of the app's settings at a time.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::handler::{Call, Command, HandlerError, NoArgs, Resource};
use crate::settings::{Settings, SettingsError};

#[derive(Serialize, JsonSchema)]
struct Got {
    /// Null where there is none.
    value: Option<Value>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// Null takes the key away.
    value: Value,
}

#[derive(Serialize, JsonSchema)]
struct Done {}

/// Without a store the commands are there to be described, and whoever calls one is told so.
pub(super) fn commands(store: Option<&Arc<Settings>>) -> [Command; 2] {
    let (reader, writer) = (store.cloned(), store.cloned());
    let get = move |call: Call, _: NoArgs| {
        let value = opened(reader.as_ref()).and_then(|store| Ok(store.get(call.key()?)));
        std::future::ready(value.map(|value| Got { value }))
    };
    let set = move |call: Call, args: Set| {
        let store = opened(writer.as_ref()).cloned();
        async move {
            let (store, key) = (store?, call.key()?.to_owned());
            let commitment = call.commitment();
            let keep = move || {
                commitment.commit()?;
                store.set(&key, args.value).map_err(told)
            };
            super::fs::blocking(keep).await?;
            Ok(Done {})
        }
    };
    [
        Command::new("settings.get", get)
            .takes(Resource::Key)
            .describe("reads one value of the app's settings")
            .returns::<Got>(),
        Command::new("settings.set", set)
            .takes(Resource::Key)
            .describe("keeps one value of the app's settings; null takes it away")
            .returns::<Done>(),
    ]
}

fn opened(store: Option<&Arc<Settings>>) -> Result<&Arc<Settings>, HandlerError> {
    store.ok_or_else(|| HandlerError::new("unavailable", "the app has no settings"))
}

fn told(error: SettingsError) -> HandlerError {
    HandlerError::new(error.code(), "the setting was not kept").with_detail(error)
}

//! `settings.get` and `settings.set`: one value of the app's settings at a time.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::handler::{Call, Command, HandlerError, NoArgs, Resource};
use crate::settings::{Settings, SettingsError};

#[derive(Serialize)]
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

#[derive(Serialize)]
struct Done {}

pub(super) fn commands(store: &Arc<Settings>) -> [Command; 2] {
    let (reader, writer) = (Arc::clone(store), Arc::clone(store));
    let get = move |call: Call, _: NoArgs| {
        let value = call.key().map(|key| reader.get(key));
        std::future::ready(value.map(|value| Got { value }))
    };
    let set = move |call: Call, args: Set| {
        let store = Arc::clone(&writer);
        async move {
            let key = call.key()?.to_owned();
            super::fs::blocking(move || store.set(&key, args.value).map_err(told)).await?;
            Ok(Done {})
        }
    };
    [
        Command::new("settings.get", get).takes(Resource::Key),
        Command::new("settings.set", set).takes(Resource::Key),
    ]
}

fn told(error: SettingsError) -> HandlerError {
    HandlerError::new(error.code(), "the setting was not kept").with_detail(error)
}

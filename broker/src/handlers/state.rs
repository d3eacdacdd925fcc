//! `state.get`, `state.set`, `state.watch`: values that the windows of the app share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::handler::{Call, Command, HandlerError, NoArgs, Resource};
use crate::state::{StateError, Versioned};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// Null takes the value away.
    value: Value,
    /// The version that the caller saw, 0 for none: with another one by now, it is a `conflict`.
    version: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
struct Done {
    /// The version that the value has now.
    version: u64,
}

pub(super) fn commands() -> [Command; 3] {
    let get = async |call: Call, _: NoArgs| call.state().get(call.key()?).map_err(told);
    let set = async |call: Call, args: Set| {
        let version = call.state().set(call.key()?, &args.value, args.version).map_err(told)?;
        Ok(Done { version })
    };
    let watch = async |call: Call, _: NoArgs| call.state().watch(call.key()?).map_err(told);
    [
        Command::new("state.get", get)
            .takes(Resource::Key)
            .describe("reads a value that the app's windows share")
            .returns::<Versioned>(),
        Command::new("state.set", set)
            .takes(Resource::Key)
            .describe("sets a value that the app's windows share; null takes it away")
            .returns::<Done>(),
        Command::feed("state.watch", watch)
            .takes(Resource::Key)
            .describe("hears what a shared value is, and each time that it is another")
            .returns::<Versioned>(),
    ]
}

fn told(error: StateError) -> HandlerError {
    let (code, message) = match error {
        StateError::Key(_) => ("invalid", "the key is not one of shared values"),
        StateError::Value(_) => ("invalid", "the value cannot be written as JSON"),
        StateError::Conflict { .. } => ("conflict", "the value has another version by now"),
        StateError::TooLarge { .. } => ("too_large", "the value is too large to be shared"),
        StateError::Full => ("full", "there is no room for more shared values"),
    };
    HandlerError::new(code, message).with_detail(error)
}

//! `window.set_title`: a window's own title.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::handler::{Call, Command, HandlerError};

/// The longest title, in bytes: more than any title bar shows.
const MAX_TITLE: usize = 512;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetTitle {
    /// At most 512 bytes, no control characters.
    title: String,
}

#[derive(Serialize, JsonSchema)]
struct Done {}

pub(super) fn set_title() -> Command {
    Command::new("window.set_title", async |call: Call, args: SetTitle| {
        if args.title.len() > MAX_TITLE || args.title.chars().any(char::is_control) {
            let message =
                format!("a title has at most {MAX_TITLE} bytes and no control characters");
            return Err(HandlerError::new("invalid", message));
        }
        call.set_title(&args.title)?;
        Ok(Done {})
    })
    .describe("sets the title of the asking window")
    .returns::<Done>()
}

//! `window.*`: what can be done to windows. Without a `key` a call is about the window that makes it;
//! with one it is about the window of that label, and an entry of the policy allows it where its
//! `key` scope has that label. The label alone is no authority: to an entry without a scope, a call
//! that names another window is out of reach.

mod change;
mod create;
mod look;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::handler::{Call, Command, HandlerError};
use crate::windows::{WindowPort, Windows};

/// All of them. Without a table they are there to be described, and know of no window but the
/// caller's own.
pub(super) fn commands(windows: Option<&Arc<Windows>>) -> Vec<Command> {
    let mut commands = change::commands(windows);
    commands.push(create::create(windows));
    commands.extend(look::commands(windows));
    commands
}

#[derive(Serialize, JsonSchema)]
struct Done {}

/// The window that a call is about.
fn target(
    call: &Call,
    windows: Option<&Arc<Windows>>,
) -> Result<Arc<dyn WindowPort>, HandlerError> {
    match call.named_key() {
        None => Ok(call.port()),
        Some(label) => {
            let found = windows.and_then(|windows| windows.port_of(label));
            found.ok_or_else(|| HandlerError::new("not_found", "there is no such window"))
        }
    }
}

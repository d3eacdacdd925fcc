//! The commands that look at windows and change nothing.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::handler::{Call, Command, HandlerError, NoArgs, Resource};
use crate::windows::Windows;
use crate::wire::Stance;

#[derive(Serialize, JsonSchema)]
struct List {
    /// The open windows, by label.
    windows: Vec<State>,
}

#[derive(Serialize, JsonSchema)]
struct State {
    /// The label.
    window: String,
    /// How it stands; null where its host has not said so yet.
    stands: Option<Stands>,
}

#[derive(Serialize, JsonSchema)]
struct Stands {
    /// From the left of the screen, in logical pixels.
    x: i32,
    /// From the top of the screen, in logical pixels.
    y: i32,
    /// Width of the content, in logical pixels.
    width: u32,
    /// Height of the content, in logical pixels.
    height: u32,
    /// Whether it fills the screen.
    fullscreen: bool,
    /// Whether it is shown.
    visible: bool,
    /// Whether it has the keyboard.
    focused: bool,
    /// Whether it stays above others.
    always_on_top: bool,
}

impl From<Stance> for Stands {
    fn from(stance: Stance) -> Self {
        let Stance { x, y, width, height, fullscreen, visible, focused, always_on_top } = stance;
        Self { x, y, width, height, fullscreen, visible, focused, always_on_top }
    }
}

pub(super) fn commands(windows: Option<&Arc<Windows>>) -> [Command; 2] {
    let (lister, teller) = (windows.cloned(), windows.cloned());
    let list = move |_: Call, _: NoArgs| {
        std::future::ready(Ok::<_, HandlerError>(List { windows: states(lister.as_ref()) }))
    };
    let state = move |call: Call, _: NoArgs| {
        let label = call.named_key().unwrap_or(call.window().as_str());
        let found = states(teller.as_ref()).into_iter().find(|state| state.window == label);
        let none = || HandlerError::new("not_found", "there is no such window");
        std::future::ready(found.ok_or_else(none))
    };
    [
        Command::new("window.list", list)
            .describe("lists the windows that are open and how they stand")
            .returns::<List>(),
        Command::new("window.state", state)
            .may_take(Resource::Key)
            .describe("says how a window stands")
            .returns::<State>(),
    ]
}

fn states(windows: Option<&Arc<Windows>>) -> Vec<State> {
    let list = windows.map(|windows| windows.list()).unwrap_or_default();
    let state = |(label, stance): (sidegate_capabilities::WindowLabel, Option<Stance>)| State {
        window: label.to_string(),
        stands: stance.map(Into::into),
    };
    list.into_iter().map(state).collect()
}

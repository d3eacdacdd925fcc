//! The commands that change a window: each asks its host for one thing.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Done, target};
use crate::app::SIZE;
use crate::handler::{Call, Command, HandlerError, NoArgs, Resource};
use crate::windows::Windows;
use crate::wire::WindowChange;

/// The longest title, in bytes: more than any title bar shows.
const MAX_TITLE: usize = 512;

/// The farthest from the corner of the screen, in logical pixels: the largest desktops are four such
/// screens beside each other.
const MAX_AWAY: i32 = 65_535;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Title {
    /// At most 512 bytes, no control characters.
    title: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Size {
    /// From 64 to 16384, in logical pixels.
    width: u32,
    /// From 64 to 16384, in logical pixels.
    height: u32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Position {
    /// From the left of the screen, in logical pixels.
    x: i32,
    /// From the top of the screen, in logical pixels.
    y: i32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fullscreen {
    /// Whether the window is to fill the screen.
    fullscreen: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AlwaysOnTop {
    /// Whether the window is to stay above others.
    always_on_top: bool,
}

pub(super) fn commands(windows: Option<&Arc<Windows>>) -> Vec<Command> {
    let plain = |change: WindowChange| move |_: NoArgs| Ok(change.clone());
    vec![
        one(windows, "window.close", plain(WindowChange::Close)).describe("closes a window"),
        one(windows, "window.show", plain(WindowChange::Visible(true))).describe("shows a window"),
        one(windows, "window.hide", plain(WindowChange::Visible(false))).describe("hides a window"),
        one(windows, "window.focus", plain(WindowChange::Focus))
            .describe("gives a window the keyboard"),
        one(windows, "window.set_title", title).describe("sets the title of a window"),
        one(windows, "window.set_size", size).describe("sets the size of a window's content"),
        one(windows, "window.set_position", position).describe("moves a window"),
        one(windows, "window.set_fullscreen", |args: Fullscreen| {
            Ok(WindowChange::Fullscreen(args.fullscreen))
        })
        .describe("lets a window fill the screen, or not"),
        one(windows, "window.set_always_on_top", |args: AlwaysOnTop| {
            Ok(WindowChange::AlwaysOnTop(args.always_on_top))
        })
        .describe("keeps a window above others, or not"),
    ]
}

/// A command that makes of its arguments what is done to the window that the call is about.
fn one<A>(
    windows: Option<&Arc<Windows>>,
    name: &str,
    change: impl Fn(A) -> Result<WindowChange, HandlerError> + Send + Sync + 'static,
) -> Command
where
    A: DeserializeOwned + JsonSchema + Send + 'static,
{
    let windows = windows.cloned();
    let handler = move |call: Call, args: A| {
        let done = change(args)
            .and_then(|change| target(&call, windows.as_ref())?.change(change))
            .map(|()| Done {});
        std::future::ready(done)
    };
    Command::new(name, handler).may_take(Resource::Key).returns::<Done>()
}

fn title(args: Title) -> Result<WindowChange, HandlerError> {
    if args.title.len() > MAX_TITLE || args.title.chars().any(char::is_control) {
        let message = format!("a title has at most {MAX_TITLE} bytes and no control characters");
        return Err(HandlerError::new("invalid", message));
    }
    Ok(WindowChange::Title(args.title))
}

fn size(Size { width, height }: Size) -> Result<WindowChange, HandlerError> {
    if !SIZE.contains(&width) || !SIZE.contains(&height) {
        let message = format!("width and height are from {} to {}", SIZE.start(), SIZE.end());
        return Err(HandlerError::new("invalid", message));
    }
    Ok(WindowChange::Size { width, height })
}

fn position(Position { x, y }: Position) -> Result<WindowChange, HandlerError> {
    if [x, y].iter().any(|way| !(-MAX_AWAY..=MAX_AWAY).contains(way)) {
        let message = format!("a window is at most {MAX_AWAY} from the corner of the screen");
        return Err(HandlerError::new("invalid", message));
    }
    Ok(WindowChange::Position { x, y })
}

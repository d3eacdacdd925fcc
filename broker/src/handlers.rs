//! The handlers that every app may have: files, settings, windows, and the app itself. They are
//! written against the same public interface that an app's own handlers use.

mod app;
mod fs;
mod settings;
mod window;

use std::sync::Arc;

use crate::handler::Command;
use crate::settings::Settings;

pub use app::AppInfo;

/// All of them.
pub(crate) fn all(app: AppInfo, store: &Arc<Settings>) -> Vec<Command> {
    let mut commands = fs::commands();
    commands.extend(settings::commands(store));
    commands.push(window::set_title());
    commands.push(app::info(app));
    commands
}

/// The names of the commands that the stock broker answers, for tools that look at a policy
/// without an app.
pub const COMMANDS: [&str; 7] = [
    "app.info",
    "fs.list",
    "fs.read_text",
    "fs.write_text",
    "settings.get",
    "settings.set",
    "window.set_title",
];

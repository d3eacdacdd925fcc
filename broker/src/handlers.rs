//! The handlers that every app may have: files, settings, events, shared state, windows, and the
//! app itself. They are
//! written against the same public interface that an app's own handlers use.

mod app;
mod events;
mod fs;
mod settings;
mod state;
mod window;

use std::sync::Arc;

use crate::handler::{Command, CommandManifest};
use crate::settings::Settings;

pub use app::AppInfo;

/// All of them. Without a store the commands about settings are there, and fail.
pub(crate) fn all(app: AppInfo, store: Option<&Arc<Settings>>) -> Vec<Command> {
    let mut commands = fs::commands();
    commands.extend(settings::commands(store));
    commands.push(events::subscribe());
    commands.extend(state::commands());
    commands.push(window::set_title());
    commands.push(app::info(app));
    commands
}

/// What the stock broker's commands take and answer, for tools that look at a policy without an
/// app.
#[must_use]
pub fn describe() -> CommandManifest {
    CommandManifest::new(all(AppInfo::default(), None).iter().map(|one| one.signature().clone()))
}

/// The names of the commands that the stock broker answers, for tools that look at a policy
/// without an app.
pub const COMMANDS: [&str; 13] = [
    "app.info",
    "events.subscribe",
    "fs.list",
    "fs.read",
    "fs.read_text",
    "fs.write",
    "fs.write_text",
    "settings.get",
    "settings.set",
    "state.get",
    "state.set",
    "state.watch",
    "window.set_title",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Answers;

    #[test]
    fn every_command_has_a_name_in_the_list_a_description_and_a_result() {
        let described = describe();
        let names: Vec<_> = described.commands().iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, COMMANDS);
        for command in described.commands() {
            let has_result = command.result.is_some() || command.answers == Answers::Bytes;
            assert!(command.description.is_some() && has_result, "{command:?}");
        }
    }
}

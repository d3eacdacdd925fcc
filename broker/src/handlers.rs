//! The handlers that every app may have: files, settings, windows, and the app itself. They are
//! written against the same public interface that an app's own handlers use.

mod app;
mod fs;
mod settings;
mod window;

use std::sync::Arc;

use sidegate_capabilities::CommandName;

use crate::handler::{Command, CommandManifest};
use crate::settings::Settings;
use crate::windows::Windows;
use crate::wire::Power;

pub use app::AppInfo;

/// All of them. Without a store the commands about settings are there, and fail.
pub(crate) fn all(
    app: AppInfo,
    store: Option<&Arc<Settings>>,
    windows: Option<&Arc<Windows>>,
) -> Vec<Command> {
    let mut commands = fs::commands();
    commands.extend(settings::commands(store));
    commands.extend(window::commands(windows));
    commands.push(app::info(app));
    commands
}

/// What the stock broker's commands take and answer, for tools that look at a policy without an
/// app.
#[must_use]
pub fn describe() -> CommandManifest {
    CommandManifest::new(
        all(AppInfo::default(), None, None).iter().map(|one| one.signature().clone()),
    )
}

/// The names of the commands that the stock broker answers, for tools that look at a policy
/// without an app.
pub const COMMANDS: [&str; 18] = [
    "app.info",
    "fs.list",
    "fs.read_text",
    "fs.write_text",
    "settings.get",
    "settings.set",
    "window.close",
    "window.create",
    "window.focus",
    "window.hide",
    "window.list",
    "window.set_always_on_top",
    "window.set_fullscreen",
    "window.set_position",
    "window.set_size",
    "window.set_title",
    "window.show",
    "window.state",
];

/// What a capability file grants like a command and no page can call: the host asks for it where a
/// document reaches for something by way of its WebView. For tools that look at a policy.
pub const POWERS: [&str; 10] = [
    Power::Navigate.command(),
    Power::OpenWindow.command(),
    Power::Camera.command(),
    Power::Microphone.command(),
    Power::Geolocation.command(),
    Power::ClipboardRead.command(),
    Power::Notifications.command(),
    Power::DropFiles.command(),
    Power::Devtools.command(),
    Power::Print.command(),
];

/// The same as names.
pub(crate) fn powers() -> impl Iterator<Item = CommandName> {
    POWERS.into_iter().filter_map(|power| CommandName::parse(power).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_power_is_a_command_that_a_page_could_call() {
        assert_eq!(POWERS, Power::ALL.map(Power::command));
        assert!(POWERS.iter().all(|power| !COMMANDS.contains(power)));
    }

    #[test]
    fn every_command_has_a_name_in_the_list_a_description_and_a_result() {
        let described = describe();
        let names: Vec<_> = described.commands().iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, COMMANDS);
        for command in described.commands() {
            assert!(command.description.is_some() && command.result.is_some(), "{command:?}");
        }
    }
}

//! Which commands have handlers: those of the stock broker, and those that an app's `commands.json`
//! tells of.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sidegate::app::Manifest;
use sidegate_tools::commands::{COMMANDS_FILE, Commands, CommandsError, MAX_BYTES};

use crate::report::{Unusable, shown};

/// The commands that an app has handlers for beside the built-in ones: its `commands.json`.
pub(crate) struct OwnCommands {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) commands: Commands,
}

impl OwnCommands {
    /// Reads the file in the app's directory, if there is one.
    pub(crate) fn read(app: &Path) -> Result<Option<Self>, Unusable> {
        let path = app.join(COMMANDS_FILE);
        let unusable = |error: &dyn std::fmt::Display| {
            Unusable::new(format!("cannot read `{}`: {error}", shown(&path)))
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&error)),
        };
        let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let mut text = String::new();
        file.take(most).read_to_string(&mut text).map_err(|error| unusable(&error))?;
        let commands = Commands::parse(&text).map_err(|error| unusable(&error))?;
        Ok(Some(Self { path, text, commands }))
    }

    fn unusable(&self, error: &CommandsError) -> Unusable {
        Unusable::new(format!("cannot read `{}`: {error}", shown(&self.path)))
    }
}

/// The commands of the app in a directory, or the built-in ones alone.
pub(crate) fn of_app(app: Option<&Path>) -> Result<Commands, Unusable> {
    let Some(app) = app else {
        return builtin();
    };
    Manifest::read(app).map_err(Unusable::new)?;
    with_builtin(OwnCommands::read(app)?.as_ref())
}

/// The built-in commands, and the app's own where they are told.
pub(crate) fn with_builtin(own: Option<&OwnCommands>) -> Result<Commands, Unusable> {
    match own {
        None => builtin(),
        Some(own) => builtin()?.with(own.commands.clone()).map_err(|error| own.unusable(&error)),
    }
}

/// The commands that the stock broker answers.
fn builtin() -> Result<Commands, Unusable> {
    let described = serde_json::to_string(&sidegate::describe()).map_err(Unusable::new)?;
    Commands::parse(&described).map_err(Unusable::new)
}

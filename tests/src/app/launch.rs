//! How an app is started: what it sees of the world, and what not.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::{App, AppError, output::Output};
use crate::{binaries::Binaries, display::Display, home::Home};

/// How to start an app.
#[derive(Debug)]
pub struct Launch<'a> {
    /// Its folder, with `sidegate.toml`.
    pub folder: &'a Path,
    /// Its home.
    pub home: &'a Home,
    /// Its display.
    pub display: &'a Display,
    /// The programs.
    pub binaries: Binaries,
    /// More arguments for `sidegate run`.
    pub arguments: Vec<OsString>,
    /// More of the environment. Beside it the app sees its home, its display and `PATH`, nothing
    /// of the tests' own environment.
    pub environment: BTreeMap<OsString, OsString>,
}

impl<'a> Launch<'a> {
    /// The app in `folder`, by the programs beside this one.
    ///
    /// # Errors
    /// [`AppError::Binaries`] where they were not built.
    pub fn new(folder: &'a Path, home: &'a Home, display: &'a Display) -> Result<Self, AppError> {
        let binaries = Binaries::beside_this_program()?;
        let (arguments, environment) = (Vec::new(), BTreeMap::new());
        Ok(Self { folder, home, display, binaries, arguments, environment })
    }

    /// Starts it. The windows come later: wait for them at the [`Desk`](crate::Desk).
    ///
    /// # Errors
    /// [`AppError`] where there is no app, or the system does not start the broker.
    pub fn start(&self) -> Result<App, AppError> {
        let log = self.home.audit_log(&app_id(self.folder)?);
        let failed = |why| AppError::System { what: "the broker cannot be started".into(), why };
        let mut broker = self.command().spawn().map_err(failed)?;
        let (output, errors) = (broker.stdout.take(), broker.stderr.take());
        let (output, errors) = (Output::read(output), Output::read(errors));
        Ok(App { broker, log, output, errors })
    }

    fn command(&self) -> Command {
        let mut command = self.binaries.sidegate();
        command.arg("run").arg(self.folder).args(&self.arguments);
        command.env_clear().current_dir(self.home.path());
        let kept = ["PATH", "RUST_LOG", "RUST_BACKTRACE"];
        command.envs(kept.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.env("LANG", "C.UTF-8").env("XDG_RUNTIME_DIR", self.home.runtime());
        command.envs(self.home.environment()).envs(self.display.environment());
        command.envs(&self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The identifier in an app's manifest.
///
/// # Errors
/// [`AppError::Manifest`] where there is none.
fn app_id(folder: &Path) -> Result<String, AppError> {
    let manifest = folder.join("sidegate.toml");
    let read = fs::read_to_string(&manifest).map_err(|error| error.to_string());
    let parse = |text: String| text.parse::<toml::Table>().map_err(|error| error.to_string());
    let id = read.and_then(parse).and_then(|table| {
        let id = table.get("id").and_then(toml::Value::as_str).map(str::to_owned);
        id.ok_or_else(|| "there is no such key".to_owned())
    });
    id.map_err(|why| AppError::Manifest { manifest, why })
}

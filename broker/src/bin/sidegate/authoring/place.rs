//! Where a policy is: capability files, directories of them, or the directory of an app, whose
//! `policies` are meant then. The app's identifier, found in the manifest beside or above the
//! files, says what `$APPDATA` and the like stand for.

use std::path::{Path, PathBuf};

use sidegate::app::{AppDirectories, AppId, Manifest};
use sidegate::capabilities::{
    CommandName, Compiled, Context, Diagnostics, Directories, Platform, Policy, Severity, Sources,
    WindowLabel,
};
use sidegate_tools::commands::Commands;

use super::known::{self, OwnCommands};
use crate::report::Unusable;

/// The manifest's file.
pub(crate) const MANIFEST: &str = "sidegate.toml";

/// What policies without an app are compiled for.
pub(crate) const NO_APP: &str = "org.example.app";

/// Where it would lie; it need not be there.
pub(crate) const NO_RESOURCES: &str = "/usr/lib/org.example.app";

/// A policy's files, what their variables stand for here, and the app that they are of.
pub(crate) struct Place {
    pub(crate) sources: Sources,
    /// The commands of the app's own, if it says so.
    pub(crate) own: Option<OwnCommands>,
    directories: Directories,
    app: Option<AppId>,
    /// The directory of the app, as it was given, where one was.
    root: Option<PathBuf>,
}

impl Place {
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Unusable> {
        let mut files = Vec::with_capacity(paths.len());
        let mut app = None;
        let mut root = None;
        for path in paths {
            let is_app = path.join(MANIFEST).is_file();
            if is_app && root.is_none() {
                root = Some(path.clone());
            }
            files.push(if is_app { path.join("policies") } else { path.clone() });
            if app.is_none() {
                app = app_of(path)?;
            }
        }
        let own = app.as_ref().map(|(_, directory)| OwnCommands::read(directory)).transpose()?;
        let (id, resources) = match &app {
            Some(app) => app.clone(),
            None => (AppId::parse(NO_APP).map_err(Unusable::new)?, PathBuf::from(NO_RESOURCES)),
        };
        let directories = AppDirectories::of(&id, &resources).map_err(Unusable::new)?;
        Ok(Self {
            own: own.flatten(),
            sources: Sources::read(&files).map_err(Unusable::new)?,
            directories: directories.variables().map_err(Unusable::new)?,
            app: app.map(|(id, _)| id),
            root,
        })
    }

    /// The windows of the app, where the directory of one was given.
    pub(crate) fn windows(&self) -> Result<Vec<WindowLabel>, Unusable> {
        let Some(root) = self.root() else {
            return Ok(Vec::new());
        };
        let manifest = Manifest::read(root).map_err(Unusable::new)?;
        Ok(manifest.windows.into_iter().map(|window| window.label).collect())
    }

    /// The app that the files belong to.
    pub(crate) fn app(&self) -> Option<&AppId> {
        self.app.as_ref()
    }

    /// The directory of an app, as it was given, where one was.
    pub(crate) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The commands that have handlers: the built-in ones, and the app's own where they are told.
    pub(crate) fn commands(&self) -> Result<Commands, Unusable> {
        known::with_builtin(self.own.as_ref())
    }

    /// What the variables stand for.
    pub(crate) fn directories(&self) -> &Directories {
        &self.directories
    }

    /// The policy, for questions that only one that compiles can answer.
    pub(crate) fn policy(&self) -> Result<Policy, Unusable> {
        match self.compile(None) {
            Ok(compiled) => Ok(compiled.policy),
            Err(diagnostics) => Err(Unusable::of_policy(&diagnostics, &self.sources)),
        }
    }

    /// Compiles it. `commands` are the ones that have handlers, where that is known.
    pub(crate) fn compile(
        &self,
        commands: Option<&[CommandName]>,
    ) -> Result<Compiled, Diagnostics> {
        Policy::compile(&self.sources, &Context::new(&self.directories).commands(commands))
    }

    /// Compiles it for the directories of another place, so that the two policies can be compared.
    pub(crate) fn compile_beside(
        &self,
        other: &Self,
        platform: Platform,
    ) -> Result<Compiled, Diagnostics> {
        Policy::compile(&self.sources, &Context::new(&other.directories).platform(platform))
    }

    /// Whether it may say something else on another operating system.
    pub(crate) fn names_platforms(&self) -> bool {
        let mut texts = self.sources.names().filter_map(|name| self.sources.text(name));
        texts.any(|text| text.contains("platforms"))
    }

    /// Errors that it has on other operating systems alone: an invariant that what is kept to one
    /// of them breaks, say.
    pub(crate) fn errors_elsewhere(&self, commands: Option<&[CommandName]>) -> Diagnostics {
        let others = elsewhere().filter(|_| self.names_platforms());
        let errors = others.flat_map(|platform| {
            let context = Context::new(&self.directories).commands(commands).platform(platform);
            let errors = Policy::compile(&self.sources, &context).err().unwrap_or_default();
            let mut errors: Vec<_> = errors.iter().cloned().collect();
            errors.retain(|found| found.severity == Severity::Error);
            errors
                .iter_mut()
                .for_each(|error| error.message.push_str(&format!(" (on {platform})")));
            errors
        });
        errors.collect()
    }
}

/// The operating systems but this one.
pub(crate) fn elsewhere() -> impl Iterator<Item = Platform> {
    Platform::ALL.into_iter().filter(|platform| *platform != Platform::current())
}

/// What variables stand for where no policy is at hand: for the app of that identifier, or for none.
pub(crate) fn directories_of(app: Option<&str>) -> Result<Directories, Unusable> {
    let id = AppId::parse(app.unwrap_or(NO_APP)).map_err(Unusable::new)?;
    let directories = AppDirectories::of(&id, Path::new(NO_RESOURCES)).map_err(Unusable::new)?;
    directories.variables().map_err(Unusable::new)
}

/// The app that `path` is, or lies in.
fn app_of(path: &Path) -> Result<Option<(AppId, PathBuf)>, Unusable> {
    let Ok(whole) = path.canonicalize() else {
        return Ok(None);
    };
    let Some(directory) = whole.ancestors().find(|above| above.join(MANIFEST).is_file()) else {
        return Ok(None);
    };
    let manifest = Manifest::read(directory).map_err(Unusable::new)?;
    Ok(Some((manifest.id, directory.to_owned())))
}

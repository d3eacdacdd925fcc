//! `sidegate lsp`: the language server for capability files, on standard input and output. What it
//! answers is in `sidegate_tools`; here is only what surrounds a file: the app's folder, its
//! windows, its directories, its commands.

use std::io;
use std::path::Path;

use sidegate::POWERS;
use sidegate::app::{AppDirectories, AppId, Manifest};
use sidegate::capabilities::{CommandName, Directories};
use sidegate_tools::lsp::{Command, Ended, Surroundings, serve};

use super::known;
use super::place::{MANIFEST, NO_APP, NO_RESOURCES};
use crate::report::{Outcome, Unusable};

/// The folder of an app that holds its capability files.
const POLICIES: &str = "policies";

/// Answers an editor about capability files, over standard input and output
#[derive(clap::Args)]
#[command(after_help = "\
It speaks the Language Server Protocol; an editor starts it. A file beneath a folder `policies` is \
looked at together with the others there, as `sidegate check` would; any other capability file by \
itself.

Exit status: 0 when the editor shut it down, 1 when it went without, 2 when what it sends cannot \
be read.

Examples:
  sidegate lsp
  sidegate lsp --command notes.save --command notes.share")]
pub(crate) struct Lsp {
    /// A command that the app has a handler for, beside the built-in ones and those of its
    /// commands.json; may be repeated
    #[arg(long = "command", value_name = "NAME")]
    commands: Vec<String>,
    /// Takes any name for a command's, where the app's own commands are not known
    #[arg(long, conflicts_with = "commands")]
    any_command: bool,
    /// Editors name the transport; this is the only one
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let named = (!self.any_command).then(|| self.named()).transpose()?;
        let finder = |path: Option<&Path>| surroundings(path, named.as_deref());
        let input = io::BufReader::new(io::stdin());
        let mut output = io::stdout().lock();
        match serve(input, &mut output, &finder) {
            Ok(ended) => Ok(Outcome::of(ended == Ended::Properly)),
            // Its editor is gone, which is not a reader that has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outcome::DoesNotHold),
            Err(error) => Err(Unusable::new(format!("the editor's messages: {error}"))),
        }
    }

    fn named(&self) -> Result<Vec<Command>, Unusable> {
        let command = |name: &String| {
            CommandName::parse(name)
                .map_err(|error| Unusable::new(format!("`{name}`: {error}")))?;
            Ok(Command { name: name.clone(), ..Command::default() })
        };
        self.commands.iter().map(command).collect()
    }
}

/// What surrounds a file: for one of an app, the app; for any other, nothing.
fn surroundings(path: Option<&Path>, named: Option<&[Command]>) -> Option<Surroundings> {
    let app = path.and_then(|path| path.ancestors().skip(1).find(|at| at.join(MANIFEST).is_file()));
    let commands = named.map(|named| [&known(app), named].concat());
    let (Some(path), Some(app)) = (path, app) else {
        let id = AppId::parse(NO_APP).ok()?;
        let directories = directories(&id, Path::new(NO_RESOURCES));
        let mut above = path.into_iter().flat_map(|path| path.ancestors().skip(1));
        let policies = above.find(|at| at.ends_with(POLICIES) && at.is_dir());
        let roots = policies.map(Path::to_owned).into_iter().collect();
        return Some(Surroundings { roots, directories, commands, windows: Vec::new() });
    };
    let policies = app.join(POLICIES);
    // The app's other files in TOML, its manifest first of all, are none of this language.
    path.strip_prefix(&policies).ok()?;
    // With a manifest that cannot be read the files are looked at all the same, as those of an app
    // without a name.
    let manifest = Manifest::read(app).ok();
    let id = match &manifest {
        Some(manifest) => manifest.id.clone(),
        None => AppId::parse(NO_APP).ok()?,
    };
    let windows = manifest.iter().flat_map(|manifest| &manifest.windows);
    Some(Surroundings {
        // A folder that is not there yet is the one file that is about to be.
        roots: vec![if policies.is_dir() { policies } else { path.to_owned() }],
        directories: directories(&id, app),
        commands,
        windows: windows.map(|window| window.label.to_string()).collect(),
    })
}

/// The commands that have handlers: the built-in ones, and the app's own where it says which.
fn known(app: Option<&Path>) -> Vec<Command> {
    // A commands.json that cannot be read is for `check` to tell of; the built-in ones are there.
    let known = known::of_app(app).or_else(|_| known::of_app(None)).unwrap_or_default();
    let commands = known.iter().map(|(_, signature)| Command::from(signature));
    let powers = POWERS.into_iter().map(|power| Command {
        name: power.to_owned(),
        description: "no call: what a document reaches for by way of its WebView".to_owned(),
        ..Command::default()
    });
    commands.chain(powers).collect()
}

/// What the variables stand for; without a home to speak of, for nothing.
fn directories(app: &AppId, resources: &Path) -> Directories {
    let directories = AppDirectories::of(app, resources).ok();
    directories.and_then(|found| found.variables().ok()).unwrap_or_default()
}

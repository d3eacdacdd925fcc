//! `sidegate commands`: which commands there are to be granted and called.

use std::path::PathBuf;

use serde_json::json;
use sidegate_tools::commands::{Commands as Known, Signature};

use super::known;
use crate::report::{self, Outcome, Unusable};

/// Lists the commands that an app has handlers for, and what each takes
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the commands are known, 2 when the app or its commands.json cannot be read.

An app says in commands.json, beside its sidegate.toml, which commands it has beside the built-in \
ones. Its core writes the file: `Broker::describe` is its content.

Examples:
  sidegate commands
  sidegate commands my-app --json")]
pub(crate) struct Commands {
    /// The directory of an app; without it the built-in commands are listed
    #[arg(value_name = "APP_DIR")]
    app: Option<PathBuf>,
    /// Prints one JSON object, in the form of commands.json
    #[arg(long)]
    json: bool,
}

impl Commands {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let commands = known::of_app(self.app.as_deref())?;
        if self.json {
            let list: Vec<_> = commands.iter().map(|(_, signature)| signature).collect();
            report::print(format_args!("{}\n", json!({ "version": 1, "commands": list })))?;
        } else {
            report::print(table(&commands))?;
        }
        Ok(Outcome::Holds)
    }
}

/// A line for each: the name, what it takes, what it does.
fn table(known: &Known) -> String {
    let rows: Vec<_> = known.iter().map(|(_, command)| (command, takes(command))).collect();
    let width = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or_default();
    let name = width(&mut rows.iter().map(|(command, _)| command.name.chars().count()));
    let arguments = width(&mut rows.iter().map(|(_, takes)| takes.chars().count()));
    let mut out = String::new();
    for (command, takes) in rows {
        let description = command.description.as_deref().unwrap_or_default();
        let line = format!("{:name$}  {takes:arguments$}  {description}", command.name);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The names of the arguments, `?` behind those that a call may leave out.
fn takes(command: &Signature) -> String {
    let resources = command.resources.iter().map(|resource| resource.argument().to_owned());
    let optional = command.optional.iter().map(|resource| format!("{}?", resource.argument()));
    let resources = resources.chain(optional);
    let Some(args) = &command.args else {
        return resources.chain(["…".to_owned()]).collect::<Vec<_>>().join(", ");
    };
    let required = args.get("required").and_then(|list| list.as_array());
    let is_required = |name: &str| required.is_some_and(|list| list.iter().any(|one| one == name));
    let properties = args.get("properties").and_then(|properties| properties.as_object());
    let others = properties
        .into_iter()
        .flatten()
        .map(|(name, _)| if is_required(name) { name.clone() } else { format!("{name}?") });
    resources.chain(others).collect::<Vec<_>>().join(", ")
}

//! What a document is judged in: the files beside it, and what the app around it has. Finding that
//! is the caller's work, who knows what an app is.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sidegate_capabilities::Directories;

use crate::commands::Signature;

/// What there is around a capability file.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The files and directories that are one policy with it; none: it is one by itself.
    pub roots: Vec<PathBuf>,
    /// What the variables stand for.
    pub directories: Directories,
    /// The commands that have handlers; `None` where they are not known.
    pub commands: Option<Vec<Command>>,
    /// The labels of the app's windows, as far as they are known.
    pub windows: Vec<String>,
}

/// A command, as it is told to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence; may be empty.
    pub description: String,
    /// The members of its arguments: the name, and what it is.
    pub arguments: Vec<(String, String)>,
}

impl From<&Signature> for Command {
    fn from(signature: &Signature) -> Self {
        let resource = |argument: &str| {
            let about = match argument {
                "path" => "the file or directory; begins with a variable, like `$APPDATA/a.md`",
                "url" => "the address",
                _ => "the key: words joined by dots",
            };
            (argument.to_owned(), about.to_owned())
        };
        let resources = signature.resources.iter().chain(&signature.optional);
        let resources = resources.map(|taken| resource(taken.argument()));
        let properties = signature.args.as_ref().and_then(|args| args.get("properties"));
        let members = properties.and_then(Value::as_object).into_iter().flatten();
        let members = members.map(|(name, schema)| (name.clone(), described(schema)));
        Self {
            name: signature.name.clone(),
            description: signature.description.clone().unwrap_or_default(),
            arguments: resources.chain(members).collect(),
        }
    }
}

/// What a schema says of itself, or the type that it asks for.
fn described(schema: &Value) -> String {
    let says = |key| schema.get(key).and_then(Value::as_str);
    says("description").or_else(|| says("type")).unwrap_or("any value").to_owned()
}

/// Tells what surrounds the document at a path (`None`: one that has no file); `None` where what
/// is there is no capability file.
pub type Finder<'f> = dyn Fn(Option<&Path>) -> Option<Surroundings> + 'f;

//! The commands of an app, as its `commands.json` describes them: what each takes and answers. A
//! broker writes the file for the handlers it has; `policies/schemas/commands.json` documents it.
//!
//! A description grants nothing and checks no call: the broker holds a call to its own handler's
//! schema, whatever this file says.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sidegate_capabilities::{CommandName, NameError};

/// The name of the file, beside the app's `sidegate.toml`.
pub const COMMANDS_FILE: &str = "commands.json";

/// The most bytes of the file: a thousand commands with rich schemas are about half of it.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The one version of the format.
const VERSION: u32 = 1;

/// An argument that names a resource, and the scope of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// A file or directory.
    Path,
    /// An address.
    Url,
    /// A dotted name.
    Key,
}

impl Resource {
    /// The name of the argument.
    #[must_use]
    pub fn argument(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Url => "url",
            Self::Key => "key",
        }
    }
}

/// One command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Its name.
    pub name: String,
    /// One sentence on what it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The resources that it takes; a call without one of them is refused.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Those that it takes where a call names one, and does without where none does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<Resource>,
    /// The JSON Schema of the arguments beside the resources. `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Map<String, Value>>,
    /// The JSON Schema of the result. `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

/// Commands by name, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commands(Vec<(CommandName, Signature)>);

/// Why a text does not describe commands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandsError {
    /// More than [`MAX_BYTES`].
    #[error("the file is larger than 4 MiB")]
    TooLarge,
    /// Not JSON, or not of this form.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// A version that is not known.
    #[error("there is no version `{0}` of this file; write `\"version\": 1`")]
    Version(u32),
    /// A name that no command has.
    #[error("`{0}` is not the name of a command: {1}")]
    Name(String, NameError),
    /// One name, two descriptions.
    #[error("the command `{0}` stands there twice")]
    Twice(String),
    /// The arguments name a resource of their own.
    #[error("the arguments of `{0}` have a member `{1}`: name it in `resources` instead")]
    Resource(String, &'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    commands: Vec<Signature>,
}

impl Commands {
    /// Reads the text of a `commands.json`.
    ///
    /// # Errors
    /// [`CommandsError`]; serde's messages have line and column.
    pub fn parse(text: &str) -> Result<Self, CommandsError> {
        if text.len() > MAX_BYTES {
            return Err(CommandsError::TooLarge);
        }
        let written: Written = serde_json::from_str(text)?;
        if written.version != VERSION {
            return Err(CommandsError::Version(written.version));
        }
        let mut commands = Self::default();
        for signature in written.commands {
            commands.add(signature)?;
        }
        Ok(commands)
    }

    /// These and `others`.
    ///
    /// # Errors
    /// [`CommandsError::Twice`].
    pub fn with(mut self, others: Self) -> Result<Self, CommandsError> {
        others.0.into_iter().try_for_each(|(_, signature)| self.add(signature))?;
        Ok(self)
    }

    /// Each of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&CommandName, &Signature)> {
        self.0.iter().map(|(name, signature)| (name, signature))
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &CommandName> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The command of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Signature> {
        let at = self.0.binary_search_by(|(found, _)| found.as_str().cmp(name)).ok()?;
        self.0.get(at).map(|(_, signature)| signature)
    }

    fn add(&mut self, signature: Signature) -> Result<(), CommandsError> {
        let name = CommandName::parse(&signature.name)
            .map_err(|error| CommandsError::Name(signature.name.clone(), error))?;
        let properties = signature.args.as_ref().and_then(|args| args.get("properties"));
        for resource in [Resource::Path, Resource::Url, Resource::Key] {
            let argument = resource.argument();
            if properties.and_then(|properties| properties.get(argument)).is_some() {
                return Err(CommandsError::Resource(signature.name, argument));
            }
        }
        match self.0.binary_search_by(|(found, _)| found.cmp(&name)) {
            Ok(_) => Err(CommandsError::Twice(signature.name)),
            Err(at) => {
                self.0.insert(at, (name, signature));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_file_is_said() {
        let command = r#"{"name":"a.b","args":{"properties":{"text":{}}}}"#;
        for (text, expected) in [
            ("", "EOF"),
            ("[]", "invalid length 0"),
            (r#"{"version":1}"#, "missing field `commands`"),
            (r#"{"version":2,"commands":[]}"#, "no version `2`"),
            (r#"{"version":1,"commands":[],"more":1}"#, "unknown field `more`"),
            (r#"{"version":1,"commands":[{"name":"A"}]}"#, "`A` is not the name"),
            (r#"{"version":1,"commands":[{"name":"a","resources":["file"]}]}"#, "`file`"),
            (
                &format!(r#"{{"version":1,"commands":[{command},{command}]}}"#),
                "`a.b` stands there twice",
            ),
            (
                &format!(r#"{{"version":1,"commands":[{}]}}"#, command.replace("text", "path")),
                "have a member `path`",
            ),
        ] {
            let error = Commands::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn commands_are_found_by_name() {
        let text = r#"{"version":1,"commands":[{"name":"b"},{"name":"a.x","resources":["url"]}]}"#;
        let commands = Commands::parse(text).unwrap();
        assert_eq!(commands.names().map(CommandName::as_str).collect::<Vec<_>>(), ["a.x", "b"]);
        assert_eq!(commands.get("a.x").unwrap().resources, [Resource::Url]);
        assert!(commands.get("c").is_none());
        assert!(commands.clone().with(commands).is_err());
    }
}

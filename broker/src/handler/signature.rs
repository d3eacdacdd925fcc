//! What there is to know of a command without calling it: the form in which a broker describes its
//! commands to tools. `policies/schemas/commands.json` documents it as JSON.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Resource;

/// A command's name, what it does, what it takes and what it answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Signature {
    /// Its name.
    pub name: String,
    /// One sentence on what it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The resources that it takes, each by the argument of that name.
    pub resources: Vec<Resource>,
    /// The resources that it takes where a call names one, and does without where none does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<Resource>,
    /// The JSON Schema of the arguments beside the resources.
    pub args: Map<String, Value>,
    /// The JSON Schema of the result, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

impl Signature {
    pub(super) fn new(name: String, args: Map<String, Value>) -> Self {
        Self {
            name,
            description: None,
            resources: Vec::new(),
            optional: Vec::new(),
            args,
            result: None,
        }
    }
}

/// The commands of an app as its `commands.json` has them, so that tools know what its policy may
/// grant and its pages may call.
///
/// ```
/// # use sidegate::{Command, CommandManifest, HandlerError, NoArgs};
/// let ping = Command::new("ping", async |_, _: NoArgs| Ok::<_, HandlerError>("pong"))
///     .describe("answers, to show that the core is there")
///     .returns::<String>();
/// let manifest = CommandManifest::new([ping.signature().clone()]);
/// assert!(serde_json::to_string(&manifest).unwrap().starts_with(r#"{"version":1,"commands":[{"name":"ping""#));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommandManifest {
    version: u32,
    commands: Vec<Signature>,
}

impl CommandManifest {
    /// The manifest of these commands, sorted by name.
    #[must_use]
    pub fn new(commands: impl IntoIterator<Item = Signature>) -> Self {
        let mut commands: Vec<_> = commands.into_iter().collect();
        commands.sort_by(|one, other| one.name.cmp(&other.name));
        Self { version: 1, commands }
    }

    /// The commands, sorted by name.
    #[must_use]
    pub fn commands(&self) -> &[Signature] {
        &self.commands
    }
}

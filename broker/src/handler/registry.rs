//! All commands that there are handlers for. It is filled while the broker is built and does
//! not change after that.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use sidegate_capabilities::CommandName;
use sidegate_schemas::Schema;

use super::service::Service;
use super::{Command, CommandManifest, Layers, Resource, Signature, schema};

/// Why a command was not taken. All of these are the app's developer's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The name is not one.
    #[error("`{name}` is not the name of a command: {problem}")]
    Name {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is a handler of that name.
    #[error("there are two handlers for the command `{0}`")]
    Twice(CommandName),
    /// The arguments have a member that is the name of a resource, which the command does not
    /// take (`Command::takes`), or takes and names again.
    #[error(
        "the arguments of `{command}` have a member `{argument}` of their own: \
         a resource reaches the handler through the call alone"
    )]
    ResourceInArguments {
        /// The command.
        command: CommandName,
        /// The name of the resource.
        argument: &'static str,
    },
    /// A layer was to stand round what is no command.
    #[error("there is no command `{0}` to put a layer round")]
    NothingAround(String),
    /// The schema of the arguments does not compile.
    #[error("the schema of the arguments of `{command}` does not compile: {problem}")]
    Schema {
        /// The command.
        command: CommandName,
        /// What is wrong with it.
        problem: String,
    },
}

/// A command as the pipeline needs it.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) signature: Signature,
    pub(crate) service: Service,
    compiled: Arc<Schema>,
}

impl Registered {
    /// Whether the command takes such a resource, always or where one is named.
    pub(crate) fn takes(&self, resource: Resource) -> bool {
        self.resources().any(|taken| taken == resource)
    }

    /// The resources that it takes, always or where one is named.
    pub(crate) fn resources(&self) -> impl Iterator<Item = Resource> {
        let Signature { resources, optional, .. } = &self.signature;
        resources.iter().chain(optional).copied()
    }

    /// What its arguments are held against.
    pub(crate) fn validator(&self) -> &Arc<Schema> {
        &self.compiled
    }

    /// The first thing wrong with `args`: a JSON pointer and a sentence that names no value.
    pub(crate) fn fault(&self, args: &Value) -> Option<(String, String)> {
        let fault = self.compiled.fault(args, "value")?;
        Some((fault.pointer, fault.message))
    }
}

/// Commands by name.
#[derive(Debug, Default)]
pub(crate) struct Registry(HashMap<CommandName, Registered>);

impl Registry {
    /// These commands, with `layers` round their handlers.
    pub(crate) fn new(commands: Vec<Command>, layers: &Layers) -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        for command in commands {
            registry.add(command)?;
        }
        for (name, wrap) in layers.among(&registry.names())? {
            if let Some(registered) = registry.0.get_mut(&name) {
                registered.service = registered.service.clone().within(&wrap);
            }
        }
        Ok(registry)
    }

    pub(crate) fn get(&self, name: &CommandName) -> Option<&Registered> {
        self.0.get(name)
    }

    pub(crate) fn names(&self) -> Vec<CommandName> {
        let mut names: Vec<_> = self.0.keys().cloned().collect();
        names.sort();
        names
    }

    /// All of them, as tools have them.
    pub(crate) fn manifest(&self) -> CommandManifest {
        CommandManifest::new(self.0.values().map(|command| command.signature.clone()))
    }

    fn add(&mut self, command: Command) -> Result<(), RegistryError> {
        let name = command.name()?;
        for resource in [Resource::Path, Resource::Key, Resource::Url] {
            let argument = resource.argument();
            let properties = command.signature.args.get("properties");
            if properties.and_then(|properties| properties.get(argument)).is_some() {
                return Err(RegistryError::ResourceInArguments { command: name, argument });
            }
        }
        let Command { signature, service } = command;
        let schema = schema::with_resources(
            signature.args.clone(),
            &signature.resources,
            &signature.optional,
        );
        let compiled = Schema::of_handler(&schema).map_err(|problem| RegistryError::Schema {
            command: name.clone(),
            problem: problem.to_string(),
        })?;
        let registered = Registered { signature, service, compiled: Arc::new(compiled) };
        match self.0.insert(name.clone(), registered) {
            None => Ok(()),
            Some(_) => Err(RegistryError::Twice(name)),
        }
    }
}

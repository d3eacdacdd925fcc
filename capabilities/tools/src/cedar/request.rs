//! A call as a Cedar request.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sidegate_capabilities::memberships::Membership;
use sidegate_capabilities::{Args, CommandName, Origin, WallTime, WindowLabel};

use super::Export;

/// A call as the exported policies are asked about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The entity that calls.
    pub principal: String,
    /// What it does.
    pub action: String,
    /// What it is done to.
    pub resource: String,
    /// All that the policies look at.
    pub context: Value,
}

impl Export {
    /// The request for a call.
    #[must_use]
    pub fn request(
        &self,
        window: &WindowLabel,
        origin: &Origin,
        now: WallTime,
        command: &CommandName,
        args: &Args,
    ) -> Request {
        let found = self.policy.memberships(args);
        let schemas = self.schemas().filter(|(_, schema)| found.schemas.contains(schema));
        let names: Vec<_> = schemas.map(|(name, _)| name).collect();
        let mut context = Map::new();
        let mut put = |name: &str, value: Value| context.insert(name.to_owned(), value);
        put("now", now.unix().into());
        put("window", window.as_str().into());
        put("origin", origin.to_string().into());
        put("command", command.as_str().into());
        put("schemas", names.into());
        for (name, membership) in [("path", found.path), ("url", found.url), ("key", found.key)] {
            if let Some(value) = resource(&membership) {
                put(name, value);
            }
        }
        Request {
            principal: format!("Sidegate::Window::\"{window}\""),
            action: "Sidegate::Action::\"call\"".to_owned(),
            resource: "Sidegate::App::\"app\"".to_owned(),
            context: context.into(),
        }
    }
}

/// An argument that names a resource; nothing where the call has none.
fn resource(membership: &Membership<'_>) -> Option<Value> {
    let none = BTreeSet::new();
    let (unreadable, allowed, denied) = match membership {
        Membership::Absent => return None,
        Membership::Named { allow, deny } => (false, allow, deny),
        Membership::Unreadable => (true, &none, &none),
    };
    Some(json!({ "unreadable": unreadable, "allowed": allowed, "denied": denied }))
}

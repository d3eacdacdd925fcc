//! The files of a Tauri app as they are written. What Tauri passes over in silence is an error here:
//! a key that is misspelt is a rule that does not hold.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The key of the app's own permissions among those of its plugins.
pub(crate) const APP: &str = "__app-acl__";

/// A capability: which windows may use which permissions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Capability {
    /// Its name.
    pub identifier: String,
    /// What its author says of it.
    #[serde(default)]
    pub description: String,
    /// Pages of others that it is for.
    pub remote: Option<Remote>,
    /// Whether it is for the app's own pages.
    #[serde(default = "yes")]
    pub local: bool,
    /// Patterns of window labels.
    #[serde(default)]
    pub windows: Vec<String>,
    /// Patterns of webview labels.
    #[serde(default)]
    pub webviews: Vec<String>,
    /// The permissions.
    pub permissions: Vec<Use>,
    /// Operating systems; all where there is none.
    pub platforms: Option<Vec<String>>,
    #[serde(default, rename = "$schema")]
    #[expect(dead_code, reason = "taken, and of no consequence")]
    schema: Option<IgnoredAny>,
}

/// Pages that are not the app's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Remote {
    /// `URLPattern`s of their addresses.
    pub urls: Vec<String>,
}

/// A permission as a capability names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Use {
    /// By its name alone.
    Plain(String),
    /// With more scope.
    Scoped(ScopedUse),
}

/// A permission with more scope.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ScopedUse {
    /// Its name.
    pub identifier: String,
    /// What it may touch.
    pub allow: Option<Vec<Value>>,
    /// What it may not.
    pub deny: Option<Vec<Value>>,
}

/// What a plugin, or the app, offers.
#[derive(Debug, Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// What `plugin:default` stands for.
    pub default_permission: Option<PermissionSet>,
    /// Permissions by name.
    #[serde(default)]
    pub permissions: BTreeMap<String, Permission>,
    /// Sets by name.
    #[serde(default)]
    pub permission_sets: BTreeMap<String, PermissionSet>,
    /// What the plugin's scopes look like. Its plain presence says that it has some.
    #[serde(default)]
    pub global_scope_schema: Option<Value>,
}

/// A permission.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Permission {
    #[serde(default)]
    #[expect(dead_code, reason = "taken, and of no consequence")]
    version: Option<IgnoredAny>,
    /// Its name, without the plugin's.
    pub identifier: String,
    #[serde(default)]
    #[expect(dead_code, reason = "taken, and of no consequence")]
    description: Option<IgnoredAny>,
    /// Commands.
    #[serde(default)]
    pub commands: Commands,
    /// What they may touch.
    #[serde(default)]
    pub scope: Scopes,
    /// Operating systems; all where there is none.
    pub platforms: Option<Vec<String>>,
}

/// The commands of a permission.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Commands {
    /// Those it allows.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Those it denies.
    #[serde(default)]
    pub deny: Vec<String>,
}

/// What commands may touch. The shape of an element is the plugin's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scopes {
    /// What they may.
    pub allow: Option<Vec<Value>>,
    /// What they may not.
    pub deny: Option<Vec<Value>>,
}

/// Permissions under one name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PermissionSet {
    /// Its name.
    pub identifier: String,
    #[serde(default)]
    #[expect(dead_code, reason = "taken, and of no consequence")]
    description: Option<IgnoredAny>,
    /// Their names.
    pub permissions: Vec<String>,
}

/// A file of permissions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PermissionFile {
    /// What `default` stands for.
    pub default: Option<DefaultPermission>,
    /// Sets.
    #[serde(default)]
    pub set: Vec<PermissionSet>,
    /// Permissions.
    #[serde(default)]
    pub permission: Vec<Permission>,
    #[serde(default, rename = "$schema")]
    #[expect(dead_code, reason = "taken, and of no consequence")]
    schema: Option<IgnoredAny>,
}

/// What `default` stands for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DefaultPermission {
    #[serde(default)]
    #[expect(dead_code, reason = "taken, and of no consequence")]
    version: Option<IgnoredAny>,
    #[serde(default)]
    #[expect(dead_code, reason = "taken, and of no consequence")]
    description: Option<IgnoredAny>,
    /// The permissions.
    pub permissions: Vec<String>,
}

impl Capability {
    /// Whether it is for the same windows and origins as another.
    pub(crate) fn has_audience_of(&self, other: &Self) -> bool {
        let urls = |one: &Self| one.remote.as_ref().map(|remote| remote.urls.clone());
        self.windows == other.windows
            && self.webviews == other.webviews
            && self.local == other.local
            && urls(self) == urls(other)
    }
}

impl Use {
    /// The permission's name.
    #[must_use]
    pub fn identifier(&self) -> &str {
        match self {
            Self::Plain(identifier) => identifier,
            Self::Scoped(scoped) => &scoped.identifier,
        }
    }

    pub(crate) fn scope(&self) -> Scopes {
        match self {
            Self::Plain(_) => Scopes::default(),
            Self::Scoped(scoped) => {
                Scopes { allow: scoped.allow.clone(), deny: scoped.deny.clone() }
            }
        }
    }
}

impl Scopes {
    pub(crate) fn is_empty(&self) -> bool {
        self.allow.is_none() && self.deny.is_none()
    }

    /// Both, one after the other.
    pub(crate) fn and(&self, more: &Self) -> Self {
        let join = |one: &Option<Vec<Value>>, other: &Option<Vec<Value>>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one.iter().chain(other).flatten().cloned().collect()),
        };
        Self { allow: join(&self.allow, &more.allow), deny: join(&self.deny, &more.deny) }
    }
}

impl Manifest {
    /// Adds what a file says; what was said before under the same name no longer holds.
    pub fn add(&mut self, file: PermissionFile) {
        if let Some(default) = file.default {
            let permissions = default.permissions;
            let identifier = "default".to_owned();
            self.default_permission =
                Some(PermissionSet { identifier, description: None, permissions });
        }
        let named = |permission: Permission| (permission.identifier.clone(), permission);
        self.permissions.extend(file.permission.into_iter().map(named));
        self.permission_sets.extend(file.set.into_iter().map(|set| (set.identifier.clone(), set)));
    }
}

fn yes() -> bool {
    true
}

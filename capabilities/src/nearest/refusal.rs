//! Whether an edit would be taken: what is proposed has to compile. A grant that needs a reason
//! (`dangerous`) is not proposed without one, and the reason is the author's to give; nor is one that
//! breaks an invariant.

use std::sync::Arc;

use super::Edit;
use super::search::Question;
use crate::capability::{Capability, WindowPattern};
use crate::compile::{may_change, reached_place};
use crate::origin::OriginPattern;
use crate::rule::{CommandPattern, Entry, Rule};
use crate::scope::{Argument, KeyPattern, PathPattern, UrlPattern};
use crate::verdict::{Effect, RuleRef};

impl Question<'_> {
    /// Why the policy would not compile once it is edited.
    pub(super) fn refusal(&self, edit: &Edit) -> Option<String> {
        let edited = self.edited(edit);
        self.place_refusal(edit)
            .or_else(|| edited.iter().find_map(audience_refusal))
            .or_else(|| edited.iter().find_map(remote_refusal))
            .or_else(|| (self.broken)(edited))
    }

    /// A path that needs a reason.
    fn place_refusal(&self, edit: &Edit) -> Option<String> {
        let has_reason = match edit {
            Edit::Pattern { rule, list: "path", .. } => self.gives_reason(rule),
            Edit::Entry { capability, .. } => self.is_dangerous(capability),
            Edit::Capability { .. } => false,
            Edit::Pattern { .. }
            | Edit::Window { .. }
            | Edit::Origin { .. }
            | Edit::Expiry { .. }
            | Edit::Removal { .. } => return None,
        };
        let literal = self.literal(Argument::Path).filter(|_| !has_reason)?;
        let pattern = PathPattern::parse(&literal, Effect::Allow, self.directories).ok()?;
        reached_place(&pattern, self.directories).map(|what| {
            format!("`{literal}` {what}: a grant of it has to say why it is `dangerous`")
        })
    }

    /// Whether the entry says itself that it is dangerous, or its capability does for it.
    fn gives_reason(&self, rule: &RuleRef) -> bool {
        let is_at = |one: &&Rule| is_same_place(&one.reference, rule);
        let found = self.capabilities.iter().flat_map(|capability| &capability.allow).find(is_at);
        found.is_some_and(|found| found.entry.is_dangerous)
            || rule.permission.is_none() && self.is_dangerous(&rule.capability)
    }

    fn is_dangerous(&self, id: &str) -> bool {
        self.capabilities.iter().any(|one| one.id == id && one.is_dangerous)
    }

    /// The capabilities as they would be.
    fn edited(&self, edit: &Edit) -> Vec<Capability> {
        let mut edited = self.capabilities.to_vec();
        let of = |id: &str, edited: &mut [Capability], change: &dyn Fn(&mut Capability)| {
            edited.iter_mut().filter(|one| one.id == id).for_each(change);
        };
        match edit {
            Edit::Pattern { rule, list, value } => {
                // A permission's entry is every user's of the permission.
                let all = edited.iter_mut().flat_map(|capability| &mut capability.allow);
                for found in all.filter(|one| is_same_place(&one.reference, rule)) {
                    let mut entry = Entry::clone(&found.entry);
                    self.add_pattern(&mut entry, list, value);
                    found.entry = Arc::new(entry);
                }
            }
            Edit::Window { capability, value } => of(capability, &mut edited, &|one| {
                one.windows.push(WindowPattern(value.as_str().into()));
            }),
            Edit::Origin { capability, origins } => of(capability, &mut edited, &|one| {
                one.origins =
                    origins.iter().filter_map(|text| OriginPattern::parse(text).ok()).collect();
            }),
            Edit::Expiry { capability } => {
                of(capability, &mut edited, &|one| one.expires = None);
            }
            Edit::Entry { capability, .. } => {
                of(capability, &mut edited, &|one| one.allow.push(self.own_rule(&one.id)));
            }
            Edit::Capability { .. } => edited.extend(self.own_capability()),
            Edit::Removal { rule } => {
                for capability in &mut edited {
                    capability.deny.retain(|one| !is_same_place(&one.reference, rule));
                }
            }
        }
        edited
    }

    fn add_pattern(&self, entry: &mut Entry, list: &str, value: &str) {
        let path = || PathPattern::parse(value, Effect::Allow, self.directories).ok();
        match list {
            "commands" => entry.commands.push(CommandPattern(value.into())),
            "path" => entry.path.get_or_insert_default().extend(path()),
            "url" => entry.url.get_or_insert_default().extend(UrlPattern::parse(value)),
            _ => entry.key.get_or_insert_default().extend(KeyPattern::parse(value)),
        }
    }

    /// An entry for just this call.
    fn own_rule(&self, id: &str) -> Rule {
        let mut entry = Entry {
            commands: vec![CommandPattern(self.command.as_str().into())],
            path: None,
            url: None,
            key: None,
            schema: None,
            ask: None,
            limits: crate::limits::Limits::default(),
            result: None,
            audit: Arc::default(),
            is_dangerous: false,
        };
        for argument in Argument::ALL {
            if self.args.get(argument.name()).is_some() {
                let literal = self.literal(argument).unwrap_or_default();
                self.add_pattern(&mut entry, argument.name(), &literal);
            }
        }
        let reference = RuleRef::new((id, None), (Effect::Allow, 0), ("", 0, 0));
        Rule { reference: Arc::new(reference), entry: Arc::new(entry) }
    }

    fn own_capability(&self) -> Option<Capability> {
        let origin = OriginPattern::parse(&self.origin.to_string()).ok()?;
        let id = self.new_id();
        Some(Capability {
            allow: vec![self.own_rule(&id)],
            id,
            description: None,
            expires: None,
            expires_at: None,
            windows: vec![WindowPattern(self.window.as_str().into())],
            // A new capability for a host without encryption gives its reason.
            is_dangerous: origin.is_plain_text(),
            origins: vec![origin],
            deny: Vec::new(),
        })
    }
}

/// An audience that nobody means, of a capability that allowed nothing until now.
fn audience_refusal(capability: &Capability) -> Option<String> {
    if capability.is_dangerous || capability.allow.is_empty() {
        return None;
    }
    let windows = capability.windows.iter().filter(|one| one.is_any()).map(|one| one.0.to_string());
    let is_wide = |one: &&OriginPattern| one.is_plain_text() || one.host().is_too_wide();
    let origins = capability.origins.iter().filter(is_wide).map(ToString::to_string);
    let found = windows.chain(origins).next()?;
    let id = &capability.id;
    Some(format!("the capability `{id}` is for `{found}`, and has to say why it is `dangerous`"))
}

/// A page from the network that may change something.
fn remote_refusal(capability: &Capability) -> Option<String> {
    let remote = capability.origins.iter().find(|one| **one != OriginPattern::local())?;
    let is_meant = |rule: &&Rule| rule.entry.is_dangerous && rule.reference.permission.is_none();
    let rules = capability.allow.iter().filter(|rule| !capability.is_dangerous && !is_meant(rule));
    let changing = rules.flat_map(|rule| &rule.entry.commands).find(|one| may_change(one))?;
    Some(format!(
        "`{}` may change something, and `{remote}` is not the app's own: a grant of it has to say why it \
         is `dangerous`",
        changing.0
    ))
}

fn is_same_place(one: &RuleRef, other: &RuleRef) -> bool {
    (&one.file, one.line, one.column) == (&other.file, other.line, other.column)
}

//! The search for the nearest miss, over all rules of the policy: also those of capabilities that do
//! not apply. It costs what the policy has rules, and is nobody's hot path.
//!
//! Of rules that fail in one condition the one counts as nearest whose edit gives away least: an
//! expired grant was meant once; one more path is less than one more origin or window, which bring the
//! whole capability with them; and that an entry should name another command is the boldest guess.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Condition, Edit, NearMiss, literal, quoted};
use crate::args::Args;
use crate::capability::Capability;
use crate::directories::Directories;
use crate::names::{CommandName, WindowLabel};
use crate::origin::{Origin, OriginPattern};
use crate::rule::{Miss, Rule};
use crate::scope::{Argument, KeyPattern, PathPattern, Resources, UrlPattern};
use crate::time::WallTime;
use crate::verdict::{Effect, RuleRef};

/// The most edits that are held against the whole policy, nearest first.
const MAX_TRIED: usize = 16;

/// A refused call, and the whole policy that refuses it.
pub(crate) struct Question<'q> {
    pub(crate) window: &'q WindowLabel,
    pub(crate) origin: &'q Origin,
    pub(crate) now: WallTime,
    pub(crate) command: &'q CommandName,
    pub(crate) args: &'q Args,
    pub(crate) resources: Resources<'q>,
    pub(crate) directories: &'q Directories,
    pub(crate) capabilities: &'q [Capability],
    /// Which invariant a policy of these capabilities would break, in a sentence.
    pub(crate) broken: &'q dyn Fn(Vec<Capability>) -> Option<String>,
}

/// An allow entry, and in what it fails.
struct Near<'q> {
    capability: &'q Capability,
    rule: &'q Rule,
    failed: Vec<Condition>,
}

impl<'q> Question<'q> {
    pub(crate) fn nearest(&self) -> Option<NearMiss> {
        if let Some(bad) = self.unreadable() {
            return Some(bad);
        }
        let denying: Vec<_> = self
            .mine()
            .flat_map(|capability| &capability.deny)
            .filter(|rule| self.denies(rule))
            .collect();
        if let Some(first) = denying.first() {
            return Some(self.without_refused(self.denied(first, &denying)));
        }
        let mut near = self.near();
        near.sort_by_key(|near| self.order(near));
        let one = near.iter().filter(|near| near.failed.len() == 1);
        let mended: Vec<_> = one.filter_map(|near| Some((near, self.edit(near)?))).collect();
        let is_taken =
            |edit: &Option<Edit>| edit.as_ref().is_none_or(|e| self.refusal(e).is_none());
        let tried = mended.iter().take(MAX_TRIED);
        if let Some((near, edit)) = tried.clone().find(|(_, edit)| is_taken(edit)) {
            return Some(self.miss(near, edit.clone()));
        }
        // What gives away too much with all else that it brings may be given by itself.
        let addition = self.addition();
        let (near, edit) = match mended.into_iter().next() {
            Some((near, edit)) if addition.is_none() || !is_taken(&addition) => (Some(near), edit),
            Some((near, _)) => (Some(near), addition),
            None => (near.first(), addition),
        };
        let miss = match near {
            Some(near) => self.miss(near, edit),
            None => NearMiss {
                rule: None,
                failed: Vec::new(),
                text: "the policy allows nothing at all".to_owned(),
                edit,
                refused: None,
            },
        };
        Some(self.without_refused(miss))
    }

    /// An edit that would be refused is not proposed, and the reason is told.
    fn without_refused(&self, miss: NearMiss) -> NearMiss {
        let Some(refusal) = miss.edit.as_ref().and_then(|edit| self.refusal(edit)) else {
            return miss;
        };
        NearMiss { edit: None, refused: Some(refusal), ..miss }
    }

    /// An argument that names nothing: no edit helps.
    fn unreadable(&self) -> Option<NearMiss> {
        let (argument, message) = self.resources.first_bad()?;
        Some(NearMiss {
            rule: None,
            failed: vec![condition(argument)],
            text: format!(
                "no policy allows a call whose argument `{}` cannot be read: {message}",
                argument.name()
            ),
            edit: None,
            refused: None,
        })
    }

    fn denied(&self, first: &Rule, denying: &[&Rule]) -> NearMiss {
        // An entry of a permission denies once for each capability that uses it, and is one entry.
        let place = |rule: &&Rule| {
            let RuleRef { file, line, column, .. } = rule.reference.as_ref();
            (file.clone(), *line, *column)
        };
        let others = denying.iter().map(place).collect::<BTreeSet<_>>().len().saturating_sub(1);
        let is_allowed = self
            .mine()
            .flat_map(|capability| &capability.allow)
            .any(|rule| self.names(rule) && rule.entry.allows(&self.resources, self.args).is_ok());
        let mut text = "a deny entry applies".to_owned();
        if others > 0 {
            text = format!("{text}, and {others} more");
        }
        if !is_allowed {
            text = format!("{text}, and no allow entry allows the call either");
        }
        let rule = first.reference.as_ref().clone();
        let edit = (others == 0 && is_allowed).then(|| Edit::Removal { rule: rule.clone() });
        NearMiss { rule: Some(rule), failed: vec![Condition::Deny], text, edit, refused: None }
    }

    fn miss(&self, near: &Near<'_>, edit: Option<Edit>) -> NearMiss {
        let says: Vec<_> = near.failed.iter().map(|failed| self.says(near, *failed)).collect();
        NearMiss {
            rule: Some(near.rule.reference.as_ref().clone()),
            failed: near.failed.clone(),
            text: says.join(", and "),
            edit,
            refused: None,
        }
    }

    fn says(&self, near: &Near<'_>, failed: Condition) -> String {
        let fits = |miss: Result<(), Miss>| {
            miss.err().map(|miss| miss.reason(&near.rule.entry, self.args).to_string())
        };
        let entry = &near.rule.entry;
        let said = match failed {
            Condition::Expires => Some("its capability has expired".to_owned()),
            Condition::Origins => Some("its capability is for other origins".to_owned()),
            Condition::Windows => Some("its capability is for other windows".to_owned()),
            Condition::Commands => Some("it names other commands".to_owned()),
            Condition::Deny => Some("a deny entry applies".to_owned()),
            Condition::Args => fits(Err(Miss::Schema)),
            Condition::Path => {
                fits(entry.path_fit(&self.resources).allowed(Argument::Path).map(drop))
            }
            Condition::Url => fits(entry.url_fit(&self.resources).allowed(Argument::Url).map(drop)),
            Condition::Key => fits(entry.key_fit(&self.resources).allowed(Argument::Key).map(drop)),
        };
        said.unwrap_or_default()
    }

    /// Every allow entry of the policy.
    fn near(&self) -> Vec<Near<'q>> {
        let rules = self
            .capabilities
            .iter()
            .flat_map(|capability| capability.allow.iter().map(move |rule| (capability, rule)));
        let near =
            |(capability, rule)| Near { capability, rule, failed: self.failed(capability, rule) };
        rules.map(near).collect()
    }

    fn failed(&self, capability: &Capability, rule: &Rule) -> Vec<Condition> {
        let entry = &rule.entry;
        let holds = [
            (Condition::Expires, !capability.is_over(self.now)),
            (Condition::Path, entry.path_fit(&self.resources).allowed(Argument::Path).is_ok()),
            (Condition::Url, entry.url_fit(&self.resources).allowed(Argument::Url).is_ok()),
            (Condition::Key, entry.key_fit(&self.resources).allowed(Argument::Key).is_ok()),
            (Condition::Args, entry.schema.as_ref().is_none_or(|s| s.accepts(self.args))),
            (Condition::Origins, capability.has_origin(self.origin)),
            (Condition::Windows, capability.names(self.window)),
            (Condition::Commands, self.names(rule)),
        ];
        holds.into_iter().filter(|(_, holds)| !holds).map(|(condition, _)| condition).collect()
    }

    /// Nearer first: fewer conditions, then those that give away least, then the likest command, then
    /// the order of the files.
    fn order(&self, near: &Near<'_>) -> (usize, Option<Condition>, Reverse<usize>) {
        let alike = |pattern: &str| {
            let pairs = pattern.bytes().zip(self.command.as_str().bytes());
            pairs.take_while(|(one, other)| one == other).count()
        };
        let likest = near.rule.entry.commands.iter().map(|pattern| alike(&pattern.0)).max();
        // Where more than one fails, the last is the one that gives away most.
        (near.failed.len(), near.failed.last().copied(), Reverse(likest.unwrap_or_default()))
    }

    /// The edit that mends the one condition that failed: `Some(None)` where it is the call that has to
    /// change, `None` where this rule cannot be mended.
    fn edit(&self, near: &Near<'_>) -> Option<Option<Edit>> {
        let [failed] = near.failed.as_slice() else { return None };
        let capability = || near.capability.id.clone();
        let edit = match failed {
            Condition::Args => return Some(None),
            Condition::Deny => return None,
            Condition::Path | Condition::Url | Condition::Key => {
                self.pattern(near, argument(*failed)?)?
            }
            Condition::Commands => Edit::Pattern {
                rule: near.rule.reference.as_ref().clone(),
                list: "commands",
                value: self.command.to_string(),
            },
            Condition::Expires => Edit::Expiry { capability: capability() },
            Condition::Windows => {
                Edit::Window { capability: capability(), value: self.window.to_string() }
            }
            Condition::Origins => {
                let new = OriginPattern::parse(&self.origin.to_string()).ok()?;
                if new.is_plain_text() {
                    return None;
                }
                let mut origins: Vec<_> =
                    near.capability.origins.iter().map(OriginPattern::written).collect();
                origins.push(new.written());
                Edit::Origin { capability: capability(), origins }
            }
        };
        // The capability brings its deny entries with it.
        let is_denied = near.capability.deny.iter().any(|rule| self.denies(rule));
        (!is_denied).then_some(Some(edit))
    }

    /// One more pattern in a scope that the entry has; to add a scope would take away the calls
    /// without one.
    fn pattern(&self, near: &Near<'_>, argument: Argument) -> Option<Edit> {
        let entry = &near.rule.entry;
        let is_outside = |miss| matches!(miss, Err(Miss::Outside(_)));
        let is_outside = match argument {
            Argument::Path => {
                is_outside(entry.path_fit(&self.resources).allowed(argument).map(drop))
            }
            Argument::Url => is_outside(entry.url_fit(&self.resources).allowed(argument).map(drop)),
            Argument::Key => is_outside(entry.key_fit(&self.resources).allowed(argument).map(drop)),
        };
        let rule = near.rule.reference.as_ref().clone();
        let value = self.literal(argument).filter(|_| is_outside)?;
        Some(Edit::Pattern { rule, list: argument.name(), value })
    }

    /// The narrowest pattern for a resource of the call, where there is one.
    pub(super) fn literal(&self, argument: Argument) -> Option<String> {
        match argument {
            Argument::Path => {
                let text = literal::path(self.args.get(argument.name())?.as_str()?);
                let pattern = PathPattern::parse(&text, Effect::Allow, self.directories).ok()?;
                pattern.matches(self.resources.path.good()?).then_some(text)
            }
            Argument::Url => {
                let url = self.resources.url.good()?;
                let text = literal::url(url)?;
                UrlPattern::parse(&text).ok()?.matches(url).then_some(text)
            }
            Argument::Key => {
                let key = self.resources.key.good()?;
                let text = key.as_str().to_owned();
                KeyPattern::parse(&text).ok()?.matches(key).then_some(text)
            }
        }
    }

    /// A new entry for just this call, in a capability that applies or in one of its own.
    fn addition(&self) -> Option<Edit> {
        let mut entry = format!("{{ commands = [\"{}\"]", self.command);
        for argument in Argument::ALL {
            if self.args.get(argument.name()).is_some() {
                let pattern = quoted(&self.literal(argument)?);
                entry = format!("{entry}, {} = [{pattern}]", argument.name());
            }
        }
        entry.push_str(" }");
        if let Some(capability) = self.mine().next() {
            return Some(Edit::Entry { capability: capability.id.clone(), entry });
        }
        let mut lines = vec![
            "[[capability]]".to_owned(),
            format!("id = \"{}\"", self.new_id()),
            format!("windows = [\"{}\"]", self.window),
        ];
        if *self.origin != Origin::local() {
            let pattern = OriginPattern::parse(&self.origin.to_string()).ok()?;
            lines.push(format!("origins = [{}]", quoted(&pattern.written())));
            if pattern.is_plain_text() {
                lines
                    .push("dangerous = \"anybody on the way to this host may ask too\"".to_owned());
            }
        }
        lines.push(format!("allow = [{entry}]"));
        Some(Edit::Capability { text: lines.join("\n") })
    }

    pub(super) fn new_id(&self) -> String {
        let name = format!("{}-{}", self.window, self.command).replace(['.', '_'], "-");
        let name = name.to_ascii_lowercase();
        let is_free = |id: &String| self.capabilities.iter().all(|known| known.id != *id);
        let numbered = (2_u32..).map(|n| format!("{name}-{n}"));
        std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or_default()
    }

    /// The capabilities that apply.
    fn mine(&self) -> impl Iterator<Item = &'q Capability> {
        self.capabilities.iter().filter(|capability| {
            capability.is_for(self.window, self.origin) && !capability.is_over(self.now)
        })
    }

    fn names(&self, rule: &Rule) -> bool {
        rule.entry.commands.iter().any(|pattern| pattern.matches(self.command.as_str()))
    }

    fn denies(&self, rule: &Rule) -> bool {
        self.names(rule) && rule.entry.denies(&self.resources, self.args)
    }
}

fn condition(argument: Argument) -> Condition {
    match argument {
        Argument::Path => Condition::Path,
        Argument::Url => Condition::Url,
        Argument::Key => Condition::Key,
    }
}

fn argument(condition: Condition) -> Option<Argument> {
    Argument::ALL.into_iter().find(|argument| self::condition(*argument) == condition)
}

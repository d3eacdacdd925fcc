//! A principal: a window and an origin, with every rule that concerns them resolved once, and the
//! decision itself.
//!
//! The order of rules never matters: one deny entry that applies denies, else one allow entry that
//! matches allows, and where several do the strictest of their limits and all of their filters
//! hold. The order only says which of them is named.

mod help;
mod index;

use std::sync::Arc;

use crate::args::Args;
use crate::capability::Capability;
use crate::directories::Directories;
use crate::explain::{Explanation, Outcome, Silent, Steps, Watch};
use crate::limits::Limits;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::result::ResultFilter;
use crate::rule::{Miss, Rule};
use crate::scope::{Named, Resources};
use crate::time::WallTime;
use crate::verdict::{Denial, PathGrant, Permit, Reason, Verdict};
use index::Index;

/// Who calls; cheap to clone, and shared between threads as it likes.
#[derive(Debug, Clone)]
pub struct Principal(Arc<Resolved>);

#[derive(Debug)]
struct Resolved {
    window: WindowLabel,
    origin: Origin,
    directories: Arc<Directories>,
    /// When the first of the capabilities expires.
    until: Option<WallTime>,
    /// The capabilities that apply, by id.
    capabilities: Vec<String>,
    allow: Index,
    deny: Index,
}

/// An allow entry that matches the call.
struct Match<'r> {
    rule: &'r Rule,
    path: Option<PathGrant>,
}

impl Principal {
    pub(crate) fn resolve(
        window: &WindowLabel,
        origin: &Origin,
        now: WallTime,
        capabilities: &[Capability],
        directories: Arc<Directories>,
    ) -> Self {
        let mine: Vec<_> = capabilities
            .iter()
            .filter(|capability| capability.is_for(window, origin) && !capability.is_over(now))
            .collect();
        Self(Arc::new(Resolved {
            until: mine.iter().filter_map(|capability| capability.expires).min(),
            window: window.clone(),
            origin: origin.clone(),
            directories,
            capabilities: mine.iter().map(|capability| capability.id.clone()).collect(),
            allow: Index::of(mine.iter().flat_map(|capability| &capability.allow)),
            deny: Index::of(mine.iter().flat_map(|capability| &capability.deny)),
        }))
    }

    /// The window.
    #[must_use]
    pub fn window(&self) -> &WindowLabel {
        &self.0.window
    }

    /// The origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// When the first of its capabilities expires, if one does: from then on the principal says
    /// what holds no longer, and has to be resolved anew.
    #[must_use]
    pub fn until(&self) -> Option<WallTime> {
        self.0.until
    }

    /// The tightest limits over the allow entries that name the command.
    #[must_use]
    pub fn limits(&self, command: &CommandName) -> Limits {
        let rules = self.0.allow.naming(command);
        rules.fold(Limits::default(), |limits, rule| limits.tighten(rule.entry.limits))
    }

    /// Decides one call.
    pub fn decide(&self, command: &CommandName, args: &Args) -> Verdict {
        self.judge(command, args, &mut Silent)
    }

    /// Decides one call and says how, step by step.
    #[must_use]
    pub fn explain(&self, command: &CommandName, args: &Args) -> Explanation {
        let mut steps = Steps::default();
        let verdict = self.judge(command, args, &mut steps);
        Explanation {
            window: self.window().clone(),
            origin: self.origin().clone(),
            command: command.clone(),
            verdict,
            steps: steps.0,
        }
    }

    /// The one decision. Who watches has no say in it.
    fn judge(&self, command: &CommandName, args: &Args, watch: &mut impl Watch) -> Verdict {
        if self.0.capabilities.is_empty() {
            return self.deny(command, Reason::NoCapability, None);
        }
        let resources = Resources::of(args, &self.0.directories);
        if let Some(rule) = self.denying(command, &resources, args, watch) {
            return self.deny(command, Reason::DeniedByRule, Some(rule));
        }
        let mut matches = Vec::new();
        let mut nearest: Option<(Miss, &Rule)> = None;
        for rule in self.0.allow.naming(command) {
            match rule.entry.allows(&resources, args) {
                Ok(path) => {
                    watch.saw(rule, Outcome::Applies, || "it allows the call".to_owned());
                    matches.push(Match { rule, path });
                }
                Err(miss) => {
                    watch.saw(rule, Outcome::Passes, || Reason::from(miss.clone()).to_string());
                    if nearest.as_ref().is_none_or(|(near, _)| miss.nearness() > near.nearness()) {
                        nearest = Some((miss, rule));
                    }
                }
            }
        }
        if let Some(permit) = self.permit(command, matches, resources) {
            return Verdict::Allow(permit);
        }
        match nearest {
            None => self.deny(command, Reason::NotGranted, None),
            Some((miss, rule)) => self.deny(command, miss.into(), Some(rule)),
        }
    }

    fn denying(
        &self,
        command: &CommandName,
        resources: &Resources,
        args: &Args,
        watch: &mut impl Watch,
    ) -> Option<&Rule> {
        self.0.deny.naming(command).find(|rule| {
            let denies = rule.entry.denies(resources, args);
            let (outcome, text) = match (denies, resources.first_bad()) {
                (true, Some(_)) => (
                    Outcome::Applies,
                    "it denies the call, which names something that cannot be read",
                ),
                (true, None) => (Outcome::Applies, "it denies the call"),
                (false, _) => (Outcome::Passes, "the call is outside of what it denies"),
            };
            watch.saw(rule, outcome, || text.to_owned());
            denies
        })
    }

    fn permit(
        &self,
        command: &CommandName,
        matches: Vec<Match<'_>>,
        resources: Resources,
    ) -> Option<Permit> {
        let filters = matches.iter().filter_map(|found| found.rule.entry.result.clone()).collect();
        let log_args = matches.iter().all(|found| found.rule.entry.log_args);
        let first = matches.into_iter().next()?;
        Some(Permit {
            rule: first.rule.reference.clone(),
            path: first.path,
            url: good(resources.url),
            key: good(resources.key).map(|key| key.as_str().to_owned()),
            limits: self.limits(command),
            result: Arc::new(ResultFilter::of(filters)),
            log_args,
        })
    }

    fn deny(&self, command: &CommandName, reason: Reason, rule: Option<&Rule>) -> Verdict {
        let rule = rule.map(|rule| rule.reference.clone());
        let help = self.help(command, &reason, rule.as_deref());
        Verdict::Deny(Denial { reason, rule, help })
    }
}

fn good<T>(named: Named<T>) -> Option<T> {
    match named {
        Named::Good(value) => Some(value),
        Named::Absent | Named::Bad(_) => None,
    }
}

impl From<Miss> for Reason {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::Unscoped(argument) => Self::ScopeMissing { argument: argument.name() },
            Miss::Absent(argument) => Self::ArgumentMissing { argument: argument.name() },
            Miss::Outside(argument) => Self::OutOfScope { argument: argument.name() },
            Miss::Bad(argument, message) => Self::ArgumentInvalid {
                pointer: format!("/{}", argument.name()),
                message: message.to_owned(),
            },
            Miss::Schema(mismatch) => {
                Self::ArgumentInvalid { pointer: mismatch.pointer, message: mismatch.message }
            }
        }
    }
}

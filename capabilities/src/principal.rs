//! A principal: a window and an origin, with every rule that concerns them resolved once, and the
//! decision itself.
//!
//! The order of rules never matters: one deny entry that applies denies, else one allow entry that
//! matches allows, and where several do the strictest of their limits and all of their filters
//! hold; where one of them has the person asked, they are. The order only says which of them is named.

mod help;
mod index;
mod narrowing;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use crate::args::Args;
use crate::ask::Ask;
use crate::audit_rule::AuditPermit;
use crate::capability::Capability;
use crate::directories::Directories;
use crate::explain::{Explanation, Outcome, Silent, Steps, Watch};
use crate::limits::Limits;
use crate::names::{CommandName, WindowLabel};
use crate::never::Never;
use crate::origin::Origin;
use crate::outline;
use crate::platform::Platform;
use crate::result::ResultFilter;
use crate::rule::{Miss, Rule};
use crate::scope::{PathPattern, Resources};
use crate::time::WallTime;
use crate::verdict::{Denial, Effect, Permit, Reason, Verdict};
use index::Index;
pub use narrowing::{Narrowing, NotAPattern, Scope};

/// Who calls; cheap to clone, and shared between threads as it likes.
#[derive(Debug, Clone)]
pub struct Principal(Arc<Resolved>);

#[derive(Debug)]
struct Resolved {
    window: WindowLabel,
    origin: Origin,
    ground: Ground,
    /// When the first of the capabilities expires.
    until: Option<WallTime>,
    /// The ids of the first capabilities that apply; there is none where none applies.
    capabilities: Vec<String>,
    rules: Index,
    /// Which invariants stand against a grant, for helps alone.
    invariants: help::Invariants,
}

/// What the paths of calls stand on.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) directories: Arc<Directories>,
    pub(crate) platform: Platform,
}

/// What the allow entries that name a command come to.
#[derive(Default)]
struct Tally<'r> {
    /// The first that matches, in the order of the files, and the pattern of its path.
    first: Option<(usize, &'r Rule, Option<&'r PathPattern>)>,
    /// The first of those that came nearest.
    nearest: Option<(usize, &'r Rule, Miss)>,
    /// The strictest of those that match and ask; of several the first, in the order of the files.
    ask: Option<(usize, &'r Rule)>,
    /// Of all, since a limit is the command's.
    limits: Limits,
    /// Of all that match.
    filter: ResultFilter,
    /// Of all that match.
    audit: AuditPermit,
}

impl Principal {
    pub(crate) fn resolve(
        window: &WindowLabel,
        origin: &Origin,
        now: WallTime,
        capabilities: &[Capability],
        nevers: &Arc<[Never]>,
        ground: Ground,
    ) -> Self {
        let mine: Vec<_> = capabilities
            .iter()
            .filter(|capability| capability.is_for(window, origin) && !capability.is_over(now))
            .collect();
        let named = mine.iter().take(help::MAX_NAMED);
        Self(Arc::new(Resolved {
            until: mine.iter().filter_map(|capability| capability.expires).min(),
            window: window.clone(),
            origin: origin.clone(),
            ground,
            capabilities: named.map(|capability| capability.id.clone()).collect(),
            rules: Index::of(mine.iter().flat_map(|capability| capability.rules())),
            invariants: help::Invariants::of(nevers),
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

    /// Whether something is allowed by the capability or the permission of this id.
    #[must_use]
    pub fn is_granted_by(&self, id: &str) -> bool {
        self.0
            .rules
            .all()
            .any(|rule| rule.reference.effect == Effect::Allow && rule.reference.is_of(id))
    }

    /// A narrowing of this principal that keeps everything, to be added to.
    #[must_use]
    pub fn narrowing(&self) -> Narrowing {
        Narrowing::beside(self.0.ground.clone())
    }

    /// The tightest limits over the allow entries that name the command.
    #[must_use]
    pub fn limits(&self, command: &CommandName) -> Limits {
        self.0.rules.limits(command)
    }

    /// The entries that name the command, those that allow and those that deny, as plain values.
    #[must_use]
    pub fn entries(&self, command: &CommandName) -> (Vec<outline::Entry>, Vec<outline::Entry>) {
        let list = |effect| {
            let rules = self.0.rules.naming(command, effect);
            let mut entries: Vec<_> = rules.collect();
            entries.sort_by_key(|(place, _)| *place);
            entries.into_iter().map(|(_, rule)| outline::entry(rule)).collect()
        };
        (list(Effect::Allow), list(Effect::Deny))
    }

    /// Decides one call. Where it is allowed, no memory is taken, but for a URL.
    pub fn decide<'a>(&'a self, command: &CommandName, args: &'a Args) -> Verdict<'a> {
        self.judge(command, args, &mut Silent)
    }

    /// Decides one call and says how, step by step.
    #[must_use]
    pub fn explain(&self, command: &CommandName, args: &Args) -> Explanation {
        let mut steps = Steps::default();
        let verdict = self.judge(command, args, &mut steps).into_owned();
        Explanation {
            window: self.window().clone(),
            origin: self.origin().clone(),
            command: command.clone(),
            verdict,
            steps: steps.in_order(),
            nearest: None,
        }
    }

    /// Whether any capability applies to it. Where none does, it may do nothing.
    #[must_use]
    pub fn is_somebody(&self) -> bool {
        !self.0.capabilities.is_empty()
    }

    /// The one decision. Who watches has no say in it.
    fn judge<'a>(
        &'a self,
        command: &CommandName,
        args: &'a Args,
        watch: &mut impl Watch,
    ) -> Verdict<'a> {
        if self.0.capabilities.is_empty() {
            return self.deny(command, Reason::NoCapability, None);
        }
        let Ground { directories, platform } = &self.0.ground;
        let resources = Resources::of(args, directories, *platform);
        if let Some(rule) = self.denying(command, &resources, args, watch) {
            return self.deny(command, Reason::DeniedByRule, Some(rule));
        }
        let tally = self.allowing(command, &resources, args, watch);
        match (tally.first, tally.nearest) {
            (Some((_, rule, pattern)), _) => Verdict::Allow(Permit {
                rule: rule.reference.clone(),
                path: pattern.zip(resources.path.good()).map(|(pattern, path)| pattern.grant(path)),
                key: resources.key.good().map(|key| Cow::Borrowed(key.as_str())),
                url: resources.url.into_good(),
                limits: tally.limits,
                ask: tally.ask(),
                result: tally.filter,
                audit: tally.audit,
            }),
            (None, Some((_, rule, miss))) => {
                self.deny(command, miss.reason(&rule.entry, args), Some(rule))
            }
            (None, None) => self.deny(command, Reason::NotGranted, None),
        }
    }

    /// The first deny entry that applies.
    fn denying<'r>(
        &'r self,
        command: &CommandName,
        resources: &Resources<'_>,
        args: &Args,
        watch: &mut impl Watch,
    ) -> Option<&'r Rule> {
        let mut first: Option<(usize, &Rule)> = None;
        for (place, rule) in self.0.rules.naming(command, Effect::Deny) {
            let denies = rule.entry.denies(resources, args);
            let (outcome, text) = match (denies, resources.first_bad()) {
                (true, Some(_)) => (
                    Outcome::Applies,
                    "it denies the call, which names something that cannot be read",
                ),
                (true, None) => (Outcome::Applies, "it denies the call"),
                (false, _) => (Outcome::Passes, "the call is outside of what it denies"),
            };
            watch.saw(rule, place, outcome, || text.to_owned());
            if denies && first.is_none_or(|(before, _)| place < before) {
                first = Some((place, rule));
            }
        }
        first.map(|(_, rule)| rule)
    }

    fn allowing<'r>(
        &'r self,
        command: &CommandName,
        resources: &Resources<'_>,
        args: &Args,
        watch: &mut impl Watch,
    ) -> Tally<'r> {
        let mut tally = Tally::default();
        for (place, rule) in self.0.rules.naming(command, Effect::Allow) {
            tally.limits = tally.limits.tighten(rule.entry.limits);
            match rule.entry.allows(resources, args) {
                Ok(pattern) => {
                    watch.saw(rule, place, Outcome::Applies, || allows(rule));
                    tally.matched(place, rule, pattern);
                }
                Err(miss) => {
                    let text = || miss.reason(&rule.entry, args).to_string();
                    watch.saw(rule, place, Outcome::Passes, text);
                    tally.missed(place, rule, miss);
                }
            }
        }
        tally
    }

    fn deny(&self, command: &CommandName, reason: Reason, rule: Option<&Rule>) -> Verdict<'static> {
        let rule = rule.map(|rule| rule.reference.clone());
        let help = self.help(command, &reason, rule.as_deref());
        Verdict::Deny(Denial { reason, rule, help })
    }
}

impl<'r> Tally<'r> {
    fn matched(&mut self, place: usize, rule: &'r Rule, pattern: Option<&'r PathPattern>) {
        if self.first.is_none_or(|(before, ..)| place < before) {
            self.first = Some((place, rule, pattern));
        }
        let order = |place, rule: &Rule| (rule.entry.ask.as_ref().map(|ask| ask.when), place);
        if rule.entry.ask.is_some()
            && self.ask.is_none_or(|(at, asking)| order(place, rule) < order(at, asking))
        {
            self.ask = Some((place, rule));
        }
        if let Some(result) = &rule.entry.result {
            self.filter.add(result);
        }
        self.audit.add(&rule.entry.audit);
    }

    fn ask(&self) -> Option<Ask> {
        let (_, rule) = self.ask?;
        Some(Ask::new(rule.reference.clone(), rule.entry.ask.clone()?))
    }

    fn missed(&mut self, place: usize, rule: &'r Rule, miss: Miss) {
        let order = |place, miss: Miss| (miss.nearness(), Reverse(place));
        if self.nearest.is_none_or(|(at, _, near)| order(place, miss) > order(at, near)) {
            self.nearest = Some((place, rule, miss));
        }
    }
}

fn allows(rule: &Rule) -> String {
    match &rule.entry.ask {
        None => "it allows the call".to_owned(),
        Some(ask) => format!("it allows the call and has the person asked first ({})", ask.when),
    }
}

#[cfg(test)]
mod tests;

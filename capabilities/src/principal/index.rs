//! The rules of a principal by command, so that a decision costs what the rules for its command
//! cost, however many others there are. Built once for each principal; looked up without a lock and
//! without allocation.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use crate::limits::Limits;
use crate::names::CommandName;
use crate::rule::{CommandPattern, Rule};
use crate::verdict::Effect;

/// How many patterns are tried, in all, to find out beforehand which of them match the commands that
/// are named in full. About fifty milliseconds; whatever is left after that is found anew by each
/// call.
const MAX_TRIED: usize = 1_000_000;

/// Rules, found by command name.
///
/// A name in full is one lookup, and knows the patterns that match it too. A pattern lies under what
/// stands before its first `*`, so that a search goes through the fronts of a command and never
/// through all patterns.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// In the order of the files.
    rules: Vec<Rule>,
    literals: HashMap<Box<str>, Literal, Hashed>,
    wilds: Vec<Wild>,
    /// Places in `wilds`, by the hash of the front. Two fronts of one hash do no harm: a pattern is
    /// always matched as a whole.
    fronts: HashMap<u64, Vec<usize>, Hashed>,
    /// The lengths that fronts have, in order: at most as many as a command has bytes count.
    lengths: Vec<usize>,
}

/// Places in [`Index::rules`], in order.
#[derive(Debug, Default)]
struct Group {
    allow: Vec<usize>,
    deny: Vec<usize>,
}

/// A command that is named in full.
#[derive(Debug, Default)]
struct Literal {
    group: Group,
    /// The patterns that match it too; `None` where that was not found out beforehand.
    wilds: Option<Box<[usize]>>,
    /// The tightest limits over all that allows it, as far as the patterns were found out.
    limits: Limits,
}

/// A pattern with a `*`.
#[derive(Debug)]
struct Wild {
    pattern: CommandPattern,
    group: Group,
}

impl Index {
    pub(super) fn of<'r>(rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut index = Self::default();
        let mut known: HashMap<CommandPattern, usize> = HashMap::new();
        let mut lengths = BTreeSet::new();
        for rule in rules {
            let place = index.rules.len();
            for pattern in &rule.entry.commands {
                let front = pattern.literal_front();
                let group = if pattern.is_literal() {
                    &mut index.literals.entry(front.into()).or_default().group
                } else {
                    let new = index.wilds.len();
                    let wild = *known.entry(pattern.clone()).or_insert(new);
                    if wild == new {
                        lengths.insert(front.len());
                        index.fronts.entry(hash(front)).or_default().push(wild);
                        let group = Group::default();
                        index.wilds.push(Wild { pattern: pattern.clone(), group });
                    }
                    let Some(wild) = index.wilds.get_mut(wild) else { continue };
                    &mut wild.group
                };
                group.add(rule.reference.effect, place);
            }
            index.rules.push(rule.clone());
        }
        index.lengths = lengths.into_iter().collect();
        index.match_literals();
        index
    }

    /// Every rule, in the order of the files.
    pub(super) fn all(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The rules of one kind that name a command, each with its place in the order of the files. In
    /// no order, and a rule that names the command in two ways comes twice.
    pub(super) fn naming<'i, 'c>(
        &'i self,
        command: &'c CommandName,
        effect: Effect,
    ) -> impl Iterator<Item = (usize, &'i Rule)> + use<'i, 'c> {
        let command = command.as_str();
        let literal = self.literals.get(command);
        let known = literal.and_then(|literal| literal.wilds.as_deref());
        let found = known.is_none().then(|| self.search(command));
        let wilds = known.into_iter().flatten().copied().chain(found.into_iter().flatten());
        let groups = wilds.filter_map(|wild| Some(&self.wilds.get(wild)?.group));
        literal
            .map(|literal| &literal.group)
            .into_iter()
            .chain(groups)
            .flat_map(move |group| group.of(effect))
            .filter_map(|place| Some((*place, self.rules.get(*place)?)))
    }

    /// The patterns that match a command.
    /// The tightest limits over the allow entries that name `command`.
    pub(super) fn limits(&self, command: &CommandName) -> Limits {
        match self.literals.get(command.as_str()) {
            Some(Literal { wilds: Some(_), limits, .. }) => *limits,
            Some(_) | None => self.tightest(command),
        }
    }

    fn tightest(&self, command: &CommandName) -> Limits {
        let rules = self.naming(command, Effect::Allow);
        rules.fold(Limits::default(), |limits, (_, rule)| limits.tighten(rule.entry.limits))
    }

    fn search<'i, 'c>(&'i self, command: &'c str) -> impl Iterator<Item = usize> + use<'i, 'c> {
        self.candidates(command).filter(move |wild| {
            self.wilds.get(*wild).is_some_and(|wild| wild.pattern.matches(command))
        })
    }

    /// The patterns whose front is one of the command's.
    fn candidates<'i, 'c>(&'i self, command: &'c str) -> impl Iterator<Item = usize> + use<'i, 'c> {
        let mut bytes = command.as_bytes();
        let mut hasher = Fnv::default();
        let mut done = 0_usize;
        let hashes = self.lengths.iter().map_while(move |length| {
            let (more, rest) = bytes.split_at_checked(length.saturating_sub(done))?;
            hasher.write(more);
            (bytes, done) = (rest, *length);
            Some(hasher.finish())
        });
        hashes.filter_map(|hash| self.fronts.get(&hash)).flatten().copied()
    }

    fn match_literals(&mut self) {
        let mut left = MAX_TRIED;
        let mut literals = std::mem::take(&mut self.literals);
        for (name, literal) in &mut literals {
            let tried = self.candidates(name).take(left.saturating_add(1)).count();
            let Some(rest) = left.checked_sub(tried) else { break };
            left = rest;
            let wilds: Box<[usize]> = self.search(name).collect();
            let groups = wilds.iter().filter_map(|wild| Some(&self.wilds.get(*wild)?.group));
            let places = groups.chain([&literal.group]).flat_map(|group| &group.allow);
            let rules = places.filter_map(|place| self.rules.get(*place));
            literal.limits =
                rules.fold(Limits::default(), |limits, rule| limits.tighten(rule.entry.limits));
            literal.wilds = Some(wilds);
        }
        self.literals = literals;
    }
}

impl Group {
    fn of(&self, effect: Effect) -> &[usize] {
        match effect {
            Effect::Allow => &self.allow,
            Effect::Deny => &self.deny,
        }
    }

    fn add(&mut self, effect: Effect, place: usize) {
        match effect {
            Effect::Allow => self.allow.push(place),
            Effect::Deny => self.deny.push(place),
        }
    }
}

type Hashed = BuildHasherDefault<Fnv>;

/// FNV-1a, which hashes a text and all of its fronts in one go. What is in the tables comes from
/// the policy's author, so that nobody who calls can bring about collisions.
#[derive(Debug, Clone, Copy)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// A hash is spread already.
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = Fnv::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests;

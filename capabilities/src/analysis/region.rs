//! Regions: the calls that one rule or one statement speaks of, as a product of one language for each
//! dimension; and the search for a call that is in some regions and in none of others.
//!
//! Exact over the languages: where no candidate is visited there is none. A schema is an atom that
//! nothing is known of but its text: a call is taken to satisfy and to fail it as the search likes, but
//! never both. A candidate may therefore not exist; that none is visited is a proof all the same.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::dimension::{DIMENSIONS, Dimension};
use super::kinds::{Exhausted, Kinds, Language, Work};
use crate::schema::Schema;
use crate::verdict::RuleRef;

/// What a region says of one dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Whatever it is, or that it is not there.
    Any,
    /// It is not there.
    Absent,
    /// It is there, and in the language.
    In(Language),
    /// No call is in the region.
    Nothing,
}

/// A product of one scope for each dimension, and a schema.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub(super) scopes: [Scope; DIMENSIONS],
    pub(super) schema: Option<Arc<Schema>>,
    /// The rule that it is of.
    pub(super) rule: Option<Arc<RuleRef>>,
    /// The single patterns of its lists, where calls are to be told apart by them too.
    pub(super) parts: Vec<(Dimension, Language)>,
}

/// Which calls are looked for: those in all of some regions and in none of others.
#[derive(Debug, Clone, Default)]
pub(super) struct Question<'r> {
    pub(super) all_of: Vec<&'r Region>,
    pub(super) none_of: Vec<&'r Region>,
}

/// A call that the languages admit.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidate {
    /// By [`Dimension::index`].
    pub(super) texts: [Option<String>; DIMENSIONS],
    /// Schemas that its arguments satisfy.
    pub(super) wanted: Vec<Arc<Schema>>,
    /// Schemas that they fail.
    pub(super) refused: Vec<Arc<Schema>>,
    /// The rules that these schemas are of.
    pub(super) schemas_of: Vec<Arc<RuleRef>>,
}

impl Region {
    /// Every call.
    pub(super) fn everything() -> Self {
        Self {
            scopes: [const { Scope::Any }; DIMENSIONS],
            schema: None,
            rule: None,
            parts: Vec::new(),
        }
    }

    pub(super) fn with(mut self, dimension: Dimension, scope: Scope) -> Self {
        if let Some(slot) = self.scopes.get_mut(dimension.index()) {
            *slot = scope;
        }
        self
    }

    pub(super) fn scope(&self, dimension: Dimension) -> &Scope {
        self.scopes.get(dimension.index()).unwrap_or(&Scope::Nothing)
    }

    /// Whether from this dimension on it has nothing more to say.
    fn is_whole_from(&self, dimensions: &[Dimension]) -> bool {
        self.schema.is_none() && dimensions.iter().all(|at| *self.scope(*at) == Scope::Any)
    }
}

/// One way to choose a text, or none, in one dimension.
pub(super) struct Choice {
    pub(super) text: Option<String>,
    /// The other regions that the call is still in.
    pub(super) inside: Vec<usize>,
}

impl Question<'_> {
    /// Visits candidates until one is good enough. For the question whether there is any call, it
    /// suffices to look at those that are in as few of the other regions as can be.
    pub(super) fn search(
        &self,
        kinds: &mut Kinds,
        work: &mut Work,
        visit: &mut dyn FnMut(&Candidate) -> ControlFlow<()>,
    ) -> Result<(), Exhausted> {
        let all: Vec<_> = (0..self.none_of.len()).collect();
        let mut candidate = Candidate::default();
        let _stopped = self.descend(&Dimension::ALL, &all, &mut candidate, kinds, work, visit)?;
        Ok(())
    }

    fn descend(
        &self,
        dimensions: &[Dimension],
        inside: &[usize],
        candidate: &mut Candidate,
        kinds: &mut Kinds,
        work: &mut Work,
        visit: &mut dyn FnMut(&Candidate) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Exhausted> {
        let regions = || inside.iter().filter_map(|at| self.none_of.get(*at));
        work.take(u64::try_from(inside.len()).unwrap_or(u64::MAX).saturating_add(1))?;
        if regions().any(|region| region.is_whole_from(dimensions)) {
            return Ok(ControlFlow::Continue(()));
        }
        let Some((&dimension, rest)) = dimensions.split_first() else {
            return Ok(self.arrive(inside, candidate, visit));
        };
        let within: Vec<_> = self.all_of.iter().map(|region| region.scope(dimension)).collect();
        let others: Vec<_> = inside
            .iter()
            .filter_map(|at| Some((*at, self.none_of.get(*at)?.scope(dimension))))
            .collect();
        for choice in least(choices(dimension, &within, &others, Vec::new(), kinds, work)?) {
            if let Some(slot) = candidate.texts.get_mut(dimension.index()) {
                *slot = choice.text;
            }
            if self.descend(rest, &choice.inside, candidate, kinds, work, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// All dimensions are chosen; what is left are the schemas of the regions to stay out of.
    fn arrive(
        &self,
        inside: &[usize],
        candidate: &mut Candidate,
        visit: &mut dyn FnMut(&Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let wanted = self.all_of.iter().copied().filter(|region| region.schema.is_some());
        let refused = inside.iter().filter_map(|at| self.none_of.get(*at).copied());
        let (wanted, refused): (Vec<_>, Vec<_>) = (wanted.collect(), refused.collect());
        let schemas = |regions: &[&Region]| -> Vec<Arc<Schema>> {
            regions.iter().filter_map(|region| region.schema.clone()).collect()
        };
        candidate.wanted = schemas(&wanted);
        candidate.refused = schemas(&refused);
        let is_both = |schema: &Arc<Schema>| candidate.wanted.iter().any(|one| same(one, schema));
        if candidate.refused.iter().any(is_both) {
            return ControlFlow::Continue(());
        }
        let rules = wanted.iter().chain(&refused).filter_map(|region| region.rule.clone());
        candidate.schemas_of = rules.collect();
        visit(candidate)
    }
}

/// The ways to choose in one dimension within all of some scopes, one for each set of other scopes
/// and of parts that the text may be in; the shortest texts first.
pub(super) fn choices(
    dimension: Dimension,
    within: &[&Scope],
    others: &[(usize, &Scope)],
    parts: Vec<Language>,
    kinds: &mut Kinds,
    work: &mut Work,
) -> Result<Vec<Choice>, Exhausted> {
    let mut choices = Vec::new();
    let is_absent = |scope: &Scope| matches!(scope, Scope::Any | Scope::Absent);
    if dimension.may_be_absent() && within.iter().all(|scope| is_absent(scope)) {
        let inside = others.iter().filter(|(_, scope)| is_absent(scope));
        choices.push(Choice { text: None, inside: inside.map(|(at, _)| *at).collect() });
    }
    if !within.iter().all(|scope| matches!(scope, Scope::Any | Scope::In(_))) {
        return Ok(choices);
    }
    let must = languages(within.iter().copied());
    let mut all = must.clone();
    let may = languages(others.iter().map(|(_, scope)| *scope));
    let may: BTreeSet<_> = may.into_iter().chain(parts).collect();
    all.extend(may.into_iter().filter(|language| !must.contains(language)));
    let places: HashMap<&Language, usize> = all.iter().zip(0..).collect();
    for kind in kinds.of(dimension, &all, work)?.iter() {
        let holds = |language: &Language| {
            places.get(language).is_some_and(|place| kind.matched.binary_search(place).is_ok())
        };
        if must.iter().all(holds) {
            let inside = others.iter().filter(|(_, scope)| match scope {
                Scope::Any => true,
                Scope::In(language) => holds(language),
                Scope::Absent | Scope::Nothing => false,
            });
            let inside = inside.map(|(at, _)| *at).collect();
            choices.push(Choice { text: Some(kind.text.clone()), inside });
        }
    }
    Ok(choices)
}

/// Whether two schemas are one and the same atom.
pub(super) fn same(a: &Arc<Schema>, b: &Arc<Schema>) -> bool {
    Arc::ptr_eq(a, b) || a.written() == b.written()
}

/// The languages of some scopes, each once, sorted.
fn languages<'s>(scopes: impl Iterator<Item = &'s Scope>) -> Vec<Language> {
    let language = |scope: &Scope| match scope {
        Scope::In(language) => Some(language.clone()),
        Scope::Any | Scope::Absent | Scope::Nothing => None,
    };
    let unique: BTreeSet<_> = scopes.filter_map(language).collect();
    unique.into_iter().collect()
}

/// Drops the choices that are inside of all that another one is inside of: they lead to a call only
/// where the other does.
fn least(mut choices: Vec<Choice>) -> Vec<Choice> {
    choices.sort_by_key(|choice| choice.inside.len());
    let mut kept: Vec<Choice> = Vec::new();
    for choice in choices {
        let covers = |less: &Choice| less.inside.iter().all(|at| choice.inside.contains(at));
        if !kept.iter().any(covers) {
            kept.push(choice);
        }
    }
    kept
}

//! Cells: calls that are in the same regions, one for each way in which the regions overlap. Where
//! [`super::region::Question`] looks for one call, this visits them all.
//!
//! Exact over the languages. Which of the schemas of the regions hold is left open, and is the
//! visitor's to go through: [`readings`].

use std::sync::Arc;

use super::dimension::{DIMENSIONS, Dimension};
use super::kinds::{Exhausted, Kinds, Language, Work};
use super::prove::Prover;
use super::region::{Candidate, Region, choices, same};
use crate::schema::Schema;

/// The most schemas in one cell: for each of them a call may satisfy it or not.
const MAX_SCHEMAS: usize = 8;

/// Calls that are in the same regions, as far as the languages go.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// One such call, by [`Dimension::index`].
    pub(super) texts: [Option<String>; DIMENSIONS],
    /// The regions that name its command, window and origin.
    pub(super) naming: Vec<usize>,
    /// The regions that it is in.
    pub(super) inside: Vec<usize>,
}

/// A way in which schemas may hold in a cell.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The regions that such a call is in.
    pub(super) inside: Vec<usize>,
    /// The call.
    pub(super) candidate: Candidate,
}

/// Who is asked about each step of the walk, and what is found.
pub(super) trait Visitor {
    /// Whether cells further on are worth a look: what is left to choose, which regions name the
    /// command, the window and the origin (once these are chosen), and which are left.
    fn goes_on(&mut self, rest: &[Dimension], naming: Option<&[usize]>, inside: &[usize]) -> bool;
    /// A cell.
    fn visit(&mut self, cell: &Cell) -> Result<(), Exhausted>;
}

/// Visits every cell of the regions within all of `within`.
pub(super) fn walk(
    within: &[&Region],
    regions: &[&Region],
    prover: &mut Prover<'_>,
    visitor: &mut dyn Visitor,
) -> Result<(), Exhausted> {
    let Prover { kinds, work, .. } = prover;
    let mut walk = Walk { within, regions, kinds, work, visitor, cell: Cell::default() };
    walk.descend(&Dimension::ALL, (0..regions.len()).collect(), None)
}

struct Walk<'w> {
    within: &'w [&'w Region],
    regions: &'w [&'w Region],
    kinds: &'w mut Kinds,
    work: &'w mut Work,
    visitor: &'w mut dyn Visitor,
    cell: Cell,
}

impl Walk<'_> {
    fn descend(
        &mut self,
        dimensions: &[Dimension],
        inside: Vec<usize>,
        naming: Option<&[usize]>,
    ) -> Result<(), Exhausted> {
        self.work.take(u64::try_from(inside.len()).unwrap_or(u64::MAX).saturating_add(1))?;
        // The first of the arguments: who calls and what for is chosen.
        let now_naming = (dimensions.first() == Some(&Dimension::Path)).then(|| inside.clone());
        let naming = now_naming.as_deref().or(naming);
        if !self.visitor.goes_on(dimensions, naming, &inside) {
            return Ok(());
        }
        let Some((&dimension, rest)) = dimensions.split_first() else {
            self.cell.naming = naming.unwrap_or_default().to_vec();
            self.cell.inside = inside;
            return self.visitor.visit(&self.cell);
        };
        let within: Vec<_> = self.within.iter().map(|region| region.scope(dimension)).collect();
        let others: Vec<_> = inside
            .iter()
            .filter_map(|at| Some((*at, self.regions.get(*at)?.scope(dimension))))
            .collect();
        let parts = self.parts(dimension, &inside);
        for choice in choices(dimension, &within, &others, parts, self.kinds, self.work)? {
            if let Some(slot) = self.cell.texts.get_mut(dimension.index()) {
                *slot = choice.text;
            }
            self.descend(rest, choice.inside, naming)?;
        }
        Ok(())
    }
}

impl Walk<'_> {
    fn parts(&self, dimension: Dimension, inside: &[usize]) -> Vec<Language> {
        let regions = inside.iter().filter_map(|at| self.regions.get(*at));
        let parts = regions.flat_map(|region| &region.parts);
        let mine = parts.filter(|(of, _)| *of == dimension);
        mine.map(|(_, language)| language.clone()).collect()
    }
}

/// Every way in which the schemas of a cell may hold: one where there is none.
pub(super) fn readings(cell: &Cell, regions: &[&Region]) -> Result<Vec<Reading>, Exhausted> {
    let mut schemas: Vec<Arc<Schema>> = Vec::new();
    let schema_of = |at: &usize| regions.get(*at).and_then(|region| region.schema.as_ref());
    for schema in cell.inside.iter().filter_map(schema_of) {
        if !schemas.iter().any(|known| same(known, schema)) {
            schemas.push(schema.clone());
        }
    }
    if schemas.len() > MAX_SCHEMAS {
        return Err(Exhausted);
    }
    let mut readings = Vec::new();
    // From all of them down: a call that satisfies every schema is the easiest to make up.
    for bits in (0..1_u32 << schemas.len()).rev() {
        let numbered = schemas.iter().zip(0_u32..);
        let (wanted, refused): (Vec<_>, Vec<_>) =
            numbered.partition(|(_, bit)| bits & (1 << bit) != 0);
        let plain = |list: Vec<(&Arc<Schema>, u32)>| -> Vec<Arc<Schema>> {
            list.into_iter().map(|(schema, _)| schema.clone()).collect()
        };
        let (wanted, refused) = (plain(wanted), plain(refused));
        let holds = |at: &&usize| {
            schema_of(at).is_none_or(|schema| wanted.iter().any(|one| same(one, schema)))
        };
        let inside = cell.inside.iter().filter(holds).copied().collect();
        let of_schema = cell.inside.iter().filter(|at| schema_of(at).is_some());
        let schemas_of = of_schema.filter_map(|at| regions.get(*at)?.rule.clone()).collect();
        let texts = cell.texts.clone();
        readings
            .push(Reading { inside, candidate: Candidate { texts, wanted, refused, schemas_of } });
    }
    Ok(readings)
}

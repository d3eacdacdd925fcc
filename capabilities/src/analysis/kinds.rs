//! The kinds of texts that some patterns tell apart, each with its shortest text: the atoms of the
//! Boolean algebra that the patterns span. One automaton for all patterns, walked once.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::{primitives::StateID, start, syntax};
use regex_automata::{Anchored, MatchKind};

use super::dimension::Dimension;

/// A language of one dimension: a regular expression for all texts of a list of patterns.
pub(super) type Language = Arc<str>;

/// The most bytes of one automaton. Thirty path patterns take about half a megabyte; what takes
/// more than this was written to take long.
const MAX_AUTOMATON_BYTES: usize = 16 * 1024 * 1024;

/// How many bytes of an automaton are built in about the time of a step.
const BYTES_A_STEP: usize = 8;

/// The most texts that are preferred: each is tried in each automaton.
const MAX_PREFERRED: usize = 256;

/// The most bytes of a text that is made up for a schema.
const MAX_INVENTED_BYTES: usize = 256;

/// The most steps that it is looked for: an honest pattern takes a hundredth of it.
const INVENTION_STEPS: u64 = 1_000_000;

/// Texts that match the same languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// The places of the languages that they match, in order.
    pub(super) matched: Vec<usize>,
    /// The shortest of them, or one that was preferred.
    pub(super) text: String,
}

/// The work ran out: nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// Work that is left, in steps: one for each edge of an automaton that is followed.
#[derive(Debug)]
pub(super) struct Work(u64);

impl Work {
    pub(super) fn of(steps: u64) -> Self {
        Self(steps)
    }

    pub(super) fn take(&mut self, steps: u64) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }
}

/// Finds kinds, each question once.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    known: HashMap<(Dimension, Vec<Language>), Arc<[Kind]>>,
    preferred: BTreeMap<Dimension, Vec<String>>,
}

impl Kinds {
    /// Texts to show rather than others of their kind, best first: names that the policy itself uses.
    pub(super) fn prefer<'t>(
        &mut self,
        dimension: Dimension,
        texts: impl IntoIterator<Item = &'t str>,
    ) {
        let preferred = self.preferred.entry(dimension).or_default();
        let mut known: HashSet<String> = preferred.iter().cloned().collect();
        for text in texts {
            if preferred.len() >= MAX_PREFERRED {
                break;
            }
            if known.insert(text.to_owned()) {
                preferred.push(text.to_owned());
            }
        }
    }

    /// Every kind of text that the languages tell apart, shortest first; the one that is in none of
    /// them too, where there is one.
    pub(super) fn of(
        &mut self,
        dimension: Dimension,
        languages: &[Language],
        work: &mut Work,
    ) -> Result<Arc<[Kind]>, Exhausted> {
        let question = (dimension, languages.to_vec());
        if let Some(kinds) = self.known.get(&question) {
            return Ok(kinds.clone());
        }
        let preferred = self.preferred.get(&dimension).map_or(&[][..], Vec::as_slice);
        let universe = dimension.universe();
        let walk = Walk::new(languages, &universe, dimension.readable(), dimension.longest())?;
        let size = walk.automaton.memory_usage().checked_div(BYTES_A_STEP).unwrap_or(0);
        work.take(u64::try_from(size).unwrap_or(u64::MAX))?;
        let kinds: Arc<[Kind]> = walk.kinds(preferred, work)?.into();
        self.known.insert(question, kinds.clone());
        Ok(kinds)
    }
}

/// The shortest text in which the regular expression of a schema is found, if it is short.
pub(super) fn shortest_with(pattern: &str, least: usize) -> Option<String> {
    let universe = format!("(?s:.){{{least},}}");
    let language = format!("(?s:.)*(?:{pattern})(?s:.)*").into();
    let walk = Walk::new(&[language], &universe, Some("[ -~]*"), MAX_INVENTED_BYTES).ok()?;
    let kinds = walk.kinds(&[], &mut Work::of(INVENTION_STEPS)).ok()?;
    kinds.into_iter().find(|kind| kind.matched == [0]).map(|kind| kind.text)
}

/// A walk through the automaton of some languages, of all texts and of the readable ones.
struct Walk {
    longest: usize,
    automaton: dense::DFA<Vec<u32>>,
    start: StateID,
    /// One byte for each class of bytes, the most readable first.
    bytes: Vec<u8>,
    languages: usize,
}

/// A state that was reached, and from where.
struct Step {
    state: StateID,
    from: usize,
    byte: u8,
    length: usize,
}

impl Walk {
    fn new(
        languages: &[Language],
        universe: &str,
        readable: Option<&str>,
        longest: usize,
    ) -> Result<Self, Exhausted> {
        let last = [Some(universe), readable];
        let patterns: Vec<&str> =
            languages.iter().map(AsRef::as_ref).chain(last.into_iter().flatten()).collect();
        let automaton = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    .match_kind(MatchKind::All)
                    .accelerate(false)
                    .dfa_size_limit(Some(MAX_AUTOMATON_BYTES))
                    .determinize_size_limit(Some(MAX_AUTOMATON_BYTES)),
            )
            .syntax(syntax::Config::new().unicode(true).utf8(true))
            .thompson(
                thompson::Config::new()
                    .which_captures(WhichCaptures::None)
                    .nfa_size_limit(Some(MAX_AUTOMATON_BYTES)),
            )
            .build_many(&patterns)
            .map_err(|_| Exhausted)?;
        let anchored = start::Config::new().anchored(Anchored::Yes);
        let start = automaton.start_state(&anchored).map_err(|_| Exhausted)?;
        let bytes = representatives(&automaton);
        Ok(Self { longest, automaton, start, bytes, languages: languages.len() })
    }

    fn kinds(&self, preferred: &[String], work: &mut Work) -> Result<Vec<Kind>, Exhausted> {
        let mut found: BTreeMap<Vec<usize>, Best> = BTreeMap::new();
        let mut steps = vec![Step { state: self.start, from: 0, byte: 0, length: 0 }];
        let mut seen: HashMap<StateID, ()> = HashMap::from([(self.start, ())]);
        let mut queue = VecDeque::from([0]);
        let edges = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        while let Some(at) = queue.pop_front() {
            work.take(edges)?;
            let Some(&Step { state, length, .. }) = steps.get(at) else { continue };
            if let Some((matched, rank)) = self.signature(state) {
                let best = found.entry(matched).or_insert(Best { rank: Rank::Nothing, step: at });
                if rank > best.rank {
                    *best = Best { rank, step: at };
                }
            }
            if length >= self.longest {
                continue;
            }
            for &byte in &self.bytes {
                let next = self.automaton.next_state(state, byte);
                if !self.automaton.is_dead_state(next) && seen.insert(next, ()).is_none() {
                    queue.push_back(steps.len());
                    let length = length.saturating_add(1);
                    steps.push(Step { state: next, from: at, byte, length });
                }
            }
        }
        let mut kinds: Vec<_> = found
            .into_iter()
            .filter_map(|(matched, best)| Some(Kind { matched, text: text_of(&steps, best.step)? }))
            .collect();
        self.prefer(&mut kinds, preferred);
        kinds.sort_by(|a, b| (a.text.len(), &a.text).cmp(&(b.text.len(), &b.text)));
        Ok(kinds)
    }

    /// Which languages a text that leads to the state matches, and how well it reads; `None` where
    /// it is no text of the dimension.
    fn signature(&self, state: StateID) -> Option<(Vec<usize>, Rank)> {
        let end = self.automaton.next_eoi_state(state);
        if !self.automaton.is_match_state(end) {
            return None;
        }
        let count = self.automaton.match_len(end);
        let all: Vec<usize> =
            (0..count).map(|at| self.automaton.match_pattern(end, at).as_usize()).collect();
        let readable = self.languages.saturating_add(1);
        let rank = if all.contains(&readable) { Rank::Readable } else { Rank::Plain };
        let mut matched: Vec<_> =
            all.iter().copied().filter(|place| *place < self.languages).collect();
        matched.sort_unstable();
        all.contains(&self.languages).then_some((matched, rank))
    }

    /// Puts preferred texts in the place of others of their kind.
    fn prefer(&self, kinds: &mut [Kind], preferred: &[String]) {
        let mut is_taken = vec![false; kinds.len()];
        for text in preferred {
            let end =
                text.bytes().fold(self.start, |state, byte| self.automaton.next_state(state, byte));
            let Some((matched, _)) = self.signature(end) else { continue };
            let found =
                kinds.iter_mut().zip(&mut is_taken).find(|(kind, _)| kind.matched == matched);
            if let Some((kind, taken @ false)) = found {
                kind.text.clone_from(text);
                *taken = true;
            }
        }
    }
}

struct Best {
    rank: Rank,
    step: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Nothing,
    Plain,
    Readable,
}

/// One byte for each class, those that read best first.
fn representatives(automaton: &dense::DFA<Vec<u32>>) -> Vec<u8> {
    let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z').chain(*b"._-");
    let mut classes = Vec::new();
    let mut bytes = Vec::new();
    for byte in readable.chain(0..=u8::MAX) {
        let class = automaton.byte_classes().get(byte);
        if !classes.contains(&class) {
            classes.push(class);
            bytes.push(byte);
        }
    }
    bytes
}

fn text_of(steps: &[Step], last: usize) -> Option<String> {
    let mut bytes = Vec::new();
    let mut at = last;
    while at != 0 {
        let step = steps.get(at)?;
        bytes.push(step.byte);
        at = step.from;
    }
    bytes.reverse();
    String::from_utf8(bytes).ok()
}

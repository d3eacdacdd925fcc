//! Answers to the question whether some call exists: no, yes and here it is, or not known and why.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::call::{Call, calls_of};
use super::dimension::Dimension;
use super::kinds::{Exhausted, Kinds, Work};
use super::region::{Candidate, Question};
use crate::directories::Directories;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::policy::Policy;
use crate::verdict::RuleRef;

/// Whether there is a call in some regions and in none of others.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// Proved: there is none.
    None,
    /// There is, and `decide` agrees.
    Found(Box<Call>),
    /// It cannot be said.
    Unknown(Doubt),
}

/// Why it cannot be said whether there is a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The patterns take more work than is given to one question.
    Work,
    /// It depends on what the argument schemas of these rules admit.
    Schemas(Vec<Arc<RuleRef>>),
    /// The languages admit a call that could not be put into words.
    Unverified,
}

/// Answers questions, and remembers what it found out about patterns.
#[derive(Debug)]
pub(super) struct Prover<'d> {
    directories: &'d Directories,
    pub(super) kinds: Kinds,
    pub(super) work: Work,
}

impl<'d> Prover<'d> {
    pub(super) fn new(directories: &'d Directories, steps: u64) -> Self {
        Self { directories, kinds: Kinds::default(), work: Work::of(steps) }
    }

    /// Shows calls with windows and commands that the policies name in full, where there is a choice.
    pub(super) fn prefer_names_of<'p>(&mut self, policies: impl IntoIterator<Item = &'p Policy>) {
        for policy in policies {
            let capabilities = policy.capabilities();
            let windows = capabilities.iter().flat_map(|capability| &capability.windows);
            let windows = windows.map(|pattern| &*pattern.0);
            let is_label = |text: &&str| WindowLabel::parse(text).is_ok();
            let rules = capabilities.iter().flat_map(|one| one.allow.iter().chain(&one.deny));
            let commands = rules.flat_map(|rule| &rule.entry.commands).map(|one| &*one.0);
            let is_command = |text: &&str| CommandName::parse(text).is_ok();
            self.kinds.prefer(Dimension::Window, windows.filter(is_label));
            self.kinds.prefer(Dimension::Command, commands.filter(is_command));
        }
        self.kinds.prefer(Dimension::Origin, [Origin::local().to_string().as_str()]);
    }

    /// Looks for a call that the regions admit and that `is_real` confirms.
    pub(super) fn answer(
        &mut self,
        question: &Question<'_>,
        is_real: &mut dyn FnMut(&Call) -> bool,
    ) -> Answer {
        let mut found = None;
        let mut doubt = None;
        let directories = self.directories;
        let mut visit = |candidate: &Candidate| {
            found = calls_of(candidate, directories).into_iter().find(|call| is_real(call));
            if found.is_some() {
                return ControlFlow::Break(());
            }
            doubt.get_or_insert(doubt_about(candidate));
            ControlFlow::Continue(())
        };
        let searched = question.search(&mut self.kinds, &mut self.work, &mut visit);
        match (found, searched, doubt) {
            (Some(call), _, _) => Answer::Found(Box::new(call)),
            (None, Err(Exhausted), _) => Answer::Unknown(Doubt::Work),
            (None, Ok(()), Some(doubt)) => Answer::Unknown(doubt),
            (None, Ok(()), None) => Answer::None,
        }
    }

    /// Whether the languages admit a call at all; what cannot be said counts as yes.
    pub(super) fn may_exist(&mut self, question: &Question<'_>) -> bool {
        let mut any = false;
        let mut visit = |_: &Candidate| {
            any = true;
            ControlFlow::Break(())
        };
        let searched = question.search(&mut self.kinds, &mut self.work, &mut visit);
        any || searched.is_err()
    }
}

fn doubt_about(candidate: &Candidate) -> Doubt {
    if candidate.schemas_of.is_empty() {
        Doubt::Unverified
    } else {
        Doubt::Schemas(candidate.schemas_of.clone())
    }
}

//! A difference is reported just where the policies answer some call of the world differently.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::diff::{ChangeKind, Difference, diff};
use super::world::{COMMANDS, NOW, calls, compile, is_allowed, kept_out, policy, verdicts};
use crate::analysis::Call;
use crate::glob::{self, Question};
use crate::policy::Policy;

/// Whether a change of this kind has patterns that the call matches.
fn is_reported(difference: &Difference, kinds: &[ChangeKind], call: &Call) -> bool {
    let like = |pattern: &String, text: &str| glob::text_matches(pattern, text, Question::Literal);
    difference.changes.iter().filter(|change| kinds.contains(&change.kind)).any(|change| {
        change.patterns.windows.iter().any(|one| like(one, call.window.as_str()))
            && change.patterns.commands.iter().any(|one| like(one, call.command.as_str()))
    })
}

/// The other way round: every example is what it is said to be.
fn examples_are_real(
    difference: &Difference,
    old: &Policy,
    new: &Policy,
) -> Result<(), TestCaseError> {
    for change in &difference.changes {
        prop_assert_eq!(change.certain, change.example.is_some());
        let Some(call) = &change.example else { continue };
        let expected = match change.kind {
            ChangeKind::Allowed => (false, true),
            ChangeKind::Denied => (true, false),
            ChangeKind::Looser | ChangeKind::Tighter => (true, true),
        };
        prop_assert_eq!((is_allowed(old, call), is_allowed(new, call)), expected, "{}", call);
    }
    Ok(())
}

fn agrees(old: &str, new: &str, exact: bool) -> Result<(), TestCaseError> {
    let (old, new) = (compile(old), compile(new));
    let difference = diff(&old, &new, NOW);
    prop_assert!(difference.complete);
    prop_assert!(!exact || difference.changes.iter().all(|change| change.certain));
    examples_are_real(&difference, &old, &new)?;
    let all = calls();
    let (before, after) = (verdicts(&old, &all), verdicts(&new, &all));
    let both = [ChangeKind::Looser, ChangeKind::Tighter];
    for ((call, before), after) in all.iter().zip(before).zip(after) {
        let kinds = match (before, after) {
            (None, Some(_)) => &[ChangeKind::Allowed][..],
            (Some(_), None) => &[ChangeKind::Denied],
            (Some(before), Some(after)) if before != after => &both,
            _ => continue,
        };
        prop_assert!(is_reported(&difference, kinds, call), "{call} {difference:#?}");
    }
    the_log_agrees(&difference, &old, &new)
}

/// A change of the log is reported of a command just where other pointers are kept out of it.
fn the_log_agrees(
    difference: &Difference,
    old: &Policy,
    new: &Policy,
) -> Result<(), TestCaseError> {
    let within = |pointer: &str, all: &BTreeSet<String>| {
        all.iter().any(|one| pointer == one || pointer.starts_with(&format!("{one}/")))
    };
    for command in COMMANDS {
        let (before, after) = (kept_out(old, command), kept_out(new, command));
        let looser = !before.iter().all(|pointer| within(pointer, &after));
        let tighter = !after.iter().all(|pointer| within(pointer, &before));
        let like = |pattern: &String| glob::text_matches(pattern, command, Question::Literal);
        let found: Vec<_> = difference
            .log
            .iter()
            .filter(|change| (&change.before, &change.after) == (&before, &after))
            .filter(|change| change.commands.iter().any(like))
            .map(|change| change.looser)
            .collect();
        let expected = if looser { vec![true] } else { vec![false; usize::from(tighter)] };
        prop_assert_eq!(found, expected, "{} {:#?}", command, difference.log);
    }
    for change in &difference.log {
        prop_assert_eq!(&kept_out(old, &change.example), &change.before);
        prop_assert_eq!(&kept_out(new, &change.example), &change.after);
        prop_assert!(!change.looser || difference.widens());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn without_schemas_every_difference_has_a_call(old in policy(0.0), new in policy(0.0)) {
        agrees(&old, &new, true)?;
    }

    #[test]
    fn with_schemas_no_difference_is_missed(old in policy(0.3), new in policy(0.3)) {
        agrees(&old, &new, false)?;
    }

    #[test]
    fn no_policy_differs_from_itself_in_another_order(text in policy(0.2)) {
        let parts: Vec<_> = text.split("[[capability]]").skip(1).collect();
        let turned: String = parts.iter().rev().map(|part| format!("[[capability]]{part}")).collect();
        let turned = compile(&format!("version = 1\n{turned}"));
        let difference = diff(&compile(&text), &turned, NOW);
        prop_assert_eq!(difference.changes, vec![]);
        prop_assert_eq!(difference.log, vec![]);
    }
}

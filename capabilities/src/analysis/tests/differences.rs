//! A difference is reported just where the policies answer some call of the world differently.

use proptest::prelude::*;

use super::super::diff::{ChangeKind, Difference, diff};
use super::world::{NOW, calls, compile, is_allowed, policy, verdicts};
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
    }
}

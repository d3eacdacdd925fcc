//! Who may call what, by every call of the world.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::who_can::{Inquiry, who_can};
use super::world::{COMMANDS, NOW, calls, compile, is_allowed, policy, verdicts};
use crate::analysis::Call;
use crate::glob::{self, Question};
use crate::names::CommandName;
use crate::policy::Policy;

/// A cell of the table: a window, an origin and a command.
type Cell = (String, String, String);

fn cell_of(call: &Call) -> Cell {
    (call.window.to_string(), call.origin.to_string(), call.command.to_string())
}

/// Of each cell a call, and whether some call of it is allowed.
fn cells(policy: &Policy) -> BTreeMap<Cell, (Call, bool)> {
    let all = calls();
    let allowed = verdicts(policy, &all);
    let mut cells = BTreeMap::new();
    for (call, verdict) in all.into_iter().zip(allowed) {
        let cell = cells.entry(cell_of(&call)).or_insert_with(|| (call.clone(), false));
        cell.1 |= verdict.is_some();
    }
    cells
}

/// A cell has a grant just where some call of it is allowed: of the world, or the one that is shown.
fn every_cell_agrees(policy: &Policy, exact: bool) -> Result<(), TestCaseError> {
    for (cell, (call, any)) in cells(policy) {
        let caller = Some((&call.window, &call.origin));
        let holders = who_can(policy, Inquiry { command: &call.command, args: None, caller }, NOW);
        prop_assert!(holders.complete);
        prop_assert!(!any || !holders.grants.is_empty(), "{cell:?}");
        for grant in &holders.grants {
            prop_assert!(!exact || grant.certain);
            prop_assert!(grant.certain == grant.example.is_some());
            let Some(example) = &grant.example else { continue };
            prop_assert_eq!(&cell_of(example), &cell);
            prop_assert!(is_allowed(policy, example), "{}", example);
        }
        // A caller has the tightest of the limits of all entries that name the command.
        let principal = policy.principal(&call.window, &call.origin, NOW);
        let most = principal.limits(&call.command).in_flight;
        let expected = most.map(|most| format!("at most {most} at once"));
        for grant in &holders.grants {
            let said = grant.conditions.iter().find(|words| words.ends_with("at once"));
            prop_assert_eq!(said, expected.as_ref(), "{:?}", cell);
        }
    }
    Ok(())
}

/// Whoever calls, a call that is allowed is of a grant, and of the patterns that it names; a limit that
/// some caller has is told.
fn every_call_is_of_a_grant(policy: &Policy) -> Result<(), TestCaseError> {
    let like = |pattern: &String, text: &str| glob::text_matches(pattern, text, Question::Literal);
    let (all, mut holders) = (calls(), BTreeMap::new());
    for (call, verdict) in all.iter().zip(verdicts(policy, &all)) {
        let Some(limits) = verdict else { continue };
        let found = holders.entry(call.command.to_string()).or_insert_with(|| {
            who_can(policy, Inquiry { command: &call.command, args: None, caller: None }, NOW)
        });
        let mine = found.grants.iter().find(|grant| {
            grant.patterns.windows.iter().any(|one| like(one, call.window.as_str()))
                && grant.patterns.commands.iter().any(|one| like(one, call.command.as_str()))
        });
        prop_assert!(mine.is_some(), "{}", call);
        let words = limits.0.in_flight.map(|most| format!("at most {most} at once"));
        let is_told = |words: &String| {
            found.grants.iter().flat_map(|grant| &grant.conditions).any(|one| one.contains(words))
        };
        prop_assert!(words.as_ref().is_none_or(is_told), "{} {:?}", call, found);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_cell_has_a_grant_just_where_a_call_of_it_is_allowed(text in policy(0.0)) {
        let policy = compile(&text);
        every_cell_agrees(&policy, true)?;
        every_call_is_of_a_grant(&policy)?;
    }

    #[test]
    fn with_schemas_no_grant_is_missed(text in policy(0.3)) {
        let policy = compile(&text);
        every_cell_agrees(&policy, false)?;
        every_call_is_of_a_grant(&policy)?;
    }

    /// With the arguments given there is nothing left to search for.
    #[test]
    fn with_arguments_it_is_the_verdict(text in policy(0.3), start in 0_usize..37) {
        let policy = compile(&text);
        for call in calls().iter().skip(start).step_by(37) {
            let caller = Some((&call.window, &call.origin));
            let inquiry = Inquiry { command: &call.command, args: Some(&call.args), caller };
            let holders = who_can(&policy, inquiry, NOW);
            prop_assert_eq!(!holders.grants.is_empty(), is_allowed(&policy, call), "{}", call);
        }
    }
}

/// A limit is the command's: it may be another for another window.
#[test]
fn limits_that_differ_are_told_with_a_caller_each() {
    let policy = compile(
        "version = 1\n[[capability]]\nid = \"all\"\nwindows = [\"main\", \"other\"]\n\
         allow = [{ commands = [\"app.info\"], limit = { in_flight = 9 } }]\n\
         [[capability]]\nid = \"slow\"\nwindows = [\"other\"]\n\
         allow = [{ commands = [\"app.*\"], path = [\"/d/*\"], limit = { in_flight = 2 } }]\n",
    );
    let command = CommandName::parse("app.info").unwrap();
    assert!(COMMANDS.contains(&"app.info"));
    let holders = who_can(&policy, Inquiry { command: &command, args: None, caller: None }, NOW);
    let conditions: Vec<_> = holders.grants.iter().map(|grant| grant.conditions.clone()).collect();
    assert_eq!(
        conditions,
        [
            vec![
                "limits differ: at most 9 at once from `main` at app://localhost, say".to_owned(),
                "limits differ: at most 2 at once from `other` at app://localhost, say".to_owned(),
            ],
            vec!["at most 2 at once".to_owned()],
        ]
    );
}

//! What is said of an invariant that does not hold.

use super::never::Broken;
use crate::diagnostics::{Diagnostic, FileText, Place};
use crate::never::Never;
use crate::sources::Sources;
use crate::verdict::RuleRef;

/// The diagnostic at the `[[never]]`, with the call and the rule that breaks it.
pub(crate) fn diagnostic(
    place: &Diagnostic,
    never: &Never,
    broken: &Broken,
    sources: &Sources,
) -> Diagnostic {
    let why = &never.why;
    let at_rule = |rule: &RuleRef, found: Diagnostic, text: &str| {
        let file = sources.text(&rule.file).map(|text| FileText::new(&rule.file, text));
        match &file {
            Some(file) => found.also(&Place::of(file, file.entry_at(rule.line, rule.column)), text),
            None => found,
        }
    };
    let unproved = |rule: &RuleRef, why_not: &str| {
        let message = format!("the invariant cannot be proved: {why}");
        let found = Diagnostic { message, ..place.clone() }
            .label(why_not)
            .help("write fewer `*` into the patterns of the invariant and of the entry");
        at_rule(rule, found, "this entry may allow such a call")
    };
    match broken {
        Broken::Call { call, rule, at } => {
            let when = at.map(|at| format!(" at {at}"));
            let when = when.unwrap_or_default();
            let found = Diagnostic {
                message: format!("the invariant does not hold: {why}"),
                ..place.clone()
            }
            .label(format!("allowed{when}: {call}"))
            .help(format!("narrow the entry at {rule}, or deny such calls"));
            at_rule(rule, found, "this entry allows the call")
        }
        Broken::Schemas { rule, schemas } => {
            let places: Vec<_> =
                schemas.iter().map(|rule| format!("{}:{}", rule.file, rule.line)).collect();
            let places = places.join(", ");
            let found = Diagnostic { message: format!("the invariant cannot be proved: {why}"), ..place.clone() }
                .label(format!("such a call cannot be ruled out: it depends on the schema at {places}"))
                .help(format!("say in `path`, `url`, `key` or `deny` what the schema says, or narrow the entry at {rule}"));
            at_rule(rule, found, "this entry may allow such a call")
        }
        Broken::Work { rule } => unproved(rule, "its patterns take too much work"),
        Broken::Unverified { rule } => {
            unproved(rule, "no call could be made up to confirm or refute it")
        }
    }
}

//! Record: the decision is in the log before anything is done about it. What cannot be written
//! down does not happen.

use sidegate_capabilities::RuleRef;

use super::ask::Confirmed;
use super::decide::Granted;
use super::shadow::Differing;
use super::{PageError, Refusal, Stopped, Trail};
use crate::audit::{Call, Telling, Verdict};
use crate::clock::Moment;
use crate::ledger::{Basis, Ledger, Records};
use crate::session::InFlight;

/// A granted call whose record is in the log: the only thing that can be dispatched. Where the
/// policy has such calls counted, the record may be that of an earlier call of the same kind.
#[derive(Debug)]
pub(crate) struct Recorded {
    granted: Box<Granted>,
    basis: Basis,
    /// When it was recorded, from which its deadline counts.
    at: Moment,
}

impl Recorded {
    pub(super) fn take(self) -> (Box<Granted>, Basis, Moment) {
        (self.granted, self.basis, self.at)
    }
}

pub(super) fn record(
    ledger: &Ledger,
    confirmed: Confirmed,
    now: Moment,
) -> Result<Recorded, (Box<Stopped>, InFlight)> {
    let granted = confirmed.into_granted();
    match allowed(ledger, &granted.trail, &granted.permit.rule, granted.records, now) {
        Ok(basis) => Ok(Recorded { granted, basis, at: now }),
        Err(refusal) => {
            let Granted { trail, in_flight, .. } = *granted;
            Err((Stopped::new(trail, refusal), in_flight))
        }
    }
}

/// Writes down that something is allowed, before it is.
pub(super) fn allowed(
    ledger: &Ledger,
    trail: &Trail,
    rule: &RuleRef,
    records: Records,
    now: Moment,
) -> Result<Basis, Refusal> {
    let decision = Decision {
        verdict: Verdict::Allow,
        stage: "decide",
        rule: Some(rule.as_str()),
        reason: None,
        why: None,
        shadow: trail.shadow.as_ref(),
    };
    let (window, origin) = (trail.window(), trail.origin());
    let call = call(trail, (&window, origin), now, &decision);
    let written = ledger.allowed(trail.policy(), call, records, now);
    written.map_err(|error| Refusal::Unrecorded(error.to_string()))
}

/// Writes a refusal down, tells the developer, and says what the page may learn. A refusal
/// whose record cannot be written is refused all the same, and the developer is told.
pub(super) fn refusal(ledger: &Ledger, trail: &Trail, refusal: &Refusal, now: Moment) -> PageError {
    let why = match refusal.help() {
        Some(help) => format!("{refusal}; to allow it: {help}"),
        None => refusal.to_string(),
    };
    let decision = Decision {
        verdict: Verdict::Deny,
        stage: refusal.stage(),
        rule: refusal.rule().map(RuleRef::as_str),
        reason: Some(refusal.code()),
        why: Some(&why),
        shadow: trail.shadow.as_ref().filter(|_| matches!(refusal, Refusal::Denied(_))),
    };
    let (window, origin) = (trail.window(), trail.origin());
    let call = call(trail, (&window, origin), now, &decision);
    let told = ledger.refusal(trail.policy(), call, now);
    let command = trail.command.as_deref().unwrap_or("?");
    match told {
        Ok(Telling::Counted) => {}
        Ok(Telling::Write) => {
            tracing::warn!(
                window = &*window,
                command,
                reason = refusal.code(),
                why,
                "refused a call"
            );
        }
        Err(error) => {
            tracing::error!(window = &*window, command, why, %error, "refused a call that is not in the log");
        }
    }
    PageError::from(refusal)
}

/// The part of a record that says what was decided; the rest is the trail's.
struct Decision<'a> {
    verdict: Verdict,
    stage: &'static str,
    rule: Option<&'a str>,
    reason: Option<&'a str>,
    why: Option<&'a str>,
    /// What the observed policy says: of what the policies decided, and of nothing else.
    shadow: Option<&'a Differing>,
}

fn call<'a>(
    trail: &'a Trail,
    (window, origin): (&'a str, &'a str),
    now: Moment,
    decision: &Decision<'a>,
) -> Call<'a> {
    let redacted = trail.shown.as_ref().map_or(&[][..], |shown| shown.redacted.as_slice());
    Call {
        window,
        host: trail.host.0,
        document: trail.document.0,
        origin,
        command: trail.command.as_deref().unwrap_or_default(),
        call: trail.call.unwrap_or_default(),
        verdict: decision.verdict,
        stage: decision.stage,
        rule: decision.rule,
        reason: decision.reason,
        why: decision.why,
        args: trail.shown.as_ref().map(|shown| &shown.args),
        redacted,
        args_bytes: trail.bytes,
        args_digest: trail.digest,
        shadow: decision.shadow.map(Differing::event),
        micros: u64::try_from(now.since(trail.began).as_micros()).unwrap_or(u64::MAX),
    }
}

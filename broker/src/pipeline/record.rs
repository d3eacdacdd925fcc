//! Record: the decision is in the log before anything is done about it. What cannot be written
//! down does not happen.

use serde_json::Value;

use super::decide::Granted;
use super::{PageError, Refusal, Stopped, Trail};
use crate::audit::{Call, Event, Receipt, Telling, Verdict};
use crate::clock::Moment;
use crate::ledger::Ledger;

/// A granted call whose record is in the log: the only thing that can be dispatched.
#[derive(Debug)]
pub(crate) struct Recorded {
    granted: Granted,
    receipt: Receipt,
}

impl Recorded {
    pub(super) fn take(self) -> (Granted, Receipt) {
        (self.granted, self.receipt)
    }
}

pub(super) fn record(
    ledger: &Ledger,
    granted: Granted,
    now: Moment,
) -> Result<Recorded, Box<Stopped>> {
    let rule = granted.permit.rule.to_string();
    let decision = Decision {
        verdict: Verdict::Allow,
        stage: "decide",
        rule: Some(&rule),
        reason: None,
        why: None,
        args: granted.shown.as_ref(),
    };
    let (window, origin) = (granted.trail.window(), granted.trail.origin());
    let call = call(&granted.trail, (&window, &origin), now, &decision);
    match ledger.write(&granted.trail.policy(), &Event::Call(call)) {
        Ok(receipt) => Ok(Recorded { granted, receipt }),
        Err(error) => Err(Stopped::new(granted.trail, Refusal::Unrecorded(error.to_string()))),
    }
}

/// Writes a refusal down, tells the developer, and says what the page may learn. A refusal
/// whose record cannot be written is refused all the same, and the developer is told.
pub(super) fn refusal(ledger: &Ledger, trail: &Trail, refusal: &Refusal, now: Moment) -> PageError {
    let rule = refusal.rule().map(ToString::to_string);
    let why = match refusal.help() {
        Some(help) => format!("{refusal}; to allow it: {help}"),
        None => refusal.to_string(),
    };
    let decision = Decision {
        verdict: Verdict::Deny,
        stage: refusal.stage(),
        rule: rule.as_deref(),
        reason: Some(refusal.code()),
        why: Some(&why),
        args: None,
    };
    let (window, origin) = (trail.window(), trail.origin());
    let call = call(trail, (&window, &origin), now, &decision);
    let told = ledger.refusal(&trail.policy(), call, now);
    let command = trail.command.as_deref().unwrap_or("?");
    match told {
        Ok(Telling::Counted) => {}
        Ok(Telling::Write) => {
            tracing::warn!(window, command, reason = refusal.code(), why, "refused a call");
        }
        Err(error) => {
            tracing::error!(window, command, why, %error, "refused a call that is not in the log");
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
    args: Option<&'a Value>,
}

fn call<'a>(
    trail: &'a Trail,
    (window, origin): (&'a str, &'a str),
    now: Moment,
    decision: &Decision<'a>,
) -> Call<'a> {
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
        args: decision.args,
        args_bytes: trail.bytes,
        args_digest: trail.digest,
        micros: u64::try_from(now.since(trail.began).as_micros()).unwrap_or(u64::MAX),
    }
}

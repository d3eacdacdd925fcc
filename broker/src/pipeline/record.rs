//! Record: the decision is in the log before anything is done about it. What cannot be written
//! down does not happen.

use serde_json::Value;

use super::decide::Granted;
use super::{PageError, Refusal, Stopped, Trail};
use crate::audit::{AuditError, AuditLog, Call, Event, Receipt, Verdict};
use crate::clock::Moment;

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
    audit: &AuditLog,
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
    let written = write(audit, &granted.trail, now, &decision);
    match written {
        Ok(receipt) => Ok(Recorded { granted, receipt }),
        Err(error) => {
            Err(Stopped::new(granted.trail, Refusal::Unrecorded(error.to_string())))
        }
    }
}

/// Writes a refusal down, tells the developer, and says what the page may learn. A refusal
/// whose record cannot be written is refused all the same, and the developer is told.
pub(super) fn refusal(
    audit: &AuditLog,
    trail: &Trail,
    refusal: &Refusal,
    now: Moment,
) -> PageError {
    let rule = match refusal {
        Refusal::Denied(denial) => denial.rule.as_ref().map(ToString::to_string),
        _ => None,
    };
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
    let written = write(audit, trail, now, &decision);
    let (window, command) = trail.names();
    tracing::warn!(%window, command, reason = refusal.code(), why, "refused a call");
    if let Err(error) = written {
        tracing::error!(%error, "the refusal above is not in the audit log");
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

fn write(
    audit: &AuditLog,
    trail: &Trail,
    now: Moment,
    decision: &Decision<'_>,
) -> Result<Receipt, AuditError> {
    let (window, origin) = (trail.window(), trail.origin());
    let call = Call {
        window: &window,
        host: trail.host.0,
        document: trail.document.0,
        origin: &origin,
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
    };
    audit.append(&trail.policy(), &Event::Call(call))
}

//! Revocation: authority taken back while the app runs, and what the log says of it. Which tokens
//! and calls that meets is `session`'s.
//!
//! When [`Broker::revoke`] returns, no call starts any more with what was revoked. Those in flight
//! are cancelled: their handlers are dropped at the next await, their results reach nobody, and each
//! has one record of what had become of it.

use sidegate_capabilities::{Origin, WindowLabel};

use crate::audit::{Cancelled, Event, StopOutcome, TokenState};
use crate::broker::Broker;
use crate::clock::Moment;
use crate::core::Core;
use crate::pipeline::Pipeline;
use crate::session::{Ended, Identity, Reached, Session, Stop, Taken};
use crate::token::{NoRandomness, Token};

/// What to revoke. All of it is about tokens that there are: a document that is opened later gets
/// what the policy has for it then.
#[derive(Debug, Clone, Copy)]
pub enum Revoke<'a> {
    /// A token, and whatever was narrowed from it. A root ends its document's session.
    Token(&'a Token),
    /// The tokens of the windows with this label.
    Window(&'a WindowLabel),
    /// The tokens of documents of this origin.
    Origin(&'a Origin),
    /// The tokens that stand for something which this capability, or permission, allows.
    Capability(&'a str),
    /// Every token. The key they were made with is replaced.
    All,
}

/// What a revocation met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revoked {
    /// The documents that something was taken from.
    pub documents: usize,
    /// The calls that were stopped before their effect.
    pub cancelled: usize,
    /// The calls that had committed themselves or were through, and whose results were kept back.
    pub completed: usize,
    /// The calls whose handlers block their threads, which nobody can stop.
    pub running: usize,
}

impl Broker {
    /// Takes back what `what` says; `why` goes into the log. What was revoked before is not met again.
    ///
    /// It waits for handlers that are just then on another thread to come to their next await, for a
    /// second at most; called by a handler, it does not wait.
    pub fn revoke(&self, what: Revoke<'_>, why: &str) -> Revoked {
        let core = self.core();
        let sessions = &core.pipeline.sessions;
        let met = |which: &dyn Fn(&Session) -> bool| sessions.revoke(which);
        let taken = match what {
            Revoke::Token(token) => {
                sessions.revoke_token(token, Moment::now()).into_iter().collect()
            }
            Revoke::Window(label) => met(&|session| session.identity.label == *label),
            Revoke::Origin(origin) => met(&|session| session.identity.origin == *origin),
            Revoke::Capability(id) => met(&|session| session.is_granted_by(id)),
            Revoke::All => {
                if let Err(error) = self.rotate_key() {
                    tracing::error!(%error, "the tokens are revoked, and their key is in use");
                }
                met(&|_| true)
            }
        };
        // The record is of the document's token; of one that was narrowed from it, it says so.
        let why = match what {
            Revoke::Token(token) if !token.is_root() => format!("one narrowed from it: {why}"),
            Revoke::Token(_)
            | Revoke::Window(_)
            | Revoke::Origin(_)
            | Revoke::Capability(_)
            | Revoke::All => why.to_owned(),
        };
        let mut revoked = Revoked { documents: taken.len(), ..Revoked::default() };
        for taken in &taken {
            note_revoked(core, taken, &why);
            taken.ended.iter().for_each(|ended| revoked.count(ended.reached));
        }
        revoked
    }

    /// Replaces the key that tokens are minted with, which otherwise happens once a day. Tokens made
    /// with the old one are good until their own end.
    ///
    /// # Errors
    /// [`NoRandomness`], and the key is the one it was.
    pub fn rotate_key(&self) -> Result<(), NoRandomness> {
        self.core().pipeline.sessions.rotate_key(Moment::now())
    }
}

impl Revoked {
    fn count(&mut self, reached: Reached) {
        let count = match reached {
            Reached::Nothing => &mut self.cancelled,
            Reached::Effect => &mut self.completed,
            Reached::Unknown => &mut self.running,
        };
        *count = count.saturating_add(1);
    }
}

/// Notes what a revocation of the app's own met, one by one.
fn note_revoked(core: &Core, taken: &Taken, why: &str) {
    let (identity, origin) = (&taken.session.identity, taken.origin());
    core.note(&token_event(identity, &origin, TokenState::Revoked, Some(why)));
    for ended in &taken.ended {
        core.note(&stopped(taken, &origin, ended));
    }
}

/// Notes that a document got its token.
pub(crate) fn note_minted(core: &Core, identity: &Identity) {
    let origin = identity.origin.to_string();
    let event = token_event(identity, &origin, TokenState::Minted, None);
    core.note_often((identity.label.as_str(), &origin, "token minted"), &event);
}

/// Notes that a session ended with its document or its host, which a page can bring about as often
/// as it likes.
pub(crate) fn note_forgotten(core: &Core, taken: &Taken, why: &str) {
    let (identity, origin) = (&taken.session.identity, taken.origin());
    let event = token_event(identity, &origin, TokenState::Revoked, Some(why));
    core.note_often((identity.label.as_str(), &origin, "token revoked"), &event);
    note_stopped(&core.pipeline, taken);
}

/// Notes what had become of the calls of a session that ended.
pub(crate) fn note_stopped(pipeline: &Pipeline, taken: &Taken) {
    let (label, origin) = (taken.session.identity.label.as_str(), taken.origin());
    for ended in &taken.ended {
        let what = match outcome(ended.reached) {
            StopOutcome::Cancelled => "call cancelled",
            StopOutcome::CompletedBefore => "call completed before",
            StopOutcome::StillRunning => "call still running",
        };
        if let Err(error) =
            pipeline.note_often((label, &origin, what), &stopped(taken, &origin, ended))
        {
            tracing::error!(%error, "an event is not in the audit log");
        }
    }
}

fn token_event<'a>(
    identity: &'a Identity,
    origin: &'a str,
    state: TokenState,
    why: Option<&'a str>,
) -> Event<'a> {
    let (window, document) = (identity.label.as_str(), identity.document.0);
    Event::Token { window, document, origin, state, why }
}

fn stopped<'a>(taken: &'a Taken, origin: &'a str, ended: &'a Ended) -> Event<'a> {
    let identity = &taken.session.identity;
    Event::Cancelled(Cancelled {
        window: identity.label.as_str(),
        host: identity.host.0,
        document: identity.document.0,
        origin,
        command: ended.command.as_str(),
        call: ended.call,
        why: code(ended.why),
        outcome: outcome(ended.reached),
    })
}

/// What the log calls it.
pub(crate) fn code(why: Stop) -> &'static str {
    match why {
        Stop::ByPage => "by-page",
        Stop::Revoked => "revoked",
        Stop::Gone => "gone",
        Stop::PolicyChanged => "policy-changed",
        Stop::Deadline => "deadline",
        Stop::Ending => "ending",
        Stop::Abandoned => "abandoned",
    }
}

/// What the log says of how far a call had come.
pub(crate) fn outcome(reached: Reached) -> StopOutcome {
    match reached {
        Reached::Nothing => StopOutcome::Cancelled,
        Reached::Effect => StopOutcome::CompletedBefore,
        Reached::Unknown => StopOutcome::StillRunning,
    }
}

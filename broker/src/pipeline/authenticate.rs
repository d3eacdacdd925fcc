//! Authenticate: the channel says which host, the token which window, document and origin. Then,
//! and only then, what the message says is parsed, once.

use std::sync::Arc;

use serde_json::{Map, Value};
use sidegate_capabilities::{Args, CommandName, json};

use super::receive::{Said, What};
use super::refusal::Unreadable;
use super::{Frame, Pipeline, Refusal, Stopped, Trail};
use crate::clock::Now;
use crate::session::{Impostor, Session, Standing};

/// A call whose sender is known and whose text was parsed. The values in it are the ones that
/// are decided on, validated and handed to the handler.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub(super) trail: Trail,
    pub(super) session: Arc<Session>,
    /// What the session may do, as of now.
    pub(super) standing: Standing,
    pub(super) call: u64,
    pub(super) command: CommandName,
    pub(super) args: Args,
    /// Bytes of the call's JSON.
    pub(super) bytes: u64,
}

/// `None` is a cancellation, which is done when this returns.
pub(super) fn authenticate(
    pipeline: &Pipeline,
    said: Said<'_>,
    now: Now,
) -> Result<Option<Authenticated>, Box<Stopped>> {
    let Said { frame, mut trail, token, call, what } = said;
    let Frame { host, window, document, .. } = frame;
    let session = match pipeline.sessions.authenticate(&token, host, window, document, now.moment) {
        Ok(session) => session,
        Err(impostor) => return Err(Stopped::new(trail, impostor)),
    };
    trail.identify(&session.identity);
    let text = match what {
        What::Call(text) => text,
        What::Cancel => {
            session.calls.cancel(call);
            return Ok(None);
        }
    };
    if let Err(replayed) = session.accept(call) {
        return Err(Stopped::new(trail, replayed));
    }
    trail.weigh(text);
    let read = read(text, &mut trail);
    if trail.force.showing.keeps_out_of(trail.command.as_deref()) {
        trail.digest = None;
    }
    let (command, args) = match read {
        Ok(read) => read,
        Err(unreadable) => return Err(Stopped::new(trail, unreadable)),
    };
    trail.shown = trail.force.showing.everything(&command, &args);
    let Some(standing) = session.standing(&trail.force.policies, now.wall) else {
        return Err(Stopped::new(trail, Refusal::Revoked));
    };
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    Ok(Some(Authenticated { trail, session, standing, call, command, args, bytes }))
}

impl From<Impostor> for Refusal {
    fn from(impostor: Impostor) -> Self {
        Self::Impostor(impostor)
    }
}

/// The envelope: `command` and, perhaps, `args`, and nothing else.
fn read(text: &[u8], trail: &mut Trail) -> Result<(CommandName, Args), Unreadable> {
    let mut envelope =
        json::parse_object(text).map_err(|error| Unreadable::Json(error.to_string()))?;
    let Some(Value::String(name)) = envelope.remove("command") else {
        return Err(Unreadable::Envelope("`command` is not a string"));
    };
    let command = CommandName::parse(&name);
    trail.command = Some(name);
    let args = match envelope.remove("args") {
        None => Map::new(),
        Some(Value::Object(args)) => args,
        Some(_) => return Err(Unreadable::Envelope("`args` is not an object")),
    };
    if !envelope.is_empty() {
        return Err(Unreadable::Envelope("there is a member beside `command` and `args`"));
    }
    let command = command.map_err(|error| Unreadable::Name(error.to_string()))?;
    Ok((command, Args::new(args)))
}

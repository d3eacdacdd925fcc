//! Authenticate: the channel says which host, the token which window, document and origin. Then,
//! and only then, what the message says is parsed, once.

use serde_json::{Map, Value};
use sidegate_capabilities::json::{self, Members};
use sidegate_capabilities::{Args, CommandName};

use super::receive::{Said, What};
use super::refusal::Unreadable;
use super::{Frame, Pipeline, Refusal, Reply, Stopped, Trail, delegate};
use crate::clock::Now;
use crate::session::{Attenuated, Barred, Bearer, Impostor};
use crate::streams::Shape;

/// A call whose sender is known and whose text was parsed. The values in it are the ones that
/// are decided on, validated and handed to the handler.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub(super) trail: Trail,
    pub(super) bearer: Bearer,
    /// What the bearer may do, as of now: the session's standing and what the token leaves of it.
    pub(super) standing: Attenuated,
    pub(super) call: u64,
    pub(super) command: CommandName,
    pub(super) args: Args,
    pub(super) shape: Shape,
    /// Bytes of the call's JSON.
    pub(super) bytes: u64,
}

/// What became of a message whose sender is known.
#[derive(Debug)]
pub(super) enum Known {
    /// It is a call.
    Call(Box<Authenticated>),
    /// It was about an earlier call, or about a token, and is done; perhaps with a reply.
    Done(Option<Reply>),
}

pub(super) fn authenticate(
    pipeline: &Pipeline,
    said: Said<'_>,
    now: Now,
) -> Result<Known, Box<Stopped>> {
    let Said { frame, mut trail, token, call, what } = said;
    let Frame { host, window, document, .. } = frame;
    let bearer = match pipeline.sessions.authenticate(&token, host, window, document, now.moment) {
        Ok(bearer) => bearer,
        Err(impostor) => return Err(Stopped::new(trail, impostor)),
    };
    trail.identify(bearer.identity());
    let (text, shape) = match what {
        What::Call(text, shape) => (text, shape),
        What::Cancel => {
            bearer.cancel(call);
            return Ok(Known::Done(None));
        }
        What::Delegate(text) => {
            let by = delegate::By { bearer: &bearer, token: &token, number: call };
            return match delegate::delegate(pipeline, &mut trail, &by, text, now) {
                Ok(reply) => Ok(Known::Done(Some(reply))),
                Err(refusal) => Err(Stopped::new(trail, refusal)),
            };
        }
        What::TakeBack => {
            delegate::take_back(pipeline, &trail, &bearer, call, now);
            return Ok(Known::Done(None));
        }
        What::Step(step) => {
            let done = bearer.step(call, step);
            return done.map(|()| Known::Done(None)).map_err(|forged| Stopped::new(trail, forged));
        }
    };
    if let Err(replayed) = bearer.accept(call) {
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
    let standing = match bearer.attenuated(&trail.force.policies, now) {
        Ok(standing) => standing,
        Err(Barred::Unknown) => return Err(Stopped::new(trail, Refusal::Revoked)),
        Err(Barred::Outside(outside)) => return Err(Stopped::new(trail, outside)),
    };
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let call = Authenticated { trail, bearer, standing, call, command, args, shape, bytes };
    Ok(Known::Call(Box::new(call)))
}

impl From<Impostor> for Refusal {
    fn from(impostor: Impostor) -> Self {
        Self::Impostor(impostor)
    }
}

/// The envelope: `command` and, perhaps, `args`, and nothing else.
fn read(text: &[u8], trail: &mut Trail) -> Result<(CommandName, Args), Unreadable> {
    let Members { wanted: [command, args], has_others } =
        json::parse_members(text, ["command", "args"])
            .map_err(|error| Unreadable::Json(error.to_string()))?;
    let Some(Value::String(name)) = command else {
        return Err(Unreadable::Envelope("`command` is not a string"));
    };
    let command = CommandName::parse(&name);
    trail.command = Some(name);
    let args = match args {
        None => Map::new(),
        Some(Value::Object(args)) => args,
        Some(_) => return Err(Unreadable::Envelope("`args` is not an object")),
    };
    if has_others {
        return Err(Unreadable::Envelope("there is a member beside `command` and `args`"));
    }
    let command = command.map_err(|error| Unreadable::Name(error.to_string()))?;
    Ok((command, Args::new(args)))
}

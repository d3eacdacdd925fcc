//! Delegate: a document has its token narrowed, to hand it on to a frame or a worker. Its bridge alone
//! gets the new token; what that allows is asked at each call, as of any token.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sidegate_capabilities::{Scope, json};

use super::{Pipeline, Refusal, Reply, Trail};
use crate::audit::Event;
use crate::clock::Now;
use crate::revocation;
use crate::session::{Attenuated, Barred, Bearer, LONGEST, NotDelegated, Wanted};
use crate::token::{Caveat, Patterns, Token};

/// Who delegates.
#[derive(Debug)]
pub(super) struct By<'a> {
    pub(super) bearer: &'a Bearer,
    /// What was shown.
    pub(super) token: &'a Token,
    pub(super) number: u64,
}

/// Narrows the token that was shown. The log has it before the bridge does.
pub(super) fn delegate(
    pipeline: &Pipeline,
    trail: &mut Trail,
    by: &By<'_>,
    text: &[u8],
    now: Now,
) -> Result<Reply, Refusal> {
    by.bearer.accept(by.number).map_err(Refusal::Impostor)?;
    trail.weigh(text);
    if by.bearer.is_revoked() {
        return Err(Refusal::Revoked);
    }
    let standing = match by.bearer.attenuated(&trail.force.policies, now) {
        Ok(standing) => standing,
        Err(Barred::Unknown) => return Err(Refusal::Revoked),
        Err(Barred::Outside(outside)) => return Err(outside.into()),
    };
    let wanted = read(text, &standing)?;
    let life = u64::try_from(wanted.life.as_millis()).unwrap_or(u64::MAX);
    let (token, caveats) = by.bearer.delegate((by.number, by.token), wanted, now.moment)?;
    let caveats: Vec<String> = caveats.iter().map(|caveat| line(caveat, life)).collect();
    let (window, origin) = (trail.window(), trail.origin());
    let event = Event::Delegated {
        window: &window,
        document: trail.document.0,
        origin,
        call: by.number,
        caveats: &caveats,
    };
    let noted = pipeline.note_often((&window, origin, "delegated"), &event);
    noted.map_err(|error| Refusal::Unrecorded(error.to_string()))?;
    let answer = json!({ "token": token.text(), "expires": life });
    Ok(Reply::answer(by.number, Ok(answer)))
}

/// Takes back what was delegated as `number`. To take back what is over, or never was, is no error.
pub(super) fn take_back(
    pipeline: &Pipeline,
    trail: &Trail,
    bearer: &Bearer,
    number: u64,
    now: Now,
) {
    let Some(taken) = bearer.take_back(number, now.moment) else {
        return;
    };
    let (window, origin, document) = (trail.window(), trail.origin(), trail.document.0);
    let event = Event::TakenBack { window: &window, document, origin, call: number };
    if let Err(error) = pipeline.note_often((&window, origin, "taken back"), &event) {
        tracing::error!(%error, "an event is not in the audit log");
    }
    revocation::note_stopped(pipeline, &taken);
}

/// What a page wants left: `commands`, and perhaps `path`, `url`, `key`, `expires`, `uses`; nothing
/// else.
fn read(text: &[u8], standing: &Attenuated) -> Result<Wanted, NotDelegated> {
    let mut wanted = json::parse_object(text).map_err(|error| unreadable(&error.to_string()))?;
    let mut scopes = Vec::new();
    for (name, scope, caveat) in [
        ("commands", Scope::Commands, Caveat::Commands as fn(Patterns) -> Caveat),
        ("path", Scope::Path, Caveat::Path),
        ("url", Scope::Url, Caveat::Url),
        ("key", Scope::Key, Caveat::Key),
    ] {
        match patterns(&mut wanted, name)? {
            Some(patterns) if standing.reads(scope, &patterns) => scopes.push(caveat(patterns)),
            Some(_) => return Err(unreadable(&format!("`{name}` has a pattern that is none"))),
            None if scope == Scope::Commands => return Err(unreadable("`commands` is missing")),
            None => {}
        }
    }
    let life = life(&mut wanted)?;
    let uses = uses(&mut wanted)?;
    match wanted.keys().next() {
        None => Ok(Wanted { scopes, life, uses }),
        Some(other) => Err(unreadable(&format!("there is no `{other}` to narrow a token to"))),
    }
}

fn patterns(wanted: &mut Map<String, Value>, name: &str) -> Result<Option<Patterns>, NotDelegated> {
    let texts = match wanted.remove(name) {
        None => return Ok(None),
        Some(Value::Array(texts)) => texts,
        Some(_) => return Err(unreadable(&format!("`{name}` is not a list"))),
    };
    let mut list = Vec::with_capacity(texts.len());
    for text in texts {
        let Value::String(text) = text else {
            return Err(unreadable(&format!("`{name}` holds something that is no text")));
        };
        list.push(text);
    }
    let patterns = Patterns::new(list);
    patterns.map(Some).map_err(|error| unreadable(&format!("`{name}`: {error}")))
}

fn life(wanted: &mut Map<String, Value>) -> Result<Duration, NotDelegated> {
    let Some(expires) = wanted.remove("expires") else {
        return Ok(LONGEST);
    };
    let life = expires.as_u64().filter(|millis| *millis > 0).map(Duration::from_millis);
    life.filter(|life| *life <= LONGEST).ok_or_else(|| {
        unreadable(&format!("`expires` is not from 1 to {} milliseconds", LONGEST.as_millis()))
    })
}

fn uses(wanted: &mut Map<String, Value>) -> Result<Option<NonZeroU32>, NotDelegated> {
    let Some(uses) = wanted.remove("uses") else {
        return Ok(None);
    };
    let count = uses.as_u64().and_then(|uses| u32::try_from(uses).ok()).and_then(NonZeroU32::new);
    let count = count.ok_or_else(|| unreadable("`uses` is not a number of calls, from 1 on"))?;
    Ok(Some(count))
}

fn unreadable(why: &str) -> NotDelegated {
    NotDelegated::Unreadable(why.to_owned())
}

/// A caveat for the log. Of the life it says what was asked for: when its root was issued, nobody
/// who reads the log wants to know.
fn line(caveat: &Caveat, life: u64) -> String {
    let kind = caveat.kind();
    match caveat {
        Caveat::Commands(list) | Caveat::Path(list) | Caveat::Url(list) | Caveat::Key(list) => {
            let list: Vec<&str> = list.iter().collect();
            format!("{kind} {}", list.join(" "))
        }
        Caveat::Expires { .. } => format!("{kind} {life}"),
        Caveat::Uses { count, .. } => format!("{kind} {count}"),
        Caveat::Origin(origin) => format!("{kind} {origin}"),
        Caveat::Window(label) => format!("{kind} {label}"),
    }
}

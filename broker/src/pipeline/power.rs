//! Powers: what a document reaches for by way of its WebView and not by a call (another address,
//! the camera, the inspector). It takes the steps of a call, but for those that only a call has: there
//! is no token to show, since the host speaks and the document of a window is the host's to know, and
//! no handler, since the host does what is allowed.

use std::sync::Arc;

use serde_json::{Map, Value};
use sidegate_capabilities::{Args, CommandName, RuleRef};

use super::ask::Unconfirmed;
use super::authenticate::Authenticated;
use super::{Pipeline, Refusal, Stopped, Trail, limit, record, shadow};
use crate::clock::{Moment, Now};
use crate::ledger::{Basis, Records};
use crate::streams::Shape;
use crate::token::HostId;
use crate::wire::{DocumentId, Power, WindowId};

/// What a document reaches for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) host: HostId,
    /// The window, which the desk has checked to be one of that host's.
    pub(crate) window: WindowId,
    /// The document, which the desk has checked to be the one that was committed last.
    pub(crate) document: DocumentId,
    /// The host's number of the question.
    pub(crate) number: u64,
    pub(crate) power: Power,
    /// The address that it is about.
    pub(crate) url: Option<&'a str>,
    /// The template that a new window would be made by.
    pub(crate) template: Option<&'a str>,
}

/// A power that was granted and recorded; only from here does a host hear a yes.
#[derive(Debug)]
pub(crate) struct Permitted {
    _basis: Basis,
}

pub(super) fn permit(
    pipeline: &Pipeline,
    asked: Asked<'_>,
    now: Now,
) -> Result<Permitted, Box<Stopped>> {
    let mut call = identify(pipeline, asked, now)?;
    let has_window = asked.power != Power::OpenWindow || asked.template.is_some();
    let decided = decide(pipeline, &mut call, now.moment);
    match decided.and_then(|found| if has_window { Ok(found) } else { Err(Refusal::NoTemplate) }) {
        Ok((rule, records)) => {
            let written =
                record::allowed(&pipeline.ledger, &call.trail, &rule, records, Moment::now());
            match written {
                Ok(basis) => Ok(Permitted { _basis: basis }),
                Err(refusal) => Err(Stopped::new(call.trail, refusal)),
            }
        }
        Err(refusal) => Err(Stopped::new(call.trail, refusal)),
    }
}

/// As a call of the document that has that session would be identified.
fn identify(
    pipeline: &Pipeline,
    asked: Asked<'_>,
    now: Now,
) -> Result<Authenticated, Box<Stopped>> {
    let Asked { host, window, document, .. } = asked;
    let mut trail = Trail::asked(&asked, now.moment, pipeline.force.load());
    let command = match CommandName::parse(asked.power.command()) {
        Ok(command) => command,
        Err(_) => return Err(Stopped::new(trail, Refusal::Malformed)),
    };
    let Some(bearer) = pipeline.sessions.bearer_of(host, window, document) else {
        return Err(Stopped::new(trail, Refusal::Unproved));
    };
    trail.identify(bearer.identity());
    let args = args(&asked);
    let text = Value::Object(args.as_map().clone()).to_string();
    trail.weigh(text.as_bytes());
    if trail.force.showing.keeps_out_of(trail.command.as_deref()) {
        trail.digest = None;
    }
    trail.shown = trail.force.showing.everything(&command, &args);
    let Ok(standing) = bearer.attenuated(&trail.force.policies, now) else {
        return Err(Stopped::new(trail, Refusal::Revoked));
    };
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let (call, shape) = (asked.number, Shape::PLAIN);
    Ok(Authenticated { trail, bearer, standing, call, command, args, shape, bytes })
}

fn decide(
    pipeline: &Pipeline,
    call: &mut Authenticated,
    now: Moment,
) -> Result<(Arc<RuleRef>, Records), Refusal> {
    let limits = call.standing.limits(&call.command);
    limit::rate(pipeline, call, &limits, now)?;
    let judged = call.standing.decide(&call.command, &call.args);
    call.trail.shadow = shadow::differing(call, judged.policy());
    let permit = judged.permit()?;
    if permit.audit.values() && call.trail.shown.is_none() {
        call.trail.shown = Some(call.trail.force.showing.of(&call.command, &call.args));
    }
    if permit.ask.is_some() {
        return Err(Unconfirmed::Power.into());
    }
    Ok((permit.rule, permit.audit.calls().into()))
}

/// What the policy's scopes speak of: the address, but for one of the app's own pages, which no
/// pattern of addresses could name; and the template of a new window, as a key.
fn args(asked: &Asked<'_>) -> Args {
    let mut args = Map::new();
    let is_own = |url: &str| url.starts_with("app://") && asked.power == Power::OpenWindow;
    if let Some(url) = asked.url.filter(|url| !is_own(url)) {
        args.insert("url".to_owned(), Value::from(url));
    }
    if let Some(template) = asked.template {
        args.insert("key".to_owned(), Value::from(template));
    }
    Args::new(args)
}

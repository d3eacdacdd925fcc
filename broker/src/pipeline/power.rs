//! Powers: what a document reaches for by way of its WebView and not by a call (another address,
//! the camera, the inspector). It takes the steps of a call, but for those that only a call has: there
//! is no token to show, since the host speaks and the document of a window is the host's to know, and
//! no handler, since the host does what is allowed.
//!
//! Until it is answered it is in flight as a call is: whatever stops those of its document stops it, and
//! a yes that is not on its way by then does not go out.

use std::sync::Arc;

use serde_json::{Map, Value};
use sidegate_capabilities::{Args, CommandName, RuleRef};

use super::ask::{self, Known, Silent, Subject, Unconfirmed, Wish, Yes};
use super::authenticate::Authenticated;
use super::limit::{self, Admitted};
use super::outcome::{Ended, Outcome};
use super::{Pipeline, Refusal, Stopped, Trail, record, shadow};
use crate::clock::{Moment, Now};
use crate::confirm::Named;
use crate::ledger::{Basis, Records};
use crate::session::{self, Attenuated, InFlight, Stop};
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

/// A power that the policy grants.
#[derive(Debug)]
struct Granted {
    trail: Trail,
    rule: Arc<RuleRef>,
    records: Records,
    standing: Attenuated,
    in_flight: InFlight,
}

/// A power that the policy grants, and whether somebody has to be asked.
#[derive(Debug)]
enum Decided {
    Unasked(Granted, Yes),
    Ask(Granted, Box<Wish>),
}

/// A power that was granted and recorded; only from here does a host hear a yes.
#[derive(Debug)]
pub(crate) struct Permitted {
    granted: Granted,
    _yes: Yes,
    _basis: Basis,
}

/// A power that waits for the person.
#[derive(Debug)]
pub(crate) struct Unanswered {
    granted: Granted,
    wish: Box<Wish>,
}

/// What became of what a document reached for.
#[must_use]
#[derive(Debug)]
pub(crate) enum Reached {
    /// It may have it.
    Permitted(Box<Permitted>),
    /// The person is to be asked.
    Person(Box<Unanswered>),
    /// It may not, which is in the log.
    Refused,
}

pub(super) fn reach(
    pipeline: &Pipeline,
    asked: Asked<'_>,
    now: Now,
) -> Result<Reached, Box<Stopped>> {
    let call = identify(pipeline, asked, now)?;
    let admitted = limit::limit(pipeline, Box::new(call), now)?;
    let (granted, wish) = match decide(admitted, &asked)? {
        Decided::Unasked(granted, yes) => return permit(pipeline, granted, yes),
        Decided::Ask(granted, wish) => (granted, wish),
    };
    match subject(&granted, &wish).recall(pipeline) {
        Ok(Known::Yes(yes)) => permit(pipeline, granted, yes),
        Ok(Known::Nothing) => Ok(Reached::Person(Box::new(Unanswered { granted, wish }))),
        Err(refusal) => Err(Stopped::new(granted.trail, refusal)),
    }
}

fn permit(pipeline: &Pipeline, granted: Granted, yes: Yes) -> Result<Reached, Box<Stopped>> {
    record(pipeline, granted, yes).map(Box::new).map(Reached::Permitted)
}

/// The one place where a power is permitted: with a yes, or where nobody has to say it, and when that is
/// in the log.
fn record(pipeline: &Pipeline, granted: Granted, yes: Yes) -> Result<Permitted, Box<Stopped>> {
    let Granted { trail, rule, records, .. } = &granted;
    let written = record::allowed(&pipeline.ledger, trail, rule, *records, Moment::now());
    match written {
        Ok(basis) => Ok(Permitted { granted, _yes: yes, _basis: basis }),
        Err(refusal) => Err(Stopped::new(granted.trail, refusal)),
    }
}

fn subject<'a>(granted: &'a Granted, wish: &'a Wish) -> Subject<'a> {
    let Granted { trail, in_flight, standing, records, .. } = granted;
    Subject { trail, in_flight, standing, records: *records, wish }
}

impl Unanswered {
    /// Asks the person. `None` is a refusal, or something that stopped it, which is in the log.
    pub(crate) async fn answered(self, pipeline: &Pipeline) -> Option<Permitted> {
        let Self { granted, wish } = self;
        let answered = subject(&granted, &wish).answered(pipeline).await;
        let permitted = match answered {
            Ok(yes) => record(pipeline, granted, yes),
            Err(Silent::Refused(refusal)) => Err(Stopped::new(granted.trail, refusal)),
            Err(Silent::Stopped(_)) => return None,
        };
        permitted.map_err(|stopped| pipeline.refuse(*stopped, Moment::now())).ok()
    }
}

impl Permitted {
    /// Says yes by `say`, which must not wait: unless it was stopped meanwhile, which is in the log
    /// then. Who stops it, and who says yes, is one step: after the one there is not the other.
    pub(crate) fn grant<T>(self, pipeline: &Pipeline, say: impl FnOnce() -> T) -> Option<T> {
        let Granted { trail, records, in_flight, .. } = self.granted;
        let mut outcome = Outcome::of(&pipeline.ledger, &trail, records, &in_flight);
        outcome.ended(Ended::Answered).ok()?;
        in_flight.valve().hand_over(say).ok()
    }

    /// The process that reached for it has ended: nobody is there to have it.
    pub(crate) fn abandon(self, pipeline: &Pipeline) {
        let Granted { trail, records, in_flight, .. } = self.granted;
        let _stopped = in_flight.give_up(Stop::Abandoned);
        let _told = Outcome::of(&pipeline.ledger, &trail, records, &in_flight).stopped();
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
    let (call, shape) = (session::wish(asked.number), Shape::PLAIN);
    Ok(Authenticated { trail, bearer, standing, call, command, args, shape, bytes })
}

fn decide(admitted: Admitted, asked: &Asked<'_>) -> Result<Decided, Box<Stopped>> {
    let Admitted { mut call, in_flight, .. } = admitted;
    let judged = call.standing.decide(&call.command, &call.args);
    call.trail.shadow = shadow::differing(&call, judged.policy());
    let permit = match judged.permit() {
        Ok(permit) => permit.into_owned(),
        Err(no) => return Err(Stopped::new(call.trail, no)),
    };
    if permit.audit.values() && call.trail.shown.is_none() {
        call.trail.shown = Some(call.trail.force.showing.of(&call.command, &call.args));
    }
    if asked.power == Power::OpenWindow && asked.template.is_none() {
        return Err(Stopped::new(call.trail, Refusal::NoTemplate));
    }
    if permit.ask.is_some() && !asked.power.can_wait() {
        return Err(Stopped::new(call.trail, Unconfirmed::Power));
    }
    let wish = permit
        .ask
        .as_ref()
        .map(|ask| Wish::of(&call, ask, Named::of(&permit)).saying(says(asked.power)));
    let yes = ask::unasked(&permit, &call.standing);
    let Authenticated { trail, standing, .. } = *call;
    let (rule, records) = (permit.rule, permit.audit.calls().into());
    let granted = Granted { trail, rule, records, standing, in_flight };
    match (wish, yes) {
        (Some(wish), _) => Ok(Decided::Ask(granted, wish)),
        (None, Some(Ok(yes))) => Ok(Decided::Unasked(granted, yes)),
        (None, Some(Err(outside))) => Err(Stopped::new(granted.trail, outside)),
        (None, None) => Err(Stopped::new(granted.trail, Unconfirmed::Power)),
    }
}

/// What the person reads of it where the policy has no text of its own.
fn says(power: Power) -> &'static str {
    match power {
        Power::Navigate => "go to another address",
        Power::OpenWindow => "open another window",
        Power::Camera => "use the camera",
        Power::Microphone => "use the microphone",
        Power::Geolocation => "read where this machine is",
        Power::ClipboardRead => "read what was copied to the clipboard",
        Power::Notifications => "show notifications",
        Power::DropFiles => "take files that are dragged into the window",
        Power::Devtools => "have the inspector opened",
        Power::Print => "print",
    }
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

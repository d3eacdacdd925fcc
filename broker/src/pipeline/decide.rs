//! Decide: may this principal make this call, do its arguments fit, and what do they name? The
//! one place where a grant is made.

use std::sync::Arc;

use serde_json::{Map, Value};
use sidegate_capabilities::{Args, CommandName, Permit};

use super::ask::Wish;
use super::limit::Admitted;
use super::{Bases, Pipeline, Refusal, Stopped, Trail, shadow};
use crate::confined::ConfinedPath;
use crate::confirm::Named;
use crate::handler::{
    Call, Ground, Job, KnownOfCall, Registered, Registry, Resource, Service, Signature,
};
use crate::ledger::Records;
use crate::session::{Attenuated, InFlight};
use crate::streams::{Open, Shape};
use crate::windows::WindowPort;

/// Leave for one call with these very arguments, and the resources it named, open. It is used
/// up by being recorded.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(super) trail: Trail,
    pub(super) call: u64,
    pub(super) permit: Permit<'static>,
    pub(super) job: Job,
    pub(super) service: Service,
    pub(super) in_flight: InFlight,
    pub(super) records: Records,
    /// What the bearer may do, of which a use is taken when the grant is confirmed.
    pub(super) standing: Attenuated,
    /// What the person is to be asked first.
    pub(super) wish: Option<Box<Wish>>,
    /// Where the call goes on: its credit, which the very next message may be about.
    pub(super) open: Option<Open>,
    /// No other stage can name it, so none can make one.
    _decided: (),
}

pub(super) fn decide(
    pipeline: &Pipeline,
    admitted: Admitted,
    port: &Arc<dyn WindowPort>,
) -> Result<Box<Granted>, Box<Stopped>> {
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
    let wish = permit.ask.as_ref().map(|ask| Wish::of(&call, ask, Named::of(&permit)));
    let fitting =
        fit(&pipeline.registry, &call.command, &call.args, call.shape).and_then(|registered| {
            Ok((registered, path(registered, &permit, &call.trail.force.bases)?))
        });
    let (registered, path) = match fitting {
        Ok(fitting) => fitting,
        Err(refusal) => return Err(Stopped::new(call.trail, refusal)),
    };
    let takes = |resource| registered.takes(resource);
    let what = Call::of(KnownOfCall {
        identity: Arc::clone(call.bearer.identity()),
        path,
        key: permit.key.as_deref().filter(|_| takes(Resource::Key)).map(str::to_owned),
        url: permit.url.clone().filter(|_| takes(Resource::Url)),
        body: None,
        events: pipeline.events.clone(),
        state: pipeline.state.clone(),
        port: Arc::clone(port),
        valve: Arc::clone(in_flight.valve()),
    });
    let service = registered.service.clone();
    let ground = ground((&call.command, &call.standing), registered, &permit, &call.args);
    let args = without_resources(call.args, registered.resources());
    let job = Job { call: what, args, ground };
    let call_number = call.call;
    let records = permit.audit.calls().into();
    // What the policy lets a call have in bytes goes for its JSON and its body together.
    let most = permit.limits.bytes.map_or(u64::MAX, |most| most.saturating_sub(call.bytes));
    let goes_on = call.shape != Shape::PLAIN;
    let open = goes_on.then(|| call.bearer.open(call_number, call.shape, most));
    let (trail, standing, call) = (call.trail, call.standing, call_number);
    Ok(Box::new(Granted {
        trail,
        call,
        permit,
        job,
        service,
        in_flight,
        records,
        standing,
        wish,
        open,
        _decided: (),
    }))
}

/// The handler's own schema, which comes after the policy: who may not call a command does not
/// learn what it takes.
fn fit<'a>(
    registry: &'a Registry,
    command: &CommandName,
    args: &Args,
    shape: Shape,
) -> Result<&'a Registered, Refusal> {
    let registered = registry.get(command).ok_or(Refusal::NoHandler)?;
    let Signature { answers, body, .. } = registered.signature;
    if let Some(problem) = shape.misfit(answers, body) {
        return Err(Refusal::Invalid { pointer: String::new(), problem: problem.to_owned() });
    }
    match registered.fault(args.as_value()) {
        None => Ok(registered),
        Some((pointer, problem)) => Err(Refusal::Invalid { pointer, problem }),
    }
}

fn path(
    registered: &Registered,
    permit: &Permit<'_>,
    bases: &Bases,
) -> Result<Option<ConfinedPath>, Refusal> {
    if !registered.takes(Resource::Path) {
        return Ok(None);
    }
    match &permit.path {
        Some(grant) => bases.open(grant).map(Some).map_err(Refusal::Base),
        None if registered.signature.optional.contains(&Resource::Path) => Ok(None),
        None => Err(Refusal::NoResource { argument: "path" }),
    }
}

/// What the call is decided by, for layers that may want to change something.
fn ground(
    (command, standing): (&CommandName, &Attenuated),
    registered: &Registered,
    permit: &Permit<'_>,
    args: &Args,
) -> Option<Box<Ground>> {
    registered.service.is_layered().then(|| {
        Box::new(Ground {
            command: command.clone(),
            standing: standing.clone(),
            rule: Arc::clone(&permit.rule),
            validator: Arc::clone(registered.validator()),
            named: named(args),
            was_asked: permit.ask.is_some(),
        })
    })
}

/// The resources as a call names them.
fn named(args: &Args) -> Map<String, Value> {
    let names = ["path", "url", "key"];
    let named = names.iter().filter_map(|name| Some(((*name).to_owned(), args.get(name)?.clone())));
    named.collect()
}

/// What is left of them for the handler: most calls name none, and lose nothing.
fn without_resources(args: Args, resources: impl Iterator<Item = Resource>) -> Args {
    let mut resources = resources.peekable();
    if resources.peek().is_none() {
        return args;
    }
    let mut args = args.into_map();
    for resource in resources {
        args.remove(resource.argument());
    }
    Args::new(args)
}

//! Decide: may this principal make this call, do its arguments fit, and what do they name? The
//! one place where a grant is made.

use std::sync::Arc;

use serde_json::Value;
use sidegate_capabilities::{CommandName, Permit, Verdict};

use super::limit::Admitted;
use super::{Bases, Pipeline, Refusal, Stopped, Trail, shadow};
use crate::confined::ConfinedPath;
use crate::handler::{Call, Job, Registered, Registry, Resource, Service};
use crate::ledger::Records;
use crate::session::InFlight;
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
}

pub(super) fn decide(
    pipeline: &Pipeline,
    admitted: Admitted,
    port: &Arc<dyn WindowPort>,
) -> Result<Granted, Box<Stopped>> {
    let Admitted { mut call, in_flight } = admitted;
    let verdict = call.standing.enforced.decide(&call.command, &call.args);
    call.trail.shadow = shadow::differing(&call, &verdict);
    let permit = match verdict {
        Verdict::Allow(permit) => permit.into_owned(),
        Verdict::Deny(denial) => return Err(Stopped::new(call.trail, Refusal::Denied(denial))),
    };
    if permit.audit.values() && call.trail.shown.is_none() {
        call.trail.shown = Some(call.trail.force.showing.of(&call.command, &call.args));
    }
    let args = Value::Object(call.args.into_map());
    let fitting = fit(&pipeline.registry, &call.command, &args).and_then(|registered| {
        Ok((registered, path(registered, &permit, &call.trail.force.bases)?))
    });
    let (registered, path) = match fitting {
        Ok(fitting) => fitting,
        Err(refusal) => return Err(Stopped::new(call.trail, refusal)),
    };
    let identity = &call.session.identity;
    let takes = |resource| registered.takes(resource);
    let what = Call {
        window: identity.label.clone(),
        origin: identity.origin.clone(),
        path,
        key: permit.key.as_deref().filter(|_| takes(Resource::Key)).map(str::to_owned),
        url: permit.url.clone().filter(|_| takes(Resource::Url)),
        port: Arc::clone(port),
        cancellation: in_flight.cancellation(),
    };
    let job = Job { call: what, args: without_resources(args, registered.resources()) };
    let service = registered.service.clone();
    let call_number = call.call;
    let records = permit.audit.calls().into();
    Ok(Granted { trail: call.trail, call: call_number, permit, job, service, in_flight, records })
}

/// The handler's own schema, which comes after the policy: who may not call a command does not
/// learn what it takes.
fn fit<'a>(
    registry: &'a Registry,
    command: &CommandName,
    args: &Value,
) -> Result<&'a Registered, Refusal> {
    let registered = registry.get(command).ok_or(Refusal::NoHandler)?;
    match registered.fault(args) {
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

fn without_resources(
    args: Value,
    resources: impl Iterator<Item = Resource>,
) -> serde_json::Map<String, Value> {
    let Value::Object(mut args) = args else {
        return serde_json::Map::new();
    };
    for resource in resources {
        args.remove(resource.argument());
    }
    args
}

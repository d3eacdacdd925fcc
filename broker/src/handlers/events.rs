//! `events.subscribe`: what the core tells, as it happens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::events::{Overflow, Topic};
use crate::handler::{Call, Command, HandlerError, Resource};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    /// What becomes of a subscription whose page is far behind: `close` (if not given) ends it
    /// with the code `lagged`, `latest` leaves the oldest events out.
    #[serde(default)]
    overflow: Overflow,
}

pub(super) fn subscribe() -> Command {
    Command::feed("events.subscribe", async |call: Call, args: Subscribe| {
        let topic = Topic::parse(call.key()?)
            .map_err(|problem| HandlerError::new("invalid", problem.to_string()))?;
        call.events().subscribe(topic, args.overflow).map_err(|full| {
            HandlerError::new("busy", "too many listen to this topic").with_detail(full)
        })
    })
    .takes(Resource::Key)
    .describe("hears of the events of a topic, from now on")
    .returns::<serde_json::Value>()
}

//! The calls of a script: made as the app's windows would make them, without any.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use sidegate::capabilities::Origin;
use sidegate::{Broker, Peer};

use crate::report::{self, Outcome, Unusable};

/// One line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    window: String,
    origin: Option<String>,
    command: String,
    #[serde(default)]
    args: Map<String, Value>,
}

/// Makes the calls in `script` one after another and prints a line for each.
pub(crate) async fn run(broker: &Broker, script: &Path) -> Result<Outcome, Unusable> {
    let text = read(script)?;
    let mut peers: HashMap<(String, String), Peer> = HashMap::new();
    let mut all_well = true;
    for (number, line) in (1_usize..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let unusable = |error: &dyn std::fmt::Display| {
            Unusable::new(format!("{}:{number}: {error}", script.display()))
        };
        let call: Line = serde_json::from_str(line).map_err(|error| unusable(&error))?;
        let origin = call.origin.as_deref().map_or_else(|| Ok(Origin::local()), Origin::parse);
        let origin = origin.map_err(|error| unusable(&error))?;
        let key = (call.window.clone(), origin.to_string());
        if !peers.contains_key(&key) {
            let peer = broker.connect(&call.window, &origin).map_err(|error| unusable(&error))?;
            peers.insert(key.clone(), peer);
        }
        let Some(peer) = peers.get(&key) else {
            continue;
        };
        let answer = match peer.invoke(&call.command, Value::Object(call.args)).await {
            Ok(value) => json!({ "ok": value }),
            Err(error) => {
                all_well = false;
                json!({ "error": error })
            }
        };
        report::print(format_args!("{answer}\n"))?;
    }
    Ok(Outcome::of(all_well))
}

fn read(script: &Path) -> Result<String, Unusable> {
    let mut text = String::new();
    if script == Path::new("-") {
        io::stdin().read_to_string(&mut text)?;
    } else {
        let unreadable =
            |error| Unusable::new(format!("cannot read `{}`: {error}", script.display()));
        text = fs::read_to_string(script).map_err(unreadable)?;
    }
    Ok(text)
}

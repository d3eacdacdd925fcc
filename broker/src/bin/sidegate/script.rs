//! The calls of a script: made as the app's windows would make them, without any.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::thread;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use sidegate::capabilities::Origin;
use sidegate::{Broker, Peer};
use tokio::sync::mpsc;

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
    let mut lines = lines(script)?;
    let mut peers: HashMap<(String, String), Peer> = HashMap::new();
    let mut all_well = true;
    let mut number: usize = 0;
    while let Some(line) = lines.recv().await {
        let line = line?;
        number = number.saturating_add(1);
        if line.trim().is_empty() {
            continue;
        }
        let unusable = |error: &dyn std::fmt::Display| {
            Unusable::new(format!("{}:{number}: {error}", report::shown(script)))
        };
        let call: Line = serde_json::from_str(&line).map_err(|error| unusable(&error))?;
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

/// The lines of the script as they come, so that a program at the other end of a pipe may wait for an
/// answer before it goes on. They are read on a thread: calls and signals do not wait for a line.
fn lines(script: &Path) -> Result<mpsc::Receiver<Result<String, Unusable>>, Unusable> {
    let unreadable = {
        let script = report::shown(script);
        move |error: io::Error| Unusable::new(format!("cannot read `{script}`: {error}"))
    };
    let text: Box<dyn Read + Send> = if script == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(fs::File::open(script).map_err(&unreadable)?)
    };
    let (sender, lines) = mpsc::channel(1);
    thread::Builder::new().name("script".to_owned()).spawn(move || {
        for line in BufReader::new(text).lines() {
            if sender.blocking_send(line.map_err(&unreadable)).is_err() {
                return;
            }
        }
    })?;
    Ok(lines)
}

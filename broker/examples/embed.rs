//! An app with a handler and a policy of its own, without a manifest: what it takes to put the
//! broker into a program that you have already.
//!
//! `cargo run --example embed` makes three calls in process, as two windows would.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::{Broker, Call, Command, HandlerError};

/// The till may sell up to ten of a thing at once; the window in the shop may only look.
const POLICY: &str = r#"
version = 1

[[capability]]
id = "till"
description = "sells, a few at a time"
windows = ["till"]
allow = [
  { commands = ["stock.sell"], args = { properties = { count = { maximum = 10 } } } },
]

[[capability]]
id = "shop-window"
description = "shows what there is, and cannot sell it"
windows = ["till", "shop"]
allow = [{ commands = ["app.info"], limit = { rate = "10/s" } }]
"#;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sell {
    thing: String,
    count: u32,
}

#[derive(Serialize)]
struct Sold {
    receipt: String,
}

/// The core's side: it runs only for calls that the policy allows, with arguments that fit.
async fn sell(call: Call, sale: Sell) -> Result<Sold, HandlerError> {
    if sale.thing.is_empty() {
        return Err(HandlerError::new("unknown_thing", "there is no such thing"));
    }
    let receipt = format!("{} sold {} × {}", call.window(), sale.count, sale.thing);
    Ok(Sold { receipt })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A program of your own would leave this line out and keep its files where people expect them.
    let home = tempfile::tempdir()?;
    let id = AppId::parse("org.example.shop")?;
    let directories = AppDirectories::beneath(home.path(), &id);

    let broker = Broker::builder()
        .id(id.as_str())?
        .policy("shop.toml", POLICY)
        .command(Command::new("stock.sell", sell))
        .directories(directories)
        .build()?;

    for (window, count) in [("till", 3), ("till", 300), ("shop", 3)] {
        let peer = broker.connect(window, &Origin::local())?;
        let answer = peer.invoke("stock.sell", json!({ "thing": "trowel", "count": count })).await;
        println!("{window}, {count}: {answer:?}");
    }
    Ok(())
}

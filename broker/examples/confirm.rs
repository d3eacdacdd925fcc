//! An app that asks the person on its terminal before a window may do what its policy says `ask` of.
//!
//! A terminal is a place where no page can draw and no page can click. An app with windows of its own
//! toolkit shows the question in one of those instead; a page of the app is never the place.
//! `cargo run --example confirm` asks on standard input.

use std::io::{BufRead, Write};

use serde_json::json;
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::confirm::{Answer, Confirm, Lasting, Question};
use sidegate::{Broker, Call, Command, HandlerError, NoArgs};

const POLICY: &str = r#"
version = 1

[[capability]]
id = "till"
description = "closes the shop for the day, when the shopkeeper says so"
windows = ["till"]
allow = [
  { commands = ["shop.close"], ask = { when = "each session", text = "close the shop for today" } },
]
"#;

/// What was typed, as an answer. Whatever is not a yes is a no.
fn answer(typed: &str) -> Answer {
    match typed.trim() {
        "y" => Answer::Yes(Lasting::Call),
        "always" => Answer::Yes(Lasting::Session),
        _ => Answer::No(Lasting::Call),
    }
}

/// Asks on the terminal, on a thread that may wait.
async fn on_terminal(question: Question) -> Answer {
    let asked = tokio::task::spawn_blocking(move || {
        print!("{question}\n[y, always, N] ");
        let mut typed = String::new();
        let read =
            std::io::stdout().flush().and_then(|()| std::io::stdin().lock().read_line(&mut typed));
        read.map_or_else(|_| String::new(), |_| typed)
    });
    answer(&asked.await.unwrap_or_default())
}

/// Makes the call twice, with whoever asks; what it was answered.
pub(crate) async fn run(confirm: impl Confirm) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (home, id) = (tempfile::tempdir()?, AppId::parse("org.example.shop")?);
    let broker = Broker::builder()
        .id(id.as_str())?
        .policy("shop.toml", POLICY)
        .directories(AppDirectories::beneath(home.path(), &id))
        .command(Command::new("shop.close", async |_: Call, _: NoArgs| {
            Ok::<_, HandlerError>("closed")
        }))
        .confirm_with(confirm)
        .build()?;
    let till = broker.connect("till", &Origin::local())?;
    let mut lines = Vec::new();
    for _ in 0..2 {
        let answer = till.invoke("shop.close", json!({})).await;
        lines.push(answer.unwrap_or_else(|error| error).to_string());
    }
    Ok(lines)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(on_terminal).await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

//! Calls by the hundred thousand through the whole pipeline, log and all: what runs is what the policy
//! allows, nothing else and nothing less, however busy the machine is.
//!
//! `SIDEGATE_SOAK=1` makes a thousand times as many; `SIDEGATE_CALLS` another number, and
//! `SIDEGATE_SEED` repeats a run.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

// What the policy language is held against, where it lies: its policies, its calls, its naive walk.
#[path = "../../../capabilities/tests/reference/generate.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod generate;
#[path = "../../../capabilities/tests/reference/model.rs"]
mod model;
#[path = "../../../capabilities/tests/reference/walk.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod walk;

mod generated;
mod loaded;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sidegate::app::{AppDirectories, AppId};
use sidegate::confirm::{Answer, Lasting, Question};
use sidegate::{Broker, Command};
use tempfile::TempDir;

/// A broker with these capability files, its commands, and its files in `home`. Where the person is to
/// be asked, `asked` counts it, and they say yes to that one call.
fn broker(
    home: &TempDir,
    files: Vec<(String, String)>,
    commands: impl IntoIterator<Item = Command>,
    asked: &Arc<AtomicU64>,
) -> Broker {
    let id = AppId::parse("org.example.calls").unwrap();
    let directories = AppDirectories::beneath(home.path(), &id);
    let builder = Broker::builder().id("org.example.calls").unwrap().directories(directories);
    let policies = home.path().join("policies");
    fs::create_dir(&policies).unwrap();
    for (name, text) in files {
        fs::write(policies.join(name), text).unwrap();
    }
    let builder = builder.policies(&policies).unwrap();
    let builder = commands.into_iter().fold(builder, sidegate::Builder::command);
    let asked = Arc::clone(asked);
    let builder = builder.confirm_with(move |_: Question| {
        asked.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Answer::Yes(Lasting::Call))
    });
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

/// How many: `full` of them in a soak, `few` else.
fn number(few: u64, full: u64) -> u64 {
    let soak = std::env::var_os("SIDEGATE_SOAK").is_some_and(|value| value == "1");
    variable("SIDEGATE_CALLS", if soak { full } else { few })
}

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

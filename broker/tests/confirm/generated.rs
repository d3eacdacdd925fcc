//! Generated lives of a person and some windows: whatever they do and however it is mixed, what runs
//! has its yes in the log.

use super::*;

use std::time::Duration;

use proptest::prelude::*;
use sidegate::Revoke;
use sidegate::capabilities::{Sources, WindowLabel};
use sidegate::confirm::Lasting;

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// A window calls; which one, which command, on which key.
    Call(usize, usize, usize),
    /// Whoever called first of those that wait does not wait any more.
    Abandon,
    Revoke(usize),
    /// Another policy comes into force.
    Reload(usize),
    Forget,
    /// Time goes by, in seconds.
    Wait(u64),
}

const WINDOWS: [&str; 2] = ["editor", "preview"];
const COMMANDS: [&str; 4] = ["work.each", "work.session", "work.once", "work.free"];
const KEYS: [&str; 2] = ["a", "b"];

fn policies() -> [String; 3] {
    let denies = POLICY.replace("deny = [", "deny = [{ commands = [\"work.once\"] }, ");
    let asks_more =
        POLICY.replace("key = [\"*\"], ask = \"once\"", "key = [\"*\"], ask = \"each call\"");
    [POLICY.to_owned(), denies, asks_more]
}

fn does() -> impl Strategy<Value = Does> {
    let lasting = prop::sample::select(&[Lasting::Call, Lasting::Session, Lasting::ForGood][..]);
    prop_oneof![
        4 => lasting.clone().prop_map(|lasting| Does::Say(Answer::Yes(lasting))),
        2 => lasting.prop_map(|lasting| Does::Say(Answer::No(lasting))),
        1 => Just(Does::Panic),
        1 => Just(Does::Wait),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_usize, 0..4_usize, 0..2_usize).prop_map(|(w, c, k)| Step::Call(w, c, k)),
        1 => Just(Step::Abandon),
        1 => (0..2_usize).prop_map(Step::Revoke),
        1 => (0..3_usize).prop_map(Step::Reload),
        1 => Just(Step::Forget),
        1 => (0..90_u64).prop_map(Step::Wait),
    ]
}

async fn live(steps: Vec<Step>, does: Vec<Does>) {
    let person = Person::who(does);
    let app = app(Some(&person));
    let mut peers = WINDOWS.map(|window| app.peer(window));
    let mut calls = Vec::new();
    for step in steps {
        match step {
            Step::Call(window, command, name) => {
                let peer = Arc::clone(&peers[window]);
                let args =
                    if COMMANDS[command] == "work.free" { json!({}) } else { key(KEYS[name]) };
                calls.push(tokio::spawn(async move { peer.invoke(COMMANDS[command], args).await }));
                tokio::task::yield_now().await;
            }
            Step::Abandon if !calls.is_empty() => {
                let call = calls.remove(0);
                call.abort();
                let _gone = call.await;
            }
            Step::Abandon => {}
            Step::Revoke(window) => {
                let label = WindowLabel::parse(WINDOWS[window]).unwrap();
                app.broker.revoke(Revoke::Window(&label), "a test");
                peers[window] = app.peer(WINDOWS[window]);
            }
            Step::Reload(which) => {
                let sources = Sources::from_texts([("app.toml", policies()[which].as_str())]);
                app.broker.reload_from(sources).unwrap();
            }
            Step::Forget => app.broker.forget_answers(),
            Step::Wait(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        }
    }
    for call in calls {
        let _told = call.await;
    }
    app.is_in_order();
    let allowed = app.records("call").iter().filter(|one| one["verdict"] == "allow").count();
    assert!(app.ran() <= allowed, "what ran is in the log");
    assert_eq!(person.open.load(Ordering::SeqCst), 0, "no question is left");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nothing_runs_without_its_yes(
        steps in prop::collection::vec(step(), 1..40),
        does in prop::collection::vec(does(), 0..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(live(steps, does));
    }
}

//! The examples do what they say.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(dead_code, reason = "what each example has beside what is run here is for its own main")]

#[path = "../examples/confirm.rs"]
mod confirm;
#[path = "../examples/layer_cache.rs"]
mod layer_cache;
#[path = "../examples/layer_count.rs"]
mod layer_count;
#[path = "../examples/layer_log.rs"]
mod layer_log;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sidegate::confirm::{Answer, Lasting, Question};

#[tokio::test]
async fn a_layer_logs_what_runs_and_nothing_that_is_refused() {
    let lines = layer_log::run().await.unwrap();
    assert_eq!(lines, ["till: stock.count: ok", "till: stock.order: shut"]);
}

#[tokio::test]
async fn a_layer_counts_by_command_and_window() {
    let lines = layer_count::run().await.unwrap();
    assert_eq!(lines, ["stock.count shop 2 2", "stock.count till 3 0"]);
}

#[tokio::test]
async fn a_cache_answers_nobody_with_what_another_was_given() {
    let lines = layer_cache::run().await.unwrap();
    let expected = [
        "till: \"trowel for 3\"",
        "shop: \"trowel for 5\"",
        "till: \"trowel for 3\"",
        "till: \"rake for 3\"",
        "ran 3 times",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn the_person_is_asked_once_a_session_or_before_each_call() {
    for (answer, times, expected) in [
        (Answer::Yes(Lasting::Session), 1, "\"closed\""),
        (Answer::Yes(Lasting::Call), 2, "\"closed\""),
        (Answer::No(Lasting::Session), 1, "denied"),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let ask = move |_: Question| {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::ready(answer)
        };
        let lines = confirm::run(ask).await.unwrap();
        assert!(lines.iter().all(|line| line.contains(expected)), "{lines:?}");
        assert_eq!(asked.load(Ordering::SeqCst), times, "{answer:?}");
    }
}

//! Calls that race with the revocation of what they are made with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sidegate::capabilities::{Origin, WindowLabel};
use sidegate::token::{Caveat, Token};
use sidegate::{Broker, Call, Command, HandlerError, NoArgs, Revoke, Revoked};

use super::{POLICY, code, root};

/// What the handlers of a race and who revokes know of each other.
#[derive(Default)]
struct Race {
    /// Whether the revocation of this round has returned.
    over: AtomicBool,
    /// Handlers that ran after that.
    late: AtomicU64,
    begun: AtomicU64,
}

impl Race {
    /// A handler that looks, each time that it runs, whether it still may.
    fn command(self: &Arc<Self>) -> Command {
        let race = Arc::clone(self);
        Command::new("work.quick", move |_: Call, _: NoArgs| {
            let race = Arc::clone(&race);
            async move {
                race.begun.fetch_add(1, Ordering::Relaxed);
                for _ in 0..20 {
                    let late = race.over.load(Ordering::SeqCst);
                    race.late.fetch_add(u64::from(late), Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
                Ok::<_, HandlerError>(true)
            }
        })
    }

    /// Waits until so many more have begun than `before`.
    fn wait_for(&self, before: u64, more: u64) {
        let patience = Instant::now();
        while self.begun.load(Ordering::Relaxed) < before + more
            && patience.elapsed() < Duration::from_secs(10)
        {
            std::thread::yield_now();
        }
    }
}

/// Calls of one round.
const AT_ONCE: u64 = 50;

/// Revokes what the calls of this round are made with, in one way or another.
fn revoke(broker: &Broker, round: u64, root: &Token, narrowed: &Token) -> Revoked {
    let (editor, origin) = (WindowLabel::parse("editor").unwrap(), Origin::local());
    let what = match round % 5 {
        0 => Revoke::Token(narrowed),
        1 => Revoke::Token(root),
        2 => Revoke::Window(&editor),
        3 => Revoke::Origin(&origin),
        _ => Revoke::All,
    };
    broker.revoke(what, "a race")
}

/// «Nothing starts after a revocation returned»: a million calls race with revocations of every kind
/// in a soak, a thousandth of that otherwise. Nor does anything go on after it.
#[test]
fn g06_nothing_starts_after_a_revocation_returned() {
    let soaks = std::env::var_os("SIDEGATE_SOAK").is_some();
    let rounds = if soaks { 1_000_000 } else { 1_000 } / AT_ONCE;
    let race = Arc::new(Race::default());
    let entry = "commands = [\"work.*\"],";
    let counted = POLICY.replace(entry, &format!("{entry} audit = {{ calls = \"counted\" }},"));
    let (broker, _home, _log) = super::broker(&counted, [race.command()]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_time()
        .build()
        .unwrap();
    let mut refused = 0;
    for round in 0..rounds {
        let peer = Arc::new(broker.connect("editor", &Origin::local()).unwrap());
        let narrowed = root(&peer).attenuate(&Caveat::commands(["work.*"]).unwrap()).unwrap();
        let shown = if round % 5 == 0 { narrowed.clone() } else { root(&peer) };
        let before = race.begun.load(Ordering::Relaxed);
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (peer, shown) = (Arc::clone(&peer), shown.clone());
                runtime.spawn(async move { code(&peer, &shown, "work.quick").await })
            })
            .collect();
        // Somewhere among them: when none, some, or all but one have begun.
        race.wait_for(before, (round * 7) % AT_ONCE);
        let _revoked = revoke(&broker, round, peer.token().unwrap(), &narrowed);
        race.over.store(true, Ordering::SeqCst);
        for call in calls {
            match runtime.block_on(call).unwrap().as_str() {
                "ok" => {}
                "denied" => refused += 1,
                other => panic!("a call ended as {other:?}"),
            }
        }
        race.over.store(false, Ordering::SeqCst);
    }
    let (made, begun) = (rounds * AT_ONCE, race.begun.load(Ordering::Relaxed));
    assert_eq!(race.late.load(Ordering::SeqCst), 0, "of {made}");
    // Neither came always first; how often is the scheduler's.
    let some = made / 50;
    assert!(begun > some && refused > some, "{begun} of {made} begun, {refused} refused");
}

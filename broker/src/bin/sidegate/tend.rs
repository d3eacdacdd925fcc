//! What goes on beside the windows or the script of a run: signals are heeded, and the files of the
//! policy are followed. What is said of it goes to standard error.

use std::future::Future;
use std::io::{self, IsTerminal};

use sidegate::capabilities::Color;
use sidegate::{Broker, ReloadError, Reloaded, Trigger};

use crate::report::{Outcome, Unusable};

/// When the policy is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// When its files change, and on a signal.
    Files,
    /// On a signal.
    SignalsAlone,
}

/// Tends `broker` while `work` goes on. Where the broker is asked to end, it is shut down, and what
/// there was of `work` is all there is.
pub(crate) async fn while_running(
    broker: &Broker,
    follow: Follow,
    work: impl Future<Output = Result<Outcome, Unusable>>,
) -> Result<Outcome, Unusable> {
    let mut signals = Signals::new()?;
    let mut work = std::pin::pin!(work);
    let ended = tokio::select! {
        outcome = &mut work => Some(outcome),
        () = reload_on_hangup(broker, &mut signals) => None,
        () = follow_files(broker, follow) => None,
    };
    if let Some(outcome) = ended {
        broker.shutdown().await;
        return outcome;
    }
    let mut ending = std::pin::pin!(broker.shutdown());
    loop {
        tokio::select! {
            biased;
            // What answers its last calls is to say so.
            outcome = &mut work => {
                ending.await;
                return outcome;
            }
            () = &mut ending => return Ok(Outcome::Holds),
            () = signals.asked_to_end() => broker.hurry(),
        }
    }
}

/// Reads the policy again on each hang-up; over when the broker is asked to end.
async fn reload_on_hangup(broker: &Broker, signals: &mut Signals) {
    loop {
        match signals.next().await {
            Asked::ToReload => say(broker.reload(Trigger::Signal).await),
            Asked::ToEnd => return,
        }
    }
}

/// Reads the policy again whenever its files have changed; never over.
async fn follow_files(broker: &Broker, follow: Follow) {
    if follow == Follow::SignalsAlone {
        std::future::pending::<()>().await;
    }
    let mut watch = broker.watch_policy();
    loop {
        say(watch.next().await);
    }
}

fn say(reloaded: Result<Reloaded, ReloadError>) {
    match reloaded {
        Ok(reloaded) => {
            let version = &reloaded.version;
            if reloaded.is_new() {
                eprintln!("policy {version} is in force");
            } else {
                eprintln!("policy {version} stays in force; its files say nothing else");
            }
        }
        Err(error) => {
            let shown = error.render(color());
            eprintln!("error: {shown}\nthe policy before stays in force");
        }
    }
}

/// As for standard output, but where this goes.
fn color() -> Color {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && io::stderr().is_terminal() { Color::Always } else { Color::Never }
}

/// What a signal asks for.
enum Asked {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no such signal"))]
    ToReload,
    ToEnd,
}

/// Signals to this process.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    /// Whether it was started from a terminal.
    terminal: bool,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self, Unusable> {
        use tokio::signal::unix::{SignalKind, signal};
        let on = |kind| signal(kind).map_err(Unusable::from);
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
            terminal: io::stdin().is_terminal(),
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::ToEnd,
            _ = self.terminate.recv() => Asked::ToEnd,
            // A terminal that was closed is none any more; whoever sat before it has left.
            _ = self.hangup.recv() => match self.terminal && !io::stdin().is_terminal() {
                true => Asked::ToEnd,
                false => Asked::ToReload,
            },
        }
    }

    async fn asked_to_end(&mut self) {
        while !matches!(self.next().await, Asked::ToEnd) {}
    }
}

/// Interrupts of this process.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self, Unusable> {
        Ok(Self)
    }

    async fn next(&mut self) -> Asked {
        if tokio::signal::ctrl_c().await.is_err() {
            // It cannot be told: the app ends with its last window then.
            std::future::pending::<()>().await;
        }
        Asked::ToEnd
    }

    async fn asked_to_end(&mut self) {
        while !matches!(self.next().await, Asked::ToEnd) {}
    }
}

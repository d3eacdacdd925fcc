//! The window in which the person is asked: Sidegate's own, for apps that have no place of theirs where
//! no page can draw or click.
//!
//! It is shown by a second broker, made for one question and gone with it: a policy, a log, tokens and
//! pages of its own, and a host that shows nothing else, in the sandbox that any host is in. To the app's
//! pages, and to the hosts of its windows, nothing of it can be named. What it answers is a
//! [`Question`]'s answer and no more: whether anybody is asked at all, and what an answer is worth, is
//! decided before and after, in `confirm` and `pipeline/ask.rs`.
//!
//! All that goes wrong is no yes. A window that was closed is a no for this call; one that did not come
//! up, or whose host or page died, is [`Answer::Unasked`].

mod asked;
mod commands;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sidegate_capabilities::visible;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use self::asked::Asked;
use crate::app::{AppDirectories, AppId, Window};
use crate::audit::AuditError;
use crate::broker::{Broker, BuildError, Builder};
use crate::clock::Moment;
use crate::confirm::{Answer, Asking, AskingApp, Confirm, Question};
use crate::windows::WindowEvent;

/// Who the second broker is. It is another than any app that asks, since it has its own directories.
const ID: &str = "app.sidegate.question";

/// Its one window.
const LABEL: &str = "question";

/// What that window may do: have the question, and answer it.
const POLICY: &str = include_str!("question_window/policy.toml");

/// Its pages.
const UI: [(&str, &[u8]); 3] = [
    ("index.html", include_bytes!("question_window/ui/index.html")),
    ("question.css", include_bytes!("question_window/ui/question.css")),
    ("question.js", include_bytes!("question_window/ui/question.js")),
];

/// Wide enough for a path on two lines.
const WIDTH: u32 = 560;

/// The log of the window before is let go of by tasks that have just been stopped. So many looks, this
/// far apart, are a second; who holds it longer is another program.
const LOOKS: u32 = 50;
/// See [`LOOKS`].
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

impl Builder {
    /// Has the person asked in a window of Sidegate's own where the policy says `ask`: a window in a host
    /// of its own, which no page of the app can draw into, click or name. It is there while a question
    /// is, and nothing runs for it otherwise.
    ///
    /// It wants what windows want: a display, and the host's binary beside this program or where
    /// [`host`](Self::host) says. Where it cannot be shown, what had to be asked about is refused, and the
    /// log says that it was for that (`ask-unasked`).
    ///
    /// ```
    /// let builder = sidegate::Broker::builder().confirm_in_window();
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn confirm_in_window(self) -> Self {
        self.confirm_by(|app| QuestionWindow::of(app.clone()))
    }
}

/// Asks the person in a window.
#[derive(Debug)]
struct QuestionWindow {
    app: AskingApp,
    last: AtomicU64,
    /// Held while a window is there, until its host and its log are let go of.
    one: Arc<Mutex<()>>,
}

impl QuestionWindow {
    fn of(app: AskingApp) -> Self {
        Self { app, last: AtomicU64::new(0), one: Arc::default() }
    }
}

impl Confirm for QuestionWindow {
    fn ask(&self, question: Question) -> Asking {
        let number = self.last.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let (asked, answered) = Asked::new(number, &self.app, &question);
        let withdrawn = CancellationToken::new();
        let showing =
            show(self.app.clone(), Arc::clone(&self.one), Arc::new(asked), withdrawn.clone());
        Box::pin(async move {
            let _withdraws_it = withdrawn.drop_guard();
            // Not a part of this future: where that is dropped, there is a window to be closed.
            tokio::spawn(showing);
            answered.await.unwrap_or(Answer::Unasked)
        })
    }
}

/// Shows a question until it is answered, withdrawn or lost, and takes the window away.
async fn show(
    app: AskingApp,
    one: Arc<Mutex<()>>,
    asked: Arc<Asked>,
    withdrawn: CancellationToken,
) {
    let _one = tokio::select! {
        biased;
        () = withdrawn.cancelled() => return,
        one = one.lock_owned() => one,
    };
    let broker = match made(&app, &asked).await {
        Ok(broker) => broker,
        Err(error) => {
            tracing::error!(%error, "a question cannot be shown");
            return asked.lost();
        }
    };
    if !withdrawn.is_cancelled() {
        run(&broker, &asked, &withdrawn).await;
    }
    broker.shutdown().await;
}

async fn run(broker: &Broker, asked: &Asked, withdrawn: &CancellationToken) {
    let mut events = broker.window_events();
    let end = async {
        tokio::select! {
            () = withdrawn.cancelled() => {}
            () = asked.over() => {}
        }
    };
    let mut running = std::pin::pin!(broker.run_until(end));
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut running => break ended,
            Some(event) = events.next() => look(asked, &event),
        }
    };
    match ended {
        // Where it was not answered and not withdrawn, it was closed.
        Ok(()) => asked.closed(),
        Err(error) => {
            tracing::error!(%error, "a question was lost with what showed it; that is no yes");
            asked.lost();
        }
    }
}

/// Notes whether the window has the keyboard, from when on.
fn look(asked: &Asked, event: &WindowEvent) {
    match event {
        WindowEvent::Changed { stance, .. } => {
            asked.stands(stance.focused && stance.visible, Moment::now());
        }
        // Not known any more.
        WindowEvent::Missed(_) => asked.stands(false, Moment::now()),
        WindowEvent::Opened { .. } | WindowEvent::Closed { .. } | WindowEvent::Menu { .. } => {}
    }
}

/// The second broker.
async fn made(app: &AskingApp, asked: &Arc<Asked>) -> Result<Broker, Unshown> {
    for _ in 0..LOOKS {
        match build_on_thread(app, asked).await {
            Err(Unshown::Build(BuildError::Audit(AuditError::InUse { .. }))) => {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            made => return made,
        }
    }
    build_on_thread(app, asked).await
}

/// Why there is no second broker.
#[derive(Debug, thiserror::Error)]
enum Unshown {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the thread that was to make it failed: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// It reads and writes files, which the thread that decides has no time for.
async fn build_on_thread(app: &AskingApp, asked: &Arc<Asked>) -> Result<Broker, Unshown> {
    let (app, asked) = (app.clone(), Arc::clone(asked));
    Ok(tokio::task::spawn_blocking(move || build(&app, &asked)).await??)
}

fn build(app: &AskingApp, asked: &Arc<Asked>) -> Result<Broker, BuildError> {
    let place = app.directories.question();
    let mut window = Window::new(LABEL, "index.html")?.title(&title(&app.name));
    (window.width, window.height) = (WIDTH, asked.height());
    let builder = Broker::builder()
        .id(ID)?
        .policy("question.toml", POLICY)
        .built_in_ui(&UI)
        .directories(AppDirectories::beneath(&place, &AppId::parse(ID)?))
        .audit_log(place.join("audit.jsonl"))
        .least_sandbox(app.least)
        .window(window)
        // The page's watch of the question is a call in flight to the last.
        .drain(Duration::ZERO)
        .once();
    let builder = commands::all(asked).into_iter().fold(builder, Builder::command);
    let builder = if app.debug { builder.debug() } else { builder };
    match &app.host {
        Some(host) => builder.host(host).build(),
        None => builder.build(),
    }
}

/// The title says who speaks, and about which app.
fn title(name: &str) -> String {
    format!("Sidegate: a question about {}", short(name))
}

/// A name of the manifest's, on one line and not too long for one.
fn short(name: &str) -> String {
    /// Room for any name that a person could tell from another at a glance.
    const NAME: usize = 60;
    let cut: String = name.chars().take(NAME).collect();
    let rest = if name.chars().nth(NAME).is_some() { "…" } else { "" };
    format!("{}{rest}", visible(&cut))
}

#[cfg(test)]
mod tests;

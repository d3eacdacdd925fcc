//! The person: who is asked before a call runs where the policy says `ask`, what the question says,
//! and how long an answer holds.
//!
//! The app gives the port ([`Builder::confirm_with`](crate::Builder::confirm_with)), or takes the
//! window that is `question_window`'s; everything that decides is here and in `pipeline/ask.rs`. Without
//! a port nobody can be asked, and what would have to be is refused. Whatever the port does (it panics, it
//! never answers, it answers late), a call runs after a yes and after nothing else.

mod memory;
mod question;
mod turns;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sidegate_capabilities::AskWhen;

pub(crate) use memory::{About, Memory, Recalled};
pub use question::Question;
pub(crate) use question::{Named, Wording};
pub(crate) use turns::{NoTurn, Turns};

use crate::app::{AppDirectories, AppId};
use crate::wire::SandboxLevel;

/// How long a person has for one question once it is put to them. Whoever is not before the screen
/// by then has not said yes, and the next question waits.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Who puts a question to the person. An async closure from a [`Question`] to an [`Answer`] is one.
///
/// It is asked one question at a time. The question is withdrawn where the future is dropped: its page
/// cancelled the call or is gone, its token was revoked, another policy is in force, the time for an
/// answer is over, the broker ends. Whatever shows it then takes it off the screen.
///
/// The text of a question is made by the broker. It must be shown where no page can draw, and answered
/// where no page can click: a window of the app's pages is no such place.
/// [`Builder::confirm_in_window`](crate::Builder::confirm_in_window) has one that is.
pub trait Confirm: Send + Sync + 'static {
    /// Asks, and waits for the answer.
    fn ask(&self, question: Question) -> Asking;
}

/// A question that is before the person.
pub type Asking = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl<F, Fut> Confirm for F
where
    F: Fn(Question) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    fn ask(&self, question: Question) -> Asking {
        Box::pin(self(question))
    }
}

/// What the person said.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The call may run, and what is like it for so long: but never for longer than the policy has it.
    Yes(Lasting),
    /// It may not, nor what is like it for so long.
    No(Lasting),
    /// They were not asked, or could not answer: what shows questions did not come up, or went down.
    Unasked,
}

/// How long an answer holds; in order, the shortest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lasting {
    /// For this one call.
    Call,
    /// As long as the document is there that called.
    Session,
    /// Until the policy's entry changes, or the answer is taken back.
    ForGood,
}

impl Lasting {
    /// How long a yes can hold at most.
    pub(crate) fn most(when: AskWhen) -> Self {
        match when {
            AskWhen::EachCall => Self::Call,
            AskWhen::EachSession => Self::Session,
            AskWhen::Once => Self::ForGood,
        }
    }

    /// As the log has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Session => "session",
            Self::ForGood => "for-good",
        }
    }
}

/// The app whose person is asked, as far as whoever asks has to know it.
#[derive(Debug, Clone)]
pub(crate) struct AskingApp {
    pub(crate) id: AppId,
    pub(crate) name: String,
    pub(crate) directories: AppDirectories,
    /// The host's binary, where it is not the one beside this program.
    pub(crate) host: Option<PathBuf>,
    pub(crate) least: SandboxLevel,
    pub(crate) debug: bool,
}

/// Who asks the person, if anybody does: made when the app is known.
#[derive(Default)]
pub(crate) struct Asker(Option<Box<Make>>);

type Make = dyn FnOnce(&AskingApp) -> Arc<dyn Confirm> + Send + Sync;

impl Asker {
    pub(crate) fn by<P: Confirm>(
        port: impl FnOnce(&AskingApp) -> P + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Box::new(|app| Arc::new(port(app)))))
    }

    pub(crate) fn of(self, app: &AskingApp) -> Option<Arc<dyn Confirm>> {
        self.0.map(|port| port(app))
    }
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "somebody" } else { "nobody" })
    }
}

/// The person as the pipeline knows them: the port, what was answered before, and whose turn it is.
pub(crate) struct Person {
    port: Arc<dyn Confirm>,
    pub(crate) memory: Memory,
    pub(crate) turns: Turns,
}

impl Person {
    pub(crate) fn new(port: Arc<dyn Confirm>, memory: Memory) -> Self {
        Self { port, memory, turns: Turns::default() }
    }

    /// Puts a question to the person; `None` where no answer came.
    pub(crate) async fn ask(&self, question: Question) -> Option<Answer> {
        // The port is an app's own code: it may panic before its first await as well.
        let asking = AssertUnwindSafe(async { self.port.ask(question).await }).catch_unwind();
        let answered = tokio::time::timeout(ANSWER_WITHIN, asking).await.ok()?;
        if answered.is_err() {
            tracing::error!("who was to ask the person panicked; that is no yes");
        }
        answered.ok()
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("memory", &self.memory).finish_non_exhaustive()
    }
}

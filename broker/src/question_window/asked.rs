//! One question while it is before the person: what its page is told of it, from when on a yes counts,
//! and its one answer. Whether it is shown at all is not known here, but for what its page and its host
//! say.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use tokio::sync::{oneshot, watch};

use super::short;
use crate::clock::Moment;
use crate::confirm::{Answer, AskingApp, Lasting, Question};
use crate::handler::HandlerError;

/// How long its window has to have been there, with the keyboard and unmoved, before a yes counts: what
/// was pressed for something else has arrived by then. Firefox waits as long with what a page can bring
/// up (`security.dialog_enable_delay`, 1000 ms, anew when the dialog gets the focus); Chromium as long as
/// a double click may take, 500 ms, after a prompt came up, and anew after each click that came too early
/// (`InputEventActivationProtector`). The attack is Ruderman's: «Race conditions in security dialogs»,
/// 2004.
pub(super) const SETTLED: Duration = Duration::from_secs(1);

/// A question that is asked.
#[derive(Debug)]
pub(super) struct Asked {
    sheet: Sheet,
    most: Lasting,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

/// What is known of it by now.
#[derive(Debug)]
struct State {
    /// When its page had it.
    handed: Option<Moment>,
    /// Since when its window stands as it does, with the keyboard.
    stands: Option<Moment>,
    /// The last yes that did not count.
    early: Option<Moment>,
    /// Where the answer goes, until there is one.
    answer: Option<oneshot::Sender<Answer>>,
}

/// What the page shows, all of it as text.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Sheet {
    number: u64,
    app: String,
    id: String,
    window: String,
    origin: String,
    command: String,
    what: String,
    values: Vec<(String, String)>,
    /// How long a yes may be for, as [`Lasting`] has it in the log.
    most: &'static str,
    /// Milliseconds.
    settled: u64,
}

/// What the page hears, one after the other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Said {
    /// The question; once, and first.
    Question(Sheet),
    /// Whether a yes would count.
    Ready(bool),
}

/// Why an answer was not taken. The question is there as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    #[error("that is not the question which is asked")]
    AnotherQuestion,
    #[error("the question has its answer")]
    Over,
    #[error("a yes for so long is not what was asked")]
    NotOffered,
    #[error("the question has not been there for long enough")]
    TooEarly,
}

impl From<NotTaken> for HandlerError {
    fn from(why: NotTaken) -> Self {
        let code = match why {
            NotTaken::AnotherQuestion => "another_question",
            NotTaken::Over => "over",
            NotTaken::NotOffered => "not_offered",
            NotTaken::TooEarly => "too_early",
        };
        Self::new(code, why.to_string())
    }
}

impl Asked {
    /// A question with this number, and where its answer comes out.
    pub(super) fn new(
        number: u64,
        app: &AskingApp,
        question: &Question,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        let values = question.values().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sheet = Sheet {
            number,
            app: short(&app.name),
            id: app.id.to_string(),
            window: question.window().to_string(),
            origin: question.origin().to_string(),
            command: question.command().to_string(),
            what: question.what().to_owned(),
            values: values.collect(),
            most: question.most().word(),
            settled: u64::try_from(SETTLED.as_millis()).unwrap_or(u64::MAX),
        };
        let state = State { handed: None, stands: None, early: None, answer: Some(answer) };
        let (state, changed) = (Mutex::new(state), watch::Sender::new(()));
        (Self { sheet, most: question.most(), state, changed }, answered)
    }

    /// How high a window it wants, in logical pixels: what it says is seen without scrolling where
    /// that is little, and scrolled to where it is much.
    pub(super) fn height(&self) -> u32 {
        /// The window with one line of each, and room for the least and the most.
        const BARE: u32 = 400;
        const MOST: u32 = 700;
        const LINE: u32 = 20;
        /// Characters on a line of a value; those of what is asked are larger.
        const VALUE: u32 = 48;
        const WHAT: u32 = 36;
        let lines = |text: &str, line: u32| {
            u32::try_from(text.chars().count()).unwrap_or(u32::MAX).div_ceil(line)
        };
        let Sheet { what, values, .. } = &self.sheet;
        let of_values = values.iter().map(|(_, value)| lines(value, VALUE).max(1));
        let all = of_values.fold(lines(what, WHAT), u32::saturating_add);
        all.saturating_mul(LINE).saturating_add(BARE).min(MOST)
    }

    /// Hands it to its page, once. A page that comes a second time has been another's or has crashed,
    /// and what the person saw of it nobody knows: the question is lost.
    pub(super) fn hand_over(&self, now: Moment) -> Result<(), NotTaken> {
        let is_first = self.change(|state| state.handed.replace(now).is_none());
        if is_first {
            return Ok(());
        }
        tracing::error!("the page of a question was loaded a second time; that is no yes");
        self.lost();
        Err(NotTaken::Over)
    }

    /// What its page hears of it, from now on.
    pub(super) fn said(self: &Arc<Self>) -> impl Stream<Item = Result<Said, HandlerError>> + use<> {
        let first = Said::Question(self.sheet.clone());
        let followed = (Arc::clone(self), self.changed.subscribe(), None);
        let later = stream::unfold(followed, |(asked, mut changed, told)| async move {
            loop {
                changed.borrow_and_update();
                let wait = asked.yes_within(Moment::now());
                let ready = wait == Some(Duration::ZERO);
                if told != Some(ready) {
                    return Some((Said::Ready(ready), (asked, changed, Some(ready))));
                }
                tokio::select! {
                    still_there = changed.changed() => still_there.ok()?,
                    () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() && !ready => {}
                }
            }
        });
        stream::once(std::future::ready(first)).chain(later).map(Ok)
    }

    /// Notes that its window stands otherwise than before, and whether it has the keyboard.
    pub(super) fn stands(&self, has_keyboard: bool, now: Moment) {
        self.change(|state| state.stands = has_keyboard.then_some(now));
    }

    /// Takes the answer. A no is taken at any time.
    pub(super) fn take(&self, number: u64, answer: Answer, now: Moment) -> Result<(), NotTaken> {
        if number != self.sheet.number {
            return Err(NotTaken::AnotherQuestion);
        }
        let most = self.most;
        self.change(|state| {
            if let Answer::Yes(lasting) = answer {
                if lasting > most {
                    return Err(NotTaken::NotOffered);
                }
                if state.answer.is_some() && state.yes_within(now) != Some(Duration::ZERO) {
                    state.early = Some(now);
                    return Err(NotTaken::TooEarly);
                }
            }
            state.give(answer)
        })
    }

    /// Its window was closed: a no for this call, if it showed it.
    pub(super) fn closed(&self) {
        let _answered_before = self.change(|state| {
            let was_seen = state.handed.is_some();
            state.give(if was_seen { Answer::No(Lasting::Call) } else { Answer::Unasked })
        });
    }

    /// It is not known what the person saw of it.
    pub(super) fn lost(&self) {
        let _answered_before = self.change(|state| state.give(Answer::Unasked));
    }

    /// Over when it has its answer.
    pub(super) async fn over(&self) {
        let mut changed = self.changed.subscribe();
        while self.lock().answer.is_some() {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn yes_within(&self, now: Moment) -> Option<Duration> {
        self.lock().yes_within(now)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.send_replace(());
        changed
    }

    /// Values that are each changed in one step: whole, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Asked {
    /// As if what happened to it had happened at the beginning of time.
    pub(super) fn back_dated(&self) {
        let begin = Moment::from_nanos(0);
        self.change(|state| {
            let back = |moment: &mut Option<Moment>| *moment = moment.map(|_| begin);
            [&mut state.handed, &mut state.stands, &mut state.early].into_iter().for_each(back);
        });
    }
}

impl State {
    /// How long until a yes counts, if nothing changes until then; `None` where that would not do.
    fn yes_within(&self, now: Moment) -> Option<Duration> {
        let last = self.handed?.max(self.stands?);
        let last = self.early.map_or(last, |early| last.max(early));
        Some(last.after(SETTLED).since(now))
    }

    fn give(&mut self, answer: Answer) -> Result<(), NotTaken> {
        let waiting = self.answer.take().ok_or(NotTaken::Over)?;
        // Where nobody waits any more, the question was withdrawn.
        let _withdrawn = waiting.send(answer);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Whose turn it is to ask: a person reads one question at a time. Questions wait in the order in which
//! they came, so many of a window and so many in all; a window that asks without end is refused, and
//! costs the others no more than its share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sidegate_capabilities::WindowLabel;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many questions of one window wait or are asked: a person who has clicked away four in a row of
/// the same window has stopped reading.
const MAX_OF_WINDOW: usize = 4;

/// The same of all windows. Each of them holds its call's arguments.
const MAX_WAITING: usize = 16;

/// How long a question waits for its turn: those before it may each take as long as an answer may.
const TURN_WITHIN: Duration = Duration::from_secs(5 * 60);

/// The turns.
#[derive(Debug)]
pub(crate) struct Turns {
    one: Semaphore,
    waiting: Mutex<HashMap<WindowLabel, usize>>,
}

/// Why it is nobody's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTurn {
    /// As many questions wait as may.
    TooMany,
    /// The turn did not come.
    NeverCame,
}

/// A place in the row.
#[derive(Debug)]
pub(crate) struct Place<'t> {
    turns: &'t Turns,
    window: WindowLabel,
}

/// The right to ask, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'t> {
    _one: SemaphorePermit<'t>,
    _place: Place<'t>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { one: Semaphore::new(1), waiting: Mutex::default() }
    }
}

impl Turns {
    /// Waits for the turn of a question of `window`.
    pub(crate) async fn of(&self, window: &WindowLabel) -> Result<Turn<'_>, NoTurn> {
        let place = self.place(window).ok_or(NoTurn::TooMany)?;
        // The semaphore is fair: whoever waits longest is next.
        let turn = tokio::time::timeout(TURN_WITHIN, self.one.acquire()).await;
        match turn {
            Ok(Ok(one)) => Ok(Turn { _one: one, _place: place }),
            Ok(Err(_)) | Err(_) => Err(NoTurn::NeverCame),
        }
    }

    fn place(&self, window: &WindowLabel) -> Option<Place<'_>> {
        let mut waiting = self.lock();
        let all = waiting.values().fold(0_usize, |sum, of| sum.saturating_add(*of));
        let mine = waiting.get(window).copied().unwrap_or_default();
        if all >= MAX_WAITING || mine >= MAX_OF_WINDOW {
            return None;
        }
        waiting.insert(window.clone(), mine.saturating_add(1));
        Some(Place { turns: self, window: window.clone() })
    }

    /// Numbers that are each changed in one step: whole, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, HashMap<WindowLabel, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.turns.lock();
        if let Some(mine) = waiting.get_mut(&self.window) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                waiting.remove(&self.window);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use futures_util::FutureExt;

    #[tokio::test(start_paused = true)]
    async fn one_asks_and_the_others_wait_in_order() {
        let turns = Turns::default();
        let label = |text: &str| WindowLabel::parse(text).unwrap();
        let (a, b) = (label("a"), label("b"));
        let first = turns.of(&a).await.unwrap();
        let mut waiting: Vec<_> = (1..MAX_OF_WINDOW).map(|_| Box::pin(turns.of(&a))).collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        assert_eq!(turns.of(&a).await.unwrap_err(), NoTurn::TooMany, "of this window");
        let mut other = Box::pin(turns.of(&b));
        assert!(other.as_mut().now_or_never().is_none());
        // One that is withdrawn leaves its place, and the next is on.
        drop(waiting.remove(0));
        let again = turns.of(&a);
        drop(again);
        drop(first);
        let second = waiting.remove(0).await.unwrap();
        drop((waiting, second));
        drop(other.await.unwrap());
        assert!(turns.lock().is_empty(), "nothing is left behind");
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_wait_in_all_and_none_for_ever() {
        let turns = Turns::default();
        let first = turns.of(&WindowLabel::parse("first").unwrap()).await.unwrap();
        let labels: Vec<_> =
            (0..MAX_WAITING).map(|n| WindowLabel::parse(&format!("w{n}")).unwrap()).collect();
        let mut waiting: Vec<_> = labels.iter().map(|label| Box::pin(turns.of(label))).collect();
        let mut refused = 0;
        for one in &mut waiting {
            if let Some(Err(why)) = one.as_mut().now_or_never() {
                assert_eq!(why, NoTurn::TooMany);
                refused += 1;
            }
        }
        assert_eq!(refused, 1);
        let one = waiting.remove(0);
        assert_eq!(one.await.unwrap_err(), NoTurn::NeverCame);
        drop(first);
    }
}

//! Who answers and who does not: a host whose main loop hangs, and a window whose web process a
//! script keeps to itself while its host is well. Here it is only counted; what is done about it
//! is [`super::connection`]'s.
//!
//! Pings are counted, not the time since one: a broker that was not run for a while, on a machine
//! that is busy or was asleep, has not asked meanwhile, and blames nobody.

use std::collections::HashMap;
use std::time::Duration;

use crate::app::{Answer, Spinning};
use crate::wire::{FromHost, WindowId};

/// How often everybody is asked. What it costs is a frame each way and a script of one number for
/// each window.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(2);

/// Pings without a word of the host, after which it hangs: half a minute. A main loop that opens
/// windows on a machine that swaps is away for seconds; nobody waits for one for longer.
const HANGS_AFTER: u32 = 15;

/// What was asked, and who has answered.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    number: u64,
    /// The last ping that was answered.
    answered: u64,
    /// Pings since the host last said anything.
    unheard: u32,
    windows: HashMap<WindowId, Watched>,
}

#[derive(Debug)]
struct Watched {
    spinning: Spinning,
    /// Pings since its web process last answered.
    unanswered: u32,
    /// Whether that was told.
    told: bool,
}

/// What a round of asking shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// The number to ask with.
    pub(crate) ping: u64,
    /// Whether the host hangs.
    pub(crate) hangs: bool,
    /// The windows that spin, told once each.
    pub(crate) spinning: Vec<(WindowId, Spinning)>,
}

impl Watchdog {
    /// A message came. The window that answers again after it was said to spin.
    pub(crate) fn hear(&mut self, message: &FromHost<'_>) -> Option<WindowId> {
        self.unheard = 0;
        let FromHost::Responsive { window } = message else {
            return None;
        };
        let watched = self.windows.get_mut(window)?;
        watched.unanswered = 0;
        std::mem::take(&mut watched.told).then_some(*window)
    }

    /// Whether `number` is that of a ping which was sent and not answered yet, nor one after it.
    pub(crate) fn was_asked(&mut self, number: u64) -> bool {
        let was = self.answered < number && number <= self.number;
        if was {
            self.answered = number;
        }
        was
    }

    /// It is time to ask again the host of `windows`. While the broker itself does not read,
    /// nobody can be heard, and nothing is counted.
    pub(crate) fn ask(
        &mut self,
        windows: impl Iterator<Item = (WindowId, Spinning)>,
        reads: bool,
    ) -> Round {
        self.number = self.number.saturating_add(1);
        let mut before = std::mem::take(&mut self.windows);
        for (window, spinning) in windows {
            let new = Watched { spinning, unanswered: 0, told: false };
            self.windows.insert(window, before.remove(&window).unwrap_or(new));
        }
        let mut round = Round { ping: self.number, ..Round::default() };
        if !reads {
            return round;
        }
        round.hangs = self.unheard >= HANGS_AFTER;
        self.unheard = self.unheard.saturating_add(1);
        for (window, watched) in &mut self.windows {
            if watched.unanswered >= pings(watched.spinning.after) && !watched.told {
                watched.told = true;
                round.spinning.push((*window, watched.spinning));
                // The page that is loaded in its place has as long again.
                if watched.spinning.answer == Answer::Reload {
                    watched.unanswered = 0;
                    watched.told = false;
                    continue;
                }
            }
            watched.unanswered = watched.unanswered.saturating_add(1);
        }
        round.spinning.sort_by_key(|(window, _)| *window);
        round
    }
}

/// How many pings go unanswered in `time`, at least one.
fn pings(time: Duration) -> u32 {
    let whole = time.as_millis().checked_div(PING_EVERY.as_millis()).unwrap_or(1);
    u32::try_from(whole).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: WindowId = WindowId(1);
    const TWO: WindowId = WindowId(2);

    fn spinning(answer: Answer) -> Spinning {
        Spinning { answer, after: Duration::from_secs(10) }
    }

    fn both(answer: Answer) -> impl Iterator<Item = (WindowId, Spinning)> {
        [(ONE, spinning(answer)), (TWO, spinning(answer))].into_iter()
    }

    fn answers(watchdog: &mut Watchdog, window: WindowId) -> Option<WindowId> {
        watchdog.hear(&FromHost::Responsive { window })
    }

    #[test]
    fn j10_an_answer_is_taken_once_and_of_what_was_asked() {
        let mut watchdog = Watchdog::default();
        assert!(!watchdog.was_asked(0) && !watchdog.was_asked(1));
        let _rounds: Vec<_> = (0..3).map(|_| watchdog.ask(both(Answer::Report), true)).collect();
        for (number, expected) in [(2, true), (2, false), (1, false), (3, true), (4, false)] {
            assert_eq!(watchdog.was_asked(number), expected, "{number}");
        }
    }

    #[test]
    fn i09_a_window_that_does_not_answer_is_told_once_and_its_neighbour_never() {
        let mut watchdog = Watchdog::default();
        let mut told = Vec::new();
        for number in 1..=20 {
            let round = watchdog.ask(both(Answer::Report), true);
            assert_eq!((round.ping, round.hangs), (number, false));
            told.extend(round.spinning.into_iter().map(|(window, _)| (number, window)));
            assert_eq!(answers(&mut watchdog, TWO), None);
        }
        // Asked at 0 s, 2 s, … 8 s and never answered; told at 10 s.
        assert_eq!(told, [(6, ONE)]);
        assert_eq!(answers(&mut watchdog, ONE), Some(ONE), "it answers again");
        assert_eq!(answers(&mut watchdog, ONE), None);
    }

    #[test]
    fn i09_a_page_that_was_loaded_anew_has_as_long_again() {
        let mut watchdog = Watchdog::default();
        let rounds = (0..18).map(|_| watchdog.ask(both(Answer::Reload), true).spinning.len());
        assert_eq!(rounds.collect::<Vec<_>>(), [0, 0, 0, 0, 0, 2].repeat(3));
    }

    #[test]
    fn i09_a_host_hangs_that_says_nothing_at_all() {
        let mut watchdog = Watchdog::default();
        for _ in 0..HANGS_AFTER {
            assert!(!watchdog.ask(std::iter::empty(), true).hangs);
        }
        assert!(watchdog.ask(std::iter::empty(), true).hangs);
        watchdog.hear(&FromHost::Pong { number: 1 });
        assert!(!watchdog.ask(std::iter::empty(), true).hangs);
    }

    #[test]
    fn nobody_is_blamed_while_the_broker_does_not_read() {
        let mut watchdog = Watchdog::default();
        for _ in 0..100 {
            let round = watchdog.ask(both(Answer::Kill), false);
            assert!(!round.hangs && round.spinning.is_empty());
        }
    }

    #[test]
    fn a_window_that_was_closed_is_forgotten() {
        let mut watchdog = Watchdog::default();
        for _ in 0..20 {
            watchdog.ask(both(Answer::Report), true);
        }
        assert_eq!(watchdog.ask(std::iter::empty(), true).spinning, []);
        assert_eq!(answers(&mut watchdog, ONE), None);
    }
}

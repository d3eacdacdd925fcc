//! How windows stood when the app ran last: size, place and whether they filled the screen, of those
//! whose manifest says `remember = true`. It is kept in a settings file of its own, which no command
//! reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sidegate_capabilities::WindowLabel;

use crate::clock::Moment;
use crate::settings::Settings;
use crate::wire::{Placing, Stance};

/// The one key of the file.
const KEY: &str = "windows";

/// A window that is moved by hand stands otherwise sixty times a second; the disk hears of it no
/// more often than this, and once more when the window closes. That is little enough to be written in
/// line, by the thread that decides.
const EVERY: Duration = Duration::from_secs(1);

/// What is remembered of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    x: i32,
    y: i32,
    /// Logical pixels, of the window as it is when it does not fill the screen.
    pub(crate) width: u32,
    /// Logical pixels.
    pub(crate) height: u32,
    fullscreen: bool,
}

impl Remembered {
    /// Where the window goes.
    pub(crate) fn placing(&self) -> Placing {
        Placing { x: self.x, y: self.y, fullscreen: self.fullscreen }
    }
}

/// The memory; without a file it forgets.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    store: Option<Settings>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    windows: BTreeMap<String, Remembered>,
    /// Those that asked to be remembered.
    wanted: BTreeSet<WindowLabel>,
    written: Option<Moment>,
}

impl Memory {
    /// The memory in `store`. What is there and cannot be read is forgotten, one window at a time.
    pub(crate) fn in_store(store: Settings) -> Self {
        let stored = store.get(KEY).unwrap_or_default();
        let stored = stored.as_object().into_iter().flatten();
        let read = |(label, value): (&String, &Value)| {
            Some((label.clone(), serde_json::from_value(value.clone()).ok()?))
        };
        let windows = stored.filter_map(read).collect();
        let known = Known { windows, ..Known::default() };
        Self { store: Some(store), known: Mutex::new(known) }
    }

    /// What is known of a window, which wants to be remembered from now on.
    pub(crate) fn recall(&self, label: &WindowLabel) -> Option<Remembered> {
        let mut known = self.lock();
        known.wanted.insert(label.clone());
        known.windows.get(label.as_str()).copied()
    }

    /// Notes how a window stands; writes it down where that was not done lately.
    pub(crate) fn note(&self, label: &WindowLabel, stance: &Stance) {
        self.note_at(label, stance, Moment::now());
    }

    /// Notes how a window stands, and writes it down: it closes.
    pub(crate) fn keep(&self, label: &WindowLabel, stance: &Stance) {
        if self.take_in(label, stance) {
            self.write(Moment::now());
        }
    }

    fn note_at(&self, label: &WindowLabel, stance: &Stance, now: Moment) {
        let is_news = self.take_in(label, stance);
        let lately = |written: Moment| now.since(written) < EVERY;
        if is_news && !self.lock().written.is_some_and(lately) {
            self.write(now);
        }
    }

    /// Whether the window is one to be remembered.
    fn take_in(&self, label: &WindowLabel, stance: &Stance) -> bool {
        let mut known = self.lock();
        if self.store.is_none() || !known.wanted.contains(label) {
            return false;
        }
        let before = known.windows.get(label.as_str()).copied();
        let Stance { x, y, width, height, fullscreen, .. } = *stance;
        let now = match before {
            // Its own size and place are what it goes back to.
            Some(before) if fullscreen => Remembered { fullscreen, ..before },
            _ => Remembered { x, y, width, height, fullscreen },
        };
        known.windows.insert(label.to_string(), now);
        true
    }

    /// What cannot be written is not remembered, which is no reason to end an app.
    fn write(&self, now: Moment) {
        let windows = {
            let mut known = self.lock();
            known.written = Some(now);
            json!(known.windows)
        };
        if let Some(Err(error)) = self.store.as_ref().map(|store| store.set(KEY, windows)) {
            tracing::warn!(%error, "how the windows stand was not written down");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stance(x: i32, width: u32, fullscreen: bool) -> Stance {
        let (visible, focused, always_on_top) = (true, true, false);
        Stance { x, y: 20, width, height: 480, fullscreen, visible, focused, always_on_top }
    }

    #[test]
    fn what_a_window_wants_remembered_is_there_in_the_next_run() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("windows.json");
        let [editor, preview] = ["editor", "preview"].map(|it| WindowLabel::parse(it).unwrap());
        let memory = Memory::in_store(Settings::open(&file).unwrap());
        assert_eq!(memory.recall(&editor), None);
        memory.keep(&editor, &stance(10, 640, false));
        memory.keep(&preview, &stance(10, 640, false));
        memory.keep(&editor, &stance(0, 1280, true));
        let memory = Memory::in_store(Settings::open(&file).unwrap());
        let remembered = memory.recall(&editor).unwrap();
        assert_eq!((remembered.x, remembered.width, remembered.fullscreen), (10, 640, true));
        assert_eq!(memory.recall(&preview), None, "it did not ask");
    }

    #[test]
    fn the_disk_hears_of_it_once_a_second() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("windows.json");
        let editor = WindowLabel::parse("editor").unwrap();
        let memory = Memory::in_store(Settings::open(&file).unwrap());
        memory.recall(&editor);
        let written =
            || Memory::in_store(Settings::open(&file).unwrap()).recall(&editor).unwrap().x;
        let second = 1_000_000_000;
        for (x, nanos, expected) in [(1, second, 1), (2, second + 1, 1), (3, 2 * second + 1, 3)] {
            memory.note_at(&editor, &stance(x, 640, false), Moment::from_nanos(nanos));
            assert_eq!(written(), expected, "{nanos}");
        }
    }
}

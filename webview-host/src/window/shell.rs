//! The frame of a window, as the window manager has it: what the broker asks is done to it, and how
//! it stands is told.

use sidegate::wire::{OpenWindow, Placing, Stance, WindowChange};
use tao::dpi::{LogicalPosition, LogicalSize};
use tao::event_loop::EventLoopWindowTarget;
use tao::window::{Fullscreen, Window, WindowBuilder};

use crate::host::Wake;

/// Makes the frame, where it stood before if it did, and on a screen in any case.
pub(super) fn build(
    open: &OpenWindow,
    target: &EventLoopWindowTarget<Wake>,
) -> Result<Window, tao::error::OsError> {
    let mut wanted = Area { x: 0, y: 0, width: open.width, height: open.height };
    let mut builder = WindowBuilder::new().with_title(&open.title);
    if let Some(Placing { x, y, fullscreen }) = open.placing {
        wanted = within(Area { x, y, ..wanted }, &screens(target));
        builder = builder.with_position(LogicalPosition::new(wanted.x, wanted.y));
        if fullscreen {
            builder = builder.with_fullscreen(Some(Fullscreen::Borderless(None)));
        }
    }
    builder.with_inner_size(LogicalSize::new(wanted.width, wanted.height)).build(target)
}

/// Does one thing to it. [`WindowChange::Close`] is the host's.
pub(super) fn apply(shell: &Window, change: &WindowChange) {
    match *change {
        WindowChange::Title(ref title) => shell.set_title(title),
        WindowChange::Size { width, height } => {
            shell.set_inner_size(LogicalSize::new(width, height));
        }
        WindowChange::Position { x, y } => shell.set_outer_position(LogicalPosition::new(x, y)),
        WindowChange::Fullscreen(fullscreen) => {
            shell.set_fullscreen(fullscreen.then_some(Fullscreen::Borderless(None)));
        }
        WindowChange::AlwaysOnTop(above) => shell.set_always_on_top(above),
        WindowChange::Visible(visible) => shell.set_visible(visible),
        WindowChange::Focus => shell.set_focus(),
        WindowChange::Close => {}
    }
}

/// How it stands.
pub(super) fn stance(shell: &Window) -> Stance {
    let scale = shell.scale_factor();
    let corner = shell.outer_position().map(|at| at.to_logical::<i32>(scale)).unwrap_or_default();
    let size = shell.inner_size().to_logical::<u32>(scale);
    Stance {
        x: corner.x,
        y: corner.y,
        width: size.width,
        height: size.height,
        fullscreen: shell.fullscreen().is_some(),
        visible: shell.is_visible(),
        focused: shell.is_focused(),
        always_on_top: shell.is_always_on_top(),
    }
}

/// A rectangle, in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    x: i32,
    y: i32,
    width: u32,
    height: u32,
}

impl Area {
    fn holds(&self, x: i32, y: i32) -> bool {
        let along = |at: i32, from: i32, size: u32| at >= from && at.abs_diff(from) < size;
        along(x, self.x, self.width) && along(y, self.y, self.height)
    }
}

fn screens(target: &EventLoopWindowTarget<Wake>) -> Vec<Area> {
    let area = |monitor: tao::monitor::MonitorHandle| {
        let scale = monitor.scale_factor();
        let corner = monitor.position().to_logical::<i32>(scale);
        let size = monitor.size().to_logical::<u32>(scale);
        Area { x: corner.x, y: corner.y, width: size.width, height: size.height }
    };
    target.available_monitors().map(area).collect()
}

/// The same window on a screen that is there: the one that its corner is on, or the first. It is made
/// smaller where it does not fit.
fn within(window: Area, screens: &[Area]) -> Area {
    let mine = screens.iter().find(|screen| screen.holds(window.x, window.y));
    let Some(screen) = mine.or_else(|| screens.first()) else {
        return window;
    };
    let (width, height) = (window.width.min(screen.width), window.height.min(screen.height));
    let along = |at: i32, from: i32, room: u32| {
        let last = from.saturating_add(i32::try_from(room).unwrap_or(i32::MAX));
        at.clamp(from, last.max(from))
    };
    Area {
        x: along(window.x, screen.x, screen.width.saturating_sub(width)),
        y: along(window.y, screen.y, screen.height.saturating_sub(height)),
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_window_is_on_a_screen_that_is_there() {
        let area = |(x, y, width, height)| Area { x, y, width, height };
        let (left, right) = ((0, 0, 1280, 900), (1280, 0, 1920, 1080));
        let both = &[left, right].map(area)[..];
        let one = &[left].map(area)[..];
        for (screens, window, expected) in [
            (both, (10, 20, 640, 480), (10, 20, 640, 480)),
            (both, (1300, 20, 640, 480), (1300, 20, 640, 480)),
            (one, (1300, 20, 640, 480), (640, 20, 640, 480)),
            (one, (1200, 850, 640, 480), (640, 420, 640, 480)),
            (one, (-5000, -5000, 640, 480), (0, 0, 640, 480)),
            (one, (i32::MAX, i32::MIN, 640, 480), (640, 0, 640, 480)),
            (one, (0, 0, 16_384, 16_384), (0, 0, 1280, 900)),
            (both, (1290, 5, 5000, 480), (1280, 5, 1920, 480)),
            (&[], (7, 8, 640, 480), (7, 8, 640, 480)),
        ] {
            assert_eq!(within(area(window), screens), area(expected), "{window:?}");
        }
    }
}

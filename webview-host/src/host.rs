//! The main loop: what the broker asks is done, what happens in the windows is told.
//!
//! It starts once the sandbox stands, says so in the first frame, and ends when the broker
//! says so or is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sidegate::wire::{
    FrameError, FromHost, HostReport, OpenWindow, SandboxLevel, ToHost, WindowChange, WindowId,
    decode,
};
use tao::event::{Event, WindowEvent};
use tao::event_loop::{ControlFlow, EventLoopBuilder, EventLoopWindowTarget};

use crate::assets::Assets;
use crate::link::{self, Outbox};
use crate::window::{Setting, Window};

/// Why the host could not come up.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Standard input is not a socket that a broker could hold, or no thread was to be had.
    #[error("cannot set up the line to the broker: {0}")]
    Link(#[from] std::io::Error),
    /// GTK finds no display.
    #[error("cannot open the display: {0}")]
    Display(String),
}

/// What wakes the main loop.
#[derive(Debug)]
pub(crate) enum Wake {
    /// The body of a frame from the broker.
    Frame(Vec<u8>),
    /// A page closed its own window.
    Close(WindowId),
    /// It is time to look how a window stands.
    Look(WindowId),
    /// An item of a window's menu was chosen.
    Chosen(WindowId, u32),
}

/// How long after a change it is looked how a window stands: a window manager takes its time, and a
/// window that is moved by hand does not stand anywhere yet.
const SETTLED: Duration = Duration::from_millis(100);

/// Shows windows until the broker says otherwise.
///
/// # Errors
/// It could not start. Once it has started it does not return.
pub fn run(report: HostReport, debug: bool) -> Result<Infallible, HostError> {
    let level = report.level;
    let socket = link::take_standard_input()?;
    let outbox = Outbox::start(socket.try_clone()?)?;
    outbox.send(&FromHost::Ready(report));
    gtk::init().map_err(|error| HostError::Display(error.to_string()))?;
    let events = EventLoopBuilder::<Wake>::with_user_event().build();
    let proxy = events.create_proxy();
    link::listen(socket, {
        let proxy = proxy.clone();
        move |body| {
            if proxy.send_event(Wake::Frame(body)).is_err() {
                link::end("the main loop is gone");
            }
        }
    })?;
    let assets = Arc::new(Mutex::new(Assets::new(outbox.clone())));
    let setting = Setting { outbox, assets, proxy, nested: level == SandboxLevel::A, debug };
    let mut host = Host { setting, windows: BTreeMap::new(), looking: BTreeSet::new() };
    events.run(move |event, target, flow| host.on(event, target, flow));
}

struct Host {
    setting: Setting,
    windows: BTreeMap<WindowId, Window>,
    /// Windows that will be looked at.
    looking: BTreeSet<WindowId>,
}

impl Host {
    fn on(
        &mut self,
        event: Event<'_, Wake>,
        target: &EventLoopWindowTarget<Wake>,
        flow: &mut ControlFlow,
    ) {
        if *flow != ControlFlow::Exit {
            *flow = ControlFlow::Wait;
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the other events of a window concern the toolkit alone"
        )]
        match event {
            Event::UserEvent(Wake::Frame(body)) => match decode(&body) {
                Ok(message) => self.obey(message, target, flow),
                Err(error) => broken(error),
            },
            Event::UserEvent(Wake::Close(window)) => self.closed(window),
            Event::UserEvent(Wake::Look(window)) => self.look(window),
            Event::UserEvent(Wake::Chosen(window, number)) => {
                self.setting.outbox.send(&FromHost::Chosen { window, number });
            }
            Event::WindowEvent {
                window_id,
                event: WindowEvent::Resized(_) | WindowEvent::Moved(_) | WindowEvent::Focused(_),
                ..
            } => {
                if let Some(window) = self.of_shell(window_id) {
                    self.look_soon(window);
                }
            }
            Event::WindowEvent { window_id, event: WindowEvent::CloseRequested, .. } => {
                if let Some(window) = self.of_shell(window_id) {
                    self.closed(window);
                }
            }
            _ => {}
        }
    }

    fn obey(
        &mut self,
        message: ToHost<'_>,
        target: &EventLoopWindowTarget<Wake>,
        flow: &mut ControlFlow,
    ) {
        match message {
            ToHost::Open(open) => self.open(&open, target),
            ToHost::Token { window, document, token } => {
                if let Some(window) = self.windows.get(&window) {
                    window.deliver_token(document, &token);
                }
            }
            ToHost::Reply { window, document, json } => {
                if let Some(window) = self.windows.get(&window) {
                    window.deliver_reply(document, json);
                }
            }
            ToHost::Bytes { window, document, json, bytes } => {
                if let Some(window) = self.windows.get(&window) {
                    window.deliver_bytes(document, json, bytes);
                }
            }
            ToHost::Asset(reply) => {
                let assets = &self.setting.assets;
                assets.lock().unwrap_or_else(PoisonError::into_inner).answer(&reply);
            }
            ToHost::Answer { window, number, allowed } => {
                if let Some(window) = self.windows.get(&window) {
                    window.answer(number, allowed);
                }
            }
            ToHost::Asking { window, number } => {
                if let Some(window) = self.windows.get(&window) {
                    window.waits_for_the_person(number);
                }
            }
            ToHost::Change { window, change: WindowChange::Close } => self.closed(window),
            ToHost::Change { window: id, change } => {
                if let Some(window) = self.windows.get(&id) {
                    window.change(&change);
                    self.look_soon(id);
                }
            }
            ToHost::Load { window: id, url } => {
                if let Some(window) = self.windows.get(&id)
                    && !window.load(&url)
                {
                    self.setting.dropped(id, &format!("a load of {url}"));
                }
            }
            ToHost::Ping { number } => {
                self.setting.outbox.send(&FromHost::Pong { number });
                self.windows.values().for_each(Window::ask_whether_it_answers);
            }
            ToHost::Restart { window } => {
                if let Some(window) = self.windows.get(&window) {
                    window.restart();
                }
            }
            ToHost::Quit => {
                self.windows.clear();
                *flow = ControlFlow::Exit;
            }
        }
    }

    fn open(&mut self, open: &OpenWindow, target: &EventLoopWindowTarget<Wake>) {
        let window = open.window;
        if self.windows.contains_key(&window) {
            return self.setting.dropped(window, "a window of this number is open already");
        }
        match Window::open(&self.setting, open, target) {
            Ok(opened) => {
                self.windows.insert(window, opened);
                self.look_soon(window);
            }
            Err(error) => {
                self.setting.dropped(window, &format!("the window was not opened: {error}"));
                self.setting.outbox.send(&FromHost::Closed { window });
            }
        }
    }

    fn of_shell(&self, shell: tao::window::WindowId) -> Option<WindowId> {
        let found = self.windows.iter().find(|(_, window)| window.shell_id() == shell);
        found.map(|(id, _)| *id)
    }

    /// Looks how a window stands once it has come to rest; many changes are one look.
    fn look_soon(&mut self, window: WindowId) {
        if self.looking.insert(window) {
            let proxy = self.setting.proxy.clone();
            gtk::glib::timeout_add_local_once(SETTLED, move || {
                // Where the main loop is gone, so is the process.
                let _ = proxy.send_event(Wake::Look(window));
            });
        }
    }

    fn look(&mut self, id: WindowId) {
        self.looking.remove(&id);
        if let Some(stance) = self.windows.get(&id).and_then(Window::news) {
            self.setting.outbox.send(&FromHost::Stands { window: id, stance });
        }
    }

    fn closed(&mut self, window: WindowId) {
        if self.windows.remove(&window).is_some() {
            self.setting.outbox.send(&FromHost::Closed { window });
        }
    }
}

/// A frame that cannot be read leaves nothing to be believed on the line.
fn broken(error: FrameError) {
    link::end(&format!("the broker's frame cannot be read: {error}"))
}

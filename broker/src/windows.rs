//! The windows of the app as the core has them: which are open, in whatever host, how they stand,
//! and which may be opened beside them. Who may do what to which window is the policy's to say; it
//! has said it when something here is called.

mod event;
mod memory;
mod port;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sidegate_capabilities::{Origin, WindowLabel};
use tokio::sync::{broadcast, mpsc};

pub use event::{WindowEvent, WindowEvents};
pub(crate) use memory::Memory;
pub(crate) use port::WindowPort;

use crate::app::{Menus, Template, Window};
use crate::handler::HandlerError;
use crate::wire::{Stance, WindowId};

/// The most windows that an app has open, of the manifest and of templates. Each may have a
/// process of its own, of about 100 MB.
pub(crate) const MAX_OPEN: usize = 64;

/// Events that wait for a listener that is slow; then it is told how many it missed.
const EVENTS: usize = 256;

/// The table.
#[derive(Debug)]
pub(crate) struct Windows {
    state: Mutex<State>,
    templates: Vec<Template>,
    menus: Menus,
    memory: Memory,
    events: broadcast::Sender<WindowEvent>,
    wanted: mpsc::Sender<Window>,
    /// Whether somebody starts hosts for windows that are wanted.
    serving: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    open: BTreeMap<WindowId, Open>,
    /// Labels of windows that were made by templates, from their making until their host is gone.
    made: BTreeSet<WindowLabel>,
}

/// A window that a host was told to open.
#[derive(Debug)]
struct Open {
    label: WindowLabel,
    port: Arc<dyn WindowPort>,
    stance: Option<Stance>,
}

impl Windows {
    /// A table of these templates and menus; what comes out of the other end are windows to open.
    pub(crate) fn new(
        templates: Vec<Template>,
        menus: Menus,
        memory: Memory,
    ) -> (Self, mpsc::Receiver<Window>) {
        let (wanted, wishes) = mpsc::channel(MAX_OPEN);
        let (events, _) = broadcast::channel(EVENTS);
        let (state, serving) = (Mutex::default(), AtomicBool::new(false));
        (Self { state, templates, menus, memory, events, wanted, serving }, wishes)
    }

    /// What happens to windows from now on.
    pub(crate) fn events(&self) -> WindowEvents {
        WindowEvents::new(self.events.subscribe())
    }

    pub(crate) fn menus(&self) -> &Menus {
        &self.menus
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Whether windows can be made: somebody starts their hosts.
    pub(crate) fn serve(&self, serving: bool) {
        self.serving.store(serving, Ordering::Release);
    }

    /// Notes a window that a host was told to open.
    pub(crate) fn opened(&self, id: WindowId, label: &WindowLabel, port: &Arc<dyn WindowPort>) {
        let open = Open { label: label.clone(), port: Arc::clone(port), stance: None };
        self.lock().open.insert(id, open);
        self.tell(WindowEvent::Opened { window: label.clone() });
    }

    /// Notes that a window is gone.
    pub(crate) fn closed(&self, id: WindowId) {
        let gone = self.lock().open.remove(&id);
        if let Some(open) = gone {
            if let Some(stance) = &open.stance {
                self.memory.keep(&open.label, stance);
            }
            self.tell(WindowEvent::Closed { window: open.label });
        }
    }

    /// Notes how a window stands.
    pub(crate) fn stands(&self, id: WindowId, stance: Stance) {
        let label = {
            let mut state = self.lock();
            let Some(open) = state.open.get_mut(&id) else { return };
            if open.stance == Some(stance) {
                return;
            }
            open.stance = Some(stance);
            open.label.clone()
        };
        self.memory.note(&label, &stance);
        self.tell(WindowEvent::Changed { window: label, stance });
    }

    /// Tells of an item that was chosen and stands for an event.
    pub(crate) fn chosen(&self, window: &WindowLabel, item: &str) {
        self.tell(WindowEvent::Menu { window: window.clone(), item: item.to_owned() });
    }

    /// The port of the window called `label`, if it is open.
    pub(crate) fn port_of(&self, label: &str) -> Option<Arc<dyn WindowPort>> {
        let state = self.lock();
        let found = state.open.values().find(|open| open.label.as_str() == label);
        found.map(|open| Arc::clone(&open.port))
    }

    /// The open windows and how they stand, by label.
    pub(crate) fn list(&self) -> Vec<(WindowLabel, Option<Stance>)> {
        let state = self.lock();
        let mut list: Vec<_> =
            state.open.values().map(|open| (open.label.clone(), open.stance)).collect();
        list.sort_by(|one, other| one.0.cmp(&other.0));
        list
    }

    /// The template that an address opens in, and nothing that a page says chooses another: the one
    /// whose page it is, or the first that takes its origin.
    pub(crate) fn template_for(&self, url: &str) -> Option<&Template> {
        let bare = url.split(['?', '#']).next().unwrap_or_default();
        let origin = Origin::of_url(url).ok()?;
        let is_page = |template: &&Template| template.url() == bare;
        let takes = |template: &&Template| template.takes(&origin);
        self.templates.iter().find(is_page).or_else(|| self.templates.iter().find(takes))
    }

    /// Makes a window by the template `name`, at its own page or at `url`; its label.
    ///
    /// # Errors
    /// `not_found` where there is no such template, `too_many`, and `unavailable` where nobody
    /// starts hosts.
    pub(crate) fn make(&self, name: &str, url: Option<&str>) -> Result<WindowLabel, HandlerError> {
        let template = self.templates.iter().find(|template| template.name() == name);
        let template = template
            .ok_or_else(|| HandlerError::new("not_found", "there is no template of that name"))?;
        if !self.serving.load(Ordering::Acquire) {
            return Err(HandlerError::new("unavailable", "no windows are opened here"));
        }
        let mut state = self.lock();
        let too_many = || HandlerError::new("too_many", "as many windows as may be are open");
        let others = state.open.values().filter(|open| !state.made.contains(&open.label)).count();
        if others.saturating_add(state.made.len()) >= MAX_OPEN {
            return Err(too_many());
        }
        let mut labels = template.labels();
        let label = labels.find(|label| !state.made.contains(label)).ok_or_else(too_many)?;
        let window = template.window(label.clone(), url);
        self.wanted.try_send(window).map_err(|error| too_many().with_detail(error))?;
        state.made.insert(label.clone());
        Ok(label)
    }

    /// Lets go of the labels of windows whose host is gone for good.
    pub(crate) fn unmake(&self, labels: &[WindowLabel]) {
        let mut state = self.lock();
        labels.iter().for_each(|label| {
            state.made.remove(label);
        });
    }

    fn tell(&self, event: WindowEvent) {
        // An error says that nobody listens.
        let _unheard = self.events.send(event);
    }

    /// What it guards stays whole whatever panicked: each change is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

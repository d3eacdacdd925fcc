//! The desk of one host: takes its messages in the order in which they come, knows its windows
//! and their documents, and hands what pages say to the pipeline. It owns no socket and no
//! process; a message that an honest host cannot send is a [`Breach`], and ends the host.
//!
//! What pages say (`judging`), what is about windows as windows (`asked`, `answering`) and what a window
//! opens with (`opening`) have files of their own.

mod answering;
mod asked;
pub(super) mod judging;
mod opening;
mod tasks;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sidegate_capabilities::{Origin, WindowLabel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use asked::Ask;
use judging::Judging;
use tasks::Tasks;

use super::output::{Output, Place, Unread};
use crate::app::{Spinning, Window};
use crate::audit::{Event, WindowState};
use crate::clock::{Moment, Now};
use crate::core::Core;
use crate::pipeline::Consequence;
use crate::revocation;
use crate::session::Identity;
use crate::streams::Exit;
use crate::token::HostId;
use crate::windows::WindowPort;
use crate::wire::{AssetReply, AssetRequest, DocumentId, FromHost, ToHost, WindowId};

/// How many messages with a token that nobody minted a host may send before it is ended. An
/// honest bridge sends none, but for a call that crosses its own document's end.
pub(crate) const MAX_BAD_TOKENS: u32 = 16;

/// How many assets are read for a host at once, at up to 16 MiB each.
const ASSETS_AT_ONCE: usize = 4;

/// How many asset requests of a host may wait: a page of a few hundred files loads, and one
/// that asks without end is refused.
const MAX_ASSETS_WAITING: usize = 512;

/// What an honest host does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Breach {
    #[error("it spoke of window {0:?}, which is not one of its own")]
    ForeignWindow(WindowId),
    #[error("it showed a token that was minted for another host")]
    ForeignToken,
    #[error("it went on with a stream without the credit to do so")]
    Overdrawn,
    #[error("it showed {MAX_BAD_TOKENS} tokens that nobody minted")]
    BadTokens,
    #[error("it said that document {0:?} follows a later one")]
    DocumentOrder(DocumentId),
    #[error("it answered what it was not asked")]
    Unasked,
    #[error("it reported itself ready a second time")]
    ReadyTwice,
    #[error("it does not read what it is sent")]
    Unread,
    #[error("it asked for more than {MAX_ASSETS_WAITING} assets at once")]
    TooManyAssets,
}

impl From<Unread> for Breach {
    fn from(_: Unread) -> Self {
        Self::Unread
    }
}

/// One window of the host.
#[derive(Debug)]
struct Open {
    label: WindowLabel,
    port: Arc<dyn WindowPort>,
    /// The document that was committed last.
    document: Option<DocumentId>,
    /// Whether that document has its token: it gets one, once.
    admitted: bool,
    /// The address of the document that got its token last.
    address: Option<String>,
    spinning: Spinning,
}

/// The desk.
#[derive(Debug)]
pub(crate) struct Desk {
    core: Arc<Core>,
    host: HostId,
    output: Output,
    windows: HashMap<WindowId, Open>,
    closed: Vec<WindowLabel>,
    /// Where an earlier host's windows were.
    before: HashMap<WindowLabel, String>,
    bad_tokens: u32,
    assets: Arc<Semaphore>,
    assets_waiting: Arc<Semaphore>,
    tasks: Tasks,
}

impl Desk {
    pub(crate) fn new(core: Arc<Core>, host: HostId, output: Output) -> Self {
        Self {
            core,
            host,
            output,
            windows: HashMap::new(),
            closed: Vec::new(),
            before: HashMap::new(),
            bad_tokens: 0,
            assets: Arc::new(Semaphore::new(ASSETS_AT_ONCE)),
            assets_waiting: Arc::new(Semaphore::new(MAX_ASSETS_WAITING)),
            tasks: Tasks::here(),
        }
    }

    /// Opens a window.
    pub(crate) fn open(&mut self, window: &Window) -> Result<WindowId, Unread> {
        let id = WindowId(self.core.next_window.fetch_add(1, Ordering::Relaxed));
        let port: Arc<dyn WindowPort> = Arc::new(self.output.port(id));
        self.core.windows.opened(id, &window.label, &port);
        let (label, spinning) = (window.label.clone(), window.sandbox.spinning);
        let (document, admitted, address) = (None, false, None);
        let open = Open { label, port, document, admitted, address, spinning };
        self.windows.insert(id, open);
        let mut opening = opening::opening(&self.core, id, window);
        opening.url = self.first_address(window);
        self.output.send(&ToHost::Open(opening))?;
        self.note_window(&window.label, WindowState::Opened);
        Ok(id)
    }

    /// Where a window goes first: where it was before, if it may still be there.
    fn first_address(&self, window: &Window) -> String {
        let before = self.before.get(&window.label).filter(|address| {
            let own = Origin::of_url(&window.url).ok();
            Origin::of_url(address).is_ok_and(|origin| {
                let now = Now::read().wall;
                Some(&origin) == own.as_ref()
                    || self
                        .core
                        .pipeline
                        .force
                        .load()
                        .policies
                        .enforced
                        .principal(&window.label, &origin, now)
                        .is_somebody()
            })
        });
        before.unwrap_or(&window.url).clone()
    }

    /// Where its windows are, by their labels; what [`open_where_they_were`] takes.
    ///
    /// [`open_where_they_were`]: Self::open_where_they_were
    pub(super) fn addresses(&self) -> HashMap<WindowLabel, String> {
        let windows = self.windows.values();
        windows.filter_map(|open| Some((open.label.clone(), open.address.clone()?))).collect()
    }

    /// Has windows opened at the addresses of an earlier host's.
    pub(super) fn open_where_they_were(&mut self, before: HashMap<WindowLabel, String>) {
        self.before = before;
    }

    /// Its windows, and what becomes of one that spins.
    pub(super) fn watched(&self) -> impl Iterator<Item = (WindowId, Spinning)> {
        self.windows.iter().map(|(window, open)| (*window, open.spinning))
    }

    /// Says something to the host.
    pub(super) fn tell(&self, message: &ToHost<'_>) -> Result<(), Unread> {
        self.output.send(message)
    }

    /// Whether every window was closed.
    pub(crate) fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Whether the person closed the window called `label`.
    pub(crate) fn was_closed(&self, label: &WindowLabel) -> bool {
        self.closed.contains(label)
    }

    /// Where what it answers goes.
    pub(super) fn output(&self) -> &Output {
        &self.output
    }

    /// Takes one message. `held` stands for the bytes of it, and is let go when they are; `place` is for
    /// what it may be answered at once.
    pub(crate) fn take(
        &mut self,
        message: FromHost<'_>,
        held: OwnedSemaphorePermit,
        place: Place,
    ) -> Result<(), Breach> {
        match message {
            FromHost::Ready(_) => Err(Breach::ReadyTwice),
            FromHost::Committed { window, document } => self.committed(window, document),
            FromHost::Document { window, document, url } => self.document(window, document, &url),
            FromHost::Message { window, document, bytes } => {
                self.message((window, document), bytes, held, place)
            }
            FromHost::Asset(request) => self.asset(request, held),
            FromHost::Closed { window } => self.closed(window),
            FromHost::Crashed { window } => self.crashed(window),
            FromHost::Dropped { window, why } => self.dropped(window, &why),
            FromHost::Ask { window, document, number, power, url } => {
                let ask = Ask { document, number, power, url: url.as_deref() };
                self.ask(window, ask)
            }
            FromHost::Stands { window, stance } => self.stands(window, stance),
            FromHost::Chosen { window, number } => self.chosen(window, number),
            FromHost::Pong { .. } => Ok(()),
            FromHost::Responsive { window } if self.windows.contains_key(&window) => Ok(()),
            FromHost::Responsive { window } => Err(Breach::ForeignWindow(window)),
        }
    }

    /// Takes a page's message that is long, as the frame in which it came: the same, on another thread.
    pub(crate) async fn take_long(
        &mut self,
        (window, document): (WindowId, DocumentId),
        frame: Vec<u8>,
        room: (OwnedSemaphorePermit, Place),
    ) -> Result<(), Breach> {
        let judging = self.judging(window)?;
        let judged = judging.judge_elsewhere((window, document), frame, room).await?;
        self.suffer(judged)
    }

    /// Mints new tokens for the documents that live on.
    pub(crate) fn renew(&self, now: Moment) -> Result<(), Unread> {
        for session in self.core.pipeline.sessions.of_host(self.host) {
            if let Some(token) = self.core.pipeline.sessions.renew(&session, now) {
                let identity = &session.identity;
                self.output.send(&ToHost::Token {
                    window: identity.window,
                    document: identity.document,
                    token: token.text(),
                })?;
            }
        }
        Ok(())
    }

    /// Ends all that this host's windows were given.
    pub(crate) fn close(&mut self, why: &str) {
        self.revoke(|_| true, why);
        for (id, open) in std::mem::take(&mut self.windows) {
            self.core.windows.closed(id);
            self.note_window(&open.label, WindowState::Closed);
        }
    }

    fn committed(&mut self, window: WindowId, document: DocumentId) -> Result<(), Breach> {
        let open = self.windows.get_mut(&window).ok_or(Breach::ForeignWindow(window))?;
        if open.document.is_some_and(|last| document <= last) {
            return Err(Breach::DocumentOrder(document));
        }
        open.document = Some(document);
        open.admitted = false;
        let label = open.label.clone();
        self.revoke(|identity| identity.window == window, "another document took its place");
        self.note_window(&label, WindowState::Navigated);
        Ok(())
    }

    /// A document's bridge has answered: it gets its token, once.
    fn document(
        &mut self,
        window: WindowId,
        document: DocumentId,
        url: &str,
    ) -> Result<(), Breach> {
        let open = self.windows.get_mut(&window).ok_or(Breach::ForeignWindow(window))?;
        if open.document != Some(document) || open.admitted {
            return Err(Breach::DocumentOrder(document));
        }
        open.admitted = true;
        open.address = Some(url.to_owned());
        let label = open.label.clone();
        let Ok(origin) = Origin::of_url(url) else {
            return self.dropped(window, "its document has no origin that a policy could name");
        };
        let core = &self.core;
        let now = Now::read();
        let force = core.pipeline.force.load();
        let standing = force.policies.standing(&label, &origin, now.wall);
        let identity = Identity {
            host: self.host,
            window,
            document,
            label: label.clone(),
            origin: origin.clone(),
            policy: Arc::clone(force.version()),
        };
        let opened = core.pipeline.sessions.open(identity.clone(), standing, now.moment);
        let Some((_, token)) = opened else {
            return self.dropped(window, "the table of sessions is broken");
        };
        revocation::note_minted(core, &identity);
        self.output.send(&ToHost::Token { window, document, token: token.text() })?;
        Ok(())
    }

    fn message(
        &mut self,
        (window, document): (WindowId, DocumentId),
        bytes: &[u8],
        held: OwnedSemaphorePermit,
        place: Place,
    ) -> Result<(), Breach> {
        let judged = self.judging(window)?.judge((window, document), bytes, (held, place))?;
        self.suffer(judged)
    }

    fn judging(&self, window: WindowId) -> Result<Judging<'_>, Breach> {
        let Self { core, output, .. } = self;
        let open = self.windows.get(&window).ok_or(Breach::ForeignWindow(window))?;
        Ok(Judging { core, host: self.host, output, tasks: self.tasks, port: &open.port })
    }

    fn suffer(&mut self, consequence: Consequence) -> Result<(), Breach> {
        match consequence {
            Consequence::None => Ok(()),
            Consequence::Kill => Err(Breach::ForeignToken),
            Consequence::Overdrawn => Err(Breach::Overdrawn),
            Consequence::BadToken => {
                self.bad_tokens = self.bad_tokens.saturating_add(1);
                if self.bad_tokens < MAX_BAD_TOKENS { Ok(()) } else { Err(Breach::BadTokens) }
            }
        }
    }

    fn asset(&self, request: AssetRequest, held: OwnedSemaphorePermit) -> Result<(), Breach> {
        if !self.windows.contains_key(&request.window) {
            return Err(Breach::ForeignWindow(request.window));
        }
        let waiting = Arc::clone(&self.assets_waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| Breach::TooManyAssets)?;
        let (core, output) = (Arc::clone(&self.core), self.output.clone());
        let turns = Arc::clone(&self.assets);
        tokio::spawn(async move {
            let _turn = turns.acquire().await;
            let number = request.request;
            let read = tokio::task::spawn_blocking(move || core.assets.serve(&request));
            let asset = read.await.unwrap_or_default();
            let message = ToHost::Asset(AssetReply {
                request: number,
                status: asset.status,
                headers: asset.headers,
                body: &asset.body,
            });
            let _gone = output.send_when_read(&message, Exit::Free).await;
            drop((waiting, held));
        });
        Ok(())
    }

    fn closed(&mut self, window: WindowId) -> Result<(), Breach> {
        let open = self.windows.remove(&window).ok_or(Breach::ForeignWindow(window))?;
        self.revoke(|identity| identity.window == window, "its window was closed");
        self.core.windows.closed(window);
        self.note_window(&open.label, WindowState::Closed);
        self.closed.push(open.label);
        Ok(())
    }

    fn crashed(&mut self, window: WindowId) -> Result<(), Breach> {
        let open = self.windows.get(&window).ok_or(Breach::ForeignWindow(window))?;
        let label = open.label.clone();
        self.revoke(|identity| identity.window == window, "its web process crashed");
        self.note_window(&label, WindowState::Lost);
        Ok(())
    }

    fn dropped(&self, window: WindowId, why: &str) -> Result<(), Breach> {
        let open = self.windows.get(&window).ok_or(Breach::ForeignWindow(window))?;
        let label = open.label.as_str();
        let event = Event::Dropped { host: self.host.0, window: Some(label), why };
        self.core.note_often((label, "", "dropped"), &event);
        Ok(())
    }

    fn revoke(&self, which: impl Fn(&Identity) -> bool, why: &str) {
        let host = self.host;
        let sessions = &self.core.pipeline.sessions;
        for taken in sessions.forget(|identity| identity.host == host && which(identity)) {
            revocation::note_forgotten(&self.core, &taken, why);
        }
    }

    /// Writes down what became of a window; its label, where it is one of this host's.
    pub(super) fn note_state(&self, window: WindowId, state: WindowState) -> Option<WindowLabel> {
        let label = self.windows.get(&window)?.label.clone();
        self.note_window(&label, state);
        Some(label)
    }

    fn note_window(&self, label: &WindowLabel, state: WindowState) {
        let (window, host) = (label.as_str(), self.host.0);
        let what = match state {
            WindowState::Opened => "opened",
            WindowState::Navigated => "navigated",
            WindowState::Closed => "closed",
            WindowState::Lost => "lost",
            WindowState::Unresponsive => "unresponsive",
            WindowState::Responsive => "responsive",
        };
        self.core.note_often((window, "", what), &Event::Window { window, host, state });
    }
}

//! One window: a frame of the toolkit, a WebView in it, and the document that is current.
//!
//! What the WebView may do besides showing pages is asked for in [`powers`] and refused in
//! [`refusals`]; which message is believed in [`crate::document`].

mod asks;
mod menu;
mod page;
mod powers;
mod refusals;
mod shell;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use sidegate::wire::{DocumentId, FromHost, OpenWindow, Stance, WindowChange, WindowId};
use tao::event_loop::{EventLoopProxy, EventLoopWindowTarget};
use tao::platform::unix::WindowExtUnix;
use webkit2gtk::{WebContextExt, WebViewExt};
use wry::{WebViewBuilder, WebViewBuilderExtUnix, WebViewExtUnix};

use crate::assets::Assets;
use crate::bridge;
use crate::document::Nonce;
use crate::host::Wake;
use crate::link::Outbox;
use crate::origin::Origin;
use crate::origins::Origins;

use page::Page;
use powers::Slot;

/// The scheme of the app's own pages, answered by the broker.
const SCHEME: &str = "app";

/// The longest reason passed on, in characters: pages write parts of it.
const MAX_REASON: usize = 300;

/// Why a window was not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("`{0}` is no origin")]
    Origin(String),
    #[error("its address `{0}` is of none of its origins")]
    Address(String),
    #[error("no frame: {0}")]
    Frame(#[from] tao::error::OsError),
    #[error("no WebView: {0}")]
    View(#[from] wry::Error),
    #[error("the frame has nowhere to put a WebView")]
    NoRoom,
    #[error("WebKit's own sandbox is not on")]
    NotNested,
    #[error("WebKit refuses the bridge")]
    NoBridge,
    #[error("no randomness: {0}")]
    NoRandomness(#[from] rustix::io::Errno),
}

/// What all windows of a host share.
pub(crate) struct Setting {
    pub(crate) outbox: Outbox,
    pub(crate) assets: Arc<Mutex<Assets>>,
    pub(crate) proxy: EventLoopProxy<Wake>,
    /// Whether WebKit's own sandbox has to be on.
    pub(crate) nested: bool,
    pub(crate) debug: bool,
}

impl Setting {
    /// Tells the broker of something that was not passed on or not done.
    pub(crate) fn dropped(&self, window: WindowId, why: &str) {
        report_dropped(&self.outbox, window, why);
    }
}

/// Tells the broker of something dropped, on one line, if there is room to say so.
fn report_dropped(outbox: &Outbox, window: WindowId, why: &str) {
    let why: String = why.chars().flat_map(char::escape_debug).take(MAX_REASON).collect();
    let _ = outbox.offer(&FromHost::Dropped { window, why });
}

/// An open window.
pub(crate) struct Window {
    page: Rc<Page>,
    // The order is meant: the WebView goes before the frame that holds it.
    _view: wry::WebView,
    shell: tao::window::Window,
    /// What the broker was told last.
    told: Cell<Option<Stance>>,
}

impl Window {
    /// Opens a window and starts the load of its first document.
    pub(crate) fn open(
        setting: &Setting,
        open: &OpenWindow,
        target: &EventLoopWindowTarget<Wake>,
    ) -> Result<Self, OpenError> {
        let origins = origins(open)?;
        let shell = shell::build(open, target)?;
        let slot = Slot::default();
        let view = build_view(setting, open, Rc::clone(&slot), &shell)?;
        let inner = view.webview();
        if setting.nested && !inner.context().is_some_and(|c| c.is_sandbox_enabled()) {
            return Err(OpenError::NotNested);
        }
        let page = Rc::new(Page::new(open.window, origins, setting.outbox.clone(), inner.clone()));
        slot.replace(Rc::downgrade(&page));
        let manager = inner.user_content_manager().ok_or(OpenError::NoBridge)?;
        let listener = Rc::downgrade(&page);
        let heard = move |text: &str| {
            if let Some(page) = listener.upgrade() {
                page.hear(text);
            }
        };
        if !bridge::install(&manager, page.origins(), &Nonce::draw()?, heard) {
            return Err(OpenError::NoBridge);
        }
        page::watch(&page, setting.proxy.clone());
        powers::connect(&page, &inner, setting.debug && open.devtools);
        refusals::harden(&inner, open, setting.debug);
        refusals::refuse_downloads(&inner, open.window, &setting.outbox);
        page.load(&open.url);
        Ok(Self { page, _view: view, shell, told: Cell::new(None) })
    }

    pub(crate) fn shell_id(&self) -> tao::window::WindowId {
        self.shell.id()
    }

    /// Does one thing to the frame.
    pub(crate) fn change(&self, change: &WindowChange) {
        shell::apply(&self.shell, change);
    }

    /// How it stands, where that was not told before.
    pub(crate) fn news(&self) -> Option<Stance> {
        let now = shell::stance(&self.shell);
        (self.told.replace(Some(now)) != Some(now)).then_some(now)
    }

    /// Takes the broker's answer to a question.
    pub(crate) fn answer(&self, number: u64, allowed: bool) {
        self.page.answer(number, allowed);
    }

    /// The broker has the person asked a question of this window.
    pub(crate) fn waits_for_the_person(&self, number: u64) {
        self.page.waits_for_the_person(number);
    }

    /// Starts the load of another document; false where it is of none of the window's origins.
    /// Until it is committed the document before it goes on.
    pub(crate) fn load(&self, url: &str) -> bool {
        let own = Origin::of(url).is_some_and(|origin| self.page.origins().contain(&origin));
        if own {
            self.page.load(url);
        }
        own
    }

    /// Has the web process answer the broker, if it can.
    pub(crate) fn ask_whether_it_answers(&self) {
        self.page.ask_whether_it_answers();
    }

    /// Ends the web process; what becomes of the page then is what becomes of one that crashes.
    pub(crate) fn restart(&self) {
        self.page.end_web_process();
    }

    /// Hands a document its token, if it is still the current one.
    pub(crate) fn deliver_token(&self, document: DocumentId, token: &str) {
        self.page.with_nonce(document, |view, nonce| bridge::deliver_token(view, nonce, token));
    }

    /// Hands a document a reply with bytes, if it is still the current one.
    pub(crate) fn deliver_bytes(&self, document: DocumentId, json: &str, bytes: &[u8]) {
        self.page.with_nonce(document, |view, nonce| {
            bridge::deliver_bytes(view, nonce, json, bytes);
        });
    }

    /// Hands a document a reply, if it is still the current one.
    pub(crate) fn deliver_reply(&self, document: DocumentId, json: &str) {
        self.page.with_nonce(document, |view, nonce| bridge::deliver_reply(view, nonce, json));
    }
}

fn origins(open: &OpenWindow) -> Result<Origins, OpenError> {
    let origins = Origins::parse(&open.origins).map_err(OpenError::Origin)?;
    match Origin::of(&open.url) {
        Some(origin) if origins.contain(&origin) => Ok(origins),
        _ => Err(OpenError::Address(open.url.clone())),
    }
}

/// A WebView that keeps nothing on disk, asks the broker for every `app://` address, and is
/// refused everything else. It loads nothing yet.
fn build_view(
    setting: &Setting,
    open: &OpenWindow,
    page: Slot,
    shell: &tao::window::Window,
) -> Result<wry::WebView, OpenError> {
    let window = open.window;
    let assets = Arc::clone(&setting.assets);
    let builder = WebViewBuilder::new().with_incognito(true).with_asynchronous_custom_protocol(
        SCHEME.into(),
        move |_, request, answer| {
            assets.lock().unwrap_or_else(PoisonError::into_inner).ask(window, &request, answer);
        },
    );
    let builder = refusals::apply(builder, page);
    let room = shell.default_vbox().ok_or(OpenError::NoRoom)?;
    menu::put(&open.menus, room, window, &setting.proxy);
    Ok(builder.build_gtk(room)?)
}

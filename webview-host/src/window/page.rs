//! What goes on in a window's WebView: commits, messages, questions, a web process that dies.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use gtk::glib;
use sidegate::wire::{ASKED_WITHIN, Calls, DocumentId, FromHost, Power, WindowId};
use tao::event_loop::EventLoopProxy;
use webkit2gtk::{LoadEvent, WebInspectorExt, WebView, WebViewExt};

use crate::bridge;
use crate::document::{Documents, Heard, MAX_ADDRESS, Nonce, Standing};
use crate::host::Wake;
use crate::link::{self, Outbox};
use crate::origin::Origin;
use crate::origins::Origins;

use super::asks::{Asks, Question, Then};
use super::report_dropped;

/// Reports in full of what was dropped from one document; from then on every doubling.
const REPORTS_IN_FULL: u32 = 16;

/// A page that brings its web process down this often within [`CRASH_SPAN`] stays down.
const MAX_CRASHES: usize = 5;
/// See [`MAX_CRASHES`].
const CRASH_SPAN: Duration = Duration::from_secs(60);

/// How long a question waits for its document to show who it is. Then it is put without that, and
/// the broker, who does not know the document, refuses and records it.
const MEET_WITHIN: Duration = Duration::from_secs(2);

/// How long a question waits for its answer, unless the broker has the person asked
/// ([`ASKED_WITHIN`]). One that lives answers within a moment, or says that it does.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The state behind a WebView's signals.
pub(super) struct Page {
    window: WindowId,
    origins: Origins,
    outbox: Outbox,
    view: WebView,
    documents: RefCell<Documents>,
    dropped: Cell<u32>,
    crashes: RefCell<Vec<Instant>>,
    /// Whether the web process was asked and has yet to answer. It is not asked twice: what a
    /// page that spins leaves unread would pile up.
    asked: Cell<bool>,
    asks: Asks,
    inspected: Cell<bool>,
}

impl Page {
    pub(super) fn new(window: WindowId, origins: Origins, outbox: Outbox, view: WebView) -> Self {
        let documents = RefCell::new(Documents::default());
        let (dropped, crashes) = (Cell::new(0), RefCell::new(Vec::new()));
        let (asks, inspected, asked) = (Asks::default(), Cell::new(false), Cell::new(false));
        Self { window, origins, outbox, view, documents, dropped, crashes, asked, asks, inspected }
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Starts a load. Until it is committed the document before it goes on.
    pub(super) fn load(&self, url: &str) {
        self.documents.borrow_mut().ask(url);
        self.view.load_uri(url);
    }

    /// Calls `deliver` if `document` is current and has answered its challenge. What comes too
    /// late reaches nobody.
    pub(super) fn with_nonce(&self, document: DocumentId, deliver: impl FnOnce(&WebView, &Nonce)) {
        if let Some(nonce) = self.documents.borrow().nonce_of(document) {
            deliver(&self.view, nonce);
        }
    }

    /// A message arrived from the isolated world of some document of this WebView.
    pub(super) fn hear(&self, text: &str) {
        let window = self.window;
        match self.documents.borrow_mut().hear(text, &self.origins) {
            Heard::Met { document, url } => {
                self.outbox.send(&FromHost::Document { window, document, url });
                self.asks.unsent_of(document).into_iter().for_each(|number| self.put(number));
            }
            Heard::Message { document, body } if body.len() <= Calls::MAX_MESSAGE => {
                let message = FromHost::Message { window, document, bytes: body.as_bytes() };
                if !self.outbox.offer(&message) {
                    self.drop_it("a message: too much waits for the broker");
                }
            }
            Heard::Chunk { document, body } if body.len() <= Calls::MAX_MESSAGE => {
                let Some(chunk) = bridge::chunk(body) else {
                    return self.drop_it("a chunk without a head");
                };
                let message = FromHost::Message { window, document, bytes: &chunk };
                if !self.outbox.offer(&message) {
                    self.drop_it("a chunk: too much waits for the broker");
                }
            }
            Heard::Message { .. } | Heard::Chunk { .. } => {
                self.drop_it("a message over the size limit");
            }
            Heard::Refused(why) => self.drop_it(why),
        }
    }

    /// Has the web process answer the broker. A script that does not end keeps it from that, and
    /// the main loop here goes on. One that stands still since WebKit has it wait for the clipboard,
    /// and the person is asked about that, is there: it does not spin, and the host says so for it.
    pub(super) fn ask_whether_it_answers(self: &Rc<Self>) {
        if self.asks.waits_for_the_person(Power::ClipboardRead) {
            self.outbox.send(&FromHost::Responsive { window: self.window });
            return;
        }
        if self.asked.replace(true) {
            return;
        }
        let asker = Rc::downgrade(self);
        bridge::ask(&self.view, move || {
            if let Some(page) = asker.upgrade() {
                page.asked.set(false);
                page.outbox.send(&FromHost::Responsive { window: page.window });
            }
        });
    }

    pub(super) fn end_web_process(&self) {
        self.view.terminate_web_process();
    }

    /// Asks the broker for a power of the current document. `then` is called once: with the answer,
    /// or with a refusal where there is none.
    pub(super) fn ask(self: &Rc<Self>, power: Power, url: Option<String>, then: Then) {
        let Some((document, standing)) = self.documents.borrow().current(&self.origins) else {
            return then(false);
        };
        let Some(number) = self.asks.hold(document, power, url, then) else {
            return self.drop_it("a question: too many wait");
        };
        if standing == Standing::Awaited {
            let page = Rc::downgrade(self);
            glib::timeout_add_local_once(MEET_WITHIN, move || {
                if let Some(page) = page.upgrade() {
                    page.put(number);
                }
            });
        } else {
            self.put(number);
        }
        let page = Rc::downgrade(self);
        glib::timeout_add_local_once(ANSWER_WITHIN, move || {
            if let Some(page) = page.upgrade() {
                page.asks.give_up_unless_asked(number);
            }
        });
    }

    /// A question is with the person, and is held for as long as they may take.
    pub(super) fn waits_for_the_person(self: &Rc<Self>, number: u64) {
        if !self.asks.is_asked(number) {
            return;
        }
        let page = Rc::downgrade(self);
        glib::timeout_add_local_once(ASKED_WITHIN, move || {
            if let Some(page) = page.upgrade() {
                page.answer(number, false);
            }
        });
    }

    /// Takes an answer, the first of each question.
    pub(super) fn answer(&self, number: u64, allowed: bool) {
        self.asks.answer(number, allowed);
    }

    /// Whether the current document may be inspected.
    pub(super) fn is_inspected(&self) -> bool {
        self.inspected.get()
    }

    /// Lets the current document be inspected.
    pub(super) fn inspect(&self) {
        self.inspected.set(true);
    }

    /// Puts a question to the broker, once.
    fn put(&self, number: u64) {
        let Some(question) = self.asks.take_unsent(number) else { return };
        let Question { document, number, power, url } = question;
        // One that is too long to be an address of a policy's is none of them.
        let url = url.filter(|url| url.len() <= MAX_ADDRESS);
        let asked = FromHost::Ask { window: self.window, document, number, power, url };
        if !self.outbox.offer(&asked) {
            self.asks.answer(number, false);
        }
    }

    fn commit(&self) {
        let url = self.address();
        let Ok(nonce) = Nonce::draw() else { link::end("no randomness to be had") };
        let document = self.documents.borrow_mut().commit(&url, nonce.clone());
        self.dropped.set(0);
        self.outbox.send(&FromHost::Committed { window: self.window, document });
        self.asks.keep_only(Some(document));
        if self.inspected.take()
            && let Some(inspector) = self.view.inspector()
        {
            inspector.close();
        }
        if Origin::of(&url).is_some_and(|origin| self.origins.contain(&origin)) {
            bridge::challenge(&self.view, &nonce);
        }
    }

    /// The address that WebKit shows.
    fn address(&self) -> String {
        self.view.uri().map(String::from).unwrap_or_default()
    }

    fn crash(&self) {
        self.documents.borrow_mut().lose();
        self.asks.keep_only(None);
        self.inspected.set(false);
        self.outbox.send(&FromHost::Crashed { window: self.window });
        let mut crashes = self.crashes.borrow_mut();
        let now = Instant::now();
        crashes.retain(|then| now.duration_since(*then) < CRASH_SPAN);
        crashes.push(now);
        if crashes.len() < MAX_CRASHES {
            self.documents.borrow_mut().ask(&self.address());
            self.view.reload();
        } else {
            self.drop_it("the page: its web process dies again and again");
        }
    }

    pub(super) fn drop_it(&self, why: &str) {
        let count = self.dropped.get().saturating_add(1);
        self.dropped.set(count);
        if count <= REPORTS_IN_FULL {
            report_dropped(&self.outbox, self.window, why);
        } else if count.is_power_of_two() {
            let why = format!("{why} ({count} drops from this document)");
            report_dropped(&self.outbox, self.window, &why);
        }
    }
}

/// Connects the WebView's signals to its page.
pub(super) fn watch(page: &Rc<Page>, proxy: EventLoopProxy<Wake>) {
    let watcher = Rc::downgrade(page);
    page.view.connect_load_changed(move |_, event| {
        if let (LoadEvent::Committed, Some(page)) = (event, watcher.upgrade()) {
            page.commit();
        }
    });
    let watcher = Rc::downgrade(page);
    page.view.connect_web_process_terminated(move |_, _| {
        if let Some(page) = watcher.upgrade() {
            page.crash();
        }
    });
    let window = page.window;
    page.view.connect_close(move |_| {
        let _ = proxy.send_event(Wake::Close(window));
    });
}

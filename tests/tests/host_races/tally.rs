//! What was said, to which document it was counted, and where that was wrong.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use sidegate::wire::{DocumentId, WindowId};
use sidegate_tests::fake_broker::{Call, Said};

/// The numbers of a race.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) seed: u64,
    /// Messages that were counted to a document.
    pub(crate) messages: usize,
    /// Documents that said something.
    pub(crate) documents: usize,
    /// Replies sent after their document was gone.
    pub(crate) late: usize,
    /// Loads that the host was told to start.
    pub(crate) loads: usize,
    /// Hosts that ended: WebKit's library gives up where a web process dies as it starts.
    pub(crate) hosts: usize,
    /// Web processes that died.
    pub(crate) crashes: usize,
    /// Frames that ran and told so.
    pub(crate) frames: usize,
    /// Messages that the host threw away, by its reason.
    pub(crate) dropped: BTreeMap<String, usize>,
    /// All that must not be.
    pub(crate) faults: Vec<String>,
    addresses: HashMap<(WindowId, DocumentId), String>,
    names: HashMap<(WindowId, DocumentId), String>,
    owners: HashMap<String, (WindowId, DocumentId)>,
}

impl Tally {
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    pub(crate) fn count(&mut self, said: &Said) {
        match said {
            Said::Document(window, document, url) => {
                let known = self.addresses.insert((*window, *document), url.clone());
                self.expect(known.is_none(), || format!("{document:?} was met twice"));
            }
            Said::Call(call) => self.call(call),
            Said::Crashed(_) => self.crashes += 1,
            Said::Asset(asked) if asked.url.starts_with("app://localhost/ran?") => {
                self.frames += 1;
                self.expect(asked.url.ends_with("?undefined"), || "a frame sees a bridge".into());
            }
            Said::Dropped(_, why) => *self.dropped.entry(why.clone()).or_default() += 1,
            Said::Gone => self.hosts += 1,
            Said::Garbage(..) => self.faults.push(format!("{said:?}")),
            _ => {}
        }
    }

    /// A document says its name (drawn by its script), the window it was opened for and the
    /// address it was loaded from.
    fn call(&mut self, call: &Call) {
        self.messages += 1;
        let id = (call.window, call.document);
        let part = |at: usize| call.args[at].as_str().unwrap_or_default().to_owned();
        let (name, url) = (part(0), part(1));
        let fault = |what: &str| format!("{what}: {call:?}");
        self.expect(["said", "hold", "next"].contains(&&*call.command), || fault("not a page's"));
        self.expect(call.token == format!("t{}.{}", id.0.0, id.1.0), || fault("another's token"));
        self.expect(url.contains(&format!("?w={}&", id.0.0)), || fault("another window's"));
        let address = self.addresses.get(&id).cloned();
        self.expect(address.as_ref() == Some(&url), || {
            format!("{}, not {address:?}", fault("address"))
        });
        let first = self.names.entry(id).or_insert_with(|| name.clone()).clone();
        self.expect(first == name, || format!("{}, not {first}", fault("two documents in one")));
        self.documents = self.names.len();
        let owner = *self.owners.entry(name).or_insert(id);
        self.expect(owner == id, || format!("{}, not {owner:?}", fault("one document as two")));
    }

    fn expect(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(fault());
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed, messages, documents, late, loads, hosts, crashes, frames, dropped, ..
        } = self;
        write!(
            f,
            "seed {seed}: {messages} messages of {documents} documents, {late} late replies, \
             {loads} loads by the host, {crashes} crashes, {hosts} hosts lost, {frames} frames; thrown away: \
             {dropped:?}; {} faults, the first of them {:#?}",
            self.faults.len(),
            self.faults.iter().take(5).collect::<Vec<_>>(),
        )
    }
}

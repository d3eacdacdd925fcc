//! Which document of a window is current, and how it proves that it is. No WebKit here: a
//! state, and what each event makes of it.
//!
//! WebKit says *that* a load was committed, not which document a message came from. So each
//! commit draws a fresh nonce, the host puts it to the bridge of whatever document is there,
//! and the bridge answers with the nonce and its own address. One answer is taken, from the
//! origin that was committed. WebKit's word for that is the address it shows, which is the one
//! that the host asked for last where that load has not begun: then another document may have
//! been committed meanwhile, and the bridge's word alone says which. From then on every message carries the nonce: what carries
//! another one, or none, speaks for a document that is gone.

use std::fmt;

use sidegate::wire::DocumentId;

use crate::origin::Origin;
use crate::origins::Origins;

/// The longest address that is told whole, in bytes.
pub(crate) const MAX_ADDRESS: usize = 8 << 10;

/// 128 bits from the kernel, in hexadecimal: a challenge that no page can guess.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// Characters of a nonce.
    pub(crate) const LENGTH: usize = 32;

    /// Draws one.
    ///
    /// # Errors
    /// The kernel has no randomness to give.
    pub(crate) fn draw() -> Result<Self, rustix::io::Errno> {
        let mut bytes = [0; Self::LENGTH / 2];
        let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
        if filled != bytes.len() {
            return Err(rustix::io::Errno::IO);
        }
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce([redacted])")
    }
}

/// What a window's handler may do with a message.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Heard<'a> {
    /// The bridge of the current document answered the challenge.
    Met { document: DocumentId, url: String },
    /// A message of the current document, its nonce taken off.
    Message { document: DocumentId, body: &'a str },
    /// Not to be passed on, and why.
    Refused(&'static str),
}

/// How far a document has come in showing who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its bridge has answered.
    Met,
    /// Its bridge will answer.
    Awaited,
    /// It is of no origin that gets a bridge.
    Foreign,
}

/// The documents of one window.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    last: u64,
    current: Option<Current>,
    /// The address that the host asked for last.
    asked: Option<String>,
}

#[derive(Debug)]
struct Current {
    nonce: Nonce,
    committed: Committed,
    met: bool,
}

/// What WebKit says of the origin of a document.
#[derive(Debug)]
enum Committed {
    /// It is this one, or there is none.
    Known(Option<Origin>),
    /// Nothing: a load that the host asked for hides it.
    Hidden,
}

impl Documents {
    /// The host asks for a load: until it has begun, WebKit shows its address for any other.
    pub(crate) fn ask(&mut self, url: &str) {
        self.asked = Some(url.to_owned());
    }

    /// A load was committed, under the address that WebKit shows: the document before it is gone.
    pub(crate) fn commit(&mut self, shown: &str, nonce: Nonce) -> DocumentId {
        self.last = self.last.saturating_add(1);
        let committed = if self.asked.as_deref() == Some(shown) {
            Committed::Hidden
        } else {
            self.asked = None;
            Committed::Known(Origin::of(shown))
        };
        self.current = Some(Current { nonce, committed, met: false });
        DocumentId(self.last)
    }

    /// The document that was committed last, and how far it has come.
    pub(crate) fn current(&self, bridged: &Origins) -> Option<(DocumentId, Standing)> {
        let current = self.current.as_ref()?;
        let never = match &current.committed {
            Committed::Known(origin) => !origin.as_ref().is_some_and(|it| bridged.contain(it)),
            Committed::Hidden => false,
        };
        let standing = match (current.met, never) {
            (true, _) => Standing::Met,
            (false, true) => Standing::Foreign,
            (false, false) => Standing::Awaited,
        };
        Some((DocumentId(self.last), standing))
    }

    /// The web process died: nothing is current until the next commit.
    pub(crate) fn lose(&mut self) {
        self.current = None;
    }

    /// A message arrived at the handler in the isolated world: `h<nonce> <address>` is the
    /// answer to a challenge, `m<nonce><body>` a message.
    pub(crate) fn hear<'a>(&mut self, text: &'a str, bridged: &Origins) -> Heard<'a> {
        let document = DocumentId(self.last);
        let Some(current) = &mut self.current else {
            return Heard::Refused("a message without a document");
        };
        let Some((kind, rest)) = text.split_at_checked(1) else {
            return Heard::Refused("an empty message");
        };
        let Some((nonce, body)) = rest.split_at_checked(Nonce::LENGTH) else {
            return Heard::Refused("a message without a nonce");
        };
        if nonce != current.nonce.as_str() {
            return Heard::Refused("a message of a document that is gone");
        }
        match (kind, current.met) {
            ("h", false) => current.meet(document, body, bridged),
            ("h", true) => Heard::Refused("a second answer to one challenge"),
            ("m", true) => Heard::Message { document, body },
            ("m", false) => Heard::Refused("a message before the answer to the challenge"),
            _ => Heard::Refused("a message of no known kind"),
        }
    }

    /// The nonce of a document, if it is the current one and has proved it.
    pub(crate) fn nonce_of(&self, document: DocumentId) -> Option<&Nonce> {
        let current = self.current.as_ref().filter(|current| current.met)?;
        (document.0 == self.last).then_some(&current.nonce)
    }
}

impl Current {
    fn meet(&mut self, document: DocumentId, answer: &str, bridged: &Origins) -> Heard<'static> {
        let Some(url) = answer.strip_prefix(' ') else {
            return Heard::Refused("an answer without an address");
        };
        let said = Origin::of(url).filter(|said| bridged.contain(said));
        match (said, &self.committed) {
            (Some(said), Committed::Known(Some(committed))) if said != *committed => {
                Heard::Refused("an answer from another origin than the committed one")
            }
            (None, _) | (_, Committed::Known(None)) => {
                Heard::Refused("an answer from an origin that has no bridge")
            }
            (Some(said), _) => {
                self.met = true;
                Heard::Met { document, url: shortened(url, &said) }
            }
        }
    }
}

/// The address without its fragment; the origin alone where a page made it longer than any
/// address of an app is.
fn shortened(url: &str, origin: &Origin) -> String {
    let whole = url.split('#').next().unwrap_or_default();
    if whole.len() > MAX_ADDRESS { format!("{origin}/") } else { whole.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(fill: char) -> Nonce {
        Nonce(fill.to_string().repeat(Nonce::LENGTH))
    }

    fn text(kind: &str, fill: char, body: &str) -> String {
        format!("{kind}{}{body}", nonce(fill).as_str())
    }

    fn bridged() -> Origins {
        Origins::parse(&["app://localhost".to_owned(), "app://other".to_owned()]).unwrap()
    }

    #[test]
    fn one_answer_is_taken_and_then_messages() {
        let mut documents = Documents::default();
        let id = documents.commit("app://localhost/a", nonce('1'));
        assert_eq!(documents.nonce_of(id), None);
        let hello = text("h", '1', " app://localhost/a#b");
        let url = "app://localhost/a".to_owned();
        assert_eq!(documents.hear(&hello, &bridged()), Heard::Met { document: id, url });
        assert_eq!(documents.nonce_of(id), Some(&nonce('1')));
        assert!(matches!(documents.hear(&hello, &bridged()), Heard::Refused(_)));
        let message = text("m", '1', "c1 1\n{}");
        let expected = Heard::Message { document: id, body: "c1 1\n{}" };
        assert_eq!(documents.hear(&message, &bridged()), expected);
    }

    #[test]
    fn c14_a_commit_ends_the_document_before_it() {
        let mut documents = Documents::default();
        let first = documents.commit("app://localhost/a", nonce('1'));
        let _ = documents.hear(&text("h", '1', " app://localhost/a"), &bridged());
        let second = documents.commit("app://localhost/b", nonce('2'));
        assert_ne!(first, second);
        assert_eq!(documents.nonce_of(first), None);
        for late in [text("m", '1', "x"), text("h", '1', " app://localhost/a")] {
            assert!(matches!(documents.hear(&late, &bridged()), Heard::Refused(_)), "{late}");
        }
        let early = text("m", '2', "x");
        assert!(matches!(documents.hear(&early, &bridged()), Heard::Refused(_)));
    }

    #[test]
    fn c15_an_answer_counts_only_from_the_committed_origin() {
        for (committed, said) in [
            ("app://localhost/", " app://other/"),
            ("app://other/", " app://localhost/"),
            ("app://stranger/", " app://stranger/"),
            ("about:blank", " about:blank"),
            ("", ""),
            ("data:text/html,x", " data:text/html,x"),
            ("null", " null"),
            ("app://localhost/", "app://localhost/"),
        ] {
            let mut documents = Documents::default();
            let id = documents.commit(committed, nonce('1'));
            let answer = text("h", '1', said);
            let heard = documents.hear(&answer, &bridged());
            assert!(matches!(heard, Heard::Refused(_)), "{committed} {said}");
            assert_eq!(documents.nonce_of(id), None);
        }
    }

    #[test]
    fn c04_while_a_load_of_the_hosts_own_waits_the_bridges_word_says_who_was_committed() {
        let asked = "app://localhost/trusted";
        for (shown, said, met) in [
            (asked, "app://other/evil", Some("app://other/evil")),
            (asked, asked, Some(asked)),
            (asked, "app://stranger/", None),
            (asked, "about:blank", None),
            ("app://localhost/else", "app://other/evil", None),
        ] {
            let mut documents = Documents::default();
            documents.ask(asked);
            let id = documents.commit(shown, nonce('1'));
            let answer = text("h", '1', &format!(" {said}"));
            let heard = documents.hear(&answer, &bridged());
            let url = if let Heard::Met { url, .. } = heard { Some(url) } else { None };
            assert_eq!(url.as_deref(), met, "{shown} {said}");
            assert_eq!(documents.nonce_of(id).is_some(), met.is_some(), "{shown} {said}");
        }
    }

    #[test]
    fn c04_an_address_that_shows_again_ends_the_hosts_waiting() {
        let mut documents = Documents::default();
        documents.ask("app://localhost/trusted");
        let _ = documents.commit("app://localhost/else", nonce('1'));
        let id = documents.commit("app://localhost/trusted", nonce('2'));
        let answer = text("h", '2', " app://other/evil");
        assert!(matches!(documents.hear(&answer, &bridged()), Heard::Refused(_)));
        assert_eq!(documents.nonce_of(id), None);
    }

    #[test]
    fn an_address_is_told_without_its_fragment_and_not_at_any_length() {
        let long = format!("app://localhost/{}", "x".repeat(MAX_ADDRESS));
        for (said, told) in [
            ("app://localhost/a?b#c", "app://localhost/a?b"),
            ("app://localhost/#", "app://localhost/"),
            (long.as_str(), "app://localhost/"),
        ] {
            let mut documents = Documents::default();
            let document = documents.commit("app://localhost/a", nonce('1'));
            let answer = text("h", '1', &format!(" {said}"));
            let met = Heard::Met { document, url: told.to_owned() };
            assert_eq!(documents.hear(&answer, &bridged()), met);
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let mut documents = Documents::default();
        assert!(matches!(documents.hear("m", &bridged()), Heard::Refused(_)));
        let _ = documents.commit("app://localhost/", nonce('1'));
        for odd in ["", "m", "ä", "m123", "määäääääääääääääääääääääääääääääää", &text("z", '1', "")]
        {
            assert!(matches!(documents.hear(odd, &bridged()), Heard::Refused(_)), "{odd}");
        }
        documents.lose();
        let hello = text("h", '1', " app://localhost/");
        assert!(matches!(documents.hear(&hello, &bridged()), Heard::Refused(_)));
    }
}

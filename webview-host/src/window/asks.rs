//! What a page reaches for and the broker has not answered yet. Each question holds what will be
//! done with its answer, and has one answer: the broker's, or a refusal where none comes in time,
//! where its document is gone, or where the window is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use sidegate::wire::{DocumentId, Power};

/// The most questions that wait: a page that asks without end is refused without being heard.
const MAX_WAITING: usize = 64;

/// What is done with the answer.
pub(super) type Then = Box<dyn FnOnce(bool)>;

/// A question; refused when it is dropped without an answer.
struct Held {
    document: DocumentId,
    power: Power,
    url: Option<String>,
    is_sent: bool,
    /// Whether the person is asked.
    is_asked: bool,
    then: Option<Then>,
}

impl Held {
    fn answer(mut self, allowed: bool) {
        if let Some(then) = self.then.take() {
            then(allowed);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(then) = self.then.take() {
            then(false);
        }
    }
}

/// A question as it is put to the broker.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) document: DocumentId,
    pub(super) number: u64,
    pub(super) power: Power,
    pub(super) url: Option<String>,
}

/// The questions of one window. What is done with an answer may well ask again, or commit another
/// document: nothing is borrowed meanwhile.
#[derive(Default)]
pub(super) struct Asks {
    last: Cell<u64>,
    held: RefCell<BTreeMap<u64, Held>>,
}

impl Asks {
    /// Holds a question until it is answered; its number. `None`: too many wait, and it is refused.
    pub(super) fn hold(
        &self,
        document: DocumentId,
        power: Power,
        url: Option<String>,
        then: Then,
    ) -> Option<u64> {
        let then = Some(then);
        let held = Held { document, power, url, is_sent: false, is_asked: false, then };
        if self.held.borrow().len() >= MAX_WAITING {
            return None;
        }
        let number = self.last.get().saturating_add(1);
        self.last.set(number);
        self.held.borrow_mut().insert(number, held);
        Some(number)
    }

    /// The question of that number, where it was not taken before.
    pub(super) fn take_unsent(&self, number: u64) -> Option<Question> {
        let mut all = self.held.borrow_mut();
        let held = all.get_mut(&number).filter(|held| !held.is_sent)?;
        held.is_sent = true;
        let Held { document, power, .. } = *held;
        Some(Question { document, number, power, url: held.url.clone() })
    }

    /// The numbers of the questions of a document that were not taken.
    pub(super) fn unsent_of(&self, document: DocumentId) -> Vec<u64> {
        let all = self.held.borrow();
        let unsent = all.iter().filter(|(_, held)| !held.is_sent && held.document == document);
        unsent.map(|(number, _)| *number).collect()
    }

    /// Answers a question; one that was answered before has no second answer.
    pub(super) fn answer(&self, number: u64, allowed: bool) {
        let held = self.held.borrow_mut().remove(&number);
        if let Some(held) = held {
            held.answer(allowed);
        }
    }

    /// Notes that the person is asked a question that waits; whether that is new.
    pub(super) fn is_asked(&self, number: u64) -> bool {
        let mut all = self.held.borrow_mut();
        let held = all.get_mut(&number).filter(|held| held.is_sent);
        held.is_some_and(|held| !std::mem::replace(&mut held.is_asked, true))
    }

    /// Refuses a question that nobody answered, unless the person is asked it.
    pub(super) fn give_up_unless_asked(&self, number: u64) {
        let is_asked = self.held.borrow().get(&number).is_some_and(|held| held.is_asked);
        if !is_asked {
            self.answer(number, false);
        }
    }

    /// Whether the person is asked for this power.
    pub(super) fn waits_for_the_person(&self, power: Power) -> bool {
        self.held.borrow().values().any(|held| held.is_asked && held.power == power)
    }

    /// Refuses what other documents asked for.
    pub(super) fn keep_only(&self, document: Option<DocumentId>) {
        let gone: Vec<_> = {
            let mut all = self.held.borrow_mut();
            let is_gone = |held: &Held| Some(held.document) != document;
            let numbers: Vec<_> =
                all.iter().filter(|(_, held)| is_gone(held)).map(|(number, _)| *number).collect();
            numbers.iter().filter_map(|number| all.remove(number)).collect()
        };
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn told() -> (Rc<RefCell<Vec<bool>>>, impl Fn() -> Then) {
        let told = Rc::new(RefCell::new(Vec::new()));
        let teller = Rc::clone(&told);
        let then = move || -> Then {
            let teller = Rc::clone(&teller);
            Box::new(move |allowed| teller.borrow_mut().push(allowed))
        };
        (told, then)
    }

    #[test]
    fn a_question_has_one_answer() {
        let ((told, then), asks) = (told(), Asks::default());
        let document = DocumentId(1);
        let number = asks.hold(document, Power::Print, None, then()).unwrap();
        assert_eq!(asks.unsent_of(document), [number]);
        let question = asks.take_unsent(number).unwrap();
        assert_eq!(question, Question { document, number, power: Power::Print, url: None });
        assert_eq!((asks.take_unsent(number), asks.unsent_of(document)), (None, vec![]));
        asks.answer(number + 1, true);
        asks.answer(number, true);
        asks.answer(number, false);
        asks.keep_only(None);
        assert_eq!(*told.borrow(), [true]);
    }

    #[test]
    fn what_is_not_answered_is_refused() {
        let ((told, then), asks) = (told(), Asks::default());
        for document in [1, 1, 2] {
            asks.hold(DocumentId(document), Power::Print, None, then()).unwrap();
        }
        asks.keep_only(Some(DocumentId(2)));
        assert_eq!(*told.borrow(), [false, false], "another document came");
        drop(asks);
        assert_eq!(*told.borrow(), [false; 3], "the window closed");
    }

    #[test]
    fn too_many_questions_are_refused_unheard() {
        let ((told, then), asks) = (told(), Asks::default());
        for _ in 0..MAX_WAITING {
            asks.hold(DocumentId(1), Power::Print, None, then()).unwrap();
        }
        assert_eq!(asks.hold(DocumentId(1), Power::Print, None, then()), None);
        assert_eq!(*told.borrow(), [false]);
    }

    #[test]
    fn what_the_person_is_asked_waits_for_them() {
        let ((told, then), asks) = (told(), Asks::default());
        let held = || asks.hold(DocumentId(1), Power::Camera, None, then()).unwrap();
        let (asked, other, unsent) = (held(), held(), held());
        for number in [asked, other] {
            asks.take_unsent(number).unwrap();
        }
        assert!(!asks.is_asked(unsent), "it is not with the broker");
        assert!(!asks.waits_for_the_person(Power::Camera));
        assert!(asks.is_asked(asked) && !asks.is_asked(asked), "once");
        assert!(asks.waits_for_the_person(Power::Camera));
        assert!(!asks.waits_for_the_person(Power::ClipboardRead));
        for number in [asked, other, unsent] {
            asks.give_up_unless_asked(number);
        }
        assert_eq!(*told.borrow(), [false, false]);
        asks.answer(asked, true);
        assert_eq!(*told.borrow(), [false, false, true]);
        assert!(!asks.is_asked(asked), "it is over");
        asks.give_up_unless_asked(asked);
        assert_eq!(told.borrow().len(), 3);
    }

    #[test]
    fn an_answer_may_ask_again() {
        let asks = Rc::new(Asks::default());
        let again = Rc::clone(&asks);
        let then: Then = Box::new(move |_| {
            again.hold(DocumentId(1), Power::Print, None, Box::new(|_| ())).unwrap();
        });
        let number = asks.hold(DocumentId(1), Power::Print, None, then).unwrap();
        asks.answer(number, true);
        assert_eq!(asks.unsent_of(DocumentId(1)), [number + 1]);
        asks.keep_only(None);
    }
}

//! What a bearer can do with calls, its own and others'; and who is found without a token.

use super::*;

use std::num::NonZeroU32;

use crate::streams::Shape;
use crate::token::Caveat;

const STREAM: Shape = Shape { stream: true, body: false };

fn uses(serial: u64) -> Caveat {
    Caveat::uses(NonZeroU32::new(9).unwrap(), serial)
}

fn info() -> CommandName {
    CommandName::parse("app.info").unwrap()
}

/// A session and who bears its root, one narrowed from it, and one narrowed from that.
fn bearers() -> (Sessions, Arc<Session>, [Bearer; 3]) {
    let sessions = sessions();
    let (session, root) = sessions.open(identity(2, 10, 100), nobody(), NOW).unwrap();
    let narrowed = root.attenuate(&uses(0)).unwrap();
    let child = narrowed.attenuate(&uses(1)).unwrap();
    let bearers = [root, narrowed, child].map(|token| {
        let (host, window, document) = (HostId(2), WindowId(10), DocumentId(100));
        sessions.authenticate(&token, host, window, document, NOW).unwrap()
    });
    (sessions, session, bearers)
}

#[test]
fn b03_a_number_is_good_once_whoever_counts() {
    let (_, _, [root, narrowed, _]) = bearers();
    assert_eq!(root.accept(1), Ok(()));
    assert_eq!(narrowed.accept(1), Err(Impostor::Replayed));
    assert_eq!(narrowed.accept(2), Ok(()));
    assert_eq!(root.accept(2), Err(Impostor::Replayed));
}

/// A step of a call that never was is forged; one of a call that ended is late.
#[test]
fn a_step_is_of_a_call_that_there_was() {
    let (_, _, [root, ..]) = bearers();
    assert_eq!(root.step(1, Step::End), Err(Forged::NoCall));
    root.accept(4).unwrap();
    for (call, expected) in [(3, Ok(())), (4, Ok(())), (5, Err(Forged::NoCall))] {
        assert_eq!(root.step(call, Step::End), expected, "{call}");
    }
    let call = start(&root, 4, &info(), 8).unwrap();
    let open = root.open(4, STREAM, 0);
    assert_eq!(root.step(4, Step::End), Err(Forged::NoBody), "it has none");
    drop((open, call));
    assert_eq!(root.step(4, Step::End), Ok(()));
}

/// Who was handed a token has no hand on its owner's calls: no step of theirs counts for them.
#[test]
fn a_step_is_taken_by_whom_the_call_is_of() {
    for (row, by, of, expected) in [
        ("a root, its own", 0, 0, Err(Forged::Taken)),
        ("a root, a narrowed one's", 0, 1, Err(Forged::Taken)),
        ("a narrowed one, its child's", 1, 2, Err(Forged::Taken)),
        ("a narrowed one, the root's", 1, 0, Ok(())),
        ("a child, its parent's", 2, 1, Ok(())),
    ] {
        let (_, _, bearers) = bearers();
        bearers[of].accept(1).unwrap();
        let _call = start(&bearers[of], 1, &info(), 8).unwrap();
        let _open = bearers[of].open(1, STREAM, 0);
        // Nothing was sent, so there is nothing to take.
        assert_eq!(bearers[by].step(1, Step::Taken), expected, "{row}");
    }
}

#[test]
fn a_document_is_found_without_a_token_by_its_own_host_alone() {
    let (sessions, session, _) = bearers();
    let found = |host, window, document| {
        sessions.bearer_of(HostId(host), WindowId(window), DocumentId(document))
    };
    let newest = || found(2, 10, 100).map(|bearer| bearer.lineage().generation);
    assert_eq!(newest(), Some(1));
    sessions.renew(&session, NOW).unwrap();
    assert_eq!(newest(), Some(2));
    for (host, window, document) in [(1, 10, 100), (2, 11, 100), (2, 10, 101)] {
        assert!(found(host, window, document).is_none(), "{host} {window} {document}");
    }
    sessions.revoke(|_| true);
    assert!(found(2, 10, 100).is_none());
}

#[test]
fn the_sessions_of_a_host_are_its_own() {
    let sessions = sessions();
    for (host, document) in [(1, 1), (2, 2), (1, 3)] {
        sessions.open(identity(host, 10, document), nobody(), NOW).unwrap();
    }
    let of = |host| {
        let found = sessions.of_host(HostId(host));
        let mut documents: Vec<_> =
            found.iter().map(|session| session.identity.document.0).collect();
        documents.sort_unstable();
        documents
    };
    assert_eq!((of(1), of(2), of(3)), (vec![1, 3], vec![2], vec![]));
}

#[test]
fn a_revocation_says_whom_it_met() {
    let (sessions, session, [root, ..]) = bearers();
    let call = start(&root, 7, &info(), 8).unwrap();
    let [taken] = &sessions.revoke(|_| true)[..] else { panic!("one session") };
    assert_eq!((taken.origin().as_str(), taken.session.id), ("app://localhost", session.id));
    assert_eq!(taken.ended.iter().map(|ended| ended.call).collect::<Vec<_>>(), [7]);
    drop(call);
    assert!(sessions.revoke(|_| true).is_empty(), "once");
}

/// What a handler did through its call's valve is what the call came to.
#[test]
fn a_call_came_as_far_as_its_handler_did() {
    use std::task::Poll;
    let (_, session, [root, ..]) = bearers();
    let calls: Vec<_> = (1..=3).map(|call| start(&root, call, &info(), 8).unwrap()).collect();
    assert_eq!(calls.iter().map(InFlight::id).collect::<Vec<_>>(), [1, 2, 3]);
    let _polled = calls[0].valve().poll(|| Poll::<()>::Pending);
    let _polled = calls[1].valve().poll(|| Poll::Ready(()));
    crate::session::Commitment::of(calls[2].valve()).commit().unwrap();
    let reached = [Reached::Nothing, Reached::Effect, Reached::Effect];
    assert_eq!(calls.iter().map(InFlight::reached).collect::<Vec<_>>(), reached);
    session.calls.close(Stop::Ending);
    let polled = calls[0].valve().poll(|| -> Poll<()> { panic!("nothing runs") });
    assert_eq!(polled, Poll::Ready(None));
}

/// An answer is handed over, or it was taken back: whoever is told, and the log, are told the same.
#[test]
fn an_answer_is_handed_over_unless_it_was_taken_back() {
    let (sessions, _, [root, ..]) = bearers();
    let calls: Vec<_> = (1..=4).map(|call| start(&root, call, &info(), 8).unwrap()).collect();
    let [first, second, third, fourth] = <[_; 4]>::try_from(calls).unwrap();
    for answered in [&first, &second, &third] {
        answered.answer().unwrap();
    }
    assert_eq!(first.hand_over(), Ok(()));
    let [taken] = &sessions.revoke(|_| true)[..] else { panic!("one session") };
    let mut met: Vec<_> = taken.ended.iter().map(|ended| ended.call).collect();
    met.sort_unstable();
    assert_eq!(met, [2, 3, 4], "what is handed over is nobody's to take");
    assert_eq!(second.hand_over(), Err(Stop::Revoked));
    assert_eq!(third.why_taken_back(), Some(Stop::Revoked));
    assert_eq!(fourth.hand_over(), Ok(()), "it had no answer, and its page is told why");
}

/// As many narrowed tokens of a root as may be are found again as they were; of one more, the oldest
/// is checked anew.
#[test]
fn what_was_checked_is_found_again_for_so_many_tokens() {
    use super::super::tokens::MAX_VERIFIED;
    let sessions = sessions();
    let (_, root) = sessions.open(identity(2, 10, 100), nobody(), NOW).unwrap();
    let shown = |serial: usize| {
        let token = root.attenuate(&uses(u64::try_from(serial).unwrap())).unwrap();
        let (host, window, document) = (HostId(2), WindowId(10), DocumentId(100));
        let bearer = sessions.authenticate(&token, host, window, document, NOW).unwrap();
        bearer.lineage().attenuation.unwrap()
    };
    let first: Vec<_> = (0..MAX_VERIFIED).map(shown).collect();
    let again = |serial: usize| Arc::ptr_eq(&first[serial], &shown(serial));
    assert!((0..MAX_VERIFIED).all(again));
    let _one_more = shown(MAX_VERIFIED);
    assert!((1..MAX_VERIFIED).all(again), "only the oldest is let go");
    assert!(!again(0));
}

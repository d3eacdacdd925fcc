//! One token in several hands: its uses are as many as it says, and a number is one call's.

use std::num::NonZeroU32;
use std::sync::Arc;

use sidegate_capabilities::{Context, Directories, Policy, Sources, WallTime};

use shuttle::thread;

use super::super::{Bearer, Impostor, Policies, Sessions, Standing, Wanted};
use crate::clock::{Moment, Now};
use crate::models::{exhaust, explore};
use crate::session::Identity;
use crate::token::{Caveat, HostId, Mint, Token};
use crate::wire::{DocumentId, WindowId};
use sidegate_capabilities::{Origin, WindowLabel};

const NOW: Moment = Moment::from_nanos(1_000);

fn policies() -> Policies {
    let sources = Sources::from_texts([("p.toml", "version = 1\n")]);
    let directories = Directories::sample();
    let compiled = Policy::compile(&sources, &Context::new(&directories)).unwrap();
    Policies::new(compiled.policy, None)
}

fn standing() -> Standing {
    let label = WindowLabel::parse("editor").unwrap();
    policies().standing(&label, &Origin::local(), WallTime::from_unix(0))
}

struct Opened {
    sessions: Arc<Sessions>,
    token: Token,
}

impl Opened {
    fn new() -> Self {
        let sessions = Arc::new(Sessions::new(Mint::new().unwrap()));
        let identity = Identity {
            host: HostId(1),
            window: WindowId(1),
            document: DocumentId(1),
            label: WindowLabel::parse("editor").unwrap(),
            origin: Origin::local(),
            policy: "0".into(),
        };
        let (_session, token) = sessions.open(identity, standing(), NOW).unwrap();
        Self { sessions, token }
    }

    fn narrowed(&self, uses: u32) -> Token {
        let count = NonZeroU32::new(uses).unwrap();
        self.token.attenuate(&Caveat::uses(count, 1)).unwrap()
    }
}

fn shown(sessions: &Sessions, token: &Token) -> Result<Bearer, Impostor> {
    sessions.authenticate(token, HostId(1), WindowId(1), DocumentId(1), NOW)
}

/// Whether a call with `token` has a use left.
fn spends(sessions: &Sessions, token: &Token, policies: &Policies) -> bool {
    let now = Now { moment: NOW, wall: WallTime::from_unix(0) };
    let bearer = shown(sessions, token).unwrap();
    bearer.attenuated(policies, now).unwrap().spend().is_ok()
}

/// Falsified by a `spend` that counts in one hold of the lock and takes in another.
#[test]
fn a_narrowed_token_has_as_many_uses_as_it_says() {
    explore(|| {
        let opened = Opened::new();
        let token = opened.narrowed(2);
        let calls = [(); 3].map(|()| {
            let (sessions, token) = (opened.sessions.clone(), token.clone());
            thread::spawn(move || spends(&sessions, &token, &policies()))
        });
        let spent = calls.into_iter().map(|call| call.join().unwrap());
        assert_eq!(spent.filter(|spent| *spent).count(), 2);
    });
}

/// What was narrowed from it shares its uses, and the root is renewed meanwhile.
#[test]
fn a_token_and_what_was_narrowed_from_it_share_their_uses() {
    explore(|| {
        let opened = Opened::new();
        let token = opened.narrowed(2);
        let narrower = token.attenuate(&Caveat::uses(NonZeroU32::MIN, 2)).unwrap();
        let calls = [token, narrower.clone(), narrower].map(|token| {
            let sessions = opened.sessions.clone();
            thread::spawn(move || spends(&sessions, &token, &policies()))
        });
        let session = shown(&opened.sessions, &opened.token).unwrap().session;
        assert!(opened.sessions.renew(&session, NOW).is_some());
        let [wide, first, second] = calls.map(|call| call.join().unwrap());
        assert!(!(first && second), "the narrower one has one use");
        assert!(wide, "of two uses the narrower one takes one at most");
        assert!(first || second, "and one is what is left for it");
    });
}

/// Falsified by an `accept` that loads and stores.
#[test]
fn b03_a_number_is_one_calls() {
    exhaust(|| {
        let opened = Opened::new();
        let bearer = shown(&opened.sessions, &opened.token).unwrap();
        let other = thread::spawn({
            let bearer = bearer.clone();
            move || bearer.accept(1).is_ok()
        });
        let mine = bearer.accept(1).is_ok();
        assert!(mine != other.join().unwrap());
    });
}

/// Falsified by a revocation that does not close the session. (A `renew` that asks too early makes a
/// token that is good for nothing.)
#[test]
fn a_session_that_was_revoked_starts_nothing_with_whatever_token_it_gets() {
    explore(|| {
        let opened = Opened::new();
        let bearer = shown(&opened.sessions, &opened.token).unwrap();
        let renewed = thread::spawn({
            let (sessions, session) = (opened.sessions.clone(), bearer.session.clone());
            move || sessions.renew(&session, NOW)
        });
        assert_eq!(opened.sessions.revoke(|_| true).len(), 1);
        assert!(bearer.is_revoked());
        if let Some(token) = renewed.join().unwrap() {
            assert!(shown(&opened.sessions, &token).unwrap().is_revoked());
        }
        assert!(opened.sessions.renew(&bearer.session, NOW).is_none());
    });
}

/// Falsified by a revocation that does not remember the narrowed token.
#[test]
fn what_two_take_back_is_taken_back_and_its_parent_goes_on() {
    explore(|| {
        let opened = Opened::new();
        let bearer = shown(&opened.sessions, &opened.token).unwrap();
        let wanted = Wanted {
            scopes: Vec::new(),
            life: std::time::Duration::from_secs(60),
            uses: Some(NonZeroU32::MIN),
        };
        let (token, _) = bearer.delegate((1, &opened.token), wanted, NOW).unwrap();
        let back = [(); 2].map(|()| {
            let bearer = bearer.clone();
            thread::spawn(move || bearer.take_back(1, NOW).is_some())
        });
        let taken = back.map(|back| back.join().unwrap());
        assert!(taken.contains(&true), "somebody took it back");
        assert!(shown(&opened.sessions, &token).unwrap().is_revoked());
        assert!(!bearer.is_revoked(), "its parent goes on");
    });
}

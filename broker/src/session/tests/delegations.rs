//! How many delegations a document has, for how long, and who takes which of them back.

use super::*;

use std::num::NonZeroU32;

use super::super::calls::STILL_STARTING;
use crate::token::Caveat;

/// A document that delegates, its bearer, and its token.
struct Document {
    sessions: Sessions,
    session: Arc<Session>,
    root: Token,
}

impl Document {
    fn new() -> Self {
        let sessions = sessions();
        let (session, root) = sessions.open(identity(2, 10, 100), nobody(), NOW).unwrap();
        Self { sessions, session, root }
    }

    fn bearer_of(&self, token: &Token, now: Moment) -> Result<Bearer, Impostor> {
        self.sessions.authenticate(token, HostId(2), WindowId(10), DocumentId(100), now)
    }

    /// Delegates with `token`, as number `number`.
    fn delegate(
        &self,
        token: &Token,
        number: u64,
        life: Duration,
        now: Moment,
    ) -> Result<Token, NotDelegated> {
        let scopes = vec![Caveat::commands(["app.*"]).unwrap()];
        let wanted = Wanted { scopes, life, uses: NonZeroU32::new(3) };
        let bearer = self.bearer_of(token, now).unwrap();
        bearer.delegate((number, token), wanted, now).map(|(token, _)| token)
    }

    /// What becomes of a call with `token`: nothing that a policy would have to allow is asked for.
    fn holds(&self, token: &Token, now: Moment) -> bool {
        let now_by_both = Now { moment: now, wall: WallTime::from_unix(0) };
        self.bearer_of(token, now).is_ok_and(|bearer| {
            !bearer.is_revoked()
                && bearer.attenuated(&policies("version = 1\n"), now_by_both).is_ok()
        })
    }
}

fn just_before(moment: Moment) -> Moment {
    Moment::from_nanos(moment.as_nanos() - 1)
}

#[test]
fn a_place_is_free_when_what_was_in_it_cannot_start_any_more() {
    let document = Document::new();
    let life = Duration::from_secs(60);
    let count = u64::try_from(MAX_DELEGATIONS).unwrap();
    for number in 1..=count {
        document.delegate(&document.root, number, life, NOW).unwrap();
    }
    let free = NOW.after(life).after(STILL_STARTING);
    for (now, expected) in [
        (NOW, Some(NotDelegated::TooMany)),
        (NOW.after(life), Some(NotDelegated::TooMany)),
        (just_before(free), Some(NotDelegated::TooMany)),
        (free, None),
    ] {
        let made = document.delegate(&document.root, count + 1, life, now);
        assert_eq!(made.err(), expected, "{now:?}");
    }
}

/// Whenever it is made: a root that is about to be followed by another one lives as long still.
#[test]
fn a_delegation_has_the_time_that_it_was_given() {
    let document = Document::new();
    let made = NOW.after(RENEW_EVERY - Duration::from_millis(1));
    for life in [Duration::from_millis(1), LONGEST] {
        let token = document.delegate(&document.root, 1, life, made).unwrap();
        let end = made.after(life);
        assert!(document.holds(&token, just_before(end)), "{life:?}");
        assert!(!document.holds(&token, end), "{life:?}");
    }
    assert_eq!(LONGEST, Duration::from_millis(2_400_000));
}

#[test]
fn what_is_taken_back_is_the_one_that_is_named_while_it_lasts() {
    let document = Document::new();
    let life = Duration::from_secs(60);
    let tokens: Vec<_> = (1..=3)
        .map(|number| document.delegate(&document.root, number, life, NOW).unwrap())
        .collect();
    let bearer = document.bearer_of(&document.root, NOW).unwrap();
    let end = NOW.after(life);
    let hold = |now| tokens.iter().map(|token| document.holds(token, now)).collect::<Vec<_>>();
    assert!(bearer.take_back(4, NOW).is_none(), "there is none");
    assert!(bearer.take_back(2, NOW).is_some());
    assert_eq!(hold(NOW), [true, false, true]);
    assert!(bearer.take_back(3, just_before(end)).is_some());
    assert!(bearer.take_back(1, end).is_none(), "it is over by itself");
    assert_eq!(hold(NOW), [true, false, false]);
    assert!(!document.session.is_revoked());
}

/// Half of what is remembered as revoked is enough for a page that takes back all that it may delegate.
#[test]
fn a_page_that_takes_back_all_it_delegated_leaves_room_for_revocations() {
    let document = Document::new();
    let bearer = document.bearer_of(&document.root, NOW).unwrap();
    for number in 1..=u64::try_from(MAX_DELEGATIONS).unwrap() {
        document.delegate(&document.root, number, LONGEST, NOW).unwrap();
        bearer.take_back(number, NOW).unwrap();
    }
    for serial in 1..=u64::try_from(MAX_DELEGATIONS).unwrap() {
        let other = Caveat::uses(NonZeroU32::new(1).unwrap(), serial);
        let token = document.root.attenuate(&other).unwrap();
        document.sessions.revoke_token(&token, NOW).unwrap();
        assert!(!document.session.is_revoked(), "{serial}");
    }
    let token = document.root.attenuate(&Caveat::commands(["app.*"]).unwrap()).unwrap();
    document.sessions.revoke_token(&token, NOW).unwrap();
    assert!(document.session.is_revoked(), "one too many");
}

/// A revocation is remembered for what it is of, and the next one does not take its place.
#[test]
fn what_was_revoked_stays_so_for_as_long_as_it_could_start() {
    let document = Document::new();
    let life = Duration::from_secs(60);
    let tokens: Vec<_> = (1..=2)
        .map(|number| document.delegate(&document.root, number, life, NOW).unwrap())
        .collect();
    let bearer = document.bearer_of(&document.root, NOW).unwrap();
    let first = document.bearer_of(&tokens[0], NOW).unwrap();
    bearer.take_back(1, NOW).unwrap();
    let forgotten = NOW.after(life).after(STILL_STARTING);
    for (now, revoked) in
        [(NOW.after(life), true), (just_before(forgotten), true), (forgotten, false)]
    {
        let other = document.root.attenuate(&Caveat::Expires { after_issue: now.as_nanos() });
        document.sessions.revoke_token(&other.unwrap(), now).unwrap();
        assert_eq!(first.is_revoked(), revoked, "{now:?}");
    }
}

//! What a token is good for, and for whom.

use super::*;
use sidegate_capabilities::{Args, Context, Directories, Policy, Sources, WallTime};

fn sessions() -> Sessions {
    Sessions::new(Mint::new().unwrap())
}

fn identity(host: u64, window: u32, document: u64) -> Identity {
    Identity {
        host: HostId(host),
        window: WindowId(window),
        document: DocumentId(document),
        label: WindowLabel::parse("editor").unwrap(),
        origin: Origin::local(),
        policy: "0".into(),
    }
}

fn nobody() -> Standing {
    let sources = Sources::from_texts([("p.toml", "version = 1\n")]);
    let directories = Directories::sample();
    let context = Context::new(&directories);
    let policy = Policy::compile(&sources, &context).unwrap().policy;
    let window = WindowLabel::parse("editor").unwrap();
    Policies::new(policy, None).standing(&window, &Origin::local(), WallTime::from_unix(0))
}

const NOW: Moment = Moment::from_nanos(1_000);

#[test]
fn a_token_is_good_for_its_own_document_alone() {
    let sessions = sessions();
    let (_, token) = sessions.open(identity(1, 10, 100), nobody(), NOW).unwrap();
    for (row, host, window, document, expected) in [
        ("itself", 1, 10, 100, None),
        ("b05 another window of the same host", 1, 11, 100, Some(Impostor::OtherWindow)),
        ("b06 another host", 2, 10, 100, Some(Impostor::OtherHost)),
        ("b07 the document before", 1, 10, 99, Some(Impostor::OtherDocument)),
        ("b07 the document after", 1, 10, 101, Some(Impostor::OtherDocument)),
    ] {
        let found = sessions.authenticate(
            &token,
            HostId(host),
            WindowId(window),
            DocumentId(document),
            NOW,
        );
        assert_eq!(found.err(), expected, "{row}");
    }
}

#[test]
fn b01_ten_million_guesses_hit_nothing() {
    let sessions = sessions();
    let (_, token) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    let mut text = token.text().into_bytes();
    // The session's own number in front, so that each guess is a guess at the tag.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for guess in 0..10_000_000_u64 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        for (slot, nibble) in text[20..].iter_mut().zip(0..) {
            let bits = (state.rotate_left(nibble * 6) & 63) as usize;
            *slot = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[bits];
        }
        let shown = Token::parse(&text).unwrap();
        let found = sessions.authenticate(&shown, HostId(1), WindowId(1), DocumentId(1), NOW);
        assert_eq!(found.unwrap_err(), Impostor::Unknown, "guess {guess}");
    }
}

#[test]
fn b03_each_call_number_is_accepted_once() {
    let sessions = sessions();
    let (session, _) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    for (call, accepted) in
        [(1, true), (1, false), (2, true), (5, true), (4, false), (5, false), (0, false), (6, true)]
    {
        assert_eq!(session.accept(call).is_ok(), accepted, "{call}");
    }
    session.accept(u64::MAX).unwrap();
    assert_eq!(session.accept(u64::MAX), Err(Impostor::Replayed));
}

#[test]
fn b04_a_token_ends_to_the_nanosecond() {
    let sessions = sessions();
    let (_, token) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    let shown_at = |moment: Moment| {
        sessions.authenticate(&token, HostId(1), WindowId(1), DocumentId(1), moment).err()
    };
    let end = NOW.after(TOKEN_LIFE).as_nanos();
    assert_eq!(shown_at(Moment::from_nanos(end - 1)), None);
    assert_eq!(shown_at(Moment::from_nanos(end)), Some(Impostor::Expired));
}

#[test]
fn a_renewed_session_knows_two_tokens_and_not_three() {
    let sessions = sessions();
    let (session, first) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    let second = sessions.renew(&session, NOW).unwrap();
    let shown = |token: &Token| {
        sessions.authenticate(token, HostId(1), WindowId(1), DocumentId(1), NOW).err()
    };
    assert_eq!((shown(&first), shown(&second)), (None, None));
    let third = sessions.renew(&session, NOW).unwrap();
    assert_eq!(shown(&first), Some(Impostor::Unknown));
    assert_eq!((shown(&second), shown(&third)), (None, None));
}

#[test]
fn a_revoked_session_starts_nothing() {
    let sessions = sessions();
    let (session, token) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    let (_, other) = sessions.open(identity(1, 2, 1), nobody(), NOW).unwrap();
    let command = sidegate_capabilities::CommandName::parse("app.info").unwrap();
    let ended = sessions.revoke(|identity| identity.window == WindowId(1));
    assert_eq!(ended.len(), 1);
    assert_eq!(
        session
            .calls
            .start((1, Gate::new().enter().unwrap()), (&command, &Args::empty()), 8, None)
            .unwrap_err(),
        StartError::Revoked
    );
    let shown = |token: &Token, window| {
        sessions.authenticate(token, HostId(1), WindowId(window), DocumentId(1), NOW).err()
    };
    assert_eq!(shown(&token, 1), Some(Impostor::Unknown));
    assert_eq!(shown(&other, 2), None);
}

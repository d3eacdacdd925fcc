//! What a token is good for, and for whom.
#![allow(clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

mod bearers;
mod delegations;
mod independent;
mod narrowed;
mod policies;
mod timing;
mod vectors;

use super::*;
use serde_json::Value;
use sidegate_capabilities::{Args, CommandName, Context, Directories, Policy, Sources, WallTime};

use crate::clock::Now;

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
    standing(&policies("version = 1\n"))
}

fn policies(text: &str) -> Policies {
    let sources = Sources::from_texts([("p.toml", text)]);
    let directories = Directories::sample();
    let context = Context::new(&directories);
    Policies::new(Policy::compile(&sources, &context).unwrap().policy, None)
}

fn standing(policies: &Policies) -> Standing {
    let window = WindowLabel::parse("editor").unwrap();
    policies.standing(&window, &Origin::local(), WallTime::from_unix(0))
}

/// What becomes of a call with `token` by the document that it was minted for: `allow`, `policy`, or
/// the kind of the caveat that refuses.
fn verdict(
    sessions: &Sessions,
    policies: &Policies,
    token: &Token,
    (command, args): (&str, &Value),
    moment: Moment,
) -> Result<String, Impostor> {
    let bearer = sessions.authenticate(token, HostId(2), WindowId(10), DocumentId(100), moment)?;
    let now = Now { moment, wall: WallTime::from_unix(0) };
    let attenuated = match bearer.attenuated(policies, now) {
        Ok(attenuated) => attenuated,
        Err(Barred::Outside(outside)) => return Ok(outside.kind().to_string()),
        Err(Barred::Unknown) => panic!("a table is broken"),
    };
    let command = CommandName::parse(command).unwrap();
    let args = Args::new(args.as_object().unwrap().clone());
    let permit = attenuated.decide(&command, &args).permit();
    Ok(match permit.map(|_| ()) {
        Err(No::Denied(_)) => "policy".to_owned(),
        Err(No::Outside(outside)) => outside.kind().to_string(),
        Ok(()) => match attenuated.spend() {
            Ok(_spent) => "allow".to_owned(),
            Err(outside) => outside.kind().to_string(),
        },
    })
}

/// Starts a call without arguments.
fn start(
    bearer: &Bearer,
    call: u64,
    command: &CommandName,
    most: usize,
) -> Result<InFlight, StartError> {
    let pass = Gate::new().enter().unwrap();
    bearer.start((call, pass), (command, &Args::empty()), most, None)
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
fn a_renewed_session_knows_its_tokens_until_their_end_and_no_more_than_four() {
    let sessions = sessions();
    let (session, first) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    let shown = |token: &Token, now: Moment| {
        sessions.authenticate(token, HostId(1), WindowId(1), DocumentId(1), now).err()
    };
    let mut tokens = vec![first];
    for number in 1..=3 {
        let renewed_at = NOW.after(RENEW_EVERY * number - Duration::from_nanos(1));
        tokens.push(sessions.renew(&session, renewed_at).unwrap());
    }
    let end = NOW.after(TOKEN_LIFE);
    let just_before = Moment::from_nanos(end.as_nanos() - 1);
    let found: Vec<_> = tokens.iter().map(|token| shown(token, just_before)).collect();
    assert_eq!(found, [None; 4]);
    let ended = Some(Impostor::Expired);
    assert_eq!(shown(&tokens[0], end), ended, "it is there, and over");
    // Out of turn, the oldest goes though it has not ended.
    for _ in 0..2 {
        tokens.push(sessions.renew(&session, end).unwrap());
    }
    let found: Vec<_> = tokens.iter().map(|token| shown(token, end)).collect();
    assert_eq!(found, [ended, ended, None, None, None, None]);
    assert_eq!(tokens.len() - 2, tokens::MAX_LIVE_ROOTS);
    // There was none before the first.
    let never = Token::parse(&with_generation(&tokens[0], 0)).unwrap();
    assert_eq!((never.generation(), shown(&never, end)), (0, Some(Impostor::Unknown)));
    // To anybody else, what is not kept any more is a token that nobody minted.
    let found = sessions.authenticate(&tokens[0], HostId(2), WindowId(1), DocumentId(1), end);
    assert_eq!(found.unwrap_err(), Impostor::Unknown);
}

/// The text of the token that another generation's number makes of this one.
fn with_generation(token: &Token, generation: u32) -> Vec<u8> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = URL_SAFE_NO_PAD.decode(token.text()).unwrap();
    bytes[9..13].copy_from_slice(&generation.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes).into_bytes()
}

/// A renewal in its turn comes when the oldest root ends, and that one is kept no longer.
#[test]
fn a_token_lives_for_three_renewals() {
    assert_eq!((TOKEN_LIFE, RENEW_EVERY), (minutes(60), minutes(20)));
    let sessions = sessions();
    let (session, first) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    let end = NOW.after(RENEW_EVERY * 3);
    for number in 1..=3 {
        sessions.renew(&session, NOW.after(RENEW_EVERY * number)).unwrap();
    }
    for (host, expected) in [(1, Impostor::Expired), (2, Impostor::Unknown)] {
        let found = sessions.authenticate(&first, HostId(host), WindowId(1), DocumentId(1), end);
        assert_eq!(found.unwrap_err(), expected, "host {host}");
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

#[test]
fn a_replaced_key_takes_no_token_along_and_makes_others() {
    let [rotated, as_before] = [true, false].map(|rotates| {
        let sessions = Sessions::new(Mint::with_key([7; 32]));
        if rotates {
            sessions.rotate_key(NOW).unwrap();
        }
        sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap().1
    });
    assert!(!rotated.is(&as_before));
    let sessions = sessions();
    let (session, old) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    sessions.rotate_key(NOW).unwrap();
    let new = sessions.renew(&session, NOW).unwrap();
    for token in [&old, &new] {
        let found = sessions.authenticate(token, HostId(1), WindowId(1), DocumentId(1), NOW);
        found.unwrap();
    }
    let end = NOW.after(TOKEN_LIFE);
    let found = sessions.authenticate(&old, HostId(1), WindowId(1), DocumentId(1), end);
    assert_eq!(found.unwrap_err(), Impostor::Expired);
}

#[test]
fn a_revoked_session_starts_nothing() {
    let command = sidegate_capabilities::CommandName::parse("app.info").unwrap();
    for kept in [true, false] {
        let sessions = sessions();
        let (session, token) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
        let (_, other) = sessions.open(identity(1, 2, 1), nobody(), NOW).unwrap();
        let shown = |token: &Token, window| {
            sessions.authenticate(token, HostId(1), WindowId(window), DocumentId(1), NOW)
        };
        let before = shown(&token, 1).unwrap();
        let taken = if kept {
            sessions.revoke(|session| session.identity.window == WindowId(1))
        } else {
            sessions.forget(|identity| identity.window == WindowId(1))
        };
        assert_eq!(taken.len(), 1);
        // Who was found before is let in no more; who is kept is known, and told from a stranger.
        assert_eq!(start(&before, 1, &command, 8).unwrap_err(), StartError::Revoked);
        match shown(&token, 1) {
            Ok(bearer) => {
                assert_eq!(start(&bearer, 1, &command, 8).unwrap_err(), StartError::Revoked);
                assert!(kept);
            }
            Err(impostor) => assert_eq!((impostor, kept), (Impostor::Unknown, false)),
        }
        assert!(sessions.renew(&session, NOW).is_none());
        start(&shown(&other, 2).unwrap(), 1, &command, 8).unwrap();
    }
}

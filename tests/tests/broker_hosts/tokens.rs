//! Tokens that were guessed, changed, used again, or used where they do not belong.

use std::{fs::File, io::Read};

use serde_json::json;
use sidegate::{
    token::{Caveat, Token},
    wire::{DocumentId, FromHost},
};

use crate::broker_stage::{Stage, call};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Characters of a token.
const TOKEN: usize = 60;

/// Bits of a character of base64.
const BITS: usize = 6;

/// Tokens that nobody minted which a host may show; the next one is its last.
const BAD_TOKENS: usize = 15;

fn random_token() -> String {
    let mut bytes = [0; TOKEN];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    // The version comes first, so that it is a token and no garbage.
    let random = bytes[2..].iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)]));
    "AQ".chars().chain(random).collect()
}

fn flipped(token: &str, bit: usize) -> String {
    let mut letters = token.as_bytes().to_vec();
    let letter = &mut letters[bit / BITS];
    let value = ALPHABET.iter().position(|other| other == letter).unwrap();
    *letter = ALPHABET[value ^ (1 << (bit % BITS))];
    String::from_utf8(letters).unwrap()
}

#[test]
fn b01_a_host_that_guesses_is_ended_after_the_sixteenth() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    for id in 1..=15 {
        let answer = host.asks((window, 1), &random_token(), id, "test.count", &json!({}));
        assert_eq!(answer["error"]["code"], "denied");
    }
    let answer = host.asks((window, 1), &token, 1, "test.count", &json!({}));
    assert_eq!(answer["ok"], 1, "an honest call among them");
    host.calls((window, 1), &random_token(), 17, "test.count", &json!({}));
    let why = stage.killed(host.pid);
    assert!(why.contains("16 tokens that nobody minted"), "{why}");
    assert!(host.is_gone());
    assert_eq!(stage.refusal(1), "token-unknown");
    assert_eq!(stage.tally.begun(), 1);
}

#[test]
fn b01_what_is_no_call_at_all_counts_as_a_guess() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    for _ in 0..16 {
        host.says(window, 1, b"c");
    }
    assert!(stage.killed(host.pid).contains("16 tokens"));
}

#[test]
fn b02_no_bit_of_a_token_can_be_changed() {
    let bits: Vec<usize> = (0..TOKEN * BITS).collect();
    for some in bits.chunks(BAD_TOKENS) {
        let stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        let window = host.window();
        let token = host.commits(window, 1);
        for bit in some {
            host.calls((window, 1), &flipped(&token, *bit), 1, "test.count", &json!({}));
        }
        // The host still lives, its number is not used up, and this is the first that was done.
        let answer = host.asks((window, 1), &token, 2, "test.count", &json!({}));
        assert_eq!(answer["ok"], 1, "{some:?}");
        let refused = stage.count(|record| {
            matches!(record.text("reason"), Some("token-unknown" | "malformed"))
                || record.event() == "repeated"
        });
        assert!(refused > 0, "{some:?}");
    }
}

#[test]
fn b03_a_number_is_good_for_one_call() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    for (id, expected) in [
        (5, Ok(1)),
        (5, Err("replay")),
        (4, Err("replay")),
        (1, Err("replay")),
        (6, Ok(2)),
        (5, Err("replay")),
        (9_007_199_254_740_991, Ok(3)),
        (7, Err("replay")),
    ] {
        let answer = host.asks((window, 1), &token, id, "test.count", &json!({}));
        match expected {
            Ok(count) => assert_eq!(answer["ok"], count, "{id}"),
            Err(reason) => {
                assert_eq!(answer["error"]["code"], "denied", "{id}");
                assert_eq!(stage.refusal(id), reason, "{id}");
            }
        }
    }
    assert_eq!(stage.tally.begun(), 3);
}

#[test]
fn b03_a_replay_is_found_among_a_thousand_at_once() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    let bytes = call(&token, 1, "test.count", &json!({}));
    for _ in 0..1000 {
        host.says(window, 1, &bytes);
    }
    host.asks((window, 1), &token, 2, "test.count", &json!({}));
    assert_eq!(stage.tally.begun(), 2);
}

/// A number is used up by whatever is answered to it, and for every token of the document.
#[test]
fn b03_a_number_that_was_refused_or_delegated_with_is_used_up() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    let wish = json!({ "commands": ["test.count"] });
    host.says(window, 1, format!("d{token} 3\n{wish}").as_bytes());
    let narrowed = host.reply(window, 3)["ok"]["token"].as_str().unwrap().to_owned();
    assert_eq!(host.asks((window, 1), &token, 5, "no.such", &json!({}))["error"]["code"], "denied");
    host.says(window, 1, format!("c{token} 7\n{{").as_bytes());
    assert_eq!(host.reply(window, 7)["error"]["code"], "invalid");
    assert_eq!(host.asks((window, 1), &narrowed, 9, "test.count", &json!({}))["ok"], 1);
    for id in [3, 5, 7, 9] {
        for token in [&token, &narrowed] {
            let answer = host.asks((window, 1), token, id, "test.count", &json!({}));
            assert_eq!(answer["error"]["code"], "denied", "{id}");
        }
        host.says(window, 1, format!("d{token} {id}\n{wish}").as_bytes());
        assert_eq!(host.reply(window, id)["error"]["code"], "denied", "{id}");
    }
    assert_eq!(host.asks((window, 1), &token, 10, "test.count", &json!({}))["ok"], 2);
}

#[test]
fn b05_the_token_of_a_window_is_of_no_use_in_its_neighbour() {
    let stage = Stage::with(&["left", "right"]);
    let mut host = stage.ready_host(2);
    let [(_, left), (_, right)] = [host.windows()[0].clone(), host.windows()[1].clone()];
    let (of_left, of_right) = (host.commits(left, 1), host.commits(right, 1));
    for (window, token, id) in [(right, &of_left, 11), (left, &of_right, 12)] {
        let answer = host.asks((window, 1), token, id, "test.count", &json!({}));
        assert_eq!(answer["error"]["code"], "denied");
        assert_eq!(stage.refusal(id), "token-of-another-window");
    }
    assert_eq!(stage.tally.begun(), 0);
    for (window, token) in [(left, &of_left), (right, &of_right)] {
        host.asks((window, 1), token, 1, "test.count", &json!({}));
    }
    assert_eq!(stage.tally.begun(), 2, "each in its own window");
}

#[test]
fn b06_a_host_that_shows_the_token_of_another_is_ended() {
    for narrows in [false, true] {
        let stage = Stage::with(&["left", "other"]);
        let [mut victim, mut attacker] = stage.two_ready_hosts();
        let window = victim.window();
        let token = victim.commits(window, 1);
        let own = attacker.window();
        attacker.commits(own, 1);
        let stolen = if narrows { narrowed(&token) } else { token.clone() };
        attacker.calls((own, 1), &stolen, 7, "test.count", &json!({}));
        let why = stage.killed(attacker.pid);
        assert!(why.contains("minted for another host"), "{why}");
        assert!(attacker.is_gone());
        assert_eq!(stage.refusal(7), "token-of-another-host");
        assert_eq!(stage.tally.begun(), 0);
        let answer = victim.asks((window, 1), &token, 1, "test.count", &json!({}));
        assert_eq!(answer["ok"], 1, "the victim's token is still the victim's");
    }
}

/// The token with one caveat more, which whoever has it can make.
fn narrowed(token: &str) -> String {
    let caveat = Caveat::commands(["test.*"]).unwrap();
    Token::parse(token.as_bytes()).unwrap().attenuate(&caveat).unwrap().text()
}

#[test]
fn b07_the_token_of_the_document_before_is_refused() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let before = host.commits(window, 1);
    assert_eq!(host.asks((window, 1), &before, 1, "test.count", &json!({}))["ok"], 1);
    let document = DocumentId(2);
    host.say(&FromHost::Committed { window, document });
    // Before the next one has its token, and after; in its own name, and in the next one's.
    for (number, id) in [(1, 11), (2, 12)] {
        host.asks((window, number), &before, id, "test.count", &json!({}));
        assert_eq!(stage.refusal(id), "token-unknown");
    }
    let url = "app://localhost/".to_owned();
    host.say(&FromHost::Document { window, document, url });
    let token = host.token(window, document);
    for (number, id) in [(1, 21), (2, 22)] {
        host.asks((window, number), &before, id, "test.count", &json!({}));
        assert_eq!(stage.refusal(id), "token-unknown");
    }
    host.asks((window, 1), &token, 31, "test.count", &json!({}));
    assert_eq!(stage.refusal(31), "token-of-another-document");
    assert_eq!(stage.tally.begun(), 1);
    assert_eq!(host.asks((window, 2), &token, 32, "test.count", &json!({}))["ok"], 2);
}

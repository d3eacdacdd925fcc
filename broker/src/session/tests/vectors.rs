//! The test vectors, which were made by another implementation: each text is the one that is made
//! here, and each verdict the one that is given here.

use super::*;

use std::num::NonZeroU32;

use serde::Deserialize;
use serde_json::Map;

use crate::token::Caveat;

#[derive(Deserialize)]
struct Vectors {
    key: String,
    claims: Written,
    label: String,
    policy: String,
    tokens: Vec<Narrowed>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Written {
    session: u64,
    generation: u32,
    host: u64,
    window: u32,
    document: u64,
    issued: u64,
    expires: u64,
    origin: String,
    policy: String,
}

#[derive(Deserialize)]
struct Narrowed {
    name: String,
    caveats: Vec<Map<String, Value>>,
    text: String,
    calls: Vec<Called>,
}

#[derive(Deserialize)]
struct Called {
    after_issue: u64,
    command: String,
    args: Value,
    verdict: String,
}

#[derive(Deserialize)]
struct Refused {
    why: String,
    text: String,
    refused: String,
}

fn caveat(written: &Map<String, Value>) -> Option<Caveat> {
    let (kind, value) = written.iter().next().unwrap();
    let patterns = || value.as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let text = || value.as_str().unwrap();
    Some(match kind.as_str() {
        "commands" => Caveat::commands(patterns()).unwrap(),
        "path" => Caveat::path(patterns()).unwrap(),
        "url" => Caveat::url(patterns()).unwrap(),
        "key" => Caveat::key(patterns()).unwrap(),
        "expires" => Caveat::Expires { after_issue: value.as_u64().unwrap() },
        "uses" => {
            let count = u32::try_from(value["count"].as_u64().unwrap()).unwrap();
            let serial = value["serial"].as_u64().unwrap();
            Caveat::uses(NonZeroU32::new(count).unwrap(), serial)
        }
        "origin" => Caveat::Origin(Origin::parse(text()).unwrap()),
        "window" => Caveat::Window(WindowLabel::parse(text()).unwrap()),
        "raw" => return None,
        other => panic!("a caveat called {other}"),
    })
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_vectors_hold() {
    let text = include_str!("../../../tests/vectors/tokens.json");
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    let Written { session, generation, host, window, document, issued, expires, .. } =
        vectors.claims;
    let identity = Identity {
        host: HostId(host),
        window: WindowId(window),
        document: DocumentId(document),
        label: WindowLabel::parse(&vectors.label).unwrap(),
        origin: Origin::parse(&vectors.claims.origin).unwrap(),
        policy: vectors.claims.policy.into(),
    };
    let (policies, issued) = (policies(&vectors.policy), Moment::from_nanos(issued));
    let sessions = Sessions::new(Mint::with_key(hex(&vectors.key).try_into().unwrap()));
    let (opened, root) = sessions.open(identity, standing(&policies), issued).unwrap();
    assert_eq!((opened.id, root.generation()), (SessionId(session), generation));
    assert_eq!(issued.after(TOKEN_LIFE).as_nanos(), expires);
    for Narrowed { name, caveats, text, calls } in vectors.tokens {
        let shown = Token::parse(text.as_bytes()).unwrap();
        let said: Option<Vec<Caveat>> = caveats.iter().map(caveat).collect();
        assert_eq!(shown.caveats().ok(), said, "{name}");
        if let Some(said) = said {
            let made = said.iter().fold(root.clone(), |token, one| token.attenuate(one).unwrap());
            assert_eq!(made.text(), text, "{name}");
        }
        for Called { after_issue, command, args, verdict: expected } in calls {
            let moment = issued.after(Duration::from_millis(after_issue));
            let found = verdict(&sessions, &policies, &shown, (&command, &args), moment);
            assert_eq!(found, Ok(expected), "{name}: {command} {args} after {after_issue} ms");
        }
    }
    for Refused { why, text, refused } in vectors.refused {
        let Ok(token) = Token::parse(text.as_bytes()) else {
            assert_eq!(refused, "not-a-token", "{why}");
            continue;
        };
        let found = verdict(&sessions, &policies, &token, ("app.info", &Value::Null), issued);
        assert_eq!((found, refused.as_str()), (Err(Impostor::Unknown), "not-genuine"), "{why}");
    }
}

//! Tokens as bytes and texts: spelling, chain, bounds.

use super::*;

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;
use sidegate_capabilities::{Origin, WindowLabel};

const CLAIMS: Claims<'static> = Claims {
    session: SessionId(7),
    generation: 1,
    host: HostId(2),
    window: WindowId(3),
    document: DocumentId(4),
    origin: "app://localhost",
    policy: "0123456789abcdef",
    issued: Moment::from_nanos(4),
    expires: Moment::from_nanos(5),
};

fn root() -> Token {
    Mint::new().unwrap().mint(&CLAIMS)
}

/// One of each kind.
fn caveats() -> Vec<Caveat> {
    vec![
        Caveat::commands(["fs.*", "app.info"]).unwrap(),
        Caveat::path(["$APPDATA/notes/**"]).unwrap(),
        Caveat::url(["https://example.com/**"]).unwrap(),
        Caveat::key(["editor.*"]).unwrap(),
        Caveat::expires(Duration::from_millis(1_500)),
        Caveat::uses(NonZeroU32::new(3).unwrap(), 9),
        Caveat::Origin(Origin::local()),
        Caveat::Window(WindowLabel::parse("editor").unwrap()),
    ]
}

fn narrowed() -> Token {
    caveats().iter().fold(root(), |token, caveat| token.attenuate(caveat).unwrap())
}

#[test]
fn a_token_has_one_spelling() {
    for token in [root(), narrowed(), root().attenuate(&caveats()[4]).unwrap()] {
        let text = token.text();
        assert!(Token::parse(text.as_bytes()).unwrap().is(&token));
        for wrong in [
            String::new(),
            text.get(1..).unwrap().to_owned(),
            format!("{text}A"),
            format!("{text}AAAA"),
            format!("{text}="),
            format!("{text} "),
            text.replacen(text.chars().next().unwrap(), "!", 1),
            format!("/{}", text.get(1..).unwrap()),
        ] {
            assert_eq!(Token::parse(wrong.as_bytes()).unwrap_err(), NotAToken, "{wrong}");
        }
    }
    assert_eq!(root().text().len(), ROOT_TEXT);
}

#[test]
fn b02_a_flipped_bit_anywhere_is_another_token() {
    for token in [root(), narrowed()] {
        let bytes = base64url::decode(token.text().as_bytes()).unwrap();
        for position in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[position / 8] ^= 1 << (position % 8);
            let shown = Token::parse(base64url::encode(&flipped).as_bytes());
            assert!(!shown.is_ok_and(|shown| shown.is(&token)), "bit {position}");
        }
    }
}

#[test]
fn every_claim_changes_the_tag() {
    let mint = Mint::new().unwrap();
    let mint = |claims: Claims<'_>| mint.mint(&claims);
    let base = mint(CLAIMS);
    for (what, other) in [
        ("session", Claims { session: SessionId(8), ..CLAIMS }),
        ("generation", Claims { generation: 2, ..CLAIMS }),
        ("host", Claims { host: HostId(3), ..CLAIMS }),
        ("window", Claims { window: WindowId(4), ..CLAIMS }),
        ("document", Claims { document: DocumentId(5), ..CLAIMS }),
        ("origin", Claims { origin: "app://localhos", ..CLAIMS }),
        ("policy", Claims { policy: "t0123456789abcdef", ..CLAIMS }),
        ("issue", Claims { issued: Moment::from_nanos(5), ..CLAIMS }),
        ("expiry", Claims { expires: Moment::from_nanos(6), ..CLAIMS }),
    ] {
        assert!(!mint(other).tag.is(&base.tag), "{what}");
    }
    assert!(mint(CLAIMS).tag.is(&base.tag));
    assert!(!root().tag.is(&base.tag), "another broker's key");
}

#[test]
fn a_key_is_replaced_by_hand_and_by_the_day() {
    let mint = Mint::new().unwrap();
    let at = |issued: Moment| mint.mint(&Claims { issued, ..CLAIMS });
    let now = Moment::now();
    let first = at(now);
    assert!(at(now).is(&first));
    mint.rotate(now).unwrap();
    let second = at(now);
    assert!(!second.is(&first));
    assert!(at(now).is(&second));
    let day = now.after(Duration::from_secs(86_400));
    let _in_time = at(Moment::from_nanos(day.as_nanos() - 1));
    assert!(at(now).is(&second), "it is in use for a whole day");
    let third = at(day);
    assert!(at(day).is(&third), "once a day, and not for each token after it");
    assert!(!at(now).is(&second), "what the second key made cannot be made again");
}

#[test]
fn caveats_say_what_they_said() {
    let mut token = root();
    assert!(token.is_root());
    for (count, caveat) in caveats().iter().enumerate() {
        let narrower = token.attenuate(caveat).unwrap();
        assert!(!narrower.is(&token) && !narrower.is_root());
        assert_eq!((narrower.session(), narrower.generation()), (SessionId(7), 1));
        token = Token::parse(narrower.text().as_bytes()).unwrap();
        assert_eq!(token.caveats().unwrap(), caveats()[..=count]);
    }
    assert_eq!(CaveatKind::ALL.len(), caveats().len());
}

#[test]
fn the_order_and_the_number_of_caveats_make_the_tag() {
    let [one, other] = [&caveats()[0], &caveats()[5]];
    let (root, tag) = (root(), |token: &Token| *token.tag.bytes());
    let made = [
        tag(&root),
        tag(&root.attenuate(one).unwrap()),
        tag(&root.attenuate(other).unwrap()),
        tag(&root.attenuate(one).unwrap().attenuate(other).unwrap()),
        tag(&root.attenuate(other).unwrap().attenuate(one).unwrap()),
        tag(&root.attenuate(one).unwrap().attenuate(one).unwrap()),
    ];
    let mut unique = made.to_vec();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), made.len());
}

#[test]
fn caveats_are_bounded_in_number_and_size() {
    let window = Caveat::Window(WindowLabel::parse("w").unwrap());
    let many = (0..MAX_CAVEATS).try_fold(root(), |token, _| token.attenuate(&window)).unwrap();
    assert_eq!(many.attenuate(&window).unwrap_err(), TooManyCaveats);
    // Kind, length, and the length of its one pattern.
    let fits = MAX_CAVEAT_BYTES - 3 - 2;
    let longest = root().attenuate(&Caveat::path(["p".repeat(fits)]).unwrap()).unwrap();
    assert_eq!(longest.text().len().next_multiple_of(4), MAX_TOKEN_TEXT.next_multiple_of(4));
    assert!(Token::parse(longest.text().as_bytes()).unwrap().is(&longest));
    let longer = Caveat::path(["p".repeat(fits + 1)]).unwrap();
    assert_eq!(root().attenuate(&longer).unwrap_err(), TooManyCaveats);
    for (bytes, fits) in [(MAX_CAVEAT_BYTES, true), (MAX_CAVEAT_BYTES + 1, false), (70_000, false)]
    {
        let patterns = Patterns::new(["p".repeat(bytes - 1), "p".to_owned()]);
        assert_eq!(patterns.err(), (!fits).then_some(PatternsError::TooLong), "{bytes}");
    }
    assert_eq!(Caveat::path([""; 0]), Err(PatternsError::None));
    assert_eq!(Caveat::path(["a", ""]), Err(PatternsError::Empty));
}

/// The text of a token with these bytes for caveats, and no genuine tag.
fn with(caveats: &[u8]) -> String {
    let head = [&[VERSION] as &[u8], &7_u64.to_be_bytes(), &1_u32.to_be_bytes()].concat();
    base64url::encode(&[&head as &[u8], caveats, &[0; TAG_BYTES]].concat())
}

#[test]
fn what_is_no_caveat_is_refused() {
    #[rustfmt::skip]
    let cases: [(&str, &[u8], bool, bool); 20] = [
        // What it is, its bytes, whether it is a token, whether its caveats say something.
        ("none", b"", true, true),
        ("a window", b"\x08\0\x01w", true, true),
        ("kind 0", b"\0\0\x01w", false, false),
        ("kind 9", b"\x09\0\x01w", false, false),
        ("kind 255", b"\xff\0\0", false, false),
        ("cut in the length", b"\x08\0", false, false),
        ("cut in the body", b"\x08\0\x02w", false, false),
        ("a byte too many", b"\x08\0\x01wx", false, false),
        ("no label", b"\x08\0\0", true, false),
        ("a label with a space", b"\x08\0\x03a b", true, false),
        ("an origin", b"\x07\0\x0fapp://localhost", true, true),
        ("an origin in another spelling", b"\x07\0\x0fAPP://localhost", true, false),
        ("an expiry of seven bytes", b"\x05\0\x070000000", true, false),
        ("an expiry of eight bytes", b"\x05\0\x0800000000", true, true),
        ("no uses", b"\x06\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0", true, false),
        ("one use", b"\x06\0\x0c\0\0\0\x01\0\0\0\0\0\0\0\0", true, true),
        ("no pattern", b"\x01\0\0", true, false),
        ("an empty pattern", b"\x01\0\x02\0\0", true, false),
        ("a pattern that is cut", b"\x01\0\x03\0\x02a", true, false),
        ("a pattern that is no UTF-8", b"\x01\0\x03\0\x01\xff", true, false),
    ];
    for (what, bytes, is_token, says) in cases {
        let token = Token::parse(with(bytes).as_bytes());
        assert_eq!(token.is_ok(), is_token, "{what}");
        assert_eq!(token.is_ok_and(|token| token.caveats().is_ok()), says, "{what}");
    }
}

#[test]
fn b11_a_token_does_not_print() {
    let mint = Mint::new().unwrap();
    let token = narrowed();
    let printed = format!("{token:?} {mint:?} {:?}", token.tag());
    assert_eq!(printed, "Token([redacted]) Mint([redacted]) Tag([redacted])");
}

proptest! {
    /// A text is a token's only spelling, or it is no token.
    #[test]
    fn what_is_read_is_written_as_it_was(bytes: Vec<u8>, caveats in caveat_bytes()) {
        for text in [with(&bytes), with(&caveats), base64url::encode(&bytes)] {
            if let Ok(token) = Token::parse(text.as_bytes()) {
                prop_assert_eq!(token.text(), text);
                for caveat in token.caveats().unwrap_or_default() {
                    prop_assert_eq!(Caveat::read(caveat.kind(), &caveat.body()), Some(caveat));
                }
            }
        }
    }
}

fn caveat_bytes() -> impl Strategy<Value = Vec<u8>> {
    let caveat =
        (1_u8..10, proptest::collection::vec(any::<u8>(), 0..20)).prop_map(|(kind, body)| {
            [&[kind, 0, u8::try_from(body.len()).unwrap()] as &[u8], &body].concat()
        });
    proptest::collection::vec(caveat, 0..5).prop_map(|caveats| caveats.concat())
}

/// B10: the one comparison of tags is [`Tag::is`], by `subtle`. There is no `==` for them to be
/// compared with by oversight: were there one, this would not compile.
#[test]
fn b10_tags_have_no_other_comparison() {
    trait Ambiguous<Marker> {
        fn check() {}
    }
    struct Comparable;
    impl<T> Ambiguous<()> for T {}
    impl<T: PartialEq> Ambiguous<Comparable> for T {}
    <Tag as Ambiguous<_>>::check();
    <Token as Ambiguous<_>>::check();
}

//! The table of refusals: what the log, the developer and the page have of each, and what the host
//! has to expect.

use super::*;

use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Policy, Sources, Verdict, WallTime,
    WindowLabel,
};

use crate::clock::Moment;
use crate::token::{Caveat, Claims, HostId, Mint, SessionId, TooManyCaveats};
use crate::wire::{DocumentId, WindowId};

const POLICY: &str = r#"
version = 1
[[capability]]
id = "a"
windows = ["main"]
allow = [{ commands = ["fs.*"], path = ["$APPDATA/**"] }]
deny = [{ commands = ["fs.remove"] }]
"#;

/// Why the policy above denies `command`.
fn denial(command: &str) -> Refusal {
    match decided(command, &Args::empty()) {
        Ok(_) => panic!("{command} is allowed"),
        Err(denial) => Refusal::Denied(denial),
    }
}

/// The rule of the policy above that allows something.
fn rule() -> Arc<RuleRef> {
    let path = ("path".to_owned(), "$APPDATA/a".into());
    decided("fs.list", &Args::new([path].into_iter().collect())).unwrap()
}

fn decided(command: &str, args: &Args) -> Result<Arc<RuleRef>, Denial> {
    let (sources, directories) = (Sources::from_texts([("p.toml", POLICY)]), Directories::sample());
    let policy = Policy::compile(&sources, &Context::new(&directories)).unwrap().policy;
    let window = WindowLabel::parse("main").unwrap();
    let principal = policy.principal(&window, &Origin::local(), WallTime::from_unix(0));
    match principal.decide(&CommandName::parse(command).unwrap(), args) {
        Verdict::Deny(denial) => Err(denial),
        Verdict::Allow(permit) => Ok(Arc::clone(&permit.rule)),
    }
}

/// What a token says that has no room for another caveat.
fn too_long() -> TooManyCaveats {
    let claims = Claims {
        session: SessionId(1),
        generation: 1,
        host: HostId(1),
        window: WindowId(1),
        document: DocumentId(1),
        origin: "app://localhost",
        policy: "0",
        issued: Moment::from_nanos(0),
        expires: Moment::from_nanos(1),
    };
    let token = Mint::new().unwrap().mint(&claims);
    token.attenuate(&Caveat::path(["p".repeat(2_048)]).unwrap()).unwrap_err()
}

const DENIED: (&str, &str) = ("denied", "this window may not do that");
const ILL_FORMED: (&str, &str) = ("invalid", "the call is not well formed");
const BUSY: (&str, &str) = ("busy", "too many calls at once");
const NO_FILE: &str = "there is no such file";
const UNAVAILABLE: (&str, &str) = ("unavailable", "the core cannot answer just now");

/// A refusal, the step that it is of, its word in the log, and the code and the sentence for the page.
type Row = (Refusal, &'static str, &'static str, (&'static str, &'static str));

fn has_its_words((refusal, stage, code, (of_page, sentence)): Row) {
    assert_eq!((refusal.stage(), refusal.code()), (stage, code), "{refusal:?}");
    let page = PageError::from(&refusal);
    assert_eq!((page.code(), page.message()), (of_page, sentence), "{refusal:?}");
    assert_eq!(page.to_string(), format!("{sentence} ({of_page})"));
}

/// What a page learns of each, by a stable code and a sentence: what is forbidden looks like what is
/// absent. For the log there is a step, and a code of its own.
#[test]
fn who_calls_and_how_much_is_refused_in_these_words() {
    let delegated = |why: NotDelegated| Refusal::NotDelegated(why);
    let many = "a document delegates at most 64 times until some of that has expired";
    let long = "a token has at most 16 caveats of 2048 bytes together; narrow one that has fewer";
    #[rustfmt::skip]
    let rows = [
        (Refusal::Malformed, "receive", "malformed", ILL_FORMED),
        (Impostor::Unknown.into(), "authenticate", "token-unknown", DENIED),
        (Impostor::OtherHost.into(), "authenticate", "token-of-another-host", DENIED),
        (Impostor::OtherWindow.into(), "authenticate", "token-of-another-window", DENIED),
        (Impostor::OtherDocument.into(), "authenticate", "token-of-another-document", DENIED),
        (Impostor::Expired.into(), "authenticate", "token-expired", DENIED),
        (Impostor::Replayed.into(), "authenticate", "replay", DENIED),
        (Forged::NoCall.into(), "authenticate", "no-credit", ILL_FORMED),
        (Unreadable::Envelope("x").into(), "authenticate", "unreadable", ILL_FORMED),
        (Refusal::Unproved, "authenticate", "origin-unproved", DENIED),
        (delegated(NotDelegated::Unreadable("so".into())), "limit", "not-delegated", ("invalid", "so")),
        (delegated(NotDelegated::TooLong(too_long())), "limit", "not-delegated", ("too_large", long)),
        (delegated(NotDelegated::TooMany), "limit", "not-delegated", ("busy", many)),
        (delegated(NotDelegated::Gone), "limit", "not-delegated", DENIED),
        (Limited::Rate.into(), "limit", "rate", ("limited", "too many calls; wait a while")),
        (Limited::CommandInFlight.into(), "limit", "in-flight", BUSY),
        (Limited::DocumentInFlight.into(), "limit", "in-flight", BUSY),
        (Limited::Bytes.into(), "limit", "bytes", ("too_large", "the call is too large")),
        (Refusal::Revoked, "limit", "revoked", DENIED),
        (Refusal::Closing, "limit", "closing", UNAVAILABLE),
    ];
    for row in rows {
        has_its_words(row);
    }
}

/// The same of what was decided.
#[test]
fn what_is_called_is_refused_in_these_words() {
    let invalid = |pointer: &str| Refusal::Invalid {
        pointer: pointer.to_owned(),
        problem: "no number".to_owned(),
    };
    let base = |error: FileError| Refusal::Base(error);
    let withheld = Refusal::Withheld { rule: rule(), why: "a link".to_owned() };
    let outside = |kind: CaveatKind| Refusal::Outside(Outside::Of(kind));
    let fits_not = ("invalid", "the arguments do not fit: no number");
    let fits_not_there = ("invalid", "the argument at `/n` does not fit: no number");
    #[rustfmt::skip]
    let rows = [
        (outside(CaveatKind::Commands), "decide", "caveat-commands", DENIED),
        (outside(CaveatKind::Path), "decide", "caveat-path", DENIED),
        (outside(CaveatKind::Url), "decide", "caveat-url", DENIED),
        (outside(CaveatKind::Key), "decide", "caveat-key", DENIED),
        (outside(CaveatKind::Uses), "decide", "caveat-uses", DENIED),
        (Outside::Uncounted.into(), "decide", "caveat-uses", DENIED),
        (outside(CaveatKind::Expires), "authenticate", "caveat-expires", DENIED),
        (outside(CaveatKind::Origin), "authenticate", "caveat-origin", DENIED),
        (Outside::Unreadable(CaveatKind::Window).into(), "authenticate", "caveat-window", DENIED),
        (denial("app.info"), "decide", "not-granted", DENIED),
        (denial("fs.remove"), "decide", "denied-by-rule", DENIED),
        (Refusal::NoHandler, "decide", "no-handler", DENIED),
        (Refusal::NoTemplate, "decide", "no-template", DENIED),
        (Unconfirmed::Nobody.into(), "ask", "ask-nobody", DENIED),
        (Unconfirmed::Unasked.into(), "ask", "ask-unasked", DENIED),
        (Unconfirmed::Power.into(), "ask", "ask-power", DENIED),
        (Unconfirmed::No.into(), "ask", "ask-no", DENIED),
        (Unconfirmed::Unanswered.into(), "ask", "ask-unanswered", DENIED),
        (Unconfirmed::TooMany.into(), "ask", "ask-busy", DENIED),
        (Unconfirmed::WornOut.into(), "ask", "ask-worn-out", DENIED),
        (Unconfirmed::Overtaken.into(), "ask", "ask-overtaken", DENIED),
        (invalid(""), "validate", "invalid", fits_not),
        (invalid("/n"), "validate", "invalid", fits_not_there),
        (Refusal::NoResource { argument: "path" }, "scope", "no-resource", DENIED),
        (base(FileError::Escapes), "scope", "base", ("not_found", NO_FILE)),
        (base(FileError::Denied), "scope", "base", ("failed", NO_FILE)),
        (withheld, "scope", "withheld", ("not_found", NO_FILE)),
        (Refusal::Unrecorded("full".into()), "record", "audit-unavailable", UNAVAILABLE),
    ];
    for row in rows {
        has_its_words(row);
    }
}

/// What would allow it is for the developer, and only where something would.
#[test]
fn a_refusal_names_its_rule_and_what_would_allow_it() {
    let withheld = Refusal::Withheld { rule: rule(), why: "a link".to_owned() };
    let asked = |why: Unconfirmed| Refusal::Unconfirmed(why);
    let who_asks = "give the broker who asks, with `Builder::confirm_in_window` or `confirm_with`; \
                    `sidegate run` asks where it opens windows, and a run with `--headless` is told \
                    what to answer by `--answer`";
    let denied = denial("fs.remove");
    let Refusal::Denied(of_deny) = &denied else { panic!("a denial") };
    let advice = of_deny.help.clone();
    assert!(!advice.is_empty());
    #[rustfmt::skip]
    let rows = [
        (denied, Some("p.toml:7 (capability `a`, deny 1)"), Some(advice.as_str())),
        (withheld, Some("p.toml:6 (capability `a`, allow 1)"), None),
        (Refusal::NoTemplate, None, Some("a `[[template]]` with its `page`, or its origin in `takes`")),
        (Refusal::NoHandler, None, Some("register a handler for it, or take it out of the policy")),
        (Limited::Rate.into(), None, Some("a higher `limit.rate` or `limit.burst`")),
        (Limited::CommandInFlight.into(), None, Some("a higher `limit.in_flight`")),
        (Limited::Bytes.into(), None, Some("a higher `limit.bytes`")),
        (Limited::DocumentInFlight.into(), None, None),
        (Outside::Of(CaveatKind::Key).into(), None, Some("have whoever narrowed the token leave more of it")),
        (asked(Unconfirmed::Nobody), None, Some(who_asks)),
        (asked(Unconfirmed::Power), None, Some("grant it in an entry without `ask`: files that are dropped are let go before anybody could answer")),
        (asked(Unconfirmed::No), None, None),
        (Refusal::Revoked, None, None),
    ];
    for (refusal, rule, help) in rows {
        assert_eq!(refusal.rule().map(ToString::to_string).as_deref(), rule, "{refusal:?}");
        assert_eq!(refusal.help(), help, "{refusal:?}");
    }
}

/// Pages make mistakes, and pages attack; a host is ended for what only a host can do.
#[test]
fn a_host_is_blamed_for_what_its_pages_cannot_do() {
    for (refusal, expected) in [
        (Refusal::Malformed, Consequence::BadToken),
        (Impostor::Unknown.into(), Consequence::BadToken),
        (Impostor::OtherHost.into(), Consequence::Kill),
        (Forged::Chunk.into(), Consequence::Overdrawn),
        (Impostor::OtherWindow.into(), Consequence::None),
        (Impostor::Expired.into(), Consequence::None),
        (Impostor::Replayed.into(), Consequence::None),
        (denial("app.info"), Consequence::None),
        (Refusal::Revoked, Consequence::None),
    ] {
        assert_eq!(refusal.consequence(), expected, "{refusal:?}");
    }
}

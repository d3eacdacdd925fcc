//! What a session may do when another policy has come, and what becomes of its calls then.

use super::*;

const WIDE: &str = r#"
version = 1
[[capability]]
id = "wide"
windows = ["editor"]
allow = [{ commands = ["app.info", "app.quit"] }]
"#;

const ASKING: &str = r#"
version = 1
[[capability]]
id = "asking"
windows = ["editor"]
allow = [{ commands = ["app.info"] }, { commands = ["app.quit"], ask = "each call" }]
"#;

fn of_epoch(epoch: u64, text: &str) -> Policies {
    Policies { epoch, ..policies(text) }
}

const THEN: WallTime = WallTime::from_unix(0);

#[test]
fn a_session_goes_on_with_the_latest_policy_and_never_back() {
    let (wide, asking) = (of_epoch(0, WIDE), of_epoch(1, ASKING));
    let sessions = sessions();
    let (session, _) = sessions.open(identity(2, 10, 100), standing(&wide), NOW).unwrap();
    let granted_by = || ["wide", "asking", "other"].map(|id| session.is_granted_by(id));
    assert_eq!(granted_by(), [true, false, false]);
    assert_eq!(session.standing(&asking, THEN).unwrap().epoch, 1);
    assert_eq!(granted_by(), [false, true, false]);
    // A call that took the policy before is decided by that one.
    assert_eq!(session.standing(&wide, THEN).unwrap().epoch, 0);
    assert_eq!(granted_by(), [false, true, false], "and the session stays where it is");
}

#[test]
fn g08_a_call_goes_on_where_the_new_policy_has_it_asked_and_it_was() {
    let (wide, asking) = (of_epoch(0, WIDE), of_epoch(1, ASKING));
    let sessions = sessions();
    let (_, root) = sessions.open(identity(2, 10, 100), standing(&wide), NOW).unwrap();
    let found = sessions.authenticate(&root, HostId(2), WindowId(10), DocumentId(100), NOW);
    let bearer = found.unwrap();
    let calls: Vec<_> = ["app.info", "app.info", "app.quit", "app.quit"]
        .into_iter()
        .zip(1..)
        .map(|(command, call)| {
            start(&bearer, call, &CommandName::parse(command).unwrap(), 8).unwrap()
        })
        .collect();
    calls[1].mark_asked_about();
    calls[3].mark_asked_about();
    assert_eq!(sessions.review(&asking, THEN), 1);
    let stops: Vec<_> = calls.iter().map(InFlight::why_stopped).collect();
    assert_eq!(stops, [None, None, Some(Stop::PolicyChanged), None]);
    assert_eq!(sessions.review(&asking, THEN), 0, "each is stopped once");
    let nothing = of_epoch(2, "version = 1\n");
    assert_eq!(sessions.review(&nothing, THEN), 3);
}

#[test]
fn a_call_finds_out_that_another_policy_came_while_it_was_judged() {
    let (wide, asking) = (of_epoch(0, WIDE), of_epoch(1, ASKING));
    let sessions = sessions();
    let (_, root) = sessions.open(identity(2, 10, 100), standing(&wide), NOW).unwrap();
    let found = sessions.authenticate(&root, HostId(2), WindowId(10), DocumentId(100), NOW);
    let (bearer, now) = (found.unwrap(), Now { moment: NOW, wall: THEN });
    let [before, after] = [&wide, &asking].map(|policies| {
        let attenuated = bearer.attenuated(policies, now).unwrap();
        assert_eq!(attenuated.epoch(), policies.epoch);
        attenuated
    });
    let [info, quit] = ["app.info", "app.quit"].map(|name| CommandName::parse(name).unwrap());
    assert!(!start(&bearer, 1, &info, 8).unwrap().is_behind(before.epoch()));
    sessions.review(&asking, THEN);
    let calls = [(2, &info), (3, &quit)].map(|(call, name)| start(&bearer, call, name, 8).unwrap());
    for call in &calls {
        assert!(call.is_behind(before.epoch()) && !call.is_behind(after.epoch()));
    }
    bearer.review(&asking, now);
    assert_eq!(calls.map(|call| call.why_stopped()), [None, Some(Stop::PolicyChanged)]);
}

#[test]
fn all_that_runs_ends_with_the_broker() {
    let sessions = sessions();
    let command = CommandName::parse("app.info").unwrap();
    let calls: Vec<_> = [10, 11]
        .into_iter()
        .map(|window| {
            let (_, token) = sessions.open(identity(2, window, 100), nobody(), NOW).unwrap();
            let (host, window, document) = (HostId(2), WindowId(window), DocumentId(100));
            let bearer = sessions.authenticate(&token, host, window, document, NOW).unwrap();
            (start(&bearer, 1, &command, 8).unwrap(), bearer)
        })
        .collect();
    sessions.end_all();
    for (call, bearer) in &calls {
        assert_eq!(call.why_stopped(), Some(Stop::Ending));
        assert_eq!(start(bearer, 2, &command, 8).unwrap_err(), StartError::Revoked);
    }
}

const PASSING: &str = r#"
version = 1
[[capability]]
id = "first"
windows = ["editor"]
expires = 2030-01-01T00:00:00Z
allow = [{ commands = ["app.info"] }]
[[capability]]
id = "second"
windows = ["editor"]
expires = 2040-01-01T00:00:00Z
allow = [{ commands = ["app.quit"] }]
"#;

/// A wall clock that is set back gives an open session nothing back, whatever else has yet to expire.
#[test]
fn what_expired_stays_so_while_something_else_goes_on() {
    let policies = of_epoch(0, PASSING);
    let sessions = sessions();
    let (session, _) = sessions.open(identity(2, 10, 100), standing(&policies), NOW).unwrap();
    let [first, second] = [1_893_456_000, 2_208_988_800];
    for (now, expected) in [
        (first - 1, [true, true]),
        (first, [false, true]),
        (first - 1, [false, true]),
        (second, [false, false]),
        (first - 1, [false, false]),
    ] {
        session.standing(&policies, WallTime::from_unix(now)).unwrap();
        assert_eq!(["first", "second"].map(|id| session.is_granted_by(id)), expected, "{now}");
    }
}

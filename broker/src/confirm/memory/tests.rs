use super::*;

use sidegate_capabilities::{
    Args, Context, Directories, Policy, Sources, Verdict, WallTime, WindowLabel,
};
use tempfile::TempDir;

const SESSION: SessionId = SessionId(1);
const OTHER: SessionId = SessionId(2);

/// What a call of `window` would be about, on `key`, where an entry says `ask`.
fn about(window: &str, key: &str, ask: &str) -> About {
    let text = format!(
        "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"a\", \"b\"]\n\
         allow = [{{ commands = [\"do.it\"], ask = \"{ask}\" }}]\n"
    );
    let sources = Sources::from_texts([("p.toml", text.as_str())]);
    let directories = Directories::default();
    let policy = Policy::compile(&sources, &Context::new(&directories)).unwrap().policy;
    let (label, origin) = (WindowLabel::parse(window).unwrap(), Origin::local());
    let command = CommandName::parse("do.it").unwrap();
    let principal = policy.principal(&label, &origin, WallTime::from_unix(0));
    let nothing = Args::new(serde_json::Map::new());
    let Verdict::Allow(permit) = principal.decide(&command, &nothing) else { panic!("allowed") };
    let named = Named { key: Some(key.to_owned()), ..Named::default() };
    About::new((&label, &origin), &command, &named, permit.ask.as_ref().unwrap())
}

fn memory(home: &TempDir) -> Memory {
    Memory::in_file(Settings::open(&home.path().join("answers.json")).unwrap())
}

#[test]
fn an_answer_holds_for_what_it_was_given_for_and_no_longer() {
    use Lasting::{Call, ForGood, Session};
    use Recalled::{No, Nothing, Yes, YesOfOld};
    let (yes, no) = (Answer::Yes as fn(Lasting) -> Answer, Answer::No as fn(Lasting) -> Answer);
    // Said, for how long at most; how long it holds; in this session, in another, after a restart.
    #[rustfmt::skip]
    let cases = [
        (yes(Call), ForGood, Call, [Nothing, Nothing, Nothing]),
        (yes(Session), ForGood, Session, [Yes, Nothing, Nothing]),
        (yes(ForGood), ForGood, ForGood, [Yes, YesOfOld, YesOfOld]),
        (yes(ForGood), Session, Session, [Yes, Nothing, Nothing]),
        (yes(ForGood), Call, Call, [Nothing, Nothing, Nothing]),
        (yes(Session), Call, Call, [Nothing, Nothing, Nothing]),
        (no(Call), ForGood, Call, [Nothing, Nothing, Nothing]),
        (no(Session), Call, Session, [No, Nothing, Nothing]),
        (no(ForGood), Call, ForGood, [No, No, No]),
        (no(ForGood), ForGood, ForGood, [No, No, No]),
    ];
    for (answer, most, holds, [here, elsewhere, later]) in cases {
        let home = TempDir::new().unwrap();
        let (memory_now, about) = (memory(&home), about("a", "k", "once"));
        assert_eq!(memory_now.recall(SESSION, &about, most), Nothing);
        assert_eq!(memory_now.keep(SESSION, &about, answer, most), holds, "{answer:?} {most:?}");
        assert_eq!(memory_now.recall(SESSION, &about, most), here, "{answer:?} {most:?}");
        assert_eq!(memory_now.recall(OTHER, &about, most), elsewhere, "{answer:?} {most:?}");
        drop(memory_now);
        assert_eq!(memory(&home).recall(OTHER, &about, most), later, "{answer:?} {most:?}");
    }
}

#[test]
fn a_yes_is_for_its_window_its_values_and_its_entry_alone() {
    let home = TempDir::new().unwrap();
    let memory = memory(&home);
    let mine = about("a", "k", "once");
    let _ = memory.keep(SESSION, &mine, Answer::Yes(Lasting::ForGood), Lasting::ForGood);
    for other in [about("b", "k", "once"), about("a", "l", "once"), about("a", "k", "each session")]
    {
        for session in [SESSION, OTHER] {
            let found = memory.recall(session, &other, Lasting::ForGood);
            assert_eq!(found, Recalled::Nothing, "{other:?}");
        }
    }
    // It was for good, and says nothing where each session, or each call, is asked about.
    assert_eq!(memory.recall(OTHER, &mine, Lasting::Session), Recalled::Nothing);
    assert_eq!(memory.recall(SESSION, &mine, Lasting::Call), Recalled::Nothing);
}

#[test]
fn another_policy_forgets_what_it_does_not_ask() {
    let home = TempDir::new().unwrap();
    let memory_now = memory(&home);
    let (kept, gone) = (about("a", "k", "once"), about("a", "k", "each session"));
    for about in [&kept, &gone] {
        let _ = memory_now.keep(SESSION, about, Answer::Yes(Lasting::ForGood), Lasting::ForGood);
    }
    memory_now.forget_but([kept.terms.as_str()].into_iter());
    for memory in [memory_now, memory(&home)] {
        assert_eq!(memory.recall(OTHER, &kept, Lasting::ForGood), Recalled::YesOfOld);
        for session in [SESSION, OTHER] {
            assert_eq!(memory.recall(session, &gone, Lasting::ForGood), Recalled::Nothing);
        }
        memory.forget_all();
        assert_eq!(memory.recall(OTHER, &kept, Lasting::ForGood), Recalled::Nothing);
        let _ = memory.keep(SESSION, &kept, Answer::Yes(Lasting::ForGood), Lasting::ForGood);
    }
}

#[test]
fn who_is_refused_again_and_again_is_not_heard_any_more() {
    let home = TempDir::new().unwrap();
    let memory = memory(&home);
    let (one, two) = (about("a", "k", "once"), about("a", "l", "once"));
    for _ in 1..MAX_NOES {
        memory.unanswered(&one);
    }
    assert_eq!(memory.recall(OTHER, &two, Lasting::Call), Recalled::Nothing);
    let _ = memory.keep(SESSION, &two, Answer::Yes(Lasting::Call), Lasting::Call);
    for _ in 0..MAX_NOES {
        assert_eq!(memory.recall(OTHER, &two, Lasting::Call), Recalled::Nothing);
        let _ = memory.keep(SESSION, &one, Answer::No(Lasting::Call), Lasting::Call);
    }
    // Of the window and the command, whatever it names and however often it is loaded.
    assert_eq!(memory.recall(OTHER, &two, Lasting::Call), Recalled::WornOut);
    let other = about("b", "k", "once");
    assert_eq!(memory.recall(OTHER, &other, Lasting::Call), Recalled::Nothing);
}

#[test]
fn a_no_is_an_answer_to_all_who_wait_with_the_same_question() {
    let home = TempDir::new().unwrap();
    let memory = memory(&home);
    let (mine, other) = (about("a", "k", "once"), about("b", "k", "once"));
    let before = memory.noes();
    let _ = memory.keep(SESSION, &mine, Answer::No(Lasting::Call), Lasting::ForGood);
    assert!(memory.was_refused_since(before, &mine) && !memory.was_refused_since(before, &other));
    assert!(!memory.was_refused_since(memory.noes(), &mine), "it may ask again");
    for _ in 0..LAST_NOES {
        memory.unanswered(&other);
    }
    assert_eq!(memory.lock().last_noes.len(), LAST_NOES);
}

#[test]
fn there_is_a_bound_to_what_is_remembered() {
    let home = TempDir::new().unwrap();
    let memory = memory(&home);
    let yes = Answer::Yes(Lasting::Session);
    for n in 0..MAX_OF_SESSION {
        let about = about("a", &format!("k{n}"), "once");
        assert_eq!(memory.keep(SESSION, &about, yes, Lasting::ForGood), Lasting::Session);
    }
    let one_more = about("a", "one-more", "once");
    assert_eq!(memory.keep(SESSION, &one_more, yes, Lasting::ForGood), Lasting::Call);
    let sessions = u64::try_from(MAX_SESSIONS).unwrap();
    for session in 2..sessions + 2 {
        let _ = memory.keep(SessionId(session), &one_more, yes, Lasting::ForGood);
    }
    assert_eq!(memory.lock().sessions.len(), MAX_SESSIONS);
    assert_eq!(
        memory.recall(SESSION, &about("a", "k0", "once"), Lasting::Session),
        Recalled::Nothing
    );
}

#[test]
fn what_stands_in_the_file_and_is_no_answer_is_none() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("answers.json");
    let about = about("a", "k", "once");
    let key = about.key();
    for text in [
        format!("{{\"{key}\": true}}"),
        format!("{{\"{key}\": {{\"yes\": true}}}}"),
        // Of another, under this one's key.
        format!(
            "{{\"{key}\": {{\"window\": \"b\", \"origin\": \"app://localhost\", \
             \"command\": \"do.it\", \"path\": null, \"url\": null, \"key\": \"k\", \
             \"terms\": \"\", \"yes\": true}}}}"
        ),
    ] {
        std::fs::write(&path, &text).unwrap();
        let memory = memory(&home);
        assert_eq!(memory.recall(SESSION, &about, Lasting::ForGood), Recalled::Nothing, "{text}");
        memory.forget_but(std::iter::empty());
        assert_eq!(memory.file.keys(), Vec::<String>::new());
    }
}

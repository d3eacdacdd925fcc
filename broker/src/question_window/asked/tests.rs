use super::*;

use crate::app::{AppDirectories, AppId};
use crate::wire::SandboxLevel;

use Lasting::{Call, ForGood, Session};

fn app() -> AskingApp {
    let id = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(std::path::Path::new("/nowhere"), &id);
    let (name, least) = ("An app".to_owned(), SandboxLevel::A);
    AskingApp { id, name, directories, host: None, least, debug: false }
}

fn asked(most: Lasting) -> (Arc<Asked>, oneshot::Receiver<Answer>) {
    let question = Question::like("do the work", &[("key", "a")], most);
    let (asked, answered) = Asked::new(7, &app(), &question);
    (Arc::new(asked), answered)
}

/// What happens to a question, and when: milliseconds after it was made.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Handed,
    Keyboard,
    NoKeyboard,
    Yes(Result<(), NotTaken>),
    No,
}

use Happens::{Handed, Keyboard, No, NoKeyboard, Yes};

const OK: Happens = Yes(Ok(()));
const EARLY: Happens = Yes(Err(NotTaken::TooEarly));

#[test]
fn a_yes_counts_once_the_window_has_stood_for_a_moment_with_the_keyboard_and_a_no_always() {
    let cases: [&[(u64, Happens)]; 11] = [
        &[(0, Keyboard), (10, Handed), (1010, OK)],
        &[(0, Keyboard), (10, Handed), (1009, EARLY)],
        &[(0, Handed), (500, Keyboard), (1499, EARLY)],
        &[(0, Handed), (500, Keyboard), (1500, OK)],
        // Each that came too early begins the moment anew.
        &[(0, Handed), (0, Keyboard), (900, EARLY), (1000, EARLY), (1999, EARLY), (2999, OK)],
        // The window was left, or moved, and came back.
        &[(0, Handed), (0, Keyboard), (2000, NoKeyboard), (5000, EARLY), (5000, Keyboard)],
        &[(0, Handed), (0, Keyboard), (2000, NoKeyboard), (3000, Keyboard), (3999, EARLY)],
        &[(0, Handed), (0, Keyboard), (2000, Keyboard), (2999, EARLY)],
        // Never shown, or never before the person.
        &[(0, Keyboard), (9000, EARLY)],
        &[(0, Handed), (9000, EARLY)],
        &[(0, No)],
    ];
    for case in cases {
        let (asked, mut answered) = asked(Call);
        let mut expected = None;
        for (at, happens) in case {
            let now = Moment::from_nanos((5_000 + at) * 1_000_000);
            match *happens {
                Handed => asked.hand_over(now).unwrap(),
                Keyboard => asked.stands(true, now),
                NoKeyboard => asked.stands(false, now),
                Yes(taken) => {
                    assert_eq!(asked.take(7, Answer::Yes(Call), now), taken, "{case:?}");
                    expected = taken.is_ok().then_some(Answer::Yes(Call));
                }
                No => {
                    asked.take(7, Answer::No(Session), now).unwrap();
                    expected = Some(Answer::No(Session));
                }
            }
        }
        assert_eq!(answered.try_recv().ok(), expected, "{case:?}");
    }
}

/// A question that was before the person for long enough.
fn settled(most: Lasting) -> (Arc<Asked>, oneshot::Receiver<Answer>, Moment) {
    let (asked, answered) = asked(most);
    let begin = Moment::from_nanos(1);
    asked.hand_over(begin).unwrap();
    asked.stands(true, begin);
    (asked, answered, begin.after(SETTLED))
}

#[test]
fn an_answer_is_one_that_was_offered_to_the_question_that_is_shown() {
    for (number, most, answer, taken) in [
        (7, Call, Answer::Yes(Call), Ok(())),
        (7, Call, Answer::Yes(Session), Err(NotTaken::NotOffered)),
        (7, Session, Answer::Yes(Session), Ok(())),
        (7, Session, Answer::Yes(ForGood), Err(NotTaken::NotOffered)),
        (7, ForGood, Answer::Yes(ForGood), Ok(())),
        (7, Call, Answer::No(Session), Ok(())),
        (6, ForGood, Answer::Yes(Call), Err(NotTaken::AnotherQuestion)),
        (8, ForGood, Answer::No(Call), Err(NotTaken::AnotherQuestion)),
    ] {
        let (asked, mut answered, now) = settled(most);
        assert_eq!(asked.take(number, answer, now), taken, "{number} {most:?} {answer:?}");
        assert_eq!(answered.try_recv().ok(), taken.ok().map(|()| answer));
    }
}

#[test]
fn a_question_has_one_answer() {
    let (asked, mut answered, now) = settled(ForGood);
    asked.take(7, Answer::No(Call), now).unwrap();
    assert_eq!(asked.take(7, Answer::Yes(ForGood), now), Err(NotTaken::Over));
    assert_eq!(asked.take(7, Answer::No(Session), now), Err(NotTaken::Over));
    asked.closed();
    asked.lost();
    assert_eq!(answered.try_recv(), Ok(Answer::No(Call)));
}

#[test]
fn what_ends_without_an_answer_is_no_yes() {
    type End = fn(&Arc<Asked>);
    let ends: [(&str, End, Answer); 5] = [
        ("closed", |asked| asked.closed(), Answer::Unasked),
        (
            "closed after it was shown",
            |asked| {
                asked.hand_over(Moment::now()).unwrap();
                asked.closed();
            },
            Answer::No(Call),
        ),
        ("lost", |asked| asked.lost(), Answer::Unasked),
        (
            "lost after it was shown",
            |asked| {
                asked.hand_over(Moment::now()).unwrap();
                asked.lost();
            },
            Answer::Unasked,
        ),
        (
            "shown a second time",
            |asked| {
                asked.hand_over(Moment::now()).unwrap();
                assert_eq!(asked.hand_over(Moment::now()), Err(NotTaken::Over));
            },
            Answer::Unasked,
        ),
    ];
    for (name, end, expected) in ends {
        let (asked, mut answered) = asked(ForGood);
        end(&asked);
        assert_eq!(answered.try_recv(), Ok(expected), "{name}");
    }
}

#[tokio::test]
async fn its_page_hears_the_question_and_from_when_on_a_yes_counts() {
    let (asked, _answered) = asked(Session);
    let mut said = Box::pin(asked.said());
    let Some(Ok(Said::Question(sheet))) = said.next().await else { panic!("no question") };
    let sheet = serde_json::to_value(&sheet).unwrap();
    let expected = serde_json::json!({
        "number": 7, "app": "An app", "id": "org.example.app", "window": "editor",
        "origin": "app://localhost", "command": "work.do", "what": "do the work",
        "values": [["key", "a"]], "most": "session", "settled": 1000,
    });
    assert_eq!(sheet, expected);
    let mut ready = async || match said.next().await {
        Some(Ok(Said::Ready(ready))) => ready,
        other => panic!("{other:?}"),
    };
    assert!(!ready().await, "not shown yet");
    let begin = Moment::now();
    asked.hand_over(begin).unwrap();
    asked.stands(true, begin);
    assert!(ready().await);
    assert!(Moment::now().since(begin) >= SETTLED);
    asked.stands(false, Moment::now());
    assert!(!ready().await, "left");
}

#[tokio::test]
async fn it_is_over_with_its_answer() {
    use futures_util::FutureExt;
    let (asked, answered) = asked(Call);
    let mut over = Box::pin(asked.over());
    assert!(over.as_mut().now_or_never().is_none());
    asked.lost();
    over.await;
    assert_eq!(answered.await, Ok(Answer::Unasked));
}

/// A page that names much gets a window that shows more of it, and none that no screen has room for.
#[test]
fn a_window_is_as_high_as_what_it_shows() {
    let height = |values: &[(&str, &str)]| {
        let question = Question::like("do the work", values, Call);
        Asked::new(1, &app(), &question).0.height()
    };
    let long = "x".repeat(220);
    let (one, much) = (height(&[("key", "a")]), height(&[("text", &*long)].repeat(12)));
    assert!(height(&[]) < one && one < much, "{one} {much}");
    assert_eq!(much, 700);
}

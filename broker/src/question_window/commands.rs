//! The two commands that the window has: it is told the question, and says the answer.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use crate::clock::Moment;
use crate::confirm::{Answer, Lasting};
use crate::handler::{Call, Command, HandlerError, NoArgs};
use crate::wire::WindowChange;

/// What the page says.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Given {
    /// The number of the question that it shows.
    number: u64,
    answer: Word,
    lasting: Span,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    Yes,
    No,
}

/// [`Lasting`], as the page and the log spell it.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Span {
    Call,
    Session,
    ForGood,
}

#[derive(Serialize)]
struct Taken {}

pub(super) fn all(asked: &Arc<Asked>) -> [Command; 2] {
    let (watched, answered) = (Arc::clone(asked), Arc::clone(asked));
    let watch = move |call: Call, _: NoArgs| {
        let asked = Arc::clone(&watched);
        async move {
            asked.hand_over(Moment::now())?;
            for change in [WindowChange::AlwaysOnTop(true), WindowChange::Focus] {
                // Where the platform does not do that, it is to be seen all the same.
                let _undone = call.port().change(change);
            }
            Ok(asked.said())
        }
    };
    let answer = move |_: Call, given: Given| {
        let taken = answered.take(given.number, given.into(), Moment::now());
        std::future::ready(taken.map(|()| Taken {}).map_err(HandlerError::from))
    };
    [
        Command::feed("question.watch", watch).describe("hears the question that is to be shown"),
        Command::new("question.answer", answer).describe("answers the question that is shown"),
    ]
}

impl From<Given> for Answer {
    fn from(given: Given) -> Self {
        let lasting = match given.lasting {
            Span::Call => Lasting::Call,
            Span::Session => Lasting::Session,
            Span::ForGood => Lasting::ForGood,
        };
        match given.answer {
            Word::Yes => Self::Yes(lasting),
            Word::No => Self::No(lasting),
        }
    }
}

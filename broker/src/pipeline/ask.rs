//! Ask: where the policy has the person asked, they are, after the decision and before the record. A
//! grant becomes [`Confirmed`] here and nowhere else: at once where nobody has to be asked or the answer
//! is known, else by a yes that stands in the log. A use of the token is taken only then.
//!
//! While it is asked, the call is in flight like any other: its page may cancel it, a revocation and
//! another policy stop it, the broker does not wait for it to go down. How the question is put is
//! `ask/subject`'s, for what is no call too; who asks, and what is remembered, is `confirm`'s.

mod subject;

use sidegate_capabilities::Permit;

use super::decide::Granted;
use super::record::{self, Recorded};
use super::{Pipeline, Reply, Stopped};
use crate::clock::Moment;
use crate::session::{Attenuated, InFlight, Outside, Spent};

pub(super) use subject::{Known, Silent, Subject, Wish};

/// A grant that the person was asked about, where they have to be, and said yes to: the only thing
/// that can be recorded.
#[derive(Debug)]
pub(crate) struct Confirmed {
    granted: Box<Granted>,
    _yes: Yes,
}

/// That the person said yes, or that they do not have to be asked: the only thing that makes a
/// grant a confirmed one.
#[derive(Debug)]
pub(super) struct Yes {
    /// What was taken off the token's uses for it.
    _spent: Spent,
}

/// A grant that waits for the person.
#[derive(Debug)]
pub(crate) struct Unanswered {
    granted: Box<Granted>,
    wish: Box<Wish>,
}

/// What became of a grant.
#[derive(Debug)]
pub(super) enum Asked {
    /// It may go on.
    Confirmed(Confirmed),
    /// Somebody has to be asked.
    Person(Unanswered),
}

/// Why a call that the policy allows was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unconfirmed {
    #[error("the policy has the person asked, and this broker has nobody who asks them")]
    Nobody,
    #[error(
        "the policy has the person asked, which nobody can be about what they hold in their hand"
    )]
    Power,
    #[error("the person said no")]
    No,
    #[error("the person did not answer in time")]
    Unanswered,
    #[error("the person could not be asked: what shows the question did not come up, or went down")]
    Unasked,
    #[error("as many questions wait for the person as may")]
    TooMany,
    #[error("the person was asked in vain too often about this window and command")]
    WornOut,
    #[error("what the person was asked about does not hold any more")]
    Overtaken,
}

impl Unconfirmed {
    /// For the developer: what would allow it.
    pub(super) fn help(self) -> Option<&'static str> {
        match self {
            Self::Nobody => Some(
                "give the broker who asks, with `Builder::confirm_in_window` or `confirm_with`; \
                 `sidegate run` asks where it opens windows, and a run with `--headless` is told \
                 what to answer by `--answer`",
            ),
            Self::Unasked => Some(
                "look into the standard error of the broker, and into the log of the window that \
                 asks: `question/audit.jsonl` in the app's state directory",
            ),
            Self::Power => Some(
                "grant it in an entry without `ask`: files that are dropped are let go before anybody \
                 could answer",
            ),
            Self::No | Self::Unanswered | Self::TooMany | Self::WornOut | Self::Overtaken => None,
        }
    }
}

/// Confirms a grant that nobody has to be asked about, or whose answer is known.
pub(super) fn ask(pipeline: &Pipeline, mut granted: Box<Granted>) -> Result<Asked, Box<Stopped>> {
    let Some(wish) = granted.wish.take() else {
        return match yes(&granted.standing) {
            Ok(yes) => Ok(Asked::Confirmed(Confirmed { granted, _yes: yes })),
            Err(outside) => Err(Stopped::new(granted.trail, outside)),
        };
    };
    match subject(&granted, &wish).recall(pipeline) {
        Ok(Known::Yes(yes)) => Ok(Asked::Confirmed(Confirmed { granted, _yes: yes })),
        Ok(Known::Nothing) => Ok(Asked::Person(Unanswered { granted, wish })),
        Err(refusal) => Err(Stopped::new(granted.trail, refusal)),
    }
}

fn subject<'a>(granted: &'a Granted, wish: &'a Wish) -> Subject<'a> {
    let Granted { trail, in_flight, standing, records, .. } = granted;
    Subject { trail, in_flight, standing, records: *records, wish }
}

/// How a question ended without a yes.
#[derive(Debug)]
pub(super) enum Ended {
    /// The call is refused.
    Refused(Box<Stopped>, InFlight),
    /// The call was stopped meanwhile, which is in the log; what its page is told, if it waits.
    Stopped(Option<(Reply, InFlight)>),
}

impl Unanswered {
    /// Asks the person.
    pub(super) async fn answered(self, pipeline: &Pipeline) -> Result<Confirmed, Ended> {
        let Self { granted, wish } = self;
        let answered = subject(&granted, &wish).answered(pipeline).await;
        match answered {
            Ok(yes) => Ok(Confirmed { granted, _yes: yes }),
            Err(Silent::Stopped(told)) => {
                let Granted { call, in_flight, .. } = *granted;
                Err(Ended::Stopped(told.map(|told| (Reply::error(call, &told), in_flight))))
            }
            Err(Silent::Refused(refusal)) => {
                let Granted { trail, in_flight, .. } = *granted;
                Err(Ended::Refused(Stopped::new(trail, refusal), in_flight))
            }
        }
    }
}

/// The one maker of a yes. Last, so that what is refused for another reason costs no use.
fn yes(standing: &Attenuated) -> Result<Yes, Outside> {
    standing.spend().map(|spent| Yes { _spent: spent })
}

/// That of a power that nobody has to be asked about; `None` where somebody has.
pub(super) fn unasked(permit: &Permit<'_>, standing: &Attenuated) -> Option<Result<Yes, Outside>> {
    permit.ask.is_none().then(|| yes(standing))
}

impl Confirmed {
    /// For its record, which uses it up.
    pub(super) fn into_granted(self) -> Box<Granted> {
        self.granted
    }
}

/// A call that went through all that is decided at once.
#[derive(Debug)]
pub(crate) enum Due {
    /// It is recorded, and can be dispatched.
    Recorded(Recorded),
    /// The person is to be asked.
    Asked(Unanswered),
}

impl Due {
    /// Asks the person, where that is due, and runs the handler: see [`Recorded::dispatch`].
    pub(crate) async fn dispatch(
        self,
        pipeline: &Pipeline,
        outlet: &std::sync::Arc<dyn crate::streams::Outlet>,
    ) -> Option<(Reply, InFlight)> {
        let unanswered = match self {
            Self::Recorded(recorded) => return recorded.dispatch(&pipeline.ledger, outlet).await,
            Self::Asked(unanswered) => unanswered,
        };
        let recorded = match unanswered.answered(pipeline).await {
            Ok(confirmed) => record::record(&pipeline.ledger, confirmed, Moment::now()),
            Err(Ended::Refused(stopped, in_flight)) => Err((stopped, in_flight)),
            Err(Ended::Stopped(told)) => return told,
        };
        match recorded {
            Ok(recorded) => recorded.dispatch(&pipeline.ledger, outlet).await,
            Err((stopped, in_flight)) => {
                let refused = pipeline.refuse(*stopped, Moment::now());
                refused.reply.map(|reply| (reply, in_flight))
            }
        }
    }
}

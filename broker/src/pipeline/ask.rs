//! Ask: where the policy has the person asked, they are, after the decision and before the record. A
//! grant becomes [`Confirmed`] here and nowhere else: at once where nobody has to be asked or the answer
//! is known, else by a yes that stands in the log. A use of the token is taken only then.
//!
//! While it is asked, the call is in flight like any other: its page may cancel it, a revocation and
//! another policy stop it, the broker does not wait for it to go down. Who asks, and what is remembered,
//! is `confirm`'s.

use sidegate_capabilities::{Args, Ask, AskWhen, CommandName};

use super::authenticate::Authenticated;
use super::decide::Granted;
use super::outcome::Outcome;
use super::record::{self, Recorded};
use super::{Pipeline, Refusal, Reply, Stopped, Trail};
use crate::audit::{Answered, Event};
use crate::clock::{Moment, Now};
use crate::confirm::{About, Answer, Lasting, Named, NoTurn, Person, Question, Recalled, Wording};
use crate::session::{Barred, InFlight, Spent};

/// A grant that the person was asked about, where they have to be, and said yes to: the only thing
/// that can be recorded.
#[derive(Debug)]
pub(crate) struct Confirmed {
    granted: Box<Granted>,
    /// What was taken off the token's uses for it.
    _spent: Spent,
}

/// A grant that waits for the person.
#[derive(Debug)]
pub(crate) struct Unanswered {
    granted: Box<Granted>,
    wish: Box<Wish>,
}

/// What is to be asked.
#[derive(Debug)]
pub(super) struct Wish {
    ask: Ask,
    command: CommandName,
    args: Args,
    named: Named,
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
        "the policy has the person asked, which nobody can be about what a page reaches for without a call"
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
            Self::Power => Some("take `ask` off its entry: a WebView does not wait for a person"),
            Self::No | Self::Unanswered | Self::TooMany | Self::WornOut | Self::Overtaken => None,
        }
    }
}

impl Wish {
    /// What there is to ask about a call, where its permit wants that.
    pub(super) fn of(call: &Authenticated, ask: &Ask, named: Named) -> Box<Self> {
        let (command, args) = (call.command.clone(), call.args.clone());
        Box::new(Self { ask: ask.clone(), command, args, named })
    }
}

/// Confirms a grant that nobody has to be asked about, or whose answer is known.
pub(super) fn ask(pipeline: &Pipeline, mut granted: Box<Granted>) -> Result<Asked, Box<Stopped>> {
    let Some(wish) = granted.wish.take() else {
        return confirm(granted).map(Asked::Confirmed).map_err(|(stopped, _)| stopped);
    };
    let Some(person) = &pipeline.person else {
        return Err(Stopped::new(granted.trail, Unconfirmed::Nobody));
    };
    // A policy that has it asked as well does not stop it, once it was.
    granted.in_flight.mark_asked_about();
    match recall(pipeline, person, &granted, &wish) {
        Ok(Known::Yes) => confirm(granted).map(Asked::Confirmed).map_err(|(stopped, _)| stopped),
        Ok(Known::Nothing) => Ok(Asked::Person(Unanswered { granted, wish })),
        Err(refusal) => Err(Stopped::new(granted.trail, refusal)),
    }
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
        // Where nobody waits any more, this future is dropped, and that is the end of the call.
        let mut outcome =
            Outcome::of(&pipeline.ledger, &granted.trail, granted.records, &granted.in_flight);
        let asking = tokio::select! {
            biased;
            () = granted.in_flight.stopped() => None,
            () = pipeline.gate.closed() => Some(Err(Refusal::Closing)),
            asked = put(pipeline, &granted, &wish) => Some(asked),
        };
        match asking {
            None => {
                let told = outcome.stopped();
                drop(outcome);
                let Granted { call, in_flight, .. } = *granted;
                Err(Ended::Stopped(told.map(|told| (Reply::error(call, &told), in_flight))))
            }
            Some(Ok(())) => {
                outcome.left_open();
                confirm(granted).map_err(|(stopped, in_flight)| Ended::Refused(stopped, in_flight))
            }
            Some(Err(refusal)) => {
                outcome.left_open();
                let Granted { trail, in_flight, .. } = *granted;
                Err(Ended::Refused(Stopped::new(trail, refusal), in_flight))
            }
        }
    }
}

/// The one place where a grant is confirmed.
fn confirm(granted: Box<Granted>) -> Result<Confirmed, (Box<Stopped>, InFlight)> {
    // Last, so that a call which is refused for another reason costs no use.
    match granted.standing.spend() {
        Ok(spent) => Ok(Confirmed { granted, _spent: spent }),
        Err(outside) => {
            let Granted { trail, in_flight, .. } = *granted;
            Err((Stopped::new(trail, outside), in_flight))
        }
    }
}

impl Confirmed {
    /// For its record, which uses it up.
    pub(super) fn into_granted(self) -> Box<Granted> {
        self.granted
    }
}

/// What is known without asking.
enum Known {
    Yes,
    Nothing,
}

fn recall(
    pipeline: &Pipeline,
    person: &Person,
    granted: &Granted,
    wish: &Wish,
) -> Result<Known, Refusal> {
    let about = about(&granted.trail, wish)?;
    let session = granted.standing.session();
    match person.memory.recall(session, &about, Lasting::most(wish.ask.when())) {
        Recalled::Nothing => Ok(Known::Nothing),
        Recalled::Yes => Ok(Known::Yes),
        Recalled::YesOfOld => {
            // Each log has the yes that its calls ran on, once for each document.
            let answer = (Answer::Yes(Lasting::ForGood), Lasting::ForGood, "memory");
            note(pipeline, granted, wish, Some(answer))?;
            person.memory.used(session, &about);
            Ok(Known::Yes)
        }
        Recalled::No => Err(Unconfirmed::No.into()),
        Recalled::WornOut => Err(Unconfirmed::WornOut.into()),
    }
}

/// Puts the question, when its turn has come. `Ok` is a yes that is in the log.
async fn put(pipeline: &Pipeline, granted: &Granted, wish: &Wish) -> Result<(), Refusal> {
    let person = pipeline.person.as_ref().ok_or(Unconfirmed::Nobody)?;
    let about = about(&granted.trail, wish)?;
    let noes = person.memory.noes();
    let window = &granted.trail.identity.as_ref().ok_or(Unconfirmed::Overtaken)?.label;
    let _turn = person.turns.of(window).await.map_err(|why| match why {
        NoTurn::TooMany => Unconfirmed::TooMany,
        NoTurn::NeverCame => Unconfirmed::Unanswered,
    })?;
    // Somebody with the same question may have had an answer meanwhile.
    if person.memory.was_refused_since(noes, &about) {
        return Err(Unconfirmed::No.into());
    }
    if let Known::Yes = recall(pipeline, person, granted, wish)? {
        return still_holds(granted, wish);
    }
    note(pipeline, granted, wish, None)?;
    let question = question(pipeline, granted, wish)?;
    let Some(answer) = person.ask(question).await else {
        person.memory.unanswered(&about);
        return Err(Unconfirmed::Unanswered.into());
    };
    let session = granted.standing.session();
    let most = Lasting::most(wish.ask.when());
    match answer {
        Answer::Unasked => {
            // It counts like a silence: a page must not have what asks come up without end.
            person.memory.unanswered(&about);
            Err(Unconfirmed::Unasked.into())
        }
        Answer::No(_) => {
            let kept = person.memory.keep(session, &about, answer, most);
            // That the call was refused stands in the log in any case.
            let _noted = note(pipeline, granted, wish, Some((answer, kept, "person")));
            Err(Unconfirmed::No.into())
        }
        Answer::Yes(lasting) => {
            still_holds(granted, wish)?;
            // An entry that another policy has taken away or changed is asked about anew.
            let most = if is_still_asked(pipeline, wish) { most } else { Lasting::Call };
            // In the log before it is kept: no call runs on a yes that is not there.
            note(pipeline, granted, wish, Some((answer, lasting.min(most), "person")))?;
            let _kept = person.memory.keep(session, &about, answer, most);
            Ok(())
        }
    }
}

/// A person takes their time. What ended meanwhile, a capability or a token, has ended for this call,
/// and where a call is stopped, another yes must not be kept for it.
fn still_holds(granted: &Granted, wish: &Wish) -> Result<(), Refusal> {
    if granted.in_flight.why_stopped().is_some() {
        return Err(Refusal::Revoked);
    }
    let standing = match granted.standing.again(&granted.trail.force.policies, Now::read()) {
        Ok(standing) => standing,
        Err(Barred::Unknown) => return Err(Refusal::Revoked),
        Err(Barred::Outside(outside)) => return Err(outside.into()),
    };
    let permit = standing.decide(&wish.command, &wish.args).permit()?;
    let is_same = permit.ask.as_ref().is_some_and(|ask| ask.terms() == wish.ask.terms())
        && Named::of(&permit) == wish.named;
    if is_same { Ok(()) } else { Err(Unconfirmed::Overtaken.into()) }
}

fn is_still_asked(pipeline: &Pipeline, wish: &Wish) -> bool {
    pipeline.force.load().policies.enforced.asks().any(|terms| terms == wish.ask.terms())
}

fn question(pipeline: &Pipeline, granted: &Granted, wish: &Wish) -> Result<Question, Refusal> {
    let identity = granted.trail.identity.as_ref().ok_or(Unconfirmed::Overtaken)?;
    let registered = pipeline.registry.get(&wish.command);
    let shown = granted.trail.force.showing.of(&wish.command, &wish.args);
    Ok(Question::new(&Wording {
        window: &identity.label,
        origin: &identity.origin,
        command: &wish.command,
        ask: &wish.ask,
        description: registered.and_then(|found| found.signature.description.as_deref()),
        named: &wish.named,
        args: &shown.args,
    }))
}

fn about(trail: &Trail, wish: &Wish) -> Result<About, Refusal> {
    let identity = trail.identity.as_ref().ok_or(Unconfirmed::Overtaken)?;
    let caller = (&identity.label, &identity.origin);
    Ok(About::new(caller, &wish.command, &wish.named, &wish.ask))
}

/// Writes down that the person is asked, or what they said: for how long that holds, and whether it is
/// `"person"` or `"memory"` that says so.
fn note(
    pipeline: &Pipeline,
    granted: &Granted,
    wish: &Wish,
    answer: Option<(Answer, Lasting, &'static str)>,
) -> Result<(), Refusal> {
    let trail = &granted.trail;
    let (window, origin) = (trail.window(), trail.origin());
    let (command, rule) = (wish.command.as_str(), wish.ask.rule().to_string());
    let (document, call) = (trail.document.0, granted.call);
    let Some((answer, lasting, by)) = answer else {
        let when = when(wish.ask.when());
        let event =
            Event::Asked { window: &window, document, origin, command, call, rule: &rule, when };
        // A page can bring it about as often as it cancels.
        let kind = (&*window, origin, "asked");
        let noted = pipeline.ledger.event(trail.policy(), kind, &event, Moment::now());
        return noted.map(drop).map_err(|error| Refusal::Unrecorded(error.to_string()));
    };
    let event = Event::Answered(Answered {
        window: &window,
        document,
        origin,
        command,
        call,
        rule: &rule,
        answer: if matches!(answer, Answer::Yes(_)) { "yes" } else { "no" },
        holds: lasting.word(),
        by,
    });
    let noted = pipeline.ledger.write(trail.policy(), &event);
    noted.map(drop).map_err(|error| Refusal::Unrecorded(error.to_string()))
}

fn when(when: AskWhen) -> &'static str {
    match when {
        AskWhen::EachCall => "each-call",
        AskWhen::EachSession => "each-session",
        AskWhen::Once => "once",
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

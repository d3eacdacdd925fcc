//! The subject of a question: a call, or what a page reaches for without one. How the person is asked
//! about it, what is remembered, what ends the question without an answer and what is in the log of it
//! is the same for both.

use sidegate_capabilities::{Args, Ask, AskWhen, CommandName};

use super::{Unconfirmed, Yes, yes};
use crate::audit::{Answered, Event};
use crate::clock::{Moment, Now};
use crate::confirm::{About, Answer, Lasting, Named, NoTurn, Person, Question, Recalled, Wording};
use crate::ledger::Records;
use crate::pipeline::authenticate::Authenticated;
use crate::pipeline::outcome::Outcome;
use crate::pipeline::{PageError, Pipeline, Refusal, Trail};
use crate::session::{Attenuated, Barred, InFlight};

/// What is to be asked.
#[derive(Debug)]
pub(in crate::pipeline) struct Wish {
    ask: Ask,
    command: CommandName,
    args: Args,
    named: Named,
    /// What is said of it where the policy says nothing, if it is no command that somebody registered.
    says: Option<&'static str>,
}

impl Wish {
    /// What there is to ask about a call, where its permit wants that.
    pub(in crate::pipeline) fn of(call: &Authenticated, ask: &Ask, named: Named) -> Box<Self> {
        let (command, args) = (call.command.clone(), call.args.clone());
        Box::new(Self { ask: ask.clone(), command, args, named, says: None })
    }

    /// The same of what is no call.
    pub(in crate::pipeline) fn saying(mut self: Box<Self>, says: &'static str) -> Box<Self> {
        self.says = Some(says);
        self
    }
}

/// What the person is asked about.
#[derive(Debug, Clone, Copy)]
pub(in crate::pipeline) struct Subject<'a> {
    pub(in crate::pipeline) trail: &'a Trail,
    pub(in crate::pipeline) in_flight: &'a InFlight,
    pub(in crate::pipeline) standing: &'a Attenuated,
    pub(in crate::pipeline) records: Records,
    pub(in crate::pipeline) wish: &'a Wish,
}

/// What is known without asking.
#[derive(Debug)]
pub(in crate::pipeline) enum Known {
    Yes(Yes),
    Nothing,
}

/// How a question ended without a yes.
#[derive(Debug)]
pub(in crate::pipeline) enum Silent {
    /// It is refused, which is not in the log yet.
    Refused(Refusal),
    /// It was stopped meanwhile, which is; what its page is told, if it waits.
    Stopped(Option<PageError>),
}

impl Subject<'_> {
    /// What was said of it before. From here on a policy that has it asked as well does not stop it.
    pub(in crate::pipeline) fn recall(&self, pipeline: &Pipeline) -> Result<Known, Refusal> {
        let person = pipeline.person.as_ref().ok_or(Unconfirmed::Nobody)?;
        self.in_flight.mark_asked_about();
        if !self.is_remembered(pipeline, person)? {
            return Ok(Known::Nothing);
        }
        yes(self.standing).map(Known::Yes).map_err(Refusal::from)
    }

    /// Asks the person. `Ok` is a yes that is in the log.
    pub(in crate::pipeline) async fn answered(&self, pipeline: &Pipeline) -> Result<Yes, Silent> {
        // Where nobody waits any more, this future is dropped, and that is the end of it.
        let mut outcome = Outcome::of(&pipeline.ledger, self.trail, self.records, self.in_flight);
        let asking = tokio::select! {
            biased;
            () = self.in_flight.stopped() => None,
            () = pipeline.gate.closed() => Some(Err(Refusal::Closing)),
            asked = self.put(pipeline) => Some(asked),
        };
        match asking {
            None => Err(Silent::Stopped(outcome.stopped())),
            Some(answer) => {
                outcome.left_open();
                answer
                    .and_then(|()| yes(self.standing).map_err(Refusal::from))
                    .map_err(Silent::Refused)
            }
        }
    }

    /// Whether a yes to it is remembered; a no is a refusal.
    fn is_remembered(&self, pipeline: &Pipeline, person: &Person) -> Result<bool, Refusal> {
        let about = self.about()?;
        let session = self.standing.session();
        match person.memory.recall(session, &about, self.most()) {
            Recalled::Nothing => Ok(false),
            Recalled::Yes => Ok(true),
            Recalled::YesOfOld => {
                // Each log has the yes that its calls ran on, once for each document.
                let answer = (Answer::Yes(Lasting::ForGood), Lasting::ForGood, "memory");
                self.note_answer(pipeline, answer)?;
                person.memory.used(session, &about);
                Ok(true)
            }
            Recalled::No => Err(Unconfirmed::No.into()),
            Recalled::WornOut => Err(Unconfirmed::WornOut.into()),
        }
    }

    /// Puts the question, when its turn has come. `Ok` is a yes that is in the log.
    async fn put(&self, pipeline: &Pipeline) -> Result<(), Refusal> {
        let person = pipeline.person.as_ref().ok_or(Unconfirmed::Nobody)?;
        let about = self.about()?;
        let noes = person.memory.noes();
        let window = &self.trail.identity.as_ref().ok_or(Unconfirmed::Overtaken)?.label;
        let _turn = person.turns.of(window).await.map_err(|why| match why {
            NoTurn::TooMany => Unconfirmed::TooMany,
            NoTurn::NeverCame => Unconfirmed::Unanswered,
        })?;
        // Somebody with the same question may have had an answer meanwhile.
        if person.memory.was_refused_since(noes, &about) {
            return Err(Unconfirmed::No.into());
        }
        if self.is_remembered(pipeline, person)? {
            return self.still_holds();
        }
        self.note_asked(pipeline)?;
        let Some(answer) = person.ask(self.question(pipeline)?).await else {
            person.memory.unanswered(&about);
            return Err(Unconfirmed::Unanswered.into());
        };
        self.heard(pipeline, person, &about, answer)
    }

    fn heard(
        &self,
        pipeline: &Pipeline,
        person: &Person,
        about: &About,
        answer: Answer,
    ) -> Result<(), Refusal> {
        let (session, most) = (self.standing.session(), self.most());
        match answer {
            Answer::Unasked => {
                // It counts like a silence: a page must not have what asks come up without end.
                person.memory.unanswered(about);
                Err(Unconfirmed::Unasked.into())
            }
            Answer::No(_) => {
                let kept = person.memory.keep(session, about, answer, most);
                // That it was refused stands in the log in any case.
                let _noted = self.note_answer(pipeline, (answer, kept, "person"));
                Err(Unconfirmed::No.into())
            }
            Answer::Yes(lasting) => {
                self.still_holds()?;
                // An entry that another policy has taken away or changed is asked about anew.
                let most = if self.is_still_asked(pipeline) { most } else { Lasting::Call };
                // In the log before it is kept: nothing runs on a yes that is not there.
                self.note_answer(pipeline, (answer, lasting.min(most), "person"))?;
                let _kept = person.memory.keep(session, about, answer, most);
                Ok(())
            }
        }
    }

    /// A person takes their time. What ended meanwhile, a capability or a token, has ended for this
    /// call, and where a call is stopped, another yes must not be kept for it.
    fn still_holds(&self) -> Result<(), Refusal> {
        let Self { trail, in_flight, standing, wish, .. } = *self;
        if in_flight.why_stopped().is_some() {
            return Err(Refusal::Revoked);
        }
        let standing = match standing.again(&trail.force.policies, Now::read()) {
            Ok(standing) => standing,
            Err(Barred::Unknown) => return Err(Refusal::Revoked),
            Err(Barred::Outside(outside)) => return Err(outside.into()),
        };
        let permit = standing.decide(&wish.command, &wish.args).permit()?;
        let is_same = permit.ask.as_ref().is_some_and(|ask| ask.terms() == wish.ask.terms())
            && Named::of(&permit) == wish.named;
        if is_same { Ok(()) } else { Err(Unconfirmed::Overtaken.into()) }
    }

    fn is_still_asked(&self, pipeline: &Pipeline) -> bool {
        let terms = self.wish.ask.terms();
        pipeline.force.load().policies.enforced.asks().any(|asked| asked == terms)
    }

    fn most(&self) -> Lasting {
        Lasting::most(self.wish.ask.when())
    }

    fn question(&self, pipeline: &Pipeline) -> Result<Question, Refusal> {
        let Wish { ask, command, args, named, says } = self.wish;
        let identity = self.trail.identity.as_ref().ok_or(Unconfirmed::Overtaken)?;
        let registered = pipeline.registry.get(command);
        let described = registered.and_then(|found| found.signature.description.as_deref());
        let shown = self.trail.force.showing.of(command, args);
        Ok(Question::new(&Wording {
            window: &identity.label,
            origin: &identity.origin,
            command,
            ask,
            description: says.or(described),
            named,
            args: &shown.args,
        }))
    }

    fn about(&self) -> Result<About, Refusal> {
        let identity = self.trail.identity.as_ref().ok_or(Unconfirmed::Overtaken)?;
        let caller = (&identity.label, &identity.origin);
        Ok(About::new(caller, &self.wish.command, &self.wish.named, &self.wish.ask))
    }

    /// Writes down that the person is asked.
    fn note_asked(&self, pipeline: &Pipeline) -> Result<(), Refusal> {
        let (trail, ask) = (self.trail, &self.wish.ask);
        let (window, origin) = (trail.window(), trail.origin());
        let event = Event::Asked {
            window: &window,
            document: trail.document.0,
            origin,
            command: self.wish.command.as_str(),
            call: trail.call.unwrap_or_default(),
            rule: &ask.rule().to_string(),
            when: when(ask.when()),
        };
        // A page can bring it about as often as it cancels.
        let kind = (&*window, origin, "asked");
        let noted = pipeline.ledger.event(trail.policy(), kind, &event, Moment::now());
        noted.map(drop).map_err(|error| Refusal::Unrecorded(error.to_string()))
    }

    /// Writes down what they said: for how long that holds, and whether it is `"person"` or
    /// `"memory"` that says so.
    fn note_answer(
        &self,
        pipeline: &Pipeline,
        (answer, lasting, by): (Answer, Lasting, &'static str),
    ) -> Result<(), Refusal> {
        let trail = self.trail;
        let event = Event::Answered(Answered {
            window: &trail.window(),
            document: trail.document.0,
            origin: trail.origin(),
            command: self.wish.command.as_str(),
            call: trail.call.unwrap_or_default(),
            rule: &self.wish.ask.rule().to_string(),
            answer: if matches!(answer, Answer::Yes(_)) { "yes" } else { "no" },
            holds: lasting.word(),
            by,
        });
        let noted = pipeline.ledger.write(trail.policy(), &event);
        noted.map(drop).map_err(|error| Refusal::Unrecorded(error.to_string()))
    }
}

fn when(when: AskWhen) -> &'static str {
    match when {
        AskWhen::EachCall => "each-call",
        AskWhen::EachSession => "each-session",
        AskWhen::Once => "once",
    }
}

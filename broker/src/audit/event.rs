//! What is worth a record. Each event becomes flat JSON keys, and the keys are a contract: tools
//! read them years later. A text is given whole and cut here; what an argument may show is
//! decided by the policy, and the broker leaves the rest out.

use serde::Serialize;

use super::call::Call;
use super::clip;
use super::hash::Digest;

/// One thing that happened. The key `event` holds the name in snake case.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// A call of a page was decided.
    Call(Call<'a>),
    /// A call that streamed, or that had a body, is over.
    Ended(Ended<'a>),
    /// More refusals like one that stands in the log already.
    Repeated(Repeated<'a>),
    /// More allowed calls like one that stands in the log already, where the policy says that
    /// they are counted.
    Counted(Counted<'a>),
    /// An allowed call was cancelled before its page had the answer. One without such a record ran
    /// to its end.
    Cancelled(Cancelled<'a>),
    /// The broker is up.
    Start {
        /// The app, by the identifier of its manifest.
        #[serde(serialize_with = "clip::name")]
        app: &'a str,
        /// The version of the broker.
        #[serde(serialize_with = "clip::name")]
        version: &'a str,
        /// Whether the values of all arguments stand in the log, as its developers asked for.
        #[serde(skip_serializing_if = "is_not")]
        log_args: bool,
    },
    /// The broker takes no more calls, and waits for those in flight.
    Draining {
        /// How many those are.
        in_flight: u64,
    },
    /// The broker goes down in good order.
    Stop {},
    /// A policy came into force; its version is the record's `policy`.
    Policy {
        /// The files that it was read from.
        #[serde(serialize_with = "clip::list")]
        files: &'a [String],
        /// The version of the policy that it took the place of, where that was not at the start.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_name")]
        replaced: Option<&'a str>,
        /// What asked for that: `api`, `signal` or `files`.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<&'static str>,
    },
    /// A policy that was to come into force was not taken; the record's `policy` stays.
    PolicyRefused {
        /// What asked for it: `api`, `signal` or `files`.
        by: &'static str,
        /// The reason, for people.
        #[serde(serialize_with = "clip::text")]
        why: &'a str,
    },
    /// A policy is observed beside the one in force: calls are recorded with what it says where
    /// that is something else.
    Observing {
        /// Its version.
        #[serde(serialize_with = "clip::name")]
        observed: &'a str,
        /// The files that it was read from.
        #[serde(serialize_with = "clip::list")]
        files: &'a [String],
    },
    /// A host process changed its state.
    Host {
        /// The host, numbered by the broker.
        host: u64,
        /// Its process.
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
        /// What became of it.
        state: HostState,
        /// How far it is contained.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_name")]
        level: Option<&'a str>,
        /// What its sandbox lacks, a line each.
        #[serde(skip_serializing_if = "<[String]>::is_empty", serialize_with = "clip::list")]
        missing: &'a [String],
        /// What it was given or denied that other hosts were not, a line each.
        #[serde(skip_serializing_if = "<[String]>::is_empty", serialize_with = "clip::list")]
        given: &'a [String],
        /// The reason, for people.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_text")]
        why: Option<&'a str>,
    },
    /// A window changed its state.
    Window {
        /// The window's label.
        #[serde(serialize_with = "clip::name")]
        window: &'a str,
        /// The host it is in.
        host: u64,
        /// What became of it.
        state: WindowState,
    },
    /// A token was made or ended. The token itself is never written.
    Token {
        /// The window it stands for.
        #[serde(serialize_with = "clip::name")]
        window: &'a str,
        /// The document it stands for.
        document: u64,
        /// The origin of the document.
        #[serde(serialize_with = "clip::origin")]
        origin: &'a str,
        /// What became of it.
        state: TokenState,
        /// The reason, for people.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_text")]
        why: Option<&'a str>,
    },
    /// A document had its token narrowed, to hand it on. The token itself is never written.
    Delegated {
        /// The window.
        #[serde(serialize_with = "clip::name")]
        window: &'a str,
        /// The document.
        document: u64,
        /// The origin of the document.
        #[serde(serialize_with = "clip::origin")]
        origin: &'a str,
        /// The number of the delegation, in one row with the numbers of the document's calls.
        call: u64,
        /// What the token was narrowed to, a line each.
        #[serde(serialize_with = "clip::list")]
        caveats: &'a [String],
    },
    /// A document took back what it had delegated.
    TakenBack {
        /// The window.
        #[serde(serialize_with = "clip::name")]
        window: &'a str,
        /// The document.
        document: u64,
        /// The origin of the document.
        #[serde(serialize_with = "clip::origin")]
        origin: &'a str,
        /// The number of the delegation.
        call: u64,
    },
    /// The person is asked about a call.
    Asked {
        /// The window.
        #[serde(serialize_with = "clip::name")]
        window: &'a str,
        /// The document.
        document: u64,
        /// The origin of the document.
        #[serde(serialize_with = "clip::origin")]
        origin: &'a str,
        /// The command.
        #[serde(serialize_with = "clip::name")]
        command: &'a str,
        /// The number of the call in its document.
        call: u64,
        /// The rule that has them asked, as `file:line`.
        #[serde(serialize_with = "clip::text")]
        rule: &'a str,
        /// How often: `each-call`, `each-session` or `once`.
        when: &'static str,
    },
    /// The person answered, or it is known what they did.
    Answered(Answered<'a>),
    /// A message was thrown away before it became a call.
    Dropped {
        /// The host that sent it.
        host: u64,
        /// The window it claimed, if it got as far.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_name")]
        window: Option<&'a str>,
        /// The reason, for people.
        #[serde(serialize_with = "clip::text")]
        why: &'a str,
    },
    /// The log ended in a piece of a record, left by a crash, and it was cut off.
    Repaired {
        /// Bytes cut off.
        bytes: u64,
        /// What they were.
        digest: Digest,
    },
}

/// The end of a call that went on after it was allowed, and what it moved.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ended<'a> {
    /// The window that asked.
    #[serde(serialize_with = "clip::name")]
    pub window: &'a str,
    /// The document of the window.
    pub document: u64,
    /// The origin of the document.
    #[serde(serialize_with = "clip::origin")]
    pub origin: &'a str,
    /// The command.
    #[serde(serialize_with = "clip::name")]
    pub command: &'a str,
    /// The number of the call in its document.
    pub call: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Chunks of its body that arrived.
    pub chunks_in: u64,
    /// Bytes of them.
    pub bytes_in: u64,
    /// Items of its answer that were sent.
    pub items_out: u64,
    /// Bytes of them.
    pub bytes_out: u64,
    /// From the arrival of the call to its end, in milliseconds.
    pub millis: u64,
}

/// What became of a call that went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It came to its end.
    Done,
    /// It failed.
    Failed,
    /// It took longer than its deadline, or its page was waited for in vain.
    TimedOut,
    /// Its page did not take what it had asked for, and it had said that it misses nothing.
    Lagged,
    /// It was stopped: by its page, by the end of its document, or by a revocation.
    Stopped,
}

/// How often a refusal was repeated after it was last written in full.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Repeated<'a> {
    /// The window that asked.
    #[serde(serialize_with = "clip::name")]
    pub window: &'a str,
    /// The origin of the document that asked last.
    #[serde(serialize_with = "clip::origin")]
    pub origin: &'a str,
    /// The command.
    #[serde(serialize_with = "clip::name")]
    pub command: &'a str,
    /// The code of the reason.
    #[serde(serialize_with = "clip::name")]
    pub reason: &'a str,
    /// How many times.
    pub count: u64,
    /// Over how long, in milliseconds.
    pub millis: u64,
    /// What the observed policy says of them, where that is another verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow<'a>>,
}

/// How often an allowed call was repeated after it was last written in full.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Counted<'a> {
    /// The window that asked.
    #[serde(serialize_with = "clip::name")]
    pub window: &'a str,
    /// The origin of the document.
    #[serde(serialize_with = "clip::origin")]
    pub origin: &'a str,
    /// The command.
    #[serde(serialize_with = "clip::name")]
    pub command: &'a str,
    /// The decision, which is to allow.
    pub verdict: Verdict,
    /// The rule that allowed them.
    #[serde(serialize_with = "clip::text")]
    pub rule: &'a str,
    /// The number of the record that has the first of them in full, and is not counted here.
    pub first: u64,
    /// How many there were besides.
    pub count: u64,
    /// Over how long, in milliseconds.
    pub millis: u64,
    /// What the observed policy says of them, where that is another verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow<'a>>,
}

/// The end of a call that its page did not get an answer to.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cancelled<'a> {
    /// The label of the window that asked.
    #[serde(serialize_with = "clip::name")]
    pub window: &'a str,
    /// The host the window is in.
    pub host: u64,
    /// The document of the window.
    pub document: u64,
    /// The origin of the document.
    #[serde(serialize_with = "clip::origin")]
    pub origin: &'a str,
    /// The command.
    #[serde(serialize_with = "clip::name")]
    pub command: &'a str,
    /// The number that the page gave the call.
    pub call: u64,
    /// `by-page`, `revoked`, `gone` (its document is), `policy-changed`, `deadline`, `ending` (the
    /// broker goes down) or `abandoned` (whoever asked for it is gone).
    pub why: &'static str,
    /// What had become of it.
    pub outcome: StopOutcome,
}

/// What the person said when they were asked about a call. A yes stands here before its call runs.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Answered<'a> {
    /// The window.
    #[serde(serialize_with = "clip::name")]
    pub window: &'a str,
    /// The document.
    pub document: u64,
    /// The origin of the document.
    #[serde(serialize_with = "clip::origin")]
    pub origin: &'a str,
    /// The command.
    #[serde(serialize_with = "clip::name")]
    pub command: &'a str,
    /// The number of the call in its document.
    pub call: u64,
    /// The rule that had them asked, as `file:line`.
    #[serde(serialize_with = "clip::text")]
    pub rule: &'a str,
    /// `yes` or `no`.
    pub answer: &'static str,
    /// How long it holds: `call`, `session` (the document) or `for-good`.
    pub holds: &'static str,
    /// `person`, or `memory`: an answer for good of an earlier time, used by this document for the
    /// first time.
    pub by: &'static str,
}

/// What a policy that is only observed says of a call, where its verdict is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shadow<'a> {
    /// Its verdict.
    pub verdict: Verdict,
    /// The code of its reason for a refusal.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_name")]
    pub reason: Option<&'a str>,
    /// Its rule, as `file:line`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_text")]
    pub rule: Option<&'a str>,
}

/// The decision on a call.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may go on.
    Allow,
    /// It was refused.
    Deny,
}

/// What became of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// Its process runs.
    Started,
    /// Its containment was checked from outside.
    Attested,
    /// It ended by itself.
    Exited,
    /// The broker ended it.
    Killed,
    /// It runs again.
    Restarted,
    /// It failed too often and stays down.
    GivenUp,
}

/// What became of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// It was opened.
    Opened,
    /// A document was committed in it.
    Navigated,
    /// It was closed.
    Closed,
    /// Its web process or its host went away under it.
    Lost,
    /// A script keeps its web process to itself.
    Unresponsive,
    /// Its web process answers again.
    Responsive,
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It was made.
    Minted,
    /// It was ended before its time.
    Revoked,
}

/// What had become of a call when it was stopped. Its result is kept back in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopOutcome {
    /// Its handler had not come to its effect, and does not any more.
    Cancelled,
    /// Its handler had committed itself, or was through: the effect is there.
    CompletedBefore,
    /// Its handler blocks its thread and cannot be stopped: what it does, it does.
    StillRunning,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_not(flag: &bool) -> bool {
    !flag
}

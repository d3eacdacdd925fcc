//! What a handler and the layers round it are given, and what they give back.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use sidegate_capabilities::{Args, CommandName, Origin, RuleRef, WindowLabel};
use sidegate_schemas::Schema;

use super::{Call, HandlerError, Resource};
use crate::session::Attenuated;
use crate::streams::{Answer, Answers};

/// A call that passed every check, and its arguments without the resources.
#[derive(Debug)]
pub struct Job {
    pub(crate) call: Call,
    pub(crate) args: Args,
    /// What it was decided by, where there are layers that may want to change something.
    pub(crate) ground: Option<Box<Ground>>,
}

/// What a call was decided by: what it takes to decide it again.
pub(crate) struct Ground {
    pub(crate) command: CommandName,
    pub(crate) standing: Attenuated,
    pub(crate) rule: Arc<RuleRef>,
    pub(crate) validator: Arc<Schema>,
    /// The resources as the call named them.
    pub(crate) named: Map<String, Value>,
    /// Whether the person was asked about it, and of what they were shown.
    pub(crate) was_asked: bool,
}

impl Job {
    /// The command.
    #[must_use]
    pub fn command(&self) -> Option<&CommandName> {
        self.ground.as_ref().map(|ground| &ground.command)
    }

    /// The window that called.
    #[must_use]
    pub fn window(&self) -> &WindowLabel {
        self.call.window()
    }

    /// The origin of the document that called.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.call.origin()
    }

    /// The rule of the policy that allowed it.
    #[must_use]
    pub fn rule(&self) -> Option<&RuleRef> {
        self.ground.as_ref().map(|ground| ground.rule.as_ref())
    }

    /// The arguments without the resources.
    #[must_use]
    pub fn args(&self) -> &Map<String, Value> {
        self.args.as_map()
    }

    /// What the call named, as it did: to tell calls apart by, and not to be opened.
    #[must_use]
    pub fn named(&self, resource: Resource) -> Option<&str> {
        self.ground.as_ref()?.named.get(resource.argument())?.as_str()
    }

    /// What the handler knows of the call.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The same with other arguments, for the handler and what is further in. They are held against the
    /// handler's schema, and decided on like those of the call itself: by the same policy, for the same
    /// token, with what the call named, which stays what it is.
    ///
    /// # Errors
    /// `invalid`, as a refusal that the log has: the arguments do not fit, name a resource, or are none
    /// that the same rule allows; or the person was asked about the call, and said yes to what they were
    /// shown.
    pub fn with_args(mut self, args: Map<String, Value>) -> Result<Self, HandlerError> {
        let ground = self.ground.as_ref().ok_or_else(|| changed("nothing to decide them by"))?;
        ground.allows(&args).map_err(|why| changed(&why))?;
        self.args = Args::new(args);
        Ok(self)
    }
}

impl Ground {
    fn allows(&self, args: &Map<String, Value>) -> Result<(), String> {
        if self.was_asked {
            return Err("the person said yes to the arguments of before".to_owned());
        }
        if let Some(name) = ["path", "url", "key"].iter().find(|name| args.contains_key(**name)) {
            return Err(format!("`{name}` names a resource, which nobody can exchange"));
        }
        let mut whole = args.clone();
        whole.extend(self.named.clone());
        let whole = Value::Object(whole);
        if let Some(fault) = self.validator.fault(&whole, "value") {
            return Err(format!("at `{}`: {}", fault.pointer, fault.message));
        }
        let Value::Object(whole) = whole else { return Err("they are no object".to_owned()) };
        let args = Args::new(whole);
        let permit = match self.standing.decide(&self.command, &args).permit() {
            Ok(permit) => permit,
            Err(_) => return Err("the policy, or the token, does not allow them".to_owned()),
        };
        // Another rule has another filter and another record.
        if permit.rule != self.rule || permit.ask.is_some() {
            return Err(format!("{} allows them, and not the rule of the call", permit.rule));
        }
        Ok(())
    }
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").field("command", &self.command).field("rule", &self.rule).finish()
    }
}

fn changed(why: &str) -> HandlerError {
    HandlerError::new("invalid", "the arguments do not fit")
        .with_detail(format!("a layer would change the arguments: {why}"))
        .as_refusal()
}

/// What a handler, or a layer in its stead, answers.
#[derive(Debug)]
pub struct Response(pub(crate) Answer);

impl Response {
    /// An answer that is a value.
    ///
    /// # Errors
    /// `failed` where it cannot be written as JSON.
    pub fn value<R: Serialize>(result: &R) -> Result<Self, HandlerError> {
        Answer::value(result).map(Self)
    }

    /// An answer that is bytes.
    #[must_use]
    pub fn bytes(bytes: bytes::Bytes) -> Self {
        Self(Answer::Bytes(bytes))
    }

    /// The value, where it is one: before the policy keeps back its part of it.
    #[must_use]
    pub fn as_value(&self) -> Option<&Value> {
        match &self.0 {
            Answer::Value(value) => Some(value),
            Answer::Bytes(_) | Answer::Stream(..) => None,
        }
    }

    /// The bytes, where it is some.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&bytes::Bytes> {
        match &self.0 {
            Answer::Bytes(bytes) => Some(bytes),
            Answer::Value(_) | Answer::Stream(..) => None,
        }
    }

    /// Whether it is what a command that answers so answers with.
    pub(super) fn is_of(&self, answers: Answers) -> bool {
        matches!(
            (&self.0, answers),
            (Answer::Value(_), Answers::Value)
                | (Answer::Bytes(_), Answers::Bytes)
                | (Answer::Stream(..), Answers::Values | Answers::Pieces)
        )
    }
}

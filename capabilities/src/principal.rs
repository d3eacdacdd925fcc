//! A principal: a window and an origin, with every rule that concerns them resolved once.

use std::sync::Arc;

use crate::args::Args;
use crate::explain::Explanation;
use crate::limits::Limits;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::verdict::{Denial, Reason, Verdict};

/// Who calls; cheap to clone, and shared between threads as it likes.
#[derive(Debug, Clone)]
pub struct Principal(Arc<Resolved>);

#[derive(Debug)]
struct Resolved {
    window: WindowLabel,
    origin: Origin,
}

impl Principal {
    pub(crate) fn new(window: WindowLabel, origin: Origin) -> Self {
        Self(Arc::new(Resolved { window, origin }))
    }

    /// The window.
    #[must_use]
    pub fn window(&self) -> &WindowLabel {
        &self.0.window
    }

    /// The origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// The tightest limits over the allow entries that name the command.
    #[must_use]
    pub fn limits(&self, _command: &CommandName) -> Limits {
        Limits::default()
    }

    /// Decides one call.
    pub fn decide(&self, _command: &CommandName, _args: &Args) -> Verdict {
        Verdict::Deny(Denial {
            reason: Reason::NoCapability,
            rule: None,
            help: String::new(),
        })
    }

    /// Decides one call and says how, step by step.
    #[must_use]
    pub fn explain(&self, command: &CommandName, args: &Args) -> Explanation {
        Explanation {
            window: self.window().clone(),
            origin: self.origin().clone(),
            command: command.clone(),
            verdict: self.decide(command, args),
            steps: Vec::new(),
        }
    }
}

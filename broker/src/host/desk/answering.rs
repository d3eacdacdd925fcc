//! The answer to what a document reaches for: at once, or when the person has said something. A yes
//! goes out, and a window is made by it, in one step with what could still stop it.

use std::sync::Arc;

use sidegate_capabilities::WindowLabel;

use crate::audit::Event;
use crate::core::Core;
use crate::host::output::{Output, Unread};
use crate::pipeline::{Permitted, Unanswered};
use crate::streams::Outlet;
use crate::token::HostId;
use crate::wire::{DocumentId, ToHost, WindowId};

/// The way back to whoever asked.
pub(super) struct Answering {
    pub(super) core: Arc<Core>,
    pub(super) output: Output,
    pub(super) host: HostId,
    pub(super) label: WindowLabel,
    /// The window, its document, and the host's number of the question.
    pub(super) question: (WindowId, DocumentId, u64),
    /// The template by which a yes opens a window, and its address.
    pub(super) opens: Option<(String, Option<String>)>,
}

impl Answering {
    /// Says what the person said, once they have.
    pub(super) async fn when_answered(self, unanswered: Box<Unanswered>) {
        let answered = unanswered.answered(&self.core.pipeline).await;
        let (window, document, number) = self.question;
        let said = match answered {
            Some(permitted) if self.output.replies(window, document).is_gone() => {
                permitted.abandon(&self.core.pipeline);
                Ok(())
            }
            Some(permitted) => self.yes(permitted),
            None => self.no(),
        };
        if said.is_err() {
            // Whoever holds the question refuses it by itself, in its time.
            tracing::warn!(host = self.host.0, number, "what the person said was not heard");
        }
    }

    /// Says yes, and does what is the broker's to do. Nothing waits within.
    pub(super) fn yes(&self, permitted: Permitted) -> Result<(), Unread> {
        let say = || {
            let made = self
                .opens
                .as_ref()
                .map(|(template, url)| self.core.windows.make(template, url.as_deref()).map(drop));
            (made, self.output.send(&self.answer(true)))
        };
        match permitted.grant(&self.core.pipeline, say) {
            None => self.no(),
            Some((made, said)) => {
                if let Some(Err(error)) = made {
                    let why = format!("a window that was allowed was not opened: {error}");
                    let (host, label) = (self.host.0, self.label.as_str());
                    let event = Event::Dropped { host, window: Some(label), why: &why };
                    self.core.note_often((label, "", "dropped"), &event);
                }
                said
            }
        }
    }

    pub(super) fn no(&self) -> Result<(), Unread> {
        self.output.send(&self.answer(false))
    }

    fn answer(&self, allowed: bool) -> ToHost<'static> {
        let (window, _, number) = self.question;
        ToHost::Answer { window, number, allowed }
    }
}

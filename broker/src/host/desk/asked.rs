//! What a host says of its windows beside what their pages say: that a document reaches for something,
//! how a window stands, that an item of its menu was chosen. A host that lies about these speaks for its
//! own documents and windows alone.

use std::sync::Arc;

use sidegate_capabilities::Origin;

use super::answering::Answering;
use super::{Breach, Desk};
use crate::app::{CORE, Chosen, SIZE};
use crate::broker::Peer;
use crate::clock::Now;
use crate::pipeline::{Asked, Reached};
use crate::wire::{DocumentId, Power, Stance, ToHost, WindowId};

/// What a document reaches for.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) document: DocumentId,
    pub(super) number: u64,
    pub(super) power: Power,
    pub(super) url: Option<&'a str>,
}

impl Desk {
    /// Answers a question, once its answer is in the log; where the person is asked, when they have
    /// said something. A document that is not the last one is refused like one that has shown no
    /// origin: the session it had is gone.
    pub(super) fn ask(&mut self, window: WindowId, ask: Ask<'_>) -> Result<(), Breach> {
        let label = self.windows.get(&window).ok_or(Breach::ForeignWindow(window))?.label.clone();
        let Ask { document, number, power, url } = ask;
        let template = url
            .filter(|_| power == Power::OpenWindow)
            .and_then(|url| self.core.windows.template_for(url))
            .map(|template| template.name().to_owned());
        let asked = Asked {
            host: self.host,
            window,
            document,
            number,
            power,
            url,
            template: template.as_deref(),
        };
        let reached = self.core.pipeline.reach(asked, Now::read());
        let answering = Answering {
            core: Arc::clone(&self.core),
            output: self.output.clone(),
            host: self.host,
            label,
            question: (window, document, number),
            opens: template.map(|template| (template, url.map(str::to_owned))),
        };
        match reached {
            Reached::Permitted(permitted) => answering.yes(*permitted)?,
            Reached::Refused => answering.no()?,
            Reached::Person(unanswered) => {
                self.output.send(&ToHost::Asking { window, number })?;
                self.tasks.begin(Box::pin(answering.when_answered(unanswered)));
            }
        }
        Ok(())
    }

    pub(super) fn stands(&self, window: WindowId, mut stance: Stance) -> Result<(), Breach> {
        if !self.windows.contains_key(&window) {
            return Err(Breach::ForeignWindow(window));
        }
        // What is remembered of it is told to the next host.
        stance.width = stance.width.clamp(*SIZE.start(), *SIZE.end());
        stance.height = stance.height.clamp(*SIZE.start(), *SIZE.end());
        self.core.windows.stands(window, stance);
        Ok(())
    }

    /// An item stands for what the manifest says, whatever host sent its number: a call of the app
    /// itself, decided like any call, or an event.
    pub(super) fn chosen(&self, window: WindowId, number: u32) -> Result<(), Breach> {
        let open = self.windows.get(&window).ok_or(Breach::ForeignWindow(window))?;
        match self.core.windows.menus().chosen(number) {
            None => self.dropped(window, "an item that the menu does not have"),
            Some(Chosen::Event(event)) => {
                self.core.windows.chosen(&open.label, event);
                Ok(())
            }
            Some(Chosen::Command { command, args }) => {
                let Ok(label) = sidegate_capabilities::WindowLabel::parse(CORE) else {
                    return Ok(());
                };
                let peer = Peer::new(Arc::clone(&self.core), label, &Origin::local());
                let (command, args) = (command.clone(), args.clone());
                tokio::spawn(async move {
                    if let Err(error) = peer.invoke(command.as_str(), args).await {
                        tracing::warn!(command = command.as_str(), %error, "a menu's command failed");
                    }
                });
                Ok(())
            }
        }
    }
}

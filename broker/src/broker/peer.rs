//! A caller in the broker's own process. Its calls take the way of any page's call, token and
//! record included; only the socket is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use sidegate_capabilities::{Origin, WindowLabel};

use crate::clock::Now;
use crate::core::Core;
use crate::handler::HandlerError;
use crate::pipeline::{Frame, Reply};
use crate::session::Identity;
use crate::token::{HostId, SessionId, Token};
use crate::windows::WindowPort;
use crate::wire::{DocumentId, WindowChange, WindowId};

/// The only document of a peer.
const DOCUMENT: DocumentId = DocumentId(1);

/// One caller; its session ends with it.
#[derive(Debug)]
pub struct Peer {
    core: Arc<Core>,
    host: HostId,
    window: WindowId,
    session: Option<(SessionId, Token)>,
    next_call: AtomicU64,
    port: Arc<dyn WindowPort>,
}

impl Peer {
    pub(crate) fn new(core: Arc<Core>, label: WindowLabel, origin: &Origin) -> Self {
        let host = HostId(core.next_host.fetch_add(1, Ordering::Relaxed));
        let window = WindowId(core.next_window.fetch_add(1, Ordering::Relaxed));
        let now = Now::read();
        let force = core.pipeline.force.load();
        let standing = force.policies.standing(&label, origin, now.wall);
        let identity = Identity {
            host,
            window,
            document: DOCUMENT,
            label,
            origin: origin.clone(),
            policy: Arc::clone(force.version()),
        };
        let opened = core.pipeline.sessions.open(identity, standing, now.moment);
        let session = opened.map(|(session, token)| (session.id, token));
        Self { core, host, window, session, next_call: AtomicU64::new(1), port: Arc::new(NoWindow) }
    }

    /// Calls `command` with `args`, an object.
    ///
    /// # Errors
    /// What a page would learn: `{"code": …, "message": …}`.
    pub async fn invoke(&self, command: &str, args: Value) -> Result<Value, Value> {
        self.invoke_at(command, args, Now::read()).await
    }

    /// [`invoke`](Self::invoke) at a moment of the caller's.
    pub(super) async fn invoke_at(
        &self,
        command: &str,
        args: Value,
        now: Now,
    ) -> Result<Value, Value> {
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        let text = json!({ "command": command, "args": args });
        let token = self.session.as_ref().map(|(_, token)| token.text()).unwrap_or_default();
        let reply = self.send_at(format!("c{token} {call}\n{text}").as_bytes(), now).await;
        let reply: Value = serde_json::from_str(&reply.unwrap_or_default()).unwrap_or_default();
        match (reply.get("ok"), reply.get("error")) {
            (Some(ok), _) => Ok(ok.clone()),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => {
                Err(json!({ "code": "cancelled", "message": "the call was cancelled" }))
            }
        }
    }

    /// Sends one message as a bridge would, and waits for the JSON text of its reply; there is
    /// none to a cancellation, and to what is not in the form of a call.
    pub async fn send(&self, bytes: &[u8]) -> Option<String> {
        self.send_at(bytes, Now::read()).await
    }

    /// Cancels a call as a bridge would.
    #[cfg(test)]
    pub(super) async fn cancel(&self, call: u64) {
        let token = self.session.as_ref().map(|(_, token)| token.text()).unwrap_or_default();
        assert_eq!(self.send(format!("x{token} {call}").as_bytes()).await, None);
    }

    async fn send_at(&self, bytes: &[u8], now: Now) -> Option<String> {
        let frame = Frame { host: self.host, window: self.window, document: DOCUMENT, bytes };
        let reply: Option<Reply> = match self.core.pipeline.judge(frame, &self.port, now) {
            Ok(None) => None,
            Ok(Some(recorded)) => {
                let answered = recorded.dispatch(&self.core.pipeline.ledger).await;
                answered.map(|(reply, _in_flight)| reply)
            }
            Err(refused) => refused.reply,
        };
        reply.map(|reply| reply.json().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let host = self.host;
        let _ended = self.core.pipeline.sessions.revoke(|identity| identity.host == host);
    }
}

/// A caller without a window of the broker's.
#[derive(Debug)]
struct NoWindow;

impl WindowPort for NoWindow {
    fn change(&self, _: WindowChange) -> Result<(), HandlerError> {
        Err(HandlerError::new("unavailable", "the caller has no window"))
    }
}

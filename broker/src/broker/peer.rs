//! A caller in the broker's own process. Its calls take the way of any page's call, token and
//! record included; only the socket is missing.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use sidegate_capabilities::{Origin, WindowLabel};

use super::PeerCall;
use super::peer_call::Local;
use crate::clock::Now;
use crate::core::Core;
use crate::handler::HandlerError;
use crate::json_text;
use crate::pipeline::{Frame, Passed, Refused, Reply};
use crate::revocation;
use crate::session::Identity;
use crate::streams::{Exit, Outlet, Shape};
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
    /// The number of the next call. Held while a call is judged: numbers only grow, and of two calls
    /// at once the later number must not be judged first.
    next_call: Mutex<u64>,
    port: Arc<dyn WindowPort>,
    /// For calls that are asked and answered: nobody takes what goes beyond that.
    nobody: Arc<dyn Outlet>,
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
        let (next_call, port) = (Mutex::new(1), Arc::new(NoWindow));
        Self { core, host, window, session, next_call, port, nobody: Arc::new(Local::new().0) }
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
        self.call(&self.token_text(), command, args, now).await
    }

    async fn call(
        &self,
        token: &str,
        command: &str,
        args: Value,
        now: Now,
    ) -> Result<Value, Value> {
        let kind = Shape::PLAIN.kind();
        let message = move |call| message((kind, token, call), command, &args);
        let (_, judged) = self.numbered(message, now);
        let reply = self.answer(judged).await;
        let reply: Value = serde_json::from_str(&reply.unwrap_or_default()).unwrap_or_default();
        let Value::Object(mut reply) = reply else { return Err(cancelled()) };
        match (reply.remove("ok"), reply.remove("error")) {
            (Some(ok), _) => Ok(ok),
            (None, error) => Err(error.unwrap_or_else(cancelled)),
        }
    }

    /// Calls `command` for a stream. It wants a Tokio runtime, on which the call goes on.
    pub fn stream(&self, command: &str, args: Value) -> PeerCall<'_> {
        self.go_on(command, args, Shape { stream: true, body: false })
    }

    /// Calls `command`, and brings a body.
    pub fn invoke_with_body(&self, command: &str, args: Value) -> PeerCall<'_> {
        self.go_on(command, args, Shape { stream: false, body: true })
    }

    /// Calls `command` for a stream, and brings a body.
    pub fn stream_with_body(&self, command: &str, args: Value) -> PeerCall<'_> {
        self.go_on(command, args, Shape { stream: true, body: true })
    }

    fn go_on(&self, command: &str, args: Value, shape: Shape) -> PeerCall<'_> {
        let token = self.token_text();
        let message = move |call| message((shape.kind(), &token, call), command, &args);
        let (call, judged) = self.numbered(message, Now::read());
        let (local, heard) = Local::new();
        let outlet: Arc<dyn Outlet> = Arc::new(local);
        let core = Arc::clone(&self.core);
        tokio::spawn(async move {
            match judged {
                Ok(Passed::Done) => {}
                Ok(Passed::Answered(reply)) => {
                    let _gone = outlet.send(reply, Exit::Free).await;
                }
                Ok(Passed::Call(due)) => {
                    let dispatched = due.dispatch(&core.pipeline, &outlet).await;
                    if let Some((reply, in_flight)) = dispatched {
                        reply.deliver(&in_flight, &outlet).await;
                    }
                }
                Err(refused) => {
                    if let Some(reply) = refused.reply {
                        let _gone = outlet.send(reply, Exit::Free).await;
                    }
                }
            }
        });
        PeerCall::new(self, call, heard)
    }

    /// Judges the call that `message` makes of the next number.
    fn numbered(
        &self,
        message: impl FnOnce(u64) -> String,
        now: Now,
    ) -> (u64, Result<Passed, Refused>) {
        let mut next = self.next_call.lock().unwrap_or_else(PoisonError::into_inner);
        let call = *next;
        *next = next.saturating_add(1);
        (call, self.judge(message(call).as_bytes(), now))
    }

    /// The text of its token.
    pub(super) fn token_text(&self) -> String {
        self.token().map(Token::text).unwrap_or_default()
    }

    /// Cancels a call without waiting.
    pub(super) fn cancel_now(&self, call: u64) {
        let message = format!("x{} {call}", self.token_text());
        let _done = self.judge(message.as_bytes(), Now::read());
    }

    /// The token that its calls are made with: to be narrowed and handed on, or to be revoked.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.session.as_ref().map(|(_, token)| token)
    }

    /// [`invoke`](Self::invoke) as somebody who was handed `token` would: one narrowed from this
    /// caller's own, if anything is to come of it.
    ///
    /// # Errors
    /// What a page would learn.
    pub async fn invoke_with(
        &self,
        token: &Token,
        command: &str,
        args: Value,
    ) -> Result<Value, Value> {
        self.call(&token.text(), command, args, Now::read()).await
    }

    /// Sends one message as a bridge would, and waits for the JSON text of its reply; there is
    /// none to a cancellation, and to what is not in the form of a call.
    pub async fn send(&self, bytes: &[u8]) -> Option<String> {
        self.answer(self.judge(bytes, Now::read())).await
    }

    /// Cancels a call as a bridge would.
    #[cfg(test)]
    pub(super) async fn cancel(&self, call: u64) {
        let token = self.token().map(Token::text).unwrap_or_default();
        assert_eq!(self.send(format!("x{token} {call}").as_bytes()).await, None);
    }

    /// Takes the call that `bytes` are to one stage and no further; whether it came so far.
    #[cfg(feature = "stages")]
    pub fn walk_to(&self, bytes: &[u8], last: crate::Stage) -> bool {
        let frame = Frame { host: self.host, window: self.window, document: DOCUMENT, bytes };
        crate::pipeline::walk_to(&self.core.pipeline, frame, &self.port, last)
    }

    fn judge(&self, bytes: &[u8], now: Now) -> Result<Passed, Refused> {
        let frame = Frame { host: self.host, window: self.window, document: DOCUMENT, bytes };
        self.core.pipeline.judge(frame, &self.port, now)
    }

    async fn answer(&self, judged: Result<Passed, Refused>) -> Option<String> {
        let reply: Option<Reply> = match judged {
            Ok(Passed::Done) => None,
            Ok(Passed::Answered(reply)) => Some(reply),
            Ok(Passed::Call(due)) => {
                let answered = due.dispatch(&self.core.pipeline, &self.nobody).await;
                answered.and_then(|(reply, in_flight)| {
                    let call = in_flight.id();
                    match in_flight.hand_over() {
                        Ok(()) => Some(reply),
                        Err(why) => Reply::in_place_of_answer(call, why),
                    }
                })
            }
            Err(refused) => refused.reply,
        };
        reply.map(Reply::into_json)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let host = self.host;
        for taken in self.core.pipeline.sessions.forget(|identity| identity.host == host) {
            revocation::note_stopped(&self.core.pipeline, &taken);
        }
    }
}

/// The message that a call is.
fn message((kind, token, call): (char, &str, u64), command: &str, args: &Value) -> String {
    // About how long it is, where its arguments are one long text.
    let texts = args.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str);
    let length = texts.fold(256, |length: usize, text| length.saturating_add(text.len()));
    let mut message = String::with_capacity(length);
    // A `String` takes all that is written to it.
    let _written = write!(message, "{kind}{token} {call}\n{{\"args\":");
    json_text::push(&mut message, args);
    message.push_str(",\"command\":");
    json_text::push_text(&mut message, command);
    message.push('}');
    message
}

fn cancelled() -> Value {
    json!({ "code": "cancelled", "message": "the call was cancelled" })
}

/// A caller without a window of the broker's.
#[derive(Debug)]
struct NoWindow;

impl WindowPort for NoWindow {
    fn change(&self, _: WindowChange) -> Result<(), HandlerError> {
        Err(HandlerError::new("unavailable", "the caller has no window"))
    }
}

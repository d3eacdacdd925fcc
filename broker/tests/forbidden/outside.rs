//! As somebody who uses the public API.

use std::sync::Arc;

use sidegate::audit::Receipt;
use sidegate::capabilities::{Permit, Principal};
use sidegate::token::Token;
use sidegate::{
    Call, Cancellation, Command, Commitment, Handler, HandlerError, Job, Peer, Response,
};

/// Values that only another module makes.
#[cfg(forbidden = "made_up")]
mod made_up {
    use super::*;

    fn receipt() -> Receipt {
        Receipt { seq: 1 } //~ E0451
    }

    fn job(real: Job) -> Job {
        Job { args: Default::default(), ..real } //~ E0451
    }

    fn token(real: Token) -> Token {
        Token { generation: 2, ..real } //~ E0451
    }
}

/// What is asked of values that one has.
#[cfg(forbidden = "misused")]
mod misused {
    use super::*;

    /// A permit is what a decision gave, and nothing else.
    fn permit(real: Permit<'static>) -> Permit<'static> {
        Permit { key: None, ..real } //~ E0639
    }

    fn receipt_twice(receipt: &Receipt) -> Receipt {
        receipt.clone() //~ E0308
    }

    fn commitment() -> Commitment {
        Commitment::default() //~ E0599
    }

    fn cancellation() -> Cancellation {
        Cancellation(todo!()) //~ E0423
    }

    fn standing() -> Principal {
        Principal::default() //~ E0599
    }

    /// The stages are nobody's but the broker's.
    fn stages() {
        fn recorded(_: sidegate::pipeline::Due) {} //~ E0603
        fn job(_: sidegate::handler::Job) {} //~ E0603
        fn in_flight(_: sidegate::session::InFlight) {} //~ E0603
    }

    fn a_handler_by_itself(command: &Command, call: Call) {
        command.service.run(call); //~ E0616
        command.call(call); //~ E0599
    }

    fn a_call_of_somebody_else(call: &Call) -> Call {
        call.clone() //~ E0308
    }

    fn another_window(call: &mut Call, other: &Call) {
        call.known = other.known; //~ E0616
    }

    /// A layer has what was decided, and cannot exchange it.
    fn a_layer(mut job: Job, handler: Handler, other: &Call) -> Response {
        job.args.clear(); //~ E0616
        job.call.known.key = None; //~ E0616
        job.call().known.key = None; //~ E0616
        let _ = job.with_call(other); //~ E0599
        handler.0; //~ E0616
        Response(todo!()) //~ E0423
    }

    fn a_peer_of_somebody_else(peer: &Peer) {
        let _ = peer.core.pipeline; //~ E0616
    }

    /// What a call names reaches the handler as a handle, and not as text that it could open.
    fn a_raw_path(call: &Call) -> Result<Vec<u8>, HandlerError> {
        let path = call.path()?;
        std::fs::read(&path).ok(); //~ E0277
        path.directory.join("elsewhere"); //~ E0616
        path.as_path(); //~ E0599
        call.known.path = None; //~ E0616
        Ok(Vec::new())
    }

    struct Unchecked(String);

    /// A handler has a type whose schema its arguments were held against.
    fn a_handler_without_a_schema() -> Command {
        Command::new("app.raw", async |_: Call, _: Unchecked| Ok::<_, HandlerError>(())) //~ E0277
    }

    fn a_shared_call(call: Call) -> (Arc<Call>, Call) {
        let shared = Arc::new(call);
        (shared, call) //~ E0382
    }
}

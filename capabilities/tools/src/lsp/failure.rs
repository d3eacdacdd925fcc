//! Why a request is not answered, in the protocol's codes.

/// The message is no JSON.
pub(super) const PARSE_ERROR: i32 = -32700;
/// It is JSON and no request, or comes when there is none to be made.
pub(super) const INVALID_REQUEST: i32 = -32600;
/// Nothing of this name is answered.
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
/// The parameters are not those of the method.
pub(super) const INVALID_PARAMS: i32 = -32602;
/// A request before `initialize`.
pub(super) const NOT_INITIALIZED: i32 = -32002;
/// The client took the request back.
pub(super) const CANCELLED: i32 = -32800;

/// A refusal. It never repeats what the client sent: a message may hold a whole document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: i32,
    pub(super) message: &'static str,
}

impl Failure {
    pub(super) const fn new(code: i32, message: &'static str) -> Self {
        Self { code, message }
    }
}

//! Models of what the calls of a session share, over the real structures: see `crate::models`. Those
//! of the calls in flight are beside these.

mod gate;
mod tokens;
mod valve;

//! An app's own code that is let go in the middle: what its destructors do is its own business, and a
//! panic of theirs is the end of nothing else.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::Stream;

use super::panicked;

/// A future or a stream that is dropped without a panic.
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub(crate) fn of(code: T) -> Self {
        Self(Some(code))
    }
}

impl<T: Future + Unpin> Future for Contained<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T::Output> {
        match &mut self.0 {
            Some(code) => Pin::new(code).poll(context),
            // It is there until it is dropped.
            None => Poll::Pending,
        }
    }
}

impl<T: Stream + Unpin> Stream for Contained<T> {
    type Item = T::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T::Item>> {
        match &mut self.0 {
            Some(code) => Pin::new(code).poll_next(context),
            None => Poll::Ready(None),
        }
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let code = self.0.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(code))) {
            let error = panicked(panic.as_ref());
            tracing::error!(%error, "a handler panicked where it was let go");
        }
    }
}

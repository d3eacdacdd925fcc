//! The credit of one call, and the table of the calls of a document that have some.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::Shape;
use super::body::Upload;
use crate::wire::Calls;

/// What a page says of a call that goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// It has taken an item.
    Taken,
    /// A chunk of the body.
    Chunk(&'a [u8]),
    /// The body is whole.
    End,
}

/// A step that no honest bridge takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forged {
    #[error("it went on with a call that was never made")]
    NoCall,
    #[error("it took an item that was not sent")]
    Taken,
    #[error("it sent a chunk that it had no credit for")]
    Chunk,
    #[error("it sent a body with a call that has none, or after its end")]
    NoBody,
}

/// The two directions of one call.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Items that may be sent before another one is taken.
    items: Semaphore,
    pub(super) upload: Option<Upload>,
}

impl Flow {
    fn new(shape: Shape, most: u64) -> Self {
        let upload = shape.body.then(|| Upload::new(most));
        Self { items: Semaphore::new(Calls::WINDOW), upload }
    }

    /// Whether the call brings a body.
    pub(crate) fn has_body(&self) -> bool {
        self.upload.is_some()
    }

    /// Waits until one more item may be sent; it counts as sent then.
    pub(crate) async fn credit(&self) {
        if let Ok(one) = self.items.acquire().await {
            one.forget();
        }
    }

    /// Chunks and bytes of the body that have arrived.
    pub(crate) fn arrived(&self) -> (u64, u64) {
        self.upload.as_ref().map_or((0, 0), Upload::arrived)
    }

    fn step(&self, step: Step<'_>) -> Result<(), Forged> {
        match (step, &self.upload) {
            (Step::Taken, _) if self.items.available_permits() >= Calls::WINDOW => {
                Err(Forged::Taken)
            }
            (Step::Taken, _) => {
                self.items.add_permits(1);
                Ok(())
            }
            (Step::Chunk(bytes), Some(upload)) => upload.push(bytes),
            (Step::End, Some(upload)) => upload.end(),
            (Step::Chunk(_) | Step::End, None) => Err(Forged::NoBody),
        }
    }
}

/// The calls of a document that stream. Which of them are in flight is `session::calls`' to say:
/// a flow without a call is never looked at.
#[derive(Debug, Default)]
pub(crate) struct Flows(Mutex<HashMap<u64, Arc<Flow>>>);

impl Flows {
    /// Takes steps of `call`, which is of this shape and may have `most` bytes of a body, from here
    /// until what this returns is dropped.
    pub(crate) fn open(self: &Arc<Self>, call: u64, shape: Shape, most: u64) -> Open {
        let flow = Arc::new(Flow::new(shape, most));
        self.lock().insert(call, Arc::clone(&flow));
        Open { flows: Arc::clone(self), call, flow }
    }

    /// A call that is not there has ended: the step is late, and forgotten.
    pub(crate) fn step(&self, call: u64, step: Step<'_>) -> Result<(), Forged> {
        let flow = self.lock().get(&call).cloned();
        flow.map_or(Ok(()), |flow| flow.step(step))
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The map stays whole whatever panicked while it was held: each change of it is one step.
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Flow>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call whose steps are taken.
#[derive(Debug)]
pub(crate) struct Open {
    flows: Arc<Flows>,
    call: u64,
    flow: Arc<Flow>,
}

impl Open {
    /// Its two directions.
    pub(crate) fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.flows.lock().remove(&self.call);
    }
}

//! The write side of a WebSocket whose task rests, laid down where others can write with it.
//!
//! To wake a task for one frame costs more than to write the frame. So a task that has written everything lays its pen
//! down beside the queue; a broadcast that finds it there writes in the task's place, in the order of the queue. What the
//! stream does not take at once is left to the task, as is everything while the pen is in its hand. Whoever takes packets
//! from the queue to write them holds the pen: that keeps their order.

use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::net::tcp::OwnedWriteHalf;

use super::output::Output;
use crate::connection::outbox::Outbox;

/// Where the pen of a connection lies. Empty while its task writes, and where there is no TCP socket to write to.
#[derive(Default)]
pub(crate) struct Desk {
    pen: Mutex<Option<Pen>>,
}

struct Pen {
    half: OwnedWriteHalf,
    /// What was begun with it and must be finished first.
    begun: Option<Box<Output>>,
}

impl Desk {
    /// The task has written everything and rests.
    pub(super) fn lay_down(&self, half: OwnedWriteHalf) {
        *self.pen.lock() = Some(Pen { half, begun: None });
    }

    /// The task takes the pen back, and what was begun with it.
    pub(super) fn pick_up(&self) -> Option<(OwnedWriteHalf, Option<Box<Output>>)> {
        let pen = self.pen.lock().take()?;
        Some((pen.half, pen.begun))
    }

    /// The task has ended, and nobody writes any more.
    pub(crate) fn clear(&self) {
        self.pen.lock().take();
    }

    /// Whether something was begun that the task must finish.
    pub(super) fn is_begun(&self) -> bool {
        let pen = self.pen.lock();
        pen.as_ref().is_some_and(|pen| pen.begun.is_some())
    }

    /// Writes what is queued, if the pen lies here. Whether the task must be woken, for what is left or for what waits until
    /// something was written.
    pub(crate) fn write(&self, outbox: &Outbox) -> bool {
        let mut pen = self.pen.lock();
        let Some(Pen {
            half,
            begun: begun @ None,
        }) = &mut *pen
        else {
            return true;
        };
        let mut output = Output::default();
        output.push(outbox.take(0));
        let written = output.poll_write(half, &mut Context::from_waker(Waker::noop()));
        if !matches!(written, Poll::Ready(Ok(()))) {
            // The task finds out what ails the stream when it goes on.
            *begun = Some(Box::new(output));
            return true;
        }
        let relieved = outbox.release(output.take_cost_written());
        relieved || !outbox.rest()
    }
}

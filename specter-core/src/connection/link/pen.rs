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
    pub(crate) fn lay_down(&self, half: OwnedWriteHalf) {
        *self.pen.lock() = Some(Pen { half, begun: None });
    }

    /// The task takes the pen back, and what was begun with it.
    pub(super) fn pick_up(&self) -> Option<(OwnedWriteHalf, Option<Box<Output>>)> {
        let pen = self.pen.lock().take()?;
        Some((pen.half, pen.begun))
    }

    /// Takes the pen where it can be had at once and nothing was begun with it.
    pub(crate) fn claim(&self) -> Option<OwnedWriteHalf> {
        let mut pen = self.pen.try_lock()?;
        let pen = pen.take_if(|pen| pen.begun.is_none())?;
        Some(pen.half)
    }

    /// The task has ended, and nobody writes any more.
    pub(crate) fn clear(&self) {
        if let Some(pen) = self.pen.lock().take() {
            // With both halves gone the socket is closed: not ended by a call of its own before.
            pen.half.forget();
        }
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

#[cfg(test)]
mod tests {
    use super::Desk;
    use crate::connection::QueuePolicy;
    use crate::connection::outbox::{Outbox, Urgency, Wake};
    use specter_proto::engine::Frame;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    fn queue(outbox: &Outbox, text: &str) -> Wake {
        let packet = Frame::text_message(text).into();
        outbox.push(packet, Urgency::Ordinary).unwrap()
    }

    async fn sockets() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (server, client) = tokio::join!(listener.accept(), connecting);
        (server.unwrap().0, client.unwrap())
    }

    #[tokio::test]
    async fn what_is_queued_is_written_while_the_pen_lies_there() {
        let (server, mut client) = sockets().await;
        let (read, half) = server.into_split();
        let outbox = Outbox::new(1_000, QueuePolicy::Disconnect);
        let desk = Desk::default();
        assert_eq!(queue(&outbox, "a"), Wake::Yes);
        assert!(desk.write(&outbox), "the task must do it");
        desk.lay_down(half);
        assert!(!desk.write(&outbox));
        assert_eq!(outbox.bytes(), 0);
        assert_eq!(queue(&outbox, "b"), Wake::Yes, "nobody looks any more");
        assert!(!desk.write(&outbox));
        let mut received = [0; 8];
        client.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"\x81\x024a\x81\x024b");
        desk.clear();
        drop(read);
        assert_eq!(client.read(&mut received).await.unwrap(), 0, "it ended");
    }

    #[tokio::test]
    async fn what_the_stream_does_not_take_is_left_to_the_task() {
        let (server, _client) = sockets().await;
        let (_read, half) = server.into_split();
        let outbox = Outbox::new(usize::MAX, QueuePolicy::Disconnect);
        let desk = Desk::default();
        desk.lay_down(half);
        // More than any socket holds.
        let _ = queue(&outbox, &"x".repeat(64 * 1024 * 1024));
        assert!(desk.write(&outbox), "the task is woken");
        assert!(desk.is_begun());
        assert!(outbox.bytes() > 0, "it counts until it is written");
        let _ = queue(&outbox, "next");
        assert!(desk.write(&outbox), "nothing goes between");
        assert_eq!(outbox.take(0).len(), 1);
        assert!(desk.pick_up().is_some_and(|(_, begun)| begun.is_some()));
    }
}

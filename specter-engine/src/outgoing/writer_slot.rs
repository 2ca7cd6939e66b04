//! The write side of a WebSocket whose task rests, laid down where others can write with it.
//!
//! To wake a task for one frame costs more than to write the frame. So a task that has written
//! everything lays its pen down beside the queue; a broadcast that finds it there writes in the
//! task's place, in the order of the queue. What the stream does not take at once is left to the
//! task, as is everything while the pen is in its hand. Whoever takes packets from the queue to
//! write them holds the pen: that keeps their order. A task that only answers in its turn need not
//! take it up for that: it has the desk reserved, and writes past the queue with a pen of its own.

use std::sync::{OnceLock, Weak};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::net::TcpStream;

use crate::outgoing::direct;
use crate::outgoing::frame_writer::FrameWriter;
use crate::outgoing::queue::{OutgoingQueue, cost};
use crate::outgoing::tcp_writer::TcpWriter;

/// Where the pen of a connection lies. Empty while its task writes what was queued, and where there
/// is no TCP socket to write to.
#[derive(Default)]
pub(crate) struct WriterSlot {
    pen: Mutex<Option<ParkedWriter>>,
    /// The socket of the pen that was laid down first, for a prefetch_queue at it.
    socket: OnceLock<Weak<TcpStream>>,
}

struct ParkedWriter {
    writer: TcpWriter,
    /// What was begun with it and must be finished first.
    begun: Option<Box<FrameWriter>>,
}

impl WriterSlot {
    /// The task has written everything and rests.
    pub(crate) fn park(&self, writer: TcpWriter) {
        self.socket.get_or_init(|| writer.place());
        *self.pen.lock() = Some(ParkedWriter {
            writer,
            begun: None,
        });
    }

    /// The task takes the pen back, and what was begun with it.
    pub(crate) fn reclaim(&self) -> Option<(TcpWriter, Option<Box<FrameWriter>>)> {
        let pen = self.pen.lock().take()?;
        Some((pen.writer, pen.begun))
    }

    /// Lets the task send past the queue, where the pen can be had at once and nothing was begun
    /// with it: nobody else writes until the queue is [`passed by`](OutgoingQueue::set_passed_by) no more.
    pub(crate) fn reserve(&self, queue: &OutgoingQueue) -> bool {
        let Some(pen) = self.pen.try_lock() else {
            return false;
        };
        let is_free = pen.as_ref().is_some_and(|pen| pen.begun.is_none());
        if is_free {
            // With the pen locked, so that nobody is writing with it.
            queue.set_passed_by(true);
        }
        is_free
    }

    /// The task has ended, and nobody writes any more.
    pub(crate) fn clear(&self) {
        self.pen.lock().take();
    }

    /// Whether something was begun that the task must finish.
    pub(crate) fn has_partial_write(&self) -> bool {
        let pen = self.pen.lock();
        pen.as_ref().is_some_and(|pen| pen.begun.is_some())
    }

    /// Reads a little of it, and no more. See [`fetch`](crate::outgoing::fan_out::fetch).
    pub(crate) fn prefetch_queue(&self) -> usize {
        let socket = self.socket.get().map_or(0, Weak::strong_count);
        usize::from(self.pen.is_locked()) ^ socket
    }

    /// Writes what is queued, if the pen lies here and the task does not send past the queue.
    /// Whether the task must be woken, for what is left or for what waits until something was
    /// written.
    pub(crate) fn write(&self, queue: &OutgoingQueue) -> bool {
        let mut pen = self.pen.lock();
        let Some(ParkedWriter {
            writer,
            begun: begun @ None,
        }) = &mut *pen
        else {
            return true;
        };
        if queue.is_passed_by() {
            return true;
        }
        match write_only_frame(writer, queue).unwrap_or_else(|| write_all(writer, queue)) {
            Ok(written) => queue.settle(written),
            Err(unwritten) => {
                // The task finds out what ails the stream when it goes on.
                *begun = Some(unwritten);
                true
            }
        }
    }
}

/// What the queue counted for what was written, or what must be gone on with.
type Outcome = Result<usize, Box<FrameWriter>>;

/// Writes the one frame that waits, if it is one. What the stream does not take is left to the
/// task, whose own attempt has it woken when the stream takes more.
fn write_only_frame(writer: &TcpWriter, queue: &OutgoingQueue) -> Option<Outcome> {
    let packet = queue.take_only_frame()?;
    let bytes = packet.first().websocket();
    let written = direct::send(writer.socket(), bytes).unwrap_or_default();
    Some(if written == bytes.len() {
        Ok(cost(&packet))
    } else {
        Err(Box::new(FrameWriter::begun(packet, written)))
    })
}

fn write_all(writer: &mut TcpWriter, queue: &OutgoingQueue) -> Outcome {
    let mut output = FrameWriter::default();
    output.push(queue.take(0));
    let written = output.poll_write(writer, &mut Context::from_waker(Waker::noop()));
    if matches!(written, Poll::Ready(Ok(()))) {
        Ok(output.take_cost_written())
    } else {
        Err(Box::new(output))
    }
}

#[cfg(test)]
mod tests {
    use super::WriterSlot;
    use crate::config::{EngineConfig, QueuePolicy};
    use crate::detached::detached;
    use crate::outgoing::queue::limits::Urgency;
    use crate::outgoing::queue::{OutgoingQueue, Wake};
    use crate::outgoing::tcp_writer::TcpWriter;
    use crate::session::link::stream::Stream;
    use crate::session::link::websocket::WebSocket;
    use specter_proto::engine::{Frame, Prepared};
    use specter_proto::websocket::Limits;
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    fn push(queue: &OutgoingQueue, text: &str) -> Wake {
        let packet = Frame::text_message(text).into();
        queue.push(packet, Urgency::Ordinary).unwrap()
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
        let (read, writer) = TcpWriter::split(server);
        let queue = OutgoingQueue::for_test(1_000, QueuePolicy::Disconnect);
        let desk = WriterSlot::default();
        assert_eq!(push(&queue, "a"), Wake::Yes);
        assert!(desk.write(&queue), "the task must do it");
        desk.park(writer);
        assert!(!desk.write(&queue));
        assert_eq!(queue.bytes(), 0);
        assert_eq!(push(&queue, "b"), Wake::Yes, "nobody looks any more");
        assert!(!desk.write(&queue));
        let mut received = [0; 8];
        client.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"\x81\x024a\x81\x024b");
        desk.clear();
        drop(read);
        assert_eq!(client.read(&mut received).await.unwrap(), 0, "it ended");
    }

    #[tokio::test]
    async fn nobody_else_writes_while_the_task_sends_past_the_queue() {
        let (server, mut client) = sockets().await;
        let (_read, writer) = TcpWriter::split(server);
        let queue = OutgoingQueue::for_test(1_000, QueuePolicy::Disconnect);
        let desk = WriterSlot::default();
        assert!(!desk.reserve(&queue), "no pen lies there");
        desk.park(writer);
        assert!(desk.reserve(&queue));
        let _ = push(&queue, "a");
        assert!(desk.write(&queue), "the task must do it");
        assert!(queue.bytes() > 0);
        queue.set_passed_by(false);
        assert!(!desk.write(&queue));
        let mut received = [0; 4];
        client.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"\x81\x024a");
    }

    #[tokio::test]
    async fn what_the_stream_does_not_take_is_left_to_the_task() {
        let (server, _client) = sockets().await;
        let (_read, writer) = TcpWriter::split(server);
        let queue = OutgoingQueue::for_test(usize::MAX, QueuePolicy::Disconnect);
        let desk = WriterSlot::default();
        desk.park(writer);
        // More than any socket holds.
        let _ = push(&queue, &"x".repeat(64 * 1024 * 1024));
        assert!(desk.write(&queue), "the task is woken");
        assert!(desk.has_partial_write());
        assert!(queue.bytes() > 0, "it counts until it is written");
        let _ = push(&queue, "next");
        assert!(desk.write(&queue), "nothing goes between");
        assert_eq!(queue.take(0).len(), 1);
        assert!(desk.reclaim().is_some_and(|(_, begun)| begun.is_some()));
    }

    #[tokio::test]
    async fn a_task_that_is_left_a_full_stream_is_woken_when_it_takes_more() {
        let (server, mut client) = sockets().await;
        let connection = detached(&EngineConfig::default().max_queued_bytes(usize::MAX));
        let mut websocket = WebSocket::over(Stream::of_tcp(server), Limits::new(100));
        let queue = connection.outgoing_queue();
        // It is full between two frames, or in the midst of one.
        for size in [100, 5_003, 64 * 1024] {
            let packet = Prepared::from(Frame::binary_message(&vec![7; size]));
            let at_rest = poll_fn(|cx| Poll::Ready(websocket.poll_write_queue(cx, &connection)));
            at_rest.await.unwrap();
            let mut expected = 0;
            loop {
                let pushed = connection.queue_unwoken(packet.clone()).unwrap();
                assert_eq!(pushed, Wake::Yes, "it rests");
                expected += packet.size();
                if connection.desk().write(queue) {
                    break;
                }
            }
            assert!(connection.desk().has_partial_write());
            let written = poll_fn(|cx| {
                websocket.poll_write_queue(cx, &connection).unwrap();
                match queue.bytes() {
                    0 => Poll::Ready(()),
                    _ => Poll::Pending,
                }
            });
            let mut received = vec![0; expected];
            let read = client.read_exact(&mut received);
            let both = async { tokio::join!(written, read) };
            let ((), read) = tokio::time::timeout(Duration::from_secs(20), both)
                .await
                .expect("the task was not woken");
            read.unwrap();
            let one = packet.first().websocket();
            assert!(received.chunks(one.len()).all(|frame| frame == one));
        }
    }
}

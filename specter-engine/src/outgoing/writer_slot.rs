//! The slot in which an idle connection's task parks the write half of its socket.
//!
//! Waking a task for one frame costs more than writing the frame. While a connection's task is
//! idle, it therefore parks the write half here. A broadcast that finds it there writes the queue
//! in place of the task. If the socket does not take everything, the rest is left to the task,
//! which alone waits for room in the socket.
//!
//! Packets are taken from the queue for writing only under the slot's lock or by the owner of the
//! write half. A task that appends to the batch of its turn reserves the slot first. Together this
//! keeps packets in order.

use std::mem;
use std::task::{Context, Poll, Waker};

use super::frame_writer::FrameWriter;
use super::queue::{OutgoingQueue, cost};
use super::sync::Mutex;
use super::tcp_writer::TcpWriter;
use super::write_half::WriteHalf;

/// Who may write to the socket of a connection.
#[derive(Default)]
enum WriterState<W> {
    /// The connection's task owns the write half, or the stream cannot be split.
    #[default]
    OwnedByTask,
    /// The task is idle. A broadcast may lock the slot and write the queue.
    Parked(W),
    /// A broadcast has written a part of a packet. Only the task may write, and it writes the rest
    /// of that packet first.
    ParkedMidFrame(W, Box<FrameWriter>),
    /// The task collects a batch, which it will write without reclaiming the write half. Nobody
    /// else may write until it has.
    ReservedByTask(W),
}

/// The slot of one connection.
pub(crate) struct WriterSlot<W = TcpWriter>(Mutex<WriterState<W>>);

impl<W> Default for WriterSlot<W> {
    fn default() -> Self {
        Self(Mutex::new(WriterState::OwnedByTask))
    }
}

impl<W: WriteHalf> WriterSlot<W> {
    /// Parks the write half of a task that has written everything and becomes idle.
    pub(crate) fn park(&self, writer: W) {
        *self.0.lock() = WriterState::Parked(writer);
    }

    /// Reclaims the write half for the task, and the packet that a broadcast has written in part.
    /// `None` if the task already owns the write half.
    pub(crate) fn reclaim(&self) -> Option<(W, Option<Box<FrameWriter>>)> {
        match mem::take(&mut *self.0.lock()) {
            WriterState::OwnedByTask => None,
            WriterState::Parked(writer) | WriterState::ReservedByTask(writer) => {
                Some((writer, None))
            }
            WriterState::ParkedMidFrame(writer, partial) => Some((writer, Some(partial))),
        }
    }

    /// Reserves the slot for the task, until [`release`](Self::release) or
    /// [`reclaim`](Self::reclaim). `false` if a broadcast is writing or has written a part of a
    /// packet, or if the task owns the write half.
    pub(crate) fn reserve_for_task(&self) -> bool {
        let Some(mut state) = self.0.try_lock() else {
            return false;
        };
        match mem::take(&mut *state) {
            WriterState::Parked(writer) => {
                *state = WriterState::ReservedByTask(writer);
                true
            }
            other => {
                *state = other;
                false
            }
        }
    }

    /// Ends the reservation: the task has written its batch or put it into the queue.
    pub(crate) fn release(&self) {
        let mut state = self.0.lock();
        *state = match mem::take(&mut *state) {
            WriterState::ReservedByTask(writer) => WriterState::Parked(writer),
            other => other,
        };
    }

    /// Drops the write half: the task has ended.
    pub(crate) fn clear(&self) {
        let state = mem::take(&mut *self.0.lock());
        // Dropped outside of the lock, because it closes the socket.
        drop(state);
    }

    /// Whether a broadcast has written a part of a packet that the task must finish.
    pub(crate) fn has_partial_write(&self) -> bool {
        matches!(*self.0.lock(), WriterState::ParkedMidFrame(..))
    }

    /// Whether the slot is locked. Reads its cache line, for `prefetch`.
    pub(crate) fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// Writes the queue, if the write half is parked. Returns whether the task must be woken: to
    /// write the rest, or for senders that wait until something was written.
    pub(crate) fn write_queued(&self, queue: &OutgoingQueue) -> bool {
        let mut state = self.0.lock();
        let WriterState::Parked(writer) = &mut *state else {
            return true;
        };
        match write_only_frame(writer, queue).unwrap_or_else(|| write_all(writer, queue)) {
            Ok(written) => queue.finish_write(written),
            Err(unwritten) => {
                // An error of the socket is reported to the task when it writes the rest.
                if let WriterState::Parked(writer) = mem::take(&mut *state) {
                    *state = WriterState::ParkedMidFrame(writer, unwritten);
                }
                true
            }
        }
    }
}

/// The cost of the written packets or, if the socket did not take everything, the rest to write.
type Outcome = Result<usize, Box<FrameWriter>>;

/// Writes the only queued packet, if it has one frame.
fn write_only_frame(writer: &impl WriteHalf, queue: &OutgoingQueue) -> Option<Outcome> {
    let packet = queue.take_only_frame()?;
    let bytes = packet.first().websocket();
    let written = writer.try_write(bytes).unwrap_or_default();
    Some(if written == bytes.len() {
        Ok(cost(&packet))
    } else {
        Err(Box::new(FrameWriter::with_partial(packet, written)))
    })
}

fn write_all(writer: &mut impl WriteHalf, queue: &OutgoingQueue) -> Outcome {
    let mut frames = FrameWriter::default();
    frames.push(queue.take(0));
    let written = frames.poll_write(writer, &mut Context::from_waker(Waker::noop()));
    if matches!(written, Poll::Ready(Ok(()))) {
        Ok(frames.take_cost_written())
    } else {
        Err(Box::new(frames))
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
    use specter_proto::engine::{EncodedPacket, Frame};
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
    async fn the_queue_is_written_while_the_write_half_is_parked() {
        let (server, mut client) = sockets().await;
        let (read, writer) = TcpWriter::split(server);
        let queue = OutgoingQueue::for_test(1_000, QueuePolicy::Disconnect);
        let slot = WriterSlot::default();
        assert_eq!(push(&queue, "a"), Wake::Yes);
        assert!(slot.write_queued(&queue), "the task must write");
        slot.park(writer);
        assert!(!slot.write_queued(&queue));
        assert_eq!(queue.bytes(), 0);
        assert_eq!(
            push(&queue, "b"),
            Wake::Yes,
            "nobody reads the queue any more"
        );
        assert!(!slot.write_queued(&queue));
        let mut received = [0; 8];
        client.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"\x81\x024a\x81\x024b");
        slot.clear();
        drop(read);
        assert_eq!(
            client.read(&mut received).await.unwrap(),
            0,
            "the stream has ended"
        );
    }

    #[tokio::test]
    async fn nobody_else_writes_while_the_slot_is_reserved() {
        let (server, mut client) = sockets().await;
        let (_read, writer) = TcpWriter::split(server);
        let queue = OutgoingQueue::for_test(1_000, QueuePolicy::Disconnect);
        let slot = WriterSlot::default();
        assert!(!slot.reserve_for_task(), "no write half is parked");
        slot.park(writer);
        assert!(slot.reserve_for_task());
        let _ = push(&queue, "a");
        assert!(slot.write_queued(&queue), "the task must write");
        assert!(queue.bytes() > 0);
        slot.release();
        assert!(!slot.write_queued(&queue));
        let mut received = [0; 4];
        client.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"\x81\x024a");
    }

    #[tokio::test]
    async fn the_rest_of_a_full_socket_is_left_to_the_task() {
        let (server, _client) = sockets().await;
        let (_read, writer) = TcpWriter::split(server);
        let queue = OutgoingQueue::for_test(usize::MAX, QueuePolicy::Disconnect);
        let slot = WriterSlot::default();
        slot.park(writer);
        // More than a socket's buffer holds.
        let _ = push(&queue, &"x".repeat(64 * 1024 * 1024));
        assert!(slot.write_queued(&queue), "the task is woken");
        assert!(slot.has_partial_write());
        assert!(queue.bytes() > 0, "the packet counts until it is written");
        let _ = push(&queue, "next");
        assert!(
            slot.write_queued(&queue),
            "the rest of the packet comes first"
        );
        assert_eq!(queue.take(0).len(), 1);
        assert!(slot.reclaim().is_some_and(|(_, partial)| partial.is_some()));
    }

    #[tokio::test]
    async fn the_task_is_woken_when_a_full_socket_takes_more() {
        let (server, mut client) = sockets().await;
        let connection = detached(&EngineConfig::default().max_queued_bytes(usize::MAX));
        let mut websocket = WebSocket::over(Stream::of_tcp(server), Limits::new(100));
        let queue = connection.outgoing_queue();
        // The socket becomes full between two frames, or within one.
        for size in [100, 5_003, 64 * 1024] {
            let packet = EncodedPacket::from(Frame::binary_message(&vec![7; size]));
            let idle = poll_fn(|cx| Poll::Ready(websocket.end_turn(cx, &connection)));
            idle.await.unwrap();
            let mut expected = 0;
            loop {
                let pushed = connection.queue_unwoken(packet.clone()).unwrap();
                assert_eq!(pushed, Wake::Yes, "the task is idle");
                expected += packet.size();
                if connection.outgoing().write_queued() {
                    break;
                }
            }
            assert!(connection.outgoing().slot.has_partial_write());
            let written = poll_fn(|cx| {
                websocket.end_turn(cx, &connection).unwrap();
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

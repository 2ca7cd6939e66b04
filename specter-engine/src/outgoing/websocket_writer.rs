//! How a connection's task writes to its WebSocket: at the end of a turn it writes the turn's
//! batch, then the queue.

use std::io;
use std::mem;
use std::task::{Context, Poll};

use specter_proto::engine::EncodedPacket;
use tokio::io::AsyncWrite;

use super::Outgoing;
use super::frame_writer::FrameWriter;
use super::write_batch;
use super::write_half::WriteHalf;

/// A stream whose write half can be parked in a [`WriterSlot`](super::writer_slot::WriterSlot).
pub(crate) trait WriteSide: AsyncWrite + Unpin {
    /// The write half.
    type Half: WriteHalf;

    /// Takes the write half out of the stream. `None` if the stream cannot be split.
    fn park(&mut self) -> Option<Self::Half>;

    /// Puts the write half back.
    fn reclaim(&mut self, half: Self::Half);

    /// Whether the write half is parked.
    fn is_parked(&self) -> bool;

    /// Writes while the write half is parked. The caller must have reserved the slot.
    fn try_write_parked(&self, bytes: &[u8]) -> io::Result<usize>;
}

/// The task's writer of one WebSocket.
#[derive(Default)]
pub(crate) struct WebSocketWriter {
    /// Packets that have left the queue and are not written in full.
    pub(crate) frames: FrameWriter,
    /// Whether the stream took no more at the last write.
    is_blocked: bool,
    /// Whether the stream took more after it had been blocked: the peer has read.
    peer_has_read: bool,
}

impl WebSocketWriter {
    /// Whether the peer has made room in a full stream since the last call.
    pub(crate) fn take_peer_has_read(&mut self) -> bool {
        mem::take(&mut self.peer_has_read)
    }

    /// Ends a turn: writes its batch, if it has one, and the queue. The rest that the stream does
    /// not take is kept, and the task is woken when the stream takes more. If everything is
    /// written, the write half is parked, so that broadcasts may write until the task runs again.
    ///
    /// If there is a batch, the caller has reserved the slot. This ends the reservation.
    pub(crate) fn end_turn<S: WriteSide>(
        &mut self,
        stream: &mut S,
        outgoing: &Outgoing<S::Half>,
        batch: Option<Vec<u8>>,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let queue = &outgoing.queue;
        if let Some(batch) = batch {
            let unwritten = self.write_batch(stream, batch);
            if unwritten.is_none() && self.frames.is_done() {
                outgoing.slot.release();
                if queue.go_idle_if_empty() {
                    return Ok(());
                }
            }
            self.reclaim(stream, outgoing);
            if let Some((packet, written)) = unwritten {
                queue.charge(&packet);
                self.frames.resume_packet(packet, written);
            }
        } else if stream.is_parked() {
            let is_idle = self.frames.is_done() && !outgoing.slot.has_partial_write();
            if is_idle && queue.go_idle_if_empty() {
                return Ok(());
            }
            self.reclaim(stream, outgoing);
        }
        self.write_queue(stream, outgoing, cx)
    }

    /// Writes the queue, with the write half owned by the task.
    fn write_queue<S: WriteSide>(
        &mut self,
        stream: &mut S,
        outgoing: &Outgoing<S::Half>,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let queue = &outgoing.queue;
        loop {
            let was_blocked = mem::take(&mut self.is_blocked);
            let is_written = self.poll_write(stream, cx)?.is_ready();
            let written = self.frames.take_cost_written();
            self.peer_has_read |= was_blocked && (is_written || written > 0);
            if !is_written {
                self.is_blocked = true;
                if written > 0 {
                    let _ = queue.refund(written);
                }
                return Ok(());
            }
            let packets = queue.take(written);
            if packets.is_empty() {
                if let Some(half) = stream.park() {
                    outgoing.slot.park(half);
                }
                return Ok(());
            }
            self.frames.push(packets);
        }
    }

    /// Writes the pushed frames.
    pub(crate) fn poll_write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<()>> {
        if self.frames.is_done() {
            return Ok(Poll::Ready(()));
        }
        match self.frames.poll_write(stream, cx) {
            Poll::Ready(result) => result.map(Poll::Ready),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    /// Writes a batch. If the stream does not take all of it, returns it as a packet together with
    /// the number of written bytes. If the stream fails, the error is reported by the next write.
    fn write_batch(
        &mut self,
        stream: &impl WriteSide,
        batch: Vec<u8>,
    ) -> Option<(EncodedPacket, usize)> {
        // A waiting pong answers an earlier message than the batch does, and is written first.
        let written = if !batch.is_empty() && self.frames.is_done() {
            stream.try_write_parked(&batch).unwrap_or_default()
        } else {
            0
        };
        let unwritten = (written < batch.len()).then(|| (write_batch::packet(&batch), written));
        write_batch::recycle(batch);
        unwritten
    }

    /// Reclaims the write half, and the packet that a broadcast has written in part.
    pub(crate) fn reclaim<S: WriteSide>(&mut self, stream: &mut S, outgoing: &Outgoing<S::Half>) {
        if let Some((half, partial)) = outgoing.slot.reclaim() {
            stream.reclaim(half);
            if let Some(partial) = partial {
                self.frames.resume(*partial);
            }
        }
    }
}

//! The task's side of writing to a WebSocket: the end of a turn, which writes the turn's batch and
//! what is queued.

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

    /// Gives the write half away. `None` where the stream cannot be split.
    fn park(&mut self) -> Option<Self::Half>;

    /// Takes the write half back.
    fn reclaim(&mut self, half: Self::Half);

    /// Whether the write half was given away.
    fn is_parked(&self) -> bool;

    /// Writes while the write half is parked. Only whoever reserved the slot may call this.
    fn try_write_parked(&self, bytes: &[u8]) -> io::Result<usize>;
}

/// What the task writes to one WebSocket, and how far it got.
#[derive(Default)]
pub(crate) struct WebSocketWriter {
    /// What has left the queue and is not written yet.
    pub(crate) frames: FrameWriter,
    /// The stream took no more when it was written to last.
    is_blocked: bool,
    /// The stream was blocked and took more after that: the peer has read.
    peer_has_read: bool,
}

impl WebSocketWriter {
    /// Whether the peer has made room in a stream that was full, since this was asked last.
    pub(crate) fn take_peer_has_read(&mut self) -> bool {
        mem::take(&mut self.peer_has_read)
    }

    /// Ends a turn: writes its batch, if it has one, and all that is queued. What the stream does
    /// not take is kept, and the task is woken when it takes more. Where all is written, the write
    /// half is parked, so that others may write until the task runs again.
    ///
    /// The slot is reserved where there is a batch, and not reserved afterwards.
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

    /// Writes what the queue holds, with the write half in the task's hands.
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

    /// Writes what was pushed to the frames.
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

    /// Writes a batch. Where the stream does not take all of it, yields it as a packet, with how
    /// much of it is written. An error of the stream is met again when that goes on.
    fn write_batch(
        &mut self,
        stream: &impl WriteSide,
        batch: Vec<u8>,
    ) -> Option<(EncodedPacket, usize)> {
        // A pong that waits answers an earlier message than the batch does, and goes first.
        let written = if !batch.is_empty() && self.frames.is_done() {
            stream.try_write_parked(&batch).unwrap_or_default()
        } else {
            0
        };
        let unwritten = (written < batch.len()).then(|| (write_batch::packet(&batch), written));
        write_batch::recycle(batch);
        unwritten
    }

    /// Takes the write half back, with what a broadcast has written in part.
    pub(crate) fn reclaim<S: WriteSide>(&mut self, stream: &mut S, outgoing: &Outgoing<S::Half>) {
        if let Some((half, partial)) = outgoing.slot.reclaim() {
            stream.reclaim(half);
            if let Some(partial) = partial {
                self.frames.resume(*partial);
            }
        }
    }
}

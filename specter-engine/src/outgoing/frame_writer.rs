//! The frames that are being written to a WebSocket, and the position up to which they are written.
//!
//! It holds packets from the time they leave the queue until their last byte is written, and one
//! control frame of the WebSocket itself, which is written between two frames. Packets are never
//! reordered.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use specter_proto::engine::{EncodedPacket, Frame};
use tokio::io::AsyncWrite;

use crate::outgoing::packet_deque::recycle_deque;
use crate::outgoing::queue;
use crate::session::link::scratch::Scratch;

/// The most frames in one write.
const MAX_SLICES: usize = 64;
/// Frames of up to this many bytes in all are copied into one slice before they are written:
/// passing many tiny slices to the kernel costs more than copying them, and a single slice takes a
/// cheaper system call.
const JOINED: usize = 16 * 1024;

/// Packets that are being written, and the position in them.
#[derive(Default)]
pub(crate) struct FrameWriter {
    packets: VecDeque<EncodedPacket>,
    /// How many frames of the first packet are written in full.
    frames_written: usize,
    /// How many bytes of the following frame are written.
    offset: usize,
    control: Option<Control>,
    /// The cost in the queue of what has been written, including parts of packets.
    cost_written: usize,
    /// How much of the cost is for a part of the first packet.
    cost_of_part: usize,
    /// Whether the stream may still hold back written bytes.
    unflushed: bool,
}

/// A pong or a close frame. Boxed, because there is rarely one.
struct Control(Box<ControlFrame>);

struct ControlFrame {
    bytes: Vec<u8>,
    written: usize,
    /// The control frame after this one. Set only while this one is partly written; before that it
    /// is replaced.
    next: Option<Vec<u8>>,
}

impl Control {
    fn new(bytes: Vec<u8>) -> Self {
        Self(Box::new(ControlFrame {
            bytes,
            written: 0,
            next: None,
        }))
    }
}

impl FrameWriter {
    /// Adds packets after those that are already here.
    pub(crate) fn push(&mut self, packets: VecDeque<EncodedPacket>) {
        if self.packets.is_empty() {
            self.packets = packets;
        } else {
            self.packets.extend(packets);
        }
    }

    /// A writer that continues with a packet of one frame, of which `written` bytes are written.
    pub(crate) fn with_partial(packet: EncodedPacket, written: usize) -> Self {
        let mut output = Self::default();
        output.resume_packet(packet, written);
        output
    }

    /// Sets the control frame to write after the current frame. A waiting control frame is
    /// replaced: of several pings only the last must be answered (RFC 6455, section 5.5.3). A
    /// partly written one is finished first.
    pub(crate) fn set_control(&mut self, bytes: Vec<u8>) {
        match &mut self.control {
            Some(Control(frame)) if frame.written > 0 => frame.next = Some(bytes),
            _ => self.control = Some(Control::new(bytes)),
        }
    }

    /// Continues with a packet of one frame (or a batch, as one packet), of which `written` bytes
    /// are written. Nothing but a control frame may be waiting here.
    pub(crate) fn resume_packet(&mut self, packet: EncodedPacket, written: usize) {
        debug_assert!(self.packets.is_empty());
        self.packets.push_back(packet);
        self.offset = written;
        self.cost_of_part = written;
        self.cost_written += written;
        self.unflushed |= written > 0;
    }

    /// Continues with the packets of another writer, which may be partly written. Nothing but a
    /// control frame may be waiting here.
    pub(crate) fn resume(&mut self, partial: Self) {
        debug_assert!(self.packets.is_empty());
        let control = std::mem::replace(self, partial).control;
        self.control = control.or(self.control.take());
    }

    /// Drops everything but a partly written packet or control frame, which must be finished for
    /// the peer to decode the frames after it.
    pub(crate) fn discard_unstarted(&mut self) {
        let partial = self.frames_written > 0 || self.offset > 0;
        self.packets.truncate(usize::from(partial));
        self.control.take_if(|control| control.0.written == 0);
        if let Some(Control(frame)) = &mut self.control {
            frame.next = None;
        }
    }

    /// Whether everything is written and flushed by the stream.
    pub(crate) fn is_done(&self) -> bool {
        self.has_written_all() && !self.unflushed
    }

    /// Takes the cost ([`queue::cost`]) of what was written since the last call. A partly written
    /// packet counts for that part, so that a long packet shows that the peer reads.
    pub(crate) fn take_cost_written(&mut self) -> usize {
        mem::take(&mut self.cost_written)
    }

    /// Writes everything. Pending means that the stream takes no more at present.
    pub(crate) fn poll_write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        while !self.has_written_all() {
            let (written, all) = if let Some(bytes) = self.only_frame() {
                (ready!(stream.as_mut().poll_write(cx, bytes))?, bytes.len())
            } else {
                let len = self.pending().map(<[u8]>::len).sum();
                let written = self.poll_write_some(len, stream.as_mut(), cx);
                (ready!(written)?, len)
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            if written == all {
                self.advance_to_end();
            } else {
                self.advance(written);
            }
        }
        if self.unflushed {
            ready!(stream.as_mut().poll_flush(cx))?;
            self.unflushed = false;
        }
        recycle_deque(mem::take(&mut self.packets));
        Poll::Ready(Ok(()))
    }

    fn has_written_all(&self) -> bool {
        self.packets.is_empty() && self.control.is_none()
    }

    /// The frame to write, if there is only one and nothing of it is written: the common case.
    fn only_frame(&self) -> Option<&[u8]> {
        let packet = self.packets.front()?;
        let only = self.packets.len() == 1
            && packet.frame_count() == 1
            && self.offset == 0
            && self.control.is_none();
        only.then(|| packet.first().websocket().as_ref())
    }

    fn poll_write_some(
        &self,
        len: usize,
        stream: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if len > JOINED && stream.is_write_vectored() {
            return self.poll_write_slices(stream, cx);
        }
        // Even if the stream writes slice by slice, as TLS does with a record for each.
        let mut joined = Scratch::borrow();
        let len = join(self.pending(), &mut joined);
        let joined = joined.get(..len).unwrap_or_default();
        stream.poll_write(cx, joined)
    }

    /// Writes slices that are too large to be copied.
    fn poll_write_slices(
        &self,
        stream: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(self.pending()) {
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        let slices = slices.get(..count).unwrap_or_default();
        stream.poll_write_vectored(cx, slices)
    }

    /// The bytes to write, in order.
    fn pending(&self) -> impl Iterator<Item = &[u8]> {
        let mut frames = self
            .packets
            .iter()
            .flat_map(EncodedPacket::frames)
            .skip(self.frames_written)
            .map(|frame: &Frame| frame.websocket().as_ref());
        let partial = if self.offset > 0 {
            frames.next().and_then(|frame| frame.get(self.offset..))
        } else {
            None
        };
        let control = self
            .control
            .as_ref()
            .and_then(|control| control.0.bytes.get(control.0.written..));
        let next = self
            .control
            .as_ref()
            .and_then(|control| control.0.next.as_deref());
        partial.into_iter().chain(control).chain(next).chain(frames)
    }

    /// Records that all of [`pending`](Self::pending) is written.
    fn advance_to_end(&mut self) {
        while let Some(packet) = self.packets.pop_front() {
            self.cost_written += queue::cost(&packet);
        }
        self.cost_written -= mem::take(&mut self.cost_of_part);
        self.frames_written = 0;
        self.offset = 0;
        self.control = None;
    }

    /// Records that `written` more bytes of [`pending`](Self::pending) are written.
    fn advance(&mut self, mut written: usize) {
        while written > 0 {
            if self.offset == 0
                && let Some(Control(frame)) = &mut self.control
            {
                let part = written.min(frame.bytes.len() - frame.written);
                frame.written += part;
                written -= part;
                if frame.written == frame.bytes.len() {
                    self.control = frame.next.take().map(Control::new);
                }
                continue;
            }
            let Some(packet) = self.packets.front() else {
                break;
            };
            let frame_len = packet
                .frames()
                .nth(self.frames_written)
                .map_or(0, Frame::size);
            let part = written.min(frame_len - self.offset);
            self.offset += part;
            self.cost_of_part += part;
            self.cost_written += part;
            written -= part;
            if self.offset == frame_len {
                self.offset = 0;
                self.frames_written += 1;
                if self.frames_written == packet.frame_count() {
                    self.frames_written = 0;
                    self.cost_written += queue::cost(packet) - mem::take(&mut self.cost_of_part);
                    self.packets.pop_front();
                }
            }
        }
    }
}

/// Copies the slices one after another into the buffer, as far as they fit. Returns the copied
/// length.
fn join<'a>(mut slices: impl Iterator<Item = &'a [u8]>, buffer: &mut [u8]) -> usize {
    let mut joined = 0;
    // Stops at the first slice that does not fit.
    let _ = slices.try_for_each(|bytes| {
        let room = buffer.get_mut(joined..)?;
        let part = room.len().min(bytes.len());
        room.get_mut(..part)?.copy_from_slice(bytes.get(..part)?);
        joined += part;
        (part == bytes.len()).then_some(())
    });
    joined
}

#[cfg(test)]
mod tests {
    use super::FrameWriter;
    use crate::outgoing::queue;
    use crate::session::link::stream::Stream;
    use specter_proto::engine::{EncodedPacket, Frame};
    use std::collections::VecDeque;
    use std::io::{self, IoSlice};
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Waker};
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    /// A stream that takes a few bytes of every other write, and nothing of the others.
    struct Trickle {
        taken: Arc<Mutex<Vec<u8>>>,
        step: usize,
        vectored: bool,
        is_paused: bool,
    }

    impl AsyncRead for Trickle {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Trickle {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.is_paused = !self.is_paused;
            if self.is_paused {
                return Poll::Pending;
            }
            let bytes: Vec<u8> = slices
                .iter()
                .flat_map(|slice| slice.iter().copied())
                .collect();
            let part = bytes.len().min(self.step);
            self.taken.lock().unwrap().extend_from_slice(&bytes[..part]);
            Poll::Ready(Ok(part))
        }

        fn is_write_vectored(&self) -> bool {
            self.vectored
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn packets() -> VecDeque<EncodedPacket> {
        VecDeque::from([
            Frame::text_message("one").into(),
            EncodedPacket::new(
                Frame::text_message("two"),
                vec![Frame::binary_message(&[7; 300]), Frame::binary_message(b"")],
            ),
            Frame::text_message("three").into(),
        ])
    }

    /// Packets of which one is too long to be copied together with the others.
    fn long_packets() -> VecDeque<EncodedPacket> {
        let mut packets = packets();
        packets.insert(2, Frame::binary_message(&vec![9; 20_000]).into());
        packets
    }

    fn bytes_of(packets: &VecDeque<EncodedPacket>) -> Vec<u8> {
        let frames = packets.iter().flat_map(EncodedPacket::frames);
        frames
            .flat_map(|frame| frame.websocket().to_vec())
            .collect()
    }

    #[test]
    fn partial_writes_lose_and_repeat_nothing() {
        let mut cx = Context::from_waker(Waker::noop());
        let short = (1..80).map(|step| (step, packets()));
        let long = [80, 305, 1_000, 9_300].map(|step| (step, long_packets()));
        for ((step, packets), vectored) in short
            .chain(long)
            .flat_map(|case| [(case.clone(), true), (case, false)])
        {
            let taken = Arc::new(Mutex::new(Vec::new()));
            let mut stream = Stream::of(Trickle {
                taken: Arc::clone(&taken),
                step,
                vectored,
                is_paused: false,
            });
            let mut output = FrameWriter::default();
            output.push(packets.clone());
            let mut pauses = 0;
            while output.poll_write(&mut stream, &mut cx).is_pending() {
                pauses += 1;
                assert!(pauses < 1_000, "the write does not end");
            }
            assert_eq!(*taken.lock().unwrap(), bytes_of(&packets));
            let cost: usize = packets.iter().map(queue::cost).sum();
            assert_eq!(output.take_cost_written(), cost);
            assert!(output.is_done());
        }
    }

    #[test]
    fn a_control_frame_follows_the_current_frame() {
        let mut cx = Context::from_waker(Waker::noop());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let mut stream = Stream::of(Trickle {
            taken: Arc::clone(&taken),
            step: 2,
            vectored: true,
            is_paused: true,
        });
        let mut output = FrameWriter::default();
        output.push(VecDeque::from([
            Frame::text_message("a").into(),
            Frame::text_message("b").into(),
        ]));
        assert!(output.poll_write(&mut stream, &mut cx).is_pending());
        output.set_control(b"\x8A\x01x".to_vec());
        output.set_control(b"\x8A\x01y".to_vec());
        while output.poll_write(&mut stream, &mut cx).is_pending() {}
        assert_eq!(
            *taken.lock().unwrap(),
            b"\x81\x024a\x8A\x01y\x81\x024b".to_vec()
        );
    }

    #[test]
    fn the_newest_control_frame_follows_the_current_one() {
        let mut cx = Context::from_waker(Waker::noop());
        for step in 1..20 {
            let taken = Arc::new(Mutex::new(Vec::new()));
            let mut stream = Stream::of(Trickle {
                taken: Arc::clone(&taken),
                step,
                vectored: true,
                is_paused: true,
            });
            let mut output = FrameWriter::default();
            output.set_control(b"\x8A\x05first".to_vec());
            let _ = output.poll_write(&mut stream, &mut cx);
            output.push(VecDeque::from([Frame::text_message("a").into()]));
            output.set_control(b"\x8A\x01y".to_vec());
            output.set_control(b"\x8A\x01z".to_vec());
            while output.poll_write(&mut stream, &mut cx).is_pending() {}
            assert_eq!(
                *taken.lock().unwrap(),
                b"\x8A\x05first\x8A\x01z\x81\x024a".to_vec()
            );
        }
    }

    #[test]
    fn a_partly_written_frame_is_not_discarded() {
        let mut cx = Context::from_waker(Waker::noop());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let mut stream = Stream::of(Trickle {
            taken: Arc::clone(&taken),
            step: 2,
            vectored: true,
            is_paused: true,
        });
        let mut output = FrameWriter::default();
        output.push(packets());
        assert!(output.poll_write(&mut stream, &mut cx).is_pending());
        output.discard_unstarted();
        while output.poll_write(&mut stream, &mut cx).is_pending() {}
        assert_eq!(*taken.lock().unwrap(), b"\x81\x044one".to_vec());
    }
}

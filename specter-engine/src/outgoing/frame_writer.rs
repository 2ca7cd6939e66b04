//! The frames that are being written to a WebSocket, and the position up to which they are written.
//!
//! It holds packets that have left the queue until their last byte is written, and one control
//! frame of the WebSocket itself, which goes between two frames. Packets are never reordered.

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

/// Frames in one write.
const MAX_SLICES: usize = 64;
/// Up to so many bytes are joined before they are written: handing many tiny slices to the kernel
/// costs more than copying them, and one slice takes a cheaper call than several.
const JOINED: usize = 16 * 1024;

/// The write side of a WebSocket.
#[derive(Default)]
pub(crate) struct FrameWriter {
    packets: VecDeque<EncodedPacket>,
    /// Frames of the first packet that are written in full.
    frames_written: usize,
    /// Bytes of the frame after those that are written.
    offset: usize,
    control: Option<Control>,
    /// What the queue has counted for what is now written, parts of packets included.
    cost_written: usize,
    /// How much of that was for a part of the first packet.
    cost_of_part: usize,
    /// Something was written that the stream may hold back.
    unflushed: bool,
}

/// A pong or a close frame. Boxed, because nearly always there is none.
struct Control(Box<ControlFrame>);

struct ControlFrame {
    bytes: Vec<u8>,
    written: usize,
    /// Follows it. Only where this one is half written: before that it is replaced.
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
    /// Writes these after what is there already.
    pub(crate) fn push(&mut self, packets: VecDeque<EncodedPacket>) {
        if self.packets.is_empty() {
            self.packets = packets;
        } else {
            self.packets.extend(packets);
        }
    }

    /// What is left to be written of a packet of one frame.
    pub(crate) fn with_partial(packet: EncodedPacket, written: usize) -> Self {
        let mut output = Self::default();
        output.resume_packet(packet, written);
        output
    }

    /// Writes a frame as soon as the one under way is done. One that waits is replaced: of several
    /// pings only the last must be answered (RFC 6455, 5.5.3). One that is half written is
    /// finished first.
    pub(crate) fn set_control(&mut self, bytes: Vec<u8>) {
        match &mut self.control {
            Some(Control(frame)) if frame.written > 0 => frame.next = Some(bytes),
            _ => self.control = Some(Control::new(bytes)),
        }
    }

    /// Goes on with a packet of one frame (or several that were gathered, as one) of which so many
    /// bytes are written, while nothing but a control frame waits here.
    pub(crate) fn resume_packet(&mut self, packet: EncodedPacket, written: usize) {
        debug_assert!(self.packets.is_empty());
        self.packets.push_back(packet);
        self.offset = written;
        self.cost_of_part = written;
        self.cost_written += written;
        self.unflushed |= written > 0;
    }

    /// Goes on with what others have begun in its place, while nothing but a control frame waited
    /// here.
    pub(crate) fn resume(&mut self, begun: Self) {
        debug_assert!(self.packets.is_empty());
        let control = std::mem::replace(self, begun).control;
        self.control = control.or(self.control.take());
    }

    /// Drops everything that is not begun; what is half written must be finished, or the peer could
    /// not read what follows.
    pub(crate) fn discard_unbegun(&mut self) {
        let begun = self.frames_written > 0 || self.offset > 0;
        self.packets.truncate(usize::from(begun));
        self.control.take_if(|control| control.0.written == 0);
        if let Some(Control(frame)) = &mut self.control {
            frame.next = None;
        }
    }

    /// Whether all is written, and passed on by the stream.
    pub(crate) fn is_done(&self) -> bool {
        self.has_written_all() && !self.unflushed
    }

    /// Takes what [`queue::cost`] counted for what was written since it was asked last. A packet
    /// that is written in part counts for that part, so that a long one shows that the peer reads.
    pub(crate) fn take_cost_written(&mut self) -> usize {
        mem::take(&mut self.cost_written)
    }

    /// Writes all there is. Pending means that the stream takes no more for now.
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

    /// The frame to be written, where it is alone and nothing of it is written yet: the common case.
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
        // Also where the stream would write slice by slice (TLS: a record each).
        let mut joined = Scratch::borrow();
        let len = join(self.pending(), &mut joined);
        let joined = joined.get(..len).unwrap_or_default();
        stream.poll_write(cx, joined)
    }

    /// The same for what is not worth copying.
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

    /// The bytes to be written, in their order.
    fn pending(&self) -> impl Iterator<Item = &[u8]> {
        let mut frames = self
            .packets
            .iter()
            .flat_map(EncodedPacket::frames)
            .skip(self.frames_written)
            .map(|frame: &Frame| frame.websocket().as_ref());
        let begun = if self.offset > 0 {
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
        begun.into_iter().chain(control).chain(next).chain(frames)
    }

    /// Notes that all of [`pending`](Self::pending) is written.
    fn advance_to_end(&mut self) {
        while let Some(packet) = self.packets.pop_front() {
            self.cost_written += queue::cost(&packet);
        }
        self.cost_written -= mem::take(&mut self.cost_of_part);
        self.frames_written = 0;
        self.offset = 0;
        self.control = None;
    }

    /// Notes that `written` more bytes of [`pending`](Self::pending) are written.
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

/// Copies the slices one after another into the buffer, as far as they fit. Yields their length.
fn join<'a>(mut slices: impl Iterator<Item = &'a [u8]>, buffer: &mut [u8]) -> usize {
    let mut joined = 0;
    // The first that does not fit ends it.
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

    /// Takes a few bytes of each write, and nothing at every other one.
    struct Trickle {
        taken: Arc<Mutex<Vec<u8>>>,
        step: usize,
        vectored: bool,
        rests: bool,
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
            self.rests = !self.rests;
            if self.rests {
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

    /// The same, with one that is too long to be joined with the others.
    fn long_packets() -> VecDeque<EncodedPacket> {
        let mut packets = packets();
        packets.insert(2, Frame::binary_message(&[9; 9_000]).into());
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
                rests: false,
            });
            let mut output = FrameWriter::default();
            output.push(packets.clone());
            let mut rests = 0;
            while output.poll_write(&mut stream, &mut cx).is_pending() {
                rests += 1;
                assert!(rests < 1_000, "it goes on forever");
            }
            assert_eq!(*taken.lock().unwrap(), bytes_of(&packets));
            let cost: usize = packets.iter().map(queue::cost).sum();
            assert_eq!(output.take_cost_written(), cost);
            assert!(output.is_done());
        }
    }

    #[test]
    fn a_control_frame_waits_for_the_end_of_the_frame_under_way() {
        let mut cx = Context::from_waker(Waker::noop());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let mut stream = Stream::of(Trickle {
            taken: Arc::clone(&taken),
            step: 2,
            vectored: true,
            rests: true,
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
    fn the_newest_control_frame_follows_the_one_under_way() {
        let mut cx = Context::from_waker(Waker::noop());
        for step in 1..20 {
            let taken = Arc::new(Mutex::new(Vec::new()));
            let mut stream = Stream::of(Trickle {
                taken: Arc::clone(&taken),
                step,
                vectored: true,
                rests: true,
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
    fn what_is_half_written_survives_discarding() {
        let mut cx = Context::from_waker(Waker::noop());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let mut stream = Stream::of(Trickle {
            taken: Arc::clone(&taken),
            step: 2,
            vectored: true,
            rests: true,
        });
        let mut output = FrameWriter::default();
        output.push(packets());
        assert!(output.poll_write(&mut stream, &mut cx).is_pending());
        output.discard_unbegun();
        while output.poll_write(&mut stream, &mut cx).is_pending() {}
        assert_eq!(*taken.lock().unwrap(), b"\x81\x044one".to_vec());
    }
}

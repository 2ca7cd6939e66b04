//! Builds frames in a buffer that the thread recycles.

use std::mem;

use bytes::{Buf, Bytes};

use super::frame::{Frame, FrameKind};
use crate::recycler::{Recyclable, Recycler};
use crate::websocket::{MAX_HEADER, write_header_behind};

/// Writes a frame: the body, and at the end, when its length is known, the WebSocket header in
/// front of it.
///
/// It is written in a buffer that the thread keeps for that, and copied out once its size is known:
/// a frame takes one allocation of exactly its size. A long one keeps the buffer that it was
/// written in.
///
/// ```
/// use specter_proto::engine::{FrameBuilder, FrameKind};
///
/// let mut builder = FrameBuilder::new(16);
/// builder.body().extend_from_slice(br#"42["hello"]"#);
/// let frame = builder.finish(FrameKind::Text);
/// assert_eq!(frame.payload(), br#"42["hello"]"#);
/// assert_eq!(frame.websocket()[..2], [0x81, 11]);
/// ```
#[derive(Debug)]
pub struct FrameBuilder {
    buffer: Buffer,
}

/// `None` once the buffer is given away.
type Buffer = Option<BoxedBuffer>;

/// Room for the WebSocket header, then the body. Boxed, because a builder is moved often.
type BoxedBuffer = Box<Vec<u8>>;

/// Up to this size, in bytes, a frame is copied out of the thread's buffer, and the buffer is kept.
const COPIED: usize = 16 * 1024;

thread_local! {
    /// The buffer in which the thread writes frames.
    static BUFFERS: Recycler<BoxedBuffer> = const { Recycler::new(1, COPIED) };
}

impl Recyclable for BoxedBuffer {
    fn retained_bytes(&self) -> usize {
        self.capacity()
    }
}

impl FrameBuilder {
    /// A builder with room for a body of `capacity` bytes, which may outgrow it.
    pub fn new(capacity: usize) -> Self {
        let mut buffer = Recycler::take(&BUFFERS).unwrap_or_default();
        // What stands in the header's room is written over.
        buffer.truncate(MAX_HEADER);
        if buffer.len() < MAX_HEADER {
            buffer.resize(MAX_HEADER, 0);
        }
        buffer.reserve(capacity);
        let buffer = Some(buffer);
        Self { buffer }
    }

    /// The buffer to write the body in. What is in it at first belongs to the builder: leave it.
    #[inline]
    pub fn body(&mut self) -> &mut Vec<u8> {
        self.buffer.get_or_insert_default()
    }

    /// Where in [`body`](Self::body) the payload begins.
    const BODY_AT: usize = MAX_HEADER;

    /// Writes the WebSocket header in front and closes the frame.
    ///
    /// # Panics
    ///
    /// When [`body`](Self::body) was used to take away what it did not add: an error of the
    /// caller's program, never of a peer.
    pub fn finish(self, kind: FrameKind) -> Frame {
        self.close(kind).into_frame()
    }

    /// As [`finish`](Self::finish), but leaves the frame where it was written.
    ///
    /// # Panics
    ///
    /// As [`finish`](Self::finish).
    #[inline]
    pub fn close(mut self, kind: FrameKind) -> BufferedFrame {
        let buffer = self.body();
        let payload = buffer.len().checked_sub(Self::BODY_AT);
        let payload = payload.expect("removed the room of the header from a frame builder");
        let room = buffer.first_chunk_mut();
        let used = room.map_or(0, |room| write_header_behind(room, kind.opcode(), payload));
        BufferedFrame {
            builder: self,
            header: u8::try_from(used).unwrap_or(u8::MAX),
            kind,
        }
    }
}

/// A frame that still lies in the buffer in which it was written: sent from there, it takes no
/// allocation.
#[derive(Debug)]
pub struct BufferedFrame {
    builder: FrameBuilder,
    /// How long its WebSocket header is.
    header: u8,
    kind: FrameKind,
}

impl BufferedFrame {
    /// The whole unmasked WebSocket frame: header and payload.
    #[inline]
    pub fn websocket(&self) -> &[u8] {
        let buffer = self.builder.buffer.as_deref();
        let frame = buffer.and_then(|buffer| buffer.get(self.start()..));
        frame.unwrap_or_default()
    }

    /// A frame of its own, to be kept, or sent to many.
    pub fn into_frame(mut self) -> Frame {
        let start = self.start();
        let buffer = self.builder.body();
        let bytes = if buffer.capacity() <= COPIED {
            Bytes::copy_from_slice(buffer.get(start..).unwrap_or_default())
        } else {
            let mut bytes = Bytes::from(mem::take(buffer));
            // Not `slice`: that would count a second owner of a buffer that has one.
            bytes.advance(start);
            bytes
        };
        Frame {
            bytes,
            payload_at: self.header,
            kind: self.kind,
        }
    }

    #[inline]
    fn start(&self) -> usize {
        FrameBuilder::BODY_AT.saturating_sub(self.header.into())
    }
}

impl Drop for FrameBuilder {
    /// Gives the buffer back, also where its frame was never finished.
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            Recycler::put(&BUFFERS, buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COPIED, FrameBuilder};
    use crate::engine::FrameKind;

    fn written(body: &[u8]) -> FrameBuilder {
        let mut builder = FrameBuilder::new(1);
        builder.body().extend_from_slice(body);
        builder
    }

    #[test]
    #[should_panic(expected = "room of the header")]
    fn taking_away_the_room_of_the_header_is_a_bug() {
        let mut builder = FrameBuilder::new(1);
        builder.body().clear();
        builder.finish(FrameKind::Text);
    }

    #[test]
    fn frames_are_built_inside_each_other() {
        let mut outer = written(b"4ou");
        let inner = written(b"4inner").finish(FrameKind::Text);
        outer.body().extend_from_slice(b"ter");
        assert_eq!(outer.finish(FrameKind::Text).payload(), b"4outer");
        assert_eq!(inner.payload(), b"4inner");
        drop(FrameBuilder::new(9));
        assert_eq!(
            written(b"4next").finish(FrameKind::Text).payload(),
            b"4next"
        );
    }

    #[test]
    fn a_long_frame_keeps_the_buffer_that_it_was_written_in() {
        let body = vec![b'x'; COPIED + 1];
        let mut builder = written(&body);
        let start = builder.body().as_ptr().addr();
        let frame = builder.finish(FrameKind::Binary);
        assert_eq!(frame.payload(), body);
        let payload = frame.payload().as_ptr().addr();
        assert_eq!(payload, start + FrameBuilder::BODY_AT);
        assert_eq!(
            written(b"4short").finish(FrameKind::Text).payload(),
            b"4short"
        );
    }

    #[test]
    fn a_written_frame_is_the_frame_that_it_becomes() {
        for len in [0, 125, 126, 65_535, 65_536] {
            let body = vec![b'x'; len];
            let written = written(&body).close(FrameKind::Binary);
            let bytes = written.websocket().to_vec();
            let frame = written.into_frame();
            assert_eq!(frame.websocket(), &bytes);
            assert_eq!(frame.payload(), body);
        }
    }
}

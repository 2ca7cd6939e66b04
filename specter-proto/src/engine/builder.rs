//! Builds frames in a buffer that the thread recycles.

use std::mem;

use bytes::{Buf, Bytes};

use super::frame::{Frame, FrameKind};
use crate::recycler::{Recyclable, Recycler};
use crate::websocket::{MAX_HEADER, write_header_at_end};

/// Writes a frame. The body is written first. The WebSocket header is written in front of it when
/// the body's length is known.
///
/// The frame is written into a buffer that the thread recycles, and copied out of it when its size
/// is known. A frame therefore takes one allocation of exactly its size. A frame that outgrows the
/// recycled buffers takes over the buffer in which it was written.
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

/// `None` after the buffer was returned to the thread's pool.
type Buffer = Option<BoxedBuffer>;

/// Room for the WebSocket header, followed by the body. It is boxed because a builder is moved
/// often.
type BoxedBuffer = Box<Vec<u8>>;

/// The largest buffer that the thread recycles, in bytes. A frame in such a buffer is copied out of
/// it; a larger buffer becomes the frame.
const MAX_RECYCLED: usize = 16 * 1024;

thread_local! {
    /// The buffer in which the thread writes frames.
    static BUFFERS: Recycler<BoxedBuffer> = const { Recycler::new(1, MAX_RECYCLED) };
}

impl Recyclable for BoxedBuffer {
    fn retained_bytes(&self) -> usize {
        self.capacity()
    }
}

impl FrameBuilder {
    /// Creates a builder with room for a body of `capacity` bytes. A longer body is possible.
    pub fn new(capacity: usize) -> Self {
        let mut buffer = Recycler::take(&BUFFERS).unwrap_or_default();
        // The room for the header may keep its old content, because `close` overwrites it.
        buffer.truncate(MAX_HEADER);
        if buffer.len() < MAX_HEADER {
            buffer.resize(MAX_HEADER, 0);
        }
        buffer.reserve(capacity);
        let buffer = Some(buffer);
        Self { buffer }
    }

    /// The buffer to append the body to. The bytes that are in it at first belong to the header: do
    /// not change or remove them.
    #[inline]
    pub fn body(&mut self) -> &mut Vec<u8> {
        self.buffer.get_or_insert_default()
    }

    /// The index in [`body`](Self::body) at which the payload begins.
    const BODY_AT: usize = MAX_HEADER;

    /// Writes the WebSocket header in front of the body and returns the frame.
    ///
    /// # Panics
    ///
    /// If bytes were removed through [`body`](Self::body) that were not added through it. That is
    /// a bug of the caller, which no peer can cause.
    pub fn finish(self, kind: FrameKind) -> Frame {
        self.close(kind).into_frame()
    }

    /// Does the same as [`finish`](Self::finish), but leaves the frame in the buffer in which it
    /// was written.
    ///
    /// # Panics
    ///
    /// As [`finish`](Self::finish).
    #[inline]
    pub fn close(mut self, kind: FrameKind) -> BufferedFrame {
        let buffer = self.body();
        let payload = buffer.len().checked_sub(Self::BODY_AT);
        let payload = payload.expect("only append to `body`: the header's bytes were removed");
        let room = buffer.first_chunk_mut();
        let used = room.map_or(0, |room| write_header_at_end(room, kind.opcode(), payload));
        BufferedFrame {
            builder: self,
            header_len: u8::try_from(used).unwrap_or(u8::MAX),
            kind,
        }
    }
}

/// A frame that is still in the buffer in which it was written. Sending it from there needs no
/// allocation.
#[derive(Debug)]
pub struct BufferedFrame {
    builder: FrameBuilder,
    /// The length of the frame's WebSocket header, in bytes.
    header_len: u8,
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

    /// Converts it into a frame with memory of its own, to be kept or sent to many recipients.
    pub fn into_frame(mut self) -> Frame {
        let start = self.start();
        let buffer = self.builder.body();
        let bytes = if buffer.capacity() <= MAX_RECYCLED {
            Bytes::copy_from_slice(buffer.get(start..).unwrap_or_default())
        } else {
            let mut bytes = Bytes::from(mem::take(buffer));
            // `slice` would count a second owner of this buffer, which has only one.
            bytes.advance(start);
            bytes
        };
        Frame {
            bytes,
            payload_at: self.header_len,
            kind: self.kind,
        }
    }

    #[inline]
    fn start(&self) -> usize {
        FrameBuilder::BODY_AT.saturating_sub(self.header_len.into())
    }
}

impl Drop for FrameBuilder {
    /// Returns the buffer to the thread's pool, even if the frame was never finished.
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            Recycler::put(&BUFFERS, buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameBuilder, MAX_RECYCLED};
    use crate::engine::FrameKind;

    fn builder_with(body: &[u8]) -> FrameBuilder {
        let mut builder = FrameBuilder::new(1);
        builder.body().extend_from_slice(body);
        builder
    }

    #[test]
    #[should_panic(expected = "the header's bytes were removed")]
    fn removing_the_bytes_of_the_header_panics() {
        let mut builder = FrameBuilder::new(1);
        builder.body().clear();
        builder.finish(FrameKind::Text);
    }

    #[test]
    fn a_frame_can_be_built_while_another_is_unfinished() {
        let mut outer = builder_with(b"4ou");
        let inner = builder_with(b"4inner").finish(FrameKind::Text);
        outer.body().extend_from_slice(b"ter");
        assert_eq!(outer.finish(FrameKind::Text).payload(), b"4outer");
        assert_eq!(inner.payload(), b"4inner");
        drop(FrameBuilder::new(9));
        assert_eq!(
            builder_with(b"4next").finish(FrameKind::Text).payload(),
            b"4next"
        );
    }

    #[test]
    fn a_long_frame_takes_over_the_buffer_in_which_it_was_written() {
        let body = vec![b'x'; MAX_RECYCLED + 1];
        let mut builder = builder_with(&body);
        let start = builder.body().as_ptr().addr();
        let frame = builder.finish(FrameKind::Binary);
        assert_eq!(frame.payload(), body);
        let payload = frame.payload().as_ptr().addr();
        assert_eq!(payload, start + FrameBuilder::BODY_AT);
        assert_eq!(
            builder_with(b"4short").finish(FrameKind::Text).payload(),
            b"4short"
        );
    }

    #[test]
    fn a_buffered_frame_and_the_frame_made_of_it_are_equal() {
        for len in [0, 125, 126, 65_535, 65_536] {
            let body = vec![b'x'; len];
            let buffered = builder_with(&body).close(FrameKind::Binary);
            let bytes = buffered.websocket().to_vec();
            let frame = buffered.into_frame();
            assert_eq!(frame.websocket(), &bytes);
            assert_eq!(frame.payload(), body);
        }
    }
}

//! Appends frames to a buffer that holds several frames, which are sent with one write.

use crate::websocket::{MAX_HEADER, Opcode, append_header, short_header, write_header};

use super::frame::FrameKind;

/// The length of the header that nearly all frames have: those of payloads of up to 125 bytes.
const SHORT_HEADER: usize = 2;

/// Writes a frame at the end of a buffer. The body is written first. The WebSocket header is
/// written in front of it when the body's length is known.
///
/// If the appender is dropped before [`close`](Self::close), it removes what it has written.
///
/// ```
/// use specter_proto::engine::{FrameAppender, FrameKind};
///
/// let mut bytes = b"\x81\x0242".to_vec();
/// let mut frame = FrameAppender::new(&mut bytes, 16);
/// frame.body().extend_from_slice(b"43[]");
/// frame.close(FrameKind::Text);
/// assert_eq!(bytes, b"\x81\x0242\x81\x0443[]");
/// ```
#[derive(Debug)]
pub struct FrameAppender<'a> {
    bytes: &'a mut Vec<u8>,
    /// The index at which the frame begins.
    start: usize,
    is_closed: bool,
}

impl<'a> FrameAppender<'a> {
    /// Begins a frame with room for a body of `capacity` bytes. A longer body is possible.
    #[inline]
    pub fn new(bytes: &'a mut Vec<u8>, capacity: usize) -> Self {
        let start = bytes.len();
        bytes.reserve(SHORT_HEADER + capacity);
        bytes.extend_from_slice(&[0; SHORT_HEADER]);
        Self {
            bytes,
            start,
            is_closed: false,
        }
    }

    /// The buffer to append the body to. The bytes that are in it already belong to other frames
    /// and to the header: do not change or remove them.
    #[inline]
    pub fn body(&mut self) -> &mut Vec<u8> {
        self.bytes
    }

    /// Writes the WebSocket header in front of the body.
    ///
    /// # Panics
    ///
    /// If bytes were removed through [`body`](Self::body) that were not added through it. That is
    /// a bug of the caller, which no peer can cause.
    #[inline]
    pub fn close(mut self, kind: FrameKind) {
        let body = self.start + SHORT_HEADER;
        let payload = self.bytes.len().checked_sub(body);
        let payload = payload.expect("only append to `body`: the header's bytes were removed");
        let target = self.bytes.get_mut(self.start..body);
        if let Some((target, header)) = target.zip(short_header(kind.opcode(), payload)) {
            target.copy_from_slice(&header);
        } else {
            self.write_long(kind.opcode(), payload);
        }
        self.is_closed = true;
    }

    /// Writes a header of more than two bytes, after moving the body to make room for it.
    #[inline(never)]
    fn write_long(&mut self, opcode: Opcode, payload: usize) {
        let mut buffer = [0; MAX_HEADER];
        let used = write_header(&mut buffer, true, opcode, payload);
        let header = buffer.get(..used).unwrap_or_default();
        let body = self.start + SHORT_HEADER..self.bytes.len();
        let additional = header.len().saturating_sub(SHORT_HEADER);
        self.bytes.resize(body.end + additional, 0);
        self.bytes.copy_within(body, self.start + header.len());
        let target = self.bytes.get_mut(self.start..self.start + header.len());
        if let Some(target) = target {
            target.copy_from_slice(header);
        }
    }
}

impl Drop for FrameAppender<'_> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.bytes.truncate(self.start);
        }
    }
}

/// Appends a binary frame with this payload.
pub(crate) fn append_binary(bytes: &mut Vec<u8>, payload: &[u8]) {
    append_header(bytes, Opcode::Binary, payload.len());
    bytes.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::FrameAppender;
    use crate::engine::{FrameBuilder, FrameKind};

    #[test]
    fn an_appended_frame_equals_a_built_frame() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload = vec![b'x'; len];
            let mut bytes = b"before".to_vec();
            let mut expected = bytes.clone();
            for kind in [FrameKind::Text, FrameKind::Binary] {
                let mut frame = FrameAppender::new(&mut bytes, 4);
                frame.body().extend_from_slice(&payload);
                frame.close(kind);
                let mut alone = FrameBuilder::new(4);
                alone.body().extend_from_slice(&payload);
                expected.extend(alone.finish(kind).websocket());
            }
            assert!(bytes == expected, "{len}");
        }
    }

    #[test]
    fn a_frame_that_is_not_closed_is_removed() {
        let mut bytes = b"before".to_vec();
        let mut frame = FrameAppender::new(&mut bytes, 4);
        frame.body().extend_from_slice(b"half");
        drop(frame);
        assert_eq!(bytes, b"before");
    }

    #[test]
    #[should_panic(expected = "the header's bytes were removed")]
    fn removing_the_bytes_of_the_header_panics() {
        let mut bytes = b"before".to_vec();
        let mut frame = FrameAppender::new(&mut bytes, 4);
        frame.body().clear();
        frame.close(FrameKind::Text);
    }
}

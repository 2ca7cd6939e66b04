//! Appends frames to a buffer from which several are sent at once.

use crate::websocket::{MAX_HEADER, Opcode, append_header, short_header, write_header};

use super::frame::FrameKind;

/// The header of nearly all frames: those of up to 125 bytes.
const SHORT_HEADER: usize = 2;

/// Writes a frame at the end of a buffer: the body first, and when its length is known the
/// WebSocket header in front of it.
///
/// Dropped before it is closed, it leaves the buffer as it was.
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
    /// Where the frame begins.
    start: usize,
    is_closed: bool,
}

impl<'a> FrameAppender<'a> {
    /// Begins a frame with a body of about `capacity` bytes, which may outgrow it.
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

    /// The buffer to write the body in. What is in it at first belongs to others: leave it.
    #[inline]
    pub fn body(&mut self) -> &mut Vec<u8> {
        self.bytes
    }

    /// Writes the WebSocket header in front of the body.
    ///
    /// # Panics
    ///
    /// When [`body`](Self::body) was used to take away what it did not add: an error of the
    /// caller's program, never of a peer.
    #[inline]
    pub fn close(mut self, kind: FrameKind) {
        let body = self.start + SHORT_HEADER;
        let payload = self.bytes.len().checked_sub(body);
        let payload = payload.expect("removed the room of the header from a frame");
        let place = self.bytes.get_mut(self.start..body);
        if let Some((place, header)) = place.zip(short_header(kind.opcode(), payload)) {
            place.copy_from_slice(&header);
        } else {
            self.write_long(kind.opcode(), payload);
        }
        self.is_closed = true;
    }

    /// Writes a longer header, for which the body moves on.
    #[inline(never)]
    fn write_long(&mut self, opcode: Opcode, payload: usize) {
        let mut room = [0; MAX_HEADER];
        let used = write_header(&mut room, true, opcode, payload);
        let header = room.get(..used).unwrap_or_default();
        let body = self.start + SHORT_HEADER..self.bytes.len();
        let more = header.len().saturating_sub(SHORT_HEADER);
        self.bytes.resize(body.end + more, 0);
        self.bytes.copy_within(body, self.start + header.len());
        let place = self.bytes.get_mut(self.start..self.start + header.len());
        if let Some(place) = place {
            place.copy_from_slice(header);
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

/// Appends a frame whose payload is there.
pub(crate) fn append_binary(bytes: &mut Vec<u8>, payload: &[u8]) {
    append_header(bytes, Opcode::Binary, payload.len());
    bytes.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::FrameAppender;
    use crate::engine::{FrameBuilder, FrameKind};

    #[test]
    fn an_appended_frame_is_the_frame_by_itself() {
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
    fn one_that_is_not_closed_was_never_there() {
        let mut bytes = b"before".to_vec();
        let mut frame = FrameAppender::new(&mut bytes, 4);
        frame.body().extend_from_slice(b"half");
        drop(frame);
        assert_eq!(bytes, b"before");
    }

    #[test]
    #[should_panic(expected = "room of the header")]
    fn taking_away_the_room_of_the_header_is_a_bug() {
        let mut bytes = b"before".to_vec();
        let mut frame = FrameAppender::new(&mut bytes, 4);
        frame.body().clear();
        frame.close(FrameKind::Text);
    }
}

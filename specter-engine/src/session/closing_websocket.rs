//! A WebSocket that is being closed: writes the last packets, performs the closing handshake (RFC
//! 6455, section 7), and waits for the end of the stream.
//!
//! It continues to read after its own close frame, because closing a socket with unread bytes may
//! discard what was written (RFC 9112, section 9.6). It never waits beyond its deadlines, whatever
//! the peer does.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use specter_proto::engine::EncodedPacket;
use specter_proto::websocket;
use tokio::io::AsyncWrite;
use tokio::time::Instant;

use crate::outgoing::frame_writer::FrameWriter;
use crate::session::link::scratch::Scratch;
use crate::session::link::stream::Stream;
use crate::session::link::websocket::WebSocket;
use crate::session::termination::CloseNotice;

/// The time limit for the last packets and the close frame. A peer that takes at least [`PROGRESS`]
/// bytes within it gets the same time again, up to [`WHOLE_FLUSH_LIMIT`] in all.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);
const WHOLE_FLUSH_LIMIT: Duration = Duration::from_secs(60);
/// The number of bytes that must be written within [`FLUSH_LIMIT`] to show that the peer reads.
const PROGRESS: usize = 64 * 1024;
/// How long the peer may take to close its side.
const LINGER_LIMIT: Duration = Duration::from_secs(2);
/// The most reads in one turn.
const READS: usize = 16;

/// A WebSocket that is being closed.
pub(crate) struct ClosingWebSocket {
    stream: Stream,
    output: FrameWriter,
    close_frame: Option<Vec<u8>>,
    stage: Stage,
    deadline: Instant,
    /// The deadline for writing the last packets.
    flush_end: Instant,
}

enum Stage {
    /// The last packets and the close frame are written.
    Writing,
    /// The write side of the stream is shut down.
    ShuttingDown,
    /// The peer's remaining bytes are read and discarded.
    Lingering,
}

impl ClosingWebSocket {
    /// Starts to close a WebSocket. `queued` is written first if the notice is to flush. `None` if
    /// nothing is left to do.
    pub(crate) fn new(
        websocket: WebSocket,
        notice: CloseNotice,
        queued: VecDeque<EncodedPacket>,
        now: Instant,
    ) -> Option<Self> {
        let (stream, mut output) = websocket.into_stream();
        let code = match notice {
            CloseNotice::Nothing => return None,
            CloseNotice::Flush => {
                output.push(queued);
                None
            }
            CloseNotice::Send(code) | CloseNotice::Answer(code) => {
                output.discard_unstarted();
                code
            }
        };
        Some(Self {
            stream,
            output,
            close_frame: Some(websocket::close_frame(code, "")),
            stage: Stage::Writing,
            deadline: now + FLUSH_LIMIT,
            flush_end: now + WHOLE_FLUSH_LIMIT,
        })
    }

    /// When [`poll`](Self::poll) must be called at the latest.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Continues. Ready when the stream can be dropped.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        loop {
            let step = match self.stage {
                Stage::Writing => self.poll_writing(cx),
                Stage::ShuttingDown => Pin::new(&mut self.stream)
                    .poll_shutdown(cx)
                    .map(|result| result.is_ok()),
                Stage::Lingering => self.poll_lingering(cx),
            };
            match step {
                Poll::Pending => return self.check_deadline(now),
                Poll::Ready(false) => return Poll::Ready(()),
                Poll::Ready(true) => {}
            }
            self.stage = match self.stage {
                Stage::Writing => {
                    self.deadline = now + LINGER_LIMIT;
                    Stage::ShuttingDown
                }
                Stage::ShuttingDown | Stage::Lingering => Stage::Lingering,
            };
        }
    }

    /// Ready after the deadline. A peer that takes the last packets gets more time.
    fn check_deadline(&mut self, now: Instant) -> Poll<()> {
        if now < self.deadline {
            return Poll::Pending;
        }
        let is_writing = matches!(self.stage, Stage::Writing);
        let peer_reads = self.output.take_cost_written() >= PROGRESS;
        if !is_writing || !peer_reads || now >= self.flush_end {
            return Poll::Ready(());
        }
        self.deadline = self.flush_end.min(now + FLUSH_LIMIT);
        Poll::Pending
    }

    /// Ready with `false` if the stream has failed.
    fn poll_writing(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self.stream.poll_ready(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(_)) => return Poll::Ready(false),
            Poll::Ready(Ok(_)) => {}
        }
        loop {
            match self.output.poll_write(&mut self.stream, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(false),
                Poll::Ready(Ok(())) => {}
            }
            match self.close_frame.take() {
                Some(frame) => self.output.set_control(frame),
                None => return Poll::Ready(true),
            }
        }
    }

    /// Ready with `false` when the peer has closed its side.
    fn poll_lingering(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut scratch = Scratch::borrow();
        for _ in 0..READS {
            match self.stream.poll_read(cx, &mut scratch) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(false),
                Poll::Ready(Ok(_)) => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

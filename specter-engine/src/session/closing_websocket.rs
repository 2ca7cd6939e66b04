//! A WebSocket that is being closed: the last packets, the closing handshake, the end of the
//! stream.
//!
//! It reads for a moment after its own end, because a socket that is closed with unread bytes may
//! discard what it has sent (RFC 9112, section 9.6). It never waits longer than its deadlines,
//! whatever the peer does.

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

/// How long the last packets and the close frame may take. A peer that takes at least [`PROGRESS`]
/// bytes of them in that time has it once more, up to [`WHOLE_FLUSH_LIMIT`] in all.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);
const WHOLE_FLUSH_LIMIT: Duration = Duration::from_secs(60);
/// How many bytes written within [`FLUSH_LIMIT`] show that the peer reads.
const PROGRESS: usize = 64 * 1024;
/// How long the peer may take to end its side.
const LINGER_LIMIT: Duration = Duration::from_secs(2);
/// Reads in one turn.
const READS: usize = 16;

/// A WebSocket on its way out.
pub(crate) struct ClosingWebSocket {
    stream: Stream,
    output: FrameWriter,
    close_frame: Option<Vec<u8>>,
    stage: Stage,
    deadline: Instant,
    /// When the last packets must be written at the latest.
    flush_end: Instant,
}

enum Stage {
    Writing,
    Termination,
    Lingering,
}

impl ClosingWebSocket {
    /// Closes a WebSocket. `queued` is written first where the notice is to flush. `None` where
    /// there is nothing left to do.
    pub(crate) fn new(
        websocket: WebSocket,
        notice: CloseNotice,
        queued: VecDeque<EncodedPacket>,
        now: Instant,
    ) -> Option<Self> {
        let (stream, mut output) = websocket.into_stream();
        let code = match notice {
            CloseNotice::Silence => return None,
            CloseNotice::Flush => {
                output.push(queued);
                None
            }
            CloseNotice::Tell(code) | CloseNotice::Answer(code) => {
                output.discard_unbegun();
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

    /// Gets on with it. Ready when the stream can be dropped.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        loop {
            let step = match self.stage {
                Stage::Writing => self.poll_writing(cx),
                Stage::Termination => Pin::new(&mut self.stream)
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
                    Stage::Termination
                }
                Stage::Termination | Stage::Lingering => Stage::Lingering,
            };
        }
    }

    /// Ready when the time is over. A peer that takes the last packets gets more of it.
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

    /// Ready with `false` where the stream failed.
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

    /// Ready with `false` when the peer has ended its side too.
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

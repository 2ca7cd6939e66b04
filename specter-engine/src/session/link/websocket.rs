//! The WebSocket transport: reads bytes and returns messages, takes packets and writes bytes.
//!
//! It is a session's transport or a probing WebSocket. It answers pings by itself. Whatever ends
//! the connection is returned as a [`Termination`].

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll};

use hyper::upgrade::OnUpgrade;
use specter_proto::engine::EncodedPacket;
use specter_proto::websocket::{self, Decoder, Event, Limits, Violation};

use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::limit_warning::warn_of_limit;
use crate::outgoing::frame_writer::FrameWriter;
use crate::outgoing::websocket_writer::WebSocketWriter;
use crate::outgoing::write_batch;
use crate::session::link::budget::Budget;
use crate::session::link::read_buffer::ReadBuffer;
use crate::session::link::scratch::Scratch;
use crate::session::link::stream::Stream;
use crate::session::termination::Termination;

/// A message from the peer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

/// Whether the receiver of messages takes another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flow {
    More,
    Stop,
}

impl Flow {
    pub(crate) fn is_stop(self) -> bool {
        self == Self::Stop
    }
}

/// A WebSocket, from its upgrade request on.
pub(crate) struct WebSocket {
    stream: Stream,
    decoder: Decoder,
    input: ReadBuffer,
    writer: WebSocketWriter,
}

/// The result of decoding a buffer.
struct Decoded {
    consumed: usize,
    wanted: usize,
    outcome: Result<Flow, Termination>,
}

impl WebSocket {
    /// A WebSocket whose upgrade request is not answered yet.
    pub(crate) fn awaited(upgrade: OnUpgrade, limits: Limits) -> Self {
        Self::over(Stream::awaited(upgrade), limits)
    }

    /// A WebSocket on a stream after the handshake.
    pub(crate) fn over(stream: Stream, limits: Limits) -> Self {
        Self {
            stream,
            decoder: Decoder::new(limits),
            input: ReadBuffer::default(),
            writer: WebSocketWriter::default(),
        }
    }

    /// Whether the peer has made room in a full stream since the last call.
    pub(crate) fn take_peer_has_read(&mut self) -> bool {
        self.writer.take_peer_has_read()
    }

    /// Whether the peer has closed its side, if the operating system reports that without a read.
    pub(crate) fn is_peer_gone(&self) -> bool {
        self.stream.is_peer_gone()
    }

    /// The bytes of unfinished messages.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.input.len() + self.decoder.buffered_bytes()
    }

    /// Reads, and passes each message to `take`, until there is nothing more to read, `take` stops,
    /// or the budget is spent. If there is nothing more to read, the task is woken when there is.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        budget: &mut Budget,
        mut take: impl FnMut(Message<'_>) -> Result<Flow, Termination>,
    ) -> Result<Flow, Termination> {
        if self.stream.is_awaited() && self.poll_ready(cx)?.is_pending() {
            return Ok(Flow::More);
        }
        loop {
            if self.input.is_ready() && self.read_kept(budget, &mut take)?.is_stop() {
                return Ok(Flow::Stop);
            }
            if budget.is_spent() {
                Budget::yield_turn(cx);
                return Ok(Flow::More);
            }
            match self.read_once(cx, budget, &mut take)? {
                Poll::Ready(Flow::More) => {}
                Poll::Ready(Flow::Stop) => return Ok(Flow::Stop),
                Poll::Pending => return Ok(Flow::More),
            }
        }
    }

    /// Decodes bytes that were read earlier: now complete, or left when `take` stopped.
    #[inline(never)]
    fn read_kept(
        &mut self,
        budget: &mut Budget,
        take: &mut impl FnMut(Message<'_>) -> Result<Flow, Termination>,
    ) -> Result<Flow, Termination> {
        let input = self.input.bytes_mut();
        let decoded = decode(
            &mut self.decoder,
            input,
            &mut self.writer.frames,
            budget,
            take,
        );
        self.input.consume(decoded.consumed, decoded.wanted);
        decoded.outcome
    }

    /// Reads once and decodes.
    fn read_once(
        &mut self,
        cx: &mut Context<'_>,
        budget: &mut Budget,
        take: &mut impl FnMut(Message<'_>) -> Result<Flow, Termination>,
    ) -> Result<Poll<Flow>, Termination> {
        // Checked first, because no buffer is needed if there is nothing to read.
        match self.stream.poll_readable(cx) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(Err(error)) => return Err(stream_failed(&error)),
            Poll::Ready(Ok(())) => {}
        }
        let mut scratch = Scratch::borrow();
        let room = self.input.copy_remainder_into(&mut scratch);
        let start = room.start;
        let space = scratch.get_mut(room).unwrap_or_default();
        let read = match self.stream.poll_read(cx, space) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(Err(error)) => return Err(stream_failed(&error)),
            Poll::Ready(Ok(0)) => return Err(Termination::gone(CloseReason::TransportClose)),
            Poll::Ready(Ok(read)) => read,
        };
        budget.spend_bytes(read);
        let filled = scratch.get_mut(..start + read).unwrap_or_default();
        if !self.input.is_carried() {
            self.input.append(filled);
            return Ok(Poll::Ready(Flow::More));
        }
        let decoded = decode(
            &mut self.decoder,
            filled,
            &mut self.writer.frames,
            budget,
            take,
        );
        let rest = filled.get(decoded.consumed..).unwrap_or_default();
        self.input.replace(rest, decoded.wanted);
        decoded.outcome.map(Poll::Ready)
    }

    /// Whether the stream is available. Before that, nothing is read or written.
    #[inline(never)]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Termination> {
        match self.stream.poll_ready(cx) {
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(Ok(early)) => {
                if !early.is_empty() {
                    self.input.append(&early);
                }
                Ok(Poll::Ready(()))
            }
            // The client has disconnected before it received the response.
            Poll::Ready(Err(_)) => Err(Termination::gone(CloseReason::TransportClose)),
        }
    }

    /// Ends the turn: writes its batch and the queue. The rest that the stream does not take is
    /// kept, and the task is woken when the stream takes more.
    pub(crate) fn end_turn(
        &mut self,
        cx: &mut Context<'_>,
        connection: &Connection,
    ) -> Result<(), Termination> {
        if self.stream.is_awaited() && self.poll_ready(cx)?.is_pending() {
            write_batch::abandon_turn(connection);
            return Ok(());
        }
        let batch = write_batch::take(connection);
        self.writer
            .end_turn(&mut self.stream, connection.outgoing(), batch, cx)
            .map_err(|error| stream_failed(&error))
    }

    /// Reclaims the write half, if it was parked, and the packet that a broadcast has written in
    /// part.
    pub(crate) fn reclaim(&mut self, connection: &Connection) {
        self.writer.reclaim(&mut self.stream, connection.outgoing());
    }

    /// Writes the pushed packets.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Termination>> {
        if self.writer.frames.is_done() {
            return Poll::Ready(Ok(()));
        }
        if self.stream.is_awaited() {
            match self.poll_ready(cx) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) => {}
                Err(termination) => return Poll::Ready(Err(termination)),
            }
        }
        match self.writer.poll_write(&mut self.stream, cx) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(stream_failed(&error))),
        }
    }

    /// Makes this the transport of the session. The bytes that were sent on it before were not
    /// charged to the session's queue.
    pub(crate) fn take_over(&mut self) {
        self.writer.frames.take_cost_written();
    }

    /// Adds packets to write next.
    pub(crate) fn push(&mut self, packets: VecDeque<EncodedPacket>) {
        self.writer.frames.push(packets);
    }

    /// Returns the stream and the frames to write, for closing: nothing more is decoded.
    pub(crate) fn into_stream(self) -> (Stream, FrameWriter) {
        (self.stream, self.writer.frames)
    }
}

/// Decodes until the buffer contains no further message, `take` stops, or the budget is spent.
fn decode(
    decoder: &mut Decoder,
    buffer: &mut [u8],
    output: &mut FrameWriter,
    budget: &mut Budget,
    take: &mut impl FnMut(Message<'_>) -> Result<Flow, Termination>,
) -> Decoded {
    let mut consumed = 0;
    loop {
        let stopped = |wanted, outcome| Decoded {
            consumed,
            wanted,
            outcome,
        };
        if consumed == buffer.len() || budget.is_spent() {
            return stopped(0, Ok(Flow::More));
        }
        let found = match decoder.decode(buffer.get_mut(consumed..).unwrap_or_default()) {
            Ok(found) => found,
            Err(violation) => {
                tracing::debug!(
                    target: "specter::engine",
                    violation = violation.code(),
                    "closing a WebSocket whose peer broke the protocol"
                );
                match violation {
                    Violation::TooLong { limit } => warn_of_limit("max_payload", limit),
                    Violation::TooManyFragments { limit } => warn_of_limit("max_fragments", limit),
                    _ => {}
                }
                let termination = Termination::violation(Some(violation.close_code()));
                return stopped(0, Err(termination));
            }
        };
        budget.spend_packet();
        let used = found.consumed;
        if used == 0 && found.event.is_none() {
            let wanted = found.wanted;
            return stopped(wanted, Ok(Flow::More));
        }
        let outcome = match found.event {
            None | Some(Event::Pong(_)) => Ok(Flow::More),
            Some(Event::Text(text)) => take(Message::Text(text)),
            Some(Event::Binary(data)) => take(Message::Binary(data)),
            Some(Event::Ping(payload)) => {
                output.set_control(websocket::pong_frame(payload));
                Ok(Flow::More)
            }
            Some(Event::Close { code, .. }) => Err(Termination::peer_left(code)),
        };
        // Released now, or the memory of a long message would be kept until the next one.
        decoder.release();
        consumed += used;
        if outcome != Ok(Flow::More) {
            return Decoded {
                consumed,
                wanted: 0,
                outcome,
            };
        }
    }
}

#[cold]
fn stream_failed(error: &io::Error) -> Termination {
    tracing::debug!(target: "specter::engine", %error, "the stream of a WebSocket failed");
    Termination::gone(CloseReason::TransportError)
}

#[cfg(test)]
mod tests {
    use super::{Flow, WebSocket};
    use crate::config::EngineConfig;
    use crate::detached::detached;
    use crate::outgoing::write_batch;
    use crate::session::link::budget::Budget;
    use crate::session::link::stream::Stream;
    use specter_proto::engine::Frame;
    use specter_proto::websocket::Limits;
    use std::future::poll_fn;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    /// A WebSocket over TCP, and the peer's end of it.
    async fn over_tcp() -> (WebSocket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (server, client) = tokio::join!(listener.accept(), connecting);
        let stream = Stream::of_tcp(server.unwrap().0);
        (WebSocket::over(stream, Limits::new(100)), client.unwrap())
    }

    #[tokio::test]
    async fn a_fragmented_message_is_freed_after_it_was_handled() {
        let (mut client, server) = tokio::io::duplex(1024);
        let mut websocket = WebSocket::over(Stream::of(server), Limits::new(100));
        let fragments = b"\x01\x81\0\0\0\0a\x80\x81\0\0\0\0b";
        client.write_all(fragments).await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = 0;
        let read = websocket.poll_read(&mut cx, &mut Budget::new(), |_| {
            taken += 1;
            Ok(Flow::More)
        });
        assert_eq!((read, taken), (Ok(Flow::More), 1));
        // Nothing is left to free: the decoder is as a new one.
        let fresh = specter_proto::websocket::Decoder::new(Limits::new(100));
        assert_eq!(format!("{:?}", websocket.decoder), format!("{fresh:?}"));
    }

    #[tokio::test]
    async fn a_pong_is_written_before_the_reply_to_a_later_message() {
        let (mut websocket, mut client) = over_tcp().await;
        let connection = detached(&EngineConfig::default());
        let flushed = poll_fn(|cx| Poll::Ready(websocket.end_turn(cx, &connection)));
        flushed.await.unwrap();
        client
            .write_all(b"\x89\x81\0\0\0\0p\x81\x81\0\0\0\0m")
            .await
            .unwrap();
        let mut answered = false;
        poll_fn(|cx| {
            write_batch::begin_turn(&connection);
            let read = websocket.poll_read(cx, &mut Budget::new(), |_| {
                answered = connection.send(Frame::text_message("a").into()).is_ok();
                Ok(Flow::More)
            });
            let flushed = websocket.end_turn(cx, &connection);
            write_batch::abandon_turn(&connection);
            assert_eq!((read, flushed), (Ok(Flow::More), Ok(())));
            if answered {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        let mut received = [0; 7];
        client.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"\x8a\x01p\x81\x024a");
        assert_eq!(connection.queued_bytes(), 0);
    }

    /// A batch that the stream takes in part is finished before packets that others send meanwhile.
    #[tokio::test]
    async fn no_packet_gets_into_a_batch_that_was_written_in_part() {
        const SIZE: usize = 5_000;
        let (mut websocket, mut client) = over_tcp().await;
        let connection = detached(&EngineConfig::default().max_queued_bytes(usize::MAX));
        let mut turn = |cx: &mut Context<'_>, sends: &mut dyn FnMut()| {
            write_batch::begin_turn(&connection);
            sends();
            websocket.end_turn(cx, &connection).unwrap();
            write_batch::abandon_turn(&connection);
        };
        let send = |number: usize| {
            let text = format!("{number:SIZE$}");
            connection.send(Frame::text_message(&text).into()).unwrap();
        };
        let mut count = 0;
        let mut cx = Context::from_waker(Waker::noop());
        turn(&mut cx, &mut || ());
        while connection.queued_bytes() == 0 {
            turn(&mut cx, &mut || (count..count + 3).for_each(send));
            count += 3;
        }
        // Another sender, which would write.
        send(count);
        assert!(connection.outgoing().write_queued());
        count += 1;
        let writing = poll_fn(|cx| {
            turn(cx, &mut || ());
            match connection.queued_bytes() {
                0 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        });
        let reading = async {
            let mut frame = vec![0; SIZE + 5];
            for number in 0..count {
                client.read_exact(&mut frame).await.unwrap();
                assert_eq!(frame[5..], *format!("{number:SIZE$}").as_bytes());
            }
        };
        let both = async { tokio::join!(writing, reading) };
        tokio::time::timeout(Duration::from_secs(20), both)
            .await
            .expect("all of it arrives");
    }
}

//! What a connection's own task sends during a turn, gathered to be written in one go.
//!
//! An answer to what was just read needs no place in the queue: the task that sends it is the one that writes it, at the end of its turn.
//! So its bytes go into a buffer of the thread, one packet behind the other. That holds only while the queue is empty and the pen lies
//! on the desk (`link::pen`); the first packet takes the pen away, so that nobody else writes what is sent after it. As soon as something
//! stands against it, what was gathered goes into the queue, in front, and what follows behind it: the order is that of the calls,
//! whichever way they took. An answer may also be written straight into that buffer; what is sent while it is written goes before it.
//! It must not know what the packets are.

use std::cell::RefCell;
use std::mem;

use bytes::Bytes;
use specter_proto::engine::{Frame, Prepared};
use specter_proto::socket::Outgoing;
use tokio::net::tcp::OwnedWriteHalf;

use super::{Connection, outbox};

/// How much is gathered, in bytes as the queue counts them. More goes through the queue.
const MOST: usize = 32 * 1024;
/// A packet that counts for more is written from where it is, not copied.
const LARGE: usize = 8 * 1024;
/// The largest buffer that a thread keeps.
const KEPT: usize = 2 * MOST;

thread_local! {
    static BURST: RefCell<Burst> = const { RefCell::new(Burst::none()) };
}

/// The burst of the connection whose task has its turn on this thread.
struct Burst {
    /// Which connection that is; 0 for none.
    owner: usize,
    /// Its pen, from the first packet on.
    half: Option<OwnedWriteHalf>,
    bytes: Vec<u8>,
    /// What the queue would have counted.
    cost: usize,
}

/// A burst at the end of its turn.
pub(super) struct Gathered {
    pub(super) half: OwnedWriteHalf,
    /// Empty where it went through the queue after all.
    pub(super) bytes: Vec<u8>,
}

/// A packet on its way to the network.
pub(crate) trait Sendable: Into<Prepared> {
    /// The bytes that it takes on a WebSocket.
    fn size(&self) -> usize;

    /// Appends it as it is sent on a WebSocket.
    fn append_to(&self, bytes: &mut Vec<u8>);
}

impl Sendable for Prepared {
    fn size(&self) -> usize {
        self.size()
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        for frame in self.frames() {
            bytes.extend_from_slice(frame.websocket());
        }
    }
}

impl Sendable for Outgoing {
    fn size(&self) -> usize {
        self.size()
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        self.append_to(bytes);
    }
}

/// A turn of the connection's task begins on this thread.
pub(super) fn begin(connection: &Connection) {
    with(|burst| {
        if burst.owner == 0 {
            debug_assert!(burst.half.is_none() && burst.bytes.is_empty());
            burst.owner = connection.address();
        }
    });
}

/// The turn is over, however it went.
pub(super) fn end(connection: &Connection) {
    with(|burst| {
        if burst.owner == connection.address() {
            burst.owner = 0;
            burst.spill(connection);
            if let Some(half) = burst.half.take() {
                connection.desk().lay_down(half);
            }
        }
    });
}

/// Takes a packet, if the connection has its turn here and nothing stands against it. Else it belongs into the queue.
pub(super) fn gather(connection: &Connection, packet: &impl Sendable) -> bool {
    with(|burst| {
        burst.owner == connection.address() && {
            let cost = packet.size() + outbox::PACKET_OVERHEAD;
            let gathers = burst.gathers(connection, cost);
            if gathers {
                packet.append_to(&mut burst.bytes);
                burst.cost += cost;
            } else {
                burst.spill(connection);
            }
            gathers
        }
    })
    .unwrap_or(false)
}

/// Has a packet written at the end of what was gathered, if the connection has its turn here and nothing stands against it. `None`: nothing
/// has happened.
///
/// `write` appends it, and leaves the bytes as they were where it fails or panics. What is sent meanwhile goes into the queue, before it.
#[inline]
pub(super) fn write<E>(
    connection: &Connection,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Option<Result<(), E>> {
    with(|burst| {
        let is_free = burst.owner == connection.address()
            && burst.gathers(connection, outbox::PACKET_OVERHEAD);
        is_free.then(|| {
            let start = burst.bytes.len();
            write(&mut burst.bytes)?;
            burst.take_in(connection, start);
            Ok(())
        })
    })
    .flatten()
}

/// What was gathered for a connection, in bytes as its queue counts them.
pub(super) fn cost(connection: &Connection) -> usize {
    let cost = |burst: &mut Burst| (burst.owner == connection.address()).then_some(burst.cost);
    with(cost).flatten().unwrap_or_default()
}

/// Takes what was gathered away, to be written.
pub(super) fn take(connection: &Connection) -> Option<Gathered> {
    with(|burst| {
        if burst.owner != connection.address() {
            return None;
        }
        let half = burst.half.take()?;
        burst.cost = 0;
        let bytes = mem::take(&mut burst.bytes);
        Some(Gathered { half, bytes })
    })
    .flatten()
}

/// Keeps the buffer of a burst that was written for the next, unless it has become large.
pub(super) fn keep(mut buffer: Vec<u8>) {
    if buffer.capacity() <= KEPT {
        buffer.clear();
        with(|burst| burst.bytes = buffer);
    }
}

/// Frames that were gathered, as one packet.
pub(super) fn packet(gathered: &[u8]) -> Prepared {
    Frame::of_websocket(Bytes::copy_from_slice(gathered)).into()
}

/// `None` while the thread ends, and while a packet is written here: then nothing is gathered.
#[inline]
fn with<R>(change: impl FnOnce(&mut Burst) -> R) -> Option<R> {
    let with = |burst: &RefCell<Burst>| {
        burst
            .try_borrow_mut()
            .ok()
            .map(|mut burst| change(&mut burst))
    };
    BURST.try_with(with).ok().flatten()
}

impl Burst {
    const fn none() -> Self {
        Self {
            owner: 0,
            half: None,
            bytes: Vec::new(),
            cost: 0,
        }
    }

    /// Whether a packet of this cost may be gathered; then the pen is there.
    ///
    /// While the pen lies on the desk, and nothing was begun with it, all that is queued is counted: no bytes are no packets.
    fn gathers(&mut self, connection: &Connection, cost: usize) -> bool {
        let outbox = connection.outbox();
        let may = self.has_room(connection, cost) && outbox.bytes() == 0 && !outbox.is_closing();
        if may && self.half.is_none() {
            self.half = connection.desk().claim();
        }
        may && self.half.is_some()
    }

    /// Whether so much more is little enough to be gathered.
    #[inline]
    fn has_room(&self, connection: &Connection, cost: usize) -> bool {
        let most = MOST.min(connection.outbox().limit() / 2);
        cost <= LARGE && self.cost + cost <= most
    }

    /// Counts the packet that was written behind the others. Where it is too large after all, or others were sent meanwhile, it is queued.
    #[inline]
    fn take_in(&mut self, connection: &Connection, start: usize) {
        let cost = self.bytes.len() - start + outbox::PACKET_OVERHEAD;
        if self.has_room(connection, cost) && connection.outbox().bytes() == 0 {
            self.cost += cost;
        } else {
            self.queue_last(connection, start);
        }
    }

    /// Queues the last packet, as it was sent, behind those before it.
    #[cold]
    fn queue_last(&mut self, connection: &Connection, start: usize) {
        let last = if start == 0 && self.bytes.len() >= self.bytes.capacity() / 2 {
            // A large one alone is not copied.
            Frame::of_websocket(mem::take(&mut self.bytes).into()).into()
        } else {
            let last = packet(self.bytes.get(start..).unwrap_or_default());
            self.bytes.truncate(start);
            last
        };
        self.spill(connection);
        connection.queue_required(last);
    }

    /// Puts what was gathered into the queue, before all that was sent after it.
    fn spill(&mut self, connection: &Connection) {
        if !self.bytes.is_empty() {
            connection.outbox().put_first(packet(&self.bytes));
            self.bytes.clear();
        }
        self.cost = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE, begin, end, packet, take, write};
    use crate::connection::undriven::{take_sent, undriven};
    use crate::connection::{CloseReason, Connection, EngineConfig, SendError};
    use specter_proto::engine::{Frame, FrameAppender, FrameKind, Prepared};
    use tokio::net::tcp::OwnedReadHalf;
    use tokio::net::{TcpListener, TcpStream};

    /// A connection at rest, whose task is the test.
    struct AtRest {
        connection: Connection,
        _socket: (OwnedReadHalf, TcpStream),
    }

    impl AtRest {
        async fn new(config: &EngineConfig) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let connecting = TcpStream::connect(listener.local_addr().unwrap());
            let (server, client) = tokio::join!(listener.accept(), connecting);
            let (read, half) = server.unwrap().0.into_split();
            let connection = undriven(config);
            connection.desk().lay_down(half);
            Self {
                connection,
                _socket: (read, client.unwrap()),
            }
        }

        fn send(&self, text: &str) {
            assert_eq!(
                self.connection.send(Frame::text_message(text).into()),
                Ok(())
            );
        }

        /// Sends from another thread.
        fn send_elsewhere(&self, text: &str) {
            std::thread::scope(|scope| {
                scope.spawn(|| self.send(text));
            });
        }

        /// Has a packet written, with something done in the midst of it.
        fn write(&self, text: &str, meanwhile: impl FnOnce()) -> Option<Result<(), ()>> {
            write(&self.connection, |bytes| {
                let mut frame = FrameAppender::new(bytes, text.len());
                frame.body().push(b'4');
                meanwhile();
                frame.body().extend_from_slice(text.as_bytes());
                frame.close(FrameKind::Text);
                Ok(())
            })
        }

        fn gathered(&self) -> Vec<u8> {
            let gathered = take(&self.connection).unwrap();
            self.connection.desk().lay_down(gathered.half);
            gathered.bytes
        }

        fn queued(&self) -> Vec<u8> {
            bytes(&take_sent(&self.connection))
        }
    }

    fn bytes(packets: &[Prepared]) -> Vec<u8> {
        let frames = packets.iter().flat_map(Prepared::frames);
        frames
            .flat_map(|frame| frame.websocket().to_vec())
            .collect()
    }

    fn texts(texts: &[&str]) -> Vec<u8> {
        let packets = texts.iter().map(|text| Frame::text_message(text).into());
        bytes(&packets.collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn what_is_sent_in_a_turn_is_gathered_beside_the_queue() {
        let rest = AtRest::new(&EngineConfig::default()).await;
        begin(&rest.connection);
        rest.send("a");
        let attachments = vec![Frame::binary_message(b"c")];
        let both = Prepared::new(Frame::text_message("b"), attachments);
        rest.connection.send(both).unwrap();
        assert!(rest.queued().is_empty());
        let mut expected = texts(&["a", "b"]);
        expected.extend(b"\x82\x01c");
        assert_eq!(rest.gathered(), expected);
        end(&rest.connection);
    }

    #[tokio::test]
    async fn outside_of_a_turn_and_for_others_there_is_the_queue() {
        let (rest, other) = (
            AtRest::new(&EngineConfig::default()).await,
            AtRest::new(&EngineConfig::default()).await,
        );
        rest.send("before");
        assert_eq!(rest.queued(), texts(&["before"]));
        begin(&rest.connection);
        other.send("other");
        rest.send_elsewhere("elsewhere");
        assert_eq!(other.queued(), texts(&["other"]));
        assert_eq!(rest.queued(), texts(&["elsewhere"]));
        end(&rest.connection);
        rest.send("after");
        assert_eq!(rest.queued(), texts(&["after"]));
    }

    #[tokio::test]
    async fn the_order_stays_when_others_send_in_between() {
        let rest = AtRest::new(&EngineConfig::default()).await;
        begin(&rest.connection);
        rest.send("1");
        rest.send("2");
        rest.send_elsewhere("3");
        // The pen is away: nobody writes "3" yet.
        assert!(rest.connection.desk().claim().is_none());
        rest.send("4");
        assert!(rest.gathered().is_empty());
        assert_eq!(rest.queued(), texts(&["1", "2", "3", "4"]));
        end(&rest.connection);
    }

    #[tokio::test]
    async fn a_turn_that_is_given_up_leaves_all_to_the_queue() {
        let rest = AtRest::new(&EngineConfig::default()).await;
        begin(&rest.connection);
        rest.send("1");
        rest.connection.close(CloseReason::ForcedServerClose);
        let late = rest.connection.send(Frame::text_message("2").into());
        assert_eq!(late, Err(SendError::Closed));
        end(&rest.connection);
        assert_eq!(rest.queued(), texts(&["1"]));
        assert!(rest.connection.desk().claim().is_some());
    }

    #[tokio::test]
    async fn what_nobody_reads_any_more_is_discarded() {
        let rest = AtRest::new(&EngineConfig::default()).await;
        begin(&rest.connection);
        rest.send("1");
        rest.connection.close(CloseReason::PingTimeout);
        end(&rest.connection);
        assert!(rest.queued().is_empty());
    }

    #[tokio::test]
    async fn much_goes_through_the_queue_and_its_limit() {
        let config = EngineConfig::default().max_queue(1_000);
        let rest = AtRest::new(&config).await;
        begin(&rest.connection);
        let sent = (0..100).take_while(|_| {
            let sent = rest.connection.send(Frame::text_message("text").into());
            assert!(matches!(sent, Ok(()) | Err(SendError::QueueFull)));
            sent.is_ok()
        });
        // Each counts for 71, those that were gathered once for all.
        assert_eq!(sent.count(), 19);
        end(&rest.connection);

        let rest = AtRest::new(&EngineConfig::default()).await;
        begin(&rest.connection);
        rest.send("small");
        rest.send(&"x".repeat(LARGE));
        rest.send("small");
        assert!(rest.gathered().is_empty());
        let large = "x".repeat(LARGE);
        assert_eq!(rest.queued(), texts(&["small", &large, "small"]));
        end(&rest.connection);
    }

    #[tokio::test]
    async fn a_packet_is_written_behind_what_was_gathered() {
        let rest = AtRest::new(&EngineConfig::default()).await;
        assert_eq!(rest.write("early", || ()), None, "it has no turn");
        begin(&rest.connection);
        rest.send("1");
        let before = rest.connection.queued_bytes();
        assert_eq!(rest.write("22", || ()), Some(Ok(())));
        // The text, its type, a header, and its place.
        assert_eq!(rest.connection.queued_bytes() - before, 2 + 1 + 2 + 64);
        rest.send("3");
        assert!(rest.queued().is_empty());
        assert_eq!(rest.gathered(), texts(&["1", "22", "3"]));
        end(&rest.connection);
    }

    #[tokio::test]
    async fn what_is_sent_while_a_packet_is_written_goes_before_it() {
        for is_elsewhere in [false, true] {
            let rest = AtRest::new(&EngineConfig::default()).await;
            begin(&rest.connection);
            rest.send("1");
            let meanwhile = || {
                if is_elsewhere {
                    rest.send_elsewhere("2");
                } else {
                    assert_eq!(rest.write("within", || ()), None);
                    rest.send("2");
                }
            };
            assert_eq!(rest.write("3", meanwhile), Some(Ok(())));
            rest.send("4");
            assert_eq!(rest.write("5", || ()), None, "others wait");
            assert!(rest.gathered().is_empty());
            assert_eq!(rest.queued(), texts(&["1", "2", "3", "4"]));
            end(&rest.connection);
        }
    }

    #[tokio::test]
    async fn what_was_written_goes_through_the_queue_where_it_is_large() {
        let large = "x".repeat(LARGE);
        for before in [&[][..], &["1"], &["1", &large]] {
            let rest = AtRest::new(&EngineConfig::default()).await;
            begin(&rest.connection);
            for text in before {
                rest.send(text);
            }
            let written = rest.write(&large, || ());
            // Where something waits, it is not begun with.
            assert_eq!(written.is_some(), before.len() < 2);
            assert!(rest.gathered().is_empty());
            let mut expected: Vec<&str> = before.to_vec();
            expected.extend(written.map(|_| &*large));
            assert_eq!(rest.queued(), texts(&expected));
            end(&rest.connection);
        }
    }

    #[tokio::test]
    async fn what_is_not_written_leaves_the_rest() {
        let rest = AtRest::new(&EngineConfig::default()).await;
        begin(&rest.connection);
        rest.send("1");
        let failed = write(&rest.connection, |_| Err("no"));
        assert_eq!(failed, Some(Err("no")));
        let panics = || rest.write("2", || panic!("on purpose"));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
        assert!(panicked.is_err());
        rest.send("3");
        assert_eq!(rest.gathered(), texts(&["1", "3"]));
        end(&rest.connection);
    }

    #[tokio::test]
    async fn what_is_written_into_a_full_queue_closes_it() {
        let rest = AtRest::new(&EngineConfig::default().max_queue(1_000)).await;
        begin(&rest.connection);
        let meanwhile = || rest.send_elsewhere(&"x".repeat(900));
        assert_eq!(rest.write(&"y".repeat(300), meanwhile), Some(Ok(())));
        assert!(rest.connection.is_closed());
        end(&rest.connection);
    }

    #[test]
    fn joined_frames_are_one_packet() {
        let joined = texts(&["a", "b"]);
        assert_eq!(bytes(&[packet(&joined)]), joined);
    }
}

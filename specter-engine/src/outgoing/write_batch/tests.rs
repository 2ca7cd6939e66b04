//! Tests of a turn's batch: order, limits, and packets that are encoded in place.

use super::{MAX_KEPT, MAX_PACKET, abandon_turn, append_with, begin_turn, packet, take, with};
use crate::close_reason::CloseReason;
use crate::config::EngineConfig;
use crate::connection::Connection;
use crate::detached::{detached, take_sent};
use crate::outgoing::queue::limits::SendError;
use crate::outgoing::tcp_writer::TcpWriter;
use specter_proto::engine::{EncodedPacket, Frame, FrameAppender, FrameKind};

use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

/// An idle connection whose task is the test.
struct IdleConnection {
    connection: Connection,
    _socket: (OwnedReadHalf, TcpStream),
}

impl IdleConnection {
    async fn new(config: &EngineConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (server, client) = tokio::join!(listener.accept(), connecting);
        let (read, writer) = TcpWriter::split(server.unwrap().0);
        let connection = detached(config);
        connection.outgoing().slot.park(writer);
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

    /// Encodes a packet into the batch, and calls `meanwhile` while it is encoded.
    fn write(&self, text: &str, meanwhile: impl FnOnce()) -> Option<Result<(), ()>> {
        append_with(&self.connection, |bytes| {
            let mut frame = FrameAppender::new(bytes, text.len());
            frame.body().push(b'4');
            meanwhile();
            frame.body().extend_from_slice(text.as_bytes());
            frame.close(FrameKind::Text);
            Ok(())
        })
    }

    /// Ends the turn and returns its batch.
    fn take_batch(&self) -> Vec<u8> {
        let batch = take(&self.connection).unwrap();
        self.connection.outgoing().slot.release();
        batch
    }

    fn queued(&self) -> Vec<u8> {
        bytes(&take_sent(&self.connection))
    }
}

fn bytes(packets: &[EncodedPacket]) -> Vec<u8> {
    let frames = packets.iter().flat_map(EncodedPacket::frames);
    frames
        .flat_map(|frame| frame.websocket().to_vec())
        .collect()
}

fn texts(texts: &[&str]) -> Vec<u8> {
    let packets = texts.iter().map(|text| Frame::text_message(text).into());
    bytes(&packets.collect::<Vec<_>>())
}

#[tokio::test]
async fn packets_of_a_turn_are_collected_outside_of_the_queue() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&rest.connection);
    rest.send("a");
    let attachments = vec![Frame::binary_message(b"c")];
    let both = EncodedPacket::new(Frame::text_message("b"), attachments);
    rest.connection.send(both).unwrap();
    assert!(rest.queued().is_empty());
    let mut expected = texts(&["a", "b"]);
    expected.extend(b"\x82\x01c");
    assert_eq!(rest.take_batch(), expected);
    abandon_turn(&rest.connection);
}

#[tokio::test]
async fn packets_outside_of_a_turn_and_for_other_connections_are_queued() {
    let (rest, other) = (
        IdleConnection::new(&EngineConfig::default()).await,
        IdleConnection::new(&EngineConfig::default()).await,
    );
    rest.send("before");
    assert_eq!(rest.queued(), texts(&["before"]));
    begin_turn(&rest.connection);
    other.send("other");
    rest.send_elsewhere("elsewhere");
    assert_eq!(other.queued(), texts(&["other"]));
    assert_eq!(rest.queued(), texts(&["elsewhere"]));
    abandon_turn(&rest.connection);
    rest.send("after");
    assert_eq!(rest.queued(), texts(&["after"]));
}

#[tokio::test]
async fn the_order_is_kept_when_others_send_in_between() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&rest.connection);
    rest.send("1");
    rest.send("2");
    rest.send_elsewhere("3");
    // The slot is reserved, so that nobody writes "3" yet.
    assert!(rest.connection.outgoing().write_queued());
    rest.send("4");
    assert!(rest.take_batch().is_empty());
    assert_eq!(rest.queued(), texts(&["1", "2", "3", "4"]));
    abandon_turn(&rest.connection);
}

#[tokio::test]
async fn an_abandoned_turn_queues_its_batch() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&rest.connection);
    rest.send("1");
    rest.connection.close(CloseReason::ForcedServerClose);
    let late = rest.connection.send(Frame::text_message("2").into());
    assert_eq!(late, Err(SendError::Closed));
    abandon_turn(&rest.connection);
    assert_eq!(rest.queued(), texts(&["1"]));
    assert!(!rest.connection.outgoing().write_queued());
}

#[tokio::test]
async fn the_batch_of_a_closed_connection_is_discarded() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&rest.connection);
    rest.send("1");
    rest.connection.close(CloseReason::PingTimeout);
    abandon_turn(&rest.connection);
    assert!(rest.queued().is_empty());
}

#[tokio::test]
async fn packets_beyond_the_largest_batch_are_queued_and_limited() {
    let config = EngineConfig::default()
        .max_queued_bytes(1_000)
        .max_burst_bytes(1_000);
    let rest = IdleConnection::new(&config).await;
    begin_turn(&rest.connection);
    let sent = (0..100).take_while(|_| {
        let sent = rest.connection.send(Frame::text_message("text").into());
        assert!(matches!(sent, Ok(()) | Err(SendError::QueueFull)));
        sent.is_ok()
    });
    // Each costs 71 bytes; those of the batch together cost 71.
    assert_eq!(sent.count(), 19);
    abandon_turn(&rest.connection);

    let rest = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&rest.connection);
    rest.send("small");
    rest.send(&"x".repeat(MAX_PACKET));
    rest.send("small");
    assert!(rest.take_batch().is_empty());
    let large = "x".repeat(MAX_PACKET);
    assert_eq!(rest.queued(), texts(&["small", &large, "small"]));
    abandon_turn(&rest.connection);
}

#[tokio::test]
async fn a_packet_is_encoded_after_the_batch() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    assert_eq!(rest.write("early", || ()), None, "it has no turn");
    begin_turn(&rest.connection);
    rest.send("1");
    let before = rest.connection.queued_bytes();
    assert_eq!(rest.write("22", || ()), Some(Ok(())));
    // The text, its packet type, the frame header, and the overhead of a packet.
    assert_eq!(rest.connection.queued_bytes() - before, 2 + 1 + 2 + 64);
    rest.send("3");
    assert!(rest.queued().is_empty());
    assert_eq!(rest.take_batch(), texts(&["1", "22", "3"]));
    abandon_turn(&rest.connection);
}

#[tokio::test]
async fn packets_sent_while_one_is_encoded_come_before_it() {
    for is_elsewhere in [false, true] {
        let rest = IdleConnection::new(&EngineConfig::default()).await;
        begin_turn(&rest.connection);
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
        assert!(rest.take_batch().is_empty());
        assert_eq!(rest.queued(), texts(&["1", "2", "3", "4"]));
        abandon_turn(&rest.connection);
    }
}

#[tokio::test]
async fn a_large_encoded_packet_is_queued() {
    for (size, before) in [(1, 0), (1, 1), (1, 2), (3, 0), (3, 1), (30, 1)] {
        let large = "x".repeat(size * MAX_PACKET);
        let before = &["1", &large][..before];
        let rest = IdleConnection::new(&EngineConfig::default()).await;
        begin_turn(&rest.connection);
        for text in before {
            rest.send(text);
        }
        let written = rest.write(&large, || ());
        // If something is queued, encoding does not start.
        assert_eq!(written.is_some(), before.len() < 2);
        assert!(rest.take_batch().is_empty());
        assert_eq!(
            rest.connection.queued_bytes(),
            rest.connection.outgoing_queue().bytes()
        );
        let mut expected: Vec<&str> = before.to_vec();
        expected.extend(written.map(|_| &*large));
        assert_eq!(rest.queued(), texts(&expected));
        abandon_turn(&rest.connection);
    }
}

#[tokio::test]
async fn the_batch_has_a_maximum_size() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&rest.connection);
    let text = "x".repeat(MAX_PACKET - 100);
    let written = (0..9).take_while(|_| rest.write(&text, || ()).is_some());
    // The last of them did not fit.
    assert_eq!(written.count(), 5);
    assert!(rest.take_batch().is_empty());
    assert_eq!(rest.queued(), texts(&[&*text; 5]));
    abandon_turn(&rest.connection);
}

#[tokio::test]
async fn a_packet_encoded_while_the_connection_closes_is_not_sent() {
    for emits in [false, true] {
        let rest = IdleConnection::new(&EngineConfig::default()).await;
        begin_turn(&rest.connection);
        let meanwhile = || {
            if emits {
                rest.send("1");
            }
            rest.connection.close(CloseReason::ForcedServerClose);
        };
        assert_eq!(rest.write("2", meanwhile), Some(Ok(())));
        abandon_turn(&rest.connection);
        assert_eq!(rest.queued(), texts(&["1"][..usize::from(emits)]));
    }
}

#[tokio::test]
async fn a_large_buffer_is_not_kept() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    for fails in [true, false] {
        begin_turn(&rest.connection);
        let grown = append_with(&rest.connection, |bytes| {
            bytes.reserve(10 * MAX_KEPT);
            if fails { Err(()) } else { Ok(()) }
        });
        assert_eq!(grown.is_some_and(|grown| grown.is_err()), fails);
        abandon_turn(&rest.connection);
        assert!(with(|thread| thread.batch.bytes.capacity()).unwrap() <= MAX_KEPT);
    }
}

#[tokio::test]
async fn a_failed_encoding_leaves_the_batch_unchanged() {
    let rest = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&rest.connection);
    rest.send("1");
    let failed = append_with(&rest.connection, |_| Err("no"));
    assert_eq!(failed, Some(Err("no")));
    let panics = || rest.write("2", || panic!("on purpose"));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
    assert!(panicked.is_err());
    rest.send("3");
    assert_eq!(rest.take_batch(), texts(&["1", "3"]));
    abandon_turn(&rest.connection);
}

#[tokio::test]
async fn a_packet_encoded_while_the_queue_fills_is_queued() {
    let config = EngineConfig::default()
        .max_queued_bytes(1_000)
        .max_burst_bytes(1_000);
    let rest = IdleConnection::new(&config).await;
    begin_turn(&rest.connection);
    let (many, answer) = ("x".repeat(900), "y".repeat(300));
    let meanwhile = || rest.send_elsewhere(&many);
    assert_eq!(rest.write(&answer, meanwhile), Some(Ok(())));
    assert!(!rest.connection.is_closed());
    abandon_turn(&rest.connection);
    assert_eq!(rest.queued(), texts(&[&many, &answer]));
}

#[test]
fn joined_frames_are_one_packet() {
    let joined = texts(&["a", "b"]);
    assert_eq!(bytes(&[packet(&joined)]), joined);
}

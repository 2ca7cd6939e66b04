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
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&idle.connection);
    idle.send("a");
    let attachments = vec![Frame::binary_message(b"c")];
    let both = EncodedPacket::new(Frame::text_message("b"), attachments);
    idle.connection.send(both).unwrap();
    assert!(idle.queued().is_empty());
    let mut expected = texts(&["a", "b"]);
    expected.extend(b"\x82\x01c");
    assert_eq!(idle.take_batch(), expected);
    abandon_turn(&idle.connection);
}

#[tokio::test]
async fn packets_outside_of_a_turn_and_for_other_connections_are_queued() {
    let (idle, other) = (
        IdleConnection::new(&EngineConfig::default()).await,
        IdleConnection::new(&EngineConfig::default()).await,
    );
    idle.send("before");
    assert_eq!(idle.queued(), texts(&["before"]));
    begin_turn(&idle.connection);
    other.send("other");
    idle.send_elsewhere("elsewhere");
    assert_eq!(other.queued(), texts(&["other"]));
    assert_eq!(idle.queued(), texts(&["elsewhere"]));
    abandon_turn(&idle.connection);
    idle.send("after");
    assert_eq!(idle.queued(), texts(&["after"]));
}

#[tokio::test]
async fn the_order_is_kept_when_others_send_in_between() {
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&idle.connection);
    idle.send("1");
    idle.send("2");
    idle.send_elsewhere("3");
    // The slot is reserved, so that nobody writes "3" yet.
    assert!(idle.connection.outgoing().write_queued());
    idle.send("4");
    assert!(idle.take_batch().is_empty());
    assert_eq!(idle.queued(), texts(&["1", "2", "3", "4"]));
    abandon_turn(&idle.connection);
}

#[tokio::test]
async fn an_abandoned_turn_queues_its_batch() {
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&idle.connection);
    idle.send("1");
    idle.connection.close(CloseReason::ForcedServerClose);
    let late = idle.connection.send(Frame::text_message("2").into());
    assert_eq!(late, Err(SendError::Closed));
    abandon_turn(&idle.connection);
    assert_eq!(idle.queued(), texts(&["1"]));
    assert!(!idle.connection.outgoing().write_queued());
}

#[tokio::test]
async fn the_batch_of_a_closed_connection_is_discarded() {
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&idle.connection);
    idle.send("1");
    idle.connection.close(CloseReason::PingTimeout);
    abandon_turn(&idle.connection);
    assert!(idle.queued().is_empty());
}

#[tokio::test]
async fn packets_beyond_the_largest_batch_are_queued_and_limited() {
    let config = EngineConfig::default()
        .max_queued_bytes(1_000)
        .max_burst_bytes(1_000);
    let idle = IdleConnection::new(&config).await;
    begin_turn(&idle.connection);
    let sent = (0..100).take_while(|_| {
        let sent = idle.connection.send(Frame::text_message("text").into());
        assert!(matches!(sent, Ok(()) | Err(SendError::QueueFull)));
        sent.is_ok()
    });
    // Each packet costs 71 bytes. The first 7 fit into the batch (half of `max_queued_bytes`),
    // which is then queued as one packet of 49 + 64 bytes. 12 more fit into the rest of 1,000
    // bytes.
    assert_eq!(sent.count(), 19);
    abandon_turn(&idle.connection);

    let idle = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&idle.connection);
    idle.send("small");
    idle.send(&"x".repeat(MAX_PACKET));
    idle.send("small");
    assert!(idle.take_batch().is_empty());
    let large = "x".repeat(MAX_PACKET);
    assert_eq!(idle.queued(), texts(&["small", &large, "small"]));
    abandon_turn(&idle.connection);
}

#[tokio::test]
async fn a_packet_is_encoded_after_the_batch() {
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    assert_eq!(idle.write("early", || ()), None, "it has no turn");
    begin_turn(&idle.connection);
    idle.send("1");
    let before = idle.connection.queued_bytes();
    assert_eq!(idle.write("22", || ()), Some(Ok(())));
    // The text, its packet type, the frame header, and the overhead of a packet.
    assert_eq!(idle.connection.queued_bytes() - before, 2 + 1 + 2 + 64);
    idle.send("3");
    assert!(idle.queued().is_empty());
    assert_eq!(idle.take_batch(), texts(&["1", "22", "3"]));
    abandon_turn(&idle.connection);
}

#[tokio::test]
async fn packets_sent_while_one_is_encoded_come_before_it() {
    for is_elsewhere in [false, true] {
        let idle = IdleConnection::new(&EngineConfig::default()).await;
        begin_turn(&idle.connection);
        idle.send("1");
        let meanwhile = || {
            if is_elsewhere {
                idle.send_elsewhere("2");
            } else {
                assert_eq!(idle.write("within", || ()), None);
                idle.send("2");
            }
        };
        assert_eq!(idle.write("3", meanwhile), Some(Ok(())));
        idle.send("4");
        assert_eq!(idle.write("5", || ()), None, "other packets are queued");
        assert!(idle.take_batch().is_empty());
        assert_eq!(idle.queued(), texts(&["1", "2", "3", "4"]));
        abandon_turn(&idle.connection);
    }
}

#[tokio::test]
async fn a_large_encoded_packet_is_queued() {
    for (size, before) in [(1, 0), (1, 1), (1, 2), (3, 0), (3, 1), (30, 1)] {
        let large = "x".repeat(size * MAX_PACKET);
        let before = &["1", &large][..before];
        let idle = IdleConnection::new(&EngineConfig::default()).await;
        begin_turn(&idle.connection);
        for text in before {
            idle.send(text);
        }
        let written = idle.write(&large, || ());
        // If something is queued, encoding does not start.
        assert_eq!(written.is_some(), before.len() < 2);
        assert!(idle.take_batch().is_empty());
        assert_eq!(
            idle.connection.queued_bytes(),
            idle.connection.outgoing_queue().bytes()
        );
        let mut expected: Vec<&str> = before.to_vec();
        expected.extend(written.map(|_| &*large));
        assert_eq!(idle.queued(), texts(&expected));
        abandon_turn(&idle.connection);
    }
}

#[tokio::test]
async fn the_batch_has_a_maximum_size() {
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&idle.connection);
    let text = "x".repeat(MAX_PACKET - 100);
    let written = (0..9).take_while(|_| idle.write(&text, || ()).is_some());
    // The last of them did not fit.
    assert_eq!(written.count(), 5);
    assert!(idle.take_batch().is_empty());
    assert_eq!(idle.queued(), texts(&[&*text; 5]));
    abandon_turn(&idle.connection);
}

#[tokio::test]
async fn a_packet_encoded_while_the_connection_closes_is_not_sent() {
    for emits in [false, true] {
        let idle = IdleConnection::new(&EngineConfig::default()).await;
        begin_turn(&idle.connection);
        let meanwhile = || {
            if emits {
                idle.send("1");
            }
            idle.connection.close(CloseReason::ForcedServerClose);
        };
        assert_eq!(idle.write("2", meanwhile), Some(Ok(())));
        abandon_turn(&idle.connection);
        assert_eq!(idle.queued(), texts(&["1"][..usize::from(emits)]));
    }
}

#[tokio::test]
async fn a_large_buffer_is_not_kept() {
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    for fails in [true, false] {
        begin_turn(&idle.connection);
        let grown = append_with(&idle.connection, |bytes| {
            bytes.reserve(10 * MAX_KEPT);
            if fails { Err(()) } else { Ok(()) }
        });
        assert_eq!(grown.is_some_and(|grown| grown.is_err()), fails);
        abandon_turn(&idle.connection);
        assert!(with(|thread| thread.batch.bytes.capacity()).unwrap() <= MAX_KEPT);
    }
}

#[tokio::test]
async fn a_failed_encoding_leaves_the_batch_unchanged() {
    let idle = IdleConnection::new(&EngineConfig::default()).await;
    begin_turn(&idle.connection);
    idle.send("1");
    let failed = append_with(&idle.connection, |_| Err("no"));
    assert_eq!(failed, Some(Err("no")));
    let panics = || idle.write("2", || panic!("on purpose"));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
    assert!(panicked.is_err());
    idle.send("3");
    assert_eq!(idle.take_batch(), texts(&["1", "3"]));
    abandon_turn(&idle.connection);
}

#[tokio::test]
async fn a_packet_encoded_while_the_queue_fills_is_queued() {
    let config = EngineConfig::default()
        .max_queued_bytes(1_000)
        .max_burst_bytes(1_000);
    let idle = IdleConnection::new(&config).await;
    begin_turn(&idle.connection);
    let (many, answer) = ("x".repeat(900), "y".repeat(300));
    let meanwhile = || idle.send_elsewhere(&many);
    assert_eq!(idle.write(&answer, meanwhile), Some(Ok(())));
    assert!(!idle.connection.is_closed());
    abandon_turn(&idle.connection);
    assert_eq!(idle.queued(), texts(&[&many, &answer]));
}

#[test]
fn joined_frames_are_one_packet() {
    let joined = texts(&["a", "b"]);
    assert_eq!(bytes(&[packet(&joined)]), joined);
}

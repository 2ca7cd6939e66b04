//! Asserts the number of allocations on the hot paths. It does not depend on the machine.
//!
//! The server and a client that allocates nothing run on one thread, whose allocations are counted.
#![allow(
    clippy::cast_precision_loss,
    clippy::needless_pass_by_value,
    reason = "small counts, and callbacks of fixed shape"
)]
#![allow(clippy::unused_self, reason = "handlers are methods")]

use std::sync::Arc;

use allocation_counter::measure;
use specter::prelude::*;
use specter_bench::wire::{self, BINARY, TEXT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const EVENTS: u64 = 1000;

#[socketio_controller]
struct Bench;

#[handlers]
impl Bench {
    #[on_event]
    fn echo<'a>(&self, args: &'a Args) -> &'a Args {
        args
    }

    #[on_event]
    fn echo_owned(&self, args: Args, ack: Ack) -> Result<(), EmitError> {
        ack.send(args)
    }

    #[on_event]
    fn length(&self, text: &str) -> usize {
        text.len()
    }

    #[on_event]
    fn size(&self, data: Binary) -> usize {
        data.len()
    }

    #[on_event]
    async fn length_later(&self, text: String) -> usize {
        tokio::task::yield_now().await;
        text.len()
    }

    #[on_event]
    fn broadcast(&self, everybody: Namespace, args: Args) -> Result<(), EmitError> {
        everybody.emit("broadcast", args)
    }
}

struct Server {
    runtime: Runtime,
    address: std::net::SocketAddr,
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let address = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let app = App::of::<Bench>().await.unwrap();
            tokio::spawn(app.serve(listener));
            address
        });
        Self { runtime, address }
    }

    fn connect(&self) -> TcpStream {
        self.runtime.block_on(async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                           Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.write_all(&frame("40")).await.unwrap();
            let mut seen = Vec::new();
            while !seen.windows(4).any(|four| four == b"40{\"") {
                stream.read_buf(&mut seen).await.unwrap();
            }
            stream
        })
    }

    /// The number of allocations for each event, of many that the first client sends. All clients
    /// receive `answer` to each of them.
    fn allocations(&self, clients: &mut [TcpStream], event: &str, answer: &str) -> f64 {
        let mut expected = Vec::new();
        wire::push_server_frame(&mut expected, TEXT, answer.as_bytes());
        let each = self.allocations_of(clients, &frame(event), &expected);
        println!("{each} allocations: {answer}");
        each
    }

    /// Does the same as [`allocations`](Self::allocations) for any frames, such as those of an
    /// event with an attachment.
    fn allocations_of(&self, clients: &mut [TcpStream], event: &[u8], expected: &[u8]) -> f64 {
        let mut buffer = vec![0; expected.len()];
        let mut talk = |events: u64| {
            self.runtime.block_on(async {
                for _ in 0..events {
                    clients[0].write_all(event).await.unwrap();
                    for client in &mut *clients {
                        client.read_exact(&mut buffer).await.unwrap();
                        assert_eq!(buffer, expected);
                    }
                }
            });
        };
        talk(100);
        let counted = measure(|| talk(EVENTS));
        counted.count_total as f64 / EVENTS as f64
    }
}

fn frame(packet: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    wire::push_client_frame(&mut frame, TEXT, packet.as_bytes());
    frame
}

#[test]
fn an_event_that_is_acknowledged_with_its_own_arguments() {
    let server = Server::start();
    let each = server.allocations(
        &mut [server.connect()],
        "4210[\"echo\",\"hello\"]",
        "4310[\"hello\"]",
    );
    // The packet's buffer, which the arguments share, is the recycled one of the previous packet.
    assert!(each <= 0.1, "{each} allocations an event");
}

#[test]
fn an_event_whose_handler_answers_it_itself() {
    let server = Server::start();
    let each = server.allocations(
        &mut [server.connect()],
        "4210[\"echo_owned\",\"hello\"]",
        "4310[\"hello\"]",
    );
    // The handler and the dispatch share a state about the acknowledgement. Its memory is that of
    // the previous event.
    assert!(each <= 0.1, "{each} allocations an event");
}

#[test]
fn an_event_with_a_borrowed_argument_and_a_returned_acknowledgement() {
    let server = Server::start();
    let each = server.allocations(
        &mut [server.connect()],
        "4210[\"length\",\"hello\"]",
        "4310[5]",
    );
    // The argument borrows from the packet, whose buffer is that of the previous packet.
    assert!(each <= 0.1, "{each} allocations an event");
}

/// An event with an attachment of this size, and the answer to it: the attachment, or its length.
fn attached(event: &str, size: usize) -> (Vec<u8>, Vec<u8>) {
    let placeholder = "{\"_placeholder\":true,\"num\":0}";
    let data = vec![7; size];
    let mut sent = frame(&format!("451-10[\"{event}\",{placeholder}]"));
    wire::push_client_frame(&mut sent, BINARY, &data);
    let mut answer = Vec::new();
    if event == "echo" {
        let text = format!("461-10[{placeholder}]");
        wire::push_server_frame(&mut answer, TEXT, text.as_bytes());
        wire::push_server_frame(&mut answer, BINARY, &data);
    } else {
        wire::push_server_frame(&mut answer, TEXT, format!("4310[{size}]").as_bytes());
    }
    (sent, answer)
}

#[test]
fn an_event_with_an_attachment() {
    let server = Server::start();
    // The attachment uses the memory of the previous one if that had the same length; otherwise it
    // takes an allocation. A handler that takes it shares it with the packet, which takes a
    // reference count.
    for (event, sizes, most) in [
        ("echo", [100, 100], 0.1),
        ("echo", [100, 60], 1.1),
        ("echo", [100, 10], 1.1),
        ("size", [100, 100], 1.1),
        ("size", [100, 60], 1.6),
    ] {
        let pair = sizes.map(|size| attached(event, size));
        let (sent, answer): (Vec<_>, Vec<_>) = pair.into_iter().unzip();
        let each =
            server.allocations_of(&mut [server.connect()], &sent.concat(), &answer.concat()) / 2.0;
        assert!(each <= most, "{each} allocations for {event}, {sizes:?}");
    }
}

#[test]
fn an_event_whose_handler_suspends() {
    let server = Server::start();
    let each = server.allocations(
        &mut [server.connect()],
        "4210[\"length_later\",\"hello\"]",
        "4310[5]",
    );
    // The argument and the future.
    assert!(each <= 2.1, "{each} allocations an event");
}

#[test]
fn a_delivery_of_a_broadcast_allocates_nothing_of_its_own() {
    let server = Server::start();
    let deliveries = [1, 41].map(|count| {
        let mut clients: Vec<_> = (0..count).map(|_| server.connect()).collect();
        server.allocations(
            &mut clients,
            "42[\"broadcast\",\"hello\"]",
            "42[\"broadcast\",\"hello\"]",
        )
    });
    let each = (deliveries[1] - deliveries[0]) / 40.0;
    // The remaining allocations are the list of the connections, and the task that writes to them.
    assert!(each <= 0.25, "{each} allocations a delivery");
}

#[test]
fn sharing_a_frame_copies_nothing() {
    use specter_proto::socketio::encode;
    let packet = encode::event("/", None, "x", &Arc::new("y".repeat(100)).as_str()).unwrap();
    let first = packet.clone();
    let counted = measure(|| drop(std::hint::black_box(first.clone())));
    assert_eq!(counted.count_total, 0);
}

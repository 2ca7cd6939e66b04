//! The order of the packets that handlers send to their own client.
//!
//! The connection's task writes these packets at the end of its turn. They arrive in the order of
//! the calls, even if other threads send too.

use std::sync::mpsc;

use crate::common::{Client, Server};
use serde_json::json;
use specter::prelude::*;

#[socketio_controller]
struct Busy;

#[handlers]
impl Busy {
    /// Emits an event, has another thread emit events, and emits an event again.
    #[on_event]
    fn relay(&self, socket: &Socket, io: Io, number: u32) -> Result<u32, EmitError> {
        socket.emit("first", number)?;
        let (sender, done) = mpsc::channel();
        let other_handle = socket.clone();
        std::thread::spawn(move || {
            let emitted = other_handle.emit("second", number);
            let _ = sender.send(emitted.and_then(|()| io.emit("everybody", number)));
        });
        done.recv().expect("the thread sends its result")?;
        socket.emit("third", number)?;
        Ok(number)
    }

    #[on_event]
    fn echo(&self, args: Args) -> Args {
        args
    }

    #[on_event]
    fn leave(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("last", ())?;
        socket.disconnect_transport();
        Ok(())
    }
}

#[module(controllers = [Busy])]
struct BusyModule;

async fn server() -> Server {
    Server::of(App::builder::<BusyModule>().max_queued_bytes(256 * 1024 * 1024)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_of_several_threads_arrive_in_the_order_of_the_calls() {
    const ROUNDS: u32 = 300;
    let server = server().await;
    let mut client = server.join("/").await;
    // With this number of clients, broadcasts are written in place.
    let mut others = Vec::new();
    for _ in 0..8 {
        others.push(server.join("/").await);
    }
    for number in 0..ROUNDS {
        client.send(format!("42{number}[\"relay\",{number}]")).await;
        for name in ["first", "second", "everybody", "third"] {
            assert_eq!(client.event().await, json!([name, number]));
        }
        assert_eq!(client.text().await, format!("43{number}[{number}]"));
    }
    for other in &mut others {
        for number in 0..ROUNDS {
            assert_eq!(other.event().await, json!(["everybody", number]));
        }
    }
}

/// The answers exceed the sockets' buffers. The client reads only after it has sent all events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_do_not_fit_into_the_sockets_buffers_are_neither_lost_nor_repeated() {
    const EVENTS: usize = 6_000;
    let server = server().await;
    let mut client = server.join("/").await;
    let echo = |id: usize| {
        // Some of the texts fit into the write batch, others do not.
        let text = "x".repeat(id % 37 * 300);
        (
            format!("42{id}[\"echo\",\"{text}\"]"),
            format!("43{id}[\"{text}\"]"),
        )
    };
    client.send_all((0..EVENTS).map(|id| echo(id).0)).await;
    for id in 0..EVENTS {
        assert_eq!(client.text().await, echo(id).1);
    }
}

#[tokio::test]
async fn packets_sent_before_the_disconnect_arrive() {
    let server = server().await;
    for _ in 0..20 {
        let mut client: Client = server.join("/").await;
        client.send("42[\"leave\"]").await;
        assert_eq!(client.event().await, json!(["last"]));
        assert!(client.next().await.is_none());
    }
}

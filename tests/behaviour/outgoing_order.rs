//! What handlers send to their own client, which is written when their turn ends: it arrives in the
//! order of the calls, whoever else sends.

use std::sync::mpsc;

use crate::common::{Client, Server};
use serde_json::json;
use specter::prelude::*;

#[socketio_controller]
struct Busy;

#[handlers]
impl Busy {
    /// Sends, has another thread send, and sends again.
    #[on_event]
    fn relay(&self, socket: &Socket, io: Io, number: u32) -> Result<u32, EmitError> {
        socket.emit("first", number)?;
        let (sender, done) = mpsc::channel();
        let elsewhere = socket.clone();
        std::thread::spawn(move || {
            let emitted = elsewhere.emit("second", number);
            let _ = sender.send(emitted.and_then(|()| io.emit("everybody", number)));
        });
        done.recv().expect("the thread answers")?;
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
async fn what_follows_from_another_arrives_after_it() {
    const ROUNDS: u32 = 300;
    let server = server().await;
    let mut client = server.join("/").await;
    // More than few, so that broadcasts are written in place.
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

/// More than the sockets hold, read only after all was asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_client_does_not_take_at_once_is_neither_lost_nor_repeated() {
    const EVENTS: usize = 6_000;
    let server = server().await;
    let mut client = server.join("/").await;
    let echo = |id: usize| {
        // Up to and beyond what is gathered.
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
async fn what_was_sent_before_the_end_arrives() {
    let server = server().await;
    for _ in 0..20 {
        let mut client: Client = server.join("/").await;
        client.send("42[\"leave\"]").await;
        assert_eq!(client.event().await, json!(["last"]));
        assert!(client.next().await.is_none());
    }
}

//! Broadcasts to idle connections, which the sender writes in place: all of them arrive, in order.

use crate::common::{Client, Server, within};
use serde_json::{Value, json};
use specter::prelude::*;

#[socketio_controller]
struct Hall;

#[handlers]
impl Hall {
    #[on_event]
    fn ask(&self, socket: &Socket, number: u32) -> Result<u32, EmitError> {
        socket.emit("own", number)?;
        Ok(number)
    }
}

#[module(controllers = [Hall])]
struct HallModule;

/// More clients than a broadcast wakes one by one: for this number it writes in place.
const CLIENTS: usize = 12;

async fn hall() -> (Server, Vec<Client>) {
    let builder = App::builder::<HallModule>().max_queued_bytes(64 * 1024 * 1024);
    let server = Server::of(builder).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(server.join("/").await);
    }
    (server, clients)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_of_one_task_arrive_in_order() {
    const EVENTS: u32 = 2_000;
    let (server, mut clients) = hall().await;
    let io = server.io.clone();
    let sending = tokio::spawn(async move {
        for number in 0..EVENTS {
            io.emit("n", number).unwrap();
            if number % 7 == 0 {
                tokio::task::yield_now().await;
            }
        }
    });
    for client in &mut clients {
        for number in 0..EVENTS {
            assert_eq!(client.event().await, json!(["n", number]));
        }
    }
    within(sending).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_that_the_network_does_not_accept_at_once_follow_in_order() {
    const EVENTS: u32 = 150;
    let (server, mut clients) = hall().await;
    let text = "x".repeat(100_000);
    for number in 0..EVENTS {
        server.io.emit("n", (number, &text)).unwrap();
        // Lets the connections' tasks write the queued events, as far as the network accepts them.
        tokio::task::yield_now().await;
    }
    for client in &mut clients {
        client.send(r#"427["ask",1]"#).await;
    }
    for client in &mut clients {
        let mut expected = (0..EVENTS).map(|number| json!(["n", number, text]));
        let mut own_events = 0;
        loop {
            let packet = client.text().await;
            if packet == "437[1]" {
                break;
            }
            let event: Value = serde_json::from_str(packet.strip_prefix("42").unwrap()).unwrap();
            if event == json!(["own", 1]) {
                own_events += 1;
            } else {
                assert_eq!(Some(event), expected.next());
            }
        }
        // The client sent its event after all broadcasts were queued. The event waits while more
        // than half of the client's queue is full.
        assert_eq!((own_events, expected.next()), (1, None));
    }
}

#[tokio::test]
async fn clients_that_disconnect_between_broadcasts_do_not_affect_the_others() {
    let (server, mut clients) = hall().await;
    for number in 0..CLIENTS / 2 {
        clients.remove(0).close().await;
        server.io.emit("n", number).unwrap();
    }
    for client in &mut clients {
        for number in 0..CLIENTS / 2 {
            assert_eq!(client.event().await, json!(["n", number]));
        }
        client.send(r#"427["ask",3]"#).await;
        assert_eq!(client.event().await, json!(["own", 3]));
        assert_eq!(client.text().await, "437[3]");
    }
}

#[test]
fn a_broadcast_from_a_thread_without_a_runtime_arrives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, mut clients) = runtime.block_on(hall());
    let io = server.io.clone();
    std::thread::spawn(move || io.emit("n", 1).unwrap())
        .join()
        .unwrap();
    runtime.block_on(async {
        for client in &mut clients {
            assert_eq!(client.event().await, json!(["n", 1]));
        }
    });
}

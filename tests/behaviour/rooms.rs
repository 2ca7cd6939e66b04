//! Rooms and broadcasts: the sockets that each operator reaches.

use crate::common::{Client, Server};
use serde_json::{Value, json};
use specter::prelude::*;

#[socketio_controller]
struct Rooms {
    io: Io,
    namespace: Namespace,
}

#[handlers]
impl Rooms {
    #[on_event]
    fn join(&self, socket: &Socket, room: &str) -> Result<Vec<String>, EventError> {
        socket
            .join(room)
            .map_err(|error| EventError::new(error.to_string()).with_code(error.code()))?;
        Ok(socket.rooms())
    }

    #[on_event]
    fn leave(&self, socket: &Socket, room: &str) -> Vec<String> {
        socket.leave(room);
        socket.rooms()
    }

    /// Emits `text` with the operator that `operator` names.
    #[on_event]
    fn send(
        &self,
        socket: &Socket,
        operator: &str,
        rooms: Vec<String>,
        text: String,
    ) -> Result<(), EmitError> {
        let first = rooms.first().cloned().unwrap_or_default();
        let second = rooms.get(1).cloned().unwrap_or_default();
        match operator {
            "socket.to" => socket.to(first).emit("got", text),
            "socket.to.to" => socket.to(first).to(second).emit("got", text),
            "socket.broadcast" => socket.broadcast().emit("got", text),
            "socket.except" => socket.except(first).emit("got", text),
            "all.emit" => self.namespace.emit("got", text),
            "all.to" => self.namespace.to(first).emit("got", text),
            "all.to.except" => self.namespace.to(first).except(second).emit("got", text),
            "io.within" => self.io.within(first).emit("got", text),
            "io.of" => self.io.of("other")?.emit("got", text),
            "io.nowhere" => self.io.of("/nowhere")?.emit("got", text),
            operator => panic!("{operator}"),
        }
    }

    #[on_event]
    fn bytes(&self, data: Binary) -> Result<(), EmitError> {
        self.namespace.to("a").emit("bytes", (data, 1))
    }
}

#[socketio_controller(namespace = "/other")]
struct Other;

#[handlers]
impl Other {
    #[on_event]
    fn ping(&self) {}
}

#[module(controllers = [Rooms, Other])]
struct RoomsModule;

/// Connects three sockets: the first is in room `a`, the second in `a` and `b`, the third
/// in no room.
async fn three_sockets() -> (Server, [Client; 3], [String; 3]) {
    let server = Server::of(App::builder::<RoomsModule>()).await;
    let mut clients = [
        server.open().await,
        server.open().await,
        server.open().await,
    ];
    let mut ids = [const { String::new() }; 3];
    for (client, id) in clients.iter_mut().zip(&mut ids) {
        *id = client.connect("/", Value::Null).await;
    }
    clients[0].call("join", json!(["a"])).await;
    clients[1].call("join", json!(["a"])).await;
    clients[1].call("join", json!(["b"])).await;
    (server, clients, ids)
}

/// Has the first socket emit, and returns the number of events that each socket receives before an
/// acknowledgement that marks the end.
async fn count_received(clients: &mut [Client; 3], operator: &str, rooms: Value) -> [usize; 3] {
    clients[0]
        .send(
            json!(["send", operator, rooms, "x"])
                .to_string()
                .replacen('[', "42[", 1),
        )
        .await;
    let mut counts = [0; 3];
    for (client, count) in clients.iter_mut().zip(&mut counts) {
        client.send(r#"429["leave","mark"]"#).await;
        loop {
            let packet = client.text().await;
            if packet.starts_with("439") {
                break;
            }
            assert_eq!(packet, r#"42["got","x"]"#);
            *count += 1;
        }
    }
    counts
}

#[tokio::test]
async fn every_operator_reaches_each_of_its_sockets_once() {
    let (_server, mut clients, ids) = three_sockets().await;
    let table = [
        ("socket.to", json!(["a"]), [0, 1, 0]),
        ("socket.to", json!(["b"]), [0, 1, 0]),
        ("socket.to", json!(["nobody"]), [0, 0, 0]),
        ("socket.to.to", json!(["a", "b"]), [0, 1, 0]),
        ("socket.broadcast", json!([]), [0, 1, 1]),
        ("socket.except", json!(["b"]), [0, 0, 1]),
        ("all.emit", json!([]), [1, 1, 1]),
        ("all.to", json!(["a"]), [1, 1, 0]),
        ("all.to.except", json!(["a", "b"]), [1, 0, 0]),
        ("io.within", json!(["b"]), [0, 1, 0]),
        ("io.of", json!([]), [0, 0, 0]),
        ("all.to", json!([ids[2]]), [0, 0, 1]),
        ("all.to.except", json!(["a", ids[0]]), [0, 1, 0]),
    ];
    for (operator, rooms, expected) in table {
        assert_eq!(
            count_received(&mut clients, operator, rooms.clone()).await,
            expected,
            "{operator} {rooms}"
        );
    }
}

#[tokio::test]
async fn an_unknown_namespace_is_an_error() {
    let (_server, mut clients, _) = three_sockets().await;
    let answer = clients[0]
        .call("send", json!(["io.nowhere", [], "x"]))
        .await;
    assert_eq!(answer[0]["error"], "internal error");
}

#[tokio::test]
async fn a_socket_cannot_join_the_room_of_another_socket() {
    let (_server, mut clients, ids) = three_sockets().await;
    let refused = clients[0].call("join", json!([ids[1]])).await;
    assert_eq!(refused[0]["code"], "join_reserved_name");
    assert_eq!(
        clients[0].call("join", json!([ids[0]])).await,
        json!([["a"]]),
        "joining the room of its own id succeeds and changes nothing"
    );
}

#[tokio::test]
async fn membership_ends_with_leave_and_with_the_socket() {
    let (server, mut clients, _) = three_sockets().await;
    let namespace = server.io.of("/").unwrap();
    assert_eq!(
        [
            namespace.room_count("a"),
            namespace.room_count("b"),
            namespace.socket_count()
        ],
        [2, 1, 3]
    );
    assert_eq!(clients[1].call("leave", json!(["a"])).await, json!([["b"]]));
    assert_eq!(namespace.room_count("a"), 1);
    let [_, mut second, _] = clients;
    second.send("41").await;
    second.send("40").await;
    assert!(second.text().await.starts_with("40"));
    assert_eq!(
        [namespace.room_count("b"), namespace.socket_count()],
        [0, 3]
    );
}

#[tokio::test]
async fn rooms_and_names_are_bounded() {
    let server = Server::of(App::builder::<RoomsModule>()).await;
    let mut client = server.join("/").await;
    let long = client.call("join", json!(["x".repeat(257)])).await;
    assert_eq!(long[0]["code"], "join_name_too_long");
    for i in 0..1024 {
        client.call("join", json!([i.to_string()])).await;
    }
    assert_eq!(
        client.call("join", json!(["more"])).await[0]["code"],
        "join_too_many_rooms"
    );
    assert_eq!(
        client.call("join", json!(["7"])).await[0]
            .as_array()
            .unwrap()
            .len(),
        1024
    );
}

#[tokio::test]
async fn attachments_follow_their_packet_to_each_socket() {
    let (_server, mut clients, _) = three_sockets().await;
    clients[2]
        .send(r#"451-["bytes",{"_placeholder":true,"num":0}]"#)
        .await;
    clients[2].send_binary(&[1, 2]).await;
    for client in &mut clients[..2] {
        assert_eq!(
            client.text().await,
            r#"451-["bytes",{"_placeholder":true,"num":0},1]"#
        );
        assert_eq!(client.binary().await, [1, 2]);
    }
}

//! The life of a socket, from CONNECT to `disconnect`: the socket's gate, refusals, the timeout of
//! `connect` handlers, and the reasons of a disconnect.

use std::time::Duration;

use crate::common::{Log, Server, within};
use serde::Deserialize;
use serde_json::{Value, json};
use specter::prelude::*;

#[derive(Deserialize)]
struct Login {
    name: String,
}

#[socketio_controller(namespace = "/gate")]
struct Gate {
    log: Arc<Log>,
}

#[handlers]
impl Gate {
    #[on_event("connect")]
    async fn connect(
        &mut self,
        socket: &Socket,
        auth: Auth<Option<Value>>,
        all: Namespace,
    ) -> Result<(), Reject> {
        socket.join("here")?;
        socket.emit("one", auth.0)?;
        all.to("here").emit("two", socket.id())?;
        tokio::task::yield_now().await;
        let result = socket.emit_with_ack::<()>("three", ()).await;
        self.log.say(result.unwrap_err().code());
        Ok(())
    }

    #[on_event("disconnect")]
    async fn left(&mut self, reason: DisconnectReason, socket: Socket) {
        self.log.say(reason.as_str());
        self.log.say(format!(
            "{:?}",
            socket.emit("late", ()).map_err(|error| error.code())
        ));
    }

    #[on_event]
    async fn disconnect_me(&mut self, socket: &Socket) {
        socket.disconnect();
        socket.disconnect();
    }

    #[on_event]
    async fn close_all(&mut self, socket: &Socket) {
        socket.disconnect_transport();
    }

    #[on_event]
    async fn slow(&mut self, release: Inject<Release>) {
        self.log.say("started");
        release.0.0.notified().await;
        self.log.say("finished");
    }
}

/// Lets slow handlers finish.
struct Release(Arc<tokio::sync::Notify>);

#[socketio_controller(namespace = "/refuse")]
struct First {
    log: Arc<Log>,
}

#[handlers]
impl First {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket) -> Result<(), EmitError> {
        self.log.say("first connect");
        socket.emit("never", "seen")
    }

    #[on_event("disconnect")]
    fn left(&mut self, reason: DisconnectReason) {
        self.log.say(format!("first left: {reason}"));
    }
}

#[socketio_controller(namespace = "/refuse", priority = 1)]
struct Second {
    log: Arc<Log>,
}

#[handlers]
impl Second {
    #[on_event("connect")]
    async fn connect(&mut self, Auth(login): Auth<Login>) -> Result<(), Reject> {
        match login.name.as_str() {
            "hang" => std::future::pending().await,
            "broken" => Err(std::io::Error::other("a secret"))?,
            "panic" => panic!("a secret"),
            _ => Err(Reject::new("not you").with_data(&json!({ "code": 42 }))),
        }
    }

    #[on_event("disconnect")]
    fn left(&mut self) {
        self.log.say("never logged");
    }
}

#[module(controllers = [Gate, First, Second])]
struct Everything;

async fn server() -> (Server, crate::common::LogReader, Arc<tokio::sync::Notify>) {
    let (log, reader) = Log::new();
    let release = Arc::new(tokio::sync::Notify::new());
    let app = App::builder::<Everything>()
        .provide(log)
        .provide(Release(release.clone()))
        .socket(|config| config.connect_handler_timeout(Duration::from_millis(200)));
    (Server::of(app).await, reader, release)
}

#[tokio::test]
async fn events_of_the_connect_handler_follow_the_reply_in_order() {
    let (server, mut log, _) = server().await;
    let mut client = server.open().await;
    let id = client.connect("/gate", json!({ "token": 1 })).await;
    assert_eq!(client.text().await, r#"42/gate,["one",{"token":1}]"#);
    assert_eq!(client.text().await, format!(r#"42/gate,["two","{id}"]"#));
    assert_eq!(log.line().await, "ack_not_connected");
}

#[tokio::test]
async fn without_auth_an_option_is_none() {
    let (server, _, _) = server().await;
    let mut client = server.open().await;
    client.connect("/gate", Value::Null).await;
    assert_eq!(client.text().await, r#"42/gate,["one",null]"#);
}

#[tokio::test]
async fn a_refusal_sends_connect_error_and_nothing_else() {
    let (server, mut log, _) = server().await;
    let mut client = server.open().await;
    client.send(r#"40/refuse,{"name":"eve"}"#).await;
    assert_eq!(
        client.text().await,
        r#"44/refuse,{"message":"not you","data":{"code":42}}"#
    );
    assert_eq!(log.line().await, "first connect");
    assert_eq!(log.line().await, "first left: server namespace disconnect");
    // The connection stays open, and the client may try again.
    assert!(log.unread().is_empty());
    client.connect("/gate", Value::Null).await;
}

#[tokio::test]
async fn a_failing_connect_hides_its_cause() {
    let (server, _, _) = server().await;
    for name in ["broken", "panic"] {
        let mut client = server.open().await;
        client
            .send(format!(r#"40/refuse,{{"name":"{name}"}}"#))
            .await;
        let answer = client.text().await;
        assert!(
            answer.starts_with(r#"44/refuse,{"message":"internal error","data":{"id":""#),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn undecodable_auth_is_refused() {
    let (server, _, _) = server().await;
    for auth in ["", r#"{"name":7}"#] {
        let mut client = server.open().await;
        client.send(format!("40/refuse,{auth}")).await;
        assert_eq!(
            client.text().await,
            r#"44/refuse,{"message":"invalid auth","data":{"code":"invalid_auth"}}"#
        );
    }
}

#[tokio::test]
async fn a_second_connect_before_the_answer_is_answered_with_the_first() {
    let (server, mut log, _) = server().await;
    let mut client = server.open().await;
    client
        .send_all(["40/gate,".to_owned(), "40/gate,".to_owned()])
        .await;
    assert!(client.text().await.starts_with("40/gate,{"));
    assert_eq!(client.text().await, r#"42/gate,["one",null]"#);
    client.text().await;
    client.send(r#"42/gate,7["disconnect_me"]"#).await;
    assert_eq!(
        client.text().await,
        "43/gate,7[]",
        "no other packet was sent, and the connection is open"
    );
    assert_eq!(client.text().await, "41/gate,");
    assert_eq!(log.line().await, "ack_not_connected");
    // A second CONNECT after the answer is a violation of the protocol.
    client.connect("/gate", Value::Null).await;
    client.send("40/gate,").await;
    client.closed().await;
}

#[tokio::test]
async fn the_size_of_a_connect_payload_is_bounded() {
    let (server, _, _) = server().await;
    let mut client = server.open().await;
    client
        .send(format!(
            "40/gate,{}",
            json!({ "token": "x".repeat(17_000) })
        ))
        .await;
    assert_eq!(
        client.text().await,
        r#"44/gate,{"message":"invalid auth","data":{"code":"invalid_auth"}}"#
    );
}

#[tokio::test]
async fn an_acknowledgement_after_a_disconnect_is_no_violation() {
    let (server, mut log, _) = server().await;
    let mut client = join_gate(&server, &mut log).await;
    client
        .send_all(["41/gate,", "43/gate,0[]", r#"42/gate,["slow"]"#].map(str::to_owned))
        .await;
    client.connect("/gate", Value::Null).await;
}

#[socketio_controller(namespace = "/greedy")]
struct Greedy {
    log: Arc<Log>,
}

#[handlers]
impl Greedy {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket) {
        let queued = (0..5_000).filter(|n| socket.emit("n", n).is_ok()).count();
        self.log.say(queued.to_string());
    }
}

#[tokio::test]
async fn events_held_before_the_connect_reply_are_bounded_by_the_burst_limit() {
    let (log, mut reader) = Log::new();
    let app = App::builder_of::<Greedy>()
        .provide(log)
        .max_queued_bytes(64 * 1024)
        .max_burst_bytes(64 * 1024)
        .queue_policy(specter::engine::QueuePolicy::Drop);
    let server = Server::of(app).await;
    let mut client = server.open().await;
    client.connect("/greedy", Value::Null).await;
    let queued: usize = reader.line().await.parse().unwrap();
    assert!((500..1_000).contains(&queued), "{queued}");
    for n in 0..queued {
        assert_eq!(client.text().await, format!(r#"42/greedy,["n",{n}]"#));
    }
}

#[tokio::test]
async fn a_connect_that_takes_too_long_is_refused() {
    let (server, mut log, _) = server().await;
    let mut client = server.open().await;
    client.send(r#"40/refuse,{"name":"hang"}"#).await;
    assert_eq!(
        client.text().await,
        r#"44/refuse,{"message":"connect timeout","data":{"code":"timeout"}}"#
    );
    assert_eq!(log.line().await, "first connect");
    assert_eq!(log.line().await, "first left: server namespace disconnect");
}

#[tokio::test]
async fn an_unknown_namespace_is_refused() {
    let (server, _, _) = server().await;
    let mut client = server.open().await;
    client.send("40/nobody,").await;
    assert_eq!(
        client.text().await,
        r#"44/nobody,{"message":"Invalid namespace"}"#
    );
    client.send("40").await;
    assert_eq!(client.text().await, r#"44{"message":"Invalid namespace"}"#);
}

async fn join_gate(server: &Server, log: &mut crate::common::LogReader) -> crate::common::Client {
    let mut client = server.open().await;
    client.connect("/gate", Value::Null).await;
    client.text().await;
    client.text().await;
    assert_eq!(log.line().await, "ack_not_connected");
    client
}

#[tokio::test]
async fn every_kind_of_disconnect_has_its_reason() {
    let (server, mut log, _) = server().await;
    let gone = "Err(\"emit_disconnected\")";

    let mut client = join_gate(&server, &mut log).await;
    client.send("41/gate,").await;
    assert_eq!(
        [log.line().await, log.line().await],
        ["client namespace disconnect", gone]
    );
    // The connection stays open, and the namespace may be joined again.
    client.connect("/gate", Value::Null).await;
    drop(client);
    assert_eq!(log.line().await, "ack_not_connected");
    assert_eq!(
        [log.line().await, log.line().await],
        ["transport close", gone]
    );

    let mut client = join_gate(&server, &mut log).await;
    client.send(r#"42/gate,["disconnect_me"]"#).await;
    assert_eq!(client.text().await, "41/gate,");
    assert_eq!(
        [log.line().await, log.line().await],
        ["server namespace disconnect", gone]
    );
    // An event that the client sent before it received the disconnect is no violation.
    client.send(r#"42/gate,["slow"]"#).await;
    client.connect("/gate", Value::Null).await;
    drop(client);
    assert_eq!(log.line().await, "ack_not_connected");
    assert_eq!(
        [log.line().await, log.line().await],
        ["transport close", gone]
    );

    let mut client = join_gate(&server, &mut log).await;
    client.send(r#"42/gate,["close_all"]"#).await;
    client.closed().await;
    assert_eq!(
        [log.line().await, log.line().await],
        ["forced server close", gone]
    );

    let mut client = join_gate(&server, &mut log).await;
    client.send("42/gate,{}").await;
    client.closed().await;
    assert_eq!([log.line().await, log.line().await], ["parse error", gone]);

    let mut client = join_gate(&server, &mut log).await;
    client.send("2").await;
    client.closed().await;
    assert_eq!(
        [log.line().await, log.line().await],
        ["transport error", gone]
    );
}

/// No handler of the socket runs, and its client sends nothing.
#[tokio::test]
async fn an_idle_socket_can_be_disconnected_by_another_task() {
    let (server, mut log, _) = server().await;
    let gate = server.io.of("/gate").unwrap();
    let mut client = join_gate(&server, &mut log).await;
    gate.sockets().iter().for_each(Socket::disconnect);
    assert_eq!(client.text().await, "41/gate,");
    assert_eq!(
        [log.line().await, log.line().await],
        ["server namespace disconnect", "Err(\"emit_disconnected\")"]
    );
    client.connect("/gate", Value::Null).await;
    assert_eq!(log.line().await, "ack_not_connected");
}

#[tokio::test]
async fn a_handler_finishes_although_its_client_has_disconnected() {
    let (server, mut log, release) = server().await;
    let mut client = join_gate(&server, &mut log).await;
    client.send(r#"42/gate,["slow"]"#).await;
    client.send(r#"42/gate,["slow"]"#).await;
    assert_eq!(log.line().await, "started");
    client.close().await;
    drop(client);
    let gate = server.io.of("/gate").unwrap();
    within(async {
        while gate.socket_count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    release.notify_one();
    assert_eq!(log.line().await, "finished");
    assert_eq!(
        log.line().await,
        "transport close",
        "the pending event was discarded"
    );
}

//! Acknowledgements that the server requests from clients, the order of events, and clients that
//! read slowly.

use std::time::Duration;

use crate::common::{Log, Server};
use serde_json::{Value, json};
use specter::prelude::*;
use tokio::sync::Notify;

#[socketio_controller]
struct Questions {
    log: Arc<Log>,
    #[state]
    seen: Vec<u32>,
}

#[handlers]
impl Questions {
    /// Asks the client a question and returns the client's answer.
    #[on_event]
    async fn ask(&mut self, socket: &Socket, question: String) -> Value {
        self.log.say("asking");
        match socket
            .emit_with_ack::<Value>("question", question)
            .timeout(Duration::from_secs(10))
            .await
        {
            Ok(answer) => json!(["ok", answer]),
            Err(error) => {
                self.log.say(error.code());
                json!(["err", error.code()])
            }
        }
    }

    #[on_event]
    async fn ask_briefly(&mut self, socket: &Socket) -> Value {
        let answer = socket
            .emit_with_ack::<u32>("question", ())
            .timeout(Duration::from_millis(30))
            .await;
        json!(answer.map_err(|error| error.code()))
    }

    #[on_event]
    async fn ask_two(&mut self, socket: &Socket) -> Result<(String, u32), EventError> {
        Ok(socket.emit_with_ack("question", (1, 2)).await?)
    }

    #[on_event]
    async fn ask_bytes(&mut self, socket: &Socket) -> Result<Binary, EventError> {
        Ok(socket.emit_with_ack("question", ()).await?)
    }

    #[on_event]
    async fn ask_all(&mut self, socket: &Socket) -> Result<usize, EventError> {
        Ok(socket
            .emit_with_ack::<()>("question", ())
            .args()
            .await?
            .len())
    }

    #[on_event]
    async fn ask_and_drop(&mut self, socket: &Socket) -> u8 {
        drop(socket.emit_with_ack::<u8>("question", ()));
        1
    }

    #[on_event]
    async fn n(&mut self, n: u32) {
        if n.is_multiple_of(100) {
            tokio::task::yield_now().await;
        }
        self.seen.push(n);
    }

    #[on_event]
    fn seen(&mut self) -> (usize, bool) {
        (
            self.seen.len(),
            self.seen.windows(2).all(|pair| pair[0] < pair[1]),
        )
    }
}

async fn server() -> (Server, crate::common::LogReader) {
    let (log, reader) = Log::new();
    (
        Server::of(App::builder_of::<Questions>().provide(log)).await,
        reader,
    )
}

#[tokio::test]
async fn a_handler_awaits_the_acknowledgement_of_its_client() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"425["ask","why?"]"#).await;
    assert_eq!(client.text().await, r#"420["question","why?"]"#);
    client.send(r#"430[{"because":1}]"#).await;
    assert_eq!(client.text().await, r#"435[["ok",{"because":1}]]"#);
}

#[tokio::test]
async fn acknowledgements_are_typed() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"421["ask_two"]"#).await;
    assert_eq!(client.text().await, r#"420["question",1,2]"#);
    client.send(r#"430["a",7]"#).await;
    assert_eq!(client.text().await, r#"431["a",7]"#);
    client.send(r#"422["ask_two"]"#).await;
    client.text().await;
    client.send(r#"431["a"]"#).await;
    assert!(client.text().await.starts_with(
        r#"432[{"error":"the acknowledgement is not what was expected","code":"ack_invalid"}"#
    ));
    client.send(r#"423["ask_all"]"#).await;
    client.text().await;
    client.send(r"432[1,2,3]").await;
    assert_eq!(client.text().await, "433[3]");
}

#[tokio::test]
async fn an_acknowledgement_may_be_bytes() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"421["ask_bytes"]"#).await;
    client.text().await;
    client.send(r#"461-0[{"_placeholder":true,"num":0}]"#).await;
    client.send_binary(&[1, 2]).await;
    assert_eq!(
        client.text().await,
        r#"461-1[{"_placeholder":true,"num":0}]"#
    );
    assert_eq!(client.binary().await, [1, 2]);
}

#[tokio::test]
async fn a_missing_acknowledgement_times_out_and_a_late_one_is_ignored() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"425["ask_briefly"]"#).await;
    assert_eq!(client.text().await, r#"420["question"]"#);
    assert_eq!(client.text().await, r#"435[{"Err":"ack_timeout"}]"#);
    client.send("430[1]").await;
    client.send("4399[1]").await;
    assert_eq!(client.call("seen", json!([])).await, json!([0, true]));
}

#[tokio::test]
async fn an_acknowledgement_that_is_not_awaited_is_ignored() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"425["ask_and_drop"]"#).await;
    assert_eq!(client.text().await, r#"420["question"]"#);
    assert_eq!(client.text().await, "435[1]");
    client.send("430[1]").await;
    assert_eq!(client.call("seen", json!([])).await, json!([0, true]));
}

#[tokio::test]
async fn a_waiting_handler_gets_an_error_when_its_client_disconnects() {
    let (server, mut log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"42["ask","why?"]"#).await;
    client.text().await;
    client.close().await;
    assert_eq!(
        [log.line().await, log.line().await],
        ["asking", "ack_disconnected"]
    );
}

#[tokio::test]
async fn an_acknowledgement_after_too_many_events_fails_instead_of_hanging() {
    let (server, mut log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"425["ask","why?"]"#).await;
    assert_eq!(client.text().await, r#"420["question","why?"]"#);
    client
        .send_all((0..300).map(|n| format!(r#"42["n",{n}]"#)))
        .await;
    client.send(r#"430["late"]"#).await;
    assert_eq!(client.text().await, r#"435[["err","ack_backlogged"]]"#);
    assert_eq!(
        [log.line().await, log.line().await],
        ["asking", "ack_backlogged"]
    );
    assert_eq!(
        client.call("seen", json!([])).await,
        json!([300, true]),
        "no event was lost"
    );
    // The second question shows that the connection continues to read.
    client.send(r#"426["ask","still?"]"#).await;
    assert_eq!(client.text().await, r#"421["question","still?"]"#);
    client.send(r#"431["yes"]"#).await;
    assert_eq!(client.text().await, r#"436[["ok","yes"]]"#);
}

#[tokio::test]
async fn twenty_thousand_events_are_handled_in_order() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client
        .send_all((0..20_000).map(|n| format!(r#"42["n",{n}]"#)))
        .await;
    assert_eq!(client.call("seen", json!([])).await, json!([20_000, true]));
}

struct Release(Arc<Notify>);

#[socketio_controller(namespace = "/stuck")]
struct Stuck {
    release: Arc<Release>,
}

#[handlers]
impl Stuck {
    #[on_event]
    async fn wait(&mut self) {
        self.release.0.notified().await;
    }
}

#[socketio_controller(namespace = "/free")]
struct Free;

#[handlers]
impl Free {
    #[on_event]
    fn echo(&self, n: u32) -> u32 {
        n
    }

    #[on_event]
    fn big(&self) -> String {
        "x".repeat(4096)
    }

    #[on_event]
    fn fill(&self, socket: &Socket, bytes: usize) -> Result<(), EmitError> {
        socket.broadcast().emit("filling", "x".repeat(bytes))
    }
}

#[module(controllers = [Stuck, Free])]
struct TwoNamespaces;

#[tokio::test]
async fn one_namespace_does_not_wait_for_another() {
    let release = Arc::new(Notify::new());
    let server =
        Server::of(App::builder::<TwoNamespaces>().provide(Release(release.clone()))).await;
    let mut client = server.open().await;
    client.connect("/stuck", Value::Null).await;
    client.connect("/free", Value::Null).await;
    client.send(r#"42/stuck,1["wait"]"#).await;
    assert_eq!(
        client.call_in("/free", "echo", json!([1])).await,
        json!([1])
    );
    release.notify_one();
    assert_eq!(client.text().await, "43/stuck,1[]");
}

#[tokio::test]
async fn answers_to_a_clients_own_events_do_not_close_its_connection() {
    let app = App::builder::<TwoNamespaces>()
        .provide(Release(Arc::default()))
        .max_queued_bytes(64 * 1024);
    let server = Server::of(app).await;
    let mut client = server.open().await;
    client.connect("/free", Value::Null).await;
    // The client requests far more than the queue and the kernel's buffers hold before it reads.
    client
        .send_all((0..4_000).map(|n| format!(r#"42/free,{n}["big"]"#)))
        .await;
    for n in 0..4_000 {
        let answer = client.text().await;
        assert!(
            answer.starts_with(&format!("43/free,{n}[")),
            "{n}: {}",
            &answer[..20]
        );
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_disturbs_no_other_client() {
    let app = App::builder::<TwoNamespaces>()
        .provide(Release(Arc::default()))
        .max_queued_bytes(256 * 1024);
    let server = Server::of(app).await;
    let (mut fast, mut slow) = (server.open().await, server.open().await);
    fast.connect("/free", Value::Null).await;
    slow.connect("/free", Value::Null).await;
    let free = server.io.of("/free").unwrap();
    // The kernel's buffers of the slow client fill first, then its queue. Then it is disconnected.
    for n in 0..2_000 {
        fast.call_in("/free", "fill", json!([32 * 1024])).await;
        assert_eq!(fast.call_in("/free", "echo", json!([n])).await, json!([n]));
        if free.socket_count() == 1 {
            return;
        }
    }
    panic!("the slow client is still connected");
}

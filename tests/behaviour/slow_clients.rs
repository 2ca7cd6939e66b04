//! Clients that receive much data at once, read slowly or do not read at all.

use std::sync::Mutex;
use std::time::Duration;

use crate::common::{Client, Log, LogReader, Server, within};
use serde_json::json;
use specter::app::AppBuilder;
use specter::engine::QueuePolicy;
use specter::prelude::*;
use specter::testing::TestApp;

const KIB: usize = 1024;

#[socketio_controller]
struct Busy {
    log: Arc<Log>,
    kept: Arc<KeptAcks>,
    #[state]
    count: usize,
}

/// Acknowledgements that the handlers have not sent yet.
#[derive(Default)]
struct KeptAcks(Mutex<Vec<Ack>>);

#[derive(serde::Deserialize)]
struct Flood {
    times: usize,
    bytes: usize,
}

fn flood(socket: &Socket, flood: &Flood) -> (usize, usize) {
    let data = "x".repeat(flood.bytes);
    let emitted = (0..flood.times).map(|number| socket.emit("n", (number, &data)));
    let sent = emitted.flatten().count();
    (sent, flood.times - sent)
}

#[handlers]
impl Busy {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket, Auth(on_connect): Auth<Option<Flood>>) {
        if let Some(on_connect) = on_connect {
            flood(socket, &on_connect);
        }
    }

    #[on_event]
    fn flood(&mut self, socket: &Socket, flood_args: Flood) -> (usize, usize) {
        flood(socket, &flood_args)
    }

    #[on_event]
    async fn flood_async(&mut self, socket: &Socket, flood_args: Flood) -> (usize, usize) {
        tokio::task::yield_now().await;
        flood(socket, &flood_args)
    }

    /// Emits one event of this size, and answers with a text of this size.
    #[on_event]
    fn large(&mut self, socket: &Socket, bytes: usize) -> Result<String, EventError> {
        let text = "x".repeat(bytes);
        socket.emit("large", &text)?;
        Ok(text)
    }

    #[on_event]
    fn count(&mut self) {
        self.count += 1;
        self.log.say(format!("{}", self.count));
    }

    #[on_event]
    async fn hang(&mut self) {
        std::future::pending::<()>().await;
    }

    #[on_event]
    fn later(&mut self, ack: Ack) {
        self.count += 1;
        self.kept.0.lock().unwrap().push(ack);
    }

    #[on_event("disconnect")]
    fn left(&mut self, reason: DisconnectReason) {
        self.log.say(format!("left: {reason}"));
    }
}

fn builder() -> (AppBuilder, LogReader, Arc<KeptAcks>) {
    let (log, reader) = Log::new();
    let kept = Arc::new(KeptAcks::default());
    let builder = App::builder_of::<Busy>().provide(log).bind(kept.clone());
    (builder, reader, kept)
}

async fn server() -> (Server, LogReader) {
    let (builder, log, _) = builder();
    (Server::of(builder).await, log)
}

/// Receives the events of a flood, and asserts that they arrive in order.
async fn expect_flood(client: &mut Client, times: usize, bytes: usize) {
    for number in 0..times {
        let event = client.event().await;
        assert_eq!(event[1], json!(number));
        assert_eq!(event[2].as_str().unwrap().len(), bytes);
    }
}

#[tokio::test]
async fn a_reading_client_gets_all_events_that_a_handler_emits_at_once() {
    let (server, _log) = server().await;
    let cases = [
        (5_000, 200),
        (110, 10 * KIB),
        (2, 600 * KIB),
        (15, KIB * KIB),
    ];
    for event in ["flood", "flood_async"] {
        for (times, bytes) in cases {
            let mut client = server.join("/").await;
            let flood_args = json!([event, {"times": times, "bytes": bytes}]);
            client.send(format!("427{flood_args}")).await;
            expect_flood(&mut client, times, bytes).await;
            assert_eq!(client.text().await, format!("437[{times},0]"));
        }
    }
}

#[tokio::test]
async fn a_reading_client_gets_a_large_event_and_a_large_answer() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    for bytes in [1_100_000, 5_000_000] {
        client.send(format!(r#"427["large",{bytes}]"#)).await;
        assert_eq!(client.event().await[1].as_str().unwrap().len(), bytes);
        assert_eq!(client.text().await.len(), bytes + r#"437[""]"#.len());
    }
}

#[tokio::test]
async fn an_event_above_the_burst_limit_is_an_error() {
    let (builder, _log, _) = builder();
    let server = Server::of(builder.max_burst_bytes(2_000_000)).await;
    let mut client = server.join("/").await;
    let answer = client.call("large", json!([2_000_000])).await;
    assert_eq!(answer[0]["error"], "internal error");
    let answer = client
        .call("flood", json!([{"times": 1, "bytes": 3_000_000}]))
        .await;
    assert_eq!(answer, json!([0, 1]));
}

#[tokio::test]
async fn a_connect_handler_may_emit_much_data() {
    let (server, _log) = server().await;
    let mut client = server.open().await;
    client
        .connect("/", json!({"times": 40, "bytes": 64 * KIB}))
        .await;
    expect_flood(&mut client, 40, 64 * KIB).await;
}

/// An App with in-memory clients, which can stop reading, and the reader of its log.
async fn test_app(configure: impl FnOnce(AppBuilder) -> AppBuilder) -> (TestApp, LogReader) {
    let (log, reader) = Log::new();
    let builder = TestApp::builder_of::<Busy>()
        .provide(log)
        .bind(Arc::new(KeptAcks::default()));
    (builder.configure(configure).start().await, reader)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_disconnected_after_the_timeout() {
    let cases = [
        (QueuePolicy::Disconnect, 10, "left: forced close"),
        // The client does not read pings either, so the ping timeout closes the connection.
        (QueuePolicy::Drop, 45, "left: ping timeout"),
    ];
    for (policy, seconds, expected) in cases {
        let (app, mut log) = test_app(|app| app.queue_policy(policy)).await;
        let client = app.connect("/").await;
        client.stop_reading(true);
        client.emit("flood", json!({"times": 5_000, "bytes": 2 * KIB}));
        tokio::time::sleep(Duration::from_secs(seconds - 1)).await;
        assert_eq!(log.unread(), [""; 0]);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(log.unread(), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn no_event_starts_while_its_client_is_behind() {
    let (app, mut log) = test_app(|app| app).await;
    let client = app.connect("/").await;
    client.stop_reading(true);
    client.emit("flood", json!({"times": 20, "bytes": 100_000}));
    client.emit("count", ());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(log.unread(), [""; 0]);
    client.stop_reading(false);
    for number in 0..20 {
        let (received, _) = client.expect::<(usize, String)>("n").await;
        assert_eq!(received, number);
    }
    assert_eq!(log.line().await, "1");
}

#[tokio::test(start_paused = true)]
async fn no_event_starts_while_too_many_acknowledgements_are_unanswered() {
    let (sender, mut log) = Log::new();
    let kept = Arc::new(KeptAcks::default());
    let builder = TestApp::builder_of::<Busy>().provide(sender);
    let app = builder.bind(kept.clone()).start().await;
    let client = app.connect("/").await;
    // These events request no acknowledgement, so they do not count as unanswered.
    for _ in 0..300 {
        client.emit("later", ());
    }
    let answers: Vec<_> = (0..256)
        .map(|_| client.emit_with_ack::<String>("later", ()))
        .collect();
    client.emit("count", ());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(log.unread(), [""; 0]);
    let first = {
        let mut kept = kept.0.lock().unwrap();
        assert_eq!(kept.len(), 300 + 256);
        kept.remove(300)
    };
    first.send("late").unwrap();
    assert_eq!(log.line().await, "557");
    assert_eq!(answers.into_iter().next().unwrap().await, "late");
}

#[tokio::test]
async fn a_client_that_closes_is_noticed_while_its_events_are_pending() {
    let (server, _log) = server().await;
    let mut client = server.join("/").await;
    client.send(r#"42["hang"]"#).await;
    // With this number of pending events, the server stops reading.
    let many = (0..400).map(|_| r#"42["count"]"#.to_owned());
    client.send_all(many).await;
    client.send_all([r#"42["count"]"#.to_owned()]).await;
    drop(client);
    let gone = async {
        while server.handle.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(gone).await;
}

#[tokio::test(start_paused = true)]
async fn the_answers_to_connect_packets_are_bounded() {
    let (app, _log) =
        test_app(|app| app.max_queued_bytes(64 * KIB).max_burst_bytes(64 * KIB)).await;
    let client = app.connect("/").await;
    client.stop_reading(true);
    for _ in 0..5_000 {
        client.send_raw("40/nobody,");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(app.handle().connections(), 0);
}

#[socketio_controller]
struct Exporter {
    log: Arc<Log>,
}

#[handlers]
impl Exporter {
    #[on_event]
    async fn export(&self, socket: &Socket) {
        flood(
            socket,
            &Flood {
                times: 20,
                bytes: 100_000,
            },
        );
        std::future::pending::<()>().await;
    }

    #[on_event("cancel", concurrent)]
    fn cancel(&self) {
        self.log.say("cancelled");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deferred_concurrent_event_does_not_wait_for_the_running_handler() {
    let (sender, mut log) = Log::new();
    let app = TestApp::builder_of::<Exporter>()
        .provide(sender)
        .start()
        .await;
    let client = app.connect("/").await;
    client.stop_reading(true);
    client.emit("export", ());
    client.emit("cancel", ());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(log.unread(), [""; 0]);
    client.stop_reading(false);
    assert_eq!(log.line().await, "cancelled");
}

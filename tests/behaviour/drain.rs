//! Stopping the application while handlers run for its clients.

use std::time::Duration;

use crate::common::{Client, Log, LogReader, Server, within};
use specter::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Handlers wait for permits of this semaphore.
struct Permits(Semaphore);

#[socketio_controller]
struct Worker {
    log: Arc<Log>,
    permits: Arc<Permits>,
}

#[handlers]
impl Worker {
    #[on_event]
    async fn work(&mut self, number: u32) -> u32 {
        self.log.say(format!("started {number}"));
        self.permits.0.acquire().await.unwrap().forget();
        number
    }

    #[on_event]
    async fn ask(&mut self, socket: &Socket) -> Result<String, EventError> {
        self.log.say("asking");
        Ok(socket.emit_with_ack("question", ()).await?)
    }

    #[on_event]
    fn later(&mut self, ack: Ack) {
        self.log.say("started later");
        let permits = self.permits.clone();
        tokio::spawn(async move {
            permits.0.acquire().await.unwrap().forget();
            ack.send("late")
        });
    }

    #[on_event]
    async fn hang(&mut self) {
        self.log.say("hanging");
        std::future::pending::<()>().await;
    }

    #[on_event("disconnect")]
    fn left(&mut self, reason: DisconnectReason) {
        self.log.say(format!("left: {reason}"));
    }
}

struct Fixture {
    server: Server,
    log: LogReader,
    permits: Arc<Permits>,
}

impl Fixture {
    async fn new() -> Self {
        Self::with_shutdown_timeout(Duration::from_secs(30)).await
    }

    async fn with_shutdown_timeout(timeout: Duration) -> Self {
        let (sender, log) = Log::new();
        let permits = Arc::new(Permits(Semaphore::new(0)));
        let builder = App::builder_of::<Worker>()
            .provide(sender)
            .bind(permits.clone())
            .shutdown_timeout(timeout);
        Self {
            server: Server::of(builder).await,
            log,
            permits,
        }
    }

    /// Starts the shutdown, and waits until handshakes are refused.
    async fn begin_shutdown(&self) -> tokio::task::JoinHandle<()> {
        let handle = self.server.handle.clone();
        let stopping = tokio::spawn(async move { handle.shutdown().await });
        let mut refused = false;
        while !refused {
            let answer = self.get("/socket.io/?EIO=4&transport=polling").await;
            refused = answer.starts_with("HTTP/1.1 503");
        }
        stopping
    }

    /// Sends a GET request on a new connection, and returns the response.
    async fn get(&self, target: &str) -> String {
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        answer
    }

    /// Sends a POST request on a new connection, and returns the response.
    async fn post(&self, target: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        answer
    }

    /// Opens a polling session on `/`, and returns the target of its requests.
    async fn open_polling(&self) -> String {
        let target = "/socket.io/?EIO=4&transport=polling";
        let open = self.get(target).await;
        let (_, sid) = open.split_once(r#""sid":""#).unwrap();
        let target = format!("{target}&sid={}", sid.split('"').next().unwrap());
        assert!(self.post(&target, "40").await.ends_with("ok"));
        assert!(self.get(&target).await.contains("40{"));
        target
    }
}

async fn expect_close(client: &mut Client) {
    assert_eq!(client.next().await, None);
}

#[tokio::test]
async fn running_handlers_finish_and_their_acknowledgements_arrive() {
    let mut fixture = Fixture::new().await;
    let mut clients = Vec::new();
    for number in 0..50 {
        let mut client = fixture.server.join("/").await;
        client.send(format!(r#"427["work",{number}]"#)).await;
        assert_eq!(fixture.log.line().await, format!("started {number}"));
        clients.push(client);
    }
    let stopping = fixture.begin_shutdown().await;
    fixture.permits.0.add_permits(50);
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.text().await, format!("437[{number}]"));
        expect_close(client).await;
    }
    within(stopping).await.unwrap();
    for _ in 0..50 {
        assert_eq!(fixture.log.line().await, "left: server shutting down");
    }
}

#[tokio::test]
async fn acknowledgements_reach_polling_clients() {
    let mut fixture = Fixture::new().await;
    let mut sessions = Vec::new();
    for number in 0..10 {
        let target = fixture.open_polling().await;
        let event = format!(r#"427["work",{number}]"#);
        assert!(fixture.post(&target, &event).await.ends_with("ok"));
        assert_eq!(fixture.log.line().await, format!("started {number}"));
        sessions.push(target);
    }
    let stopping = fixture.begin_shutdown().await;
    fixture.permits.0.add_permits(10);
    for (number, target) in sessions.iter().enumerate() {
        let answer = fixture.get(target).await;
        let expected = format!("437[{number}]");
        assert!(answer.ends_with(&expected), "{answer}");
        assert!(fixture.get(target).await.ends_with("\r\n\r\n1"));
    }
    within(stopping).await.unwrap();
}

#[tokio::test]
async fn no_further_event_starts() {
    let mut fixture = Fixture::new().await;
    let mut client = fixture.server.join("/").await;
    client.send(r#"421["work",1]"#).await;
    client.send(r#"422["work",2]"#).await;
    assert_eq!(fixture.log.line().await, "started 1");
    let stopping = fixture.begin_shutdown().await;
    client.send(r#"423["work",3]"#).await;
    fixture.permits.0.add_permits(3);
    assert_eq!(client.text().await, "431[1]");
    expect_close(&mut client).await;
    within(stopping).await.unwrap();
    assert_eq!(fixture.log.unread(), ["left: server shutting down"]);
}

#[tokio::test]
async fn a_handler_may_still_await_its_clients_acknowledgement() {
    let mut fixture = Fixture::new().await;
    let mut client = fixture.server.join("/").await;
    client.send(r#"427["ask"]"#).await;
    assert_eq!(fixture.log.line().await, "asking");
    assert_eq!(client.text().await, r#"420["question"]"#);
    let stopping = fixture.begin_shutdown().await;
    client.send(r#"430["because"]"#).await;
    assert_eq!(client.text().await, r#"437["because"]"#);
    expect_close(&mut client).await;
    within(stopping).await.unwrap();
}

#[tokio::test]
async fn the_shutdown_waits_for_an_acknowledgement_that_another_task_sends() {
    let mut fixture = Fixture::new().await;
    let mut client = fixture.server.join("/").await;
    client.send(r#"427["later"]"#).await;
    assert_eq!(fixture.log.line().await, "started later");
    let stopping = fixture.begin_shutdown().await;
    assert!(!stopping.is_finished());
    fixture.permits.0.add_permits(1);
    assert_eq!(client.text().await, r#"437["late"]"#);
    expect_close(&mut client).await;
    within(stopping).await.unwrap();
}

#[tokio::test]
async fn a_client_may_disconnect_during_the_shutdown() {
    let mut fixture = Fixture::new().await;
    let mut client = fixture.server.join("/").await;
    client.send(r#"427["work",1]"#).await;
    assert_eq!(fixture.log.line().await, "started 1");
    let stopping = fixture.begin_shutdown().await;
    client.send("41").await;
    let namespace = fixture.server.io.of("/").unwrap();
    while namespace.socket_count() > 0 {
        tokio::task::yield_now().await;
    }
    fixture.permits.0.add_permits(1);
    assert_eq!(
        fixture.log.line().await,
        "left: client namespace disconnect"
    );
    within(stopping).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_timeout_covers_the_whole_shutdown() {
    let timeout = Duration::from_secs(5);
    let mut fixture = Fixture::with_shutdown_timeout(timeout).await;
    let mut client = fixture.server.join("/").await;
    client.send(r#"427["hang"]"#).await;
    assert_eq!(fixture.log.line().await, "hanging");
    // The request never becomes complete, and its session does not poll.
    let target = fixture.open_polling().await;
    let mut half = TcpStream::connect(fixture.server.address).await.unwrap();
    let head = format!("POST {target} HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n42");
    half.write_all(head.as_bytes()).await.unwrap();
    let start = Instant::now();
    let handle = fixture.server.handle.clone();
    tokio::join!(handle.shutdown(), async {
        fixture.server.stopped().await.unwrap();
    });
    assert!(start.elapsed() <= timeout, "{:?}", start.elapsed());
    assert!(
        fixture
            .log
            .unread()
            .contains(&"left: server shutting down".to_owned())
    );
}

//! Servers with the lane and without, and clients that write bytes.

mod alike;
mod limits;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;
use specter_proto::engine::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::app::front::Front;
use crate::app::listen::accept_until;
use crate::connection::{
    Acceptor, CloseReason, Connection, EngineConfig, Handshake, Incoming, MessageContext,
    MessageHandler, Refusal,
};
use crate::http::Endpoint;

/// The clocks of these tests run only while nothing else does: this is over when all that could be done is done.
const MOMENT: Duration = Duration::from_millis(1);

const MAX_PAYLOAD: usize = 4 * 1024;

type Connections = Arc<Mutex<Vec<Connection>>>;

struct Server {
    address: SocketAddr,
    endpoint: Endpoint<Echo>,
    connections: Connections,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// Echoes texts; to `headers` it answers with the request's.
struct Echo(Connections);

struct Echoing(Connection);

impl Acceptor for Echo {
    type Handler = Echoing;

    async fn admit(&self, handshake: &Handshake) -> Result<(), Refusal> {
        if handshake.query_value("slow").is_some() {
            tokio::time::sleep(MOMENT).await;
        }
        match handshake.query_value("deny") {
            Some(reason) => Err(Refusal::new(reason.into_owned())),
            None => Ok(()),
        }
    }

    fn open(&self, connection: &Connection) -> Echoing {
        self.0.lock().push(connection.clone());
        Echoing(connection.clone())
    }

    fn initial_headers(&self, handshake: &Handshake, headers: &mut HeaderMap) {
        if handshake.query_value("cookies").is_some() {
            headers.append("set-cookie", HeaderValue::from_static("1=1"));
            headers.append("x-one", HeaderValue::from_static("b"));
            headers.append("set-cookie", HeaderValue::from_static("2=2"));
            headers.append("date", HeaderValue::from_static("today"));
        }
        if handshake.query_value("close").is_some() {
            headers.append("connection", HeaderValue::from_static("close"));
        }
    }
}

impl MessageHandler for Echoing {
    fn message(
        &mut self,
        message: Incoming<'_>,
        context: &MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        let answer = match message {
            Incoming::Text("close") => return Err(CloseReason::ForcedServerClose),
            Incoming::Text("headers") => format!("{:?}", context.request_headers()),
            Incoming::Text(text) => text.to_owned(),
            Incoming::Binary(data) => format!("{} bytes", data.len()),
        };
        let _ = self.0.send(Frame::text_message(&answer).into());
        Ok(())
    }
}

impl Server {
    async fn start(has_lane: bool) -> Self {
        Self::with(has_lane, EngineConfig::default().max_payload(MAX_PAYLOAD)).await
    }

    async fn with(has_lane: bool, config: EngineConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections::default();
        let endpoint = Endpoint::new(Echo(Arc::clone(&connections)), config).unwrap();
        let front = Front::of([("/engine.io".to_owned(), endpoint.clone())]);
        let (stop, stopping) = oneshot::channel::<()>();
        let stopping = async {
            let _ = stopping.await;
            Instant::now() + Duration::from_secs(5)
        };
        let task = tokio::spawn(accept_until(listener, front, has_lane, stopping));
        Self {
            address,
            endpoint,
            connections,
            stop: Some(stop),
            task,
        }
    }

    fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// The session opened last.
    fn connection(&self) -> Connection {
        self.connections.lock().last().unwrap().clone()
    }

    async fn client(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client {
            stream,
            sid: String::new(),
        }
    }

    /// A client with a session that was opened elsewhere.
    async fn with_session(&self) -> Client {
        let mut client = self.client().await;
        client.open().await;
        let sid = client.sid;
        Client {
            sid,
            ..self.client().await
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What must be over in time.
async fn within<F: Future>(future: F) -> F::Output {
    let time = Duration::from_secs(600);
    timeout(time, future).await.expect("it takes too long")
}

struct Client {
    stream: TcpStream,
    sid: String,
}

/// What came, in text, and whether the connection ended behind it.
#[derive(Debug, PartialEq, Eq)]
struct Came(String, bool);

impl Client {
    /// Opens a session on this connection.
    async fn open(&mut self) {
        self.send(b"GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: here\r\n\r\n")
            .await;
        let Came(open, _) = self.came().await;
        let (_, rest) = open.split_once(r#""sid":""#).expect("a session");
        self.sid = rest.split('"').next().unwrap().to_owned();
    }

    /// `SID` stands for the session's.
    async fn say(&mut self, text: &str) {
        let text = text.replace("SID", &self.sid);
        self.send(text.as_bytes()).await;
    }

    /// However much that is: the server may have ended the connection.
    async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(MOMENT, self.stream.write_all(bytes)).await;
        tokio::time::sleep(MOMENT).await;
    }

    /// All that is there.
    async fn came(&mut self) -> Came {
        let mut came = Vec::new();
        let ended = loop {
            let mut part = vec![0; 64 * 1024];
            match timeout(MOMENT, self.stream.read(&mut part)).await {
                Ok(Ok(0) | Err(_)) => break true,
                Ok(Ok(len)) => came.extend_from_slice(&part[..len]),
                Err(_) => break false,
            }
        };
        let text = String::from_utf8_lossy(&came).into_owned();
        Came(text, ended)
    }

    fn post(&self, body: &str) -> String {
        let length = body.len();
        self.with_sid(&format!("POST {PATH} HTTP/1.1\r\nHost: here\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {length}\r\n\r\n{body}"))
    }

    fn poll(&self) -> String {
        self.with_sid(&format!("GET {PATH} HTTP/1.1\r\nHost: here\r\n\r\n"))
    }

    fn with_sid(&self, text: &str) -> String {
        text.replace("SID", &self.sid)
    }
}

const PATH: &str = "/engine.io/?EIO=4&transport=polling&sid=SID";

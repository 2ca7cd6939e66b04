//! The application under test: it echoes messages, obeys commands, and reports to the test what it
//! has received.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use specter_engine::{
    Acceptor, CloseReason, Connection, Endpoint, EngineConfig, Frame, Handshake,
    HandshakeRejection, IncomingMessage, MessageContext, MessageHandler,
};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Error;

use super::hooked::{Hook, Hooked};
use super::polling::{Answer, Session, answer, request, sid_of};
use super::raw::{Raw, raw_upgrade};
use super::websocket::{Ws, websocket_over};

/// An event that the application has seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Closed(CloseReason),
    /// The handler was dropped: the task has ended.
    Dropped,
}

/// The state that a test sets and reads.
#[derive(Default)]
struct Shared {
    backlogged: AtomicBool,
    backlog_waker: Mutex<Option<Waker>>,
    connections: Mutex<Vec<Connection>>,
    greeting: Mutex<Option<String>>,
    admission: Mutex<Option<Duration>>,
    lingering: AtomicBool,
    unstoppable: AtomicBool,
}

/// An application of Engine.IO. It echoes; some texts are commands:
/// `close` closes, `err` fails with `ForcedClose`, `panic` panics, `headers` answers with the names
/// of the request's headers, `stop` makes it backlogged until [`Lab::go_on`].
pub(crate) struct Lab {
    shared: Arc<Shared>,
    seen: mpsc::UnboundedReceiver<Seen>,
    pub(crate) endpoint: Endpoint<LabAcceptor>,
    pub(crate) router: Router,
}

pub(crate) struct LabAcceptor {
    shared: Arc<Shared>,
    seen: mpsc::UnboundedSender<Seen>,
}

pub(crate) struct LabHandler {
    connection: Connection,
    shared: Arc<Shared>,
    seen: mpsc::UnboundedSender<Seen>,
}

impl Lab {
    pub(crate) fn new(config: EngineConfig) -> Self {
        let shared = Arc::new(Shared::default());
        let (sender, seen) = mpsc::unbounded_channel();
        let acceptor = LabAcceptor {
            shared: Arc::clone(&shared),
            seen: sender,
        };
        let endpoint = Endpoint::new(acceptor, config).expect("the configuration is valid");
        Self {
            shared,
            seen,
            router: Router::new()
                .route_service("/engine.io/", endpoint.clone())
                .route_service("/engine.io", endpoint.clone()),
            endpoint,
        }
    }

    /// With everything at its default.
    pub(crate) fn plain() -> Self {
        Self::new(EngineConfig::default())
    }

    /// Sends a text to every session that opens.
    pub(crate) fn greet(&self, text: &str) {
        *self.shared.greeting.lock() = Some(text.to_owned());
    }

    /// Delays the admission of each session by this time.
    pub(crate) fn delay_admission(&self, delay: Duration) {
        *self.shared.admission.lock() = Some(delay);
    }

    /// Ends the backlog that `stop` began.
    pub(crate) fn go_on(&self) {
        self.shared.backlogged.store(false, Ordering::SeqCst);
        if let Some(waker) = self.shared.backlog_waker.lock().take() {
            waker.wake();
        }
    }

    /// As [`go_on`](Self::go_on), and `stop` is a text like others from now on.
    pub(crate) fn go_on_for_good(&self) {
        self.shared.unstoppable.store(true, Ordering::SeqCst);
        for connection in self.shared.connections.lock().iter() {
            connection.wake();
        }
    }

    /// Sets whether handlers stay unfinished after the close.
    pub(crate) fn linger(&self, lingering: bool) {
        self.shared.lingering.store(lingering, Ordering::SeqCst);
        for connection in self.shared.connections.lock().iter() {
            connection.wake();
        }
    }

    /// The connection that was opened last.
    pub(crate) fn connection(&self) -> Connection {
        let connections = self.shared.connections.lock();
        connections.last().expect("a connection was opened").clone()
    }

    /// The next event that the application sees.
    pub(crate) async fn seen(&mut self) -> Seen {
        self.seen.recv().await.expect("the application still runs")
    }

    /// Expects this text to reach the application next.
    pub(crate) async fn expect_text(&mut self, text: &str) {
        assert_eq!(self.seen().await, Seen::Text(text.to_owned()));
    }

    /// Expects the connection to close for this reason next, and its task to end.
    pub(crate) async fn expect_end(&mut self, reason: CloseReason) {
        assert_eq!(self.seen().await, Seen::Closed(reason));
        assert_eq!(self.seen().await, Seen::Dropped);
    }

    /// The next event that the application has already seen and the test has not taken.
    pub(crate) fn seen_so_far(&mut self) -> Option<Seen> {
        self.seen.try_recv().ok()
    }

    /// Expects that the application has seen no event that the test has not taken.
    pub(crate) fn expect_nothing(&mut self) {
        assert_eq!(self.seen.try_recv().ok(), None);
    }

    /// Sends a request and reads the whole response.
    pub(crate) async fn request(&self, request: Request<Body>) -> Answer {
        answer(&self.router, request).await
    }

    /// Sends a request without a body to the endpoint, with this query.
    pub(crate) async fn call(&self, method: &str, query: &str) -> Answer {
        self.request(request(method, query, "")).await
    }

    /// Opens a session that polls.
    pub(crate) async fn open(&self) -> Session {
        let answer = self.call("GET", "EIO=4&transport=polling").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        Session {
            router: self.router.clone(),
            sid: sid_of(&answer.body),
        }
    }

    /// A new pipe to the server, as a client would open a TCP connection.
    pub(crate) fn pipe(&self) -> DuplexStream {
        self.narrow_pipe(1024 * 1024)
    }

    /// As [`pipe`](Self::pipe), with room for this many unread bytes.
    pub(crate) fn narrow_pipe(&self, capacity: usize) -> DuplexStream {
        let (client, server) = tokio::io::duplex(capacity);
        let service = TowerToHyperService::new(self.router.clone());
        tokio::spawn(async move {
            let server = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(server), service)
                .with_upgrades();
            // A client that leaves is an error to hyper.
            let _ = server.await;
        });
        client
    }

    /// As [`pipe`](Self::pipe); once armed, `hook` runs before the server's next read.
    pub(crate) fn hooked_pipe(&self, armed: Arc<AtomicBool>, hook: Hook) -> DuplexStream {
        let (client, server) = tokio::io::duplex(1024 * 1024);
        let server = Hooked {
            stream: server,
            armed,
            hook: Some(hook),
        };
        let service = TowerToHyperService::new(self.router.clone());
        tokio::spawn(async move {
            let server = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(server), service)
                .with_upgrades();
            let _ = server.await;
        });
        client
    }

    /// Opens a WebSocket with this query.
    pub(crate) async fn websocket(&self, query: &str) -> Result<Ws, Error> {
        websocket_over(self.pipe(), query).await
    }

    /// Opens a session on a WebSocket.
    pub(crate) async fn open_websocket(&self) -> Ws {
        let mut ws = self.websocket("EIO=4&transport=websocket").await.unwrap();
        let open = ws.text().await;
        assert!(open.starts_with("0{"), "{open}");
        ws
    }

    /// Opens a session on a WebSocket, whose bytes the test itself writes and reads.
    pub(crate) async fn open_raw(&self) -> Raw {
        self.open_raw_over(self.pipe()).await
    }

    pub(crate) async fn open_raw_over(&self, pipe: DuplexStream) -> Raw {
        let mut raw = raw_upgrade(pipe, "EIO=4&transport=websocket").await;
        let (opcode, open) = raw.frame().await.expect("the first packet");
        assert_eq!(opcode, 1);
        assert!(open.starts_with(b"0{"));
        raw
    }
}

impl Acceptor for LabAcceptor {
    type Handler = LabHandler;

    async fn admit(&self, handshake: &Handshake) -> Result<(), HandshakeRejection> {
        let delay = *self.shared.admission.lock();
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        match handshake.query_value("deny") {
            Some(reason) if reason.is_empty() => Err(HandshakeRejection::default()),
            Some(reason) => Err(HandshakeRejection::new(reason.into_owned())),
            None => Ok(()),
        }
    }

    fn open(&self, connection: &Connection) -> LabHandler {
        if let Some(greeting) = &*self.shared.greeting.lock() {
            let greeting = Frame::text_message(greeting);
            connection
                .send(greeting.into())
                .expect("the connection has just opened");
        }
        self.shared.connections.lock().push(connection.clone());
        LabHandler {
            connection: connection.clone(),
            shared: Arc::clone(&self.shared),
            seen: self.seen.clone(),
        }
    }

    fn initial_headers(&self, handshake: &Handshake, headers: &mut HeaderMap) {
        if handshake.query_value("cookies").is_some() {
            headers.append("set-cookie", HeaderValue::from_static("1=1; Max-Age=86400"));
            headers.append("set-cookie", HeaderValue::from_static("2=2; Path=/"));
        }
    }
}

impl LabHandler {
    fn see(&self, seen: Seen) {
        // The test may be over.
        let _ = self.seen.send(seen);
    }
}

impl MessageHandler for LabHandler {
    fn message(
        &mut self,
        message: IncomingMessage<'_>,
        context: &MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        let mut answer = match message {
            IncomingMessage::Text(text) => {
                self.see(Seen::Text(text.to_owned()));
                Frame::text_message(text)
            }
            IncomingMessage::Binary(data) => {
                self.see(Seen::Binary(data.to_vec()));
                Frame::binary_message(data)
            }
        };
        match message {
            IncomingMessage::Text("close") => self.connection.close(CloseReason::ForcedServerClose),
            IncomingMessage::Text("err") => return Err(CloseReason::ForcedClose),
            IncomingMessage::Text("panic") => panic!("the test sent `panic`"),
            IncomingMessage::Text("stop") => self.shared.backlogged.store(true, Ordering::SeqCst),
            IncomingMessage::Text("headers") => {
                let names = context.request_headers().map_or_else(
                    || "none".to_owned(),
                    |headers| {
                        headers
                            .keys()
                            .map(ToString::to_string)
                            .collect::<Vec<_>>()
                            .join(",")
                    },
                );
                answer = Frame::text_message(&names);
            }
            _ => {}
        }
        // Fails if the connection is closed, which then gets no echo.
        let _ = self.connection.send(answer.into());
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        *self.shared.backlog_waker.lock() = Some(cx.waker().clone());
    }

    fn backlogged(&self) -> bool {
        self.shared.backlogged.load(Ordering::SeqCst)
            && !self.shared.unstoppable.load(Ordering::SeqCst)
    }

    fn closed(&mut self, reason: CloseReason) {
        self.see(Seen::Closed(reason));
    }

    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.shared.lingering.load(Ordering::SeqCst) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Drop for LabHandler {
    fn drop(&mut self) {
        self.see(Seen::Dropped);
    }
}

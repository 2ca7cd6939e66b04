//! A laboratory: an application whose behaviour a test sets and watches, and clients for it.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use specter_core::engine::{
    Acceptor, CloseReason, Connection, Endpoint, EngineConfig, Frame, Handshake, Incoming,
    MessageContext, MessageHandler, Refusal,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tower::ServiceExt;

/// What the application saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Closed(CloseReason),
    /// The handler was dropped: the task has ended.
    Dropped,
}

/// What a test sets and reads.
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
            router: endpoint.clone().into_router("/engine.io/"),
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

    /// Lets admission take so long.
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

    /// Lets handlers take forever after the close.
    pub(crate) fn linger(&self, lingering: bool) {
        self.shared.lingering.store(lingering, Ordering::SeqCst);
        for connection in self.shared.connections.lock().iter() {
            connection.wake();
        }
    }

    /// The connection opened last.
    pub(crate) fn connection(&self) -> Connection {
        let connections = self.shared.connections.lock();
        connections.last().expect("a connection was opened").clone()
    }

    /// What the application sees next.
    pub(crate) async fn seen(&mut self) -> Seen {
        self.seen.recv().await.expect("the laboratory lives")
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

    /// What the application has seen and nobody asked for yet.
    pub(crate) fn seen_so_far(&mut self) -> Option<Seen> {
        self.seen.try_recv().ok()
    }

    /// Expects that the application saw nothing that was not asked for.
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

    /// The same, with room for so many bytes under way.
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

/// What runs in the middle of a read.
pub(crate) type Hook = Box<dyn FnOnce() + Send>;

struct Hooked {
    stream: DuplexStream,
    armed: Arc<AtomicBool>,
    hook: Option<Hook>,
}

impl AsyncRead for Hooked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.armed.load(Ordering::SeqCst)
            && let Some(hook) = self.hook.take()
        {
            hook();
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Hooked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Acceptor for LabAcceptor {
    type Handler = LabHandler;

    async fn admit(&self, handshake: &Handshake) -> Result<(), Refusal> {
        let delay = *self.shared.admission.lock();
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        match handshake.query_value("deny") {
            Some(reason) if reason.is_empty() => Err(Refusal::default()),
            Some(reason) => Err(Refusal::new(reason.into_owned())),
            None => Ok(()),
        }
    }

    fn open(&self, connection: &Connection) -> LabHandler {
        if let Some(greeting) = &*self.shared.greeting.lock() {
            let greeting = Frame::text_message(greeting);
            connection.send(greeting.into()).expect("it just opened");
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
        message: Incoming<'_>,
        context: &MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        let mut answer = match message {
            Incoming::Text(text) => {
                self.see(Seen::Text(text.to_owned()));
                Frame::text_message(text)
            }
            Incoming::Binary(data) => {
                self.see(Seen::Binary(data.to_vec()));
                Frame::binary_message(data)
            }
        };
        match message {
            Incoming::Text("close") => self.connection.close(CloseReason::ForcedServerClose),
            Incoming::Text("err") => return Err(CloseReason::ForcedClose),
            Incoming::Text("panic") => panic!("as the test wants it"),
            Incoming::Text("stop") => self.shared.backlogged.store(true, Ordering::SeqCst),
            Incoming::Text("headers") => {
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
        // A closed connection takes no echo.
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

/// A response, read in full.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a plain header"))
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.body.as_str()), (status, body));
    }
}

/// A request to the endpoint.
pub(crate) fn request(method: &str, query: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("/engine.io/?{query}"))
        .header("host", "server.example")
        .body(body.into())
        .expect("a proper request")
}

pub(crate) async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("text"),
    }
}

/// The session id in an OPEN packet.
pub(crate) fn sid_of(open: &str) -> String {
    let json = open.strip_prefix('0').expect("an OPEN packet");
    let open: HashMap<String, serde_json::Value> = serde_json::from_str(json).expect("JSON");
    open["sid"].as_str().expect("a text").to_owned()
}

/// A client that polls.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) router: Router,
    pub(crate) sid: String,
}

impl Session {
    pub(crate) fn query(&self) -> String {
        format!("EIO=4&transport=polling&sid={}", self.sid)
    }

    pub(crate) async fn poll(&self) -> Answer {
        answer(&self.router, request("GET", &self.query(), "")).await
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> Answer {
        answer(&self.router, request("POST", &self.query(), body)).await
    }

    /// A poll that waits in the background, surely under way when this returns.
    pub(crate) async fn waiting_poll(&self) -> tokio::task::JoinHandle<Answer> {
        let session = self.clone();
        let poll = tokio::spawn(async move { session.poll().await });
        settle().await;
        poll
    }

    #[track_caller]
    pub(crate) fn expect_gone(answer: &Answer) {
        answer.expect(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    }
}

/// Lets every other task run until it waits for something.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A client on a WebSocket.
pub(crate) struct Ws(pub(crate) WebSocketStream<DuplexStream>);

pub(crate) async fn websocket_over(pipe: DuplexStream, query: &str) -> Result<Ws, Error> {
    let uri = format!("ws://server.example/engine.io/?{query}");
    let (stream, _) = tokio_tungstenite::client_async(uri, pipe).await?;
    Ok(Ws(stream))
}

impl Ws {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("it is open");
    }

    pub(crate) async fn next(&mut self) -> Option<Message> {
        self.0.next().await.and_then(Result::ok)
    }

    /// The next message, which must be a text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// Expects the server to close, with this code (`None`: a close frame without one).
    pub(crate) async fn expect_close(&mut self, code: Option<u16>) {
        match self.next().await {
            Some(Message::Close(frame)) => {
                assert_eq!(frame.as_ref().map(|frame| frame.code.into()), code);
                assert!(frame.is_none_or(|frame| frame.reason.is_empty()));
            }
            other => panic!("not a close: {other:?}"),
        }
        assert!(self.next().await.is_none());
    }
}

/// A client on a WebSocket that writes what it likes.
pub(crate) struct Raw(pub(crate) DuplexStream);

/// Opens a WebSocket by hand.
pub(crate) async fn raw_upgrade(mut pipe: DuplexStream, query: &str) -> Raw {
    let request = upgrade_request(query);
    pipe.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut pipe).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    Raw(pipe)
}

pub(crate) fn upgrade_request(query: &str) -> String {
    format!(
        "GET /engine.io/?{query} HTTP/1.1\r\nHost: server.example\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A response's head, up to and with the empty line.
pub(crate) async fn read_head(pipe: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = pipe.read_u8().await.expect("the head goes on");
        head.push(byte);
    }
    String::from_utf8(head).expect("text")
}

/// A client's frame, masked with zeros where `mask` is.
pub(crate) fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..65_536 => {
            bytes.push(0xFE);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(0xFF);
            bytes.extend(u64::try_from(len).unwrap().to_be_bytes());
        }
    }
    bytes.extend(mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A text frame in one piece.
pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes(), [1, 2, 3, 4])
}

impl Raw {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("it is open");
    }

    /// The next frame from the server: its opcode and payload. `None` at the end of the stream.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await.ok()?;
        assert_eq!(first & 0xF0, 0x80, "one frame a message, no extension");
        let len = match self.0.read_u8().await.ok()? {
            126 => u64::from(self.0.read_u16().await.ok()?),
            127 => self.0.read_u64().await.ok()?,
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((first & 0x0F, payload))
    }

    pub(crate) async fn expect_text(&mut self, text: &str) {
        let (opcode, payload) = self.frame().await.expect("a frame");
        assert_eq!(opcode, 1);
        assert_eq!(String::from_utf8(payload).unwrap(), text);
    }

    /// Expects a close frame with this code (0: none), then the end.
    pub(crate) async fn expect_close(&mut self, code: u16) {
        let payload = if code == 0 {
            Vec::new()
        } else {
            code.to_be_bytes().to_vec()
        };
        assert_eq!(self.frame().await, Some((8, payload)));
        assert_eq!(self.frame().await, None);
    }
}

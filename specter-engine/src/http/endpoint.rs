//! The tower service of an endpoint, which every request of every session enters.
//!
//! It classifies each request and answers it. Sessions run in tasks of their own.

use std::convert::Infallible;
use std::future::Future;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, StatusCode, header, request};
use specter_proto::engine::{BadRequest, Query, RequestError, Transport};
use tower_service::Service;

use crate::application::Acceptor;
use crate::close_reason::CloseReason;
use crate::config::EngineConfig;
use crate::config::error::ConfigError;
use crate::connection::Connection;
use crate::http::body;
use crate::http::client_address::Client;
use crate::http::cors;
use crate::http::cors::Verdict;
use crate::http::open_session;
use crate::http::rejection::Rejection;
use crate::http::reply;
use crate::http::reply::Response;
use crate::http::state::EndpointState;
use crate::http::upgrade;
use crate::http::upgrade::Upgrade;
use crate::limit_warning::warn_of_limit;
use crate::logging::Untrusted;
use crate::logging::log_limited;
use crate::session::buffer_sweep::SharedBudget;
use crate::session::post_body::PostBody;

/// An Engine.IO endpoint: a tower service to be mounted in an axum router.
///
/// Clones refer to the same endpoint. Its sessions run on the tokio runtime that serves its
/// requests, and outlive the service itself.
///
/// ```
/// use specter_engine::{Acceptor, Connection, Endpoint, EngineConfig};
/// use specter_engine::{CloseReason, IncomingMessage, MessageContext, MessageHandler};
///
/// struct NoMessages;
///
/// impl Acceptor for NoMessages {
///     type Handler = Silence;
///
///     fn open(&self, _: &Connection) -> Silence {
///         Silence
///     }
/// }
///
/// struct Silence;
///
/// impl MessageHandler for Silence {
///     fn message(
///         &mut self,
///         _: IncomingMessage<'_>,
///         _: &MessageContext<'_>,
///     ) -> Result<(), CloseReason> {
///         Ok(())
///     }
/// }
///
/// let endpoint = Endpoint::new(NoMessages, EngineConfig::default())?;
/// let router: axum::Router = axum::Router::new().route_service("/engine.io/", endpoint.clone());
/// assert_eq!(endpoint.connections(), 0);
/// # Ok::<(), specter_engine::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Endpoint<A>(Arc<EndpointState<A>>);

impl<A> Clone for Endpoint<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The kind of a request.
enum RequestKind {
    /// The handshake of a session.
    Open(Transport),
    /// An upgrade of a session to a WebSocket.
    Upgrade(Connection),
    /// A poll for the packets of a session.
    Poll(Connection),
    /// A post of packets to a session.
    Post(Connection),
}

impl<A: Acceptor> Endpoint<A> {
    /// Creates an endpoint with these settings. `acceptor` decides about its sessions.
    pub fn new(acceptor: A, config: EngineConfig) -> Result<Self, ConfigError> {
        let budget = SharedBudget::new(config.max_buffered_total);
        Self::under_budget(acceptor, config, budget)
    }

    /// Creates one of several endpoints that share the budget `max_buffered_total`.
    pub fn under_budget(
        acceptor: A,
        config: EngineConfig,
        budget: Arc<SharedBudget>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        config.warn();
        Ok(Self(Arc::new(EndpointState::new(acceptor, config, budget))))
    }

    /// Answers a request that was received from `peer`.
    pub(crate) fn answer<B>(
        &self,
        request: Request<B>,
        peer: Option<SocketAddr>,
    ) -> impl Future<Output = Response> + Send + use<A, B>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin,
    {
        Arc::clone(&self.0).respond(request, peer)
    }

    /// The number of open sessions.
    pub fn connections(&self) -> usize {
        self.0.registry.open()
    }

    /// The number of sessions that have closed for this reason since the endpoint was created. A
    /// protocol violation counts as the reason for which it closes the session; a panic in a
    /// handler counts as [`CloseReason::TransportError`].
    pub fn closed(&self, reason: CloseReason) -> u64 {
        self.0.registry.closed(reason)
    }

    /// The number of rejected requests since the endpoint was created, by the code that the log
    /// shows as `reason`. Codes that have not occurred are not listed.
    pub fn refused(&self) -> Vec<(&'static str, u64)> {
        self.0.rejections.all()
    }

    /// Opens no further sessions: handshakes are answered with 503. Open sessions continue.
    pub fn refuse_handshakes(&self) {
        self.0.registry.refuse();
    }

    /// Drains all sessions: each closes as soon as its handler has nothing more to finish. Until
    /// then messages are still handled. Packets that were sent before the close are flushed.
    ///
    /// The sessions start to drain one after another, spread over this time. Returns when the last
    /// one has started; [`wait_closed`](Self::wait_closed) waits until all have ended. A session
    /// that opens meanwhile is not included: call [`refuse_handshakes`](Self::refuse_handshakes)
    /// first.
    pub async fn drain(&self, spread: Duration) {
        self.0.registry.drain(spread).await;
    }

    /// Closes all sessions immediately with `server shutting down`, without waiting for clients or
    /// running handlers.
    pub fn stop_at_once(&self) {
        self.0.registry.stop_at_once();
    }

    /// Wakes the tasks of all sessions.
    pub fn wake_all(&self) {
        self.0.registry.wake_all();
    }

    /// The number of sessions whose handlers are still running.
    pub fn running_handlers(&self) -> usize {
        self.0.registry.running_handlers()
    }

    /// Closes all sessions one after another, spread over this time, so that their clients do not
    /// all reconnect at once. Returns when the last session was notified;
    /// [`wait_closed`](Self::wait_closed) waits until all have ended. A session that opens
    /// meanwhile is not included: call [`refuse_handshakes`](Self::refuse_handshakes) first.
    pub async fn close_all(&self, reason: CloseReason, spread: Duration) {
        self.0.registry.close_all(reason, spread).await;
    }

    /// Waits until the tasks of all sessions, including their handlers, have ended.
    pub async fn wait_closed(&self) {
        self.0.registry.wait_free().await;
    }
}

impl<A, B> Service<Request<B>> for Endpoint<A>
where
    A: Acceptor,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| *address);
        let answer = self.answer(request, peer);
        Box::pin(answer.map(Ok))
    }
}

impl<A: Acceptor> EndpointState<A> {
    /// Answers a request.
    async fn respond<B>(self: Arc<Self>, request: Request<B>, peer: Option<SocketAddr>) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin,
    {
        // Borrowed by everything below: the parts are large, and each future that owned them would
        // need space for them.
        let (mut parts, body) = request.into_parts();
        let client = self.proxies.client(&parts, peer);
        let verdict = self.origins.judge(&parts.headers, &client);
        let wants_upgrade = upgrade::is_wanted(&parts);
        let answer = match &verdict {
            Verdict::Malformed => Err(BadRequest::InvalidOrigin.into()),
            Verdict::Rejected => {
                Self::warn_of_origin(&parts, &client);
                Err(Rejection::Origin)
            }
            Verdict::Same | Verdict::Cross(_) if cors::is_preflight(&parts) => {
                let mut response = reply::empty(StatusCode::NO_CONTENT);
                cors::answer_preflight(&parts.headers, response.headers_mut());
                Ok(response)
            }
            Verdict::Same | Verdict::Cross(_) => {
                self.serve(&mut parts, body, client, wants_upgrade).await
            }
        };
        let mut response = answer.unwrap_or_else(|refused| self.reject(refused, wants_upgrade));
        self.origins
            .add_cors_headers(&verdict, response.headers_mut());
        response
    }

    /// Serves a request whose origin is allowed.
    async fn serve<B>(
        &self,
        parts: &mut request::Parts,
        body: B,
        client: Client,
        wants_upgrade: bool,
    ) -> Result<Response, Rejection>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin,
    {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        match self.classify(&query, &parts.method, wants_upgrade)? {
            // Boxed, because both futures are large and most requests belong to an open session.
            RequestKind::Open(Transport::Polling) => {
                Box::pin(open_session::open_polling(self, parts, client)).await
            }
            RequestKind::Open(Transport::WebSocket) => {
                Box::pin(open_session::open_websocket(self, parts, client)).await
            }
            RequestKind::Upgrade(connection) => self.upgrade(&connection, parts),
            RequestKind::Poll(connection) => self.poll(&connection).await,
            RequestKind::Post(connection) => {
                let headers = mem::take(&mut parts.headers);
                self.post(connection, headers, body).await
            }
        }
    }

    /// Classifies a request.
    fn classify(
        &self,
        query: &Query<'_>,
        method: &Method,
        wants_upgrade: bool,
    ) -> Result<RequestKind, Rejection> {
        if let Some(name) = query.repeated {
            return Err(BadRequest::RepeatedParameter(name).into());
        }
        let transport = query
            .transport
            .as_deref()
            .and_then(Transport::from_name)
            .ok_or(RequestError::UnknownTransport)?;
        if !self.is_enabled(transport) {
            return Err(Rejection::TransportOff(transport));
        }
        if query.is_jsonp && transport == Transport::Polling {
            return Err(BadRequest::Jsonp.into());
        }
        let fits = wants_upgrade == (transport == Transport::WebSocket);
        let Some(sid) = &query.sid else {
            if method != Method::GET {
                return Err(RequestError::BadMethod.into());
            }
            if !query.is_current_version() {
                return Err(RequestError::UnsupportedVersion.into());
            }
            if !fits {
                return Err(BadRequest::TransportHandshake.into());
            }
            return Ok(RequestKind::Open(transport));
        };
        let connection = self
            .registry
            .find(sid)
            .ok_or(RequestError::UnknownSession)?;
        if !query.is_current_version() {
            return Err(BadRequest::ProtocolMismatch.into());
        }
        if !fits {
            return Err(BadRequest::TransportMismatch.into());
        }
        if transport == Transport::WebSocket {
            return Ok(RequestKind::Upgrade(connection));
        }
        if connection.transport() != Transport::Polling {
            return Err(BadRequest::TransportMismatch.into());
        }
        match *method {
            Method::GET => Ok(RequestKind::Poll(connection)),
            Method::POST => Ok(RequestKind::Post(connection)),
            _ => Err(Rejection::Method),
        }
    }

    /// Counts and logs a rejection, and returns its response.
    fn reject(&self, refused: Rejection, wants_upgrade: bool) -> Response {
        self.rejections.count(&refused);
        self.warn(&refused);
        tracing::debug!(
            target: "specter::engine",
            reason = refused.code(),
            context = refused.context(),
            "request rejected"
        );
        refused.into_response(wants_upgrade)
    }

    fn warn_of_origin(parts: &request::Parts, client: &Client) {
        let origin = parts.headers.get(header::ORIGIN);
        let origin = origin.map(|origin| String::from_utf8_lossy(origin.as_bytes()));
        log_limited!(
            WARN, target: "specter::engine",
            origin = ?Untrusted(origin.as_deref().unwrap_or_default()),
            host = ?Untrusted(client.host.as_deref().unwrap_or_default()),
            scheme = client.scheme(),
            "a request was refused with 403 because its `Origin` is neither the server's own, \
             which consists of this scheme and host, nor listed: add it to the setting `origins`; \
             behind a proxy, set `trusted_proxies`, so that the proxy may name the scheme and host \
             that clients see"
        );
    }

    /// Logs a warning for a rejection whose cause is the program, its settings or its client's.
    fn warn(&self, refused: &Rejection) {
        match refused {
            Rejection::NoUpgrade => log_limited!(
                WARN, target: "specter::engine",
                "a WebSocket was refused because the HTTP server offers no upgrade: serve connections \
                 with upgrades, and do not remove `OnUpgrade` from the request's extensions in a \
                 layer in front of the endpoint"
            ),
            Rejection::TransportOff(transport) => log_limited!(
                WARN, key = transport.name(), target: "specter::engine", setting = transport.name(),
                "a client was refused because this transport is switched off: switch it on with \
                 the setting, or set the client's option `transports`"
            ),
            Rejection::Protocol(RequestError::UnsupportedVersion) => log_limited!(
                WARN, target: "specter::engine",
                "a client was refused because it does not speak version 4 of Engine.IO: version 2 \
                 of the JavaScript client and older ones speak version 3; update the client"
            ),
            Rejection::BodyTooLong => {
                warn_of_limit("max_payload", self.config.max_payload);
            }
            Rejection::HandshakeTooLong => {
                warn_of_limit("max_handshake_bytes", self.config.max_handshake_bytes);
            }
            _ => {}
        }
    }

    fn is_enabled(&self, transport: Transport) -> bool {
        match transport {
            Transport::Polling => self.config.polling,
            Transport::WebSocket => self.config.websocket,
        }
    }

    /// Upgrades a session to a WebSocket.
    fn upgrade(
        &self,
        connection: &Connection,
        parts: &mut request::Parts,
    ) -> Result<Response, Rejection> {
        if !self.config.allow_upgrades {
            return Err(BadRequest::TransportMismatch.into());
        }
        let (response, stream) = Upgrade::of(parts)?.grant();
        connection.begin_upgrade(stream)?;
        Ok(response)
    }

    /// Answers a poll with the queued packets, or passes it to the session.
    async fn poll(&self, connection: &Connection) -> Result<Response, Rejection> {
        let waiting = connection.answer_poll(self.config.max_packets_per_poll);
        let packets = if let Some(packets) = waiting {
            packets
        } else {
            // If the sender is dropped without an answer, the session has ended.
            let outcome = connection.begin_poll()?.await;
            let packets = outcome.map_err(|_| RequestError::UnknownSession)??;
            connection.poll_answered();
            packets
        };
        Ok(reply::packets(packets, self.config.ping_timeout))
    }

    /// Receives a body of packets and passes it to the session.
    async fn post<B>(
        &self,
        connection: Connection,
        headers: HeaderMap,
        body: B,
    ) -> Result<Response, Rejection>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin,
    {
        // Every return that drops the permit ends the session.
        let mut permit = connection.begin_post()?;
        if headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| is_binary(kind.as_bytes()))
        {
            return Err(Rejection::BinaryBody);
        }
        let (limit, patience) = (self.config.max_payload, self.config.http_body_timeout);
        let arrived = |bytes| permit.hold(bytes);
        let body = body::receive(body, limit, patience, arrived).await?;
        let outcome = permit.deliver(PostBody::new(headers, body))?;
        // If the sender is dropped without an answer, the session has ended.
        outcome.await.map_err(|_| RequestError::UnknownSession)?;
        Ok(reply::taken())
    }
}

/// Whether the body is binary, as in an earlier version of the protocol.
fn is_binary(content_type: &[u8]) -> bool {
    let mut kind = content_type.split(|byte| *byte == b';');
    kind.next().is_some_and(|kind| {
        kind.trim_ascii()
            .eq_ignore_ascii_case(b"application/octet-stream")
    })
}

//! `ClientBuilder`: a client that is not connected yet, with what it sends in its handshake.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::Location;
use std::time::Duration;

use axum::Router;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::client::{TestClient, auth_json};
use super::client_connection::ClientConnection;
use super::client_handshake::{self, UpgradeRequest};
use super::connect_error::ConnectError;
use super::wire::MessageReader;

/// The application that clients connect to.
#[derive(Clone)]
pub(super) struct RunningApp {
    pub(super) router: Router,
    /// How long clients wait for what a test expects.
    pub(super) timeout: Duration,
}

/// A client that is not connected yet. A clone connects a second client with the same settings.
#[derive(Clone)]
#[must_use = "nothing connects before `connect`"]
pub struct ClientBuilder {
    app: RunningApp,
    path: String,
    query: String,
    headers: HeaderMap,
    address: IpAddr,
    auth: Option<String>,
}

impl ClientBuilder {
    pub(super) fn new(app: RunningApp) -> Self {
        Self {
            app,
            path: "/socket.io/".into(),
            query: "EIO=4&transport=websocket".into(),
            headers: HeaderMap::new(),
            address: Ipv4Addr::LOCALHOST.into(),
            auth: None,
        }
    }

    /// The payload of CONNECT, which a JavaScript client sets as `auth`: an object. It is sent for the
    /// first namespace only. Default: none.
    ///
    /// # Panics
    /// If it cannot be encoded, or is no object.
    #[track_caller]
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        self.auth = auth_json(&auth, Location::caller());
        self
    }

    /// The path that the client connects to. Default: `/socket.io/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Adds a pair to the query. Name and value are sent unchanged: percent-encode them if they need
    /// it. Default: only the pairs of Engine.IO, `EIO=4` and `transport=websocket`.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query = format!("{}&{name}={value}", self.query);
        self
    }

    /// Adds a header to the handshake, such as `origin` or `cookie`. Default: none but those of the
    /// WebSocket handshake, with `host: test.local`.
    ///
    /// # Panics
    /// If the name or the value is not valid in a header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(header), Ok(value)) => drop(self.headers.append(header, value)),
            _ => panic!("`{name}: {value}` is no valid header"),
        }
        self
    }

    /// The client's address. Default: `127.0.0.1`.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Opens a connection and joins a namespace.
    ///
    /// # Panics
    /// If the server rejects the client.
    #[track_caller]
    pub fn connect(self, namespace: &str) -> impl Future<Output = TestClient> + use<> {
        let (caller, namespace) = (Location::caller(), namespace.to_owned());
        async move {
            let client = self.open(&namespace, caller).await;
            client.unwrap_or_else(|error| panic!("{caller}: {error}"))
        }
    }

    /// Opens a connection and joins a namespace, and returns the server's rejection as an error.
    #[track_caller]
    pub fn try_connect(
        self,
        namespace: &str,
    ) -> impl Future<Output = Result<TestClient, ConnectError>> + use<> {
        let (caller, namespace) = (Location::caller(), namespace.to_owned());
        async move { self.open(&namespace, caller).await }
    }

    /// Tries to connect, which the server must reject, and returns the rejection.
    ///
    /// # Panics
    /// If the server accepts the client.
    #[track_caller]
    pub fn expect_connect_error(
        self,
        namespace: &str,
    ) -> impl Future<Output = ConnectError> + use<> {
        let (caller, namespace) = (Location::caller(), namespace.to_owned());
        async move {
            match self.open(&namespace, caller).await {
                Err(error) => error,
                Ok(_) => panic!("{caller}: the server accepted the client in `{namespace}`"),
            }
        }
    }

    async fn open(
        self,
        namespace: &str,
        caller: &'static Location<'static>,
    ) -> Result<TestClient, ConnectError> {
        let request = UpgradeRequest {
            target: format!("{}?{}", self.path, self.query),
            headers: self.headers,
            // Any port: the application does not read it.
            address: SocketAddr::new(self.address, 50_000),
        };
        let opening = client_handshake::open(&self.app.router, &request);
        let Ok(opened) = tokio::time::timeout(self.app.timeout, opening).await else {
            panic!("{caller}: the server does not answer the handshake");
        };
        let (stream, received) = opened?;
        let reader = MessageReader::with_buffer(received);
        let connection = ClientConnection::new(stream, reader, self.app.timeout);
        let opened = connection.wait(|state| match &state.closed {
            Some(reason) => Some(Err(reason.clone())),
            None => state.open.then_some(Ok(())),
        });
        match opened.await {
            Some(Ok(())) => {}
            Some(Err(reason)) => panic!("{caller}: the connection was not opened: {reason}"),
            None => panic!("{caller}: the server does not send the OPEN packet"),
        }
        TestClient::join_on(connection, namespace, self.auth.as_deref(), caller).await
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

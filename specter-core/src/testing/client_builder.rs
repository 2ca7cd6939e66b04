//! [`ClientBuilder`]: the request and the CONNECT payload with which a client connects.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::client::{TestClient, auth_json};
use super::client_connection::ClientConnection;
use super::client_handshake;
use super::client_handshake::Handshake;
use super::expectation::{Checked, Expectation};
use super::running_app::RunningApp;
use super::wire::Reader;
use crate::testing::ConnectError;

/// Builds a client. Clones build further clients with the same settings.
#[derive(Clone)]
#[must_use = "the client does not connect until `connect` is called"]
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

    /// Sets the CONNECT payload: the object that a JavaScript client has as `auth`. It is sent to
    /// the first namespace. Default: none.
    ///
    /// # Panics
    /// If the payload cannot be serialized or is no object.
    #[track_caller]
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        self.auth = auth_json(&auth);
        self
    }

    /// Sets the path of the server. Default: `/socket.io/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Adds a pair to the query. Name and value are sent unchanged: percent-encode them where that
    /// is needed.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query = format!("{}&{name}={value}", self.query);
        self
    }

    /// Adds a header, such as `origin` or `cookie`.
    ///
    /// # Panics
    /// If the name or the value is not valid in a header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(header), Ok(value)) => drop(self.headers.append(header, value)),
            _ => panic!("`{name}: {value}` is not a valid header"),
        }
        self
    }

    /// Sets the client's IP address. Default: `127.0.0.1`.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Opens a connection and joins a namespace.
    ///
    /// # Panics
    /// If the client is refused.
    #[track_caller]
    pub fn connect(self, namespace: &str) -> Expectation<'static, TestClient> {
        let namespace = namespace.to_owned();
        Expectation::new(async move {
            let connected = self.open(&namespace).await?;
            connected.map_err(|error| error.to_string())
        })
    }

    /// Opens a connection and joins a namespace, or returns why the client was refused.
    ///
    /// # Errors
    /// The client was refused: by the handshake or by the answer to CONNECT.
    #[track_caller]
    pub fn try_connect(
        self,
        namespace: &str,
    ) -> Expectation<'static, Result<TestClient, ConnectError>> {
        let namespace = namespace.to_owned();
        Expectation::new(async move { self.open(&namespace).await })
    }

    /// Connects a client that is expected to be refused, and returns why it was.
    ///
    /// # Panics
    /// If the client is accepted.
    #[track_caller]
    pub fn expect_connect_error(self, namespace: &str) -> Expectation<'static, ConnectError> {
        let namespace = namespace.to_owned();
        Expectation::new(async move {
            match self.open(&namespace).await? {
                Err(error) => Ok(error),
                Ok(_) => Err(format!("the client was accepted in `{namespace}`")),
            }
        })
    }

    async fn open(self, namespace: &str) -> Checked<Result<TestClient, ConnectError>> {
        let handshake = Handshake {
            target: format!("{}?{}", self.path, self.query),
            headers: self.headers,
            // The port is arbitrary.
            address: SocketAddr::new(self.address, 50_000),
        };
        let upgrade = client_handshake::open(&self.app.router, &handshake);
        let Ok(upgraded) = tokio::time::timeout(self.app.timeout, upgrade).await else {
            return Err("the server does not answer the handshake".to_owned());
        };
        let (stream, early) = match upgraded {
            Ok(upgraded) => upgraded,
            Err(error) => return Ok(Err(error)),
        };
        let reader = Reader::starting_with(early);
        let connection = ClientConnection::new(stream, reader, self.app.timeout);
        let opened = connection.wait(|state| match &state.closed {
            Some(reason) => Some(Err(reason.clone())),
            None => state.open.then_some(Ok(())),
        });
        match opened.await {
            Some(Ok(())) => {}
            Some(Err(reason)) => return Err(format!("the connection was not opened: {reason}")),
            None => return Err("the server does not open the connection".to_owned()),
        }
        TestClient::join_on(connection, namespace, self.auth.as_deref()).await
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

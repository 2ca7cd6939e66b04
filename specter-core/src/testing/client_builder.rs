//! A client that is about to connect: what it says of itself.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::Location;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::app::RunningApp;
use super::client::{TestClient, auth_json};
use super::client_connection::Line;
use super::client_handshake;
use super::client_handshake::Handshake;
use super::wire::Reader;
use crate::testing::ConnectError;

/// A client that is about to connect. Clones are clients alike.
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

    /// What it authenticates by: the object that a JavaScript client has as `auth`. It goes with
    /// the first namespace.
    ///
    /// # Panics
    /// When it cannot be encoded, or is no object.
    #[track_caller]
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        self.auth = auth_json(&auth, Location::caller());
        self
    }

    /// The path that it connects to. `/socket.io/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Adds a pair to the query. Name and value are sent as they are: percent-encoded, where that
    /// is needed.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query = format!("{}&{name}={value}", self.query);
        self
    }

    /// Adds a header, such as `origin` or `cookie`.
    ///
    /// # Panics
    /// When name or value cannot stand in a header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(header), Ok(value)) => drop(self.headers.append(header, value)),
            _ => panic!("`{name}: {value}` cannot be a header"),
        }
        self
    }

    /// The address that it comes from. `127.0.0.1`.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Opens a connection and joins a namespace.
    ///
    /// # Panics
    /// When the client is refused.
    #[track_caller]
    pub fn connect(self, namespace: &str) -> impl Future<Output = TestClient> + use<> {
        let (site, namespace) = (Location::caller(), namespace.to_owned());
        async move {
            let connected = self.open(&namespace, site).await;
            connected.unwrap_or_else(|refused| panic!("{site}: {refused}"))
        }
    }

    /// The same, with a refusal as an error.
    #[track_caller]
    pub fn try_connect(
        self,
        namespace: &str,
    ) -> impl Future<Output = Result<TestClient, ConnectError>> + use<> {
        let (site, namespace) = (Location::caller(), namespace.to_owned());
        async move { self.open(&namespace, site).await }
    }

    /// Connects in vain, and returns why the client was refused.
    ///
    /// # Panics
    /// When it is let in.
    #[track_caller]
    pub fn refused(self, namespace: &str) -> impl Future<Output = ConnectError> + use<> {
        let (site, namespace) = (Location::caller(), namespace.to_owned());
        async move {
            match self.open(&namespace, site).await {
                Err(refused) => refused,
                Ok(_) => panic!("{site}: the client was let into `{namespace}`"),
            }
        }
    }

    async fn open(
        self,
        namespace: &str,
        site: &'static Location<'static>,
    ) -> Result<TestClient, ConnectError> {
        let handshake = Handshake {
            target: format!("{}?{}", self.path, self.query),
            headers: self.headers,
            // Whichever: nobody asks for the port.
            address: SocketAddr::new(self.address, 50_000),
        };
        let opening = client_handshake::open(&self.app.router, &handshake);
        let opened = tokio::time::timeout(self.app.timeout, opening).await;
        let Ok(opened) = opened else {
            panic!("{site}: the server does not answer the handshake");
        };
        let (stream, early) = opened?;
        let line = Line::new(stream, Reader::starting_with(early), self.app.timeout);
        let opened = line.wait(|state| match &state.closed {
            Some(why) => Some(Err(why.clone())),
            None => state.open.then_some(Ok(())),
        });
        match opened.await {
            Some(Ok(())) => {}
            Some(Err(why)) => panic!("{site}: the connection was not opened: {why}"),
            None => panic!("{site}: the server does not open the connection"),
        }
        TestClient::join_on(line, namespace, self.auth.as_deref(), site).await
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

//! Opens sessions: admission, the session's slot, its task, and the first response.

use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, OriginalUri};
use http::request;
use hyper::upgrade::OnUpgrade;
use specter_proto::engine::{RequestError, Transport};

use crate::application::Acceptor;
use crate::connection::Connection;
use crate::handshake::Handshake;
use crate::http::client_address::Client;
use crate::http::rejection::Rejection;
use crate::http::reply;
use crate::http::reply::Response;
use crate::http::state::EndpointState;
use crate::http::upgrade::Upgrade;
use crate::logging::log_limited;
use crate::session::registry::{CapacityError, SessionSlot};
use crate::session::task::Task;

/// Opens a polling session. The response contains its first packet.
pub(crate) async fn open_polling<A: Acceptor>(
    endpoint: &EndpointState<A>,
    parts: &mut request::Parts,
    client: Client,
) -> Result<Response, Rejection> {
    let (connection, slot) = admit(endpoint, Transport::Polling, parts, client).await?;
    let handler = endpoint.acceptor.open(&connection);
    let config = Arc::clone(&endpoint.config);
    let upgrades: &[&str] = if config.websocket && config.allow_upgrades {
        &["websocket"]
    } else {
        &[]
    };
    let open = config.session().open(connection.sid(), upgrades).encode();
    let mut response = reply::open(open.payload().to_vec());
    endpoint
        .acceptor
        .initial_headers(connection.handshake(), response.headers_mut());
    tokio::spawn(Task::polling(connection, slot, config, handler));
    Ok(response)
}

/// Opens a session on a WebSocket. Its first packet follows the response as a message.
pub(crate) async fn open_websocket<A: Acceptor>(
    endpoint: &EndpointState<A>,
    parts: &mut request::Parts,
    client: Client,
) -> Result<Response, Rejection> {
    let (mut response, stream) = Upgrade::of(parts)?.grant();
    let (connection, slot) = admit(endpoint, Transport::WebSocket, parts, client).await?;
    let handler = endpoint.acceptor.open(&connection);
    endpoint
        .acceptor
        .initial_headers(connection.handshake(), response.headers_mut());
    let config = Arc::clone(&endpoint.config);
    tokio::spawn(Task::websocket(connection, slot, config, stream, handler));
    Ok(response)
}

/// Asks the application whether to open a session. If so, creates the connection and registers it.
async fn admit<A: Acceptor>(
    endpoint: &EndpointState<A>,
    transport: Transport,
    parts: &mut request::Parts,
    client: Client,
) -> Result<(Connection, SessionSlot), Rejection> {
    if handshake_len(parts) > endpoint.config.max_handshake_bytes {
        return Err(Rejection::HandshakeTooLong);
    }
    // Reserved before the application is asked, so that the limits apply meanwhile.
    let mut slot = endpoint
        .registry
        .reserve(client.address.or(client.peer.map(|peer| peer.ip())))
        .inspect_err(|full| warn_of_full(*full))?;
    let handshake = handshake_of(parts, &client);
    let admitted = endpoint.acceptor.admit(&handshake).await;
    admitted.map_err(|refusal| RequestError::Forbidden(refusal.message().to_owned()))?;
    let budget = endpoint.registry.budget();
    let connection = Connection::new(Arc::new(handshake), transport, &endpoint.config, budget);
    slot.enter(&connection)?;
    tracing::debug!(
        target: "specter::engine",
        transport = transport.name(),
        "connection opened"
    );
    Ok((connection, slot))
}

/// The number of bytes of the request that would be kept.
fn handshake_len(parts: &request::Parts) -> usize {
    let original = parts.extensions.get::<OriginalUri>();
    let uri = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
    let target = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let authority = uri
        .authority()
        .map_or(0, |authority| authority.as_str().len());
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
    target + authority + headers.sum::<usize>()
}

/// The parts of the request that are kept. The path is the one that the client requested, including
/// a prefix that a router has removed.
fn handshake_of(parts: &mut request::Parts, client: &Client) -> Handshake {
    let original = parts.extensions.remove::<OriginalUri>();
    let uri = original.as_ref().map_or(&parts.uri, |original| &original.0);
    // Removed, because it would keep the memory of the HTTP connection alive.
    parts.extensions.remove::<OnUpgrade>();
    let mut handshake = Handshake::new(uri, &parts.headers);
    parts.extensions.remove::<ConnectInfo<SocketAddr>>();
    handshake.peer = client.peer;
    if !parts.extensions.is_empty() {
        // Moved only if it is not empty: an empty map may still have memory.
        handshake.extensions = mem::take(&mut parts.extensions);
    }
    handshake.address = client.address;
    handshake.secure = client.secure;
    handshake
}

fn warn_of_full(full: CapacityError) {
    let setting = match full {
        CapacityError::ShuttingDown => return,
        CapacityError::Connections => "max_connections",
        CapacityError::Address => "max_connections_per_address",
    };
    log_limited!(
        WARN, key = setting, target: "specter::engine", setting,
        "a handshake was refused because as many sessions are open as this setting allows: raise \
         it if the server has room for more; the default of `max_connections` follows the \
         process's limit of open files (`ulimit -n`)"
    );
}

//! The reason for which a socket disconnected.

use specter_engine::CloseReason;

/// Why a socket was disconnected; the parameter of a `disconnect` handler.
///
/// [`as_str`](Self::as_str) returns the texts of Socket.IO for JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client has disconnected from this namespace (`socket.disconnect()`).
    ClientNamespaceDisconnect,
    /// The server disconnected this socket from its namespace.
    ServerNamespaceDisconnect,
    /// The connection has closed.
    Connection(CloseReason),
}

impl DisconnectReason {
    /// The reason as Socket.IO for JavaScript names it, for example `transport close`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::Connection(reason) => reason.as_str(),
        }
    }

    /// Whether the client or its network ended the connection, and not this server.
    pub fn is_client_side(&self) -> bool {
        matches!(
            self,
            Self::ClientNamespaceDisconnect
                | Self::Connection(
                    CloseReason::TransportClose
                        | CloseReason::TransportError
                        | CloseReason::PingTimeout
                )
        )
    }
}

impl std::fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

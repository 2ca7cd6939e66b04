//! The limits of the Socket.IO layer.

use std::time::Duration;

/// Times and bounds of the Socket.IO layer. Made by `Default`, changed by its fields' setters on the App's builder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SocketConfig {
    /// How long a connection may stay without a namespace before it is closed. 45 s.
    pub connect_timeout: Duration,
    /// How long guards, building and `connect` handlers may take together. 20 s, then `CONNECT_ERROR`.
    pub connect_limit: Duration,
    /// How long an acknowledgement is waited for unless said otherwise. 30 s.
    pub ack_timeout: Duration,
    /// How long handlers may run on after their client left. 30 s, then their future is dropped.
    pub handler_grace: Duration,
    /// Namespaces that one connection may be in. 32.
    pub max_namespaces: usize,
    /// Events of one connection that may wait to be handled. 256.
    pub waiting_events: usize,
    /// Bytes of events of one connection that may wait to be handled. 1 MiB.
    pub waiting_bytes: usize,
    /// Attachments of one packet. 10.
    pub max_attachments: usize,
    /// Bytes of a namespace's name. 256.
    pub max_namespace_name: usize,
    /// Bytes of an event's name. 256.
    pub max_event_name: usize,
    /// `concurrent` handlers of one socket that run at once. 64.
    pub max_concurrent: usize,
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            connect_limit: Duration::from_secs(20),
            ack_timeout: Duration::from_secs(30),
            handler_grace: Duration::from_secs(30),
            max_namespaces: 32,
            waiting_events: 256,
            waiting_bytes: 1 << 20,
            max_attachments: 10,
            max_namespace_name: 256,
            max_event_name: 256,
            max_concurrent: 64,
        }
    }
}

//! The limits of the Socket.IO layer.

use std::time::Duration;

use crate::connection::{ConfigError, LONGEST};

/// Times and bounds of the Socket.IO layer. Made by `Default`, changed through `AppBuilder::socket`.
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
    /// Bytes of the payload of a CONNECT, which is kept for the socket's life. 16 KiB.
    pub max_auth: usize,
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
            max_auth: 16 * 1024,
            max_namespace_name: 256,
            max_event_name: 256,
            max_concurrent: 64,
        }
    }
}

impl SocketConfig {
    /// What is wrong with the settings: what is zero, or longer than any sensible time, would disable what it bounds.
    pub(crate) fn faults(&self) -> Vec<ConfigError> {
        let times = [
            ("connect_timeout", self.connect_timeout),
            ("connect_limit", self.connect_limit),
            ("ack_timeout", self.ack_timeout),
            ("handler_grace", self.handler_grace),
        ];
        let limits = [
            ("max_namespaces", self.max_namespaces),
            ("waiting_events", self.waiting_events),
            ("waiting_bytes", self.waiting_bytes),
            ("max_auth", self.max_auth),
            ("max_namespace_name", self.max_namespace_name),
            ("max_event_name", self.max_event_name),
            ("max_concurrent", self.max_concurrent),
        ];
        let times = times
            .into_iter()
            .filter(|(_, time)| time.is_zero() || *time > LONGEST);
        let limits = limits.into_iter().filter(|(_, limit)| *limit == 0);
        times
            .map(|(setting, _)| ConfigError::Duration { setting })
            .chain(limits.map(|(setting, _)| ConfigError::ZeroLimit { setting }))
            .collect()
    }
}

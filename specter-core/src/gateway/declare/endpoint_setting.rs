//! The settings of its endpoint that a controller's attribute names: plain values, which the App
//! applies.

use std::fmt;
use std::time::Duration;

use specter_di::Location;

/// One setting of an endpoint, as `#[socketio_controller]` and the App's builder know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointOption {
    /// Time between two pings.
    PingInterval(Duration),
    /// Time for the answer to a ping.
    PingTimeout(Duration),
    /// Time for a WebSocket to take a polling session over.
    UpgradeTimeout(Duration),
    /// Time that a connection may stay without a namespace.
    ConnectTimeout(Duration),
    /// Bytes of any packet.
    MaxPayload(usize),
    /// Bytes that may wait to be sent to one client.
    MaxQueuedBytes(usize),
}

impl EndpointOption {
    /// Its name, in the attribute and on the builder alike.
    pub fn name(self) -> &'static str {
        match self {
            Self::PingInterval(_) => "ping_interval",
            Self::PingTimeout(_) => "ping_timeout",
            Self::UpgradeTimeout(_) => "upgrade_timeout",
            Self::ConnectTimeout(_) => "connect_timeout",
            Self::MaxPayload(_) => "max_payload",
            Self::MaxQueuedBytes(_) => "max_queued_bytes",
        }
    }
}

/// The value alone: `25s`, `1000000`.
impl fmt::Display for EndpointOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PingInterval(time)
            | Self::PingTimeout(time)
            | Self::UpgradeTimeout(time)
            | Self::ConnectTimeout(time) => write!(f, "{time:?}"),
            Self::MaxPayload(bytes) | Self::MaxQueuedBytes(bytes) => write!(f, "{bytes}"),
        }
    }
}

/// A setting, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointSetting {
    /// What is set.
    pub option: EndpointOption,
    /// By which line.
    pub location: Location,
}

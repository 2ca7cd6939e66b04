//! The settings that a controller's attribute can change on its endpoint. They are plain values;
//! the App applies them.

use std::fmt;
use std::time::Duration;

use specter_di::Location;

/// A setting of an endpoint with its value. Both `#[socketio_controller]` and the App's builder can
/// set it; the builder's methods document the defaults and what happens at the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointOption {
    /// How long the server waits after a pong before it sends the next ping.
    PingInterval(Duration),
    /// How long a client may take to answer a ping.
    PingTimeout(Duration),
    /// How long an upgrade to a WebSocket may take.
    UpgradeTimeout(Duration),
    /// How long a connection may stay open before it joins a namespace.
    ConnectTimeout(Duration),
    /// The largest message that a client may send, in bytes.
    MaxPayload(usize),
    /// How many bytes may be queued for one client before its further events wait.
    MaxQueuedBytes(usize),
}

impl EndpointOption {
    /// The name of the setting, which is the same in the attribute and on the builder.
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

/// Displays the value alone: `25s`, `1000000`.
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

/// A setting with its place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointSetting {
    /// The setting and its value.
    pub option: EndpointOption,
    /// Where it is set.
    pub location: Location,
}

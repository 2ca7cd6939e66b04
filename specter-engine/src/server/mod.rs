//! The framework's own HTTP server: hyper on the sockets of one listener.
//!
//! `accept` takes connections, `request_router` sends each request to an endpoint or to the
//! program's fallback, `timed_stream` gives up clients that do not read, and `shutdown_signal`
//! tells all connections that the server stops. Programs that need TLS or HTTP/2 mount the endpoint
//! in a server of their own.

pub(crate) mod accept;
pub(crate) mod bind;
mod head_timer;
pub(crate) mod request_router;
mod shutdown_signal;
pub(crate) mod stop_signals;
pub(crate) mod timed_stream;

pub use self::accept::accept_until;
pub use self::bind::bind;
pub use self::request_router::{Fallback, RequestRouter};
pub use self::stop_signals::{StopSignals, follow_signals};

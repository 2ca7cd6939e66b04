//! The framework's own HTTP server: hyper on the sockets of one listener.
//!
//! `accept` accepts connections, `request_router` passes each request to an endpoint or to the
//! program's fallback, `timed_stream` closes connections whose clients do not read, and
//! `shutdown_signal` notifies all connections of the shutdown. Programs that need TLS or HTTP/2
//! mount the endpoint in another server.

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

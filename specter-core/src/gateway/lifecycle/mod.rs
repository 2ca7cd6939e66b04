//! The beginning and the end of a socket: `connect` runs before CONNECT is answered, `disconnect`
//! after the socket has disconnected. `socket_env` contains what the calls of a socket's handlers
//! need.

mod connect;
mod disconnect;
mod socket_env;

use std::time::Duration;

pub(in crate::gateway) use self::disconnect::{DisconnectSubscribers, disconnect};
pub(in crate::gateway) use self::socket_env::SocketEnv;
use super::error::EventError;
use super::subscribe::ErrorReport;
use crate::gateway::declare::table::NamespaceTable;
use crate::gateway::dispatch::call_context::Failure;
use crate::gateway::dispatch::catch_unwind::run_within;
use crate::gateway::dispatch::event_info::EventInfo;
use crate::logging::log_limited;
use crate::socket::Socket;

/// The timeout of each provider's hook when a socket's scope is torn down and when the App stops.
pub(crate) const HOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Notifies the error subscribers of a failure that no controller handles. All of them together may
/// take `limit`; after that they are dropped.
async fn notify_errors_within(
    limit: Duration,
    table: &NamespaceTable,
    socket: &Socket,
    error: EventError,
    event: EventInfo,
) {
    if error.is_disconnected() {
        return;
    }
    let report = ErrorReport::new(Failure { error, event }, socket.clone());
    if let Some(notifying) = table.ingress.notify(&report)
        && run_within(limit, notifying).await.is_none()
    {
        log_limited!(
            WARN, target: "specter::gateway", ?limit,
            "error subscribers did not end in time, and were dropped"
        );
    }
}

//! Disconnects a socket: calls the `disconnect` handlers of the controllers and the subscribers of
//! disconnects, then tears the scope down.

use std::time::Duration;

use super::socket_env::SocketEnv;
use super::{HOOK_TIMEOUT, notify_errors_within};
use tokio::time::sleep;

use crate::gateway::dispatch::call_context::{Failure, Trigger};
use crate::gateway::dispatch::catch_unwind::run_within;
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::subscribe::SubscriptionKey;
use crate::logging::{OneLine, log_limited};
use crate::socket::DisconnectReason;

/// Whether the subscribers of disconnects are called for a socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum DisconnectSubscribers {
    /// The subscribers are not called: the socket was rejected at connect.
    Skip,
    /// The subscribers are called.
    Call,
}

/// Calls the `disconnect` handlers and the subscribers, then tears the scope down.
///
/// Each handler and each subscriber may take `limit`. After that it is dropped, and the next one
/// runs.
pub(in crate::gateway) async fn disconnect(
    env: SocketEnv,
    instances: Vec<Option<Instance>>,
    reason: DisconnectReason,
    subscribers: DisconnectSubscribers,
    limit: Duration,
) {
    for (position, instance) in instances.into_iter().enumerate() {
        if let Some(instance) = instance {
            disconnect_one(&env, position, instance, reason, limit).await;
        }
    }
    if subscribers == DisconnectSubscribers::Call
        && let Some(subscribers) = env.table.ingress.of(&SubscriptionKey::Disconnect)
    {
        for subscriber in &*subscribers {
            let cx = env.subscriber_context(Trigger::Disconnect(reason));
            let info = cx.event_info();
            let Some(outcome) = run_within(limit, subscriber.call(cx).finish()).await else {
                warn_of_late_disconnect(&env, subscriber.owner(), "a subscriber", limit);
                continue;
            };
            if let Some(error) = outcome.into_error() {
                log_limited!(
                    WARN, key = subscriber.owner(), target: "specter::gateway",
                    error = %OneLine(&error), "a subscriber of disconnects failed"
                );
                notify_errors_within(limit, &env.table, &env.socket, error, info).await;
            }
        }
    }
    // The scope is torn down even if something still refers to it, such as the context of an event.
    for failure in env.scope.shut_down(|| sleep(HOOK_TIMEOUT)).await {
        log_limited!(
            ERROR, target: "specter::di", failure = %OneLine(failure),
            "a provider of a socket's scope could not be torn down"
        );
    }
}

/// Runs one controller's `disconnect` handler, and its `#[on_error]` handler if that fails.
async fn disconnect_one(
    env: &SocketEnv,
    position: usize,
    instance: Instance,
    reason: DisconnectReason,
    limit: Duration,
) {
    let table = env.controller(position);
    let Some(handler) = table.disconnect else {
        return;
    };
    let cx = env.context(position, handler, Trigger::Disconnect(reason));
    let (event, method) = (cx.event_info(), cx.handler);
    let Some(mut completed) = run_within(limit, table.start(instance, handler, cx).finish()).await
    else {
        return warn_of_late_disconnect(env, table.info.name, method, limit);
    };
    let Some(error) = completed.take_outcome().into_error() else {
        return;
    };
    log_limited!(
        WARN, key = table.info.name, target: "specter::gateway", controller = table.info.name,
        handler = method, error = %OneLine(&error), "a disconnect handler failed"
    );
    match env.start_error_handler(position, completed.instance, Failure { error, event }) {
        Ok(call) => {
            if run_within(limit, call.finish()).await.is_none() {
                warn_of_late_disconnect(env, table.info.name, "#[on_error]", limit);
            }
        }
        Err((_, Failure { error, event })) => {
            notify_errors_within(limit, &env.table, &env.socket, error, event).await;
        }
    }
}

#[cold]
fn warn_of_late_disconnect(
    env: &SocketEnv,
    controller: &'static str,
    handler: &'static str,
    limit: Duration,
) {
    let namespace = env.table.hub.name();
    log_limited!(
        WARN, key = controller, target: "specter::gateway", namespace, controller, handler, ?limit,
        "a `disconnect` handler did not end in time, and was dropped"
    );
}

//! Disconnecting: `disconnect` of the controllers and of the subscribers, then the tear-down of the
//! scope.

use std::time::Duration;

use super::socket_env::SocketEnv;
use super::{HOOK_LIMIT, notify_errors_within};
use tokio::time::sleep;

use crate::gateway::dispatch::call_context::{Failure, Trigger};
use crate::gateway::dispatch::catch_unwind::run_within;
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::subscribe::SubscriptionKey;
use crate::logging::{OneLine, log_limited};
use crate::socket::DisconnectReason;

/// Whether the subscribers of connects saw a socket, so that those of disconnects do too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Subscribers {
    Unaware,
    Told,
}

/// Runs `disconnect` of the controllers and the subscribers, then tears the scope down.
///
/// Each step has `limit`, so that a step which does not end does not keep others from running.
pub(in crate::gateway) async fn disconnect(
    env: SocketEnv,
    instances: Vec<Option<Instance>>,
    reason: DisconnectReason,
    subscribers: Subscribers,
    limit: Duration,
) {
    for (position, instance) in instances.into_iter().enumerate() {
        if let Some(instance) = instance {
            disconnect_one(&env, position, instance, reason, limit).await;
        }
    }
    if subscribers == Subscribers::Told
        && let Some(subscribers) = env.table.ingress.of(&SubscriptionKey::Disconnect)
    {
        for subscriber in &*subscribers {
            let cx = env.subscriber_context(Trigger::Disconnect(reason));
            let info = cx.info();
            let Some(outcome) = run_within(limit, subscriber.call(cx).end()).await else {
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
    // The scope is torn down although others, such as an event's context, may still share it.
    for failure in env.scope.shut_down(|| sleep(HOOK_LIMIT)).await {
        log_limited!(
            ERROR, target: "specter::di", failure = %OneLine(failure),
            "tearing a socket's provider down failed"
        );
    }
}

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
    let (event, method) = (cx.info(), cx.handler);
    let Some(mut ended) = run_within(limit, table.start(instance, handler, cx).finish()).await
    else {
        return warn_of_late_disconnect(env, table.info.name, method, limit);
    };
    let Some(error) = ended.take_outcome().into_error() else {
        return;
    };
    log_limited!(
        WARN, key = table.info.name, target: "specter::gateway", controller = table.info.name,
        handler = method, error = %OneLine(&error), "a disconnect handler failed"
    );
    match env.start_error_handler(position, ended.instance, Failure { error, event }) {
        Ok(step) => {
            if run_within(limit, step.finish()).await.is_none() {
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

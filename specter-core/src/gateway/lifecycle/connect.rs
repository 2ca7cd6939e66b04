//! Connects a socket: runs the guards, builds the scope, then calls the `connect` handlers of the
//! controllers and the subscribers of connects.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::disconnect::{DisconnectSubscribers, disconnect};
use super::notify_errors_within;
use super::socket_env::SocketEnv;
use specter_di::{OpenScope, OpenScopeFuture};
use tokio::time::{Instant, timeout_at};

use crate::gateway::declare::descriptor::EventKind;
use crate::gateway::declare::table::{HandlerTarget, NamespaceTable};
use crate::gateway::dispatch::Dispatch;
use crate::gateway::dispatch::call_context::Trigger;
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::error::EventError;
use crate::gateway::policies::filter::{ErasedFilter, run_filters};
use crate::gateway::policies::guard::check_guards;
use crate::gateway::subscribe::SubscriptionKey;
use crate::logging::log_limited;
use crate::rooms::Hub;
use crate::socket::internal_error::FailurePlace;
use crate::socket::service::{BoxFuture, NamespaceService, SocketService};
use crate::socket::{DisconnectReason, Reject, Socket};

impl NamespaceService for NamespaceTable {
    fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    fn connect(
        self: Arc<Self>,
        socket: Socket,
    ) -> BoxFuture<Result<Box<dyn SocketService>, Reject>> {
        Box::pin(connect(self, socket))
    }
}

async fn connect(
    table: Arc<NamespaceTable>,
    socket: Socket,
) -> Result<Box<dyn SocketService>, Reject> {
    let deadline = ConnectDeadline {
        at: Instant::now() + table.connect_handler_timeout,
        timeout: table.connect_handler_timeout,
    };
    let (env, mut instances) = match prepare(&table, &socket, &deadline).await {
        Ok(prepared) => prepared,
        Err(mut error) => {
            error.report_at(FailurePlace {
                socket: &socket,
                event: EventKind::Connect.name(),
                handler: "the socket's providers",
            });
            let (copy, event) = (error.duplicate(), EventInfo::connect());
            let timeout = table.connect_handler_timeout;
            notify_errors_within(timeout, &table, &socket, copy, event).await;
            return Err(error.into());
        }
    };
    for position in 0..instances.len() {
        if let Err(reject) = connect_one(&env, position, &mut instances, &deadline).await {
            instances.truncate(position);
            reject_after_accept(env, instances).await;
            return Err(reject);
        }
    }
    if let Err(reject) = connect_subscribers(&env, &deadline).await {
        reject_after_accept(env, instances).await;
        return Err(reject);
    }
    Ok(Box::new(Dispatch::new(env, instances)))
}

/// Does everything that precedes the first `connect` handler: runs the guards, then builds the
/// scope and its controllers.
async fn prepare(
    table: &Arc<NamespaceTable>,
    socket: &Socket,
    deadline: &ConnectDeadline,
) -> Result<(SocketEnv, Vec<Option<Instance>>), EventError> {
    let controllers = table.controllers.iter();
    let controllers = controllers.map(|table| (&table.guards, &table.filters));
    let connect_policies = table.connect_policies.iter();
    let connect_policies = connect_policies.map(|entry| (&entry.guards, &entry.filters));
    for (guards, filters) in controllers.chain(connect_policies) {
        let checked = deadline.wait(check_guards(guards, socket, None));
        if let Err(reject) = checked.await? {
            let filtering = connect_error(filters, socket, reject.into());
            return Err(deadline.wait(filtering).await?);
        }
    }
    table.hub.add(socket);
    let mut scope = open_scope(table, socket, deadline).await?;
    let instances = (0..)
        .zip(&table.controllers)
        .map(|(position, controller)| {
            let built = scope.take_root(position)?;
            Some(controller.instance(built))
        })
        .collect();
    let env = SocketEnv {
        table: table.clone(),
        socket: socket.clone(),
        scope: Arc::new(scope),
    };
    Ok((env, instances))
}

/// The deadline of connecting one socket.
struct ConnectDeadline {
    at: Instant,
    /// The App's setting, for the log.
    timeout: Duration,
}

impl ConnectDeadline {
    /// Awaits a future until the deadline.
    async fn wait<F: Future>(&self, future: F) -> Result<F::Output, EventError> {
        timeout_at(self.at, future).await.map_err(|_| {
            log_limited!(
                WARN, target: "specter::gateway", limit = ?self.timeout,
                "guards, providers and `connect` handlers took longer than \
                 `connect_handler_timeout`; the client is rejected"
            );
            EventError::new("connect timeout").with_code("timeout")
        })
    }
}

async fn open_scope(
    table: &NamespaceTable,
    socket: &Socket,
    deadline: &ConnectDeadline,
) -> Result<OpenScope, EventError> {
    let seeds = table
        .plan
        .seeds()
        .with(socket.clone())
        .with(socket.namespace())
        .with(socket.handshake().clone());
    let built = match table.plan.open(seeds) {
        OpenScopeFuture::Ready(built) => built,
        OpenScopeFuture::Pending(building) => deadline.wait(building).await?,
    };
    built.map_err(EventError::from)
}

/// Runs one controller's `connect` handler. Its instance is returned to `instances`, unless the
/// deadline passes while the handler runs.
async fn connect_one(
    env: &SocketEnv,
    position: usize,
    instances: &mut [Option<Instance>],
    deadline: &ConnectDeadline,
) -> Result<(), Reject> {
    let table = env.controller(position);
    let (Some(handler), Some(slot)) = (table.connect, instances.get_mut(position)) else {
        return Ok(());
    };
    let Some(instance) = slot.take() else {
        return Ok(());
    };
    let target = HandlerTarget {
        controller: position,
        handler,
    };
    let cx = env.context(position, handler, Trigger::Connect);
    let call = env.start(target, table.policies_of(handler), instance, cx);
    let mut completed = deadline.wait(call.finish()).await?;
    let outcome = completed.take_outcome();
    *slot = Some(completed.instance);
    let Some(error) = outcome.into_error() else {
        return Ok(());
    };
    let filters = table
        .policies_of(handler)
        .map_or(&[][..], |policies| &policies.filters);
    let filtering = connect_error(filters, &env.socket, error);
    Err(deadline.wait(filtering).await?.into())
}

/// Runs the namespace's subscribers of connects, until one rejects the client.
async fn connect_subscribers(env: &SocketEnv, deadline: &ConnectDeadline) -> Result<(), Reject> {
    let Some(subscribers) = env.table.ingress.of(&SubscriptionKey::Connect) else {
        return Ok(());
    };
    for subscriber in &*subscribers {
        let cx = env.subscriber_context(Trigger::Connect);
        let call = env.table.subscriber_policies.start(subscriber, cx);
        if let Some(error) = deadline.wait(call.finish()).await?.into_error() {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Passes the error with which a client is rejected through the error filters.
async fn connect_error(
    filters: &[Arc<dyn ErasedFilter>],
    socket: &Socket,
    error: EventError,
) -> EventError {
    if filters.is_empty() {
        return error;
    }
    run_filters(
        filters.to_vec(),
        socket.clone(),
        EventInfo::connect(),
        error,
    )
    .await
}

/// Ends a socket that a `connect` handler or a subscriber has rejected. Calls the `disconnect`
/// handlers of the controllers that had accepted it before.
async fn reject_after_accept(env: SocketEnv, instances: Vec<Option<Instance>>) {
    // The handlers below find the socket unreachable, as at any other disconnect.
    env.socket.end();
    let limit = env.table.connect_handler_timeout;
    let reason = DisconnectReason::ServerNamespaceDisconnect;
    disconnect(env, instances, reason, DisconnectSubscribers::Skip, limit).await;
}

//! Connecting: the guards, the scope, then `connect` of the controllers and of the subscribers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::disconnect::{Subscribers, disconnect};
use super::notify_errors_within;
use super::socket_env::SocketEnv;
use specter_di::{OpenScope, OpenScopeFuture};
use tokio::time::{Instant, timeout_at};

use crate::gateway::declare::table::{HandlerTarget, NamespaceTable};
use crate::gateway::dispatch::Dispatch;
use crate::gateway::dispatch::call_context::Trigger;
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::error::EventError;
use crate::gateway::policies::filter::{ErasedFilter, filtered};
use crate::gateway::policies::guard::check_guards;
use crate::gateway::subscribe::SubscriptionKey;
use crate::logging::log_limited;
use crate::rooms::Hub;
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
    let limit = ConnectDeadline {
        until: Instant::now() + table.connect_handler_timeout,
        of: table.connect_handler_timeout,
    };
    let (env, mut instances) = match prepare(&table, &socket, &limit).await {
        Ok(prepared) => prepared,
        Err(error) => {
            let (notified, event) = (error.duplicate(), EventInfo::connect());
            notify_errors_within(
                table.connect_handler_timeout,
                &table,
                &socket,
                notified,
                event,
            )
            .await;
            return Err(error.into());
        }
    };
    for position in 0..instances.len() {
        if let Err(reject) = connect_one(&env, position, &mut instances, &limit).await {
            instances.truncate(position);
            refuse(env, instances).await;
            return Err(reject);
        }
    }
    if let Err(reject) = connect_subscribers(&env, &limit).await {
        refuse(env, instances).await;
        return Err(reject);
    }
    Ok(Box::new(Dispatch::new(env, instances)))
}

/// Everything before the first `connect`: guards, then the scope with its controllers.
async fn prepare(
    table: &Arc<NamespaceTable>,
    socket: &Socket,
    limit: &ConnectDeadline,
) -> Result<(SocketEnv, Vec<Option<Instance>>), EventError> {
    let controllers = table.controllers.iter();
    let controllers = controllers.map(|table| (&table.guards, &table.filters));
    let connect_policies = table.connect_policies.iter();
    let connect_policies = connect_policies.map(|entry| (&entry.guards, &entry.filters));
    for (guards, filters) in controllers.chain(connect_policies) {
        let decided = limit.wait(check_guards(guards, socket, None));
        if let Err(reject) = decided.await? {
            let filtered = connect_error(filters, socket, reject.into());
            return Err(limit.wait(filtered).await?);
        }
    }
    table.hub.add(socket);
    let mut scope = build(table, socket, limit).await?;
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

/// The deadline of a connect.
struct ConnectDeadline {
    until: Instant,
    of: Duration,
}

impl ConnectDeadline {
    async fn wait<F: Future>(&self, future: F) -> Result<F::Output, EventError> {
        timeout_at(self.until, future).await.map_err(|_| {
            log_limited!(
                WARN, target: "specter::gateway", limit = ?self.of,
                "a client's connect was not decided in time"
            );
            EventError::new("connect timeout").with_code("timeout")
        })
    }
}

async fn build(
    table: &NamespaceTable,
    socket: &Socket,
    limit: &ConnectDeadline,
) -> Result<OpenScope, EventError> {
    let seeds = table
        .plan
        .seeds()
        .with(socket.clone())
        .with(socket.namespace())
        .with(socket.handshake().clone());
    let built = match table.plan.open(seeds) {
        OpenScopeFuture::Ready(built) => built,
        OpenScopeFuture::Pending(building) => limit.wait(building).await?,
    };
    built.map_err(EventError::from)
}

/// Runs one controller's `connect`. The instance is back in its place afterwards, unless the
/// deadline has passed.
async fn connect_one(
    env: &SocketEnv,
    position: usize,
    instances: &mut [Option<Instance>],
    limit: &ConnectDeadline,
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
    let step = env.start(target, table.policies_of(handler), instance, cx);
    let mut ended = limit.wait(step.finish()).await?;
    let outcome = ended.take_outcome();
    *slot = Some(ended.instance);
    let Some(error) = outcome.into_error() else {
        return Ok(());
    };
    let filters = table
        .policies_of(handler)
        .map_or(&[][..], |policies| &policies.filters);
    let filtered = connect_error(filters, &env.socket, error);
    Err(limit.wait(filtered).await?.into())
}

/// Runs the namespace's subscribers of connects, up to the first that rejects.
async fn connect_subscribers(env: &SocketEnv, limit: &ConnectDeadline) -> Result<(), Reject> {
    let Some(subscribers) = env.table.ingress.of(&SubscriptionKey::Connect) else {
        return Ok(());
    };
    for subscriber in &*subscribers {
        let cx = env.subscriber_context(Trigger::Connect);
        let call = env.table.subscriber_policies.start(subscriber, cx);
        if let Some(error) = limit.wait(call.end()).await?.into_error() {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Passes the error that keeps a client from connecting through the filters.
async fn connect_error(
    filters: &[Arc<dyn ErasedFilter>],
    socket: &Socket,
    error: EventError,
) -> EventError {
    if filters.is_empty() {
        return error;
    }
    filtered(
        filters.to_vec(),
        socket.clone(),
        EventInfo::connect(),
        error,
    )
    .await
}

/// Ends a socket that is rejected after some controllers have accepted it.
async fn refuse(env: SocketEnv, instances: Vec<Option<Instance>>) {
    // As after any other disconnect, nothing reaches the socket any more.
    env.socket.end();
    let limit = env.table.connect_handler_timeout;
    let reason = DisconnectReason::ServerNamespaceDisconnect;
    disconnect(env, instances, reason, Subscribers::Unaware, limit).await;
}

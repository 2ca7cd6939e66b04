//! The two ends of a socket: connecting, before CONNECT is answered, and disconnecting, after the
//! client has left.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use specter_di::{OpenScope, OpenScopeFuture};
use tokio::time::{Instant, sleep, timeout_at};

use super::dispatch::Dispatch;
use super::error::EventError;
use super::subscribe::{ErrorReport, SubscriptionKey};
use crate::gateway::declare::table::{
    ControllerTable, HandlerPolicies, HandlerRef, HandlerTarget, NamespaceTable,
};
use crate::gateway::dispatch::call_context::{
    CallContext, CallState, CompletedCall, Failure, InjectionSource, Outcome, Trigger,
};
use crate::gateway::dispatch::catch_unwind::run_within;
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::policies::filter::{ErasedFilter, filtered};
use crate::gateway::policies::guard::check_guards;
use crate::gateway::policies::interceptor::intercepted;
use crate::logging::{OneLine, log_limited};
use crate::rooms::Hub;
use crate::socket::service::{BoxFuture, NamespaceService, SocketService};
use crate::socket::{DisconnectReason, Reject, Socket};

/// How long each provider's hook may take, when a socket's scope is torn down and when the App
/// stops.
pub(crate) const HOOK_LIMIT: Duration = Duration::from_secs(10);

/// What every call of a socket's handlers needs.
#[derive(Clone)]
pub(in crate::gateway) struct SocketEnv {
    pub(in crate::gateway) table: Arc<NamespaceTable>,
    pub(in crate::gateway) socket: Socket,
    pub(in crate::gateway) scope: Arc<OpenScope>,
}

impl SocketEnv {
    pub(in crate::gateway) fn controller(&self, position: usize) -> &ControllerTable {
        &self.table.controllers[position]
    }

    /// The context of a call.
    pub(in crate::gateway) fn context(
        &self,
        position: usize,
        handler: HandlerRef,
        cause: Trigger,
    ) -> Box<CallContext> {
        let mut cx = self.event_context();
        cx.cause = cause;
        cx.retarget(position, self.controller(position).handler(handler));
        cx
    }

    /// A context for calls of controllers that is not aimed at one yet.
    pub(in crate::gateway) fn event_context(&self) -> Box<CallContext> {
        Box::new(CallContext {
            socket: self.socket.clone(),
            values: InjectionSource::Scope(self.scope.clone(), 0),
            handler: "",
            cause: Trigger::Connect,
            ack: None,
            recycled_ack: None,
            limit: None,
            cancelled: None,
            outcome: Outcome::Unit,
            is_sole_handler: false,
            is_answered: AtomicBool::new(false),
        })
    }

    /// The context of a call that belongs to no controller.
    pub(in crate::gateway) fn subscriber_context(&self, cause: Trigger) -> CallContext {
        CallContext {
            socket: self.socket.clone(),
            values: InjectionSource::Container(self.table.container.clone()),
            handler: "a subscriber",
            cause,
            ack: None,
            recycled_ack: None,
            limit: None,
            cancelled: None,
            outcome: Outcome::Unit,
            is_sole_handler: false,
            is_answered: AtomicBool::new(false),
        }
    }

    /// Begins a handler with what stands around it.
    pub(in crate::gateway) fn start(
        &self,
        target: HandlerTarget,
        policies: Option<&HandlerPolicies>,
        instance: Instance,
        cx: Box<CallContext>,
    ) -> CallState {
        match policies {
            Some(policies) if !policies.interceptors.is_empty() => intercepted(
                policies.interceptors.clone(),
                self.clone(),
                target,
                instance,
                cx,
            ),
            _ => {
                let table = self.controller(target.controller);
                table.start(instance, target.handler, cx)
            }
        }
    }

    /// Begins a controller's `#[on_error]`; gives both back where there is none, or nothing to
    /// tell.
    pub(in crate::gateway) fn start_error_handler(
        &self,
        position: usize,
        instance: Instance,
        failure: Failure,
    ) -> Result<CallState, (Instance, Failure)> {
        let table = self.controller(position);
        match table.error {
            Some(handler) if !failure.error.is_gone() => {
                let cx = self.context(position, handler, Trigger::Error(Box::new(failure)));
                Ok(table.start(instance, handler, cx))
            }
            _ => Err((instance, failure)),
        }
    }
}

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
            let (told, event) = (error.duplicate(), EventInfo::connect());
            tell_within(table.connect_handler_timeout, &table, &socket, told, event).await;
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

/// What comes before the first `connect`: guards, then the scope with its controllers.
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

/// The time that a connect may take.
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

/// Runs one controller's `connect`. The instance is back in its place afterwards, unless it ran out
/// of time.
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
    let mut ended = limit.wait(end_of(step)).await?;
    let outcome = ended.take_outcome();
    *slot = Some(ended.instance);
    let Some(error) = failure(outcome) else {
        return Ok(());
    };
    let filters = table
        .policies_of(handler)
        .map_or(&[][..], |policies| &policies.filters);
    let filtered = connect_error(filters, &env.socket, error);
    Err(limit.wait(filtered).await?.into())
}

/// Runs the namespace's subscribers of connects, to the first that refuses.
async fn connect_subscribers(env: &SocketEnv, limit: &ConnectDeadline) -> Result<(), Reject> {
    let Some(subscribers) = env.table.ingress.of(&SubscriptionKey::Connect) else {
        return Ok(());
    };
    for subscriber in &*subscribers {
        let call = subscriber.start(env, env.subscriber_context(Trigger::Connect));
        if let Some(error) = failure(limit.wait(call.end()).await?) {
            return Err(error.into());
        }
    }
    Ok(())
}

fn failure(outcome: Outcome) -> Option<EventError> {
    match outcome {
        Outcome::Rejected(reject) => Some((*reject).into()),
        Outcome::Failed(error) => Some(error),
        Outcome::Unit | Outcome::Value(_) | Outcome::Answer(_) | Outcome::Taken => None,
    }
}

/// What keeps a client from connecting, as the filters let it through.
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

/// Tells the error subscribers of what no controller takes. They have this long, all together.
async fn tell_within(
    limit: Duration,
    table: &NamespaceTable,
    socket: &Socket,
    error: EventError,
    event: EventInfo,
) {
    if error.is_gone() {
        return;
    }
    let report = ErrorReport::new(Failure { error, event }, socket.clone());
    if let Some(telling) = table.ingress.notify(&report)
        && run_within(limit, telling).await.is_none()
    {
        log_limited!(
            WARN, target: "specter::gateway", ?limit,
            "error subscribers did not end in time, and were dropped"
        );
    }
}

/// Waits for a call's end.
pub(in crate::gateway) async fn end_of(step: CallState) -> CompletedCall {
    match step {
        CallState::Done(ended) => ended,
        CallState::Pending(call) => call.await,
    }
}

/// Ends a socket that is refused after some controllers let it in.
async fn refuse(env: SocketEnv, instances: Vec<Option<Instance>>) {
    // As after any other disconnect: nothing reaches it any more.
    env.socket.end();
    let limit = env.table.connect_handler_timeout;
    let reason = DisconnectReason::ServerNamespaceDisconnect;
    disconnect(env, instances, reason, Subscribers::Unaware, limit).await;
}

/// Whether the subscribers of connects were told of a socket, so that those of disconnects are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Subscribers {
    Unaware,
    Told,
}

/// Runs `disconnect` of the controllers and the subscribers, then tears the scope down.
///
/// Each step has `limit`, so that one that does not end keeps no other from running.
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
            if let Some(error) = failure(outcome) {
                log_limited!(
                    WARN, key = subscriber.owner(), target: "specter::gateway",
                    error = %OneLine(&error), "a subscriber of disconnects failed"
                );
                tell_within(limit, &env.table, &env.socket, error, info).await;
            }
        }
    }
    // Whoever still shares the scope, an event's context for one, does not keep it from being torn
    // down.
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
    let Some(mut ended) = run_within(limit, end_of(table.start(instance, handler, cx))).await
    else {
        return warn_of_late_disconnect(env, table.info.name, method, limit);
    };
    let Some(error) = failure(ended.take_outcome()) else {
        return;
    };
    log_limited!(
        WARN, key = table.info.name, target: "specter::gateway", controller = table.info.name,
        handler = method, error = %OneLine(&error), "a disconnect handler failed"
    );
    match env.start_error_handler(position, ended.instance, Failure { error, event }) {
        Ok(step) => {
            if run_within(limit, end_of(step)).await.is_none() {
                warn_of_late_disconnect(env, table.info.name, "#[on_error]", limit);
            }
        }
        Err((_, Failure { error, event })) => {
            tell_within(limit, &env.table, &env.socket, error, event).await;
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

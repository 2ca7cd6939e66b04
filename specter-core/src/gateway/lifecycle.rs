//! The two ends of a socket: what runs before CONNECT's answer, and what runs after it went.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use specter_di::{BuildFailure, Opening, Scoped, Seeds};
use tokio::time::{Instant, timeout_at};

use super::call::{CallContext, Cause, Failure, Instance, Outcome, Step, caught, panic_text};
use super::dispatch::Dispatch;
use super::error::EventError;
use super::guard::{ErasedGuard, GuardContext};
use super::table::{ControllerTable, HandlerRef, NamespaceTable};
use crate::rooms::Hub;
use crate::socket::service::{BoxFuture, NamespaceService, SocketService};
use crate::socket::{DisconnectReason, Reject, Socket};

/// What every call of a socket's handlers needs.
#[derive(Clone)]
pub(super) struct Env {
    pub(super) table: Arc<NamespaceTable>,
    pub(super) socket: Socket,
    pub(super) scope: Arc<Scoped>,
}

impl Env {
    pub(super) fn controller(&self, position: usize) -> &ControllerTable {
        &self.table.controllers[position]
    }

    /// The context of a call.
    pub(super) fn context(
        &self,
        position: usize,
        handler: HandlerRef,
        cause: Cause,
    ) -> CallContext {
        let method = self
            .controller(position)
            .handler(handler)
            .map_or("", |handler| handler.method);
        CallContext {
            socket: self.socket.clone(),
            scope: Some(self.scope.clone()),
            position,
            handler: method,
            cause,
            ack: None,
        }
    }

    /// Begins a controller's `#[on_error]`; gives the instance back where there is none, or nothing to tell.
    pub(super) fn start_error_handler(
        &self,
        position: usize,
        instance: Instance,
        failure: Failure,
    ) -> Result<Step, Instance> {
        let table = self.controller(position);
        match table.error {
            Some(handler) if !failure.error.is_gone() => {
                let cx = self.context(position, handler, Cause::Error(Box::new(failure)));
                Ok(table.start(instance, handler, cx))
            }
            _ => Err(instance),
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
    let limit = Limit {
        until: Instant::now() + table.connect_limit,
        of: table.connect_limit,
    };
    for controller in &table.controllers {
        limit
            .wait(check_guards(&controller.guards, &socket, None))
            .await??;
    }
    table.hub.add(&socket);
    let mut scope = build(&table, &socket, &limit).await?;
    let mut instances: Vec<Option<Instance>> = (0..)
        .zip(&table.controllers)
        .map(|(position, controller)| {
            scope
                .take_root(position)
                .map(|built| controller.instance(built))
        })
        .collect();
    let env = Env {
        table,
        socket,
        scope: Arc::new(scope),
    };
    for position in 0..instances.len() {
        if let Err(reject) = connect_one(&env, position, &mut instances, &limit).await {
            instances.truncate(position);
            let limit = env.table.connect_limit;
            let leaving = disconnect(env, instances, DisconnectReason::ServerNamespaceDisconnect);
            if tokio::time::timeout(limit, leaving).await.is_err() {
                tracing::warn!(target: "specter::gateway", ?limit, "a disconnect handler ran on after its client was refused, and was dropped");
            }
            return Err(reject);
        }
    }
    Ok(Box::new(Dispatch::new(env, instances)))
}

/// The time that a connect may take.
struct Limit {
    until: Instant,
    of: Duration,
}

impl Limit {
    async fn wait<F: Future>(&self, future: F) -> Result<F::Output, Reject> {
        timeout_at(self.until, future).await.map_err(|_| {
            tracing::warn!(target: "specter::gateway", limit = ?self.of, "a client's connect was not decided in time");
            Reject::new("connect timeout")
        })
    }
}

/// Runs guards in their order, to the first rejection.
pub(super) async fn check_guards(
    guards: &[Arc<dyn ErasedGuard>],
    socket: &Socket,
    event: Option<&str>,
) -> Result<(), Reject> {
    let cx = GuardContext::new(socket, event);
    for guard in guards {
        match caught(guard.check(&cx)).await {
            Ok(decision) => decision?,
            Err(payload) => {
                return Err(EventError::panicked(panic_text(&*payload), "a guard").into());
            }
        }
    }
    Ok(())
}

async fn build(table: &NamespaceTable, socket: &Socket, limit: &Limit) -> Result<Scoped, Reject> {
    let seeds = Seeds::new()
        .with(socket.clone())
        .with(socket.namespace())
        .with(socket.handshake().clone());
    let built = match table.plan.open(seeds) {
        Opening::Ready(built) => built,
        Opening::Pending(building) => limit.wait(building).await?,
    };
    built.map_err(|failure: BuildFailure| EventError::internal(failure).into())
}

/// Runs one controller's `connect`. The instance is back in its place afterwards, unless it ran out of time.
async fn connect_one(
    env: &Env,
    position: usize,
    instances: &mut [Option<Instance>],
    limit: &Limit,
) -> Result<(), Reject> {
    let table = env.controller(position);
    let (Some(handler), Some(slot)) = (table.connect, instances.get_mut(position)) else {
        return Ok(());
    };
    let Some(instance) = slot.take() else {
        return Ok(());
    };
    let step = table.start(
        instance,
        handler,
        env.context(position, handler, Cause::Connect),
    );
    let (instance, outcome) = limit.wait(end_of(step)).await?;
    *slot = Some(instance);
    match outcome {
        Outcome::Rejected(reject) => Err(reject),
        Outcome::Failed(error) => Err(error.into()),
        Outcome::Unit | Outcome::Value(_) | Outcome::Taken => Ok(()),
    }
}

/// Waits for a call's end.
pub(super) async fn end_of(step: Step) -> (Instance, Outcome) {
    match step {
        Step::Done(instance, outcome) => (instance, outcome),
        Step::Pending(call) => call.await,
    }
}

/// Runs `disconnect` of the controllers, then tears the scope down.
pub(super) async fn disconnect(
    env: Env,
    instances: Vec<Option<Instance>>,
    reason: DisconnectReason,
) {
    for (position, instance) in instances.into_iter().enumerate() {
        let (Some(instance), Some(handler)) = (instance, env.controller(position).disconnect)
        else {
            continue;
        };
        let cx = env.context(position, handler, Cause::Disconnect(reason));
        let info = cx.info();
        let (instance, outcome) =
            end_of(env.controller(position).start(instance, handler, cx)).await;
        if let Outcome::Failed(error) = outcome {
            tracing::warn!(target: "specter::gateway", %error, "a disconnect handler failed");
            if let Ok(step) =
                env.start_error_handler(position, instance, Failure { error, event: info })
            {
                end_of(step).await;
            }
        }
    }
    if let Some(scope) = Arc::into_inner(env.scope) {
        for failure in scope.close().await {
            tracing::error!(target: "specter::di", %failure, "tearing a socket's provider down failed");
        }
    }
}

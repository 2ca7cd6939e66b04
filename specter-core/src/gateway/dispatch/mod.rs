//! The events of one socket: which handlers run, in which order, and which acknowledgement is sent.
//!
//! [`Dispatch`] starts an event. `event_run` runs its handlers, which `handler_chain` has put in
//! order; `invoke` calls them with a `call_context`, and `reply` and `answer` turn what they return
//! into the acknowledgement.

pub(crate) mod ack;
pub(crate) mod answer;
pub(crate) mod call_context;
pub(crate) mod catch_unwind;
pub(crate) mod event_info;
pub(crate) mod event_run;
pub(crate) mod handler_chain;
pub(crate) mod instance;
pub(crate) mod intercepted_call;
pub(crate) mod invoke;
pub(crate) mod reply;
pub(crate) mod unknown_events;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, StreamExt};
use specter_proto::socketio::EventPacket;

use super::lifecycle::{DisconnectSubscribers, SocketEnv, disconnect};
use crate::gateway::declare::table::DirectHandler;
use crate::gateway::dispatch::call_context::CallContext;
use crate::gateway::dispatch::event_run::{AbortedHandler, EventRun, RunStart};
use crate::gateway::dispatch::handler_chain::HandlerChain;
use crate::gateway::dispatch::instance::Instance;
use crate::logging::log_limited;
use crate::socket::DisconnectReason;
use crate::socket::service::{BoxFuture, SocketService, StartResult};

/// The controllers of a connected socket, and the events that run on them.
pub(in crate::gateway) struct Dispatch {
    env: SocketEnv,
    /// The instance of each controller. `None` while a handler uses an exclusive instance.
    instances: Vec<Option<Instance>>,
    /// Whether any handler runs concurrently with others. If none does, the handlers of an event
    /// need not be looked up while another event runs.
    has_concurrent: bool,
    /// The handler of the last event, if that event had a sole handler without guards and
    /// interceptors. The next event often has the same name.
    direct: Option<DirectHandler>,
    /// The context of the last event, which the next one uses again.
    cx: Option<Box<CallContext>>,
    /// The running event. Events that are not concurrent run one after another.
    running: Option<EventRun>,
    /// Whether `running` was started after the last poll. It has then just been polled, and the
    /// next poll skips it.
    just_started: bool,
    /// The running events of concurrent handlers. `None` until there is one.
    concurrent_runs: Option<Box<FuturesUnordered<ConcurrentRun>>>,
    /// The bytes of these events.
    concurrent_bytes: usize,
    /// Why the socket disconnected, until its `disconnect` handlers are started.
    disconnect_reason: Option<DisconnectReason>,
    /// Runs the `disconnect` handlers and tears the scope down.
    disconnecting: Option<BoxFuture<()>>,
}

impl Dispatch {
    pub(in crate::gateway) fn new(env: SocketEnv, instances: Vec<Option<Instance>>) -> Self {
        Self {
            has_concurrent: env.table.has_concurrent(),
            direct: None,
            cx: None,
            env,
            instances,
            running: None,
            just_started: false,
            concurrent_runs: None,
            concurrent_bytes: 0,
            disconnect_reason: None,
            disconnecting: None,
        }
    }

    fn poll_concurrent(&mut self, cx: &mut Context<'_>) {
        let Some(concurrent_runs) = &mut self.concurrent_runs else {
            return;
        };
        while let Poll::Ready(Some(bytes)) = concurrent_runs.poll_next_unpin(cx) {
            self.concurrent_bytes -= bytes;
        }
    }

    fn count_concurrent(&self) -> usize {
        self.concurrent_runs
            .as_ref()
            .map_or(0, |concurrent_runs| concurrent_runs.len())
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.just_started) {
            return Poll::Pending;
        }
        if let Some(run) = &mut self.running {
            ready!(run.poll(&self.env, &mut self.instances, cx));
            self.cx = self.running.take().and_then(EventRun::into_context);
        }
        Poll::Ready(())
    }

    /// Starts an event with any number of handlers and with any policies.
    #[inline(never)]
    fn start_any(&mut self, event: EventPacket, cx: &mut Context<'_>) -> StartResult {
        let table = &self.env.table;
        let chain = table.handlers_for(event.name());
        if chain.is_empty() {
            table.log_unknown(event.name());
            event.recycle();
            return StartResult::Completed;
        }
        let context = self.cx.take();
        let context = context.unwrap_or_else(|| self.env.event_context());
        let context = context.with_event(event);
        let start = EventRun::start(context, chain, &self.env, &mut self.instances, cx);
        self.on_start(start)
    }

    /// Starts an event concurrently with the running ones.
    fn start_concurrent(&mut self, event: EventPacket, chain: HandlerChain, cx: &mut Context<'_>) {
        let instances = self.shared_instances(&chain);
        let size = event.size();
        self.concurrent_bytes += size;
        self.concurrent_runs
            .get_or_insert_default()
            .push(ConcurrentRun {
                run: EventRun::new(self.env.event_context().with_event(event), chain),
                size,
                env: self.env.clone(),
                instances,
            });
        // Starts the event now, because the next one may be started before the next poll.
        self.poll_concurrent(cx);
    }

    fn on_start(&mut self, start: RunStart) -> StartResult {
        match start {
            RunStart::Finished(context) => {
                self.cx = context;
                StartResult::Completed
            }
            RunStart::Running(run) => {
                self.running = Some(run);
                self.just_started = true;
                StartResult::Started
            }
        }
    }

    fn warn_of_aborted(&self, aborted: Option<AbortedHandler>) {
        let Some(aborted) = aborted else { return };
        let AbortedHandler {
            controller,
            handler,
            misses_disconnect,
        } = aborted;
        let namespace = self.env.table.hub.name();
        if misses_disconnect {
            log_limited!(
                WARN, key = controller, target: "specter::gateway", namespace, controller, handler,
                "a handler was still running when the grace period after its client's disconnect \
                 ended, and was dropped together with its controller, whose `disconnect` \
                 therefore does not run"
            );
        } else {
            log_limited!(
                WARN, key = controller, target: "specter::gateway", namespace, controller, handler,
                "a handler was still running when the grace period after its client's disconnect \
                 ended, and was dropped"
            );
        }
    }

    /// The instances that the methods of a concurrent event use.
    fn shared_instances(&self, chain: &HandlerChain) -> Vec<Option<Instance>> {
        let mut instances: Vec<Option<Instance>> = self.instances.iter().map(|_| None).collect();
        for target in chain.methods() {
            if let Some(Instance::Shared(controller)) = &self.instances[target.controller] {
                instances[target.controller] = Some(Instance::Shared(controller.clone()));
            }
        }
        instances
    }
}

impl SocketService for Dispatch {
    fn try_start(&mut self, event: EventPacket, free: bool, cx: &mut Context<'_>) -> StartResult {
        if self.has_concurrent {
            let chain = self.env.table.handlers_for(event.name());
            if self.env.table.is_concurrent(&chain) {
                if self.count_concurrent() >= self.env.table.max_concurrent {
                    return StartResult::Deferred(event);
                }
                self.start_concurrent(event, chain, cx);
                return StartResult::StartedConcurrently;
            }
        }
        if !free || self.running.is_some() {
            return StartResult::Deferred(event);
        }
        let last = self.direct.as_ref();
        if last.is_none_or(|direct| !event.is_named(direct.name)) {
            self.direct = self.env.table.direct_handler(event.name());
        }
        if let Some(direct) = &self.direct
            && self.env.table.ingress.is_empty()
            && self.instances[direct.target.controller].is_some()
        {
            let context = self.cx.take();
            let context = context.unwrap_or_else(|| self.env.event_context());
            let (env, instances) = (&self.env, &mut self.instances);
            let start =
                EventRun::start_direct(context.with_event(event), direct, env, instances, cx);
            self.on_start(start)
        } else {
            self.start_any(event, cx)
        }
    }

    fn concurrent_bytes(&self) -> usize {
        self.concurrent_bytes
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let running = self.poll_running(cx);
        self.poll_concurrent(cx);
        running
    }

    fn disconnect(&mut self, reason: DisconnectReason) {
        self.disconnect_reason = Some(reason);
    }

    fn poll_disconnected(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let running = self.poll_running(cx);
        self.poll_concurrent(cx);
        ready!(running);
        if self.count_concurrent() > 0 {
            return Poll::Pending;
        }
        if let Some(reason) = self.disconnect_reason.take() {
            let instances = std::mem::take(&mut self.instances);
            self.disconnecting = Some(Box::pin(disconnect(
                self.env.clone(),
                instances,
                reason,
                DisconnectSubscribers::Call,
                self.env.table.handler_grace_period,
            )));
        }
        match &mut self.disconnecting {
            Some(disconnecting) => disconnecting.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }

    fn abort(&mut self) {
        self.just_started = false;
        self.concurrent_bytes = 0;
        if let Some(run) = self.running.take() {
            let aborted = run.abort(&self.env, &mut self.instances);
            self.warn_of_aborted(aborted);
        }
        let concurrent_runs = self.concurrent_runs.take();
        for concurrent_run in concurrent_runs.into_iter().flat_map(|runs| *runs) {
            let ConcurrentRun {
                run,
                env,
                mut instances,
                ..
            } = concurrent_run;
            self.warn_of_aborted(run.abort(&env, &mut instances));
        }
    }
}

/// An event that runs concurrently with others. It owns references to its controllers' instances.
struct ConcurrentRun {
    run: EventRun,
    /// The event's bytes.
    size: usize,
    env: SocketEnv,
    instances: Vec<Option<Instance>>,
}

impl Future for ConcurrentRun {
    /// The event's bytes.
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = &mut *self;
        ready!(this.run.poll(&this.env, &mut this.instances, cx));
        this.run.clear();
        Poll::Ready(this.size)
    }
}

//! The events of one socket: which handlers run, in which order, and what the client is answered.

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

use super::lifecycle::{SocketEnv, Subscribers, disconnect};
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
    instances: Vec<Option<Instance>>,
    /// Whether some handler runs concurrently with others. Where none does, pending events need no
    /// early look-up.
    concurrent: bool,
    /// The sole handler of the last event, which is often that of the next one.
    straight: Option<DirectHandler>,
    /// The context of calls, recycled from event to event.
    cx: Option<Box<CallContext>>,
    /// The event that runs in its turn.
    running: Option<EventRun>,
    /// The event was started since the last poll, and ran until it had to wait.
    just_begun: bool,
    /// Events of `concurrent` handlers. Allocated for the first one.
    concurrent_runs: Option<Box<FuturesUnordered<ConcurrentRun>>>,
    concurrent_bytes: usize,
    leaving: Option<DisconnectReason>,
    ending: Option<BoxFuture<()>>,
}

impl Dispatch {
    pub(in crate::gateway) fn new(env: SocketEnv, instances: Vec<Option<Instance>>) -> Self {
        Self {
            concurrent: env.table.has_concurrent(),
            straight: None,
            cx: None,
            env,
            instances,
            running: None,
            just_begun: false,
            concurrent_runs: None,
            concurrent_bytes: 0,
            leaving: None,
            ending: None,
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
        if std::mem::take(&mut self.just_begun) {
            return Poll::Pending;
        }
        if let Some(run) = &mut self.running {
            ready!(run.poll(&self.env, &mut self.instances, cx));
            self.cx = self.running.take().and_then(EventRun::into_context);
        }
        Poll::Ready(())
    }

    /// Starts an event in the general case.
    #[inline(never)]
    fn begin_any(&mut self, event: EventPacket, cx: &mut Context<'_>) -> StartResult {
        let table = &self.env.table;
        let chain = table.handlers_for(event.name());
        if chain.is_empty() {
            table.note_unknown(event.name());
            event.recycle();
            return StartResult::Completed;
        }
        let context = self.cx.take();
        let context = context.unwrap_or_else(|| self.env.event_context());
        let context = context.with(event);
        let begun = EventRun::begin(context, chain, &self.env, &mut self.instances, cx);
        self.begun(begun)
    }

    /// Starts an event concurrently with those that run.
    fn start_concurrent(&mut self, event: EventPacket, chain: HandlerChain, cx: &mut Context<'_>) {
        let instances = self.shared(&chain);
        let size = event.size();
        self.concurrent_bytes += size;
        self.concurrent_runs
            .get_or_insert_default()
            .push(ConcurrentRun {
                run: EventRun::new(self.env.event_context().with(event), chain),
                size,
                env: self.env.clone(),
                instances,
            });
        // Later events must find it started.
        self.poll_concurrent(cx);
    }

    fn begun(&mut self, begun: RunStart) -> StartResult {
        match begun {
            RunStart::Finished(context) => {
                self.cx = context;
                StartResult::Completed
            }
            RunStart::Running(run) => {
                self.running = Some(run);
                self.just_begun = true;
                StartResult::Started
            }
        }
    }

    fn warn_of(&self, abandoned: Option<AbortedHandler>) {
        let Some(abandoned) = abandoned else { return };
        let AbortedHandler {
            controller,
            handler,
            misses_disconnect,
        } = abandoned;
        let namespace = self.env.table.hub.name();
        if misses_disconnect {
            log_limited!(
                WARN, key = controller, target: "specter::gateway", namespace, controller, handler,
                "a handler ran on beyond its grace after its client left, and was dropped together \
                 with its controller: the controller's own `disconnect` could not run"
            );
        } else {
            log_limited!(
                WARN, key = controller, target: "specter::gateway", namespace, controller, handler,
                "a handler ran on beyond its grace after its client left, and was dropped"
            );
        }
    }

    /// The controllers of a concurrent event, shared.
    fn shared(&self, chain: &HandlerChain) -> Vec<Option<Instance>> {
        let mut shared: Vec<Option<Instance>> = self.instances.iter().map(|_| None).collect();
        for target in chain.methods() {
            if let Some(Instance::Shared(controller)) = &self.instances[target.controller] {
                shared[target.controller] = Some(Instance::Shared(controller.clone()));
            }
        }
        shared
    }
}

impl SocketService for Dispatch {
    fn try_start(&mut self, event: EventPacket, free: bool, cx: &mut Context<'_>) -> StartResult {
        if self.concurrent {
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
        let known = self.straight.as_ref();
        if known.is_none_or(|straight| !event.is_named(straight.name)) {
            self.straight = self.env.table.straight(event.name());
        }
        if let Some(straight) = &self.straight
            && self.env.table.ingress.is_empty()
            && self.instances[straight.target.controller].is_some()
        {
            let context = self.cx.take();
            let context = context.unwrap_or_else(|| self.env.event_context());
            let (env, instances) = (&self.env, &mut self.instances);
            let begun = EventRun::start_direct(context.with(event), straight, env, instances, cx);
            self.begun(begun)
        } else {
            self.begin_any(event, cx)
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
        self.leaving = Some(reason);
    }

    fn poll_disconnected(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let running = self.poll_running(cx);
        self.poll_concurrent(cx);
        ready!(running);
        if self.count_concurrent() > 0 {
            return Poll::Pending;
        }
        if let Some(reason) = self.leaving.take() {
            let instances = std::mem::take(&mut self.instances);
            self.ending = Some(Box::pin(disconnect(
                self.env.clone(),
                instances,
                reason,
                Subscribers::Told,
                self.env.table.handler_grace_period,
            )));
        }
        match &mut self.ending {
            Some(ending) => ending.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }

    fn abort(&mut self) {
        self.just_begun = false;
        self.concurrent_bytes = 0;
        if let Some(run) = self.running.take() {
            let abandoned = run.abort(&self.env, &mut self.instances);
            self.warn_of(abandoned);
        }
        for concurrent_runs in self
            .concurrent_runs
            .take()
            .into_iter()
            .flat_map(|concurrent_runs| *concurrent_runs)
        {
            let ConcurrentRun {
                run,
                env,
                mut instances,
                ..
            } = concurrent_runs;
            self.warn_of(run.abort(&env, &mut instances));
        }
    }
}

/// An event that runs concurrently with others. It owns its controllers' instances.
struct ConcurrentRun {
    run: EventRun,
    /// The event's bytes.
    size: usize,
    env: SocketEnv,
    instances: Vec<Option<Instance>>,
}

impl Future for ConcurrentRun {
    /// How many bytes the event held.
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = &mut *self;
        ready!(this.run.poll(&this.env, &mut this.instances, cx));
        this.run.clear();
        Poll::Ready(this.size)
    }
}

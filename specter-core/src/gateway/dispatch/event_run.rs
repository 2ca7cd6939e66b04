//! Runs one event through its handlers: the controllers' methods and the subscribers, one after
//! another.

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::answer::{EventAnswer, conclude, finish_ack};
use super::call_context::{
    CallContext, CallState, CompletedCall, Failure, Outcome, PendingCall, Trigger,
};
use super::catch_unwind::drop_caught;
use super::event_info::EventInfo;
use super::handler_chain::{ChainEntry, HandlerChain};
use super::instance::Instance;
use crate::gateway::declare::descriptor::OnPanic;
use crate::gateway::declare::table::{DirectHandler, HandlerTarget, Targets};
use crate::gateway::error::EventError;
use crate::gateway::lifecycle::SocketEnv;
use crate::gateway::policies::filter::filtered;
use crate::gateway::policies::guard::check_guards;
use crate::gateway::subscribe::{ErrorReport, Subscriber, SubscriberCall};
use crate::logging::{OneLine, Untrusted, log_limited};
use crate::socket::Reject;
use crate::socket::service::BoxFuture;

/// One event that runs through its handlers, as a state machine that the connection's task polls.
pub(in crate::gateway) struct EventRun {
    /// The context with the event. `None` while a method runs: the call owns it then.
    cx: Option<Box<CallContext>>,
    chain: HandlerChain,
    /// The index in the chain of the next handler.
    at: usize,
    answer: EventAnswer,
    phase: RunPhase,
}

/// An event whose handlers have been started: finished, or still running.
pub(in crate::gateway) enum RunStart {
    /// The event is finished. Its context can be used for another event.
    Finished(Option<Box<CallContext>>),
    /// The event waits for something and must be polled.
    Running(EventRun),
}

/// What the event waits for. Every step starts from [`NextHandler`](Self::NextHandler) and stays
/// there if it has nothing to wait for.
enum RunPhase {
    /// The handler at `at` is the next one to be called.
    NextHandler,
    CheckingGuards(HandlerTarget, BoxFuture<Result<(), Reject>>),
    RunningHandler(HandlerTarget, PendingCall),
    /// The error of a handler passes through the error filters.
    RunningFilters(HandlerTarget, Option<Instance>, BoxFuture<EventError>),
    /// The `#[on_error]` handler of the target's controller runs.
    RunningOnError(HandlerTarget, PendingCall),
    /// A subscriber runs.
    RunningSubscriber(BoxFuture<Outcome>),
    /// Error subscribers run.
    NotifyingErrors(BoxFuture<()>),
}

impl EventRun {
    /// Prepares the run of the context's event through these handlers.
    pub(in crate::gateway) fn new(cx: Box<CallContext>, chain: HandlerChain) -> Self {
        Self {
            cx: Some(cx),
            chain,
            at: 0,
            answer: EventAnswer::Unit,
            phase: RunPhase::NextHandler,
        }
    }

    /// Starts a run, and continues until it has to wait or is finished.
    pub(in crate::gateway) fn begin(
        cx: Box<CallContext>,
        chain: HandlerChain,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
        task: &mut Context<'_>,
    ) -> RunStart {
        Self::new(cx, chain).poll_to_pause(env, instances, task)
    }

    /// As [`begin`](Self::begin), for an event with a single handler and no policies. If the
    /// handler does not suspend and succeeds, which is the common case, no run is created, and
    /// neither the controller nor the context is moved.
    pub(in crate::gateway) fn start_direct(
        mut cx: Box<CallContext>,
        direct: &DirectHandler,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
        task: &mut Context<'_>,
    ) -> RunStart {
        let target = direct.target;
        cx.retarget(target.controller, Some(direct.handler));
        cx.is_sole_handler = direct.handler.inline;
        if direct.takes_ack {
            cx.offer_ack();
        }
        let slot = &mut instances[target.controller];
        if direct.handler.inline
            && let Some(instance) = slot
        {
            (direct.block.call)(instance, target.handler.id, &mut cx);
            if !cx.outcome.is_failure() {
                conclude(env, &mut cx);
                cx.clear();
                return RunStart::Finished(Some(cx));
            }
        }
        let Some(instance) = take(slot) else {
            cx.clear();
            return RunStart::Finished(Some(cx));
        };
        let call = if direct.handler.inline {
            CallState::Done(CompletedCall { instance, cx })
        } else {
            (direct.block.start)(instance, target.handler.id, cx)
        };
        let chain = HandlerChain::Methods(Targets::One(target));
        Self::with_started(call, target, chain, env, instances).poll_to_pause(env, instances, task)
    }

    /// The run of a handler that has been started and is still running or has failed.
    #[inline(never)]
    fn with_started(
        call: CallState,
        target: HandlerTarget,
        chain: HandlerChain,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
    ) -> Self {
        let mut run = Self {
            cx: None,
            chain,
            at: 1,
            answer: EventAnswer::Unit,
            phase: RunPhase::NextHandler,
        };
        run.on_started(env, target, call, instances);
        run
    }

    /// Continues until the run has to wait or is finished.
    #[inline(never)]
    fn poll_to_pause(
        mut self,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
        task: &mut Context<'_>,
    ) -> RunStart {
        if self.poll(env, instances, task).is_pending() {
            RunStart::Running(self)
        } else {
            RunStart::Finished(self.into_context())
        }
    }

    /// Drops the handler that is still running, and returns its controller to `instances` if that
    /// is possible.
    #[cold]
    pub(in crate::gateway) fn abort(
        self,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
    ) -> Option<AbortedHandler> {
        let target = match self.phase {
            RunPhase::NextHandler => return None,
            RunPhase::CheckingGuards(target, checking) => {
                drop_caught(|| drop(checking));
                target
            }
            RunPhase::RunningHandler(target, call) | RunPhase::RunningOnError(target, call) => {
                if let Some(ended) = abort_call(env, call) {
                    instances[target.controller] = Some(ended.instance);
                }
                target
            }
            RunPhase::RunningFilters(target, instance, filtering) => {
                drop_caught(|| drop(filtering));
                instances[target.controller] = instance;
                target
            }
            RunPhase::RunningSubscriber(call) => {
                drop_caught(|| drop(call));
                return Some(AbortedHandler::SUBSCRIBER);
            }
            RunPhase::NotifyingErrors(notifying) => {
                drop_caught(|| drop(notifying));
                return Some(AbortedHandler::SUBSCRIBER);
            }
        };
        let table = env.controller(target.controller);
        let handler = table.handler(target.handler);
        Some(AbortedHandler {
            controller: table.info.name,
            handler: handler.map_or("", |handler| handler.method),
            misses_disconnect: table.disconnect.is_some() && instances[target.controller].is_none(),
        })
    }

    /// Releases the event of a finished run.
    pub(in crate::gateway) fn clear(&mut self) {
        if let Some(cx) = &mut self.cx {
            cx.clear();
        }
    }

    /// The context, for another event.
    pub(in crate::gateway) fn into_context(mut self) -> Option<Box<CallContext>> {
        self.clear();
        self.cx
    }

    pub(in crate::gateway) fn poll(
        &mut self,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            match &mut self.phase {
                RunPhase::NextHandler => {
                    let Some(entry) = self.chain.get(self.at) else {
                        self.answer(env);
                        return Poll::Ready(());
                    };
                    self.at += 1;
                    match entry {
                        ChainEntry::Method(target) => self.guard(env, target, instances),
                        ChainEntry::Subscriber(subscriber) => self.subscriber(env, &subscriber),
                    }
                }
                RunPhase::CheckingGuards(target, checking) => {
                    let target = *target;
                    let checked = ready!(checking.as_mut().poll(cx));
                    self.phase = RunPhase::NextHandler;
                    match checked {
                        Ok(()) => self.call(env, target, instances),
                        Err(reject) => self.on_rejected(env, target, reject, instances),
                    }
                }
                RunPhase::RunningHandler(target, call) => {
                    let target = *target;
                    let ended = ready!(call.as_mut().poll(cx));
                    self.phase = RunPhase::NextHandler;
                    self.on_returned(env, target, ended, instances);
                }
                RunPhase::RunningFilters(target, instance, filtering) => {
                    let target = *target;
                    let error = ready!(filtering.as_mut().poll(cx));
                    let instance = instance.take();
                    self.phase = RunPhase::NextHandler;
                    if let Some(instance) = instance {
                        self.report_failure(env, target, instance, error, instances);
                    }
                }
                RunPhase::RunningOnError(target, call) => {
                    let target = *target;
                    let ended = ready!(call.as_mut().poll(cx));
                    log_failed_error_handler(&ended.cx);
                    instances[target.controller] = Some(ended.instance);
                    self.phase = RunPhase::NextHandler;
                }
                RunPhase::RunningSubscriber(call) => {
                    let outcome = ready!(call.as_mut().poll(cx));
                    self.phase = RunPhase::NextHandler;
                    self.on_subscriber_outcome(env, outcome);
                }
                RunPhase::NotifyingErrors(notifying) => {
                    ready!(notifying.as_mut().poll(cx));
                    self.phase = RunPhase::NextHandler;
                }
            }
        }
    }

    fn guard(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instances: &mut [Option<Instance>],
    ) {
        let table = env.controller(target.controller);
        let guards = match table.policies_of(target.handler) {
            Some(policies) if !policies.guards.is_empty() => policies.guards.clone(),
            _ => return self.call(env, target, instances),
        };
        let (socket, event) = (env.socket.clone(), self.info());
        let checking = async move { check_guards(&guards, &socket, Some(&event)).await };
        self.phase = RunPhase::CheckingGuards(target, Box::pin(checking));
    }

    fn on_rejected(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        reject: Reject,
        instances: &mut [Option<Instance>],
    ) {
        if let Some(instance) = take(&mut instances[target.controller]) {
            let outcome = Outcome::Failed(reject.into());
            self.on_outcome(env, target, instance, outcome, instances);
        }
    }

    fn call(&mut self, env: &SocketEnv, target: HandlerTarget, instances: &mut [Option<Instance>]) {
        let Some(instance) = take(&mut instances[target.controller]) else {
            return;
        };
        // `Some`: no other call is running.
        let Some(cx) = self.cx.take() else { return };
        let call = start(env, target, instance, cx);
        self.on_started(env, target, call, instances);
    }

    /// A handler has been started.
    fn on_started(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        call: CallState,
        instances: &mut [Option<Instance>],
    ) {
        match call {
            CallState::Done(ended) => self.on_returned(env, target, ended, instances),
            CallState::Pending(call) => self.phase = RunPhase::RunningHandler(target, call),
        }
    }

    /// A handler has returned, and its context with it.
    fn on_returned(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        mut ended: CompletedCall,
        instances: &mut [Option<Instance>],
    ) {
        let outcome = ended.take_outcome();
        self.cx = Some(ended.cx);
        self.on_outcome(env, target, ended.instance, outcome, instances);
    }

    /// Records the outcome of a call. A failure passes through the filters first.
    fn on_outcome(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instance: Instance,
        outcome: Outcome,
        instances: &mut [Option<Instance>],
    ) {
        match self.record(outcome) {
            None => instances[target.controller] = Some(instance),
            Some(error) => self.apply_filters(env, target, instance, error, instances),
        }
    }

    /// A handler has failed: applies its error filters.
    fn apply_filters(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instance: Instance,
        error: EventError,
        instances: &mut [Option<Instance>],
    ) {
        let table = env.controller(target.controller);
        if error.is_panic() && table.info.on_panic == OnPanic::Disconnect {
            env.socket.disconnect();
        }
        match table.policies_of(target.handler) {
            Some(policies) if !policies.filters.is_empty() && !error.is_gone() => {
                let filters = policies.filters.clone();
                let filtering = filtered(filters, env.socket.clone(), self.info(), error);
                self.phase = RunPhase::RunningFilters(target, Some(instance), Box::pin(filtering));
            }
            _ => self.report_failure(env, target, instance, error, instances),
        }
    }

    /// Records the final error of a handler, and starts the controller's `#[on_error]` handler.
    fn report_failure(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instance: Instance,
        error: EventError,
        instances: &mut [Option<Instance>],
    ) {
        self.fail(&error);
        let event = self.info();
        let failure = Failure { error, event };
        match env.start_error_handler(target.controller, instance, failure) {
            Err((instance, failure)) => {
                instances[target.controller] = Some(instance);
                self.notify_error_subscribers(env, failure);
            }
            Ok(CallState::Done(ended)) => {
                log_failed_error_handler(&ended.cx);
                instances[target.controller] = Some(ended.instance);
            }
            Ok(CallState::Pending(call)) => self.phase = RunPhase::RunningOnError(target, call),
        }
    }

    fn subscriber(&mut self, env: &SocketEnv, subscriber: &Arc<Subscriber>) {
        let Some(cx) = &mut self.cx else { return };
        cx.retarget(0, None);
        let Trigger::Event(event) = &cx.trigger else {
            return;
        };
        let mut context = env.subscriber_context(Trigger::Event(event.clone()));
        if subscriber.takes_ack() {
            cx.offer_ack();
            context.ack.clone_from(&cx.ack);
        }
        match env.table.subscriber_policies.start(subscriber, context) {
            SubscriberCall::Done(outcome) => self.on_subscriber_outcome(env, outcome),
            SubscriberCall::Pending(call) => self.phase = RunPhase::RunningSubscriber(call),
        }
    }

    fn on_subscriber_outcome(&mut self, env: &SocketEnv, outcome: Outcome) {
        if let Some(error) = self.record(outcome) {
            self.fail(&error);
            let event = self.info();
            self.notify_error_subscribers(env, Failure { error, event });
        }
    }

    /// Notifies the error subscribers of a failure that no `#[on_error]` handler takes.
    fn notify_error_subscribers(&mut self, env: &SocketEnv, failure: Failure) {
        if failure.error.is_gone() {
            return;
        }
        let report = ErrorReport::new(failure, env.socket.clone());
        if let Some(notifying) = env.table.ingress.notify(&report) {
            self.phase = RunPhase::NotifyingErrors(notifying);
        }
    }

    /// Records a success for the answer. Returns the error of a failure.
    fn record(&mut self, outcome: Outcome) -> Option<EventError> {
        match EventAnswer::of(outcome) {
            Ok(Some(answer))
                if matches!(self.answer, EventAnswer::Unit | EventAnswer::Failed(_)) =>
            {
                self.answer = answer;
            }
            Ok(_) => {}
            Err(error) => return Some(error),
        }
        self.finish_ack(None);
        None
    }

    fn fail(&mut self, error: &EventError) {
        tracing::debug!(
            target: "specter::gateway", event = ?Untrusted(self.name()), code = error.code(),
            error = %OneLine(error), "an event failed"
        );
        self.finish_ack(Some(error));
        if matches!(self.answer, EventAnswer::Unit) {
            self.answer = EventAnswer::Failed(error.duplicate());
        }
    }

    fn finish_ack(&mut self, error: Option<&EventError>) {
        let cx = self.cx.as_ref();
        if cx.is_some_and(|cx| finish_ack(cx, error)) {
            self.answer = EventAnswer::Taken;
        }
    }

    fn answer(&mut self, env: &SocketEnv) {
        let answer = std::mem::replace(&mut self.answer, EventAnswer::Taken);
        if let Some(cx) = &self.cx {
            answer.send(env, cx);
        }
    }

    /// The event's name.
    fn name(&self) -> &str {
        self.cx.as_ref().map_or("", |cx| cx.event_name())
    }

    /// The event, for error filters, error handlers and subscribers.
    fn info(&self) -> EventInfo {
        let cx = self.cx.as_ref();
        cx.map_or_else(EventInfo::connect, |cx| cx.info())
    }
}

/// A handler that was dropped because it was still running after its client had disconnected.
pub(in crate::gateway) struct AbortedHandler {
    pub(in crate::gateway) controller: &'static str,
    pub(in crate::gateway) handler: &'static str,
    /// Whether its controller was dropped with it and therefore misses its `disconnect` handler.
    pub(in crate::gateway) misses_disconnect: bool,
}

impl AbortedHandler {
    const SUBSCRIBER: Self = Self {
        controller: "SocketIngress",
        handler: "a subscriber",
        misses_disconnect: false,
    };
}

/// Polls a call once more; in that poll it drops the handler's body and returns the controller.
/// `None` if the controller is on the blocking pool.
fn abort_call(env: &SocketEnv, mut call: PendingCall) -> Option<CompletedCall> {
    let mut task = Context::from_waker(Waker::noop());
    let polled = env.socket.abandon_in(|| call.as_mut().poll(&mut task));
    drop_caught(|| drop(call));
    match polled {
        Poll::Ready(ended) => Some(ended),
        Poll::Pending => None,
    }
}

/// Starts a method with the context of its event.
fn start(
    env: &SocketEnv,
    target: HandlerTarget,
    instance: Instance,
    mut cx: Box<CallContext>,
) -> CallState {
    let table = env.controller(target.controller);
    let policies = table.policies_of(target.handler);
    cx.retarget(target.controller, table.handler(target.handler));
    if policies.is_some_and(|policies| policies.takes_ack) {
        cx.offer_ack();
    }
    env.start(target, policies, instance, cx)
}

fn log_failed_error_handler(cx: &CallContext) {
    if let Outcome::Failed(error) = &cx.outcome {
        log_limited!(
            WARN, key = cx.handler, target: "specter::gateway", handler = cx.handler,
            error = %OneLine(error), "an `#[on_error]` handler failed"
        );
    }
}

/// Takes an exclusive controller out of its slot; a shared one is cloned.
#[inline]
fn take(slot: &mut Option<Instance>) -> Option<Instance> {
    match slot {
        Some(Instance::Shared(controller)) => Some(Instance::Shared(controller.clone())),
        slot => slot.take(),
    }
}

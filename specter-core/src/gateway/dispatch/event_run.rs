//! Runs the handlers of one event in their order: the controllers' methods and the subscribers.

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::answer::{EventAnswer, finish_ack, send_sole_outcome};
use super::call_context::{
    CallContext, CallState, CompletedCall, Failure, Outcome, PendingCall, Trigger,
};
use super::catch_unwind::drop_ignoring_panic;
use super::event_info::EventInfo;
use super::handler_chain::{ChainEntry, HandlerChain};
use super::instance::Instance;
use crate::gateway::declare::descriptor::OnPanic;
use crate::gateway::declare::table::{DirectHandler, HandlerTarget, Targets};
use crate::gateway::error::EventError;
use crate::gateway::lifecycle::SocketEnv;
use crate::gateway::policies::filter::run_filters;
use crate::gateway::policies::guard::check_guards;
use crate::gateway::subscribe::{ErrorReport, Subscriber, SubscriberCall};
use crate::logging::{OneLine, Untrusted, log_limited};
use crate::socket::Reject;
use crate::socket::service::BoxFuture;

/// The run of one event through its handlers, as a state machine that the connection's task polls.
pub(in crate::gateway) struct EventRun {
    /// The context with the event. `None` while a method runs, because the call then owns it.
    cx: Option<Box<CallContext>>,
    chain: HandlerChain,
    /// The index of the next handler in the chain.
    next: usize,
    /// The acknowledgement, from the handlers that have run so far.
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

/// What the run waits for. Each step begins in the phase [`NextHandler`](Self::NextHandler), and
/// changes the phase only if it has to wait.
enum RunPhase {
    /// Nothing: the handler at the index `next` can be started.
    NextHandler,
    /// The guards of a method.
    CheckingGuards(HandlerTarget, BoxFuture<Result<(), Reject>>),
    /// A method.
    RunningHandler(HandlerTarget, PendingCall),
    /// The error filters of a method that has failed.
    RunningFilters(HandlerTarget, Option<Instance>, BoxFuture<EventError>),
    /// The `#[on_error]` handler of the controller whose method has failed.
    RunningOnError(HandlerTarget, PendingCall),
    /// A subscriber.
    RunningSubscriber(BoxFuture<Outcome>),
    /// The error subscribers.
    NotifyingErrors(BoxFuture<()>),
}

impl EventRun {
    /// Prepares the run of the context's event through these handlers.
    pub(in crate::gateway) fn new(cx: Box<CallContext>, chain: HandlerChain) -> Self {
        Self {
            cx: Some(cx),
            chain,
            next: 0,
            answer: EventAnswer::Unit,
            phase: RunPhase::NextHandler,
        }
    }

    /// Starts a run, and continues until it has to wait or is finished.
    pub(in crate::gateway) fn start(
        cx: Box<CallContext>,
        chain: HandlerChain,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
        task: &mut Context<'_>,
    ) -> RunStart {
        Self::new(cx, chain).poll_to_pause(env, instances, task)
    }

    /// As [`start`](Self::start), for an event with a sole handler that has no guards and no
    /// interceptors. If the handler does not suspend and succeeds, which is the common case, no run
    /// is created, and neither the controller nor the context is moved.
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
            cx.prepare_ack();
        }
        let slot = &mut instances[target.controller];
        if direct.handler.inline
            && let Some(instance) = slot
        {
            (direct.block.call)(instance, target.handler.id, &mut cx);
            if !cx.outcome.is_failure() {
                send_sole_outcome(env, &mut cx);
                cx.clear();
                return RunStart::Finished(Some(cx));
            }
        }
        let Some(instance) = take_instance(slot) else {
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

    /// Creates the run of a handler that is already started: it is still running or has failed.
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
            next: 1,
            answer: EventAnswer::Unit,
            phase: RunPhase::NextHandler,
        };
        run.on_started(env, target, call, instances);
        run
    }

    /// Polls the run until it has to wait or is finished.
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

    /// Drops the handler that is still running, and returns it for the log. Its controller is
    /// returned to `instances` if that is possible.
    #[cold]
    pub(in crate::gateway) fn abort(
        self,
        env: &SocketEnv,
        instances: &mut [Option<Instance>],
    ) -> Option<AbortedHandler> {
        let target = match self.phase {
            RunPhase::NextHandler => return None,
            RunPhase::CheckingGuards(target, checking) => {
                drop_ignoring_panic(|| drop(checking));
                target
            }
            RunPhase::RunningHandler(target, call) | RunPhase::RunningOnError(target, call) => {
                if let Some(completed) = abort_call(env, call) {
                    instances[target.controller] = Some(completed.instance);
                }
                target
            }
            RunPhase::RunningFilters(target, instance, filtering) => {
                drop_ignoring_panic(|| drop(filtering));
                instances[target.controller] = instance;
                target
            }
            RunPhase::RunningSubscriber(call) => {
                drop_ignoring_panic(|| drop(call));
                return Some(AbortedHandler::SUBSCRIBER);
            }
            RunPhase::NotifyingErrors(notifying) => {
                drop_ignoring_panic(|| drop(notifying));
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

    /// Takes the context out of a finished run, for another event.
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
                    let Some(entry) = self.chain.get(self.next) else {
                        self.send_answer(env);
                        return Poll::Ready(());
                    };
                    self.next += 1;
                    match entry {
                        ChainEntry::Method(target) => self.start_guards(env, target, instances),
                        ChainEntry::Subscriber(subscriber) => {
                            self.start_subscriber(env, &subscriber);
                        }
                    }
                }
                RunPhase::CheckingGuards(target, checking) => {
                    let target = *target;
                    let checked = ready!(checking.as_mut().poll(cx));
                    self.phase = RunPhase::NextHandler;
                    match checked {
                        Ok(()) => self.start_method(env, target, instances),
                        Err(reject) => self.on_rejected(env, target, reject, instances),
                    }
                }
                RunPhase::RunningHandler(target, call) => {
                    let target = *target;
                    let completed = ready!(call.as_mut().poll(cx));
                    self.phase = RunPhase::NextHandler;
                    self.on_returned(env, target, completed, instances);
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
                    let completed = ready!(call.as_mut().poll(cx));
                    log_failed_error_handler(&completed.cx);
                    instances[target.controller] = Some(completed.instance);
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

    fn start_guards(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instances: &mut [Option<Instance>],
    ) {
        let table = env.controller(target.controller);
        let guards = match table.policies_of(target.handler) {
            Some(policies) if !policies.guards.is_empty() => policies.guards.clone(),
            _ => return self.start_method(env, target, instances),
        };
        let (socket, event) = (env.socket.clone(), self.event_info());
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
        if let Some(instance) = take_instance(&mut instances[target.controller]) {
            let outcome = Outcome::Failed(reject.into());
            self.on_outcome(env, target, instance, outcome, instances);
        }
    }

    fn start_method(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instances: &mut [Option<Instance>],
    ) {
        let Some(instance) = take_instance(&mut instances[target.controller]) else {
            return;
        };
        // Always `Some`, because no other call of this run is running.
        let Some(cx) = self.cx.take() else { return };
        let call = start(env, target, instance, cx);
        self.on_started(env, target, call, instances);
    }

    /// Continues after a handler was started.
    fn on_started(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        call: CallState,
        instances: &mut [Option<Instance>],
    ) {
        match call {
            CallState::Done(completed) => self.on_returned(env, target, completed, instances),
            CallState::Pending(call) => self.phase = RunPhase::RunningHandler(target, call),
        }
    }

    /// Continues after a handler has returned.
    fn on_returned(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        mut completed: CompletedCall,
        instances: &mut [Option<Instance>],
    ) {
        let outcome = completed.take_outcome();
        self.cx = Some(completed.cx);
        self.on_outcome(env, target, completed.instance, outcome, instances);
    }

    /// Records the outcome of a method. A failure passes through the error filters first.
    fn on_outcome(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instance: Instance,
        outcome: Outcome,
        instances: &mut [Option<Instance>],
    ) {
        match self.record_outcome(outcome) {
            None => instances[target.controller] = Some(instance),
            Some(error) => self.apply_filters(env, target, instance, error, instances),
        }
    }

    /// Applies the error filters of a method that has failed.
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
            Some(policies) if !policies.filters.is_empty() && !error.is_disconnected() => {
                let filters = policies.filters.clone();
                let filtering = run_filters(filters, env.socket.clone(), self.event_info(), error);
                self.phase = RunPhase::RunningFilters(target, Some(instance), Box::pin(filtering));
            }
            _ => self.report_failure(env, target, instance, error, instances),
        }
    }

    /// Records the error of a method, after the filters, and starts the controller's `#[on_error]`
    /// handler.
    fn report_failure(
        &mut self,
        env: &SocketEnv,
        target: HandlerTarget,
        instance: Instance,
        error: EventError,
        instances: &mut [Option<Instance>],
    ) {
        self.record_failure(&error);
        let event = self.event_info();
        let failure = Failure { error, event };
        match env.start_error_handler(target.controller, instance, failure) {
            Err((instance, failure)) => {
                instances[target.controller] = Some(instance);
                self.notify_error_subscribers(env, failure);
            }
            Ok(CallState::Done(completed)) => {
                log_failed_error_handler(&completed.cx);
                instances[target.controller] = Some(completed.instance);
            }
            Ok(CallState::Pending(call)) => self.phase = RunPhase::RunningOnError(target, call),
        }
    }

    fn start_subscriber(&mut self, env: &SocketEnv, subscriber: &Arc<Subscriber>) {
        let Some(cx) = &mut self.cx else { return };
        cx.retarget(0, None);
        let Trigger::Event(event) = &cx.trigger else {
            return;
        };
        let mut context = env.subscriber_context(Trigger::Event(event.clone()));
        if subscriber.takes_ack() {
            cx.prepare_ack();
            context.ack.clone_from(&cx.ack);
        }
        match env.table.subscriber_policies.start(subscriber, context) {
            SubscriberCall::Done(outcome) => self.on_subscriber_outcome(env, outcome),
            SubscriberCall::Pending(call) => self.phase = RunPhase::RunningSubscriber(call),
        }
    }

    fn on_subscriber_outcome(&mut self, env: &SocketEnv, outcome: Outcome) {
        if let Some(error) = self.record_outcome(outcome) {
            self.record_failure(&error);
            let event = self.event_info();
            self.notify_error_subscribers(env, Failure { error, event });
        }
    }

    /// Notifies the error subscribers of a failure for which there is no `#[on_error]` handler.
    fn notify_error_subscribers(&mut self, env: &SocketEnv, failure: Failure) {
        if failure.error.is_disconnected() {
            return;
        }
        let report = ErrorReport::new(failure, env.socket.clone());
        if let Some(notifying) = env.table.ingress.notify(&report) {
            self.phase = RunPhase::NotifyingErrors(notifying);
        }
    }

    /// Records a success for the acknowledgement. Returns the error of a failure.
    fn record_outcome(&mut self, outcome: Outcome) -> Option<EventError> {
        match EventAnswer::from_outcome(outcome) {
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

    /// Records a failure for the acknowledgement.
    fn record_failure(&mut self, error: &EventError) {
        tracing::debug!(
            target: "specter::gateway", event = ?Untrusted(self.name()), code = error.code(),
            error = %OneLine(error), "an event failed"
        );
        self.finish_ack(Some(error));
        if matches!(self.answer, EventAnswer::Unit) {
            self.answer = EventAnswer::Failed(error.duplicate());
        }
    }

    /// Ends the use of the `Ack` by a handler that has completed. If the handler took the `Ack`,
    /// the run itself sends no acknowledgement.
    fn finish_ack(&mut self, error: Option<&EventError>) {
        let cx = self.cx.as_ref();
        if cx.is_some_and(|cx| finish_ack(cx, error)) {
            self.answer = EventAnswer::Taken;
        }
    }

    fn send_answer(&mut self, env: &SocketEnv) {
        let answer = std::mem::replace(&mut self.answer, EventAnswer::Taken);
        if let Some(cx) = &self.cx {
            answer.send(env, cx);
        }
    }

    /// The event's name.
    fn name(&self) -> &str {
        self.cx.as_ref().map_or("", |cx| cx.event_name())
    }

    /// The event, for guards, error filters, error handlers and error subscribers.
    fn event_info(&self) -> EventInfo {
        let cx = self.cx.as_ref();
        cx.map_or_else(EventInfo::connect, |cx| cx.event_info())
    }
}

/// A handler that was dropped because it was still running after the grace period that follows its
/// client's disconnect.
pub(in crate::gateway) struct AbortedHandler {
    pub(in crate::gateway) controller: &'static str,
    pub(in crate::gateway) handler: &'static str,
    /// Whether its controller was dropped too, so that the controller's `disconnect` handler is not
    /// called.
    pub(in crate::gateway) misses_disconnect: bool,
}

impl AbortedHandler {
    const SUBSCRIBER: Self = Self {
        controller: "SocketIngress",
        handler: "a subscriber",
        misses_disconnect: false,
    };
}

/// Aborts a call. The call is polled once more; in this poll it drops the handler's body and
/// returns the controller. `None` if the handler is on the blocking pool, where it cannot be
/// stopped.
fn abort_call(env: &SocketEnv, mut call: PendingCall) -> Option<CompletedCall> {
    let mut task = Context::from_waker(Waker::noop());
    let polled = env.socket.abandon_in(|| call.as_mut().poll(&mut task));
    drop_ignoring_panic(|| drop(call));
    match polled {
        Poll::Ready(completed) => Some(completed),
        Poll::Pending => None,
    }
}

/// Starts a method with the context of the event.
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
        cx.prepare_ack();
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

/// Takes an exclusive instance out of its slot. A shared instance is cloned.
#[inline]
fn take_instance(slot: &mut Option<Instance>) -> Option<Instance> {
    match slot {
        Some(Instance::Shared(controller)) => Some(Instance::Shared(controller.clone())),
        slot => slot.take(),
    }
}

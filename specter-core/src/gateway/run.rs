//! One event on its way through its handlers: methods of controllers and subscribers, in their
//! order.

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use super::answer::{Answer, conclude, finish_ack};
use super::call::{CallContext, Cause, Ended, Failure, Outcome, PendingCall, Step};
use super::catch::drop_caught;
use super::error::EventError;
use super::event::EventInfo;
use super::filter::filtered;
use super::guard::check_guards;
use super::info::OnPanic;
use super::ingress::{Called, ErrorReport, Subscriber};
use super::instance::Instance;
use super::lifecycle::Env;
use super::table::{Straight, Target, Targets};
use super::turns::{Turn, Turns};
use crate::logging::{OneLine, Untrusted, log_limited};
use crate::socket::Reject;
use crate::socket::service::BoxFuture;

pub(super) struct Run {
    /// With the event. A method that is called takes it along and brings it back.
    cx: Option<Box<CallContext>>,
    turns: Turns,
    at: usize,
    answer: Answer,
    phase: Phase,
}

/// What became of an event that was begun.
pub(super) enum Begun {
    /// It is over, and its context is free for another.
    Over(Option<Box<CallContext>>),
    /// It is to be polled.
    GoesOn(Run),
}

/// What is awaited. Whatever is begun finds [`Next`](Self::Next), and leaves it where nothing is to
/// be awaited.
enum Phase {
    /// The handler at `at` is to be called.
    Next,
    Guarding(Target, BoxFuture<Result<(), Reject>>),
    Handling(Target, PendingCall),
    /// A handler failed, and its error is passed through filters.
    Filtering(Target, Option<Instance>, BoxFuture<EventError>),
    /// `#[on_error]` of the target's controller runs.
    Failing(Target, PendingCall),
    /// A subscriber runs.
    Subscriber(BoxFuture<Outcome>),
    /// Error subscribers run.
    Telling(BoxFuture<()>),
}

impl Run {
    /// The event in the context, on its way through these turns.
    pub(super) fn new(cx: Box<CallContext>, turns: Turns) -> Self {
        Self {
            cx: Some(cx),
            turns,
            at: 0,
            answer: Answer::Unit,
            phase: Phase::Next,
        }
    }

    /// Begins it and runs it as far as it comes at once.
    pub(super) fn begin(
        cx: Box<CallContext>,
        turns: Turns,
        env: &Env,
        instances: &mut [Option<Instance>],
        task: &mut Context<'_>,
    ) -> Begun {
        Self::new(cx, turns).go_on(env, instances, task)
    }

    /// The same for the only handler of an event, whose controller is there. If it succeeds at
    /// once, which is the rule, no run is needed; if it is over when it returns, neither controller
    /// nor context move.
    pub(super) fn begin_straight(
        mut cx: Box<CallContext>,
        straight: &Straight,
        env: &Env,
        instances: &mut [Option<Instance>],
        task: &mut Context<'_>,
    ) -> Begun {
        let target = straight.target;
        cx.aim(target.controller, Some(straight.handler));
        cx.is_alone = straight.handler.inline;
        if straight.takes_ack {
            cx.offer_ack();
        }
        let slot = &mut instances[target.controller];
        if straight.handler.inline
            && let Some(instance) = slot
        {
            (straight.block.call)(instance, target.handler.id, &mut cx);
            if !cx.outcome.is_failure() {
                conclude(env, &mut cx);
                cx.clear();
                return Begun::Over(Some(cx));
            }
        }
        let Some(instance) = take(slot) else {
            cx.clear();
            return Begun::Over(Some(cx));
        };
        let step = if straight.handler.inline {
            Step::Done(Ended { instance, cx })
        } else {
            (straight.block.start)(instance, target.handler.id, cx)
        };
        let turns = Turns::Methods(Targets::One(target));
        Self::begun(step, target, turns, env, instances).go_on(env, instances, task)
    }

    /// With a handler that was begun: it goes on, or failed.
    #[inline(never)]
    fn begun(
        step: Step,
        target: Target,
        turns: Turns,
        env: &Env,
        instances: &mut [Option<Instance>],
    ) -> Self {
        let mut run = Self {
            cx: None,
            turns,
            at: 1,
            answer: Answer::Unit,
            phase: Phase::Next,
        };
        run.stepped(env, target, step, instances);
        run
    }

    /// Runs it as far as it comes.
    #[inline(never)]
    fn go_on(
        mut self,
        env: &Env,
        instances: &mut [Option<Instance>],
        task: &mut Context<'_>,
    ) -> Begun {
        if self.poll(env, instances, task).is_pending() {
            Begun::GoesOn(self)
        } else {
            Begun::Over(self.into_context())
        }
    }

    /// Drops what still runs, and brings its controller back where that can be.
    #[cold]
    pub(super) fn abandon(
        self,
        env: &Env,
        instances: &mut [Option<Instance>],
    ) -> Option<Abandoned> {
        let target = match self.phase {
            Phase::Next => return None,
            Phase::Guarding(target, checking) => {
                drop_caught(|| drop(checking));
                target
            }
            Phase::Handling(target, call) | Phase::Failing(target, call) => {
                if let Some(ended) = abandon_call(env, call) {
                    instances[target.controller] = Some(ended.instance);
                }
                target
            }
            Phase::Filtering(target, instance, filtering) => {
                drop_caught(|| drop(filtering));
                instances[target.controller] = instance;
                target
            }
            Phase::Subscriber(call) => {
                drop_caught(|| drop(call));
                return Some(Abandoned::SUBSCRIBER);
            }
            Phase::Telling(telling) => {
                drop_caught(|| drop(telling));
                return Some(Abandoned::SUBSCRIBER);
            }
        };
        let table = env.controller(target.controller);
        let handler = table.handler(target.handler);
        Some(Abandoned {
            controller: table.info.name,
            handler: handler.map_or("", |handler| handler.method),
            misses_disconnect: table.disconnect.is_some() && instances[target.controller].is_none(),
        })
    }

    /// Lets go of the event, once it is over.
    pub(super) fn clear(&mut self) {
        if let Some(cx) = &mut self.cx {
            cx.clear();
        }
    }

    /// The context, for another event.
    pub(super) fn into_context(mut self) -> Option<Box<CallContext>> {
        self.clear();
        self.cx
    }

    pub(super) fn poll(
        &mut self,
        env: &Env,
        instances: &mut [Option<Instance>],
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            match &mut self.phase {
                Phase::Next => {
                    let Some(turn) = self.turns.get(self.at) else {
                        self.answer(env);
                        return Poll::Ready(());
                    };
                    self.at += 1;
                    match turn {
                        Turn::Method(target) => self.guard(env, target, instances),
                        Turn::Subscriber(subscriber) => self.subscriber(env, &subscriber),
                    }
                }
                Phase::Guarding(target, checking) => {
                    let target = *target;
                    let checked = ready!(checking.as_mut().poll(cx));
                    self.phase = Phase::Next;
                    match checked {
                        Ok(()) => self.call(env, target, instances),
                        Err(reject) => self.rejected(env, target, reject, instances),
                    }
                }
                Phase::Handling(target, call) => {
                    let target = *target;
                    let ended = ready!(call.as_mut().poll(cx));
                    self.phase = Phase::Next;
                    self.called(env, target, ended, instances);
                }
                Phase::Filtering(target, instance, filtering) => {
                    let target = *target;
                    let error = ready!(filtering.as_mut().poll(cx));
                    let instance = instance.take();
                    self.phase = Phase::Next;
                    if let Some(instance) = instance {
                        self.failed(env, target, instance, error, instances);
                    }
                }
                Phase::Failing(target, call) => {
                    let target = *target;
                    let ended = ready!(call.as_mut().poll(cx));
                    log_failed_error_handler(&ended.cx);
                    instances[target.controller] = Some(ended.instance);
                    self.phase = Phase::Next;
                }
                Phase::Subscriber(call) => {
                    let outcome = ready!(call.as_mut().poll(cx));
                    self.phase = Phase::Next;
                    self.subscriber_called(env, outcome);
                }
                Phase::Telling(telling) => {
                    ready!(telling.as_mut().poll(cx));
                    self.phase = Phase::Next;
                }
            }
        }
    }

    fn guard(&mut self, env: &Env, target: Target, instances: &mut [Option<Instance>]) {
        let table = env.controller(target.controller);
        let guards = match table.wired(target.handler) {
            Some(wired) if !wired.guards.is_empty() => wired.guards.clone(),
            _ => return self.call(env, target, instances),
        };
        let (socket, name) = (env.socket.clone(), self.name().to_owned());
        let checking = async move { check_guards(&guards, &socket, Some(&name)).await };
        self.phase = Phase::Guarding(target, Box::pin(checking));
    }

    fn rejected(
        &mut self,
        env: &Env,
        target: Target,
        reject: Reject,
        instances: &mut [Option<Instance>],
    ) {
        if let Some(instance) = take(&mut instances[target.controller]) {
            let outcome = Outcome::Failed(reject.into());
            self.concluded(env, target, instance, outcome, instances);
        }
    }

    fn call(&mut self, env: &Env, target: Target, instances: &mut [Option<Instance>]) {
        let Some(instance) = take(&mut instances[target.controller]) else {
            return;
        };
        // It is here between two calls.
        let Some(cx) = self.cx.take() else { return };
        let step = start(env, target, instance, cx);
        self.stepped(env, target, step, instances);
    }

    /// A handler was called.
    fn stepped(
        &mut self,
        env: &Env,
        target: Target,
        step: Step,
        instances: &mut [Option<Instance>],
    ) {
        match step {
            Step::Done(ended) => self.called(env, target, ended, instances),
            Step::Pending(call) => self.phase = Phase::Handling(target, call),
        }
    }

    /// A handler is over, and the context is back.
    fn called(
        &mut self,
        env: &Env,
        target: Target,
        mut ended: Ended,
        instances: &mut [Option<Instance>],
    ) {
        let outcome = ended.take_outcome();
        self.cx = Some(ended.cx);
        self.concluded(env, target, ended.instance, outcome, instances);
    }

    /// What became of a handler's call. Its failure is filtered, then counts.
    fn concluded(
        &mut self,
        env: &Env,
        target: Target,
        instance: Instance,
        outcome: Outcome,
        instances: &mut [Option<Instance>],
    ) {
        match self.record(outcome) {
            None => instances[target.controller] = Some(instance),
            Some(error) => self.troubled(env, target, instance, error, instances),
        }
    }

    /// A handler failed.
    fn troubled(
        &mut self,
        env: &Env,
        target: Target,
        instance: Instance,
        error: EventError,
        instances: &mut [Option<Instance>],
    ) {
        let table = env.controller(target.controller);
        if error.is_panic() && table.info.on_panic == OnPanic::Disconnect {
            env.socket.disconnect();
        }
        match table.wired(target.handler) {
            Some(wired) if !wired.filters.is_empty() && !error.is_gone() => {
                let filters = wired.filters.clone();
                let filtering = filtered(filters, env.socket.clone(), self.info(), error);
                self.phase = Phase::Filtering(target, Some(instance), Box::pin(filtering));
            }
            _ => self.failed(env, target, instance, error, instances),
        }
    }

    /// The controller is back and its error is what it will be: it counts, and `#[on_error]` is
    /// told.
    fn failed(
        &mut self,
        env: &Env,
        target: Target,
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
                self.tell(env, failure);
            }
            Ok(Step::Done(ended)) => {
                log_failed_error_handler(&ended.cx);
                instances[target.controller] = Some(ended.instance);
            }
            Ok(Step::Pending(call)) => self.phase = Phase::Failing(target, call),
        }
    }

    fn subscriber(&mut self, env: &Env, subscriber: &Arc<Subscriber>) {
        let Some(cx) = &mut self.cx else { return };
        cx.aim(0, None);
        let Cause::Event(event) = &cx.cause else {
            return;
        };
        let mut context = env.free_context(Cause::Event(event.clone()));
        if subscriber.takes_ack() {
            cx.offer_ack();
            context.ack.clone_from(&cx.ack);
        }
        match subscriber.start(env, context) {
            Called::Done(outcome) => self.subscriber_called(env, outcome),
            Called::Pending(call) => self.phase = Phase::Subscriber(call),
        }
    }

    fn subscriber_called(&mut self, env: &Env, outcome: Outcome) {
        if let Some(error) = self.record(outcome) {
            self.fail(&error);
            let event = self.info();
            self.tell(env, Failure { error, event });
        }
    }

    /// Tells a failure that no controller takes to the error subscribers.
    fn tell(&mut self, env: &Env, failure: Failure) {
        if failure.error.is_gone() {
            return;
        }
        let report = ErrorReport::new(failure, env.socket.clone());
        if let Some(telling) = env.table.ingress.tell(&report) {
            self.phase = Phase::Telling(telling);
        }
    }

    /// Counts a success towards the answer; gives a failure back.
    fn record(&mut self, outcome: Outcome) -> Option<EventError> {
        match Answer::of(outcome) {
            Ok(Some(answer)) if matches!(self.answer, Answer::Unit | Answer::Failed(_)) => {
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
        if matches!(self.answer, Answer::Unit) {
            self.answer = Answer::Failed(error.duplicate());
        }
    }

    fn finish_ack(&mut self, error: Option<&EventError>) {
        let cx = self.cx.as_ref();
        if cx.is_some_and(|cx| finish_ack(cx, error)) {
            self.answer = Answer::Taken;
        }
    }

    fn answer(&mut self, env: &Env) {
        let answer = std::mem::replace(&mut self.answer, Answer::Taken);
        if let Some(cx) = &self.cx {
            answer.send(env, cx);
        }
    }

    /// The event's name.
    fn name(&self) -> &str {
        self.cx.as_ref().map_or("", |cx| cx.event_name())
    }

    /// The event, for those who are told of its failure.
    fn info(&self) -> EventInfo {
        let cx = self.cx.as_ref();
        cx.map_or_else(EventInfo::connect, |cx| cx.info())
    }
}

/// A handler that was dropped because it ran on after its client left.
pub(super) struct Abandoned {
    pub(super) controller: &'static str,
    pub(super) handler: &'static str,
    /// Its controller was lost with it, and has a `disconnect` handler.
    pub(super) misses_disconnect: bool,
}

impl Abandoned {
    const SUBSCRIBER: Self = Self {
        controller: "SocketIngress",
        handler: "a subscriber",
        misses_disconnect: false,
    };
}

/// Polls a call for the last time, in which its handler is dropped and its controller comes back.
/// `None` where the call has it elsewhere: on the blocking pool.
fn abandon_call(env: &Env, mut call: PendingCall) -> Option<Ended> {
    let mut task = Context::from_waker(Waker::noop());
    let polled = env.socket.abandon_in(|| call.as_mut().poll(&mut task));
    drop_caught(|| drop(call));
    match polled {
        Poll::Ready(ended) => Some(ended),
        Poll::Pending => None,
    }
}

/// Begins a method, with the context of its event.
fn start(env: &Env, target: Target, instance: Instance, mut cx: Box<CallContext>) -> Step {
    let table = env.controller(target.controller);
    let wired = table.wired(target.handler);
    cx.aim(target.controller, table.handler(target.handler));
    if wired.is_some_and(|wired| wired.takes_ack) {
        cx.offer_ack();
    }
    env.start(target, wired, instance, cx)
}

fn log_failed_error_handler(cx: &CallContext) {
    if let Outcome::Failed(error) = &cx.outcome {
        log_limited!(
            WARN, key = cx.handler, target: "specter::gateway", handler = cx.handler,
            error = %OneLine(error), "an `#[on_error]` handler failed"
        );
    }
}

/// Takes an exclusive controller out of its place; a shared one stays.
#[inline]
fn take(slot: &mut Option<Instance>) -> Option<Instance> {
    match slot {
        Some(Instance::Shared(controller)) => Some(Instance::Shared(controller.clone())),
        slot => slot.take(),
    }
}

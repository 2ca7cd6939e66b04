//! One socket's events: which handlers run, in which order, and what the client is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, Stream};
use specter_proto::socket::{EncodedArgs, EventPacket, encode};

use super::ack::AckCell;
use super::call::{Cause, Failure, Instance, Outcome, PendingCall, Step};
use super::error::{EventError, EventInfo};
use super::info::OnPanic;
use super::lifecycle::{Env, check_guards, disconnect};
use super::table::{Target, Targets};
use crate::socket::service::{BoxFuture, SocketService, Turn};
use crate::socket::{DisconnectReason, Reject};

/// A connected socket's controllers and what runs on them.
pub(super) struct Dispatch {
    env: Env,
    instances: Vec<Option<Instance>>,
    /// The event whose turn it is.
    running: Option<Run>,
    /// Events of `concurrent` handlers.
    beside: FuturesUnordered<RunBeside>,
    beside_bytes: usize,
    leaving: Option<DisconnectReason>,
    ending: Option<BoxFuture<()>>,
}

impl Dispatch {
    pub(super) fn new(env: Env, instances: Vec<Option<Instance>>) -> Self {
        Self {
            env,
            instances,
            running: None,
            beside: FuturesUnordered::new(),
            beside_bytes: 0,
            leaving: None,
            ending: None,
        }
    }

    fn poll_beside(&mut self, cx: &mut Context<'_>) {
        while !self.beside.is_empty() {
            match Pin::new(&mut self.beside).poll_next(cx) {
                Poll::Ready(Some(bytes)) => self.beside_bytes -= bytes,
                Poll::Ready(None) | Poll::Pending => return,
            }
        }
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(run) = &mut self.running {
            ready!(run.poll(&self.env, &mut self.instances, cx));
            self.running = None;
        }
        Poll::Ready(())
    }

    /// The controllers of a concurrent event, shared.
    fn shared(&self, targets: &Targets) -> Vec<Option<Instance>> {
        let mut shared: Vec<Option<Instance>> = self.instances.iter().map(|_| None).collect();
        for at in 0.. {
            let Some(target) = targets.get(at) else { break };
            if let Some(Instance::Shared(controller)) = &self.instances[target.controller] {
                shared[target.controller] = Some(Instance::Shared(controller.clone()));
            }
        }
        shared
    }
}

impl SocketService for Dispatch {
    fn turn(&self, event: &EventPacket) -> Turn {
        let table = &self.env.table;
        if !table.has_concurrent() || !table.is_concurrent(&table.targets(event.name())) {
            Turn::InOrder
        } else if self.beside.len() < table.max_concurrent {
            Turn::Beside
        } else {
            Turn::Later
        }
    }

    fn beside_bytes(&self) -> usize {
        self.beside_bytes
    }

    fn begin(&mut self, event: EventPacket) {
        let table = &self.env.table;
        let targets = table.targets(event.name());
        if targets == Targets::None {
            table
                .unknown
                .note(table.hub.name(), event.name(), table.event_names());
            return;
        }
        if table.is_concurrent(&targets) {
            let instances = self.shared(&targets);
            self.beside_bytes += event.size();
            self.beside.push(RunBeside {
                run: Run::new(event, targets),
                env: self.env.clone(),
                instances,
            });
        } else {
            self.running = Some(Run::new(event, targets));
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let running = self.poll_running(cx);
        self.poll_beside(cx);
        running
    }

    fn disconnect(&mut self, reason: DisconnectReason) {
        self.leaving = Some(reason);
    }

    fn poll_disconnected(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let running = self.poll_running(cx);
        self.poll_beside(cx);
        ready!(running);
        if !self.beside.is_empty() {
            return Poll::Pending;
        }
        if let Some(reason) = self.leaving.take() {
            let instances = std::mem::take(&mut self.instances);
            self.ending = Some(Box::pin(disconnect(self.env.clone(), instances, reason)));
        }
        match &mut self.ending {
            Some(ending) => ending.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }

    fn abandon(&mut self) {
        self.running = None;
        self.beside.clear();
        self.beside_bytes = 0;
        self.ending = None;
    }
}

/// One event on its way through its handlers.
struct Run {
    event: EventPacket,
    targets: Targets,
    at: usize,
    ack: Option<Arc<AckCell>>,
    answer: Answer,
    phase: Phase,
}

enum Phase {
    /// The handler at `at` is to be called.
    Next,
    Guarding(Target, BoxFuture<Result<(), Reject>>),
    Handling(Target, PendingCall),
    /// `#[on_error]` of the target's controller runs.
    Failing(Target, PendingCall),
}

/// What the client will be answered: the first value, else the first error, else nothing.
enum Answer {
    Unit,
    Value(EncodedArgs),
    Failed(EventError),
    /// A handler answers itself.
    Taken,
}

impl Run {
    fn new(event: EventPacket, targets: Targets) -> Self {
        Self {
            event,
            targets,
            at: 0,
            ack: None,
            answer: Answer::Unit,
            phase: Phase::Next,
        }
    }

    fn poll(
        &mut self,
        env: &Env,
        instances: &mut [Option<Instance>],
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            match &mut self.phase {
                Phase::Next => {
                    let Some(target) = self.targets.get(self.at) else {
                        self.answer(env);
                        return Poll::Ready(());
                    };
                    self.at += 1;
                    self.guard(env, target, instances);
                }
                Phase::Guarding(target, checking) => {
                    let target = *target;
                    match ready!(checking.as_mut().poll(cx)) {
                        Ok(()) => self.call(env, target, instances),
                        Err(reject) => self.rejected(env, target, reject, instances),
                    }
                }
                Phase::Handling(target, call) => {
                    let target = *target;
                    let (instance, outcome) = ready!(call.as_mut().poll(cx));
                    self.called(env, target, instance, outcome, instances);
                }
                Phase::Failing(target, call) => {
                    let target = *target;
                    let (instance, outcome) = ready!(call.as_mut().poll(cx));
                    instances[target.controller] = Some(instance);
                    log_failed_error_handler(&outcome);
                    self.phase = Phase::Next;
                }
            }
        }
    }

    fn guard(&mut self, env: &Env, target: Target, instances: &mut [Option<Instance>]) {
        let guards = env
            .controller(target.controller)
            .handler_guards(target.handler);
        if guards.is_empty() {
            self.call(env, target, instances);
            return;
        }
        let (guards, socket, name) = (
            guards.to_vec(),
            env.socket.clone(),
            self.event.name().to_owned(),
        );
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
        self.phase = Phase::Next;
        if let Some(instance) = take(&mut instances[target.controller]) {
            self.called(
                env,
                target,
                instance,
                Outcome::Failed(reject.into()),
                instances,
            );
        }
    }

    fn call(&mut self, env: &Env, target: Target, instances: &mut [Option<Instance>]) {
        self.phase = Phase::Next;
        let Some(instance) = take(&mut instances[target.controller]) else {
            return;
        };
        let table = env.controller(target.controller);
        let mut context = env.context(
            target.controller,
            target.handler,
            Cause::Event(self.event.clone()),
        );
        if let Some(id) = self.event.id()
            && table.takes_ack(target.handler)
        {
            let cell = AckCell::new(env.socket.clone(), id);
            self.ack = Some(cell.clone());
            context.ack = Some(cell);
        }
        match table.start(instance, target.handler, context) {
            Step::Done(instance, outcome) => self.called(env, target, instance, outcome, instances),
            Step::Pending(call) => self.phase = Phase::Handling(target, call),
        }
    }

    /// A handler is over: its outcome counts, its controller is back.
    fn called(
        &mut self,
        env: &Env,
        target: Target,
        instance: Instance,
        outcome: Outcome,
        instances: &mut [Option<Instance>],
    ) {
        self.phase = Phase::Next;
        // An error that the handler answered with itself is in `ack`; it is told to `#[on_error]` all the same.
        let taken = self.ack.as_ref().is_some_and(|ack| ack.is_taken());
        let failed = self.record(outcome, taken);
        let Some(error) = failed else {
            instances[target.controller] = Some(instance);
            return;
        };
        if error.is_panic()
            && env.controller(target.controller).info.on_panic == OnPanic::Disconnect
        {
            env.socket.disconnect();
        }
        let event = EventInfo {
            name: self.event.name().into(),
            args: self.event.raw_args(),
        };
        match env.start_error_handler(target.controller, instance, Failure { error, event }) {
            Err(instance) => instances[target.controller] = Some(instance),
            Ok(Step::Done(instance, outcome)) => {
                log_failed_error_handler(&outcome);
                instances[target.controller] = Some(instance);
            }
            Ok(Step::Pending(call)) => self.phase = Phase::Failing(target, call),
        }
    }

    /// Counts an outcome towards the answer; gives a failure on to `#[on_error]`.
    fn record(&mut self, outcome: Outcome, taken: bool) -> Option<EventError> {
        if taken {
            self.answer = Answer::Taken;
        }
        match outcome {
            Outcome::Value(Some(value))
                if matches!(self.answer, Answer::Unit | Answer::Failed(_)) =>
            {
                self.answer = Answer::Value(value);
                None
            }
            Outcome::Unit | Outcome::Value(_) | Outcome::Taken => None,
            Outcome::Failed(error) => Some(self.fail(error)),
            Outcome::Rejected(reject) => Some(self.fail(reject.into())),
        }
    }

    fn fail(&mut self, error: EventError) -> EventError {
        tracing::debug!(target: "specter::gateway", event = self.event.name(), %error, "an event failed");
        if matches!(self.answer, Answer::Unit) && !error.is_gone() {
            self.answer = Answer::Failed(error.duplicate());
        }
        error
    }

    fn answer(&mut self, env: &Env) {
        let Some(id) = self.event.id() else { return };
        let namespace = env.table.hub.name();
        let packet = match std::mem::replace(&mut self.answer, Answer::Taken) {
            Answer::Taken => return,
            Answer::Unit => encode::ack(namespace, id, &()),
            Answer::Value(value) => Ok(encode::ack_encoded(namespace, id, &value)),
            Answer::Failed(error) => encode::ack(namespace, id, &error),
        };
        match packet {
            Ok(packet) => env.socket.acknowledge(packet),
            Err(error) => {
                tracing::error!(target: "specter::gateway", event = self.event.name(), %error, "an acknowledgement cannot be encoded");
            }
        }
    }
}

fn log_failed_error_handler(outcome: &Outcome) {
    if let Outcome::Failed(error) = outcome {
        tracing::warn!(target: "specter::gateway", %error, "an `#[on_error]` handler failed");
    }
}

/// Takes an exclusive controller out of its place; a shared one stays.
fn take(slot: &mut Option<Instance>) -> Option<Instance> {
    match slot {
        Some(Instance::Shared(controller)) => Some(Instance::Shared(controller.clone())),
        slot => slot.take(),
    }
}

/// An event that does not wait for its turn: owns what it runs on.
struct RunBeside {
    run: Run,
    env: Env,
    instances: Vec<Option<Instance>>,
}

impl Future for RunBeside {
    /// The event's bytes, which are free now.
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = &mut *self;
        ready!(this.run.poll(&this.env, &mut this.instances, cx));
        Poll::Ready(this.run.event.size())
    }
}

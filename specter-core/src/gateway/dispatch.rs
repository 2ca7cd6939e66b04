//! One socket's events: which handlers run, in which order, and what the client is answered.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, StreamExt};
use specter_proto::socketio::EventPacket;

use super::call::CallContext;
use super::instance::Instance;
use super::lifecycle::{Env, Subscribers, disconnect};
use super::run::{Abandoned, Begun, Run};
use super::table::Straight;
use super::turns::Turns;
use crate::logging::log_limited;
use crate::socket::DisconnectReason;
use crate::socket::service::{BoxFuture, Offered, SocketService};

/// A connected socket's controllers and what runs on them.
pub(super) struct Dispatch {
    env: Env,
    instances: Vec<Option<Instance>>,
    /// Whether some handler runs beside others: where none does, nothing need be looked up early.
    concurrent: bool,
    /// The handler of the event before, which is often that of the next.
    straight: Option<Straight>,
    /// Made for the first event and kept for the next, while none runs.
    cx: Option<Box<CallContext>>,
    /// The event whose turn it is.
    running: Option<Run>,
    /// It was begun since the last poll, and run as far as it came: it waits to be woken.
    just_begun: bool,
    /// Events of `concurrent` handlers; made for the first one.
    beside: Option<Box<FuturesUnordered<RunBeside>>>,
    beside_bytes: usize,
    leaving: Option<DisconnectReason>,
    ending: Option<BoxFuture<()>>,
}

impl Dispatch {
    pub(super) fn new(env: Env, instances: Vec<Option<Instance>>) -> Self {
        Self {
            concurrent: env.table.has_concurrent(),
            straight: None,
            cx: None,
            env,
            instances,
            running: None,
            just_begun: false,
            beside: None,
            beside_bytes: 0,
            leaving: None,
            ending: None,
        }
    }

    fn poll_beside(&mut self, cx: &mut Context<'_>) {
        let Some(beside) = &mut self.beside else {
            return;
        };
        while let Poll::Ready(Some(bytes)) = beside.poll_next_unpin(cx) {
            self.beside_bytes -= bytes;
        }
    }

    fn count_beside(&self) -> usize {
        self.beside.as_ref().map_or(0, |beside| beside.len())
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.just_begun) {
            return Poll::Pending;
        }
        if let Some(run) = &mut self.running {
            ready!(run.poll(&self.env, &mut self.instances, cx));
            self.cx = self.running.take().and_then(Run::into_context);
        }
        Poll::Ready(())
    }

    /// Begins an event by all the rules.
    #[inline(never)]
    fn begin_any(&mut self, event: EventPacket, cx: &mut Context<'_>) -> Offered {
        let table = &self.env.table;
        let turns = table.turns(event.name());
        if turns.is_empty() {
            table.note_unknown(event.name());
            event.recycle();
            return Offered::Over;
        }
        let context = self.cx.take();
        let context = context.unwrap_or_else(|| self.env.event_context());
        let context = context.with(event);
        let begun = Run::begin(context, turns, &self.env, &mut self.instances, cx);
        self.begun(begun)
    }

    /// Begins an event beside those that run.
    fn begin_beside(&mut self, event: EventPacket, turns: Turns, cx: &mut Context<'_>) {
        let instances = self.shared(&turns);
        let size = event.size();
        self.beside_bytes += size;
        self.beside.get_or_insert_default().push(RunBeside {
            run: Run::new(self.env.event_context().with(event), turns),
            size,
            env: self.env.clone(),
            instances,
        });
        // What comes behind it finds it begun.
        self.poll_beside(cx);
    }

    fn begun(&mut self, begun: Begun) -> Offered {
        match begun {
            Begun::Over(context) => {
                self.cx = context;
                Offered::Over
            }
            Begun::GoesOn(run) => {
                self.running = Some(run);
                self.just_begun = true;
                Offered::Begun
            }
        }
    }

    fn warn_of(&self, abandoned: Option<Abandoned>) {
        let Some(abandoned) = abandoned else { return };
        let Abandoned {
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
    fn shared(&self, turns: &Turns) -> Vec<Option<Instance>> {
        let mut shared: Vec<Option<Instance>> = self.instances.iter().map(|_| None).collect();
        for target in turns.methods() {
            if let Some(Instance::Shared(controller)) = &self.instances[target.controller] {
                shared[target.controller] = Some(Instance::Shared(controller.clone()));
            }
        }
        shared
    }
}

impl SocketService for Dispatch {
    fn offer(&mut self, event: EventPacket, free: bool, cx: &mut Context<'_>) -> Offered {
        if self.concurrent {
            let turns = self.env.table.turns(event.name());
            if self.env.table.is_concurrent(&turns) {
                if self.count_beside() >= self.env.table.max_concurrent {
                    return Offered::Waits(event);
                }
                self.begin_beside(event, turns, cx);
                return Offered::Beside;
            }
        }
        if !free || self.running.is_some() {
            return Offered::Waits(event);
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
            let begun = Run::begin_straight(context.with(event), straight, env, instances, cx);
            self.begun(begun)
        } else {
            self.begin_any(event, cx)
        }
    }

    fn beside_bytes(&self) -> usize {
        self.beside_bytes
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
        if self.count_beside() > 0 {
            return Poll::Pending;
        }
        if let Some(reason) = self.leaving.take() {
            let instances = std::mem::take(&mut self.instances);
            self.ending = Some(Box::pin(disconnect(
                self.env.clone(),
                instances,
                reason,
                Subscribers::Told,
                self.env.table.handler_grace,
            )));
        }
        match &mut self.ending {
            Some(ending) => ending.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }

    fn abandon(&mut self) {
        self.just_begun = false;
        self.beside_bytes = 0;
        if let Some(run) = self.running.take() {
            let abandoned = run.abandon(&self.env, &mut self.instances);
            self.warn_of(abandoned);
        }
        for beside in self.beside.take().into_iter().flat_map(|beside| *beside) {
            let RunBeside {
                run,
                env,
                mut instances,
                ..
            } = beside;
            self.warn_of(run.abandon(&env, &mut instances));
        }
    }
}

/// An event that does not wait for its turn: owns what it runs on.
struct RunBeside {
    run: Run,
    /// The event's bytes.
    size: usize,
    env: Env,
    instances: Vec<Option<Instance>>,
}

impl Future for RunBeside {
    /// The event's bytes, which are free now.
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = &mut *self;
        ready!(this.run.poll(&this.env, &mut this.instances, cx));
        this.run.clear();
        Poll::Ready(this.size)
    }
}

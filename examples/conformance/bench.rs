//! Profile `bench`: Socket.IO with the default settings, for load generators. The benchmarks serve
//! the same module.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;
use specter::prelude::*;

#[module(controllers = [Bench], providers = [Counter])]
pub(crate) struct BenchModule;

/// A singleton that all controllers share.
#[injectable]
struct Counter {
    #[state]
    sockets: AtomicU64,
}

#[socketio_controller(unlisted)]
struct Bench {
    counter: Arc<Counter>,
}

#[handlers]
impl Bench {
    #[on_event("connect")]
    fn connect(&self) {
        self.counter.sockets.fetch_add(1, Ordering::Relaxed);
    }

    #[on_event]
    fn echo<'a>(
        &self,
        socket: &Socket,
        args: &'a Args,
        WantsAck(wants_ack): WantsAck,
    ) -> Result<&'a Args, EmitError> {
        if !wants_ack {
            socket.emit("echo", args)?;
        }
        Ok(args)
    }

    #[on_event]
    fn emit(&self, socket: &Socket, args: &Args) -> Result<(), EmitError> {
        socket.emit("echo", args)
    }

    #[on_event]
    fn broadcast(&self, everybody: Namespace, args: &Args) -> Result<(), EmitError> {
        everybody.emit("broadcast", args)
    }

    #[on_event]
    fn join(&self, socket: &Socket, room: &str) -> Result<(), JoinError> {
        socket.join(room)
    }

    #[on_event]
    fn room(
        &self,
        everybody: Namespace,
        room: &str,
        value: Box<RawValue>,
    ) -> Result<(), EmitError> {
        everybody.to(room).emit("room", value)
    }
}

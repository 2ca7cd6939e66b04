//! Specter, with the content of the conformance server's `bench` profile.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;
use specter::prelude::*;
use specter_bench::listen::listen;

#[module(controllers = [Bench], providers = [Counter])]
struct BenchModule;

/// The singleton that every controller shares.
#[injectable]
struct Counter {
    #[state]
    sockets: AtomicU64,
}

#[socketio_controller]
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
    fn echo(&self, socket: &Socket, args: Args, ack: Ack) -> Result<(), EmitError> {
        if ack.is_wanted() {
            ack.send(args)
        } else {
            socket.emit("echo", args)
        }
    }

    #[on_event]
    fn emit(&self, socket: &Socket, args: Args) -> Result<(), EmitError> {
        socket.emit("echo", args)
    }

    #[on_event]
    fn broadcast(&self, everybody: Namespace, args: Args) -> Result<(), EmitError> {
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

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The listener pins this thread first, so that the runtime makes one worker for one core.
    let listener = listen()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        App::create::<BenchModule>().await?.serve(listener).await?;
        Ok(())
    })
}

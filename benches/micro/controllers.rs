//! Opens and closes a socket, for which a controller is built, in memory: CONNECT, scope,
//! `connect`, reply, DISCONNECT. Run it with `cargo bench -p specter-bench`.
//!
//! The difference between the two namespaces is the container's cost. `cargo bench -p specter-di`
//! measures the container alone, in comparison with others.

#![allow(
    dead_code,
    clippy::unused_self,
    reason = "controllers hold what they would use"
)]

mod memory;

use divan::Bencher;
use memory::{Line, frames};
use specter::prelude::*;

fn main() {
    divan::main();
}

#[module(controllers = [Bare, Full], providers = [Pool, Rooms, Users, Clock, Session])]
struct BenchModule;

#[injectable]
struct Pool;

#[injectable]
struct Rooms {
    pool: Arc<Pool>,
}

#[injectable]
struct Users {
    pool: Arc<Pool>,
}

#[injectable]
struct Clock;

/// A value of each socket's scope.
#[injectable(scope = socket)]
struct Session {
    users: Arc<Users>,
    socket: Socket,
}

/// A controller without dependencies.
#[socketio_controller(namespace = "/bare")]
struct Bare;

#[handlers]
impl Bare {
    #[on_event("connect")]
    fn connect(&self) {}
}

/// A controller with three singletons, a value of the socket's scope, one of the framework's
/// values, and state.
#[socketio_controller(namespace = "/full")]
struct Full {
    rooms: Arc<Rooms>,
    users: Arc<Users>,
    clock: Arc<Clock>,
    session: Arc<Session>,
    everybody: Namespace,
    #[state]
    sent: u32,
}

#[handlers]
impl Full {
    #[on_event("connect")]
    fn connect(&mut self) {
        self.sent += 1;
    }
}

#[divan::bench(args = ["/bare", "/full"])]
fn connect_and_leave(bencher: Bencher<'_, '_>, namespace: &str) {
    let mut line = Line::open::<BenchModule>();
    let connect = format!("40{namespace},");
    // All replies have the length of the first.
    let reply = 2 + line.join(&connect);
    let mut turn = frames(&format!("41{namespace},"), 1);
    turn.extend(frames(&connect, 1));
    bencher.bench_local(|| {
        let answer = line.talk(&turn, reply);
        assert!(
            answer[2..].starts_with(connect.as_bytes()),
            "a CONNECT's reply"
        );
    });
}

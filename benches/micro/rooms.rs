//! Rooms: what a broadcast queues for their sockets, and what it costs to join and leave. `cargo
//! bench -p specter-bench`.
//!
//! The sockets have no transport: this is encoding, membership and queues, and the list of who is
//! to be written to. The writing itself, which costs far more, is in the cases `broadcast-*`.

use divan::Bencher;
use divan::counter::ItemsCount;
use specter::testing::{TestNamespace, TestSocket};

fn main() {
    divan::main();
}

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

fn members(namespace: &TestNamespace, count: usize) -> Vec<TestSocket> {
    let sockets: Vec<_> = (0..count).map(|_| namespace.socket()).collect();
    for socket in &sockets {
        socket.join("room").expect("joined");
    }
    sockets
}

/// As their tasks do: whoever is at rest again has an empty queue.
fn empty(sockets: &[TestSocket]) {
    for socket in sockets {
        while socket.next_event().is_some() {}
    }
}

/// One broadcast, to sockets that all rest.
#[divan::bench(args = SIZES, sample_size = 1)]
fn queue_for_a_room(bencher: Bencher<'_, '_>, size: usize) {
    let namespace = TestNamespace::new("/");
    let sockets = members(&namespace, size);
    let room = namespace.namespace().to("room");
    let text = "x".repeat(128);
    bencher
        .counter(ItemsCount::new(size))
        .with_inputs(|| empty(&sockets))
        .bench_local_values(|()| room.emit("message", text.as_str()));
}

/// A socket that joins a room of so many and leaves it again.
#[divan::bench(args = SIZES)]
fn join_and_leave(bencher: Bencher<'_, '_>, size: usize) {
    let namespace = TestNamespace::new("/");
    let _sockets = members(&namespace, size);
    let guest = namespace.socket();
    bencher.bench_local(|| {
        guest.join("room").expect("joined");
        guest.leave("room");
    });
}

//! Micro-benchmarks of rooms: queueing a broadcast for the sockets of a room, joining and leaving.
//! Run them with `cargo bench -p specter-bench`.
//!
//! The sockets have no transport. The figures include encoding, membership and queues, and the list
//! of connections to write to. The cases `broadcast-*` measure writing, which costs far more.

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

/// Empties the queues as the connections' tasks would before they become idle.
fn empty(sockets: &[TestSocket]) {
    for socket in sockets {
        while socket.next_event().is_some() {}
    }
}

/// One broadcast to idle sockets.
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

/// Joins a room of `size` members, and leaves it.
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

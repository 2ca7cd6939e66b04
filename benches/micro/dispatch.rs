//! An event through an App in memory: frame, packet, table, guards, arguments, handler,
//! acknowledgement, frame. Run it with `cargo bench -p specter-bench`.
//!
//! With one event at a time, most of the time is spent on switching between the two tasks. With 16
//! in flight, the cost of an event is a sixteenth of the figure.

#![allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::unused_self,
    reason = "handlers have the shape that they need elsewhere"
)]

mod memory;

use divan::Bencher;
use divan::counter::ItemsCount;
use memory::{Line, frames};
use serde::Deserialize;
use specter::prelude::*;
use specter_bench::wire::{self, TEXT};

fn main() {
    divan::main();
}

#[module(controllers = [Bench], providers = [Passing])]
struct BenchModule;

#[injectable]
struct Passing;

impl Guard for Passing {
    async fn check(&self, _: &GuardContext<'_>) -> Result<(), Reject> {
        Ok(())
    }
}

#[derive(Deserialize)]
struct Post {
    room: String,
    text: String,
    stars: u32,
}

#[socketio_controller]
struct Bench {
    #[state]
    stars: u32,
}

#[handlers]
impl Bench {
    /// Takes the arguments without decoding them.
    #[on_event]
    fn echo(&self, args: Args, ack: Ack) -> Result<(), EmitError> {
        ack.send(args)
    }

    /// Takes a borrowed argument.
    #[on_event]
    fn length(&self, text: &str) -> usize {
        text.len()
    }

    /// Takes a structure, and changes state.
    #[on_event]
    fn post(&mut self, post: Post, number: u32) -> usize {
        self.stars = self.stars.wrapping_add(post.stars);
        post.room.len() + post.text.len() + number as usize
    }

    /// Suspends once.
    #[on_event]
    async fn later(&self, text: String) -> usize {
        tokio::task::yield_now().await;
        text.len()
    }

    /// As `length`, with a guard.
    #[on_event(guards(Passing))]
    fn guarded(&self, text: &str) -> usize {
        text.len()
    }
}

const EVENTS: [&str; 5] = ["echo", "length", "post", "later", "guarded"];

/// The argument of the event, and the argument of its acknowledgement.
fn texts(event: &str) -> (&'static str, &'static str) {
    const HELLO: &str = "\"hello, hello, hello, hello, hello\"";
    match event {
        "echo" => (HELLO, HELLO),
        "post" => (
            "{\"room\":\"lobby\",\"text\":\"good morning\",\"stars\":5},7",
            "24",
        ),
        _ => (HELLO, "33"),
    }
}

#[divan::bench(args = EVENTS, consts = [1, 16])]
fn acknowledged<const AT_ONCE: usize>(bencher: Bencher<'_, '_>, event: &str) {
    let mut line = Line::open::<BenchModule>();
    line.join("40");
    let (argument, result) = texts(event);
    let asked = frames(&format!("4210[\"{event}\",{argument}]"), AT_ONCE);
    let mut answer = Vec::new();
    wire::push_server_frame(&mut answer, TEXT, format!("4310[{result}]").as_bytes());
    let answer = answer.repeat(AT_ONCE);
    assert_eq!(line.talk(&asked, answer.len()), answer);
    bencher
        .counter(ItemsCount::new(AT_ONCE))
        .bench_local(|| line.talk(&asked, answer.len()).len());
}

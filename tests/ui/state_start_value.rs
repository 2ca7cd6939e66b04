//! What `#[state]` starts from.

use std::time::Instant;

use specter::prelude::*;

#[socketio_controller]
struct Chat {
    #[state]
    since: Instant,
    #[state("none")]
    sent: u32,
    #[state = 5]
    level: u32,
}

fn main() {}

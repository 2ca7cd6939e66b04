//! A field that is not injected has to say so; a provider is injected behind an `Arc`.

use std::collections::HashMap;

use specter::prelude::*;

#[injectable]
struct History;

#[socketio_controller]
struct Chat {
    sent: u32,
    history: History,
    members: HashMap<String, u32>,
    nickname: Option<String>,
}

#[injectable]
struct Counter {
    count: u64,
}

fn main() {}

//! `connect` has no arguments.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("connect")]
    async fn arrive(&mut self, _name: String, _args: Args, _ack: Ack) {}
}

#[socketio_controller(namespace = "/room")]
struct Room;

#[handlers]
impl Room {
    #[on_event("connect")]
    async fn arrive(&mut self, _name: &str) {}
}

fn main() {}

//! `disconnect` has the reason, and no arguments.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("disconnect")]
    async fn left(&mut self, _reason: String, _ack: Ack) {}
}

#[socketio_controller(namespace = "/room")]
struct Room;

#[handlers]
impl Room {
    #[on_event("disconnect")]
    async fn left(&mut self, _reason: &str) {}
}

fn main() {}

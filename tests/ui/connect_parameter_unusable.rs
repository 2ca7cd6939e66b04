//! `connect` has no arguments.

use specter::prelude::*;

struct Token {
    text: String,
}

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("connect")]
    async fn arrive(&mut self, _name: String, _auth: Auth<Token>, _ack: Ack) {}
}

#[socketio_controller(namespace = "/room")]
struct Room;

#[handlers]
impl Room {
    #[on_event("connect")]
    async fn arrive(&mut self, _name: &str) {}
}

fn main() {}

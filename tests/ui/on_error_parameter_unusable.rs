//! `#[on_error]` is told the error and the event.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_error]
    async fn failed(&mut self, _error: &std::io::Error, _event: String) {}
}

#[socketio_controller(namespace = "/room")]
struct Room;

#[handlers]
impl Room {
    #[on_error]
    async fn failed(&mut self, _error: &EventError, _event: &str) {}
}

fn main() {}

//! `connect` lets in or refuses; it answers nothing.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("connect")]
    async fn arrive(&mut self) -> bool {
        true
    }
}

#[socketio_controller(namespace = "/room")]
struct Room;

#[handlers]
impl Room {
    #[on_event("connect")]
    async fn arrive(&mut self) -> Result<String, Reject> {
        Ok("welcome".to_owned())
    }
}

fn main() {}

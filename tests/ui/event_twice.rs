//! Two handlers of one controller for one event.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("message")]
    async fn posted(&self) {}

    #[on_event]
    async fn message(&self) {}

    #[on_error]
    async fn failed(&self) {}

    #[on_error]
    async fn failed_too(&self) {}
}

fn main() {}

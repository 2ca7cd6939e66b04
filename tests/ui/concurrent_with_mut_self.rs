//! Handlers that run beside each other share the controller.

use specter::prelude::*;

#[socketio_controller]
struct Chat {
    #[state]
    sent: u32,
}

#[handlers]
impl Chat {
    #[on_event(concurrent)]
    async fn search(&self, _text: String) {}

    #[on_event]
    async fn send(&mut self) {
        self.sent += 1;
    }
}

fn main() {}

//! `#[handlers]` on the impl block is forgotten.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

impl Chat {
    #[on_event]
    fn hello(&self) {}

    #[on_error]
    async fn failed(&self, _error: &EventError) {}
}

#[on_event("bye")]
fn bye(_socket: Socket) {}

fn main() {}

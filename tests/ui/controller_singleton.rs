//! One controller for all sockets is shared by them.

use specter::prelude::*;

#[socketio_controller(scope = singleton)]
struct Chat {
    #[state]
    sent: u32,
}

#[handlers]
impl Chat {
    #[on_event]
    fn send(&mut self) {
        self.sent += 1;
    }
}

#[socketio_controller(scope = singleton)]
struct Room {
    socket: Socket,
}

fn main() {}

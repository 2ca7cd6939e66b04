//! Impl blocks that cannot have handlers, or have none.

use specter::prelude::*;

trait Greets {
    fn hello(&self);
}

#[socketio_controller]
struct Chat;

#[handlers]
impl Greets for Chat {
    #[on_event]
    fn hello(&self) {}
}

#[handlers]
impl Chat {
    fn bye(&self) {}
}

#[handlers]
impl Chat {
    #[on_event]
    const LIMIT: u32 = 5;
}

#[handlers("/chat")]
impl Chat {
    #[on_event]
    fn wave(&self) {}
}

fn main() {}

//! Handlers with `&self` share the controller.

use std::cell::{Cell, RefCell};

use specter::prelude::*;

#[socketio_controller]
struct Chat {
    #[state]
    sent: Cell<u32>,
}

#[handlers]
impl Chat {
    #[on_event]
    fn count(&self) -> u32 {
        self.sent.get()
    }

    #[on_event]
    async fn send(&self, _text: String) {
        self.sent.set(self.sent.get() + 1);
    }
}

#[socketio_controller]
struct Room {
    #[state]
    names: RefCell<Vec<String>>,
}

#[handlers]
impl Room {
    #[on_event]
    fn enter(&mut self, name: String) {
        self.names.get_mut().push(name);
    }

    #[on_event]
    async fn names(&self) -> Vec<String> {
        self.names.borrow().clone()
    }
}

fn main() {}

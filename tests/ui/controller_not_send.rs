//! A controller goes from thread to thread with its connection.

use std::rc::Rc;

use specter::prelude::*;

#[socketio_controller]
struct Chat {
    #[state]
    names: Rc<Vec<String>>,
}

#[handlers]
impl Chat {
    #[on_event]
    async fn count(&mut self) -> usize {
        self.names.len()
    }
}

fn main() {}

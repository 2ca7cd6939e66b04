//! A handler borrows its controller.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    async fn free(_name: String) {}

    #[on_event]
    async fn by_value(self, _name: String) {}

    #[on_event]
    async fn shared(self: Arc<Self>) {}
}

fn main() {}

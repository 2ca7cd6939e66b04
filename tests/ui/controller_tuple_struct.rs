//! Fields are injected by name and type.

use specter::prelude::*;

#[injectable]
struct History;

#[socketio_controller]
struct Chat(Arc<History>, #[state] u32);

#[handlers]
impl Chat {
    #[on_event]
    fn hello(&self) {}
}

fn main() {}

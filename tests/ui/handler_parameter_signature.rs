//! Parameters of which the signature alone says that they cannot be.

use specter::prelude::*;

#[injectable]
struct History;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    async fn changed(&self, _socket: &mut Socket) {}

    #[on_event]
    async fn for_ever(&self, _room: &'static str) {}

    #[on_event]
    async fn lent_inside(&self, _rooms: Vec<&str>) {}

    #[on_event]
    async fn callback(&self, _done: impl FnOnce(u32)) {}

    #[on_event]
    async fn generic<T>(&self, _value: T) {}

    #[on_event]
    async fn twice_shared(&self, _history: Inject<Arc<History>>) {}
}

fn main() {}

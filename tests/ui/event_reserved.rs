//! Names that no client can emit.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("connect_error")]
    async fn refused(&self) {}

    #[on_event]
    async fn disconnecting(&self) {}

    #[on_event("newListener")]
    async fn listener(&self) {}

    #[on_event("")]
    async fn empty(&self) {}
}

fn main() {}

//! Names that are allowed, but were most likely meant otherwise: a warning.

#![deny(deprecated)]

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("connection")]
    async fn arrived(&self) {}

    #[on_event]
    async fn on_disconnect(&self) {}
}

fn main() {}

//! Keys that nobody knows.

use specter::prelude::*;

#[injectable(singleton)]
struct History;

#[socketio_controller(path = "/chat/", prio = 5, namespce = "/chat")]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("search", concurent)]
    async fn search(&self) {}

    #[on_event(event = "message", order = 5)]
    async fn message(&self) {}

    #[on_error(concurrent)]
    async fn failed(&self) {}
}

#[module(controller = [Chat], provider = [History])]
struct ChatModule;

fn main() {}

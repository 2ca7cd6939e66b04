//! Keys that are known, and written otherwise.

use specter::prelude::*;

#[injectable(scope = "socket")]
struct Draft;

#[injectable(scope = request)]
struct Request;

#[socketio_controller(namespace("/chat"), priority = "high", on_panic = "die", unlisted = true)]
struct Chat;

#[handlers]
impl Chat {
    #[on_event(chat:message)]
    async fn unquoted(&self) {}

    #[on_event(message)]
    async fn a_word(&self) {}

    #[on_event("typing" concurrent)]
    async fn without_comma(&self) {}

    #[on_event = "wave"]
    async fn assigned(&self) {}
}

fn main() {}

//! A time limit is for what can be left before its end.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("search", timeout = "5s")]
    fn search(&self) {}

    #[on_event("find", timeout = "5 apples")]
    async fn find(&self) {}

    #[on_event("seek", timeout = 5)]
    async fn seek(&self) {}
}

fn main() {}

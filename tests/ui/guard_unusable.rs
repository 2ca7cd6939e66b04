//! A guard is a struct that implements `Guard`.

use specter::prelude::*;

#[injectable]
struct Member;

fn allowed() -> bool {
    true
}

#[socketio_controller(guards(Member))]
struct Chat;

#[handlers]
impl Chat {
    #[on_event(guards(allowed))]
    fn hello(&self) {}
}

#[module(controllers = [Chat], guards(Member))]
struct ChatModule;

fn main() {}

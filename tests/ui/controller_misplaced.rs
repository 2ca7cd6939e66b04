//! The attributes of the struct and of its impl block are swapped, or stand on something else.

use specter::prelude::*;

#[handlers]
struct Chat;

#[socketio_controller]
impl Chat {
    #[on_event]
    fn hello(&self) {}
}

#[socketio_controller]
enum Kind {}

#[socketio_controller]
fn room() {}

fn main() {}

//! A controller alone is started by `of`, a module by `create`.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[module(controllers = [Chat])]
struct ChatModule;

fn main() {
    let _ = App::builder::<Chat>();
    let _ = App::builder_of::<ChatModule>();
}
